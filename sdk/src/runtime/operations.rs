//! All operations of one run: who awaits them, what is on its way out, which event belongs to which.
//!
//! Commands queue in the order in which the code asks for them and must be met by the recorded
//! events in exactly that order. Operations are numbered in order of creation, and whatever goes
//! over all of them does so in that order, so that nothing here depends on chance.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    task::{Poll, Waker},
};

use persevere_proto::api::{
    command::v1::Command,
    failure::v1::Failure,
    history::v1::{HistoryEvent, history_event::Attributes},
};

use super::{
    intent::Intent,
    machine::{Emit, Impossible, Input, Machine, Outcome, Role, Step},
    resolution,
    spec::{Location, in_words},
};

/// An operation's number within its run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct OpId(u64);

/// A command that is not in the history yet.
#[derive(Debug)]
struct Outgoing {
    owner: Owner,
    intent: Intent,
    /// Taken when it is sent.
    command: Option<Command>,
    location: Option<Location>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Operation(OpId, Role),
    Run,
}

#[derive(Debug)]
struct Op {
    machine: Machine,
    location: Location,
    result: Slot<Outcome>,
    /// Of children only.
    started: Slot<Result<String, Failure>>,
    /// No handle will ask for the result any more.
    released: bool,
}

/// A value on its way to whoever awaits it. The first value counts.
#[derive(Debug)]
enum Slot<T> {
    Empty(Option<Waker>),
    Full(T),
    Taken,
}

impl<T> Slot<T> {
    fn fill(&mut self, value: T) -> Option<Waker> {
        match self {
            Self::Empty(waker) => {
                let waker = waker.take();
                *self = Self::Full(value);
                waker
            }
            Self::Full(_) | Self::Taken => None,
        }
    }

    fn poll(&mut self, waker: &Waker) -> Poll<T> {
        match std::mem::replace(self, Self::Taken) {
            Self::Full(value) => Poll::Ready(value),
            Self::Empty(_) => {
                *self = Self::Empty(Some(waker.clone()));
                Poll::Pending
            }
            // A future polled after its end; pending for ever is what the contract allows.
            Self::Taken => Poll::Pending,
        }
    }

    fn is_awaited(&self) -> bool {
        matches!(self, Self::Empty(Some(_)))
    }

    fn waker(&self) -> Option<Waker> {
        match self {
            Self::Empty(waker) => waker.clone(),
            Self::Full(_) | Self::Taken => None,
        }
    }
}

/// A command-made event and the code disagree.
#[derive(Debug)]
pub(crate) enum Disagreement {
    /// The code does something else.
    Other { intent: Intent, location: Option<Location> },
    /// The code does nothing more at this point.
    Nothing,
    /// The event cannot be: the history is damaged.
    Impossible { operation: String, input: &'static str, state: &'static str },
    /// The event is about something that the history never began.
    Unknown { began: i64 },
}

#[derive(Debug, Default)]
pub(crate) struct Operations {
    next: u64,
    ops: BTreeMap<OpId, Op>,
    by_event: HashMap<i64, OpId>,
    outgoing: VecDeque<Outgoing>,
    activities: u64,
    timers: u64,
    /// The command that closes the run has been queued.
    closed: bool,
}

impl Operations {
    /// The id of an activity or timer whose user did not choose one.
    pub(crate) fn next_activity_id(&mut self) -> String {
        self.activities += 1;
        self.activities.to_string()
    }

    pub(crate) fn next_timer_id(&mut self) -> String {
        self.timers += 1;
        self.timers.to_string()
    }

    /// Adds an operation and queues the command that begins it.
    pub(crate) fn begin(&mut self, machine: Machine, emit: Emit, location: Location) -> OpId {
        let id = OpId(self.next);
        self.next += 1;
        let op = Op {
            machine,
            location,
            result: Slot::Empty(None),
            started: Slot::Empty(None),
            released: false,
        };
        self.ops.insert(id, op);
        self.queue(Owner::Operation(id, Role::Begin), emit, Some(location));
        id
    }

    /// Queues the command that closes the run. It is the last: nothing can follow it.
    pub(crate) fn close(&mut self, emit: Emit) {
        self.queue(Owner::Run, emit, None);
        self.closed = true;
    }

    fn queue(&mut self, owner: Owner, emit: Emit, location: Option<Location>) {
        if self.closed {
            return;
        }
        let Emit { intent, command } = emit;
        self.outgoing.push_back(Outgoing { owner, intent, command: Some(command), location });
    }

    pub(crate) fn poll_result(&mut self, id: OpId, waker: &Waker) -> Poll<Outcome> {
        self.ops.get_mut(&id).map_or(Poll::Pending, |op| op.result.poll(waker))
    }

