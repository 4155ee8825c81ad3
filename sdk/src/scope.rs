//! The run around a workflow function: it unwinds the function when the run is cancelled during a
//! wait that cannot fail, or goes on as a new one, and runs the compensations of dropped sagas to
//! their end.
//!
//! `sleep` and `receive` return no `Result`, so they cannot report a cancellation. A cancelled run
//! does not come back from them: it unwinds there, as `?` on a cancelled call would. The function is
//! dropped, so its sagas compensate. Waits inside `shielded` go on.
//!
//! The scope is found through a thread-local that is set around each poll and restored after it,
//! also on unwinding; drops outside of a poll (eviction of a cached run) find none and do nothing.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use crate::Error;
use crate::runtime::spec::{ContinueAsNewSpec, LocalBoxFuture};

thread_local! {
    static CURRENT: RefCell<Option<Rc<Scope>>> = const { RefCell::new(None) };
}

/// A compensation under way.
pub(crate) type Compensation = LocalBoxFuture<'static, Result<(), Error>>;

/// What the futures of one run tell the future around them.
#[derive(Default)]
pub(crate) struct Scope {
    /// Waits that a cancellation has ended and that have not been dropped.
    ended_waits: Cell<usize>,
    /// Shielded futures under way.
    shielded: Cell<usize>,
    /// Compensations of dropped sagas, not yet taken up.
    compensations: RefCell<Vec<Compensation>>,
    /// The function wants to go on as a new run.
    next_run: RefCell<Option<Box<ContinueAsNewSpec>>>,
}

impl Scope {
    /// The scope of the workflow that is being polled.
    pub(crate) fn current() -> Option<Rc<Self>> {
        CURRENT.with_borrow(Clone::clone)
    }

    /// Ends the function as soon as its poll returns; after its compensations a new run follows.
    pub(crate) fn continue_as_new(&self, next: ContinueAsNewSpec) {
        self.next_run.borrow_mut().get_or_insert(Box::new(next));
    }

    /// Hands over a compensation; the run ends only after it.
    pub(crate) fn compensate(&self, compensation: Compensation) {
        self.compensations.borrow_mut().push(compensation);
    }
}

/// Says that a wait was ended by a cancellation, for as long as it lives.
pub(crate) struct EndedWait(Rc<Scope>);

impl EndedWait {
    /// `None` outside of a workflow.
    pub(crate) fn new() -> Option<Self> {
        let scope = Scope::current()?;
        scope.ended_waits.set(scope.ended_waits.get() + 1);
        Some(Self(scope))
    }
}

impl Drop for EndedWait {
    fn drop(&mut self) {
        self.0.ended_waits.set(self.0.ended_waits.get() - 1);
    }
}

/// Says that a shielded future is under way, for as long as it lives.
pub(crate) struct InShield(Rc<Scope>);

impl InShield {
    /// `None` outside of a workflow.
    pub(crate) fn new() -> Option<Self> {
        let scope = Scope::current()?;
        scope.shielded.set(scope.shielded.get() + 1);
        Some(Self(scope))
    }
}

impl Drop for InShield {
    fn drop(&mut self) {
        self.0.shielded.set(self.0.shielded.get() - 1);
    }
}

/// A workflow function within its scope.
pub(crate) struct Scoped<T> {
    scope: Rc<Scope>,
    /// `None` once it has ended.
    function: Option<LocalBoxFuture<'static, T>>,
    result: Option<T>,
    compensations: Vec<Compensation>,
    /// What compensations failed with.
    failed: Option<Error>,
}

/// How a workflow function ended.
pub(crate) struct Ended<T> {
    /// What it returned; `None` if it was unwound.
    pub(crate) result: Option<T>,
    /// The run that it was unwound for; `None` if that was for a cancellation.
    pub(crate) next_run: Option<Box<ContinueAsNewSpec>>,
    /// What went wrong while compensating.
    pub(crate) compensations: Option<Error>,
}

impl<T> Scoped<T> {
    pub(crate) fn new(function: impl Future<Output = T> + 'static) -> Self {
        Self {
            scope: Rc::default(),
            function: Some(Box::pin(function)),
            result: None,
            compensations: Vec::new(),
            failed: None,
        }
    }

    fn poll_function(&mut self, cx: &mut Context<'_>) {
        let Some(function) = &mut self.function else { return };
        match function.as_mut().poll(cx) {
            Poll::Ready(result) => {
                self.result = Some(result);
                self.function = None;
            }
            Poll::Pending if self.scope.next_run.borrow().is_some() => self.function = None,
            Poll::Pending if self.scope.ended_waits.get() > 0 && self.scope.shielded.get() == 0 => {
                self.function = None;
            }
            Poll::Pending => {}
        }
    }

    /// Polls the compensations in the order in which they began.
    fn poll_compensations(&mut self, cx: &mut Context<'_>) {
        self.compensations.append(&mut self.scope.compensations.borrow_mut());
        let failed = &mut self.failed;
        self.compensations.retain_mut(|compensation| match compensation.as_mut().poll(cx) {
            Poll::Pending => true,
            Poll::Ready(result) => {
                if let Err(error) = result {
                    *failed = Some(match failed.take() {
                        Some(earlier) => Error::new(format_args!("{earlier}; {error}")),
                        None => error,
                    });
                }
                false
            }
        });
    }
}

/// Nothing in it is pinned by it: the function and the compensations are boxed.
impl<T> Unpin for Scoped<T> {}

impl<T> Future for Scoped<T> {
    type Output = Ended<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Ended<T>> {
        let _entered = Entered::new(Rc::clone(&self.scope));
        self.poll_function(cx);
        self.poll_compensations(cx);
        if self.function.is_some() || !self.compensations.is_empty() {
            return Poll::Pending;
        }
        let next_run = self.scope.next_run.take();
        let (result, compensations) = (self.result.take(), self.failed.take());
        Poll::Ready(Ended { result, next_run, compensations })
    }
}

/// Restores the scope before this poll when dropped.
struct Entered(Option<Rc<Scope>>);

impl Entered {
    fn new(scope: Rc<Scope>) -> Self {
        Self(CURRENT.replace(Some(scope)))
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

#[cfg(test)]
mod tests;
