//! Compensations: what undoes the steps of a workflow that does not reach its end.

use std::future::IntoFuture;

use crate::runtime::surface;
use crate::scope::{Compensation, Scope};
use crate::{Error, Result};

/// Undoes the steps taken when the workflow does not reach [`commit`](Self::commit).
///
/// Register what undoes a step *before* the step: a step that failed may still have had an effect.
/// A saga dropped without commit, by `?`, a `return` or a cancellation, runs what was registered,
/// last first, one after another, shielded from cancellation; the workflow closes only after that.
///
/// ```
/// use persevere::prelude::*;
///
/// # #[activity] async fn book_hotel(trip: u64) -> Result<String> { Ok(format!("room for {trip}")) }
/// # #[activity] async fn cancel_hotel(_trip: u64) -> Result<()> { Ok(()) }
/// # #[activity] async fn book_flight(trip: u64) -> Result<String> { Ok(format!("seat for {trip}")) }
/// # #[activity] async fn cancel_flight(_trip: u64) -> Result<()> { Ok(()) }
/// #[workflow]
/// async fn book_trip(trip: u64) -> Result<(String, String)> {
///     let mut saga = Saga::new();
///     saga.undo(cancel_hotel(trip));
///     let hotel = book_hotel(trip).await?; // any `?` after this compensates
///     saga.undo(cancel_flight(trip));
///     let flight = book_flight(trip).await?;
///     saga.commit();
///     Ok((hotel, flight))
/// }
/// ```
///
/// A compensation that fails, after its retries, does not stop the others; the workflow then fails
/// with its error beside the first.
#[derive(Default)]
#[must_use = "a saga that is dropped at once compensates at once"]
pub struct Saga {
    undo: Vec<Compensation>,
}

impl Saga {
    /// A saga without steps.
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers what undoes the step that comes next: a call, or an `async` block.
    pub fn undo<C, T, E>(&mut self, compensation: C)
    where
        C: IntoFuture<Output = std::result::Result<T, E>> + 'static,
        E: Into<Error>,
    {
        // Nothing is scheduled before it is needed: a call is inert until it is polled.
        self.undo.push(Box::pin(async move { compensation.await.map(drop).map_err(Into::into) }));
    }

    /// Keeps all steps: nothing will be undone.
    pub fn commit(mut self) {
        self.undo.clear();
    }

    /// Undoes the steps now, for a workflow that goes on afterwards.
    ///
    /// # Errors
    /// Compensations failed; all were tried.
    pub async fn compensate(mut self) -> Result<()> {
        run(std::mem::take(&mut self.undo)).await
    }
}

/// Runs compensations last in, first out, and gathers what they fail with.
async fn run(undo: Vec<Compensation>) -> Result<()> {
    let mut failed: Option<Error> = None;
    for compensation in undo.into_iter().rev() {
        if let Err(error) = surface::shielded(compensation).await {
            failed = Some(match failed {
                Some(earlier) => Error::new(format_args!("{earlier}; {error}")),
                None => error.context("a compensation failed"),
            });
        }
    }
    failed.map_or(Ok(()), Err)
}

impl Drop for Saga {
    fn drop(&mut self) {
        // A panic fails the task, not the workflow: the task is tried again with nothing undone.
        if self.undo.is_empty() || std::thread::panicking() {
            return;
        }
        // Without a scope the run is being evicted, and nothing is lost: it will be replayed.
        if let Some(scope) = Scope::current() {
            scope.compensate(Box::pin(run(std::mem::take(&mut self.undo))));
        }
    }
}

impl std::fmt::Debug for Saga {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Saga").field("steps", &self.undo.len()).finish()
    }
}
