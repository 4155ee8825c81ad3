//! What code inside a workflow can ask of its executor: the boundary between the untyped runtime
//! and the typed layer.
//!
//! Every function finds its executor through a thread-local that is set around each poll of the
//! workflow and cleared after it, also on unwinding. Anywhere else it answers with
//! [`NoWorkflowContext`] (functions) or resolves to a failure made from it (operations): it never
//! runs anything inline and never panics.
//!
//! An operation's command is emitted when its function is called. Dropping an operation that has
//! not finished cancels it; [`Operation::detach`] opts out. After the run has been asked to cancel,
//! the next await of an operation outside of [`shielded`] resolves to a cancelled failure.

use std::{
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context as TaskContext, Poll},
    time::SystemTime,
};

use persevere_proto::api::{common::v1::Payload, failure::v1::Failure};

use super::spec::{
    ActivitySpec, CancelExternalSpec, ChildSpec, LocalBoxFuture, Location, ReceivedSignal,
    SignalExternalSpec, TimerSpec, WorkflowExit,
};

/// Something that only a workflow can do was asked for elsewhere.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error(
    "{called} at {location} was not called inside a workflow: the workflow's context does not \
     reach spawned tasks, other threads or ordinary async code"
)]
pub struct NoWorkflowContext {
    /// What was called.
    pub called: &'static str,
    /// Where.
    pub location: Location,
}

/// `type` of the application failure that [`NoWorkflowContext`] becomes.
pub const NO_WORKFLOW_CONTEXT: &str = "NoWorkflowContext";

impl From<NoWorkflowContext> for Failure {
    fn from(error: NoWorkflowContext) -> Self {
        use persevere_proto::api::failure::v1::{ApplicationFailureInfo, failure::FailureInfo};
        let info = ApplicationFailureInfo {
            r#type: NO_WORKFLOW_CONTEXT.into(),
            non_retryable: true,
            ..Default::default()
        };
        Failure {
            message: error.to_string(),
            failure_info: Some(FailureInfo::ApplicationFailureInfo(info)),
            ..Default::default()
        }
    }
}

/// What is known about the running workflow from its start.
#[derive(Clone, Debug, Default)]
pub struct WorkflowInfo {
    /// The namespace.
    pub namespace: String,
    /// The task queue the run's tasks come from.
    pub task_queue: String,
    /// The workflow id.
    pub workflow_id: String,
    /// This run.
    pub run_id: String,
    /// The workflow type.
    pub workflow_type: String,
    /// First run of the chain of retries and continuations.
    pub first_run_id: String,
    /// The run before this one in the chain.
    pub continued_run_id: Option<String>,
    /// 1 for the first try; grows with the retries of the workflow itself.
    pub attempt: u32,
    /// The parent's workflow id and run id, in a child.
    pub parent: Option<(String, String)>,
    /// The result of the last completed run of the chain.
    pub last_result: Vec<Payload>,
    /// The failure of the run before this one, in a retry.
    pub last_failure: Option<Failure>,
    /// Cron expression, if any.
    pub cron: Option<String>,
    /// When the run started.
    pub started: Option<SystemTime>,
}

/// An activity, timer, external signal or external cancellation in flight.
#[derive(Debug)]
#[must_use = "dropping an unfinished operation cancels it; await it or call `detach`"]
pub struct Operation {
    refused: Option<Failure>,
}

impl Operation {
    /// Lets it run on unobserved.
    pub fn detach(self) {}

    /// Asks it to stop while it can still be awaited.
    pub fn cancel(&self) {}
}

impl Future for Operation {
    type Output = Result<Option<Payload>, Failure>;

    fn poll(mut self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Self::Output> {
        self.refused.take().map_or(Poll::Pending, |failure| Poll::Ready(Err(failure)))
    }
}

/// A child workflow in flight; awaited, it is the child's result.
#[derive(Debug)]
#[must_use = "dropping an unfinished child cancels it; await it or call `detach`"]
pub struct ChildOperation {
    refused: Option<Failure>,
    workflow_id: String,
}

impl ChildOperation {
    /// The child's workflow id.
    #[must_use]
    pub fn workflow_id(&self) -> &str {
        &self.workflow_id
    }

    /// Resolves to the child's run id once it has started, or to why it could not.
    pub fn started(&mut self) -> impl Future<Output = Result<String, Failure>> + '_ {
        std::future::ready(Err(self.refused.clone().unwrap_or_default()))
    }

    /// Lets it run on unobserved; what the parent's close does to it is its parent close policy.
    pub fn detach(self) {}

    /// Asks it to stop while it can still be awaited.
    pub fn cancel(&self) {}
}

impl Future for ChildOperation {
    type Output = Result<Option<Payload>, Failure>;

    fn poll(mut self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Self::Output> {
        self.refused.take().map_or(Poll::Pending, |failure| Poll::Ready(Err(failure)))
    }
}

/// A wait for the next signal of one name. Dropping it loses no signal.
#[derive(Debug)]
#[must_use = "a wait does nothing unless awaited"]
pub struct SignalWait {
    refused: Option<Failure>,
}

impl Future for SignalWait {
    /// `Err` is a cancelled failure: the run was asked to cancel while this waited unshielded.
    type Output = Result<ReceivedSignal, Failure>;

