//! One workflow run: history goes in event by event, commands come out.
//!
//! The same code serves the first execution and every replay. An *activation* is one workflow task:
//! the events since the last one are applied strictly in history order, and after each the futures
//! it woke are polled until none can go on. So the code sees one thing happen at a time, in the order
//! in which the server recorded it, whichever branch of a select comes first in the source. The
//! function itself starts after the whole first batch has been applied, so that signals which were
//! there before its first workflow task are in its inbox when it starts.
//!
//! A workflow task that failed or timed out leaves no activation: its events belong to the next one.
//! A task is replayed once the history shows it completed; the last one, still open, is run live.
//! After `WorkflowTaskCompleted`, events made by commands must meet the intents of the code one by
//! one; anything else is kept for the next activation.
//!
//! Dropping an execution tears it down: nothing its futures do while they are dropped has an effect.

mod closing;
mod start;

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
    task::Waker,
    time::SystemTime,
};

use persevere_proto::api::{
    command::v1::Command,
    common::v1::Payload,
    enums::v1::WorkflowTaskFailedCause,
    failure::v1::Failure,
    history::v1::{HistoryEvent, WorkflowTaskStartedEventAttributes, history_event::Attributes},
};

use super::{
    context::{self, Context, Mode},
    intent::{comes_from_command, describe_event},
    operations::Disagreement,
    queries,
    random::Random,
    spec::{ReceivedSignal, WorkflowRegistration},
    task_failure::{Mismatch, RunName, TaskFailure},
    tasks::Tasks,
};
use crate::wire_time::time_from_wire;

/// One workflow run in memory.
pub(crate) struct Execution {
    run: RunName,
    registration: WorkflowRegistration,
    context: Rc<Context>,
    tasks: Tasks,
    /// The newest event this has seen.
    last_event_id: i64,
    /// Events that the next activation will apply.
    pending: Vec<HistoryEvent>,
    /// A workflow task whose outcome the history has not shown yet.
    open_task: Option<OpenTask>,
    /// The task that was run live, until the history shows it completed.
    ran_live: Option<i64>,
    /// The first event after the last completed task that no command made.
    first_other: Option<(i64, String)>,
    /// The run has asked to close, or was closed.
    closed: bool,
}

#[derive(Clone, Copy, Debug)]
struct OpenTask {
    started_event_id: i64,
    time: SystemTime,
    continue_as_new_suggested: bool,
}

/// What the server says about the workflow task to run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LiveTask {
    /// The task's started event, which need not be in the history that came with it.
    pub(crate) started_event_id: i64,
    /// When it started.
    pub(crate) started: SystemTime,
}

/// Why events could not be taken.
#[derive(Debug)]
pub(crate) enum FeedError {
    /// What is in memory does not precede these events; the run must be read from its beginning.
    Stale,
    /// The task fails.
    Task(TaskFailure),
}

impl<E: Into<TaskFailure>> From<E> for FeedError {
    fn from(error: E) -> Self {
        Self::Task(error.into())
    }
}

impl Execution {
    /// A run of which nothing is known but its name.
    pub(crate) fn new(
        run: RunName,
        namespace: &str,
        task_queue: &str,
        registration: WorkflowRegistration,
    ) -> Self {
        let context = Context::new(start::unstarted(&run, namespace, task_queue));
        Self {
            run,
            registration,
            context,
            tasks: Tasks::default(),
            last_event_id: 0,
            pending: Vec::new(),
            open_task: None,
            ran_live: None,
            first_other: None,
            closed: false,
        }
    }

    /// The newest event this has seen.
    pub(crate) fn last_event_id(&self) -> i64 {
        self.last_event_id
    }

    /// Takes the next events of the history. Those already seen are skipped; a gap is stale memory.
    pub(crate) fn feed(&mut self, events: Vec<HistoryEvent>) -> Result<(), FeedError> {
        for event in events {
            if event.event_id <= self.last_event_id {
                continue;
            }
            if event.event_id != self.last_event_id + 1 {
                return Err(FeedError::Stale);
            }
            self.last_event_id = event.event_id;
            self.take(event)?;
        }
        Ok(())
    }

