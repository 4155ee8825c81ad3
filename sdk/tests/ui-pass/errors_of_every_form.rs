#![deny(warnings, missing_docs)]
//! Errors of every form.

use persevere::prelude::*;

/// With a message of its own.
#[derive(Debug, Failure, Serialize, Deserialize)]
pub enum PayError {
    /// Never.
    #[failure(non_retryable, name = "CardDeclined")]
    Declined {
        /// Why.
        code: String,
    },
    /// Later.
    #[failure(retry_after = after)]
    Throttled {
        /// When.
        after: Duration,
    },
    /// Later, too.
    #[failure(retry_after = 0)]
    Busy(Duration),
    /// Soon.
    #[failure(retry_after = "5s")]
    Soon,
    /// By the policy.
    Network(String),
}

impl std::fmt::Display for PayError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the payment failed")
    }
}

impl std::error::Error for PayError {}

/// Converts by `?`.
#[activity]
pub async fn charge(order: String) -> Result<u64> {
    if order.is_empty() {
        return Err(PayError::Soon.into());
    }
    order.parse::<u64>().context("reading the order").map_err(Error::non_retryable)
}

/// Reads the variants.
#[workflow]
pub async fn pay(order: String) -> Result<u64> {
    match charge(order).await {
        Err(CallError::Failed(error)) => match error.find::<PayError>() {
            Some(PayError::Declined { code }) => bail!("declined: {code}"),
            _ => Err(error),
        },
        other => Ok(other?),
    }
}

fn main() {}