    fn poll(mut self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Self::Output> {
        self.refused.take().map_or(Poll::Pending, |failure| Poll::Ready(Err(failure)))
    }
}

/// Schedules an activity.
pub fn schedule_activity(spec: ActivitySpec) -> Operation {
    refuse("an activity", spec.location)
}

/// Starts a timer; the operation resolves to `Ok(None)`.
pub fn start_timer(spec: TimerSpec) -> Operation {
    refuse("a timer", spec.location)
}

/// Starts a child workflow.
pub fn start_child(spec: ChildSpec) -> ChildOperation {
    let refused = NoWorkflowContext { called: "a child workflow", location: spec.location }.into();
    ChildOperation { refused: Some(refused), workflow_id: spec.workflow_id.unwrap_or_default() }
}

/// Signals another execution; the operation resolves to `Ok(None)` once the server has delivered it.
pub fn signal_external(spec: SignalExternalSpec) -> Operation {
    refuse("a signal to another workflow", spec.location)
}

/// Asks another execution to cancel; the operation resolves to `Ok(None)` once that is recorded.
pub fn cancel_external(spec: CancelExternalSpec) -> Operation {
    refuse("cancelling another workflow", spec.location)
}

/// Waits for the next signal of this name: those of the whole run, in history order, each given to
/// one wait.
#[track_caller]
pub fn receive_signal(name: &str) -> SignalWait {
    let _ = name;
    SignalWait { refused: Some(no_context("receive_signal").into()) }
}

/// The next buffered signal of this name, if there is one.
#[track_caller]
pub fn try_receive_signal(name: &str) -> Result<Option<ReceivedSignal>, NoWorkflowContext> {
    let _ = name;
    Err(no_context("try_receive_signal"))
}

/// Answers a query; handlers only look, so operations inside them resolve to a failure.
#[track_caller]
pub fn register_query(
    name: &str,
    handler: impl Fn(Vec<Payload>) -> Result<Option<Payload>, Failure> + 'static,
) -> Result<(), NoWorkflowContext> {
    let _ = (name, handler);
    Err(no_context("register_query"))
}

/// What is known about the running workflow from its start.
#[track_caller]
pub fn workflow_info() -> Result<Rc<WorkflowInfo>, NoWorkflowContext> {
    Err(no_context("workflow_info"))
}

/// The workflow's time: when its current workflow task started. It stands still between awaits and
/// is the same in every replay.
#[track_caller]
pub fn now() -> Result<SystemTime, NoWorkflowContext> {
    Err(no_context("now"))
}

/// 64 random bits, the same in every replay.
#[track_caller]
pub fn random_u64() -> Result<u64, NoWorkflowContext> {
    Err(no_context("random_u64"))
}

/// A random (version 4) UUID, the same in every replay.
#[track_caller]
pub fn uuid4() -> Result<uuid::Uuid, NoWorkflowContext> {
    Err(no_context("uuid4"))
}

/// Whether the code is being run again over recorded history; for logs, never for decisions.
#[track_caller]
pub fn is_replaying() -> Result<bool, NoWorkflowContext> {
    Err(no_context("is_replaying"))
}

/// Whether the run has been asked to cancel.
#[track_caller]
pub fn cancel_requested() -> Result<bool, NoWorkflowContext> {
    Err(no_context("cancel_requested"))
}

/// Resolves when the run is asked to cancel.
#[track_caller]
pub fn until_cancel_requested() -> impl Future<Output = Result<(), NoWorkflowContext>> {
    std::future::ready(Err(no_context("until_cancel_requested")))
}

/// Events in the history as of the current workflow task.
#[track_caller]
pub fn history_length() -> Result<u64, NoWorkflowContext> {
    Err(no_context("history_length"))
}

/// Whether the server suggests to continue as new, as of the current workflow task.
#[track_caller]
pub fn continue_as_new_suggested() -> Result<bool, NoWorkflowContext> {
    Err(no_context("continue_as_new_suggested"))
}

/// Ends the run this way as soon as the current poll returns, whatever the code still waits for.
/// Futures given to [`before_close`] are still run.
#[track_caller]
pub fn exit(exit: WorkflowExit) -> Result<(), NoWorkflowContext> {
    drop(exit);
    Err(no_context("exit"))
}

/// Runs a future beside the workflow function, shielded from cancellation, from now on; the run
/// closes only when it has finished. Compensations of a dropped saga go here.
#[track_caller]
pub fn before_close(future: LocalBoxFuture<'static, ()>) -> Result<(), NoWorkflowContext> {
    drop(future);
    Err(no_context("before_close"))
}

/// Runs a future whose operations do not notice that the run has been asked to cancel.
pub fn shielded<F: Future>(future: F) -> Shielded<F> {
    Shielded { future: Box::pin(future) }
}

/// See [`shielded`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Shielded<F> {
    future: Pin<Box<F>>,
}

impl<F: Future> Future for Shielded<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<F::Output> {
        self.future.as_mut().poll(cx)
    }
}

fn refuse(called: &'static str, location: Location) -> Operation {
    Operation { refused: Some(NoWorkflowContext { called, location }.into()) }
}

#[track_caller]
fn no_context(called: &'static str) -> NoWorkflowContext {
    NoWorkflowContext { called, location: std::panic::Location::caller() }
}
