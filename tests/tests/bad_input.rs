//! What a client can get wrong at the API: it is refused with a status that names what is wrong,
//! and nothing has changed.

use std::{future::Future, time::Duration};

use persevere_proto::api::{
    common::v1::RetryPolicy,
    workflowservice::v1::{
        CountWorkflowExecutionsRequest, DescribeWorkflowExecutionRequest,
        GetWorkflowExecutionHistoryRequest, ListWorkflowExecutionsRequest,
        PollWorkflowTaskQueueRequest, RecordActivityTaskHeartbeatRequest,
        RequestCancelWorkflowExecutionRequest, RespondActivityTaskCompletedRequest,
        RespondWorkflowTaskCompletedRequest, SignalWorkflowExecutionRequest,
        StartWorkflowExecutionRequest, TerminateWorkflowExecutionRequest,
    },
};
use persevere_tests::{
    by_hand::{Step, result},
    coordinator::Coordinator,
    history::outline,
    process::Cast,
    rpc::{NAMESPACE, Rpc, execution, payloads, seconds, start_request, task_queue},
};
use serde_json::json;
use tonic::{Code, Response, Status};

const CAST: Cast = Cast(env!("CARGO_BIN_EXE_cast"));
const QUEUE: &str = "queue";
/// A run that is open throughout, and must not notice.
const BYSTANDER: &str = "bystander";
const NOBODY: &str = "6f1e2cf5-5b6d-4b52-9f0c-000000000000";

/// A coordinator with one open run.
struct Scene {
    _coordinator: Coordinator,
    rpc: Rpc,
    before: Vec<String>,
}

impl Scene {
    async fn set() -> Self {
        let coordinator = Coordinator::start(CAST).await;
        let mut rpc = coordinator.rpc().await;
        rpc.start(start_request("kind", BYSTANDER, QUEUE, &json!(1))).await.expect("it is good");
        let before = outline(&rpc.history(BYSTANDER, "").await);
        Self { _coordinator: coordinator, rpc, before }
    }

    /// Holds a call to: refused with this code, in words among which is `names`.
    async fn refuses<T>(
        &mut self,
        what: &str,
        code: Code,
        names: &str,
        call: impl Future<Output = Result<Response<T>, Status>>,
    ) {
        let status = call.await.err().unwrap_or_else(|| panic!("{what} was accepted"));
        assert_eq!(status.code(), code, "{what}: {}", status.message());
        assert!(plain(status.message()).contains(&plain(names)), "{what}: {}", status.message());
        let after = outline(&self.rpc.history(BYSTANDER, "").await);
        assert_eq!(after, self.before, "{what} changed another run");
    }

    /// After all that was refused: nothing was started, and good work is still done.
    async fn ends_well(mut self) {
        let list =
            ListWorkflowExecutionsRequest { namespace: NAMESPACE.into(), ..Default::default() };
        let listed = self.rpc.service.list_workflow_executions(list).await.expect("it is good");
        assert_eq!(listed.into_inner().executions.len(), 1, "something was started");
        let task = self.rpc.workflow_task(QUEUE, "worker").await;
        let step = Step::Complete { result: json!("well") };
        self.rpc.complete_workflow_task(&task, "worker", step).await.expect("it is good");
        let last = self.rpc.history(BYSTANDER, "").await.pop().expect("it has events");
        assert_eq!(result(&last), Some(json!("well")));
    }
}

/// Field names are written in more than one way: `workflow_id`, `WorkflowId`, `workflow id`.
fn plain(text: &str) -> String {
    text.to_lowercase().chars().filter(|letter| letter.is_alphanumeric()).collect()
}

fn good() -> StartWorkflowExecutionRequest {
    start_request("kind", "new", QUEUE, &json!(1))
}