    fn take(&mut self, event: HistoryEvent) -> Result<(), FeedError> {
        use Attributes as A;
        let Some(attributes) = &event.attributes else {
            // An event type newer than this SDK: harmless only if the server says so.
            return if event.worker_may_ignore { Ok(()) } else { Err(self.unknown(&event).into()) };
        };
        match attributes {
            A::WorkflowTaskScheduledEventAttributes(_) => self.note_other(&event),
            A::WorkflowTaskStartedEventAttributes(a) => {
                self.open_task = Some(open_task(&event, a));
            }
            A::WorkflowTaskCompletedEventAttributes(a) => {
                self.first_other = None;
                if self.ran_live.take() == Some(a.started_event_id) {
                    return Ok(());
                }
                let Some(task) = self.open_task.take() else {
                    let what = "a workflow task completed that never started";
                    return Err(self.damaged(event.event_id, what).into());
                };
                self.activate(task, true)?;
            }
            A::WorkflowTaskTimedOutEventAttributes(_) | A::WorkflowTaskFailedEventAttributes(_) => {
                self.open_task = None;
                if self.ran_live.is_some() {
                    return Err(FeedError::Stale);
                }
                self.pending.push(event);
            }
            attributes if comes_from_command(attributes) => {
                let recorded = self.context.state.borrow_mut().operations.record(&event);
                recorded.map_err(|disagreement| self.disagree(&event, disagreement))?;
            }
            _ => {
                self.note_other(&event);
                self.pending.push(event);
            }
        }
        Ok(())
    }

    fn note_other(&mut self, event: &HistoryEvent) {
        if self.first_other.is_none() {
            self.first_other = Some((event.event_id, describe_event(event)));
        }
    }

    /// Runs the open workflow task live, after all of its history has been fed.
    pub(crate) fn run_live(&mut self, task: LiveTask) -> Result<Vec<Command>, TaskFailure> {
        let open = self.open_task.take().unwrap_or(OpenTask {
            started_event_id: task.started_event_id,
            time: task.started,
            continue_as_new_suggested: false,
        });
        self.last_event_id = self.last_event_id.max(task.started_event_id);
        self.activate(open, false)?;
        self.ran_live = Some(task.started_event_id);
        Ok(self.context.state.borrow_mut().operations.take_commands())
    }

    /// Checks that the history has shown everything the code did. For complete histories.
    pub(crate) fn expect_all_recorded(&self) -> Result<(), TaskFailure> {
        let state = self.context.state.borrow();
        match state.operations.unrecorded() {
            None => Ok(()),
            Some((intent, location)) => {
                let recorded = self.first_other.clone();
                Err(Box::new(Mismatch::new(self.run.clone(), recorded, intent, location)).into())
            }
        }
    }

    /// Whether the run has asked to close, or was closed.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Answers a query from the state after the last activation.
    pub(crate) fn query(
        &mut self,
        name: &str,
        input: Vec<Payload>,
    ) -> Result<Option<Payload>, Failure> {
        queries::answer(&self.context, name, input)
    }

    fn activate(&mut self, task: OpenTask, replaying: bool) -> Result<(), TaskFailure> {
        self.expect_all_recorded()?;
        {
            let mut state = self.context.state.borrow_mut();
            state.now = task.time;
            state.replaying = replaying;
            state.history_length = task.started_event_id.unsigned_abs();
            state.continue_as_new_suggested = task.continue_as_new_suggested;
        }
        let first_batch = self.tasks.is_empty();
        for event in std::mem::take(&mut self.pending) {
            // Also when the code has just closed the run: an event may show that a command which is
            // still waiting to be sent has lost its object, such as the cancelling of a timer that
            // has fired.
            self.apply(event)?;
            if !first_batch {
                self.run_until_blocked()?;
            }
        }
        self.run_until_blocked()
    }

    fn apply(&mut self, event: HistoryEvent) -> Result<(), TaskFailure> {
        use Attributes as A;
        let event_id = event.event_id;
        let Some(attributes) = event.attributes else { return Ok(()) };
        match attributes {
            A::WorkflowExecutionStartedEventAttributes(a) => {
                let started = event.event_time.as_ref().map(time_from_wire);
                self.start(a, started)?;
            }
            A::WorkflowExecutionSignaledEventAttributes(a) => {
                let signal = ReceivedSignal {
                    name: a.signal_name,
                    input: a.input.map(|payloads| payloads.payloads).unwrap_or_default(),
                    identity: a.identity,
                };
                let wakers = self.context.state.borrow_mut().signals.arrive(signal);
                wake(wakers);
            }
            A::WorkflowExecutionCancelRequestedEventAttributes(_) => self.request_cancel(),
            A::WorkflowTaskFailedEventAttributes(a)
                if a.cause() == WorkflowTaskFailedCause::ResetWorkflow =>
            {
                // What comes after a reset is another story and gets other random numbers.
                self.context.state.borrow_mut().random = Random::from_run_id(&a.new_run_id);
            }
            A::WorkflowExecutionTerminatedEventAttributes(_)
            | A::WorkflowExecutionTimedOutEventAttributes(_) => self.closed = true,
            attributes => {
                let advanced = self.context.state.borrow_mut().operations.advance(attributes);
                wake(advanced.map_err(|disagreement| self.impossible(event_id, disagreement))?);
            }
        }
        Ok(())
    }

