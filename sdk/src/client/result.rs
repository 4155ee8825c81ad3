//! Waiting for a workflow to close, over all the runs of its chain.

use persevere_proto::api::{
    common::v1::{Payload, Payloads},
    enums::v1::HistoryEventFilterType,
    failure::v1::Failure,
    history::v1::{HistoryEvent, history_event::Attributes},
    workflowservice::v1::GetWorkflowExecutionHistoryRequest,
};

use super::{Client, ClientError, Limits, WorkflowRef, rpc};

/// A workflow closed without a result, or waiting for it failed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResultError {
    /// The workflow failed.
    #[error("the workflow failed: {}", .0.message)]
    Failed(Box<Failure>),
    /// The workflow closed as cancelled, with these details.
    #[error("the workflow was cancelled")]
    Cancelled(Vec<Payload>),
    /// Someone terminated the workflow.
    #[error("the workflow was terminated: {reason}")]
    Terminated {
        /// Why.
        reason: String,
    },
    /// The workflow took longer than it may.
    #[error("the workflow timed out")]
    TimedOut,
    /// The call failed.
    #[error(transparent)]
    Client(#[from] ClientError),
}

impl Client {
    /// Waits until a workflow has closed and gives its result. Follows it through continue-as-new
    /// and through the retries and cron runs that replace a run, to the last run of the chain.
    ///
    /// # Errors
    /// How it closed, other than with a result; failures of the call.
    pub async fn result(&self, workflow: &WorkflowRef) -> Result<Option<Payload>, ResultError> {
        let mut workflow = workflow.clone();
        loop {
            let event = self.close_event(&workflow).await?;
            match closed(event)? {
                Closed::Result(payload) => return Ok(payload),
                Closed::Continued(run_id) => workflow.run_id = Some(run_id),
            }
        }
    }

    /// Waits for the event that closes a run.
    async fn close_event(&self, workflow: &WorkflowRef) -> Result<HistoryEvent, ClientError> {
        let mut next_page_token = Vec::new();
        loop {
            let request = GetWorkflowExecutionHistoryRequest {
                namespace: self.namespace().into(),
                execution: Some(workflow.to_wire()),
                next_page_token,
                wait_new_event: true,
                history_event_filter_type: HistoryEventFilterType::CloseEvent.into(),
                skip_archival: true,
                ..Default::default()
            };
            let call = self.connection().call(
                "wait for the workflow's result",
                Limits::WAIT,
                request,
                rpc!(get_workflow_execution_history),
            );
            let response = call.await?;
            if let Some(event) =
                response.history.and_then(|history| history.events.into_iter().last())
            {
                return Ok(event);
            }
            // Without a token the next request begins anew, which is right, too.
            next_page_token = response.next_page_token;
        }
    }
}

enum Closed {
    Result(Option<Payload>),
    Continued(String),
}

fn closed(event: HistoryEvent) -> Result<Closed, ResultError> {
    use Attributes as A;
    let next = |run_id: String| Some(run_id).filter(|id| !id.is_empty()).map(Closed::Continued);
    match event.attributes {
        Some(A::WorkflowExecutionCompletedEventAttributes(a)) => {
            Ok(next(a.new_execution_run_id).unwrap_or_else(|| Closed::Result(first(a.result))))
        }
        Some(A::WorkflowExecutionFailedEventAttributes(a)) => next(a.new_execution_run_id)
            .ok_or_else(|| ResultError::Failed(Box::new(a.failure.unwrap_or_default()))),
        Some(A::WorkflowExecutionTimedOutEventAttributes(a)) => {
            next(a.new_execution_run_id).ok_or(ResultError::TimedOut)
        }
        Some(A::WorkflowExecutionContinuedAsNewEventAttributes(a)) => {
            Ok(Closed::Continued(a.new_execution_run_id))
        }
        Some(A::WorkflowExecutionCanceledEventAttributes(a)) => {
            Err(ResultError::Cancelled(a.details.map(|d| d.payloads).unwrap_or_default()))
        }
        Some(A::WorkflowExecutionTerminatedEventAttributes(a)) => {
            Err(ResultError::Terminated { reason: a.reason })
        }
        _ => Err(ResultError::Client(ClientError::Rpc {
            operation: "wait for the workflow's result",
            code: tonic::Code::Internal,
            message: format!("the server sent event {} as the close event", event.event_id),
        })),
    }
}

fn first(payloads: Option<Payloads>) -> Option<Payload> {
    payloads.and_then(|payloads| payloads.payloads.into_iter().next())
}
