//! The deadlines that a shard watches: of runs in memory and of sleeping ones, 16 bytes each.

use std::collections::BTreeSet;

use persevere_engine::Time;

/// Deadlines, by time and number of the execution.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    watched: BTreeSet<(i64, i64)>,
}

impl Deadlines {
    /// Watches a deadline.
    pub(super) fn watch(&mut self, deadline: Time, id: i64) {
        self.watched.insert((deadline.0, id));
    }

    /// Stops watching one.
    pub(super) fn forget(&mut self, deadline: Time, id: i64) {
        self.watched.remove(&(deadline.0, id));
    }

    /// The earliest.
    pub(super) fn next(&self) -> Option<Time> {
        self.watched.first().map(|(time, _)| Time(*time))
    }

    /// Takes an execution whose deadline is not after `now`.
    pub(super) fn take_due(&mut self, now: Time) -> Option<i64> {
        if self.next()? > now {
            return None;
        }
        self.watched.pop_first().map(|(_, id)| id)
    }
}
