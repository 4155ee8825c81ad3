//! Messages that are larger than the server takes: each ends as a failure that says so, and none is
//! sent again and again.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use persevere::{
    client::{ClientError, ResultError, StartSpec},
    runtime::{
        spec::{ActivityOptions, ActivitySpec, WorkflowExit},
        surface::{Operation, receive_signal, register_query, schedule_activity},
    },
};
use persevere_proto::api::{
    common::v1::{Payload, Payloads},
    enums::v1::{EventType, QueryRejectCondition},
    failure::v1::{ApplicationFailureInfo, Failure, failure::FailureInfo},
    history::v1::HistoryEvent,
};

use crate::fixture::*;

/// Larger than a server takes.
const TOO_LARGE: usize = 5 << 20;
/// A single payload that a server takes, of which there can still be too many.
const LARGE: usize = 1900 << 10;

/// So many bytes, which take no time to encode.
fn bytes(length: usize) -> Payload {
    let metadata = [("encoding".to_owned(), b"binary/plain".to_vec())].into();
    Payload { metadata, data: vec![b'x'; length], ..Default::default() }
}

/// Schedules an activity with a large argument.
fn call_with_bytes(kind: &str) -> Operation {
    let start_to_close = Some(Duration::from_secs(20));
    schedule_activity(ActivitySpec {
        kind: kind.into(),
        input: vec![bytes(LARGE)],
        options: ActivityOptions { start_to_close, ..Default::default() },
        location: std::panic::Location::caller(),
    })
}

/// Semantics rule 49.
#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_asks_for_too_much_fails_with_its_own_cause_and_ends_the_run() {
    let start: Start = |_| {
        code(async {
            let calls: Vec<_> = (0..=TOO_LARGE / LARGE).map(|_| call_with_bytes("greet")).collect();
            for call in calls {
                or_fail(call.await)?;
            }
            Ok(payload("unexpected"))
        })
    };
    let t = Fixture::start(workflow(start), vec![greet()]).await;
    let run = t.begin(()).await;
    let ended = t.result::<String>(&run).await;
    let Err(ResultError::Terminated { reason }) = ended else { panic!("{ended:?}") };
    assert_eq!(reason, "GrpcMessageTooLarge");
    let history = t.client.fetch_history(&run).await.unwrap();
    let failed = |event: &&HistoryEvent| event.event_type() == EventType::WorkflowTaskFailed;
    assert_eq!(history.events.iter().filter(failed).count(), 1, "it was tried once");
    t.stop().await;
}

/// The failure of a workflow that passes on what its only activity failed with.
async fn failure_of(t: &Fixture) -> Failure {
    let run = t.begin(()).await;
    match t.result::<String>(&run).await {
        Err(ResultError::Failed(failure)) => failure.cause.map_or(Failure::default(), |f| *f),
        other => panic!("{other:?}"),
    }
}

fn application(failure: &Failure) -> &ApplicationFailureInfo {
    match &failure.failure_info {
        Some(FailureInfo::ApplicationFailureInfo(info)) => info,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_is_too_large_fails_the_activity_for_good() {
    static ATTEMPTS: AtomicU32 = AtomicU32::new(0);
    let start: Start = |_| code(async { or_fail(call("talk", ()).await).map(Option::unwrap) });
    let talk = activity("talk", |_, _| async {
        ATTEMPTS.fetch_add(1, Ordering::SeqCst);
        Ok(bytes(TOO_LARGE))
    });
    let t = Fixture::start(workflow(start), vec![talk]).await;
    let failure = failure_of(&t).await;
    assert!(failure.message.contains("the activity's result is larger"), "{}", failure.message);
    assert_eq!(application(&failure).r#type, "MessageTooLarge");
    assert!(application(&failure).non_retryable);
    assert_eq!(ATTEMPTS.load(Ordering::SeqCst), 1);
    t.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_is_too_large_loses_its_details_and_keeps_its_kind() {
    let start: Start = |_| code(async { or_fail(call("fail", ()).await).map(Option::unwrap) });
    let fail = activity("fail", |_, _| async {
        let details = Some(Payloads { payloads: vec![bytes(TOO_LARGE)] });
        let info = ApplicationFailureInfo {
            r#type: "Verbose".into(),
            non_retryable: true,
            details,
            ..Default::default()
        };
        let failure_info = Some(FailureInfo::ApplicationFailureInfo(info));
        Err(Failure { message: "too much to say".into(), failure_info, ..Default::default() })
    });
    let t = Fixture::start(workflow(start), vec![fail]).await;
    let failure = failure_of(&t).await;
    assert_eq!(failure.message, "too much to say (abridged: too large for the server)");
    assert_eq!(application(&failure).r#type, "Verbose");
    assert!(application(&failure).non_retryable && application(&failure).details.is_none());
    t.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_too_large_fails_the_query_and_not_the_run() {
    let start: Start = |_| {
        code(async {
            let registered = register_query("everything", |_| Ok(Some(bytes(TOO_LARGE))));
            registered.map_err(|error| WorkflowExit::Failed(error.into()))?;
            or_fail(receive_signal("go").await)?;
            Ok(payload("done"))
        })
    };
    let t = Fixture::start(workflow(start), Vec::new()).await;
    let run = t.begin(()).await;
    t.until(&run, |history| history.events.len() >= 4).await;
    let reject = QueryRejectCondition::None;
    let refused = t.client.query(&run, "everything", Vec::new(), reject).await.unwrap_err();
    assert!(matches!(refused, ClientError::QueryFailed { .. }), "{refused}");
    assert!(refused.to_string().contains("the answer is too large for the server"), "{refused}");
    t.signal(&run, "go", ()).await;
    assert_eq!(t.result::<String>(&run).await.unwrap(), "done");
    t.finish(&[&run]).await;
}

#[tokio::test]
async fn an_input_that_is_too_large_is_refused_at_once() {
    let start: Start = |_| code(async { Ok(payload(())) });
    let t = Fixture::start(workflow(start), Vec::new()).await;
    let spec = StartSpec {
        workflow_id: "too-large".into(),
        kind: "workflow".into(),
        task_queue: t.queue.clone(),
        input: vec![bytes(TOO_LARGE)],
        ..Default::default()
    };
    let began = Instant::now();
    let refused = t.client.start_workflow(spec).await.unwrap_err();
    assert!(matches!(refused, ClientError::TooLarge { .. }), "{refused}");
    assert!(began.elapsed() < Duration::from_secs(30), "it was repeated: {:?}", began.elapsed());
    t.stop().await;
}
