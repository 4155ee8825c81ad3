use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use futures_util::future::join_all;
use persevere::{
    client::{ActivityRef, ResultError},
    runtime::spec::CancellationType,
    worker::CancelReason,
};
use persevere_proto::api::failure::v1::failure::FailureInfo;

use crate::fixture::*;

#[tokio::test]
async fn five_activities_in_sequence_run_once_each() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let step = activity("step", |_, input| async move {
        CALLS.fetch_add(1, Ordering::SeqCst);
        let n: u32 = value(input.into_iter().next());
        Ok(payload(n + 1))
    });
    let start: Start = |_| {
        code(async {
            let mut n = 0;
            for _ in 0..5 {
                n = value(or_fail(call("step", n).await)?);
            }
            Ok(payload(n))
        })
    };
    let t = Fixture::start(workflow(start), vec![step]).await;
    let run = t.begin(()).await;
    assert_eq!(t.result::<u32>(&run).await.unwrap(), 5);
    assert_eq!(CALLS.load(Ordering::SeqCst), 5);
    let events = t.events(&run).await;
    assert_eq!(events.iter().filter(|event| *event == "ACTIVITY_TASK_COMPLETED").count(), 5);
    t.finish(&[&run]).await;
}

#[tokio::test]
async fn many_activities_at_once_come_back_in_input_order() {
    let start: Start = |_| {
        code(async {
            let calls: Vec<_> = (0..20).map(|n| call("greet", n.to_string())).collect();
            let greetings: Vec<String> =
                join_all(calls).await.into_iter().map(|result| value(result.unwrap())).collect();
            Ok(payload(greetings))
        })
    };
    let t = Fixture::start(workflow(start), vec![greet()]).await;
    let run = t.begin(()).await;
    let expected: Vec<_> = (0..20).map(|n| format!("Hello, {n}!")).collect();
    assert_eq!(t.result::<Vec<String>>(&run).await.unwrap(), expected);
    t.finish(&[&run]).await;
}

#[tokio::test]
async fn a_failing_activity_is_retried_and_its_failure_keeps_its_type() {
    let fail = activity("fail", |context, _| async move {
        Err(application_failure(&format!("attempt {}", context.info().attempt)))
    });
    let start: Start = |_| {
        code(async {
            let failure = call("fail", ()).await.unwrap_err();
            assert!(matches!(failure.failure_info, Some(FailureInfo::ActivityFailureInfo(_))));
            let cause = failure.cause.expect("the activity's own failure");
            Ok(payload(cause.message))
        })
    };
    let t = Fixture::start(workflow(start), vec![fail]).await;
    let run = t.begin(()).await;
    assert_eq!(t.result::<String>(&run).await.unwrap(), "attempt 3");
    t.finish(&[&run]).await;
}

#[tokio::test]
async fn a_panic_and_an_unknown_type_are_failures_and_the_worker_lives() {
    let panics = activity("panics", |context, _| async move {
        if context.info().attempt == 1 {
            panic!("broken");
        }
        Ok(payload(context.info().attempt))
    });
    let start: Start = |_| {
        code(async {
            let attempt: u32 = value(or_fail(call("panics", ()).await)?);
            let unknown = call("nobody knows", ()).await.unwrap_err();
            Ok(payload((attempt, unknown.cause.unwrap().message)))
        })
    };
    let t = Fixture::start(workflow(start), vec![panics]).await;
    let run = t.begin(()).await;
    let expected = "activity nobody knows is not registered with this worker, which knows panics";
    assert_eq!(t.result::<(u32, String)>(&run).await.unwrap(), (2, expected.into()));
    t.finish(&[&run]).await;
}

