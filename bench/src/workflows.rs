//! What is measured: six small workflows and one small activity.

use std::time::Duration;

use persevere::prelude::*;

/// A step that does as little as a step can do.
#[activity(start_to_close = "30s")]
pub(crate) async fn step(n: u64) -> Result<u64> {
    Ok(n + 1)
}

/// Nothing but a start and a close.
#[workflow]
pub(crate) async fn noop(n: u64) -> Result<u64> {
    Ok(n)
}

/// One activity.
#[workflow]
pub(crate) async fn one_activity(n: u64) -> Result<u64> {
    Ok(step(n).await?)
}

/// Five activities, one after another.
#[workflow]
pub(crate) async fn five_in_sequence(n: u64) -> Result<u64> {
    let mut n = n;
    for _ in 0..5 {
        n = step(n).await?;
    }
    Ok(n)
}

/// Twenty activities at once.
#[workflow]
pub(crate) async fn twenty_in_parallel(n: u64) -> Result<u64> {
    let results = for_each_concurrent(0..20, 20, move |i| step(n + i)).await;
    let mut sum = 0;
    for result in results {
        sum += result?;
    }
    Ok(sum)
}

/// A timer of one second.
#[workflow]
pub(crate) async fn one_second_timer(n: u64) -> Result<u64> {
    sleep(Duration::from_secs(1)).await;
    Ok(n)
}

/// A signal that carries a number.
#[signal]
pub(crate) struct Ping {
    /// Which one it is.
    pub(crate) n: u64,
}

/// Waits for a hundred signals.
#[workflow]
pub(crate) async fn hundred_signals(n: u64) -> Result<u64> {
    let mut sum = n;
    for _ in 0..100 {
        sum += receive::<Ping>().await.n;
    }
    Ok(sum)
}
