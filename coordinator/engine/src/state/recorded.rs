//! What a history says: a fold over its events, one small rule a kind of event.
//!
//! Folding never decides anything: whatever the events say is taken as true. An event that cannot
//! follow the ones before it makes the history corrupt ([`FoldError`]).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use persevere_proto::api::{
    common::v1::{Memo, SearchAttributes, WorkerVersionStamp},
    enums::v1::{EventType, WorkflowExecutionStatus},
    history::v1::{
        ActivityTaskScheduledEventAttributes, HistoryEvent,
        RequestCancelExternalWorkflowExecutionInitiatedEventAttributes,
        SignalExternalWorkflowExecutionInitiatedEventAttributes,
        StartChildWorkflowExecutionInitiatedEventAttributes,
        WorkflowExecutionStartedEventAttributes, history_event::Attributes,
    },
    sdk::v1::UserMetadata,
    workflow::v1::ResetPointInfo,
};
use prost::Message as _;

use crate::time::Time;

/// What the history of one run folds to.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// Id that the next event will get; ids are dense and start at 1 (semantics rule 2).
    pub next_event_id: i64,
    /// Encoded bytes of all events.
    pub history_bytes: i64,
    /// When the run started.
    pub started_time: Time,
    /// The first event's attributes.
    pub started: Arc<WorkflowExecutionStartedEventAttributes>,
    /// The start request's summary and details.
    pub user_metadata: Option<UserMetadata>,
    /// Open, or how it ended.
    pub status: Status,
    /// Started event of the last *completed* workflow task; 0 before the first (rule 42).
    pub previous_started_event_id: i64,
    /// The last workflow task that completed; 0 before the first.
    pub last_completed_task_event_id: i64,
    /// The worker that completed it.
    pub last_completed_task_identity: String,
    /// Open activities, by the event that scheduled them.
    pub activities: BTreeMap<i64, Activity>,
    /// Open timers, by the event that started them. Two may share an id for a while: one that has
    /// fired, and whose firing waits in the buffer, frees its id.
    pub timers: BTreeMap<i64, Timer>,
    /// Open children, by the event that initiated them.
    pub children: BTreeMap<i64, Child>,
    /// Signals to other executions without an outcome, by the event that initiated them.
    pub external_signals: BTreeMap<i64, ExternalSignal>,
    /// Cancel requests to other executions without an outcome, by the same.
    pub external_cancels: BTreeMap<i64, ExternalCancel>,
    /// The event by which the run was asked to stop.
    pub cancel_requested: Option<i64>,
    /// Signals received.
    pub signals: u64,
    /// Request ids of signals received (semantics rule 83).
    pub signal_requests: BTreeSet<String>,
    /// The build of the worker that completed a workflow task last, if it said so.
    pub worker_version: Option<WorkerVersionStamp>,
    /// Workflow tasks that a reset may go back to: the first one that each build completed.
    pub reset_points: Vec<ResetPointInfo>,
    /// Memo as last modified.
    pub memo: Memo,
    /// Search attributes as last upserted.
    pub search_attributes: SearchAttributes,
    /// Requests that started this run or attached to it, by request id.
    pub request_ids: BTreeMap<String, RequestId>,
}

/// A request that was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId {
    /// The event it caused.
    pub event_id: i64,
    /// Kind of that event.
    pub event_type: EventType,
}

/// Whether a run is open.
#[derive(Clone, Debug, PartialEq)]
pub enum Status {
    /// Its code may still do something.
    Running,
    /// It has its closing event, after which there is none.
    Closed(Box<Closed>),
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Closed {
    /// In one word.
    pub status: WorkflowExecutionStatus,
    /// When.
    pub time: Time,
    /// The closing event, whole.
    pub event: HistoryEvent,
}

/// An activity without a closing event.
#[derive(Clone, Debug, PartialEq)]
pub struct Activity {
    /// When it was first scheduled.
    pub scheduled_time: Time,
    /// As recorded, with normalised timeouts and retry policy.
    pub scheduled: Arc<ActivityTaskScheduledEventAttributes>,
    /// Summary and details that the workflow gave it.
    pub user_metadata: Option<UserMetadata>,
    /// Its started event, once written (only together with its closing event: rule 56).
    pub started_event_id: Option<i64>,
    /// The event by which the workflow asked it to stop.
    pub cancel_requested: Option<i64>,
}

/// A timer that has neither fired nor been cancelled.
#[derive(Clone, Debug, PartialEq)]
pub struct Timer {
    /// The id that the workflow gave it.
    pub timer_id: String,
    /// When it is due.
    pub fires_at: Time,
}

/// A child without a closing event.
#[derive(Clone, Debug, PartialEq)]
pub struct Child {
    /// As recorded.
    pub initiated: Arc<StartChildWorkflowExecutionInitiatedEventAttributes>,
    /// Summary and details that the workflow gave it.
    pub user_metadata: Option<UserMetadata>,
    /// Its started event and first run, once it runs.
    pub started: Option<(i64, String)>,
}

/// A signal to another execution without an outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct ExternalSignal {
    /// As recorded.
    pub initiated: Arc<SignalExternalWorkflowExecutionInitiatedEventAttributes>,
}

