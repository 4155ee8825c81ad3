//! Runs as a whole: chains of runs, caches, long histories, other clients' view, stopping.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use persevere::{
    client::{
        Client, ClientError, ConnectOptions, ResultError, StartOptions, StartSpec, WorkflowRef,
    },
    runtime::{
        spec::{ContinueAsNewSpec, WorkflowExit},
        surface::{now, receive_signal, uuid4, workflow_info},
    },
    worker::{UntypedWorker, WorkerError, WorkerOptions},
};
use persevere_proto::api::{common::v1::RetryPolicy, enums::v1::WorkflowIdReusePolicy};

use tokio::sync::Notify;

use crate::{fixture::*, target::connect};

#[tokio::test]
async fn the_result_is_that_of_the_last_run_of_a_chain() {
    let start: Start = |input| {
        let n: u32 = argument(&input)?;
        code(async move {
            if n == 0 {
                return Ok(payload(workflow_info().unwrap().continued_run_id.is_some()));
            }
            let spec = ContinueAsNewSpec { input: vec![payload(n - 1)], ..Default::default() };
            Err(WorkflowExit::ContinueAsNew(Box::new(spec)))
        })
    };
    let t = Fixture::start(workflow(start), Vec::new()).await;
    let run = t.begin(2).await;
    assert!(t.result::<bool>(&run).await.unwrap());
    t.finish(&[&run, &WorkflowRef::current(&run.workflow_id)]).await;
}

#[tokio::test]
async fn a_workflow_with_a_retry_policy_is_tried_again() {
    let start: Start = |_| {
        code(async {
            let attempt = workflow_info().unwrap().attempt;
            if attempt < 3 {
                return Err(WorkflowExit::Failed(application_failure("not yet")));
            }
            Ok(payload(attempt))
        })
    };
    let t = Fixture::start(workflow(start), Vec::new()).await;
    let retry = RetryPolicy {
        initial_interval: Some(persevere_proto::wkt::Duration { seconds: 0, nanos: 1_000_000 }),
        ..Default::default()
    };
    let spec = StartSpec {
        workflow_id: uuid::Uuid::new_v4().to_string(),
        kind: "workflow".into(),
        task_queue: t.queue.clone(),
        options: StartOptions { retry: Some(retry), ..Default::default() },
        ..Default::default()
    };
    let workflow_id = spec.workflow_id.clone();
    let started = t.client.start_workflow(spec).await.unwrap();
    let run = WorkflowRef::run(workflow_id, started.run_id);
    assert_eq!(t.result::<u32>(&run).await.unwrap(), 3);
    t.finish(&[&run]).await;
}

#[tokio::test]
async fn runs_go_on_whether_they_are_cached_evicted_or_never_kept() {
    for cached in [1000, 1, 0] {
        let start: Start = |input| {
            let name: String = argument(&input)?;
            code(async move {
                let id = uuid4().unwrap();
                let began = now().unwrap();
                for _ in 0..3 {
                    or_fail(timer(Duration::from_millis(10)).await)?;
                    or_fail(call("greet", &name).await)?;
                }
                assert!(now().unwrap() > began);
                or_fail(receive_signal("go").await)?;
                Ok(payload(id.to_string()))
            })
        };
        let adjust = |options: &mut WorkerOptions| {
            options.max_cached_workflows = cached;
            options.workflow_threads = 1;
        };
        let t = Fixture::with_options(workflow(start), vec![greet()], adjust).await;
        let mut runs = Vec::new();
        for n in 0..5 {
            runs.push(t.begin(n.to_string()).await);
        }
        for run in &runs {
            t.signal(run, "go", ()).await;
        }
        for run in &runs {
            t.result::<String>(run).await.unwrap();
        }
        let runs: Vec<_> = runs.iter().collect();
        t.finish(&runs).await;
    }
}

#[tokio::test]
async fn a_history_of_several_pages_is_replayed() {
    let start: Start = |_| {
        code(async {
            for _ in 0..150 {
                or_fail(receive_signal("n").await)?;
                timer(Duration::from_secs(100)).detach();
            }
            or_fail(receive_signal("go").await)?;
            Ok(payload("all"))
        })
    };
    let adjust = |options: &mut WorkerOptions| options.max_cached_workflows = 0;
    let t = Fixture::with_options(workflow(start), Vec::new(), adjust).await;
    let run = t.begin(()).await;
    for n in 0..150 {
        t.signal(&run, "n", n).await;
    }
    t.signal(&run, "go", ()).await;
    assert_eq!(t.result::<String>(&run).await.unwrap(), "all");
    let history = t.client.fetch_history(&run).await.unwrap();
    assert!(history.events.len() > 300, "{} events", history.events.len());
    t.finish(&[&run]).await;
}

