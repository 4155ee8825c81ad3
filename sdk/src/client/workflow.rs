//! Calls about one workflow that exists: signal, query, cancel, terminate, describe, delete.

use persevere_proto::api::{
    common::v1::{Payload, WorkflowExecution},
    enums::v1::QueryRejectCondition,
    query::v1::WorkflowQuery,
    workflowservice::v1::{
        DeleteWorkflowExecutionRequest, DescribeWorkflowExecutionRequest,
        DescribeWorkflowExecutionResponse, GetSystemInfoRequest, GetSystemInfoResponse,
        QueryWorkflowRequest, RequestCancelWorkflowExecutionRequest,
        SignalWorkflowExecutionRequest, TerminateWorkflowExecutionRequest,
    },
};

use super::{
    Client, ClientError, SignalSpec, rpc,
    start::{new_request_id, payloads},
};

/// A workflow, or one run of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct WorkflowRef {
    /// The workflow id.
    pub workflow_id: String,
    /// The run; the current one if absent.
    pub run_id: Option<String>,
}

impl WorkflowRef {
    /// The current run of a workflow, whichever that is at the time of the call.
    #[must_use]
    pub fn current(workflow_id: impl Into<String>) -> Self {
        Self { workflow_id: workflow_id.into(), run_id: None }
    }

    /// One run.
    #[must_use]
    pub fn run(workflow_id: impl Into<String>, run_id: impl Into<String>) -> Self {
        Self { workflow_id: workflow_id.into(), run_id: Some(run_id.into()) }
    }

    pub(super) fn to_wire(&self) -> WorkflowExecution {
        WorkflowExecution {
            workflow_id: self.workflow_id.clone(),
            run_id: self.run_id.clone().unwrap_or_default(),
        }
    }
}

impl Client {
    /// Sends a signal; it is in the workflow's history when this returns.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] if there is no open run; other failures of the call.
    pub async fn signal(
        &self,
        workflow: &WorkflowRef,
        signal: SignalSpec,
    ) -> Result<(), ClientError> {
        let request = SignalWorkflowExecutionRequest {
            namespace: self.namespace().into(),
            workflow_execution: Some(workflow.to_wire()),
            signal_name: signal.name,
            input: payloads(signal.input),
            identity: self.identity().into(),
            request_id: new_request_id(),
            ..Default::default()
        };
        let call = self.call("signal workflow", request, rpc!(signal_workflow_execution));
        call.await.map(drop)
    }

    /// Asks a workflow a question; open or closed, unless `reject` says otherwise.
    ///
    /// # Errors
    /// [`ClientError::QueryFailed`] if the workflow's handler fails,
    /// [`ClientError::QueryRejected`] if `reject` applies; other failures of the call.
    pub async fn query(
        &self,
        workflow: &WorkflowRef,
        name: &str,
        input: Vec<Payload>,
        reject: QueryRejectCondition,
    ) -> Result<Option<Payload>, ClientError> {
        let request = QueryWorkflowRequest {
            namespace: self.namespace().into(),
            execution: Some(workflow.to_wire()),
            query: Some(WorkflowQuery {
                query_type: name.into(),
                query_args: payloads(input),
                header: None,
            }),
            query_reject_condition: reject.into(),
        };
        let call = self.call("query workflow", request, rpc!(query_workflow));
        let response = call.await?;
        if let Some(rejected) = response.query_rejected {
            return Err(ClientError::QueryRejected { status: rejected.status() });
        }
        Ok(response.query_result.and_then(|result| result.payloads.into_iter().next()))
    }

    /// Asks a workflow to cancel. It decides itself when and how; asking twice is asking once.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] if there is no such workflow; other failures of the call.
    pub async fn request_cancel(
        &self,
        workflow: &WorkflowRef,
        reason: &str,
    ) -> Result<(), ClientError> {
        let request = RequestCancelWorkflowExecutionRequest {
            namespace: self.namespace().into(),
            workflow_execution: Some(workflow.to_wire()),
            identity: self.identity().into(),
            request_id: new_request_id(),
            reason: reason.into(),
            ..Default::default()
        };
        let call = self.call("cancel workflow", request, rpc!(request_cancel_workflow_execution));
        call.await.map(drop)
    }

    /// Closes a workflow at once, without its code having a say.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] if there is no open run; other failures of the call.
    pub async fn terminate(
        &self,
        workflow: &WorkflowRef,
        reason: &str,
        details: Vec<Payload>,
    ) -> Result<(), ClientError> {
        let request = TerminateWorkflowExecutionRequest {
            namespace: self.namespace().into(),
            workflow_execution: Some(workflow.to_wire()),
            reason: reason.into(),
            details: payloads(details),
            identity: self.identity().into(),
            ..Default::default()
        };
        let call = self.call("terminate workflow", request, rpc!(terminate_workflow_execution));
        call.await.map(drop)
    }

    /// What the server knows about a run: status, pending activities, children, configuration.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] if there is no such run; other failures of the call.
    pub async fn describe(
        &self,
        workflow: &WorkflowRef,
    ) -> Result<DescribeWorkflowExecutionResponse, ClientError> {
        let request = DescribeWorkflowExecutionRequest {
            namespace: self.namespace().into(),
            execution: Some(workflow.to_wire()),
        };
        let call = self.call("describe workflow", request, rpc!(describe_workflow_execution));
        call.await
    }

    /// Removes a run and its history; an open one is terminated first.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] if there is no such run; other failures of the call.
    pub async fn delete(&self, workflow: &WorkflowRef) -> Result<(), ClientError> {
        let request = DeleteWorkflowExecutionRequest {
            namespace: self.namespace().into(),
            workflow_execution: Some(workflow.to_wire()),
        };
        let call = self.call("delete workflow", request, rpc!(delete_workflow_execution));
        call.await.map(drop)
    }

    /// The server's version and capabilities.
    ///
    /// # Errors
    /// Failures of the call.
    pub async fn system_info(&self) -> Result<GetSystemInfoResponse, ClientError> {
        let request = GetSystemInfoRequest {};
        let call = self.call("get system info", request, rpc!(get_system_info));
        call.await
    }
}
