//! Signals and queries of the running workflow.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use serde::Serialize;

use crate::Signal;
use crate::failure;
use crate::payload::{self, Value};
use crate::runtime::spec::ReceivedSignal;
use crate::runtime::surface::{self, NoWorkflowContext, SignalWait};
use crate::scope::EndedWait;

/// Waits for the next signal of this type. Signals are kept from the start of the run, so none is
/// lost that comes before the wait; each is given to one wait, in order.
///
/// A signal that cannot be decoded is dropped with a warning in the log: whoever sends one must not
/// be able to stop the workflow.
///
/// A workflow that is cancelled does not come back from here: it ends, as by `?` on a cancelled call.
///
/// # Panics
/// When awaited outside of a workflow.
pub fn receive<S: Signal>() -> Receive<S> {
    Receive { state: State::Inert, signal: PhantomData }
}

/// The next signal of this type, if there is one already.
///
/// # Panics
/// Outside of a workflow.
#[track_caller]
pub fn try_receive<S: Signal>() -> Option<S> {
    loop {
        let next = surface::try_receive_signal(S::NAME).unwrap_or_else(|error| panic!("{error}"));
        if let Some(signal) = decode(&next?) {
            return Some(signal);
        }
    }
}

/// See [`receive`].
#[must_use = "a wait does nothing unless awaited"]
pub struct Receive<S> {
    state: State,
    signal: PhantomData<fn() -> S>,
}

enum State {
    Inert,
    Waiting(SignalWait),
    /// The run was cancelled: never resolves.
    Ended {
        _wait: EndedWait,
    },
}

impl<S: Signal> Future for Receive<S> {
    type Output = S;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<S> {
        loop {
            match &mut self.state {
                State::Inert => {
                    self.state = State::Waiting(surface::receive_signal(S::NAME));
                }
                State::Ended { .. } => return Poll::Pending,
                State::Waiting(wait) => match Pin::new(wait).poll(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Ok(received)) => {
                        self.state = State::Inert;
                        if let Some(signal) = decode(&received) {
                            return Poll::Ready(signal);
                        }
                    }
                    Poll::Ready(Err(failure)) => {
                        let wait = EndedWait::new();
                        let wait = wait.unwrap_or_else(|| panic!("{}", failure.message));
                        self.state = State::Ended { _wait: wait };
                    }
                },
            }
        }
    }
}

impl<S: Signal> std::fmt::Debug for Receive<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receive").field("signal", &S::NAME).finish_non_exhaustive()
    }
}

fn decode<S: Signal>(received: &ReceivedSignal) -> Option<S> {
    let what = format!("signal `{}`", S::NAME);
    match payload::decode(received.input.first(), &what) {
        Ok(signal) => Some(signal),
        Err(error) => {
            tracing::warn!(%error, from = received.identity, "a signal was dropped");
            None
        }
    }
}

/// Answers the query `name` from now on. The handler only looks: it is called at any time, also
/// after the workflow has ended, and calls nothing durable. It takes the query's argument, `()` for
/// none.
///
/// ```
/// use persevere::prelude::*;
/// use std::{cell::Cell, rc::Rc};
///
/// #[workflow]
/// async fn counting() -> Result<()> {
///     let count = Rc::new(Cell::new(0));
///     let seen = Rc::clone(&count);
///     on_query("count", move |()| seen.get());
///     loop {
///         sleep(days(1)).await;
///         count.set(count.get() + 1);
///     }
/// }
/// ```
///
/// # Panics
/// Outside of a workflow.
#[track_caller]
pub fn on_query<A: Value, T: Serialize>(name: &str, handler: impl Fn(A) -> T + 'static) {
    let label = format!("the argument of query `{name}`");
    let answer = move |payloads: Vec<_>| {
        let argument = payload::decode(payloads.first(), &label).map_err(|error| {
            failure::application(error.message, "DecodeError", true, None, None)
        })?;
        let answer = payload::encode(&handler(argument), "the answer");
        answer.map(Some).map_err(|error| {
            failure::application(error.to_string(), "EncodeError", true, None, None)
        })
    };
    let registered: Result<(), NoWorkflowContext> = surface::register_query(name, answer);
    registered.unwrap_or_else(|error| panic!("{error}"));
}
