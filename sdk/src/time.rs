//! What a workflow takes in place of the machine's: time that outlives the process, and randomness
//! that a replay repeats.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use crate::runtime::spec::TimerSpec;
use crate::runtime::surface::{self, Operation};
use crate::scope::EndedWait;

/// So many milliseconds.
#[must_use]
pub const fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// So many seconds.
#[must_use]
pub const fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// So many minutes.
#[must_use]
pub const fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

/// So many hours.
#[must_use]
pub const fn hours(count: u64) -> Duration {
    Duration::from_secs(3_600 * count)
}

/// So many days of 24 hours.
#[must_use]
pub const fn days(count: u64) -> Duration {
    Duration::from_secs(86_400 * count)
}

/// The workflow's time: when its current task started. It stands still between awaits and is the
/// same in every replay.
///
/// # Panics
/// Outside of a workflow.
#[must_use]
#[track_caller]
pub fn now() -> SystemTime {
    surface::now().unwrap_or_else(|error| panic!("{error}"))
}

/// 64 random bits, the same in every replay.
///
/// # Panics
/// Outside of a workflow.
#[must_use]
#[track_caller]
pub fn random_u64() -> u64 {
    surface::random_u64().unwrap_or_else(|error| panic!("{error}"))
}

/// A random (version 4) UUID, the same in every replay.
///
/// # Panics
/// Outside of a workflow.
#[must_use]
#[track_caller]
pub fn uuid4() -> uuid::Uuid {
    surface::uuid4().unwrap_or_else(|error| panic!("{error}"))
}

/// Waits, for as long as a year if need be: the timer is the server's, so no process need live that
/// long. Zero does not wait.
///
/// A workflow that is cancelled does not come back from here: it ends, as by `?` on a cancelled call.
///
/// # Panics
/// When awaited outside of a workflow.
#[track_caller]
pub fn sleep(duration: Duration) -> Sleep {
    Sleep { duration, location: Location::caller(), state: State::Inert }
}

/// See [`sleep`].
#[must_use = "a wait does nothing unless awaited"]
pub struct Sleep {
    duration: Duration,
    location: &'static Location<'static>,
    state: State,
}

enum State {
    Inert,
    Started(Operation),
    /// The run was cancelled: never resolves.
    Ended {
        _wait: EndedWait,
    },
    Done,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let State::Inert = self.state {
            if self.duration.is_zero() {
                self.state = State::Done;
            } else {
                let (duration, location) = (self.duration, self.location);
                let spec = TimerSpec { duration, summary: None, location };
                self.state = State::Started(surface::start_timer(spec));
            }
        }
        let State::Started(timer) = &mut self.state else {
            return match self.state {
                State::Done => Poll::Ready(()),
                _ => Poll::Pending,
            };
        };
        match Pin::new(timer).poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(_)) => {
                self.state = State::Done;
                Poll::Ready(())
            }
            Poll::Ready(Err(failure)) => {
                let wait = EndedWait::new().unwrap_or_else(|| panic!("{}", failure.message));
                self.state = State::Ended { _wait: wait };
                Poll::Pending
            }
        }
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep").field("duration", &self.duration).finish_non_exhaustive()
    }
}

/// The time was up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the time was up")]
pub struct Elapsed;

/// Waits for `future`, but no longer than `limit`. When the time is up the future is dropped, which
/// cancels the calls in it.
///
/// # Errors
/// [`Elapsed`], if the time was up first.
///
/// # Panics
/// When awaited outside of a workflow.
#[track_caller]
pub fn timeout<F: IntoFuture>(
    limit: Duration,
    future: F,
) -> impl Future<Output = Result<F::Output, Elapsed>> {
    let mut timer = sleep(limit);
    let mut future = Box::pin(future.into_future());
    std::future::poll_fn(move |cx| {
        // The future first: what is ready in time wins over a timer that is due.
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Ok(output));
        }
        Pin::new(&mut timer).poll(cx).map(|()| Err(Elapsed))
    })
}
