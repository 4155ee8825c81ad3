//! Durable before visible: the one writer of executions.
//!
//! Shards submit what their transitions leave. The journal takes all that has queued up, from all
//! shards, commits it in one transaction, and then releases the replies and notices that go with
//! it, in the order of submission. The more there is to do, the more shares one sync of the disk.
//!
//! A failed commit stops the process: memory is ahead of the disk by then, and only the disk is
//! known to be true.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tokio::sync::mpsc;

use crate::{Failpoint, Store, store::Writes};

/// Most rows in one commit: bounds the memory and the latency of a commit under a flood.
const ROWS_MAX: usize = 256;

/// What is released once the writes before it are on disk.
pub(crate) type Release = Box<dyn FnOnce() + Send>;

struct Entry {
    writes: Writes,
    release: Release,
}

/// Where shards submit. Cheap to clone; the journal ends when the last clone is gone.
#[derive(Clone, Debug)]
pub(crate) struct Journal {
    queue: mpsc::UnboundedSender<Entry>,
    commits: Arc<AtomicU64>,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry").field("rows", &self.writes.rows()).finish_non_exhaustive()
    }
}

impl Journal {
    /// A journal, and the writer that has to run for it.
    pub(crate) fn new(store: Store, failpoint: Option<Failpoint>) -> (Self, Writer) {
        let (queue, entries) = mpsc::unbounded_channel();
        let commits = Arc::new(AtomicU64::new(0));
        let writer = Writer { store, entries, commits: commits.clone(), failpoint };
        (Journal { queue, commits }, writer)
    }

    /// Commits begun so far. Each is one sync of the disk.
    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Commits `writes`, then calls `release`. Entries of one caller keep their order.
    pub(crate) fn submit(&self, writes: Writes, release: Release) {
        // The writer ends only after its last sender, unless the process is about to stop.
        let _ = self.queue.send(Entry { writes, release });
    }
}

/// The one writer of executions.
#[derive(Debug)]
pub(crate) struct Writer {
    store: Store,
    entries: mpsc::UnboundedReceiver<Entry>,
    commits: Arc<AtomicU64>,
    failpoint: Option<Failpoint>,
}

impl Writer {
    /// Writes for as long as there is a journal.
    pub(crate) async fn run(mut self) {
        let mut releases: Vec<Release> = Vec::new();
        while let Some(first) = self.entries.recv().await {
            let mut writes = first.writes;
            releases.push(first.release);
            while writes.rows() < ROWS_MAX
                && let Ok(next) = self.entries.try_recv()
            {
                writes.append(next.writes);
                releases.push(next.release);
            }
            if !writes.is_empty() {
                self.commit(writes).await;
            }
            releases.drain(..).for_each(|release| release());
        }
    }

    async fn commit(&mut self, writes: Writes) {
        let number = self.commits.fetch_add(1, Ordering::Relaxed) + 1;
        self.abort_at(Failpoint::BeforeCommit(number));
        if let Err(error) = self.store.commit(writes).await {
            tracing::error!(%error, "a commit failed: stopping, to recover from disk");
            std::process::abort();
        }
        self.abort_at(Failpoint::AfterCommit(number));
    }

    fn abort_at(&self, here: Failpoint) {
        if self.failpoint == Some(here) {
            tracing::error!(?here, "aborting, as a crash test asked for");
            std::process::abort();
        }
    }
}
