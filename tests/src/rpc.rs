//! The public gRPC API by hand: for tests that play a client or a worker themselves, call by call.

use std::time::Duration;

use persevere_proto::{
    api::{
        common::v1::{Payload, Payloads, WorkflowExecution, WorkflowType},
        taskqueue::v1::TaskQueue,
        workflowservice::v1::{
            DescribeNamespaceRequest, PollActivityTaskQueueRequest, PollActivityTaskQueueResponse,
            PollWorkflowTaskQueueRequest, PollWorkflowTaskQueueResponse,
            StartWorkflowExecutionRequest,
        },
    },
    workflow_service::workflow_service_client::WorkflowServiceClient,
};
use tonic::{
    Status,
    transport::{Channel, Endpoint},
};

/// The namespace that every server has.
pub const NAMESPACE: &str = "default";

/// Longer than any poll of these tests should take; a poll that ends empty is asked again.
const POLL_FOR: Duration = Duration::from_secs(30);

/// A connection.
#[derive(Clone, Debug)]
pub struct Rpc {
    /// The generated client, for the calls that have no short form here.
    pub service: WorkflowServiceClient<Channel>,
}

impl Rpc {
    /// Connects to a server that listens at this URL.
    pub async fn connect(address: &str) -> Result<Self, tonic::transport::Error> {
        let channel = Endpoint::new(address.to_owned())?.connect().await?;
        Ok(Self { service: WorkflowServiceClient::new(channel) })
    }

    /// Connects with the first call, and again whenever the connection is lost.
    #[must_use]
    pub fn lazy(address: &str) -> Self {
        let endpoint = Endpoint::new(address.to_owned()).expect("addresses of tests are valid");
        Self { service: WorkflowServiceClient::new(endpoint.connect_lazy()) }
    }

    /// Whether workflows can be started yet: some servers answer before they have a namespace.
    pub async fn namespace_is_ready(&mut self) -> bool {
        let request =
            DescribeNamespaceRequest { namespace: NAMESPACE.into(), ..Default::default() };
        self.service.describe_namespace(request).await.is_ok()
    }

    /// Starts a workflow and gives its run's id.
    pub async fn start(
        &mut self,
        request: StartWorkflowExecutionRequest,
    ) -> Result<String, Status> {
        Ok(self.service.start_workflow_execution(request).await?.into_inner().run_id)
    }

    /// Takes the next workflow task of a queue.
    pub async fn workflow_task(
        &mut self,
        queue: &str,
        worker: &str,
    ) -> PollWorkflowTaskQueueResponse {
        loop {
            let mut request = tonic::Request::new(PollWorkflowTaskQueueRequest {
                namespace: NAMESPACE.into(),
                task_queue: Some(task_queue(queue)),
                identity: worker.into(),
                ..Default::default()
            });
            request.set_timeout(POLL_FOR);
            let task = self.service.poll_workflow_task_queue(request).await;
            let task = task.expect("polling works").into_inner();
            if !task.task_token.is_empty() {
                return task;
            }
        }
    }

    /// Takes the next activity task of a queue.
    pub async fn activity_task(
        &mut self,
        queue: &str,
        worker: &str,
    ) -> PollActivityTaskQueueResponse {
        loop {
            let mut request = tonic::Request::new(PollActivityTaskQueueRequest {
                namespace: NAMESPACE.into(),
                task_queue: Some(task_queue(queue)),
                identity: worker.into(),
                ..Default::default()
            });
            request.set_timeout(POLL_FOR);
            let task = self.service.poll_activity_task_queue(request).await;
            let task = task.expect("polling works").into_inner();
            if !task.task_token.is_empty() {
                return task;
            }
        }
    }
}

/// Asks for a workflow with one argument. Its workflow tasks time out after a second, because the
/// death of a worker is found out by that.
#[must_use]
pub fn start_request(
    workflow_type: &str,
    workflow_id: &str,
    queue: &str,
    argument: &serde_json::Value,
) -> StartWorkflowExecutionRequest {
    StartWorkflowExecutionRequest {
        namespace: NAMESPACE.into(),
        workflow_id: workflow_id.into(),
        workflow_type: Some(WorkflowType { name: workflow_type.into() }),
        task_queue: Some(task_queue(queue)),
        input: Some(payloads(argument)),
        workflow_task_timeout: Some(seconds(1)),
        identity: "client".into(),
        request_id: format!("start {workflow_id}"),
        ..Default::default()
    }
}

/// The newest run of a workflow, or one run of it.
#[must_use]
pub fn execution(workflow_id: &str, run_id: &str) -> WorkflowExecution {
    WorkflowExecution { workflow_id: workflow_id.into(), run_id: run_id.into() }
}

/// A queue by its name.
#[must_use]
pub fn task_queue(name: &str) -> TaskQueue {
    TaskQueue { name: name.into(), ..Default::default() }
}

/// One value as the payload that every SDK makes of it.
#[must_use]
pub fn payload(value: &serde_json::Value) -> Payload {
    Payload {
        metadata: [("encoding".to_owned(), b"json/plain".to_vec())].into(),
        data: value.to_string().into_bytes(),
        ..Default::default()
    }
}

/// One value as the only argument or result.
#[must_use]
pub fn payloads(value: &serde_json::Value) -> Payloads {
    Payloads { payloads: vec![payload(value)] }
}

/// The first value of some payloads.
#[must_use]
pub fn value(payloads: Option<&Payloads>) -> serde_json::Value {
    let payload = payloads.and_then(|all| all.payloads.first()).expect("there is a payload");
    serde_json::from_slice(&payload.data).expect("payloads of these tests are JSON")
}

/// A length of time, as messages hold it.
#[must_use]
pub fn seconds(seconds: i64) -> persevere_proto::wkt::Duration {
    persevere_proto::wkt::Duration { seconds, nanos: 0 }
}
