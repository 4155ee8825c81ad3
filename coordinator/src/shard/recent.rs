//! The end of a history, in memory, so that polls rarely read the disk; and reading a history,
//! from there and from the disk.
//!
//! What is not on disk yet is always here, so whoever holds a [`HistorySource`] can read the whole
//! history without waiting for a commit.

use std::{collections::VecDeque, sync::Arc};

use persevere_proto::api::history::v1::HistoryEvent;

use crate::{
    CallError, HistoryPage, HistoryRange, Store,
    store::{StoreError, StoredBatch},
};

/// Memory that the recent history of one run may take, in bytes.
pub(super) const RECENT_BYTES: usize = 256 << 10;

/// Bytes after which a page ends: well below the 4 MiB that gRPC clients accept by default.
const PAGE_BYTES: usize = 2 << 20;

/// The events of one transition.
#[derive(Debug)]
pub(crate) struct Batch {
    events: Vec<HistoryEvent>,
    bytes: usize,
}

impl Batch {
    pub(super) fn new(events: Vec<HistoryEvent>, bytes: usize) -> Option<Arc<Self>> {
        (!events.is_empty()).then(|| Arc::new(Batch { events, bytes }))
    }

    /// Bytes of memory that it takes: an event in memory is far larger than its encoding.
    fn memory(&self) -> usize {
        self.bytes + self.events.len() * size_of::<HistoryEvent>()
    }

    fn first(&self) -> i64 {
        self.events.first().map_or(0, |event| event.event_id)
    }

    fn last(&self) -> i64 {
        self.events.last().map_or(0, |event| event.event_id)
    }
}

impl From<StoredBatch> for Batch {
    fn from(stored: StoredBatch) -> Self {
        Batch { events: stored.events, bytes: stored.bytes }
    }
}

/// The last batches of a history: oldest first, without gaps.
#[derive(Debug, Default)]
pub(super) struct Recent {
    batches: VecDeque<Arc<Batch>>,
    bytes: usize,
}

impl Recent {
    pub(super) fn restore(stored: Vec<StoredBatch>) -> Self {
        let mut recent = Recent::default();
        stored
            .into_iter()
            .filter_map(|batch| Batch::new(batch.events, batch.bytes))
            .for_each(|batch| recent.push(batch));
        recent
    }

    pub(super) fn push(&mut self, batch: Arc<Batch>) {
        self.bytes += batch.memory();
        self.batches.push_back(batch);
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Forgets the oldest batches beyond `bytes`, but keeps the last; allowed once all are on disk.
    pub(super) fn trim(&mut self, bytes: usize) {
        while self.bytes > bytes
            && self.batches.len() > 1
            && let Some(oldest) = self.batches.pop_front()
        {
            self.bytes -= oldest.memory();
        }
    }

    pub(super) fn batches(&self) -> Vec<Arc<Batch>> {
        self.batches.iter().cloned().collect()
    }
}

/// A history to read: its end from memory, the rest from disk.
#[derive(Debug)]
pub(crate) struct HistorySource {
    pub(super) id: i64,
    pub(super) run_id: String,
    pub(super) next_event_id: i64,
    pub(super) running: bool,
    pub(super) recent: Vec<Arc<Batch>>,
}

impl HistorySource {
    /// A page of the history.
    pub(crate) async fn read(
        self,
        store: &Store,
        range: HistoryRange,
    ) -> Result<HistoryPage, CallError> {
        let mut page = Page { events: Vec::new(), bytes: 0, events_max: range.max_events };
        let next = if range.reverse {
            self.read_back(store, &mut page, range.from.min(self.next_event_id - 1)).await?
        } else {
            let to = range.to.unwrap_or(self.next_event_id).min(self.next_event_id);
            self.read_on(store, &mut page, range.from.max(1), to).await?
        };
        Ok(HistoryPage {
            run_id: self.run_id,
            events: page.events,
            next,
            next_event_id: self.next_event_id,
            running: self.running,
        })
    }

    /// Reads from `at` up to and without `to`; returns where to go on.
    async fn read_on(
        &self,
        store: &Store,
        page: &mut Page,
        mut at: i64,
        to: i64,
    ) -> Result<Option<i64>, CallError> {
        let in_memory = self.first_in_memory();
        while at < to.min(in_memory) && !page.is_full() {
            let stored = store.batches(self.id, at, to.min(in_memory)).await;
            let before = at;
            for batch in stored.map_err(|error| self.failed(error))? {
                if page.is_full() {
                    break;
                }
                at = page.take(&batch.into(), at, to);
            }
            if at == before {
                return Err(self.missing(at));
            }
        }
        for batch in &self.recent {
            if at >= to || page.is_full() {
                break;
            }
            if batch.last() >= at {
                at = page.take(batch, at, to);
            }
        }
        Ok((at < to).then_some(at))
    }

    /// Reads from `at` downwards; returns where to go on.
    async fn read_back(
        &self,
        store: &Store,
        page: &mut Page,
        mut at: i64,
    ) -> Result<Option<i64>, CallError> {
        for batch in self.recent.iter().rev() {
            if page.is_full() {
                break;
            }
            if batch.first() <= at {
                at = page.take_back(batch, at);
            }
        }
        while at > 0 && !page.is_full() {
            let stored = store.batches_before(self.id, at + 1).await;
            let before = at;
            for batch in stored.map_err(|error| self.failed(error))? {
                if page.is_full() {
                    break;
                }
                at = page.take_back(&batch.into(), at);
            }
            if at == before {
                return Err(self.missing(at));
            }
        }
        Ok((at > 0).then_some(at))
    }

    fn first_in_memory(&self) -> i64 {
        self.recent.first().map_or(self.next_event_id, |batch| batch.first())
    }

    fn failed(&self, error: StoreError) -> CallError {
        match error {
            StoreError::Database(error) => CallError::Storage(error.to_string()),
            StoreError::Corrupt { source, .. } => self.corrupt(source.to_string()),
        }
    }

    fn missing(&self, event_id: i64) -> CallError {
        self.corrupt(format!("event {event_id} is not stored"))
    }

    fn corrupt(&self, problem: String) -> CallError {
        let (workflow_id, run_id) = (String::new(), self.run_id.clone());
        CallError::Corrupt { workflow_id, run_id, problem }
    }
}

/// A page being filled.
struct Page {
    events: Vec<HistoryEvent>,
    bytes: usize,
    events_max: usize,
}

impl Page {
    fn is_full(&self) -> bool {
        self.events.len() >= self.events_max || self.bytes >= PAGE_BYTES
    }

    /// Adds the events of a batch from `at` up to and without `to`; returns where to go on.
    fn take(&mut self, batch: &Batch, at: i64, to: i64) -> i64 {
        let wanted = |event: &&HistoryEvent| (at..to).contains(&event.event_id);
        self.events.extend(batch.events.iter().filter(wanted).cloned());
        self.bytes += batch.bytes;
        (batch.last() + 1).clamp(at, to)
    }

    /// Adds the events of a batch from `at` downwards; returns where to go on.
    fn take_back(&mut self, batch: &Batch, at: i64) -> i64 {
        let wanted = |event: &&HistoryEvent| event.event_id <= at;
        self.events.extend(batch.events.iter().rev().filter(wanted).cloned());
        self.bytes += batch.bytes;
        at.min(batch.first() - 1)
    }
}
