//! A coordinator to talk to, and the few calls that most tests make.

use std::time::Duration;

use persevere_coordinator::{Config, Coordinator};
use persevere_proto::{
    api::{
        command::v1::Command,
        common::v1::{Payload, Payloads, WorkflowExecution, WorkflowType},
        history::v1::HistoryEvent,
        taskqueue::v1::TaskQueue,
        workflowservice::v1::{
            GetWorkflowExecutionHistoryRequest, PollWorkflowTaskQueueRequest,
            PollWorkflowTaskQueueResponse, RespondWorkflowTaskCompletedRequest,
            RespondWorkflowTaskCompletedResponse, SignalWorkflowExecutionRequest,
            StartWorkflowExecutionRequest, TerminateWorkflowExecutionRequest,
        },
    },
    rpc,
    workflow_service::workflow_service_client::WorkflowServiceClient,
};
use prost::Message;
use tonic::{Code, Request, Status, transport::Channel};

pub(crate) const NAMESPACE: &str = "default";
pub(crate) const QUEUE: &str = "queue";

pub(crate) struct Server {
    pub(crate) coordinator: Coordinator,
    pub(crate) service: WorkflowServiceClient<Channel>,
}

impl Server {
    pub(crate) async fn open() -> Self {
        let coordinator = Coordinator::open(Config::default()).await.expect("opens in memory");
        let service = WorkflowServiceClient::new(coordinator.channel());
        Server { coordinator, service }
    }

    /// Starts a workflow; returns its run id.
    pub(crate) async fn start(&mut self, workflow_id: &str) -> String {
        let started = self.service.start_workflow_execution(start_request(workflow_id)).await;
        started.expect("starts").into_inner().run_id
    }

    pub(crate) async fn signal(&mut self, workflow_id: &str, name: &str) -> Result<(), Status> {
        let request = SignalWorkflowExecutionRequest {
            namespace: NAMESPACE.into(),
            workflow_execution: Some(execution(workflow_id, "")),
            signal_name: name.into(),
            ..Default::default()
        };
        self.service.signal_workflow_execution(request).await.map(drop)
    }

    pub(crate) async fn terminate(&mut self, workflow_id: &str) -> Result<(), Status> {
        let request = TerminateWorkflowExecutionRequest {
            namespace: NAMESPACE.into(),
            workflow_execution: Some(execution(workflow_id, "")),
            ..Default::default()
        };
        self.service.terminate_workflow_execution(request).await.map(drop)
    }

    /// The next workflow task; there must be one.
    pub(crate) async fn workflow_task(&mut self) -> PollWorkflowTaskQueueResponse {
        let poll = PollWorkflowTaskQueueRequest {
            namespace: NAMESPACE.into(),
            task_queue: Some(queue(QUEUE)),
            identity: "worker".into(),
            ..Default::default()
        };
        let task = self.service.poll_workflow_task_queue(within(poll, 10.0)).await;
        let task = task.expect("polls").into_inner();
        assert!(!task.task_token.is_empty(), "no workflow task came");
        task
    }

    pub(crate) async fn complete(
        &mut self,
        task: &PollWorkflowTaskQueueResponse,
        commands: Vec<Command>,
    ) -> Result<RespondWorkflowTaskCompletedResponse, Status> {
        let request = RespondWorkflowTaskCompletedRequest {
            namespace: NAMESPACE.into(),
            task_token: task.task_token.clone(),
            identity: "worker".into(),
            commands,
            ..Default::default()
        };
        let completed = self.service.respond_workflow_task_completed(request).await;
        completed.map(tonic::Response::into_inner)
    }

    /// All events of the latest run.
    pub(crate) async fn events(&mut self, workflow_id: &str) -> Vec<HistoryEvent> {
        let request = GetWorkflowExecutionHistoryRequest {
            namespace: NAMESPACE.into(),
            execution: Some(execution(workflow_id, "")),
            ..Default::default()
        };
        let page = self.service.get_workflow_execution_history(request).await;
        page.expect("is readable").into_inner().history.expect("is there").events
    }
}

/// A request whose client gives up after so many seconds. The server answers a second earlier.
pub(crate) fn within<T>(message: T, seconds: f64) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(Duration::from_secs_f64(seconds));
    request
}

pub(crate) fn start_request(workflow_id: &str) -> StartWorkflowExecutionRequest {
    StartWorkflowExecutionRequest {
        namespace: NAMESPACE.into(),
        workflow_id: workflow_id.into(),
        workflow_type: Some(WorkflowType { name: "order".into() }),
        task_queue: Some(queue(QUEUE)),
        identity: "client".into(),
        ..Default::default()
    }
}

pub(crate) fn queue(name: &str) -> TaskQueue {
    TaskQueue { name: name.into(), ..Default::default() }
}

pub(crate) fn execution(workflow_id: &str, run_id: &str) -> WorkflowExecution {
    WorkflowExecution { workflow_id: workflow_id.into(), run_id: run_id.into() }
}

pub(crate) fn payloads(data: &str) -> Payloads {
    let metadata = [("encoding".to_owned(), b"json/plain".to_vec())].into();
    let payload = Payload { metadata, data: data.as_bytes().to_vec(), ..Default::default() };
    Payloads { payloads: vec![payload] }
}

/// Code, message and type of the typed detail of a refusal.
pub(crate) fn refusal(status: &Status) -> (Code, &str, Option<String>) {
    let details = rpc::Status::decode(status.details()).expect("details decode");
    let kind =
        details.details.first().and_then(|any| any.type_url.rsplit('.').next().map(Into::into));
    (status.code(), status.message(), kind)
}