    pub(crate) fn poll_started(
        &mut self,
        id: OpId,
        waker: &Waker,
    ) -> Poll<Result<String, Failure>> {
        self.ops.get_mut(&id).map_or(Poll::Pending, |op| op.started.poll(waker))
    }

    /// The workflow no longer wants the operation.
    pub(crate) fn cancel(&mut self, id: OpId) -> Vec<Waker> {
        // Every state of every machine accepts being cancelled.
        self.input(id, Input::Cancel).unwrap_or_default()
    }

    /// Its handle is gone; an operation that can settle no more is forgotten.
    pub(crate) fn release(&mut self, id: OpId) {
        if let Some(op) = self.ops.get_mut(&id) {
            op.released = true;
            if op.machine.is_closed() {
                self.ops.remove(&id);
            }
        }
    }

    /// Everyone who awaits an operation, in order of creation.
    pub(crate) fn wakers(&self) -> Vec<Waker> {
        self.ops.values().flat_map(|op| [op.started.waker(), op.result.waker()]).flatten().collect()
    }

    /// What the workflow awaits, in words.
    pub(crate) fn awaited(&self) -> Vec<String> {
        let awaited =
            self.ops.values().filter(|op| op.result.is_awaited() || op.started.is_awaited());
        awaited
            .map(|op| format!("{} at {}", op.machine.describe(), in_words(op.location)))
            .collect()
    }

    /// The commands that have not been sent yet. They stay expected until the history shows them.
    pub(crate) fn take_commands(&mut self) -> Vec<Command> {
        self.outgoing.iter_mut().filter_map(|outgoing| outgoing.command.take()).collect()
    }

    /// The first thing the code did that the history should show and does not.
    pub(crate) fn unrecorded(&self) -> Option<(&Intent, Option<Location>)> {
        self.outgoing.front().map(|outgoing| (&outgoing.intent, outgoing.location))
    }

    /// Meets a command-made event with the next intent of the code.
    pub(crate) fn record(&mut self, event: &HistoryEvent) -> Result<(), Disagreement> {
        let Some(next) = self.outgoing.front() else { return Err(Disagreement::Nothing) };
        if !next.intent.matches(event) {
            let (intent, location) = (next.intent.clone(), next.location);
            return Err(Disagreement::Other { intent, location });
        }
        let owner = next.owner;
        self.outgoing.pop_front();
        if let Owner::Operation(id, role) = owner {
            let input = match role {
                Role::Begin => Input::Recorded { event_id: event.event_id },
                Role::Cancel => Input::CancelRecorded,
            };
            if role == Role::Begin || self.is_child(id) {
                self.by_event.insert(event.event_id, id);
            }
            self.input(id, input)?;
        }
        Ok(())
    }

    /// Applies an event that settles or advances an operation; the wakers of whoever awaited it.
    /// Events about nothing we follow have no effect.
    pub(crate) fn advance(&mut self, attributes: Attributes) -> Result<Vec<Waker>, Disagreement> {
        let Some(began) = resolution::subject(&attributes) else { return Ok(Vec::new()) };
        let id = *self.by_event.get(&began).ok_or(Disagreement::Unknown { began })?;
        // The operation itself may be long forgotten if nobody wanted it any more.
        let Some(op) = self.ops.get(&id) else { return Ok(Vec::new()) };
        let Some(input) = resolution::input(attributes, &op.machine) else { return Ok(Vec::new()) };
        if matches!(input, Input::Settled(_) | Input::Refused { .. }) {
            self.by_event.remove(&began);
        }
        self.input(id, input)
    }

    fn is_child(&self, id: OpId) -> bool {
        self.ops.get(&id).is_some_and(|op| matches!(op.machine, Machine::Child(_)))
    }

    fn input(&mut self, id: OpId, input: Input) -> Result<Vec<Waker>, Disagreement> {
        let Some(op) = self.ops.get_mut(&id) else { return Ok(Vec::new()) };
        let name = input.name();
        let location = op.location;
        let step = op.machine.step(input).map_err(|Impossible { state }| {
            Disagreement::Impossible { operation: op.machine.describe(), input: name, state }
        })?;
        let Step { emit, withdraw, started, resolve } = step;
        let started = started.and_then(|started| op.started.fill(started));
        let resolved = resolve.and_then(|outcome| op.result.fill(outcome));
        let forget = op.released && op.machine.is_closed();
        if let Some(role) = withdraw {
            self.outgoing.retain(|outgoing| outgoing.owner != Owner::Operation(id, role));
        }
        if let Some(emit) = emit {
            self.queue(Owner::Operation(id, Role::Cancel), emit, Some(location));
        }
        if forget {
            self.ops.remove(&id);
        }
        Ok(started.into_iter().chain(resolved).collect())
    }
}