#[tokio::test]
async fn heartbeat_details_reach_the_next_attempt() {
    let beats = activity("beats", |context, _| async move {
        if context.info().attempt == 1 {
            context.heartbeat(vec![payload("half way")]);
            return Err(application_failure("once more"));
        }
        Ok(context.info().heartbeat_details[0].clone())
    });
    let start: Start = |_| code(async { Ok(or_fail(call("beats", ()).await)?.unwrap()) });
    let t = Fixture::start(workflow(start), vec![beats]).await;
    let run = t.begin(()).await;
    assert_eq!(t.result::<String>(&run).await.unwrap(), "half way");
    t.finish(&[&run]).await;
}

#[tokio::test]
async fn a_dropped_activity_is_asked_to_stop_and_learns_it_by_heartbeat() {
    static REASONS: AtomicU32 = AtomicU32::new(0);
    let slow = activity("slow", |context, _| async move {
        let reason = loop {
            context.heartbeat(Vec::new());
            let tick = tokio::time::sleep(Duration::from_millis(50));
            tokio::select! {
                reason = context.cancelled() => break reason,
                () = tick => {}
            }
        };
        assert_eq!(reason, CancelReason::Requested);
        REASONS.fetch_add(1, Ordering::SeqCst);
        Err(cancelled_failure())
    });
    let start: Start = |_| {
        code(async {
            let slow = call_with("slow", (), |options| {
                options.heartbeat = Some(Duration::from_secs(10));
                options.cancellation = CancellationType::WaitForCompletion;
            });
            or_fail(timer(Duration::from_millis(300)).await)?;
            slow.cancel();
            let failure = slow.await.unwrap_err();
            Ok(payload(persevere::runtime::surface::is_cancelled(&failure)))
        })
    };
    let adjust = |options: &mut persevere::worker::WorkerOptions| {
        options.max_heartbeat_interval = Duration::from_millis(100);
    };
    let t = Fixture::with_options(workflow(start), vec![slow], adjust).await;
    let run = t.begin(()).await;
    assert!(t.result::<bool>(&run).await.unwrap(), "it was cancelled");
    assert_eq!(REASONS.load(Ordering::SeqCst), 1);
    assert!(t.events(&run).await.contains(&"ACTIVITY_TASK_CANCELED".to_owned()));
    t.finish(&[&run]).await;
}

fn cancelled_failure() -> persevere_proto::api::failure::v1::Failure {
    persevere_proto::api::failure::v1::Failure {
        message: "stopped".into(),
        failure_info: Some(FailureInfo::CanceledFailureInfo(Default::default())),
        ..Default::default()
    }
}

#[tokio::test]
async fn an_activity_can_be_completed_later_by_its_id() {
    let later = activity("later", |context, _| async move {
        context.complete_later();
        Ok(payload(()))
    });
    let start: Start = |_| {
        code(async {
            let by_id = |options: &mut persevere::runtime::spec::ActivityOptions| {
                options.activity_id = Some("the-one".into());
            };
            Ok(or_fail(call_with("later", (), by_id).await)?.unwrap())
        })
    };
    let t = Fixture::start(workflow(start), vec![later]).await;
    let run = t.begin(()).await;
    let scheduled =
        |history: &persevere_proto::api::history::v1::History| history.events.len() >= 5;
    t.until(&run, scheduled).await;
    let one = ActivityRef::Id { workflow: run.clone(), activity_id: "the-one".into() };
    t.client.complete_activity(&one, Some(payload("from afar"))).await.unwrap();
    assert_eq!(t.result::<String>(&run).await.unwrap(), "from afar");
    t.finish(&[&run]).await;
}

#[tokio::test]
async fn a_failed_activity_fails_the_workflow_with_its_whole_chain() {
    let fail = activity("fail", |_, _| async move { Err(application_failure("no luck")) });
    let start: Start = |_| code(async { Ok(or_fail(call("fail", ()).await)?.unwrap()) });
    let t = Fixture::start(workflow(start), vec![fail]).await;
    let run = t.begin(()).await;
    let Err(ResultError::Failed(failure)) = t.result::<()>(&run).await else {
        panic!("the workflow should fail")
    };
    assert_eq!(failure.cause.unwrap().message, "no luck");
    t.finish(&[&run]).await;
}
