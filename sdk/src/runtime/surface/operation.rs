//! What the code holds while it waits: handles of operations and waits for signals.
//!
//! A handle that is dropped before its operation has finished cancels it, unless it was detached or
//! the run is being torn down. A poll outside of a shield, after the run was asked to cancel, cancels
//! first and then looks: an operation that had already finished still gives its result.

use std::{
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context as TaskContext, Poll, Waker},
};

use persevere_proto::api::{common::v1::Payload, failure::v1::Failure};

use super::NoWorkflowContext;
use crate::runtime::{
    context::{Context, Mode},
    failures::cancelled,
    operations::OpId,
    spec::{Location, ReceivedSignal},
};

/// An activity, timer, external signal or external cancellation in flight.
#[derive(Debug)]
#[must_use = "dropping an unfinished operation cancels it; await it or call `detach`"]
pub struct Operation {
    handle: Handle,
}

#[derive(Debug)]
enum Handle {
    /// Never begun; the failure is given out once.
    Refused(Option<Box<Failure>>),
    Begun {
        context: Rc<Context>,
        id: OpId,
        awaited: bool,
    },
}

impl Handle {
    fn cancel(&self) {
        if let Self::Begun { context, id, .. } = self {
            cancel(context, *id);
        }
    }

    /// Polls with `poll`, giving way to the run's cancellation.
    fn poll<T>(
        context: &Rc<Context>,
        id: OpId,
        mut poll: impl FnMut(&Context) -> Poll<T>,
    ) -> Poll<T> {
        let polled = poll(context);
        if polled.is_pending() && context.must_cancel() {
            cancel(context, id);
            return poll(context);
        }
        polled
    }

    fn poll_result(&mut self, waker: &Waker) -> Poll<Result<Option<Payload>, Failure>> {
        match self {
            Self::Refused(failure) => {
                failure.take().map_or(Poll::Pending, |failure| Poll::Ready(Err(*failure)))
            }
            Self::Begun { context, id, awaited } => {
                let polled = Self::poll(context, *id, |context| {
                    context.state.borrow_mut().operations.poll_result(*id, waker)
                });
                *awaited |= polled.is_ready();
                polled
            }
        }
    }
}

fn cancel(context: &Context, id: OpId) {
    let wakers = context.state.borrow_mut().operations.cancel(id);
    wakers.into_iter().for_each(Waker::wake);
}

impl Drop for Handle {
    fn drop(&mut self) {
        let Self::Begun { context, id, awaited } = self else { return };
        if context.mode() == Mode::TornDown {
            return;
        }
        if !*awaited {
            cancel(context, *id);
        }
        context.state.borrow_mut().operations.release(*id);
    }
}

impl Operation {
    pub(super) fn refused(failure: Failure) -> Self {
        Self { handle: Handle::Refused(Some(Box::new(failure))) }
    }

    pub(super) fn begun(context: Rc<Context>, id: OpId) -> Self {
        Self { handle: Handle::Begun { context, id, awaited: false } }
    }

    /// Lets it run on unobserved.
    pub fn detach(mut self) {
        self.handle.detach();
    }

    /// Asks it to stop while it can still be awaited.
    pub fn cancel(&self) {
        self.handle.cancel();
    }
}

impl Handle {
    fn detach(&mut self) {
        if let Self::Begun { awaited, .. } = self {
            *awaited = true;
        }
    }
}

impl Future for Operation {
    type Output = Result<Option<Payload>, Failure>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        self.handle.poll_result(cx.waker())
    }
}

/// A child workflow in flight; awaited, it is the child's result.
#[derive(Debug)]
#[must_use = "dropping an unfinished child cancels it; await it or call `detach`"]
pub struct ChildOperation {
    handle: Handle,
    workflow_id: String,
}

impl ChildOperation {
    pub(super) fn refused(failure: Failure, workflow_id: String) -> Self {
        Self { handle: Handle::Refused(Some(Box::new(failure))), workflow_id }
    }

    pub(super) fn begun(context: Rc<Context>, id: OpId, workflow_id: String) -> Self {
        Self { handle: Handle::Begun { context, id, awaited: false }, workflow_id }
    }

    /// The child's workflow id.
    #[must_use]
    pub fn workflow_id(&self) -> &str {
        &self.workflow_id
    }

    /// Resolves to the child's run id once it has started, or to why it could not. To be awaited
    /// once.
    pub fn started(&mut self) -> ChildStarted<'_> {
        ChildStarted { child: self }
    }

    /// Lets it run on unobserved; what the parent's close does to it is its parent close policy.
    pub fn detach(mut self) {
        self.handle.detach();
    }

    /// Asks it to cancel while it can still be awaited.
    pub fn cancel(&self) {
        self.handle.cancel();
    }
}

impl Future for ChildOperation {
    type Output = Result<Option<Payload>, Failure>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        self.handle.poll_result(cx.waker())
    }
}

/// See [`ChildOperation::started`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct ChildStarted<'a> {
    child: &'a mut ChildOperation,
}

impl Future for ChildStarted<'_> {
    type Output = Result<String, Failure>;

    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        match &self.child.handle {
            Handle::Refused(Some(failure)) => Poll::Ready(Err(Failure::clone(failure))),
            Handle::Refused(None) => Poll::Pending,
            Handle::Begun { context, id, .. } => Handle::poll(context, *id, |context| {
                context.state.borrow_mut().operations.poll_started(*id, cx.waker())
            }),
        }
    }
}

/// A wait for the next signal of one name. Dropping it loses no signal.
#[derive(Debug)]
#[must_use = "a wait does nothing unless awaited"]
pub struct SignalWait {
    context: Result<Rc<Context>, NoWorkflowContext>,
    name: String,
    location: Location,
    /// Set while it waits.
    waiting: Option<u64>,
}

impl SignalWait {
    pub(super) fn new(
        context: Result<Rc<Context>, NoWorkflowContext>,
        name: &str,
        location: Location,
    ) -> Self {
        Self { context, name: name.to_owned(), location, waiting: None }
    }

    /// Reports `location` as the place that waits, instead of the one that made this wait.
    pub fn at(mut self, location: Location) -> Self {
        self.location = location;
        self
    }

    fn stop_waiting(&mut self) {
        if let (Ok(context), Some(waiting)) = (&self.context, self.waiting.take()) {
            context.state.borrow_mut().signals.forget(waiting);
        }
    }
}

impl Future for SignalWait {
    /// `Err` is a cancelled failure: the run was asked to cancel while this waited unshielded.
    type Output = Result<ReceivedSignal, Failure>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let context = match &this.context {
            Ok(context) => context,
            Err(error) => return Poll::Ready(Err((*error).into())),
        };
        let must_cancel = context.must_cancel();
        let mut state = context.state.borrow_mut();
        let taken = state.signals.take(&this.name);
        if taken.is_none() && !must_cancel {
            let waiting = state.signals.wait(this.waiting, &this.name, cx.waker(), this.location);
            this.waiting = Some(waiting);
            return Poll::Pending;
        }
        drop(state);
        this.stop_waiting();
        Poll::Ready(taken.ok_or_else(|| cancelled("waiting for a signal was")))
    }
}

impl Drop for SignalWait {
    fn drop(&mut self) {
        self.stop_waiting();
    }
}
