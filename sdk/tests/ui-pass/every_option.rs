#![deny(warnings, missing_docs)]
//! Every option.

use persevere::prelude::*;

/// Charges.
#[activity(
    name = "Charge",
    start_to_close = "20s",
    schedule_to_close = "1h 30m",
    schedule_to_start = "500ms",
    heartbeat = "2s",
    queue = "billing",
    retry(initial = "1s", max_attempts = 5, coefficient = 1.5, max_interval = "10s", non_retryable("Declined")),
)]
pub async fn charge(order: u64) -> Result<u64> {
    Ok(order)
}

/// Pays.
#[workflow(
    name = "Pay",
    execution_timeout = "30d",
    run_timeout = "1d",
    task_timeout = "5s",
    queue = "billing",
    retry(max_attempts = 2),
)]
pub async fn pay(order: u64) -> Result<u64> {
    let call = charge(order)
        .id("charge-1")
        .start_to_close(secs(30))
        .schedule_to_close(hours(1))
        .schedule_to_start(minutes(1))
        .heartbeat(millis(500))
        .queue("other")
        .retry(Retry::new().initial(secs(1)).coefficient(2.0).max_interval(secs(9)).non_retryable("X"))
        .max_attempts(3);
    Ok(call.await?)
}

fn main() {}
