//! Everything that can be asked of an execution: the one door.
//!
//! Requests of the public API come whole, as the API layer validated them in form (required
//! fields, lengths, no negative durations); their meaning is decided here.

use persevere_proto::api::{
    common::v1::{WorkerVersionStamp, WorkflowExecution},
    enums::v1::{
        CancelExternalWorkflowExecutionFailedCause, QueryRejectCondition,
        SignalExternalWorkflowExecutionFailedCause, StartChildWorkflowExecutionFailedCause,
    },
    history::v1::history_event::Attributes,
    query::v1::WorkflowQuery,
    workflowservice::v1::{
        RecordActivityTaskHeartbeatRequest, RequestCancelWorkflowExecutionRequest,
        RespondActivityTaskCanceledRequest, RespondActivityTaskCompletedRequest,
        RespondActivityTaskFailedRequest, RespondWorkflowTaskCompletedRequest,
        RespondWorkflowTaskFailedRequest, SignalWorkflowExecutionRequest,
        StartWorkflowExecutionRequest, TerminateWorkflowExecutionRequest,
    },
};

use crate::{key::QueueName, rejection::Rejection, state::Execution, time::Time};

/// A command to one existing run.
#[derive(Clone, Debug)]
pub enum Command {
    /// Matching found a worker for a workflow task.
    StartWorkflowTask(StartWorkflowTask),
    /// A worker advanced the workflow.
    CompleteWorkflowTask(CompleteWorkflowTask),
    /// A worker could not advance the workflow.
    FailWorkflowTask(WorkflowTaskToken, Box<RespondWorkflowTaskFailedRequest>),
    /// Matching found a worker for an activity attempt.
    StartActivity(StartActivity),
    /// An attempt succeeded.
    CompleteActivity(ActivityTarget, Box<RespondActivityTaskCompletedRequest>),
    /// An attempt failed.
    FailActivity(ActivityTarget, Box<RespondActivityTaskFailedRequest>),
    /// An attempt gave in to cancellation.
    CancelActivity(ActivityTarget, Box<RespondActivityTaskCanceledRequest>),
    /// An attempt is alive.
    HeartbeatActivity(ActivityTarget, Box<RecordActivityTaskHeartbeatRequest>),
    /// A message to the workflow's code.
    Signal(Signal),
    /// Ask the workflow's code to stop.
    RequestCancel(RequestCancel),
    /// Stop the run without asking its code.
    Terminate(Terminate),
    /// Forget which worker has the run in its cache.
    ResetSticky,
    /// Ask the workflow's code something, without leaving a trace.
    Query(Query),
    /// The caller of a query no longer waits.
    AbandonQuery(QueryId),
    /// One or more deadlines may have passed.
    Tick,
    /// The first workflow task of a child may be scheduled: its parent has recorded the start
    /// (semantics rule 59).
    ReleaseFirstWorkflowTask,
    /// What became of a message that this run sent to another execution.
    Outcome(i64, MessageOutcome),
    /// A child of this run was closed.
    ChildClosed(ChildClosed),
}

/// See [`Command::StartWorkflowTask`].
#[derive(Clone, Debug)]
pub struct StartWorkflowTask {
    /// From the offered task.
    pub scheduled_event_id: i64,
    /// From the offered task.
    pub attempt: u32,
    /// The queue whose poller takes the task.
    pub queue: QueueName,
    /// Identifies the poll, so that repeating it gives the same answer (semantics rule 46).
    pub request_id: String,
    /// The worker.
    pub identity: String,
    /// The worker's build, as it states it.
    pub worker_version: Option<WorkerVersionStamp>,
}

/// What a workflow task token says; opaque to workers (semantics rules 29 and 122).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkflowTaskToken {
    /// The event that scheduled the task, or would have.
    pub scheduled_event_id: i64,
    /// The event that started the task, or would have.
    pub started_event_id: i64,
    /// When it was started: tells apart two starts under the same ids, across a crash.
    pub started_time: Time,
    /// Starts at 1.
    pub attempt: u32,
}

/// See [`Command::CompleteWorkflowTask`].
#[derive(Clone, Debug)]
pub struct CompleteWorkflowTask {
    /// Which task.
    pub token: WorkflowTaskToken,
    /// The worker's answer.
    pub request: Box<RespondWorkflowTaskCompletedRequest>,
}

/// See [`Command::StartActivity`].
#[derive(Clone, Debug)]
pub struct StartActivity {
    /// From the offered task.
    pub scheduled_event_id: i64,
    /// From the offered task.
    pub attempt: u32,
    /// Identifies the poll, so that repeating it gives the same answer.
    pub request_id: String,
    /// The worker.
    pub identity: String,
    /// The worker's build, as it states it.
    pub worker_version: Option<WorkerVersionStamp>,
}

/// Which activity a report is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActivityTarget {
    /// By the token of one attempt.
    Token {
        /// The event that scheduled the activity.
        scheduled_event_id: i64,
        /// The attempt that the token was made for.
        attempt: u32,
        /// When that attempt was started.
        started_time: Time,
    },
    /// By the id that the workflow gave it: whichever attempt is pending (semantics rule 77).
    Id(String),
}

