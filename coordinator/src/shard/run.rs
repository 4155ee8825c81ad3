//! One run in memory: its state, what of it is not on disk yet, and who waits for it.

use std::{collections::BTreeSet, sync::Arc};

use persevere_engine::ActivityStage;
use persevere_engine::{
    Execution, Notice, RequestId, RunKey, Status, Time, Transition, WorkflowTask, encode_batch,
    encode_overlay,
};
use persevere_proto::api::{
    enums::v1::{EventType, WorkflowExecutionStatus},
    history::v1::HistoryEvent,
};
use prost::Message as _;
use tokio::sync::oneshot;

use super::{
    recent::{Batch, HistorySource, RECENT_BYTES, Recent},
    shared::Errand,
};
use crate::{
    CallError, Until, View,
    clock::Holder,
    store::{BatchRow, ListingRow, StateRow, StoredRun, Writes, history_key},
};

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Run {
    pub(super) id: i64,
    pub(super) key: Arc<RunKey>,
    pub(super) execution: Arc<Execution>,
    /// The deadline that the shard watches for it.
    pub(super) deadline: Option<Time>,
    /// Who has something to do for it, as a virtual clock was told.
    pub(super) busy: BTreeSet<Holder>,
    /// The last submission to the journal that has something of it.
    pub(super) submitted: u64,
    /// Who waits for its rows to be removed.
    pub(super) deleting: Option<oneshot::Sender<Result<(), CallError>>>,
    transitions: i64,
    recent: Recent,
    unsaved: Option<Unsaved>,
    waiters: Vec<(Until, Waiter)>,
}

pub(super) type Waiter = oneshot::Sender<Result<(), CallError>>;

/// What is not even submitted yet.
#[derive(Debug, Default)]
struct Unsaved {
    /// Encoded batches, one after the other: together they are one batch.
    batch: Vec<u8>,
    first_event_id: i64,
    /// Whether what lists show has changed.
    listing: bool,
}

impl Run {
    /// A run that the store has.
    pub(super) fn restore(stored: StoredRun) -> Self {
        Run {
            id: stored.id,
            key: Arc::new(stored.execution.key.clone()),
            execution: Arc::new(stored.execution),
            deadline: None,
            busy: BTreeSet::new(),
            submitted: 0,
            deleting: None,
            transitions: stored.transitions,
            recent: Recent::restore(stored.recent),
            unsaved: None,
            waiters: Vec::new(),
        }
    }

    /// A run that `transition` starts.
    pub(super) fn begin(id: i64, transition: Transition) -> (Self, Vec<Notice>) {
        let Transition { next, events, requests, notices, .. } = transition;
        let mut run = Run {
            id,
            key: Arc::new(next.key.clone()),
            execution: Arc::new(next),
            deadline: None,
            busy: BTreeSet::new(),
            submitted: 0,
            deleting: None,
            transitions: 0,
            recent: Recent::default(),
            unsaved: None,
            waiters: Vec::new(),
        };
        run.note(events, &requests, 1);
        run.unsaved.get_or_insert_default().listing = true;
        (run, notices)
    }

    /// Takes a transition into memory.
    pub(super) fn advance(&mut self, transition: Transition) -> Vec<Notice> {
        let Transition { next, events, requests, notices, durability, .. } = transition;
        let first_event_id = self.execution.recorded.next_event_id;
        self.execution = Arc::new(next);
        if durability > persevere_engine::Durability::Nothing {
            self.note(events, &requests, first_event_id);
        }
        notices
    }

    /// As it is shown to callers.
    pub(super) fn view(&self) -> View {
        View { execution: self.execution.clone(), transitions: self.transitions }
    }

    fn note(&mut self, events: Vec<HistoryEvent>, requests: &[(String, RequestId)], first: i64) {
        self.transitions += 1;
        let first_event_id = first;
        let unsaved =
            self.unsaved.get_or_insert_with(|| Unsaved { first_event_id, ..Unsaved::default() });
        unsaved.listing |= events.iter().any(changes_listing);
        let bytes = encode_batch(&events, requests);
        if let Some(batch) = Batch::new(events, bytes.len()) {
            self.recent.push(batch);
        }
        if unsaved.batch.is_empty() {
            unsaved.batch = bytes;
        } else {
            unsaved.batch.extend(bytes);
        }
    }

