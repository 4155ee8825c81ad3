//! Several things at once, in an order that a replay repeats: polled as they stand in the source.

use std::future::{Future, IntoFuture, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use crate::runtime::surface;
use crate::scope::InShield;

/// Waits for all, and gives all their results.
///
/// Takes futures and calls alike, polls them in source order, and gives a tuple.
#[macro_export]
macro_rules! join {
    ($($future:expr),+ $(,)?) => {
        $crate::__private::tokio::join!(biased; $($future),+)
    };
}

/// Waits for all to succeed, or for the first to fail: the others are then dropped, which cancels
/// the calls in them.
///
/// Takes futures and calls alike, polls them in source order, and gives a `Result` of a tuple. All
/// fail with the same error type; `.map_err(Error::from)` brings them together.
#[macro_export]
macro_rules! try_join {
    ($($future:expr),+ $(,)?) => {
        $crate::__private::tokio::try_join!(biased; $($future),+)
    };
}

/// Waits for the first of several branches, in the syntax of `tokio::select!`. When several are
/// ready the first in the source wins; the losers are dropped in source order, which cancels the
/// calls in them.
///
/// ```
/// use persevere::prelude::*;
///
/// #[signal]
/// struct Stop;
///
/// #[activity]
/// async fn work() -> Result<u32> {
///     Ok(42)
/// }
///
/// #[workflow]
/// async fn stoppable() -> Result<Option<u32>> {
///     select! {
///         _ = receive::<Stop>() => Ok(None),
///         done = work() => Ok(Some(done?)),
///     }
/// }
/// ```
#[macro_export]
macro_rules! select {
    ($($branches:tt)+) => {
        $crate::__private::tokio::select! { biased; $($branches)+ }
    };
}

/// Does something for each item, with at most `limit` in flight (at least 1), and gives the results
/// in the order of the items.
///
/// ```
/// use persevere::prelude::*;
///
/// #[activity]
/// async fn load(row: u32) -> Result<u32> {
///     Ok(row * 2)
/// }
///
/// #[workflow]
/// async fn load_all(rows: Vec<u32>) -> Result<Vec<u32>> {
///     let loaded = for_each_concurrent(rows, 50, load).await;
///     Ok(loaded.into_iter().collect::<Result<_, _>>()?)
/// }
/// ```
pub async fn for_each_concurrent<I, F, C>(items: I, limit: usize, mut call: F) -> Vec<C::Output>
where
    I: IntoIterator,
    F: FnMut(I::Item) -> C,
    C: IntoFuture,
{
    let mut items = items.into_iter();
    let mut results: Vec<Option<C::Output>> = Vec::new();
    // With the index of the item, ascending: polled in that order.
    let mut in_flight: Vec<(usize, Pin<Box<C::IntoFuture>>)> = Vec::new();
    poll_fn(|cx| {
        in_flight.retain_mut(|(index, future)| match future.as_mut().poll(cx) {
            Poll::Pending => true,
            Poll::Ready(output) => {
                results[*index] = Some(output);
                false
            }
        });
        while in_flight.len() < limit.max(1) {
            let Some(item) = items.next() else { break };
            let mut future = Box::pin(call(item).into_future());
            let polled = future.as_mut().poll(cx);
            if polled.is_pending() {
                in_flight.push((results.len(), future));
            }
            results.push(match polled {
                Poll::Ready(output) => Some(output),
                Poll::Pending => None,
            });
        }
        if in_flight.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    results.into_iter().flatten().collect()
}

/// Runs a future whose calls do not notice that the workflow was asked to stop: for clean-up.
///
/// ```
/// use persevere::prelude::*;
///
/// # #[activity] async fn hold(_seat: u32) -> Result<()> { Ok(()) }
/// # #[activity] async fn release(_seat: u32) -> Result<()> { Ok(()) }
/// #[workflow]
/// async fn reserve(seat: u32) -> Result<()> {
///     if let Err(error) = hold(seat).await {
///         shielded(release(seat)).await?;
///         return Err(error.into());
///     }
///     Ok(())
/// }
/// ```
pub fn shielded<F: IntoFuture>(future: F) -> impl Future<Output = F::Output> {
    let future = surface::shielded(future.into_future());
    async move {
        let _shield = InShield::new();
        future.await
    }
}

/// Waits until the workflow is asked to stop.
///
/// # Panics
/// When awaited outside of a workflow.
#[track_caller]
pub fn cancelled() -> impl Future<Output = ()> {
    let requested = surface::until_cancel_requested();
    async move { requested.await.unwrap_or_else(|error| panic!("{error}")) }
}
