//! Starts and signals with start: what comes back, and what is refused without a trace.

use persevere_proto::{
    api::{
        enums::v1::{WorkflowExecutionStatus, WorkflowIdConflictPolicy},
        workflowservice::v1::{
            DescribeWorkflowExecutionRequest, SignalWithStartWorkflowExecutionRequest,
            StartWorkflowExecutionRequest,
        },
    },
    wkt::Duration,
};
use tonic::Code;

use crate::server::{NAMESPACE, QUEUE, Server, execution, payloads, queue, refusal, start_request};

#[tokio::test]
async fn a_start_names_its_run_and_links_to_its_first_event() {
    let mut server = Server::open().await;
    let started =
        server.service.start_workflow_execution(start_request("w")).await.expect("starts");
    let started = started.into_inner();
    assert!(started.started);
    assert_eq!(started.status(), WorkflowExecutionStatus::Running);
    assert_eq!(started.first_execution_run_id, started.run_id);
    assert!(started.link.is_some() && started.eager_workflow_task.is_none());
}

#[tokio::test]
async fn the_same_request_again_gives_the_same_run() {
    let mut server = Server::open().await;
    let request = StartWorkflowExecutionRequest { request_id: "once".into(), ..start_request("w") };
    let first = server.service.start_workflow_execution(request.clone()).await.expect("starts");
    server.terminate("w").await.expect("terminates");
    let again = server.service.start_workflow_execution(request).await.expect("repeats");
    let (first, again) = (first.into_inner(), again.into_inner());
    assert_eq!((again.run_id.as_str(), again.started), (first.run_id.as_str(), true));
    assert_eq!(again.status(), WorkflowExecutionStatus::Terminated);
}

#[tokio::test]
async fn a_taken_workflow_id_is_refused_with_the_run_in_the_way() {
    let mut server = Server::open().await;
    let run_id = server.start("w").await;
    let status = server.service.start_workflow_execution(start_request("w")).await;
    let status = status.expect_err("is taken");
    let message = format!("Workflow execution is already running. WorkflowId: w, RunId: {run_id}.");
    let kind = Some("WorkflowExecutionAlreadyStartedFailure".to_owned());
    assert_eq!(refusal(&status), (Code::AlreadyExists, message.as_str(), kind));
}

#[tokio::test]
async fn an_eager_start_brings_its_first_task() {
    let mut server = Server::open().await;
    let request =
        StartWorkflowExecutionRequest { request_eager_execution: true, ..start_request("w") };
    let started = server.service.start_workflow_execution(request).await.expect("starts");
    let task = started.into_inner().eager_workflow_task.expect("came with the start");
    assert_eq!((task.attempt, task.started_event_id), (1, 3));
    let events = task.history.as_ref().expect("came with the task").events.len();
    assert_eq!(events, 3);
    server.complete(&task, vec![]).await.expect("is this task");
}

#[tokio::test]
async fn signal_with_start_starts_once_and_signals_each_time() {
    let mut server = Server::open().await;
    let request = SignalWithStartWorkflowExecutionRequest {
        namespace: NAMESPACE.into(),
        workflow_id: "w".into(),
        workflow_type: start_request("w").workflow_type,
        task_queue: Some(queue(QUEUE)),
        signal_name: "go".into(),
        ..Default::default()
    };
    let first = server.service.signal_with_start_workflow_execution(request.clone()).await;
    let again = server.service.signal_with_start_workflow_execution(request.clone()).await;
    let (first, again) =
        (first.expect("starts").into_inner(), again.expect("signals").into_inner());
    assert_eq!((first.started, again.started), (true, false));
    assert_eq!(first.run_id, again.run_id);
    let kinds: Vec<_> =
        server.events("w").await.iter().map(|e| e.event_type().as_str_name()).collect();
    let signaled = "EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED";
    let scheduled = "EVENT_TYPE_WORKFLOW_TASK_SCHEDULED";
    assert_eq!(kinds, ["EVENT_TYPE_WORKFLOW_EXECUTION_STARTED", signaled, scheduled, signaled]);

    let fail = WorkflowIdConflictPolicy::Fail as i32;
    let table = [
        (
            SignalWithStartWorkflowExecutionRequest {
                signal_name: String::new(),
                ..request.clone()
            },
            "signal not set",
        ),
        (
            SignalWithStartWorkflowExecutionRequest {
                workflow_id_conflict_policy: fail,
                ..request.clone()
            },
            "Invalid WorkflowIDConflictPolicy: WORKFLOW_ID_CONFLICT_POLICY_FAIL is not supported \
             for this operation.",
        ),
    ];
    for (request, message) in table {
        let status = server.service.signal_with_start_workflow_execution(request).await;
        let status = status.expect_err("is refused");
        assert_eq!(refusal(&status), (Code::InvalidArgument, message, None));
    }
    assert_eq!(server.events("w").await.len(), 4, "what was refused left a trace");
}

#[tokio::test]
async fn starts_of_a_wrong_form_are_refused_by_field_and_start_nothing() {
    let mut server = Server::open().await;
    let good = || start_request("new");
    let negative = Some(Duration { seconds: -1, nanos: 0 });
    let table = [
        (
            StartWorkflowExecutionRequest { workflow_type: None, ..good() },
            "WorkflowType is not set on request.",
        ),
        (StartWorkflowExecutionRequest { task_queue: None, ..good() }, "taskQueue is not set"),
        (
            StartWorkflowExecutionRequest { request_id: "r".repeat(1001), ..good() },
            "RequestId length exceeds limit.",
        ),
        (
            StartWorkflowExecutionRequest { workflow_run_timeout: negative, ..good() },
            "An invalid WorkflowRunTimeoutSeconds is set on request. cause: negative duration",
        ),
        (
            StartWorkflowExecutionRequest { cron_schedule: "* * * * *".into(), ..good() },
            "CronSchedule is not supported by this server.",
        ),
        (
            StartWorkflowExecutionRequest { input: Some(payloads(&"x".repeat(2 << 20))), ..good() },
            "Blob data size exceeds limit.",
        ),
    ];
    for (request, message) in table {
        let status =
            server.service.start_workflow_execution(request).await.expect_err("is refused");
        assert_eq!(refusal(&status), (Code::InvalidArgument, message, None));
    }
    let describe = DescribeWorkflowExecutionRequest {
        namespace: NAMESPACE.into(),
        execution: Some(execution("new", "")),
    };
    let status = server.service.describe_workflow_execution(describe).await.expect_err("is absent");
    let kind = Some("NotFoundFailure".to_owned());
    assert_eq!(refusal(&status), (Code::NotFound, "workflow not found for ID: new", kind));
}
