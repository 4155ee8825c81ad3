//! State that must survive a crash but that no event carries.
//!
//! Small by construction: what an event already says is not repeated here.

use std::{collections::BTreeMap, time::Duration};

use persevere_proto::api::{
    common::v1::{Payloads, WorkerVersionStamp, WorkflowExecution},
    failure::v1::Failure,
    history::v1::HistoryEvent,
};

use crate::{key::QueueName, time::Time};

/// What no event carries and a crash must not take: stored with every transition.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overlay {
    /// The workflow task that is pending, if any. At most one at a time (semantics rule 21).
    pub workflow_task: WorkflowTask,
    /// The worker that has the run in its cache (semantics rule 38).
    pub sticky: Option<Sticky>,
    /// Events that wait for the started workflow task to end, in order of arrival (rule 23).
    pub buffer: Vec<BufferedEvent>,
    /// Progress of each pending activity, by the event that scheduled it. An activity is pending
    /// if and only if it is here: its closing event may be still in the buffer.
    pub activities: BTreeMap<i64, ActivityProgress>,
    /// Messages to other executions, not yet known to be carried out, by a number that only grows.
    pub outbox: BTreeMap<i64, Message>,
    /// Number of the next message.
    pub next_message: i64,
    /// When the first workflow task is due, while it is held back by a start delay, a retry or
    /// continue-as-new in quick succession (semantics rules 1 and 17).
    pub first_task_at: Option<Time>,
    /// Whether the first workflow task waits for the parent to record the start (rule 59).
    pub awaits_parent: bool,
    /// The poll that started the current workflow task asked first under this worker's identity;
    /// kept for `Describe` after the task ended.
    pub last_worker: String,
    /// When the workflow task began to be kept alive by empty heartbeats (semantics rule 43).
    pub heartbeat_since: Option<Time>,
}

/// The pending workflow task.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum WorkflowTask {
    /// There is nothing for the workflow's code to react to.
    #[default]
    None,
    /// Waiting for a worker.
    Scheduled(ScheduledTask),
    /// A worker works on it.
    Started(StartedTask),
}

/// A workflow task that waits for a worker.
#[derive(Clone, Debug, PartialEq)]
pub struct ScheduledTask {
    /// Its event; for a transient task the id that the event would have (semantics rule 32).
    pub scheduled_event_id: i64,
    /// Starts at 1; above 1 the task is transient: neither event is written before it completes.
    pub attempt: u32,
    /// When it was scheduled.
    pub scheduled_time: Time,
    /// Where it waits now.
    pub queue: QueueName,
    /// How long a sticky worker may take to fetch it, if it waits on a sticky queue.
    pub schedule_to_start: Option<Duration>,
    /// How long a worker may take once it has it (semantics rule 36).
    pub start_to_close: Duration,
}

/// A workflow task that a worker works on.
#[derive(Clone, Debug, PartialEq)]
pub struct StartedTask {
    /// What it was before.
    pub scheduled: ScheduledTask,
    /// Its event; for a transient task the id that the event would have.
    pub started_event_id: i64,
    /// When the worker got it.
    pub started_time: Time,
    /// The poll that got it (semantics rule 46).
    pub request_id: String,
    /// The worker.
    pub identity: String,
    /// The worker's build, as it states it.
    pub worker_version: Option<WorkerVersionStamp>,
    /// Kept so that redelivery repeats them exactly (semantics rule 47).
    pub suggest_continue_as_new: bool,
    /// As in the started event.
    pub suggest_reasons: Vec<i32>,
    /// As in the started event.
    pub history_size_bytes: i64,
}

/// Where the run's cached copy is.
#[derive(Clone, Debug, PartialEq)]
pub struct Sticky {
    /// The worker's own queue.
    pub queue: QueueName,
    /// How long that worker may take to fetch a task.
    pub schedule_to_start: Duration,
}

/// An event without an id yet.
#[derive(Clone, Debug, PartialEq)]
pub struct BufferedEvent {
    /// The event; its id is 0 and its time is that of its arrival.
    pub event: HistoryEvent,
}

/// How far a pending activity has come.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivityProgress {
    /// The current attempt, from 1.
    pub attempt: u32,
    /// Where that attempt stands.
    pub stage: ActivityStage,
    /// Why the previous attempt ended, truncated (semantics rule 71).
    pub last_failure: Option<Failure>,
    /// Who ran the previous attempt.
    pub last_worker: String,
    /// When the previous attempt ended.
    pub last_completed: Option<Time>,
    /// The last heartbeat's details, of whichever attempt (semantics rule 73).
    pub heartbeat_details: Option<Payloads>,
    /// When the last heartbeat came.
    pub last_heartbeat: Option<Time>,
}

/// Where an attempt of an activity stands.
#[derive(Clone, Debug, PartialEq)]
pub enum ActivityStage {
    /// Waiting for a worker.
    Scheduled {
        /// Since when.
        at: Time,
    },
    /// Waiting for its retry delay to pass.
    BackingOff {
        /// Until when; that time becomes the attempt's scheduled time.
        until: Time,
    },
    /// A worker runs it.
    Started(Attempt),
}

/// A running attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// When the attempt became due.
    pub scheduled_time: Time,
    /// When the worker got it.
    pub started_time: Time,
    /// The poll that got it.
    pub request_id: String,
    /// The worker.
    pub identity: String,
    /// The worker's build, as it states it.
    pub worker_version: Option<WorkerVersionStamp>,
}

/// Something that another execution must learn, delivered at least once. Each kind carries only
/// what the history does not say.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// Start the child that this event initiated.
    StartChild {
        /// The event.
        initiated_event_id: i64,
    },
    /// Let the child schedule its first workflow task (semantics rule 59).
    ReleaseChild {
        /// Its namespace.
        namespace: String,
        /// The child's first run.
        child: WorkflowExecution,
        /// The event that initiated the child.
        initiated_event_id: i64,
    },
    /// Send the signal that this event initiated.
    Signal {
        /// The event.
        initiated_event_id: i64,
    },
    /// Send the cancel request that this event initiated.
    Cancel {
        /// The event.
        initiated_event_id: i64,
    },
    /// Tell the parent how this run's chain ended.
    ReportClose,
    /// Apply this run's close policy to a child: terminate it.
    TerminateChild {
        /// Its namespace.
        namespace: String,
        /// The child.
        child: WorkflowExecution,
    },
    /// Apply this run's close policy to a child: request its cancellation.
    CancelChild {
        /// Its namespace.
        namespace: String,
        /// The child.
        child: WorkflowExecution,
        /// The event that initiated the child.
        initiated_event_id: i64,
    },
}
