use std::time::Duration;

use persevere::{
    client::ResultError,
    runtime::{
        spec::{CancelExternalSpec, ExternalTarget, WorkflowExit},
        surface::{
            before_close, cancel_external, cancel_requested, exit, is_cancelled, receive_signal,
            shielded,
        },
    },
};

use crate::fixture::*;

#[tokio::test]
async fn the_next_await_is_cancelled_and_a_shielded_one_is_not() {
    let start: Start = |_| {
        code(async {
            let cancelled = timer(Duration::from_secs(3600)).await.unwrap_err();
            assert!(is_cancelled(&cancelled) && cancel_requested().unwrap());
            let again = call("greet", "nobody").await.unwrap_err();
            assert!(is_cancelled(&again), "no activity is scheduled any more");
            let greeting: String = value(or_fail(shielded(call_shielded()).await)?);
            assert_eq!(greeting, "Hello, Ada!");
            Err(WorkflowExit::Cancelled(vec![payload("tidied up")]))
        })
    };
    async fn call_shielded() -> Result<
        Option<persevere_proto::api::common::v1::Payload>,
        persevere_proto::api::failure::v1::Failure,
    > {
        call("greet", "Ada").await
    }
    let t = Fixture::start(workflow(start), vec![greet()]).await;
    let run = t.begin(()).await;
    t.until(&run, |history| history.events.len() >= 5).await;
    t.client.request_cancel(&run, "changed our mind").await.unwrap();
    let Err(ResultError::Cancelled(details)) = t.result::<()>(&run).await else {
        panic!("the workflow should be cancelled")
    };
    assert_eq!(value::<String>(details.into_iter().next()), "tidied up");
    let events = t.events(&run).await;
    assert_eq!(events.iter().filter(|e| *e == "ACTIVITY_TASK_SCHEDULED").count(), 1, "{events:?}");
    assert!(events.contains(&"TIMER_CANCELED".to_owned()), "{events:?}");
    t.finish(&[&run]).await;
}

#[tokio::test]
async fn what_must_happen_before_the_close_happens() {
    let start: Start = |_| {
        code(async {
            before_close(Box::pin(async {
                call("greet", "compensation").await.unwrap();
            }))
            .unwrap();
            Err(WorkflowExit::Failed(application_failure("failed after all")))
        })
    };
    let t = Fixture::start(workflow(start), vec![greet()]).await;
    let run = t.begin(()).await;
    let failed = t.result::<()>(&run).await;
    assert!(matches!(failed, Err(ResultError::Failed(_))), "{failed:?}");
    let events = t.events(&run).await;
    assert!(events.contains(&"ACTIVITY_TASK_COMPLETED".to_owned()), "{events:?}");
    t.finish(&[&run]).await;
}

#[tokio::test]
async fn a_workflow_can_be_told_to_end_while_it_waits() {
    let start: Start = |_| {
        code(async {
            exit(WorkflowExit::Failed(application_failure("enough"))).unwrap();
            or_fail(receive_signal("never").await)?;
            unreachable!("the run has ended")
        })
    };
    let t = Fixture::start(workflow(start), Vec::new()).await;
    let run = t.begin(()).await;
    let Err(ResultError::Failed(failure)) = t.result::<()>(&run).await else {
        panic!("the workflow should fail")
    };
    assert_eq!(failure.message, "enough");
    t.finish(&[&run]).await;
}

#[tokio::test]
async fn a_workflow_cancels_another() {
    let start: Start = |input| {
        let other: String = argument(&input)?;
        code(async move {
            if other.is_empty() {
                or_fail(receive_signal("never").await)?;
                return Ok(payload("not cancelled"));
            }
            let target = ExternalTarget { workflow_id: other, ..Default::default() };
            let location = std::panic::Location::caller();
            let reason = "no longer needed".into();
            or_fail(cancel_external(CancelExternalSpec { target, reason, location }).await)?;
            Ok(payload("cancelled it"))
        })
    };
    let t = Fixture::start(workflow(start), Vec::new()).await;
    let waiting = t.begin("").await;
    let other = t.begin(&waiting.workflow_id).await;
    assert_eq!(t.result::<String>(&other).await.unwrap(), "cancelled it");
    let cancelled = t.result::<String>(&waiting).await;
    assert!(matches!(cancelled, Err(ResultError::Cancelled(_))), "{cancelled:?}");
    t.finish(&[&waiting, &other]).await;
}