#[tokio::test]
async fn starts_that_make_no_sense_are_refused() {
    let mut scene = Scene::set().await;
    let long = "x".repeat(1_001);
    let negative = || Some(seconds(-1));
    let zero_coefficient = RetryPolicy { backoff_coefficient: 0.5, ..Default::default() };
    let negative_attempts = RetryPolicy { maximum_attempts: -1, ..Default::default() };
    let cases: Vec<(&str, &str, StartWorkflowExecutionRequest)> = vec![
        ("no workflow id", "workflow id", with(|r| r.workflow_id.clear())),
        ("a long workflow id", "workflow id", with(|r| r.workflow_id = long.clone())),
        ("no workflow type", "workflow type", with(|r| r.workflow_type = None)),
        ("no task queue", "task queue", with(|r| r.task_queue = None)),
        ("an empty task queue", "task queue", with(|r| r.task_queue = Some(task_queue("")))),
        ("a long request id", "request id", with(|r| r.request_id = long.clone())),
        (
            "a negative execution timeout",
            "execution timeout",
            with(|r| r.workflow_execution_timeout = negative()),
        ),
        ("a negative run timeout", "run timeout", with(|r| r.workflow_run_timeout = negative())),
        ("a negative task timeout", "task timeout", with(|r| r.workflow_task_timeout = negative())),
        ("a negative start delay", "start delay", with(|r| r.workflow_start_delay = negative())),
        ("a coefficient below 1", "coefficient", with(|r| r.retry_policy = Some(zero_coefficient))),
        ("negative attempts", "attempts", with(|r| r.retry_policy = Some(negative_attempts))),
    ];
    for (what, names, request) in cases {
        let mut service = scene.rpc.service.clone();
        let call = service.start_workflow_execution(request);
        scene.refuses(what, Code::InvalidArgument, names, call).await;
    }
    let stranger = with(|request| request.namespace = "nowhere".into());
    let mut service = scene.rpc.service.clone();
    let call = service.start_workflow_execution(stranger);
    scene.refuses("an unknown namespace", Code::NotFound, "nowhere", call).await;
    scene.ends_well().await;
}

fn with(change: impl FnOnce(&mut StartWorkflowExecutionRequest)) -> StartWorkflowExecutionRequest {
    let mut request = good();
    change(&mut request);
    request
}

#[tokio::test]
async fn values_that_are_too_large_are_refused() {
    let mut scene = Scene::set().await;
    let large = payloads(&json!("x".repeat(2 * 1_024 * 1_024 + 1)));

    let mut service = scene.rpc.service.clone();
    let start = with(|request| request.input = Some(large.clone()));
    let call = service.start_workflow_execution(start);
    scene.refuses("a large input", Code::InvalidArgument, "limit", call).await;

    let mut service = scene.rpc.service.clone();
    let signal = SignalWorkflowExecutionRequest { input: Some(large), ..signal_to(BYSTANDER, "") };
    let call = service.signal_workflow_execution(signal);
    scene.refuses("a large signal", Code::InvalidArgument, "limit", call).await;
    scene.ends_well().await;
}

fn signal_to(workflow_id: &str, run_id: &str) -> SignalWorkflowExecutionRequest {
    SignalWorkflowExecutionRequest {
        namespace: NAMESPACE.into(),
        workflow_execution: Some(execution(workflow_id, run_id)),
        signal_name: "Hello".into(),
        ..Default::default()
    }
}

#[tokio::test]
async fn runs_that_do_not_exist_are_not_found() {
    let mut scene = Scene::set().await;
    let targets = [("an unknown workflow", "nobody", ""), ("an unknown run", BYSTANDER, NOBODY)];
    for (what, workflow_id, run_id) in targets {
        let target = || Some(execution(workflow_id, run_id));
        let mut service = scene.rpc.service.clone();
        let call = service.signal_workflow_execution(signal_to(workflow_id, run_id));
        scene.refuses(what, Code::NotFound, "workflow", call).await;

        let mut service = scene.rpc.service.clone();
        let call = service.describe_workflow_execution(DescribeWorkflowExecutionRequest {
            namespace: NAMESPACE.into(),
            execution: target(),
        });
        scene.refuses(what, Code::NotFound, "workflow", call).await;

        let mut service = scene.rpc.service.clone();
        let call = service.terminate_workflow_execution(TerminateWorkflowExecutionRequest {
            namespace: NAMESPACE.into(),
            workflow_execution: target(),
            ..Default::default()
        });
        scene.refuses(what, Code::NotFound, "workflow", call).await;

        let mut service = scene.rpc.service.clone();
        let call =
            service.request_cancel_workflow_execution(RequestCancelWorkflowExecutionRequest {
                namespace: NAMESPACE.into(),
                workflow_execution: target(),
                ..Default::default()
            });
        scene.refuses(what, Code::NotFound, "workflow", call).await;

        let mut service = scene.rpc.service.clone();
        let call = service.get_workflow_execution_history(GetWorkflowExecutionHistoryRequest {
            namespace: NAMESPACE.into(),
            execution: target(),
            ..Default::default()
        });
        scene.refuses(what, Code::NotFound, "workflow", call).await;
    }
    scene.ends_well().await;
}

