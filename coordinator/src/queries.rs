//! Queries that wait for an answer: which caller hears what becomes of which query.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use persevere_engine::{QueryAnswer, QueryId};
use tokio::sync::mpsc;

/// What becomes of a query.
#[derive(Debug)]
pub(crate) enum QueryEvent {
    /// It has its answer.
    Answered(QueryAnswer),
    /// No workflow task will carry it: dispatch it directly (semantics rule 92).
    Dispatch,
}

/// All queries in progress.
#[derive(Debug)]
pub(crate) struct Queries {
    /// Tells tokens of this process from those of another.
    pub(crate) process: u64,
    next: AtomicU64,
    open: Mutex<HashMap<QueryId, mpsc::UnboundedSender<QueryEvent>>>,
}

impl Queries {
    pub(crate) fn new() -> Self {
        Queries { process: fastrand::u64(..), next: AtomicU64::new(1), open: Mutex::default() }
    }

    /// Opens a query. It is forgotten when the value is dropped.
    pub(crate) fn open(self: &Arc<Self>) -> OpenQuery {
        let id = QueryId(self.next.fetch_add(1, Ordering::Relaxed));
        let (sender, events) = mpsc::unbounded_channel();
        self.table().insert(id, sender);
        OpenQuery { id, events, queries: self.clone() }
    }

    /// Whether somebody waits for it.
    pub(crate) fn is_open(&self, id: QueryId) -> bool {
        self.table().contains_key(&id)
    }

    /// Tells whoever waits; `false` if nobody does.
    pub(crate) fn tell(&self, id: QueryId, event: QueryEvent) -> bool {
        self.table().get(&id).is_some_and(|waiting| waiting.send(event).is_ok())
    }

    fn table(&self) -> MutexGuard<'_, HashMap<QueryId, mpsc::UnboundedSender<QueryEvent>>> {
        // A map is whole between any two of its operations.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A query in progress.
#[derive(Debug)]
pub(crate) struct OpenQuery {
    pub(crate) id: QueryId,
    pub(crate) events: mpsc::UnboundedReceiver<QueryEvent>,
    queries: Arc<Queries>,
}

impl Drop for OpenQuery {
    fn drop(&mut self) {
        self.queries.table().remove(&self.id);
    }
}
