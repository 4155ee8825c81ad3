//! The run's inbox: every signal from its start on, by name, until someone takes it.
//!
//! Signals of one name are handed out in history order, each once. Taking happens when a wait is
//! polled, never when a signal arrives, so a wait that is dropped between the two loses nothing.

use std::{
    collections::{BTreeMap, VecDeque},
    task::Waker,
};

use super::spec::{Location, ReceivedSignal, in_words};

#[derive(Debug, Default)]
pub(crate) struct Signals {
    inbox: BTreeMap<String, VecDeque<ReceivedSignal>>,
    /// Waits in the order of their first poll, which is deterministic.
    waits: BTreeMap<u64, Wait>,
    next_wait: u64,
}

#[derive(Debug)]
struct Wait {
    name: String,
    waker: Waker,
    location: Location,
}

impl Signals {
    /// Stores a signal and returns the wakers of those who wait for its name, oldest first.
    pub(crate) fn arrive(&mut self, signal: ReceivedSignal) -> Vec<Waker> {
        let waiting = self.waits.values().filter(|wait| wait.name == signal.name);
        let wakers = waiting.map(|wait| wait.waker.clone()).collect();
        self.inbox.entry(signal.name.clone()).or_default().push_back(signal);
        wakers
    }

    pub(crate) fn take(&mut self, name: &str) -> Option<ReceivedSignal> {
        self.inbox.get_mut(name)?.pop_front()
    }

    /// Registers or renews a wait.
    pub(crate) fn wait(
        &mut self,
        id: Option<u64>,
        name: &str,
        waker: &Waker,
        location: Location,
    ) -> u64 {
        let id = id.unwrap_or_else(|| {
            self.next_wait += 1;
            self.next_wait
        });
        let wait = Wait { name: name.to_owned(), waker: waker.clone(), location };
        self.waits.insert(id, wait);
        id
    }

    pub(crate) fn forget(&mut self, id: u64) {
        self.waits.remove(&id);
    }

    /// Everyone who waits, oldest first.
    pub(crate) fn wakers(&self) -> impl Iterator<Item = Waker> + '_ {
        self.waits.values().map(|wait| wait.waker.clone())
    }

    /// The waits in words: "signal Approve at src/expense.rs:12".
    pub(crate) fn describe(&self) -> impl Iterator<Item = String> + '_ {
        self.waits
            .values()
            .map(|wait| format!("signal {} at {}", wait.name, in_words(wait.location)))
    }
}
