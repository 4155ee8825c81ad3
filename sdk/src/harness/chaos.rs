//! What goes wrong in one run of a test: its seed decides, place by place.
//!
//! A place is a point of the protocol that a worker comes by again and again; whether something
//! happens there the n-th time depends on the seed, the place and n alone, so that a seed does the
//! same to the same workflow each time. Seed 0 does nothing and early seeds do little: what fails
//! without faults, or with one, is reported so. Some seeds strike early, some late.
//!
//! Deliberately not here: carrying it out, which is [`super::mortal`]'s.

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Mutex, PoisonError};

/// The faults of one seed.
#[derive(Debug)]
pub(super) struct Chaos {
    seed: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    visits: BTreeMap<Place, u64>,
    faults: Vec<Fault>,
}

/// Where a fault can strike a worker.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Place {
    /// The reply to this call has brought a task, which is not worked on yet.
    TaskReceived(String),
    /// The work is done, and this call that reports it is on its way.
    ReportSent(String),
    /// The server has taken the report; its reply is on its way.
    ReportTaken(String),
    /// This activity is running, at an await point.
    Within(String),
}

/// What can happen to a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It dies, with all that it knows.
    Death,
    /// It does not get the reply, and tries again.
    LostReply,
}

/// Something that went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) trouble: Trouble,
    place: Place,
    /// Which time the place was come by, from 1.
    visit: u64,
}

impl Chaos {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, state: Mutex::default() }
    }

    /// Whether runs are forgotten on purpose to be replayed, as they are in undisturbed tests. With
    /// odd seeds workers keep them in memory, as they do in service.
    pub(super) fn proves_replay(&self) -> bool {
        self.seed.is_multiple_of(2)
    }

    /// A worker comes by a place: what happens to it there, of what is possible.
    pub(super) fn strike(&self, place: &Place, possible: &[Trouble]) -> Option<Trouble> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let visit = state.visits.entry(place.clone()).or_default();
        *visit += 1;
        let visit = *visit;
        if state.faults.len() >= self.most_faults() {
            return None;
        }
        let mut hasher = DefaultHasher::new();
        (self.seed, place, visit).hash(&mut hasher);
        let mut random = fastrand::Rng::with_seed(hasher.finish());
        if random.u64(..self.one_in()) > 0 {
            return None;
        }
        let trouble = random.choice(possible).copied()?;
        state.faults.push(Fault { trouble, place: place.clone(), visit });
        Some(trouble)
    }

    /// What has gone wrong so far, in order.
    pub(super) fn faults(&self) -> Vec<Fault> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).faults.clone()
    }

    /// Few, so that every workflow ends and a reader can follow what happened.
    fn most_faults(&self) -> usize {
        match self.seed {
            0 => 0,
            1..=20 => 1,
            21..=60 => 2,
            _ => 4,
        }
    }

    /// A fault strikes at one in so many visits: from every second to one in 64.
    fn one_in(&self) -> u64 {
        2 << (self.seed % 6)
    }
}

impl fmt::Display for Chaos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seed = self.seed;
        let faults = self.faults();
        if faults.is_empty() {
            return write!(f, "with chaos seed {seed}, though nothing went wrong on the way");
        }
        write!(f, "with chaos seed {seed}:")?;
        faults.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trouble, place, visit } = self;
        match (trouble, place) {
            (Trouble::LostReply, Place::ReportTaken(call)) => {
                write!(f, "the reply to {call} no. {visit} got lost")
            }
            (_, Place::TaskReceived(call)) => {
                write!(f, "the worker died when it got a task by {call} no. {visit}")
            }
            (_, Place::ReportSent(call)) => {
                write!(f, "the worker died before {call} no. {visit} arrived")
            }
            (_, Place::ReportTaken(call)) => {
                write!(f, "the worker died after {call} no. {visit} had arrived")
            }
            (_, Place::Within(activity)) => {
                write!(f, "the worker died within activity `{activity}`, at wait no. {visit}")
            }
        }
    }
}

#[cfg(test)]
mod tests;
