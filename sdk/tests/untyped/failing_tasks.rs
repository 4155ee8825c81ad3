//! Tasks that fail, and do no harm: the workflow goes on once the code is mended.

use std::{
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    time::Duration,
};

use persevere::runtime::surface::receive_signal;
use persevere_proto::api::{
    enums::v1::WorkflowTaskFailedCause,
    history::v1::{History, history_event::Attributes},
};

use crate::fixture::*;

/// Cause and message of the workflow tasks that failed.
fn failed_tasks(history: &History) -> Vec<(WorkflowTaskFailedCause, String)> {
    let failed = history.events.iter().filter_map(|event| match &event.attributes {
        Some(Attributes::WorkflowTaskFailedEventAttributes(a)) => {
            Some((a.cause(), a.failure.clone().unwrap_or_default().message))
        }
        _ => None,
    });
    failed.collect()
}

#[tokio::test]
async fn a_panic_fails_the_task_and_the_mended_code_goes_on() {
    static BROKEN: AtomicBool = AtomicBool::new(true);
    let start: Start = |_| {
        code(async {
            or_fail(call("greet", "Ada").await)?;
            assert!(!BROKEN.swap(false, Ordering::SeqCst), "a mistake");
            Ok(payload("mended"))
        })
    };
    let t = Fixture::start(workflow(start), vec![greet()]).await;
    let run = t.begin(()).await;
    assert_eq!(t.result::<String>(&run).await.unwrap(), "mended");
    let history = t.client.fetch_history(&run).await.unwrap();
    let failed = failed_tasks(&history);
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].0, WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure);
    assert!(failed[0].1.contains("panicked: a mistake"), "{}", failed[0].1);
    t.finish(&[&run]).await;
}

#[tokio::test]
async fn changed_code_fails_the_task_with_both_sides_and_the_line() {
    static CHANGED: AtomicBool = AtomicBool::new(false);
    let start: Start = |_| {
        code(async {
            if CHANGED.load(Ordering::SeqCst) {
                or_fail(timer(Duration::from_secs(5)).await)?;
            } else {
                or_fail(call("greet", "Ada").await)?;
            }
            or_fail(receive_signal("go").await)?;
            Ok(payload("done"))
        })
    };
    let adjust = |options: &mut persevere::worker::WorkerOptions| options.max_cached_workflows = 0;
    let t = Fixture::with_options(workflow(start), vec![greet()], adjust).await;
    let run = t.begin(()).await;
    t.until(&run, |history| history.events.len() >= 10).await;
    CHANGED.store(true, Ordering::SeqCst);
    t.signal(&run, "go", ()).await;
    t.until(&run, |history| !failed_tasks(history).is_empty()).await;
    let (cause, message) =
        failed_tasks(&t.client.fetch_history(&run).await.unwrap()).into_iter().next().unwrap();
    assert_eq!(cause, WorkflowTaskFailedCause::NonDeterministicError);
    let expected = "history event 5 is ActivityTaskScheduled(greet); the code at \
                    sdk/tests/untyped/failing_tasks.rs:";
    assert!(message.contains(expected), "{message}");
    assert!(message.ends_with("now starts a timer of 5s (id 1)"), "{message}");
    assert!(message.contains(&run.workflow_id), "{message}");
    CHANGED.store(false, Ordering::SeqCst);
    assert_eq!(t.result::<String>(&run).await.unwrap(), "done");
    t.finish(&[&run]).await;
}

#[tokio::test]
async fn an_unknown_type_and_undecodable_input_fail_the_task_and_the_worker_lives() {
    let start: Start = |input| {
        let n: u32 = argument(&input)?;
        code(async move { Ok(payload(n)) })
    };
    let t = Fixture::start(workflow(start), Vec::new()).await;
    let unknown = t.begin_kind("stranger", 1).await;
    let undecodable = t.begin("not a number").await;
    for run in [&unknown, &undecodable] {
        t.until(run, |history| !failed_tasks(history).is_empty()).await;
    }
    let message = |history: History| failed_tasks(&history).remove(0).1;
    let unknown_message = message(t.client.fetch_history(&unknown).await.unwrap());
    let expected = "is not registered with this worker, which knows workflow";
    assert!(
        unknown_message.contains("stranger")
            && unknown_message.contains("registered with this worker, which knows workflow"),
        "{unknown_message} / {expected}"
    );
    let undecodable_message = message(t.client.fetch_history(&undecodable).await.unwrap());
    assert!(undecodable_message.contains("its input does not decode"), "{undecodable_message}");
    let good = t.begin(7).await;
    assert_eq!(t.result::<u32>(&good).await.unwrap(), 7);
    for run in [unknown, undecodable] {
        t.client.terminate(&run, "test", Vec::new()).await.unwrap();
    }
    t.finish(&[&good]).await;
}

#[tokio::test]
async fn code_that_looks_for_tokio_is_told_that_there_is_none() {
    static TRIED: AtomicU32 = AtomicU32::new(0);
    let start: Start = |_| {
        code(async {
            if TRIED.fetch_add(1, Ordering::SeqCst) == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            Ok(payload(()))
        })
    };
    let t = Fixture::start(workflow(start), Vec::new()).await;
    let run = t.begin(()).await;
    t.result::<()>(&run).await.unwrap();
    let failed = failed_tasks(&t.client.fetch_history(&run).await.unwrap());
    assert!(failed[0].1.contains("workflow code runs outside of tokio"), "{failed:?}");
    t.finish(&[&run]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_blocks_fails_its_task_and_others_go_on() {
    static BLOCK: AtomicBool = AtomicBool::new(true);
    let start: Start = |input| {
        let blocks: bool = argument(&input)?;
        code(async move {
            or_fail(timer(Duration::from_millis(1)).await)?;
            while blocks && BLOCK.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(5));
            }
            Ok(payload(blocks))
        })
    };
    let adjust = |options: &mut persevere::worker::WorkerOptions| {
        options.workflow_threads = 1;
        options.workflow_block_limit = Duration::from_millis(300);
    };
    let t = Fixture::with_options(workflow(start), Vec::new(), adjust).await;
    let blocking = t.begin(true).await;
    t.until(&blocking, |history| !failed_tasks(history).is_empty()).await;
    let failed = failed_tasks(&t.client.fetch_history(&blocking).await.unwrap());
    assert!(failed[0].1.contains("must not block"), "{failed:?}");
    let other = t.begin(false).await;
    assert!(!t.result::<bool>(&other).await.unwrap());
    BLOCK.store(false, Ordering::SeqCst);
    assert!(t.result::<bool>(&blocking).await.unwrap());
    t.finish(&[&blocking, &other]).await;
}
