use std::{cell::Cell, rc::Rc, time::Duration};

use persevere::{
    client::{ClientError, SignalSpec, StartSpec, WorkflowRef},
    runtime::{
        spec::{ExternalTarget, SignalExternalSpec},
        surface::{
            EXTERNAL_NOT_FOUND, receive_signal, register_query, signal_external, try_receive_signal,
        },
    },
};
use persevere_proto::api::{enums::v1::QueryRejectCondition, failure::v1::failure::FailureInfo};

use crate::fixture::*;

#[tokio::test]
async fn signals_are_received_in_order_each_once() {
    let start: Start = |_| {
        code(async {
            let mut got: Vec<u32> = Vec::new();
            while got.len() < 10 {
                let signal = or_fail(receive_signal("number").await)?;
                got.push(value(signal.input.into_iter().next()));
            }
            Ok(payload(got))
        })
    };
    let t = Fixture::start(workflow(start), Vec::new()).await;
    let run = t.begin(()).await;
    for n in 0..10 {
        t.signal(&run, "number", n).await;
    }
    assert_eq!(t.result::<Vec<u32>>(&run).await.unwrap(), (0..10).collect::<Vec<_>>());
    t.finish(&[&run]).await;
}

#[tokio::test]
async fn a_signal_that_came_with_the_start_is_there_from_the_beginning() {
    let start: Start = |_| {
        code(async {
            let signal = try_receive_signal("hi").unwrap().expect("in the inbox at once");
            Ok(signal.input[0].clone())
        })
    };
    let t = Fixture::start(workflow(start), Vec::new()).await;
    let spec = StartSpec {
        workflow_id: format!("sws-{}", uuid::Uuid::new_v4()),
        kind: "workflow".into(),
        task_queue: t.queue.clone(),
        ..Default::default()
    };
    let signal = SignalSpec { name: "hi".into(), input: vec![payload("there")] };
    let started = t.client.signal_with_start(spec.clone(), signal).await.unwrap();
    assert!(started.started);
    let run = WorkflowRef::run(spec.workflow_id, started.run_id);
    assert_eq!(t.result::<String>(&run).await.unwrap(), "there");
    t.finish(&[&run]).await;
}

#[tokio::test]
async fn what_loses_a_race_is_cancelled_and_loses_no_signal() {
    let start: Start = |_| {
        code(async {
            let wait = receive_signal("go");
            let quick = timer(Duration::from_millis(50));
            futures_util::pin_mut!(wait);
            let first = futures_util::future::select(wait, quick).await;
            assert!(matches!(first, futures_util::future::Either::Right(_)), "the timer is first");
            drop(first);
            let patience = timer(Duration::from_secs(3600));
            let wait = receive_signal("go");
            futures_util::pin_mut!(wait);
            match futures_util::future::select(wait, patience).await {
                futures_util::future::Either::Left((signal, _patience)) => {
                    Ok(or_fail(signal)?.input[0].clone())
                }
                futures_util::future::Either::Right(_) => Ok(payload("expired")),
            }
        })
    };
    let t = Fixture::start(workflow(start), Vec::new()).await;
    let run = t.begin(()).await;
    t.until(&run, |history| history.events.len() >= 10).await;
    t.signal(&run, "go", "signalled").await;
    assert_eq!(t.result::<String>(&run).await.unwrap(), "signalled");
    let events = t.events(&run).await;
    assert!(events.contains(&"TIMER_CANCELED".to_owned()), "{events:?}");
    t.finish(&[&run]).await;
}

fn counting() -> Start {
    |_| {
        code(async {
            let count = Rc::new(Cell::new(0_u32));
            let seen = count.clone();
            register_query("count", move |_| Ok(Some(payload(seen.get())))).unwrap();
            register_query("act", |_| {
                let refused = call("greet", "Ada");
                let refused = futures_util::FutureExt::now_or_never(refused).unwrap();
                Err(refused.unwrap_err())
            })
            .unwrap();
            for n in 1..=3 {
                or_fail(receive_signal("next").await)?;
                count.set(n);
            }
            Ok(payload(()))
        })
    }
}

#[tokio::test]
async fn queries_see_the_current_state_with_and_without_a_cache() {
    for cached in [1000, 0] {
        let adjust = |options: &mut persevere::worker::WorkerOptions| {
            options.max_cached_workflows = cached;
        };
        let t = Fixture::with_options(workflow(counting()), Vec::new(), adjust).await;
        let run = t.begin(()).await;
        assert_eq!(t.query::<u32>(&run, "count").await, 0);
        t.signal(&run, "next", ()).await;
        assert_eq!(t.query::<u32>(&run, "count").await, 1);
        let stack: String = t.query(&run, "__stack_trace").await;
        assert!(stack.starts_with("signal next at "), "{stack}");
        assert!(stack.contains("messages.rs:"), "{stack}");
        t.signal(&run, "next", ()).await;
        t.signal(&run, "next", ()).await;
        t.result::<()>(&run).await.unwrap();
        assert_eq!(t.query::<u32>(&run, "count").await, 3, "closed runs answer, too");
        t.finish(&[&run]).await;
    }
}

#[tokio::test]
async fn queries_that_cannot_be_answered_say_why() {
    let t = Fixture::start(workflow(counting()), vec![greet()]).await;
    let run = t.begin(()).await;
    let none = QueryRejectCondition::None;
    let ask = |name| t.client.query(&run, name, Vec::new(), none);
    let unknown = ask("color").await.unwrap_err();
    let expected = "query failed: this workflow does not answer query color; it answers act, count";
    assert_eq!(unknown.to_string(), expected);
    let acting = ask("act").await.unwrap_err().to_string();
    assert!(acting.contains("queries only look"), "{acting}");
    t.client.terminate(&run, "enough", Vec::new()).await.unwrap();
    let rejected =
        t.client.query(&run, "count", Vec::new(), QueryRejectCondition::NotOpen).await.unwrap_err();
    assert!(matches!(rejected, ClientError::QueryRejected { .. }), "{rejected}");
    t.finish(&[&run]).await;
}

#[tokio::test]
async fn a_workflow_signals_another_and_learns_that_a_third_does_not_exist() {
    let start: Start = |input| {
        let other: String = argument(&input)?;
        code(async move {
            if other.is_empty() {
                let signal = or_fail(receive_signal("greeting").await)?;
                return Ok(signal.input[0].clone());
            }
            let send = |workflow_id: &str| {
                signal_external(SignalExternalSpec {
                    target: ExternalTarget {
                        workflow_id: workflow_id.into(),
                        ..Default::default()
                    },
                    name: "greeting".into(),
                    input: vec![payload("hello")],
                    location: std::panic::Location::caller(),
                })
            };
            or_fail(send(&other).await)?;
            let missing = send("there is no such workflow").await.unwrap_err();
            match missing.failure_info {
                Some(FailureInfo::ApplicationFailureInfo(info)) => Ok(payload(info.r#type)),
                other => panic!("{other:?}"),
            }
        })
    };
    let t = Fixture::start(workflow(start), Vec::new()).await;
    let waiting = t.begin("").await;
    let sending = t.begin(&waiting.workflow_id).await;
    assert_eq!(t.result::<String>(&sending).await.unwrap(), EXTERNAL_NOT_FOUND);
    assert_eq!(t.result::<String>(&waiting).await.unwrap(), "hello");
    t.finish(&[&waiting, &sending]).await;
}