#[tokio::test]
async fn names_that_cannot_be_names_are_refused() {
    let mut scene = Scene::set().await;
    let mut service = scene.rpc.service.clone();
    let call = service.signal_workflow_execution(signal_to("", ""));
    scene.refuses("a signal to no id", Code::InvalidArgument, "workflow id", call).await;

    let mut service = scene.rpc.service.clone();
    let call = service.signal_workflow_execution(signal_to(BYSTANDER, "not a uuid"));
    scene.refuses("a run id of another form", Code::InvalidArgument, "run id", call).await;

    let mut service = scene.rpc.service.clone();
    let nameless =
        SignalWorkflowExecutionRequest { signal_name: String::new(), ..signal_to(BYSTANDER, "") };
    let call = service.signal_workflow_execution(nameless);
    scene.refuses("a signal without a name", Code::InvalidArgument, "signal name", call).await;

    let mut service = scene.rpc.service.clone();
    let poll = PollWorkflowTaskQueueRequest { namespace: NAMESPACE.into(), ..Default::default() };
    let mut poll = tonic::Request::new(poll);
    poll.set_timeout(Duration::from_secs(10));
    let call = service.poll_workflow_task_queue(poll);
    scene.refuses("a poll of no queue", Code::InvalidArgument, "task queue", call).await;
    scene.ends_well().await;
}

#[tokio::test]
async fn filters_that_cannot_be_read_are_refused() {
    let mut scene = Scene::set().await;
    let filters = [
        ("WorkflowId =", "query"),
        ("WorkflowId = 'a' AND", "query"),
        ("(WorkflowId = 'a'", "query"),
        ("Colour = 'red'", "Colour"),
        ("StartTime > 'yesterday'", "yesterday"),
        ("ExecutionStatus = 'Sleepy'", "Sleepy"),
        ("'; DROP TABLE executions; --", "query"),
    ];
    for (filter, names) in filters {
        let mut service = scene.rpc.service.clone();
        let call = service.list_workflow_executions(ListWorkflowExecutionsRequest {
            namespace: NAMESPACE.into(),
            query: filter.into(),
            ..Default::default()
        });
        scene.refuses(filter, Code::InvalidArgument, names, call).await;

        let mut service = scene.rpc.service.clone();
        let call = service.count_workflow_executions(CountWorkflowExecutionsRequest {
            namespace: NAMESPACE.into(),
            query: filter.into(),
        });
        scene.refuses(filter, Code::InvalidArgument, names, call).await;
    }
    scene.ends_well().await;
}

#[tokio::test]
async fn tokens_that_name_nothing_current_are_refused() {
    let mut scene = Scene::set().await;
    for (what, token, code) in [
        ("no token", vec![], Code::InvalidArgument),
        ("noise", vec![0xff; 40], Code::InvalidArgument),
    ] {
        let mut service = scene.rpc.service.clone();
        let call = service.respond_workflow_task_completed(RespondWorkflowTaskCompletedRequest {
            namespace: NAMESPACE.into(),
            task_token: token.clone(),
            ..Default::default()
        });
        scene.refuses(what, code, "token", call).await;

        let mut service = scene.rpc.service.clone();
        let call = service.respond_activity_task_completed(RespondActivityTaskCompletedRequest {
            namespace: NAMESPACE.into(),
            task_token: token.clone(),
            ..Default::default()
        });
        scene.refuses(what, code, "token", call).await;

        let mut service = scene.rpc.service.clone();
        let call = service.record_activity_task_heartbeat(RecordActivityTaskHeartbeatRequest {
            namespace: NAMESPACE.into(),
            task_token: token,
            ..Default::default()
        });
        scene.refuses(what, code, "token", call).await;
    }
    scene.ends_well().await;
}

#[tokio::test]
async fn a_token_does_not_work_twice() {
    let mut scene = Scene::set().await;
    let rpc = &mut scene.rpc;
    let task = rpc.workflow_task(QUEUE, "worker").await;
    let step = Step::Schedule { activity: "once", argument: json!(1) };
    rpc.complete_workflow_task(&task, "worker", step.clone()).await.expect("it is current");
    let activity = rpc.activity_task(QUEUE, "worker").await;
    rpc.complete_activity(&activity, "worker", &json!("once")).await.expect("it is current");
    let before = outline(&rpc.history(BYSTANDER, "").await);

    let again = rpc.complete_workflow_task(&task, "worker", step).await;
    assert_eq!(again.expect_err("it was used").code(), Code::NotFound);
    let again = rpc.complete_activity(&activity, "worker", &json!("twice")).await;
    assert_eq!(again.expect_err("it was used").code(), Code::NotFound);
    assert_eq!(outline(&rpc.history(BYSTANDER, "").await), before);
    scene.ends_well().await;
}
