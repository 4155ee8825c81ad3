//! The run that the current thread is polling, and everything the code in it can reach.
//!
//! The context is ambient: a thread-local that [`enter`] sets around each poll and whose guard puts
//! back what was there before, also on unwinding. It is never inherited by threads or spawned tasks
//! because it is set at poll, not at spawn; two runs interleaved on one thread cannot mix.
//!
//! No user code runs while [`RunState`] is borrowed: wakers are collected first and called after.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    task::Waker,
    time::SystemTime,
};

use persevere_proto::api::{common::v1::Payload, failure::v1::Failure};

use super::{
    operations::Operations,
    random::Random,
    signals::Signals,
    spec::{LocalBoxFuture, Location, WorkflowExit},
    surface::{NoWorkflowContext, WorkflowInfo},
};

thread_local! {
    static CURRENT: RefCell<Option<Rc<Context>>> = const { RefCell::new(None) };
}

/// What the code of one run can reach.
pub(crate) struct Context {
    pub(crate) state: RefCell<RunState>,
    mode: Cell<Mode>,
    /// How many shields the code being polled is inside of.
    shields: Cell<u32>,
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("mode", &self.mode.get()).finish_non_exhaustive()
    }
}

/// What the code may do at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Anything.
    Running,
    /// Look, but change nothing.
    Querying,
    /// Nothing: its futures are being dropped, and that must not look like a decision.
    TornDown,
}

/// Handler of a query.
pub(crate) type QueryHandler = Rc<dyn Fn(Vec<Payload>) -> Result<Option<Payload>, Failure>>;

/// The state of one run, as far as its code sees or changes it.
pub(crate) struct RunState {
    pub(crate) info: Rc<WorkflowInfo>,
    pub(crate) now: SystemTime,
    pub(crate) replaying: bool,
    pub(crate) history_length: u64,
    pub(crate) continue_as_new_suggested: bool,
    pub(crate) cancel_requested: bool,
    pub(crate) cancel_waiters: Vec<Waker>,
    pub(crate) random: Random,
    pub(crate) operations: Operations,
    pub(crate) signals: Signals,
    pub(crate) queries: BTreeMap<String, QueryHandler>,
    /// Futures that the executor has not adopted yet.
    pub(crate) spawned: Vec<LocalBoxFuture<'static, ()>>,
    /// How the workflow function ended, or was told to end.
    pub(crate) finished: Option<Result<Option<Payload>, WorkflowExit>>,
}

impl Context {
    pub(crate) fn new(state: RunState) -> Rc<Self> {
        Rc::new(Self {
            state: RefCell::new(state),
            mode: Cell::new(Mode::Running),
            shields: Cell::new(0),
        })
    }

    pub(crate) fn mode(&self) -> Mode {
        self.mode.get()
    }

    pub(crate) fn set_mode(&self, mode: Mode) {
        self.mode.set(mode);
    }

    /// Whether an await at this point must give way to the run's cancellation.
    pub(crate) fn must_cancel(&self) -> bool {
        self.shields.get() == 0 && self.state.borrow().cancel_requested
    }

    /// Ignores the run's cancellation until the guard is dropped.
    pub(crate) fn shield(self: &Rc<Self>) -> Shield {
        self.shields.set(self.shields.get() + 1);
        Shield { context: self.clone() }
    }
}

/// See [`Context::shield`].
pub(crate) struct Shield {
    context: Rc<Context>,
}

impl Drop for Shield {
    fn drop(&mut self) {
        self.context.shields.set(self.context.shields.get() - 1);
    }
}

/// Makes `context` the current one until the guard is dropped.
pub(crate) fn enter(context: &Rc<Context>) -> Entered {
    let before = CURRENT.with_borrow_mut(|current| current.replace(context.clone()));
    Entered { before }
}

/// See [`enter`].
pub(crate) struct Entered {
    before: Option<Rc<Context>>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let before = self.before.take();
        CURRENT.with_borrow_mut(|current| *current = before);
    }
}

/// The run being polled.
pub(crate) fn current(
    called: &'static str,
    location: Location,
) -> Result<Rc<Context>, NoWorkflowContext> {
    let current = CURRENT.with_borrow(Clone::clone);
    let current = current.filter(|context| context.mode() != Mode::TornDown);
    current.ok_or(NoWorkflowContext { called, location, querying: false })
}

/// The run being polled, to change it: whatever a replay must find as it was, which a query, of
/// which the history knows nothing, must leave alone.
pub(crate) fn current_to_change(
    called: &'static str,
    location: Location,
) -> Result<Rc<Context>, NoWorkflowContext> {
    let context = current(called, location)?;
    if context.mode() == Mode::Querying {
        return Err(NoWorkflowContext { called, location, querying: true });
    }
    Ok(context)
}

/// `type` of the failure of what a query handler tried to begin or to change.
pub const READ_ONLY_CONTEXT: &str = "ReadOnlyContext";
