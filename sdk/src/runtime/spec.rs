//! What a workflow asks for, as plain data: one spec for each kind of operation, and the
//! registrations a worker is made of.
//!
//! Everything here is untyped: values are [`Payload`]s and failures are [`Failure`]s, exactly as
//! they travel. The typed layer (definition traits, calls, decoded errors) is built on top.
//! Nothing here decides anything: defaults that matter are the server's.

use std::{borrow::Cow, future::Future, pin::Pin, sync::Arc, time::Duration};

use persevere_proto::api::{
    common::v1::{Memo, Payload, Priority, RetryPolicy, SearchAttributes},
    enums::v1::{ParentClosePolicy, WorkflowIdReusePolicy},
    failure::v1::Failure,
};

use crate::worker::ActivityContext;

/// Where in the user's code an operation was asked for; carried for messages only.
pub type Location = &'static std::panic::Location<'static>;

/// `src/pay.rs:31`.
pub(crate) fn in_words(location: Location) -> String {
    format!("{}:{}", location.file(), location.line())
}

/// A boxed future that stays on its thread, as everything inside a workflow does.
pub type LocalBoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// A boxed future that may move between threads, as activities may.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A running workflow function.
pub type WorkflowFuture = LocalBoxFuture<'static, Result<Option<Payload>, WorkflowExit>>;

/// A workflow that a worker can run.
#[derive(Clone, Debug)]
pub struct WorkflowRegistration {
    /// The workflow type, as on the wire.
    pub name: Cow<'static, str>,
    /// Decodes the input and makes the future. It is called inside the workflow's context, so it
    /// may itself start operations. A [`DecodeError`] fails the workflow task, not the workflow.
    pub start: fn(Vec<Payload>) -> Result<WorkflowFuture, DecodeError>,
}

/// What an activity's implementation looks like to the worker.
pub type ActivityFn = dyn Fn(ActivityContext, Vec<Payload>) -> BoxFuture<'static, Result<Option<Payload>, Failure>>
    + Send
    + Sync;

/// An activity that a worker can execute.
#[derive(Clone)]
pub struct ActivityRegistration {
    /// The activity type, as on the wire.
    pub name: Cow<'static, str>,
    /// Decodes the input and runs the activity. Undecodable input is a [`Failure`] like any other;
    /// a panic is turned into a retryable failure by the worker.
    pub execute: Arc<ActivityFn>,
}

impl std::fmt::Debug for ActivityRegistration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ActivityRegistration").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A value that could not be decoded into what the code expects.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct DecodeError {
    /// What was expected, what came, and why it does not fit.
    pub message: String,
}

/// How a workflow function ends, other than by returning a value.
#[derive(Clone, Debug)]
pub enum WorkflowExit {
    /// The run closes as failed. The server may retry it if it has a retry policy.
    Failed(Failure),
    /// The run closes as cancelled, with these details.
    Cancelled(Vec<Payload>),
    /// The run closes and a new one with a fresh history takes its place.
    ContinueAsNew(Box<ContinueAsNewSpec>),
}

/// The run that follows a continue-as-new. What is left out is inherited from the current run.
#[derive(Clone, Debug, Default)]
pub struct ContinueAsNewSpec {
    /// The workflow type; the current one if absent.
    pub kind: Option<String>,
    /// The input of the new run.
    pub input: Vec<Payload>,
    /// The task queue; the current one if absent.
    pub task_queue: Option<String>,
    /// How long the new run may take; the current run's limit if absent.
    pub run_timeout: Option<Duration>,
    /// How long one workflow task may take; the current run's limit if absent.
    pub task_timeout: Option<Duration>,
    /// Retry policy of the new run.
    pub retry: Option<RetryPolicy>,
    /// Memo of the new run; the current run's if absent.
    pub memo: Option<Memo>,
    /// Search attributes of the new run; the current run's if absent.
    pub search_attributes: Option<SearchAttributes>,
}

/// An activity to schedule.
#[derive(Clone, Debug)]
pub struct ActivitySpec {
    /// The activity type, as on the wire.
    pub kind: String,
    /// The arguments, one payload each.
    pub input: Vec<Payload>,
    /// Time limits, retries and routing.
    pub options: ActivityOptions,
    /// Where the user's code asked for it.
    pub location: Location,
}

