//! What the sender of a command gets to hear once its transition is on disk.

use std::{collections::BTreeMap, time::Duration};

use persevere_proto::api::{
    common::v1::{Header, Payloads, Priority, RetryPolicy},
    history::v1::HistoryEvent,
    query::v1::WorkflowQuery,
};

use crate::{
    command::{QueryId, WorkflowTaskToken},
    key::QueueName,
    rejection::{QueryRejected, Rejection},
    time::Time,
};

/// The answer to a command.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// Nothing more to say.
    Done,
    /// A workflow task was started.
    WorkflowTask(Box<WorkflowTaskHandout>),
    /// A workflow task was completed.
    WorkflowTaskCompleted(Box<CompletedReply>),
    /// An activity attempt was started.
    ActivityTask(Box<ActivityTaskHandout>),
    /// A heartbeat was taken.
    Heartbeat {
        /// Whether the workflow wants the activity to stop (semantics rule 74).
        cancel_requested: bool,
    },
    /// How a query will be answered.
    Query(QueryRoute),
    /// A run was started, or found (semantics rules 4 to 7 and 14).
    Started(StartedReply),
    /// The transition was made, and yet the caller did wrong (semantics rules 27 and 30): the
    /// shell commits it and answers with this rejection.
    Refused(Rejection),
}

/// A workflow task for a worker. The shell adds the history.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkflowTaskHandout {
    /// Names the task in the worker's answer.
    pub token: WorkflowTaskToken,
    /// When it was scheduled.
    pub scheduled_time: Time,
    /// Started event of the last completed workflow task (semantics rule 42).
    pub previous_started_event_id: i64,
    /// First event that the worker needs: 1, or less history for a sticky worker (rule 41).
    pub history_from: i64,
    /// Last stored event to send.
    pub history_to: i64,
    /// Events of a transient task: sent after the stored ones, stored by its completion (rule 32).
    pub transient: Vec<HistoryEvent>,
    /// Queries to answer with the task.
    pub queries: BTreeMap<QueryId, WorkflowQuery>,
    /// The run's normal task queue.
    pub task_queue: QueueName,
}

/// What a worker hears when it completed a workflow task.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CompletedReply {
    /// The next workflow task, already started (semantics rule 44).
    pub workflow_task: Option<WorkflowTaskHandout>,
    /// Activities started eagerly (semantics rule 79).
    pub activity_tasks: Vec<ActivityTaskHandout>,
    /// Where the worker has to go back to, after a discarded speculative task; 0 for nowhere.
    pub reset_history_event_id: i64,
}

/// An activity attempt for a worker (semantics rule 80).
#[derive(Clone, Debug, PartialEq)]
pub struct ActivityTaskHandout {
    /// Names the activity.
    pub scheduled_event_id: i64,
    /// From 1.
    pub attempt: u32,
    /// The id that the workflow gave it.
    pub activity_id: String,
    /// What to run.
    pub activity_type: String,
    /// Headers for interceptors.
    pub header: Option<Header>,
    /// Arguments.
    pub input: Option<Payloads>,
    /// The last heartbeat's details, of whichever attempt.
    pub heartbeat_details: Option<Payloads>,
    /// When the activity was first scheduled.
    pub scheduled_time: Time,
    /// When this attempt became due.
    pub current_attempt_scheduled_time: Time,
    /// Now.
    pub started_time: Time,
    /// Over all attempts.
    pub schedule_to_close: Option<Duration>,
    /// For this attempt.
    pub start_to_close: Option<Duration>,
    /// Between heartbeats.
    pub heartbeat: Option<Duration>,
    /// With defaults filled in.
    pub retry_policy: Option<RetryPolicy>,
    /// Order among tasks.
    pub priority: Option<Priority>,
}

/// How a query will be answered (semantics rules 86 to 92).
#[derive(Clone, Debug, PartialEq)]
pub enum QueryRoute {
    /// Not at all: the run's status forbids it.
    Rejected(QueryRejected),
    /// With the pending workflow task; a notice will bring the answer.
    Buffered,
    /// By a query task of its own, which the shell offers at once.
    Direct(DirectQuery),
}

/// Where a query task is offered.
#[derive(Clone, Debug, PartialEq)]
pub struct DirectQuery {
    /// The worker that has the run in its cache, and how long it may take to fetch the task.
    pub sticky: Option<(QueueName, Duration)>,
    /// Where any worker can take it, with the whole history.
    pub normal: QueueName,
    /// Last event of the history to send.
    pub history_to: i64,
    /// Started event of the last completed workflow task.
    pub previous_started_event_id: i64,
}

/// See [`Reply::Started`].
#[derive(Clone, Debug, PartialEq)]
pub struct StartedReply {
    /// The run that now answers to the workflow id.
    pub run_id: String,
    /// Its chain's first run.
    pub first_run_id: String,
    /// Whether this very request (or an earlier try of it) started it.
    pub started: bool,
    /// Whether this request is attached to a run that was there (semantics rule 10).
    pub attached: bool,
    /// Whether it is open.
    pub running: bool,
    /// Its first workflow task, started with the reply.
    pub eager_task: Option<Box<WorkflowTaskHandout>>,
}