    /// Errands of notices, as of the state after them.
    pub(super) fn errands(&self, notices: Vec<Notice>) -> Vec<Errand> {
        let errand = |notice| match notice {
            Notice::Offer(task) => Some(Errand::Offer(task)),
            Notice::Deliver(number) => self.delivery(number),
            Notice::QueryAnswered(id, answer) => Some(Errand::Answer(id, answer)),
            Notice::DispatchQuery(id) => Some(Errand::DispatchQuery(id)),
        };
        notices.into_iter().filter_map(errand).collect()
    }

    /// Errands for all that the run owes: after a restart.
    pub(super) fn owed(&self) -> Vec<Errand> {
        let tasks = self.execution.tasks().into_iter().map(Errand::Offer);
        let messages = self.execution.overlay.outbox.keys().filter_map(|n| self.delivery(*n));
        tasks.chain(messages).collect()
    }

    fn delivery(&self, number: i64) -> Option<Errand> {
        if !self.execution.overlay.outbox.contains_key(&number) {
            return None;
        }
        Some(match self.execution.delivery(number) {
            Some(delivery) => Errand::Deliver(number, Box::new(delivery)),
            None => Errand::Settle(number),
        })
    }

    /// Whether something is not submitted yet.
    pub(super) fn is_unsaved(&self) -> bool {
        self.unsaved.is_some()
    }

    /// Adds what is not saved yet to the submission of this number.
    pub(super) fn save(&mut self, submission: u64, writes: &mut Writes) {
        let Some(unsaved) = self.unsaved.take() else { return };
        self.submitted = submission;
        if !unsaved.batch.is_empty() {
            let key = history_key(self.id, unsaved.first_event_id);
            writes.batches.push(BatchRow { key, batch: unsaved.batch });
        }
        writes.states.push(StateRow {
            id: self.id,
            overlay: encode_overlay(&self.execution.overlay),
            transitions: self.transitions,
            deadline: self.execution.next_deadline().map(|time| time.0),
            owing: self.execution.has_obligations(),
        });
        if unsaved.listing {
            writes.executions.push(self.listing());
        }
    }

    fn listing(&self) -> ListingRow {
        let Execution { key, recorded, .. } = &*self.execution;
        let started = &recorded.started;
        let (status, closed) = match &recorded.status {
            Status::Running => (WorkflowExecutionStatus::Running, None),
            Status::Closed(closed) => {
                let length = recorded.next_event_id - 1;
                (closed.status, Some((closed.time.0, length, recorded.history_bytes)))
            }
        };
        let parent = started.parent_workflow_execution.as_ref();
        let pair = |run: &persevere_proto::api::common::v1::WorkflowExecution| {
            (run.workflow_id.clone(), run.run_id.clone())
        };
        let own = || (key.workflow_id.clone(), key.run_id.clone());
        let memo = &recorded.memo;
        let attributes = &recorded.search_attributes;
        ListingRow {
            id: self.id,
            namespace: key.namespace.clone(),
            workflow_id: key.workflow_id.clone(),
            run_id: key.run_id.clone(),
            workflow_type: self.workflow_type(),
            task_queue: self.execution.task_queue().name,
            status: status.into(),
            start_time: recorded.started_time.0,
            execution_time: self.execution.first_task_due().0,
            closed,
            transitions: self.transitions,
            parent: parent.map(pair),
            root: started.root_workflow_execution.as_ref().map_or_else(own, pair),
            memo: (!memo.fields.is_empty()).then(|| memo.encode_to_vec()),
            search_attributes: (!attributes.indexed_fields.is_empty())
                .then(|| attributes.encode_to_vec()),
        }
    }

    /// The run's type.
    pub(super) fn workflow_type(&self) -> String {
        let kind = self.execution.recorded.started.workflow_type.as_ref();
        kind.map(|kind| kind.name.clone()).unwrap_or_default()
    }