/// See [`Command::Signal`].
#[derive(Clone, Debug)]
pub struct Signal {
    /// What to record.
    pub request: Box<SignalWorkflowExecutionRequest>,
    /// Set if another execution sends it.
    pub sender: Option<Sender>,
}

/// The execution that sends a signal or a cancel request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// Its namespace.
    pub namespace: String,
    /// The run.
    pub execution: WorkflowExecution,
    /// The sender's event that initiated it.
    pub initiated_event_id: i64,
    /// Refuse unless the receiver is a child of the sender (semantics rule 62).
    pub child_workflow_only: bool,
}

impl Sender {
    /// Refuses a receiver that is the sender itself, or is not its child although it must be.
    pub(crate) fn check_may_reach(&self, receiver: &Execution) -> Result<(), Rejection> {
        let own = receiver.key.namespace == self.namespace
            && receiver.key.workflow_id == self.execution.workflow_id;
        if own {
            return Err(Rejection::NotFound("the target is the sender itself".into()));
        }
        let parent = receiver.recorded.started.parent_workflow_execution.as_ref();
        if !self.child_workflow_only || parent == Some(&self.execution) {
            Ok(())
        } else {
            Err(Rejection::NotFound("the target is not a child of the sender".into()))
        }
    }
}

/// See [`Command::RequestCancel`].
#[derive(Clone, Debug)]
pub struct RequestCancel {
    /// What to record.
    pub request: Box<RequestCancelWorkflowExecutionRequest>,
    /// Set if another execution sends it.
    pub sender: Option<Sender>,
}

/// See [`Command::Terminate`].
#[derive(Clone, Debug)]
pub struct Terminate {
    /// What to record.
    pub request: Box<TerminateWorkflowExecutionRequest>,
    /// Refuse unless the run is a child of this execution: a parent's close policy.
    pub parent: Option<WorkflowExecution>,
}

/// Names one query within the process; drawn by the shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueryId(pub u64);

impl std::fmt::Display for QueryId {
    /// As workers see it: a UUID, like any other id of the protocol.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (top, middle, low) = (self.0 >> 60, self.0 >> 48 & 0xfff, self.0 & 0xffff_ffff_ffff);
        write!(f, "00000000-0000-4{top:03x}-8{middle:03x}-{low:012x}")
    }
}

impl QueryId {
    /// Reads what [`Display`](std::fmt::Display) wrote; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<QueryId> {
        let digits = text.strip_prefix("00000000-0000-4")?;
        let (top, rest) = digits.split_once("-8")?;
        let (middle, low) = rest.split_once('-')?;
        let hex = |digits| u64::from_str_radix(digits, 16).ok();
        let id = QueryId(hex(top)? << 60 | hex(middle)? << 48 | hex(low)?);
        (id.to_string() == text).then_some(id)
    }
}

/// See [`Command::Query`].
#[derive(Clone, Debug)]
pub struct Query {
    /// Names it until it is answered.
    pub id: QueryId,
    /// What is asked.
    pub query: WorkflowQuery,
    /// When to refuse.
    pub reject_condition: QueryRejectCondition,
    /// When the caller gives up.
    pub deadline: Time,
}

/// What became of a message to another execution.
#[derive(Clone, Debug, PartialEq)]
pub enum MessageOutcome {
    /// It was carried out, or there was nothing to do.
    Delivered,
    /// The child runs.
    ChildStarted {
        /// Its first run.
        run_id: String,
    },
    /// The child could not be started.
    ChildRefused(StartChildWorkflowExecutionFailedCause),
    /// The signal could not be delivered.
    SignalRefused(SignalExternalWorkflowExecutionFailedCause),
    /// The cancel request could not be delivered.
    CancelRefused(CancelExternalWorkflowExecutionFailedCause),
}

/// See [`Command::ChildClosed`].
#[derive(Clone, Debug)]
pub struct ChildClosed {
    /// The parent's event that initiated the child.
    pub initiated_event_id: i64,
    /// The last run of the child's chain (semantics rule 60).
    pub execution: WorkflowExecution,
    /// The child's closing event, whole: completed, failed, canceled, timed out or terminated.
    pub close: Box<Attributes>,
}

/// A command that may create a run: it concerns a workflow id, not a run.
#[derive(Clone, Debug)]
pub struct Start {
    /// What to start. `SignalWithStart` is translated to this plus [`Start::signal`].
    pub request: Box<StartWorkflowExecutionRequest>,
    /// Signal with start (semantics rule 14).
    pub signal: Option<Box<SignalWorkflowExecutionRequest>>,
    /// The parent, for a child.
    pub parent: Option<Parent>,
}

/// The parent of a child to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parent {
    /// Its namespace.
    pub namespace: String,
    /// Its run.
    pub execution: WorkflowExecution,
    /// Its event that initiated the child.
    pub initiated_event_id: i64,
    /// The root of its tree.
    pub root: WorkflowExecution,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_id_reads_back() {
        for id in [0, 1, 1 << 47, 1 << 48, u64::MAX] {
            assert_eq!(QueryId::parse(&QueryId(id).to_string()), Some(QueryId(id)));
        }
        for text in ["", "7", "00000000-0000-4000-8000-", "00000000-0000-4fff-8000-000000000001"] {
            assert_eq!(QueryId::parse(text), None, "{text}");
        }
    }
}
