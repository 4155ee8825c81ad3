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

mod begin;
mod operation;

use std::{
    collections::HashMap,
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context as TaskContext, Poll},
    time::SystemTime,
};

use persevere_proto::api::{common::v1::Payload, failure::v1::Failure};

pub use self::{
    begin::{cancel_external, schedule_activity, signal_external, start_child, start_timer},
    operation::{ChildOperation, ChildStarted, Operation, SignalWait},
};
pub use super::{
    context::READ_ONLY_CONTEXT,
    failures::is_cancelled,
    queries::UNKNOWN_QUERY,
    resolution::{CHILD_ALREADY_EXISTS, EXTERNAL_NOT_FOUND},
};
use super::{
    context::{self, Context},
    failures::application,
    spec::{LocalBoxFuture, Location, ReceivedSignal, WorkflowExit},
};

/// Something that only a workflow can do was asked for elsewhere.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("{called} at {location} {}", self.why())]
pub struct NoWorkflowContext {
    /// What was called.
    pub called: &'static str,
    /// Where.
    pub location: Location,
    /// It was called by a query handler, inside a workflow but only to look at it.
    pub querying: bool,
}

impl NoWorkflowContext {
    fn why(&self) -> &'static str {
        if self.querying {
            "was asked for by a query handler; queries only look, so that they can be answered at \
             any time without a trace"
        } else {
            "was not called inside a workflow: the workflow's context does not reach spawned \
             tasks, other threads or ordinary async code"
        }
    }
}

/// `type` of the application failure that [`NoWorkflowContext`] becomes outside of workflows.
pub const NO_WORKFLOW_CONTEXT: &str = "NoWorkflowContext";