/// A cancel request to another execution without an outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct ExternalCancel {
    /// As recorded.
    pub initiated: Arc<RequestCancelExternalWorkflowExecutionInitiatedEventAttributes>,
}

/// A history that cannot be: this run stops, loudly, and no other is harmed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the history is corrupt at event {event_id} ({event_type}): {problem}")]
pub struct FoldError {
    /// The event.
    pub event_id: i64,
    /// Its kind.
    pub event_type: String,
    /// What is wrong with it.
    pub problem: String,
}

impl Recorded {
    /// Folds a whole history.
    ///
    /// # Errors
    /// If the events do not follow from one another.
    pub fn from_history<'e>(
        events: impl IntoIterator<Item = &'e HistoryEvent>,
    ) -> Result<Self, FoldError> {
        let mut events = events.into_iter();
        let first = events.next().ok_or_else(|| FoldError {
            event_id: 1,
            event_type: "WorkflowExecutionStarted".into(),
            problem: "there is no event at all".into(),
        })?;
        let mut recorded = Recorded::begin(first)?;
        for event in events {
            recorded.fold(event)?;
        }
        Ok(recorded)
    }

    /// The state after the first event of a run.
    ///
    /// # Errors
    /// If `first` is not event 1, `WorkflowExecutionStarted`.
    pub fn begin(first: &HistoryEvent) -> Result<Self, FoldError> {
        let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = &first.attributes
        else {
            return Err(corrupt(first, "the first event must be WorkflowExecutionStarted"));
        };
        if first.event_id != 1 {
            return Err(corrupt(first, "the first event must have id 1"));
        }
        Ok(Recorded {
            next_event_id: 2,
            history_bytes: event_bytes(first),
            started_time: event_time(first),
            memo: started.memo.clone().unwrap_or_default(),
            search_attributes: started.search_attributes.clone().unwrap_or_default(),
            started: Arc::new(started.clone()),
            user_metadata: first.user_metadata.clone(),
            status: Status::Running,
            previous_started_event_id: 0,
            last_completed_task_event_id: 0,
            last_completed_task_identity: String::new(),
            activities: BTreeMap::new(),
            timers: BTreeMap::new(),
            children: BTreeMap::new(),
            external_signals: BTreeMap::new(),
            external_cancels: BTreeMap::new(),
            cancel_requested: None,
            signals: 0,
            signal_requests: BTreeSet::new(),
            worker_version: None,
            reset_points: started
                .prev_auto_reset_points
                .iter()
                .flat_map(|p| p.points.clone())
                .collect(),
            request_ids: BTreeMap::new(),
        })
    }

    /// Takes the next event into account.
    ///
    /// # Errors
    /// If it cannot follow the events before it.
    pub fn fold(&mut self, event: &HistoryEvent) -> Result<(), FoldError> {
        if event.event_id != self.next_event_id {
            return Err(corrupt(event, &format!("expected event id {}", self.next_event_id)));
        }
        if matches!(self.status, Status::Closed(_)) {
            return Err(corrupt(event, "the run was already closed"));
        }
        crate::fold::fold(self, event)?;
        self.next_event_id += 1;
        self.history_bytes += event_bytes(event);
        Ok(())
    }

    /// Remembers that a request was carried out; the shell stores these beside the events.
    pub fn note_request(&mut self, request_id: &str, event_id: i64, event_type: EventType) {
        if !request_id.is_empty() {
            self.request_ids.insert(request_id.to_owned(), RequestId { event_id, event_type });
        }
    }
}

/// The time of an event; every event has one.
pub(crate) fn event_time(event: &HistoryEvent) -> Time {
    event.event_time.as_ref().map(Time::from).unwrap_or_default()
}

/// An error about `event`.
pub(crate) fn corrupt(event: &HistoryEvent, problem: &str) -> FoldError {
    FoldError {
        event_id: event.event_id,
        event_type: event.event_type().as_str_name().to_owned(),
        problem: problem.to_owned(),
    }
}

fn event_bytes(event: &HistoryEvent) -> i64 {
    i64::try_from(event.encoded_len()).unwrap_or(i64::MAX)
}