    fn request_cancel(&mut self) {
        let wakers = {
            let mut state = self.context.state.borrow_mut();
            state.cancel_requested = true;
            let mut wakers = state.operations.wakers();
            wakers.extend(state.signals.wakers());
            wakers.append(&mut state.cancel_waiters);
            wakers
        };
        wake(wakers);
    }

    /// Polls what is ready until nothing can go on, then closes the run if the code is done.
    fn run_until_blocked(&mut self) -> Result<(), TaskFailure> {
        if self.closed {
            return Ok(());
        }
        let context = self.context.clone();
        let _entered = context::enter(&context);
        loop {
            self.adopt();
            let finished = self.context.state.borrow().finished.is_some();
            if finished && self.tasks.has_first() {
                // Told to end while it was still waiting for something.
                self.catch(|execution| execution.tasks.drop_first())?;
            } else if let Some(task) = self.tasks.next() {
                self.catch(|execution| execution.tasks.poll(task))?;
            } else if finished && self.tasks.all_done() {
                return self.catch(Self::close);
            } else {
                return Ok(());
            }
        }
    }

    /// Makes tasks of the futures that the code has asked to run beside it.
    fn adopt(&mut self) {
        let spawned = std::mem::take(&mut self.context.state.borrow_mut().spawned);
        for future in spawned {
            self.tasks.add(future);
        }
    }

    fn catch<T>(&mut self, act: impl FnOnce(&mut Self) -> T) -> Result<T, TaskFailure> {
        catch_unwind(AssertUnwindSafe(|| act(self))).map_err(|panic| TaskFailure::Panicked {
            run: self.run.clone(),
            message: panic_message(panic.as_ref()),
        })
    }

    fn disagree(&self, event: &HistoryEvent, disagreement: Disagreement) -> TaskFailure {
        let recorded = Some((event.event_id, describe_event(event)));
        match disagreement {
            Disagreement::Other { intent, location } => {
                Box::new(Mismatch::new(self.run.clone(), recorded, &intent, location)).into()
            }
            Disagreement::Nothing => {
                let awaited = self.context.state.borrow().operations.awaited();
                let code = match awaited.as_slice() {
                    _ if self.closed => "has finished".into(),
                    [] => "does nothing at this point".into(),
                    awaited => format!("only waits at this point, for {}", awaited.join(", ")),
                };
                let run = self.run.clone();
                Box::new(Mismatch { run, recorded, code, location: None }).into()
            }
            other => self.impossible(event.event_id, other),
        }
    }

    fn impossible(&self, event_id: i64, disagreement: Disagreement) -> TaskFailure {
        let what = match disagreement {
            Disagreement::Impossible { operation, input, state } => {
                format!("{operation} {input} while it is {state}")
            }
            Disagreement::Unknown { began } => {
                format!("it is about event {began}, which began nothing that is still open")
            }
            Disagreement::Other { .. } | Disagreement::Nothing => "it fits nothing".into(),
        };
        self.damaged(event_id, &what)
    }

    fn damaged(&self, event_id: i64, what: &str) -> TaskFailure {
        TaskFailure::Damaged { run: self.run.clone(), event_id, what: what.into() }
    }

    fn unknown(&self, event: &HistoryEvent) -> TaskFailure {
        let what = format!("its type, {}, is unknown to this version of the SDK", event.event_type);
        self.damaged(event.event_id, &what)
    }
}

impl Drop for Execution {
    fn drop(&mut self) {
        self.context.set_mode(Mode::TornDown);
        let (spawned, queries) = {
            let mut state = self.context.state.borrow_mut();
            (std::mem::take(&mut state.spawned), std::mem::take(&mut state.queries))
        };
        // A destructor of the user's that panics must not take the worker's thread with it.
        let dropped = catch_unwind(AssertUnwindSafe(|| {
            self.tasks.clear();
            drop((spawned, queries));
        }));
        if dropped.is_err() {
            tracing::warn!(run = %self.run, "a destructor panicked while the run left the cache");
        }
    }
}

fn open_task(event: &HistoryEvent, started: &WorkflowTaskStartedEventAttributes) -> OpenTask {
    OpenTask {
        started_event_id: event.event_id,
        time: event.event_time.as_ref().map_or(SystemTime::UNIX_EPOCH, time_from_wire),
        continue_as_new_suggested: started.suggest_continue_as_new,
    }
}

fn wake(wakers: Vec<Waker>) {
    for waker in wakers {
        waker.wake();
    }
}

pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a value that is not text".into())
}

#[cfg(test)]
mod tests;
