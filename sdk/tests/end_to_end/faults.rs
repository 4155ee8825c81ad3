//! What goes wrong stays where it went wrong: the worker goes on.

use std::sync::atomic::{AtomicBool, Ordering};

use persevere::client::StartSpec;
use persevere::prelude::*;
use persevere::{CallFailure, RequestError, RunError, Target, WorkflowHandle};
use persevere_proto::api::enums::v1::EventType;

use crate::server::{Ledger, Server, until_event};

#[activity(retry(initial = "1ms"))]
async fn panics_once(number: u64) -> Result<u64> {
    assert!(persevere::activity::attempt() > 1, "the first attempt panics");
    Ok(number + 1)
}

#[workflow]
async fn call_what_panics(number: u64) -> Result<u64> {
    Ok(panics_once(number).await?)
}

static PANICKED: AtomicBool = AtomicBool::new(false);

/// As buggy code does until it is mended.
#[workflow]
async fn panics_at_first(number: u64) -> Result<u64> {
    assert!(PANICKED.swap(true, Ordering::SeqCst), "the first task panics");
    Ok(number + 1)
}

#[workflow]
async fn add_one(number: u64) -> Result<u64> {
    Ok(number + 1)
}

async fn server() -> Server {
    Server::with(|worker| {
        worker
            .workflow::<call_what_panics>()
            .workflow::<panics_at_first>()
            .workflow::<add_one>()
            .activity::<panics_once>()
    })
    .await
}

async fn still_works(server: &Server) {
    assert_eq!(add_one(1).run(server).await.expect("the worker lives"), 2);
}

#[tokio::test]
async fn a_panic_in_an_activity_is_a_retryable_failure() {
    let server = server().await;
    assert_eq!(call_what_panics(1).run(&server).await.expect("the second attempt does it"), 2);
    server.stop().await;
}

#[tokio::test]
async fn a_panic_in_a_workflow_fails_the_task_and_not_the_workflow() {
    let server = server().await;
    let run = panics_at_first(1).start(&server).await.expect("started");
    until_event(&server, &run, EventType::WorkflowTaskFailed).await;
    still_works(&server).await;
    assert_eq!(run.result().await.expect("the next task does it"), 2);
    server.stop().await;
}

/// Starts a workflow of `kind` with `input` as it is.
async fn start(server: &Server, kind: &str, input: &[&str]) -> WorkflowHandle<add_one> {
    use persevere_proto::api::common::v1::Payload;
    let payload = |data: &&str| Payload {
        metadata: [("encoding".to_owned(), b"json/plain".to_vec())].into(),
        data: data.as_bytes().to_vec(),
        ..Default::default()
    };
    let spec = StartSpec {
        workflow_id: format!("{kind}-{}", uuid::Uuid::new_v4()),
        kind: kind.to_owned(),
        task_queue: server.default_queue().expect("a server has a queue").to_owned(),
        input: input.iter().map(payload).collect(),
        ..Default::default()
    };
    let id = spec.workflow_id.clone();
    server.client().start_workflow(spec).await.expect("started");
    WorkflowHandle::new(server, id)
}

#[tokio::test]
async fn an_unknown_workflow_type_fails_the_task_and_harms_nothing() {
    let server = server().await;
    let run = start(&server, "no_such_workflow", &[]).await;
    until_event(&server, &run, EventType::WorkflowTaskFailed).await;
    still_works(&server).await;
    run.terminate("the test is over").await.expect("it is still open");
    server.stop().await;
}

#[tokio::test]
async fn undecodable_input_fails_the_task_and_says_which_argument() {
    let server = server().await;
    for input in [&["\"one\""][..], &["not JSON"], &[], &["1", "2"]] {
        let run = start(&server, "add_one", input).await;
        until_event(&server, &run, EventType::WorkflowTaskFailed).await;
        let history = format!("{:?}", run.history().await.expect("its history"));
        assert!(history.contains("workflow `add_one` was started with arguments"), "{history}");
        run.terminate("the test is over").await.expect("it is still open");
    }
    still_works(&server).await;
    server.stop().await;
}

#[activity(name = "panics_once", retry(max_attempts = 1))]
async fn with_another_signature(_text: String) -> Result<String> {
    Ok(String::new())
}

#[workflow]
async fn misunderstand() -> Result<String> {
    let error = with_another_signature("one".into()).await.expect_err("not a number");
    Ok(error.to_string())
}

#[tokio::test]
async fn an_activity_called_with_wrong_arguments_says_which() {
    let server =
        Server::with(|worker| worker.workflow::<misunderstand>().activity::<panics_once>()).await;
    let error = misunderstand().run(&server).await.expect("told");
    assert!(error.contains("argument 1 `number` is no `u64`"), "{error}");
    server.stop().await;
}

#[tokio::test]
async fn outside_of_a_workflow_a_call_says_so_and_does_nothing() {
    let error = panics_once(1).await.expect_err("there is no workflow here");
    assert!(matches!(error, CallError::Other(CallFailure::NotInWorkflow(_))), "{error:?}");
    assert!(error.to_string().contains("faults.rs"), "{error}");
    let error = add_one(1).await.expect_err("there is no workflow here");
    assert!(matches!(error, CallError::Other(CallFailure::NotInWorkflow(_))), "{error:?}");
    assert_eq!(add_one::run(1).await.expect("the plain function runs anywhere"), 2);
}

#[activity]
async fn needs_a_ledger(#[dep] _ledger: Ledger) -> Result<()> {
    Ok(())
}

#[tokio::test]
async fn a_missing_dependency_fails_at_start_and_names_activity_and_type() {
    let server = server().await;
    let worker = Worker::new(server.client().clone(), "q").activity::<needs_a_ledger>();
    let error = worker.run_until(std::future::pending::<()>()).await.expect_err("no ledger");
    assert!(matches!(&error, RunError::Missing(missing) if missing.len() == 1));
    let text = error.to_string();
    assert!(text.contains("`needs_a_ledger`") && text.contains("Ledger"), "{text}");
    server.stop().await;
}

#[tokio::test]
async fn a_start_without_a_queue_says_what_to_do() {
    let server = server().await;
    let error = add_one(1).start(server.client()).await.expect_err("which queue?");
    assert!(matches!(error, RequestError::NoQueue { workflow: "add_one" }));
    server.stop().await;
}
