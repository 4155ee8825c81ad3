//! Starting workflows, alone or together with a signal.

use std::{collections::HashMap, time::Duration};

use persevere_proto::api::{
    common::v1::{Memo, Payload, Payloads, Priority, RetryPolicy, SearchAttributes, WorkflowType},
    enums::v1::{WorkflowIdConflictPolicy, WorkflowIdReusePolicy},
    sdk::v1::UserMetadata,
    taskqueue::v1::TaskQueue,
    workflowservice::v1::{SignalWithStartWorkflowExecutionRequest, StartWorkflowExecutionRequest},
};
use uuid::Uuid;

use super::{Client, ClientError, rpc};
use crate::wire_time::duration_to_wire;

/// A workflow to start.
#[derive(Clone, Debug, Default)]
pub struct StartSpec {
    /// The workflow id: at most one open run has it.
    pub workflow_id: String,
    /// The workflow type.
    pub kind: String,
    /// The task queue whose workers run it.
    pub task_queue: String,
    /// The arguments, one payload each.
    pub input: Vec<Payload>,
    /// Everything else.
    pub options: StartOptions,
}

/// Options of a start. What is left out is the server's default.
#[derive(Clone, Debug, Default)]
pub struct StartOptions {
    /// Limit over all runs of the chain.
    pub execution_timeout: Option<Duration>,
    /// Limit of one run.
    pub run_timeout: Option<Duration>,
    /// Limit of one workflow task; 10 s by default.
    pub task_timeout: Option<Duration>,
    /// What to do if a closed workflow has the id.
    pub id_reuse: WorkflowIdReusePolicy,
    /// What to do if an open workflow has the id.
    pub id_conflict: WorkflowIdConflictPolicy,
    /// Retry policy of the workflow itself; none by default.
    pub retry: Option<RetryPolicy>,
    /// Cron expression.
    pub cron: Option<String>,
    /// How long to wait before the first workflow task.
    pub start_delay: Option<Duration>,
    /// Memo: not indexed, returned by describe and list.
    pub memo: HashMap<String, Payload>,
    /// Search attributes: indexed, of registered names and types.
    pub search_attributes: HashMap<String, Payload>,
    /// Priority and fairness.
    pub priority: Option<Priority>,
    /// One line shown in user interfaces.
    pub summary: Option<Payload>,
    /// Several lines shown in user interfaces.
    pub details: Option<Payload>,
    /// Makes repeated starts one; random by default. Two starts with the same request id give the
    /// same run.
    pub request_id: Option<String>,
}

/// A signal to send.
#[derive(Clone, Debug, Default)]
pub struct SignalSpec {
    /// The signal's name.
    pub name: String,
    /// The arguments, one payload each.
    pub input: Vec<Payload>,
}

/// What a start came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartedRun {
    /// The run, new or found.
    pub run_id: String,
    /// Whether this call started it.
    pub started: bool,
}

impl Client {
    /// Starts a workflow.
    ///
    /// # Errors
    /// [`ClientError::AlreadyStarted`] if the id is taken and the policies say so; other failures of
    /// the call.
    pub async fn start_workflow(&self, spec: StartSpec) -> Result<StartedRun, ClientError> {
        let StartSpec { workflow_id, kind, task_queue, input, options } = spec;
        let request = StartWorkflowExecutionRequest {
            namespace: self.namespace().into(),
            workflow_id,
            workflow_type: Some(WorkflowType { name: kind }),
            task_queue: Some(TaskQueue { name: task_queue, ..Default::default() }),
            input: payloads(input),
            workflow_execution_timeout: options.execution_timeout.map(duration_to_wire),
            workflow_run_timeout: options.run_timeout.map(duration_to_wire),
            workflow_task_timeout: options.task_timeout.map(duration_to_wire),
            identity: self.identity().into(),
            request_id: options.request_id.unwrap_or_else(new_request_id),
            workflow_id_reuse_policy: options.id_reuse.into(),
            workflow_id_conflict_policy: options.id_conflict.into(),
            retry_policy: options.retry,
            cron_schedule: options.cron.unwrap_or_default(),
            memo: memo(options.memo),
            search_attributes: search_attributes(options.search_attributes),
            workflow_start_delay: options.start_delay.map(duration_to_wire),
            user_metadata: user_metadata(options.summary, options.details),
            priority: options.priority,
            ..Default::default()
        };
        let call = self.call("start workflow", request, rpc!(start_workflow_execution));
        let response = call.await?;
        Ok(StartedRun { run_id: response.run_id, started: response.started })
    }

    /// Sends a signal to a workflow, and starts it first if it is not running.
    ///
    /// # Errors
    /// Failures of the call.
    pub async fn signal_with_start(
        &self,
        spec: StartSpec,
        signal: SignalSpec,
    ) -> Result<StartedRun, ClientError> {
        let StartSpec { workflow_id, kind, task_queue, input, options } = spec;
        let request = SignalWithStartWorkflowExecutionRequest {
            namespace: self.namespace().into(),
            workflow_id,
            workflow_type: Some(WorkflowType { name: kind }),
            task_queue: Some(TaskQueue { name: task_queue, ..Default::default() }),
            input: payloads(input),
            workflow_execution_timeout: options.execution_timeout.map(duration_to_wire),
            workflow_run_timeout: options.run_timeout.map(duration_to_wire),
            workflow_task_timeout: options.task_timeout.map(duration_to_wire),
            identity: self.identity().into(),
            request_id: options.request_id.unwrap_or_else(new_request_id),
            workflow_id_reuse_policy: options.id_reuse.into(),
            workflow_id_conflict_policy: options.id_conflict.into(),
            signal_name: signal.name,
            signal_input: payloads(signal.input),
            retry_policy: options.retry,
            cron_schedule: options.cron.unwrap_or_default(),
            memo: memo(options.memo),
            search_attributes: search_attributes(options.search_attributes),
            workflow_start_delay: options.start_delay.map(duration_to_wire),
            user_metadata: user_metadata(options.summary, options.details),
            priority: options.priority,
            ..Default::default()
        };
        let call =
            self.call("signal with start", request, rpc!(signal_with_start_workflow_execution));
        let response = call.await?;
        Ok(StartedRun { run_id: response.run_id, started: response.started })
    }
}

/// Fixed for all tries of one call, so that the server can tell a repetition from a second request.
pub(super) fn new_request_id() -> String {
    Uuid::new_v4().to_string()
}

pub(super) fn payloads(payloads: Vec<Payload>) -> Option<Payloads> {
    (!payloads.is_empty()).then_some(Payloads { payloads })
}

fn memo(fields: HashMap<String, Payload>) -> Option<Memo> {
    (!fields.is_empty()).then_some(Memo { fields })
}

fn search_attributes(indexed_fields: HashMap<String, Payload>) -> Option<SearchAttributes> {
    (!indexed_fields.is_empty()).then_some(SearchAttributes { indexed_fields })
}

fn user_metadata(summary: Option<Payload>, details: Option<Payload>) -> Option<UserMetadata> {
    let any = summary.is_some() || details.is_some();
    any.then_some(UserMetadata { summary, details })
}