impl From<NoWorkflowContext> for Failure {
    fn from(error: NoWorkflowContext) -> Self {
        let kind = if error.querying { READ_ONLY_CONTEXT } else { NO_WORKFLOW_CONTEXT };
        application(error.to_string(), kind, true)
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
    /// The workflow id and run id at the root of the tree of children, in a child.
    pub root: Option<(String, String)>,
    /// The result of the last completed run of the chain.
    pub last_result: Vec<Payload>,
    /// The failure of the run before this one, in a retry.
    pub last_failure: Option<Failure>,
    /// Cron expression, if any.
    pub cron: Option<String>,
    /// The memo it was started with.
    pub memo: HashMap<String, Payload>,
    /// The search attributes it was started with.
    pub search_attributes: HashMap<String, Payload>,
    /// When the run started.
    pub started: Option<SystemTime>,
}

/// Waits for the next signal of this name: those of the whole run, in history order, each given to
/// one wait.
#[track_caller]
pub fn receive_signal(name: &str) -> SignalWait {
    let location = std::panic::Location::caller();
    SignalWait::new(context::current_to_change("receive_signal", location), name, location)
}

/// The next buffered signal of this name, if there is one.
#[track_caller]
pub fn try_receive_signal(name: &str) -> Result<Option<ReceivedSignal>, NoWorkflowContext> {
    let context = here_to_change("try_receive_signal")?;
    let taken = context.state.borrow_mut().signals.take(name);
    Ok(taken)
}

/// Answers a query; handlers only look, so operations inside them resolve to a failure.
#[track_caller]
pub fn register_query(
    name: &str,
    handler: impl Fn(Vec<Payload>) -> Result<Option<Payload>, Failure> + 'static,
) -> Result<(), NoWorkflowContext> {
    let context = here_to_change("register_query")?;
    let replaced = context.state.borrow_mut().queries.insert(name.to_owned(), Rc::new(handler));
    // Dropped only now: the old handler may own anything.
    drop(replaced);
    Ok(())
}

/// What is known about the running workflow from its start.
#[track_caller]
pub fn workflow_info() -> Result<Rc<WorkflowInfo>, NoWorkflowContext> {
    Ok(here("workflow_info")?.state.borrow().info.clone())
}

/// The workflow's time: when its current workflow task started. It stands still between awaits and
/// is the same in every replay.
#[track_caller]
pub fn now() -> Result<SystemTime, NoWorkflowContext> {
    Ok(here("now")?.state.borrow().now)
}

/// 64 random bits, the same in every replay.
#[track_caller]
pub fn random_u64() -> Result<u64, NoWorkflowContext> {
    Ok(here_to_change("random_u64")?.state.borrow_mut().random.next_u64())
}

/// A random (version 4) UUID, the same in every replay.
#[track_caller]
pub fn uuid4() -> Result<uuid::Uuid, NoWorkflowContext> {
    Ok(here_to_change("uuid4")?.state.borrow_mut().random.uuid4())
}

/// Whether the code is being run again over recorded history; for logs, never for decisions.
#[track_caller]
pub fn is_replaying() -> Result<bool, NoWorkflowContext> {
    Ok(here("is_replaying")?.state.borrow().replaying)
}

/// Whether the run has been asked to cancel.
#[track_caller]
pub fn cancel_requested() -> Result<bool, NoWorkflowContext> {
    Ok(here("cancel_requested")?.state.borrow().cancel_requested)
}

/// Resolves when the run is asked to cancel.
#[track_caller]
pub fn until_cancel_requested() -> impl Future<Output = Result<(), NoWorkflowContext>> {
    let context = here("until_cancel_requested");
    std::future::poll_fn(move |cx| {
        let mut state = match &context {
            Ok(context) => context.state.borrow_mut(),
            Err(error) => return Poll::Ready(Err(*error)),
        };
        if state.cancel_requested {
            return Poll::Ready(Ok(()));
        }
        // Once for each task, however often it is polled.
        if !state.cancel_waiters.iter().any(|waiter| waiter.will_wake(cx.waker())) {
            state.cancel_waiters.push(cx.waker().clone());
        }
        Poll::Pending
    })
}

/// Events in the history as of the current workflow task.
#[track_caller]
pub fn history_length() -> Result<u64, NoWorkflowContext> {
    Ok(here("history_length")?.state.borrow().history_length)
}

/// Whether the server suggests to continue as new, as of the current workflow task.
#[track_caller]
pub fn continue_as_new_suggested() -> Result<bool, NoWorkflowContext> {
    Ok(here("continue_as_new_suggested")?.state.borrow().continue_as_new_suggested)
}

/// Ends the run this way as soon as the current poll returns, whatever the code still waits for.
/// Futures given to [`before_close`] are still run. The first decision to end stands.
#[track_caller]
pub fn exit(exit: WorkflowExit) -> Result<(), NoWorkflowContext> {
    here_to_change("exit")?.state.borrow_mut().finished.get_or_insert(Err(exit));
    Ok(())
}

/// Runs a future beside the workflow function, shielded from cancellation, from now on; the run
/// closes only when it has finished. Compensations of a dropped saga go here.
#[track_caller]
pub fn before_close(future: LocalBoxFuture<'static, ()>) -> Result<(), NoWorkflowContext> {
    here_to_change("before_close")?.state.borrow_mut().spawned.push(Box::pin(shielded(future)));
    Ok(())
}

/// Runs a future whose operations do not notice that the run has been asked to cancel. What counts
/// is where an operation is awaited, not where it was started.
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

    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<F::Output> {
        // Elsewhere there is nothing to shield from.
        let context = here("shielded").ok();
        let _shield = context.as_ref().map(Context::shield);
        self.future.as_mut().poll(cx)
    }
}

#[track_caller]
fn here(called: &'static str) -> Result<Rc<Context>, NoWorkflowContext> {
    context::current(called, std::panic::Location::caller())
}

#[track_caller]
fn here_to_change(called: &'static str) -> Result<Rc<Context>, NoWorkflowContext> {
    context::current_to_change(called, std::panic::Location::caller())
}