#[tokio::test]
async fn an_id_in_use_and_a_missing_workflow_are_typed_errors() {
    let start: Start = |_| {
        code(async {
            or_fail(receive_signal("never").await)?;
            Ok(payload(()))
        })
    };
    let t = Fixture::start(workflow(start), Vec::new()).await;
    let run = t.begin(()).await;
    let again = StartSpec {
        workflow_id: run.workflow_id.clone(),
        kind: "workflow".into(),
        task_queue: t.queue.clone(),
        options: StartOptions {
            id_reuse: WorkflowIdReusePolicy::RejectDuplicate,
            ..Default::default()
        },
        ..Default::default()
    };
    let taken = t.client.start_workflow(again).await.unwrap_err();
    let ClientError::AlreadyStarted { run_id, .. } = taken else { panic!("{taken}") };
    assert_eq!(Some(run_id), run.run_id);
    t.client.terminate(&run, "that is it", Vec::new()).await.unwrap();
    let Err(ResultError::Terminated { reason }) = t.result::<()>(&run).await else {
        panic!("the workflow should be terminated")
    };
    assert_eq!(reason, "that is it");
    let missing = t.client.describe(&WorkflowRef::current("no such workflow")).await.unwrap_err();
    assert!(matches!(missing, ClientError::NotFound { .. }), "{missing}");
    t.stop().await;
}

#[tokio::test]
async fn workflows_are_found_by_type_and_queue() {
    let start: Start = |_| code(async { Ok(payload(())) });
    let t = Fixture::start(workflow(start), Vec::new()).await;
    for n in 0..3 {
        let run = t.begin(n).await;
        t.result::<()>(&run).await.unwrap();
    }
    let filter = format!("TaskQueue = '{}' AND ExecutionStatus = 'Completed'", t.queue);
    let found = async {
        while t.client.count(&filter).await.unwrap() < 3 {
            // Lists of some servers lag behind, and none tells when they have caught up.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), found).await.expect("visible in time");
    let listed = t.client.list(&filter).await.unwrap();
    assert_eq!(listed.len(), 3);
    let malformed = t.client.count("WorkflowType ==== 3").await.unwrap_err();
    assert!(matches!(malformed, ClientError::InvalidArgument { .. }), "{malformed}");
    t.stop().await;
}

#[tokio::test]
async fn a_stopping_worker_lets_activities_finish() {
    static FINISHED: AtomicU32 = AtomicU32::new(0);
    static BEGAN: Notify = Notify::const_new();
    static STOPPING: Notify = Notify::const_new();
    let slow = activity("slow", |context, _| async move {
        BEGAN.notify_one();
        STOPPING.notified().await;
        FINISHED.fetch_add(1, Ordering::SeqCst);
        Ok(payload(context.info().attempt))
    });
    let start: Start = |_| code(async { Ok(or_fail(call("slow", ()).await)?.unwrap()) });
    let t = Fixture::start(workflow(start), vec![slow]).await;
    let run = t.begin(()).await;
    let client = t.client.clone();
    tokio::time::timeout(Duration::from_secs(10), BEGAN.notified()).await.expect("it begins");
    let told_to_stop = async { STOPPING.notify_one() };
    let (_server, ()) = tokio::join!(t.stop(), told_to_stop);
    assert_eq!(FINISHED.load(Ordering::SeqCst), 1, "it was let finish");
    let history = client.fetch_history(&run).await.unwrap();
    let completed = history
        .events
        .iter()
        .any(|event| event.event_type().as_str_name() == "EVENT_TYPE_ACTIVITY_TASK_COMPLETED");
    assert!(completed, "and its result is recorded");
}

#[tokio::test]
async fn a_worker_for_a_namespace_that_does_not_exist_says_so() {
    let (client, _coordinator) = connect("no-such-namespace").await;
    let start: Start = |_| code(async { Ok(payload(())) });
    let options = WorkerOptions::new("queue");
    let worker = UntypedWorker::new(&client, options, workflow(start), Vec::new()).unwrap();
    let refused = worker.run_until(std::future::pending()).await.unwrap_err();
    assert!(matches!(refused, WorkerError::Refused { .. }), "{refused}");
    assert!(refused.to_string().contains("no-such-namespace"), "{refused}");
}

#[tokio::test]
async fn nobody_at_the_address_is_an_error_that_names_it() {
    let error = Client::connect(ConnectOptions::new("127.0.0.1:1")).await.unwrap_err();
    let message = error.to_string();
    assert!(message.starts_with("cannot reach a server at 127.0.0.1:1"), "{message}");
}
