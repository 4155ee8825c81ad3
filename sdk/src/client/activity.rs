//! Finishing activities from elsewhere: those that said they would be completed later.

use persevere_proto::api::{
    common::v1::{Payload, Payloads},
    failure::v1::Failure,
    workflowservice::v1::{
        RecordActivityTaskHeartbeatByIdRequest, RecordActivityTaskHeartbeatRequest,
        RespondActivityTaskCompletedByIdRequest, RespondActivityTaskCompletedRequest,
        RespondActivityTaskFailedByIdRequest, RespondActivityTaskFailedRequest,
    },
};

use super::{Client, ClientError, WorkflowRef, rpc, start::payloads};

/// An activity that waits to be finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActivityRef {
    /// One attempt, by its task token.
    Token(Vec<u8>),
    /// The current attempt, by the activity's id.
    Id {
        /// The workflow that scheduled it.
        workflow: WorkflowRef,
        /// The activity's id.
        activity_id: String,
    },
}

impl Client {
    /// Completes an activity with a result.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] if the attempt is over; other failures of the call.
    pub async fn complete_activity(
        &self,
        activity: &ActivityRef,
        result: Option<Payload>,
    ) -> Result<(), ClientError> {
        let result = result.map(|payload| Payloads { payloads: vec![payload] });
        let (namespace, identity) = (self.namespace().into(), self.identity().into());
        match activity {
            ActivityRef::Token(token) => {
                let request = RespondActivityTaskCompletedRequest {
                    task_token: token.clone(),
                    result,
                    identity,
                    namespace,
                    ..Default::default()
                };
                let call =
                    self.call("complete activity", request, rpc!(respond_activity_task_completed));
                call.await.map(drop)
            }
            ActivityRef::Id { workflow, activity_id } => {
                let request = RespondActivityTaskCompletedByIdRequest {
                    namespace,
                    workflow_id: workflow.workflow_id.clone(),
                    run_id: workflow.run_id.clone().unwrap_or_default(),
                    activity_id: activity_id.clone(),
                    result,
                    identity,
                    ..Default::default()
                };
                let call = self.call(
                    "complete activity",
                    request,
                    rpc!(respond_activity_task_completed_by_id),
                );
                call.await.map(drop)
            }
        }
    }

    /// Fails an activity; its retry policy decides whether it is tried again.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] if the attempt is over; other failures of the call.
    pub async fn fail_activity(
        &self,
        activity: &ActivityRef,
        failure: Failure,
    ) -> Result<(), ClientError> {
        let (namespace, identity) = (self.namespace().into(), self.identity().into());
        match activity {
            ActivityRef::Token(token) => {
                let request = RespondActivityTaskFailedRequest {
                    task_token: token.clone(),
                    failure: Some(failure),
                    identity,
                    namespace,
                    ..Default::default()
                };
                let call = self.call("fail activity", request, rpc!(respond_activity_task_failed));
                call.await.map(drop)
            }
            ActivityRef::Id { workflow, activity_id } => {
                let request = RespondActivityTaskFailedByIdRequest {
                    namespace,
                    workflow_id: workflow.workflow_id.clone(),
                    run_id: workflow.run_id.clone().unwrap_or_default(),
                    activity_id: activity_id.clone(),
                    failure: Some(failure),
                    identity,
                    ..Default::default()
                };
                let call =
                    self.call("fail activity", request, rpc!(respond_activity_task_failed_by_id));
                call.await.map(drop)
            }
        }
    }

    /// Reports progress of an activity; `true` if it should stop.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] if the attempt is over; other failures of the call.
    pub async fn heartbeat_activity(
        &self,
        activity: &ActivityRef,
        details: Vec<Payload>,
    ) -> Result<bool, ClientError> {
        let (namespace, identity) = (self.namespace().into(), self.identity().into());
        match activity {
            ActivityRef::Token(token) => {
                let request = RecordActivityTaskHeartbeatRequest {
                    task_token: token.clone(),
                    details: payloads(details),
                    identity,
                    namespace,
                    ..Default::default()
                };
                let call = self.call("heartbeat", request, rpc!(record_activity_task_heartbeat));
                Ok(call.await?.cancel_requested)
            }
            ActivityRef::Id { workflow, activity_id } => {
                let request = RecordActivityTaskHeartbeatByIdRequest {
                    namespace,
                    workflow_id: workflow.workflow_id.clone(),
                    run_id: workflow.run_id.clone().unwrap_or_default(),
                    activity_id: activity_id.clone(),
                    details: payloads(details),
                    identity,
                    ..Default::default()
                };
                let call =
                    self.call("heartbeat", request, rpc!(record_activity_task_heartbeat_by_id));
                Ok(call.await?.cancel_requested)
            }
        }
    }
}