/// Options of an activity. The server refuses an activity that has neither a start-to-close nor a
/// schedule-to-close limit.
#[derive(Clone, Debug, Default)]
pub struct ActivityOptions {
    /// The activity's id, unique among the run's pending activities; a sequence number if absent.
    pub activity_id: Option<String>,
    /// The task queue; the workflow's own if absent.
    pub task_queue: Option<String>,
    /// Limit over all attempts, from the first scheduling.
    pub schedule_to_close: Option<Duration>,
    /// Limit for waiting in the task queue.
    pub schedule_to_start: Option<Duration>,
    /// Limit of one attempt.
    pub start_to_close: Option<Duration>,
    /// Limit between two heartbeats of one attempt.
    pub heartbeat: Option<Duration>,
    /// Retry policy; the server's defaults (retry for ever, from 1 s, doubling) if absent.
    pub retry: Option<RetryPolicy>,
    /// What cancelling means to the awaiting workflow.
    pub cancellation: CancellationType,
    /// Forbids handing the activity to this worker together with the completion that schedules it.
    pub no_eager: bool,
    /// Priority and fairness.
    pub priority: Option<Priority>,
    /// One line shown in user interfaces.
    pub summary: Option<Payload>,
}

/// What cancelling an activity or a child means to the workflow that awaits it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CancellationType {
    /// Ask it to stop, and resolve at once as cancelled.
    #[default]
    TryCancel,
    /// Ask it to stop, and resolve when it has: it may still complete or fail.
    WaitForCompletion,
    /// Do not ask it to stop; resolve at once as cancelled.
    Abandon,
}

/// A timer to start.
#[derive(Clone, Debug)]
pub struct TimerSpec {
    /// How long until it fires.
    pub duration: Duration,
    /// One line shown in user interfaces.
    pub summary: Option<Payload>,
    /// Where the user's code asked for it.
    pub location: Location,
}

/// A child workflow to start.
#[derive(Clone, Debug)]
pub struct ChildSpec {
    /// The workflow type, as on the wire.
    pub kind: String,
    /// The arguments, one payload each.
    pub input: Vec<Payload>,
    /// The child's workflow id; a deterministic unique one if absent.
    pub workflow_id: Option<String>,
    /// Time limits, retries, routing and policies.
    pub options: ChildOptions,
    /// Where the user's code asked for it.
    pub location: Location,
}

/// Options of a child workflow.
#[derive(Clone, Debug, Default)]
pub struct ChildOptions {
    /// The task queue; the parent's own if absent.
    pub task_queue: Option<String>,
    /// Limit over all runs of the child.
    pub execution_timeout: Option<Duration>,
    /// Limit of one run.
    pub run_timeout: Option<Duration>,
    /// Limit of one workflow task.
    pub task_timeout: Option<Duration>,
    /// What happens to the child when the parent closes; the server terminates it by default.
    pub parent_close: ParentClosePolicy,
    /// Whether the id may be one that a closed workflow had.
    pub id_reuse: WorkflowIdReusePolicy,
    /// Retry policy of the child; none if absent.
    pub retry: Option<RetryPolicy>,
    /// Cron expression; none if absent.
    pub cron: Option<String>,
    /// Memo of the child.
    pub memo: Option<Memo>,
    /// Search attributes of the child.
    pub search_attributes: Option<SearchAttributes>,
    /// What cancelling means to the awaiting parent.
    pub cancellation: CancellationType,
    /// Priority and fairness.
    pub priority: Option<Priority>,
    /// One line shown in user interfaces.
    pub summary: Option<Payload>,
}

/// Another workflow execution, as a target for signals and cancellation.
#[derive(Clone, Debug, Default)]
pub struct ExternalTarget {
    /// The workflow id.
    pub workflow_id: String,
    /// The run; the current one if absent.
    pub run_id: Option<String>,
    /// Refuse a target that is not a child of this workflow.
    pub child_only: bool,
}

/// A signal to send to another workflow execution.
#[derive(Clone, Debug)]
pub struct SignalExternalSpec {
    /// Whom to signal.
    pub target: ExternalTarget,
    /// The signal's name.
    pub name: String,
    /// The arguments, one payload each.
    pub input: Vec<Payload>,
    /// Where the user's code asked for it.
    pub location: Location,
}

/// A cancellation request to send to another workflow execution.
#[derive(Clone, Debug)]
pub struct CancelExternalSpec {
    /// Whom to cancel.
    pub target: ExternalTarget,
    /// Why, for the target's history.
    pub reason: String,
    /// Where the user's code asked for it.
    pub location: Location,
}

/// A signal taken from the run's buffer.
#[derive(Clone, Debug)]
pub struct ReceivedSignal {
    /// The signal's name.
    pub name: String,
    /// The arguments, one payload each.
    pub input: Vec<Payload>,
    /// Who sent it.
    pub identity: String,
}
