//! How failed attempts are tried again.

use std::time::Duration;

use persevere_proto::api::common::v1::RetryPolicy;

use crate::definition::RetryDefaults;

/// How a failed activity or workflow is tried again. What is not set the server decides: at first
/// after 1 s, then each time after twice as long, up to 100 s, for ever.
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct Retry {
    policy: RetryPolicy,
}

impl Retry {
    /// The server's defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// No second attempt.
    pub fn never() -> Self {
        Self::new().max_attempts(1)
    }

    /// How long to wait before the second attempt.
    pub fn initial(mut self, interval: Duration) -> Self {
        self.policy.initial_interval = interval.try_into().ok();
        self
    }

    /// What each interval is multiplied by to give the next; at least 1.
    pub fn coefficient(mut self, coefficient: f64) -> Self {
        self.policy.backoff_coefficient = coefficient;
        self
    }

    /// The longest interval.
    pub fn max_interval(mut self, interval: Duration) -> Self {
        self.policy.maximum_interval = interval.try_into().ok();
        self
    }

    /// How many attempts in all.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.policy.maximum_attempts = i32::try_from(attempts).unwrap_or(i32::MAX);
        self
    }

    /// An error type after which there is no other attempt.
    pub fn non_retryable(mut self, kind: impl Into<String>) -> Self {
        self.policy.non_retryable_error_types.push(kind.into());
        self
    }

    pub(crate) fn into_policy(self) -> RetryPolicy {
        self.policy
    }

    pub(crate) fn from_defaults(defaults: &RetryDefaults) -> Self {
        let RetryDefaults { initial, max_attempts, coefficient, max_interval, non_retryable } =
            defaults;
        let mut retry = Self::new();
        if let Some(interval) = initial {
            retry = retry.initial(*interval);
        }
        if let Some(interval) = max_interval {
            retry = retry.max_interval(*interval);
        }
        if let Some(attempts) = max_attempts {
            retry = retry.max_attempts(*attempts);
        }
        if let Some(coefficient) = coefficient {
            retry = retry.coefficient(*coefficient);
        }
        non_retryable.iter().fold(retry, |retry, kind| retry.non_retryable(*kind))
    }
}
