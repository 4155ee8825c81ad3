use persevere::{
    client::ResultError,
    runtime::{
        spec::{ChildOptions, ChildSpec, WorkflowExit, WorkflowRegistration},
        surface::{
            CHILD_ALREADY_EXISTS, ChildOperation, is_cancelled, receive_signal, start_child,
        },
    },
};
use persevere_proto::api::failure::v1::failure::FailureInfo;

use crate::fixture::*;

#[track_caller]
fn child(kind: &str, input: impl serde::Serialize, id: Option<&str>) -> ChildOperation {
    start_child(ChildSpec {
        kind: kind.into(),
        input: vec![payload(input)],
        workflow_id: id.map(Into::into),
        options: ChildOptions::default(),
        location: std::panic::Location::caller(),
    })
}

fn registered(parent: Start, kid: Start) -> Vec<WorkflowRegistration> {
    let mut workflows = workflow(parent);
    workflows.push(WorkflowRegistration { name: "kid".into(), start: kid });
    workflows
}

fn doubling() -> Start {
    |input| {
        let n: i64 = argument(&input)?;
        code(async move {
            match n {
                0 => Err(WorkflowExit::Failed(application_failure("nothing to double"))),
                n => Ok(payload(2 * n)),
            }
        })
    }
}

#[tokio::test]
async fn a_child_starts_and_gives_its_result_or_failure() {
    let parent: Start = |_| {
        code(async {
            let mut good = child("kid", 21, None);
            let run_id = or_fail(good.started().await)?;
            assert!(!run_id.is_empty() && !good.workflow_id().is_empty());
            let doubled: i64 = value(or_fail(good.await)?);
            let failed = child("kid", 0, None).await.unwrap_err();
            let info = failed.failure_info.unwrap();
            assert!(matches!(info, FailureInfo::ChildWorkflowExecutionFailureInfo(_)));
            Ok(payload((doubled, failed.cause.unwrap().message)))
        })
    };
    let t = Fixture::start(registered(parent, doubling()), Vec::new()).await;
    let run = t.begin(()).await;
    let result = t.result::<(i64, String)>(&run).await.unwrap();
    assert_eq!(result, (42, "nothing to double".into()));
    t.finish(&[&run]).await;
}

#[tokio::test]
async fn a_child_whose_id_is_taken_does_not_start() {
    let parent: Start = |input| {
        let id: String = argument(&input)?;
        code(async move {
            // The server may start either of them first.
            let mut both = [child("kid", (), Some(&id)), child("kid", (), Some(&id))];
            let started = [both[0].started().await.is_ok(), both[1].started().await.is_ok()];
            assert!(started[0] != started[1], "one of them started");
            let [first, second] = both;
            let (started, refused) = if started[0] { (first, second) } else { (second, first) };
            let refused = refused.await.unwrap_err();
            started.cancel();
            let cancelled = started.await.unwrap_err();
            assert!(is_cancelled(&cancelled), "{cancelled:?}");
            match refused.cause.unwrap().failure_info {
                Some(FailureInfo::ApplicationFailureInfo(info)) => Ok(payload(info.r#type)),
                other => panic!("{other:?}"),
            }
        })
    };
    let waiting: Start = |_| {
        code(async {
            or_fail(receive_signal("never").await)?;
            Ok(payload(()))
        })
    };
    let t = Fixture::start(registered(parent, waiting), Vec::new()).await;
    let run = t.begin(uuid::Uuid::new_v4().to_string()).await;
    assert_eq!(t.result::<String>(&run).await.unwrap(), CHILD_ALREADY_EXISTS);
    t.finish(&[&run]).await;
}

#[tokio::test]
async fn a_dropped_child_is_cancelled() {
    let parent: Start = |input| {
        let id: String = argument(&input)?;
        code(async move {
            let mut kid = child("kid", (), Some(&id));
            or_fail(kid.started().await)?;
            drop(kid);
            or_fail(timer(std::time::Duration::from_millis(500)).await)?;
            Ok(payload(()))
        })
    };
    let waiting: Start = |_| {
        code(async {
            or_fail(receive_signal("never").await)?;
            Ok(payload(()))
        })
    };
    let t = Fixture::start(registered(parent, waiting), Vec::new()).await;
    let id = uuid::Uuid::new_v4().to_string();
    let run = t.begin(&id).await;
    let kid = persevere::client::WorkflowRef::current(id);
    t.result::<()>(&run).await.unwrap();
    let cancelled = t.result::<()>(&kid).await;
    assert!(matches!(cancelled, Err(ResultError::Cancelled(_))), "{cancelled:?}");
    t.finish(&[&run, &kid]).await;
}