    /// Its history as of now.
    pub(super) fn history(&self) -> HistorySource {
        HistorySource {
            id: self.id,
            run_id: self.key.run_id.clone(),
            next_event_id: self.execution.recorded.next_event_id,
            running: self.execution.is_running(),
            recent: self.recent.batches(),
        }
    }

    /// Whether what a caller waits for has come.
    pub(super) fn has(&self, until: Until) -> bool {
        match until {
            Until::Event(id) => {
                id < self.execution.recorded.next_event_id || !self.execution.is_running()
            }
            Until::Closed => !self.execution.is_running(),
        }
    }

    /// Keeps a caller until what it waits for has come.
    pub(super) fn wait(&mut self, until: Until, waiter: Waiter) {
        self.waiters.retain(|(_, waiter)| !waiter.is_closed());
        self.waiters.push((until, waiter));
    }

    /// Callers that have waited long enough.
    pub(super) fn satisfied(&mut self) -> Vec<Waiter> {
        if self.waiters.is_empty() {
            return Vec::new();
        }
        let waiters = std::mem::take(&mut self.waiters);
        let (satisfied, waiting) = waiters.into_iter().partition(|(until, _)| self.has(*until));
        self.waiters = waiting;
        let satisfied: Vec<(Until, Waiter)> = satisfied;
        satisfied.into_iter().map(|(_, waiter)| waiter).collect()
    }

    /// Whether a caller would see what has changed but is not saved.
    pub(super) fn is_watched(&self) -> bool {
        self.waiters.iter().any(|(until, waiter)| {
            matches!(until, Until::Event(_)) && self.has(*until) && !waiter.is_closed()
        })
    }

    /// Whether the run could be dropped from memory, given what is on disk.
    pub(super) fn is_settled(&self, committed: u64) -> bool {
        self.unsaved.is_none()
            && self.submitted <= committed
            && self.deleting.is_none()
            && self.execution.fleeting.queries.is_empty()
            && self.waiters.iter().all(|(_, waiter)| waiter.is_closed())
    }

    /// Bytes that its recent history takes, after forgetting what can be forgotten. Of a closed run
    /// hardly more than its end is asked for.
    pub(super) fn trim(&mut self, committed: u64) -> usize {
        if self.unsaved.is_none() && self.submitted <= committed {
            self.recent.trim(if self.execution.is_running() { RECENT_BYTES } else { 0 });
        }
        self.recent.bytes()
    }

    /// Who has something to do for it: workers, or another execution.
    pub(super) fn work(&self) -> BTreeSet<Holder> {
        let overlay = &self.execution.overlay;
        let mut work = BTreeSet::new();
        if !overlay.outbox.is_empty() {
            work.insert(Holder::Anyone);
        }
        if !self.execution.is_running() {
            return work;
        }
        work.extend(match &overlay.workflow_task {
            WorkflowTask::None => None,
            WorkflowTask::Scheduled(task) if task.queue.sticky_of.is_some() => {
                Some(Holder::Only(task.queue.name.clone()))
            }
            WorkflowTask::Scheduled(_) => Some(Holder::Anyone),
            WorkflowTask::Started(task) => Some(Holder::Only(task.identity.clone())),
        });
        work.extend(overlay.activities.values().filter_map(|it| match &it.stage {
            ActivityStage::BackingOff { .. } => None,
            ActivityStage::Scheduled { .. } => Some(Holder::Anyone),
            ActivityStage::Started(attempt) => Some(Holder::Only(attempt.identity.clone())),
        }));
        work
    }
}

/// Whether lists show what an event says.
fn changes_listing(event: &HistoryEvent) -> bool {
    use EventType as E;
    matches!(
        event.event_type(),
        E::WorkflowExecutionCompleted
            | E::WorkflowExecutionFailed
            | E::WorkflowExecutionTimedOut
            | E::WorkflowExecutionCanceled
            | E::WorkflowExecutionTerminated
            | E::WorkflowExecutionContinuedAsNew
            | E::UpsertWorkflowSearchAttributes
            | E::WorkflowPropertiesModified
    )
}
