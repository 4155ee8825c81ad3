//! When a call is tried again, and after how long.
//!
//! Only codes that promise nothing about the request are retried, and only requests that carry what
//! makes a repetition harmless (a request id fixed for all tries, or a task token). Waiting grows
//! geometrically with jitter, so that many clients of one recovering server do not return in step.

use std::time::Duration;

use tonic::{Code, Status};

/// First wait after an ordinary failure.
pub(super) const FIRST_WAIT: Duration = Duration::from_millis(100);
/// First wait after the server said it has too much to do.
const FIRST_WAIT_THROTTLED: Duration = Duration::from_secs(1);
/// No wait is longer.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// Growth from one wait to the next.
const FACTOR: f64 = 1.7;
/// Waits differ by up to this part of themselves, either way.
const JITTER: f64 = 0.2;

/// Whether a failed call may simply be made again.
pub(crate) fn is_retryable(code: Code) -> bool {
    match code {
        Code::Unavailable
        | Code::ResourceExhausted
        | Code::Aborted
        | Code::Internal
        | Code::Unknown
        | Code::DataLoss
        // One try timed out, or the connection was lost under it; the whole call has its own limit.
        | Code::DeadlineExceeded
        | Code::Cancelled => true,
        Code::Ok
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::FailedPrecondition
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Unauthenticated => false,
    }
}

/// Whether the server refused a message for its size: the one `RESOURCE_EXHAUSTED` that trying again
/// does not help. Nothing but the text tells it.
pub(crate) fn is_too_large(status: &Status) -> bool {
    let texts =
        ["grpc: received message larger than", "grpc: received message after decompression"];
    status.code() == Code::ResourceExhausted
        && texts.iter().any(|text| status.message().starts_with(text))
}

/// The waits of one series of tries.
#[derive(Debug)]
pub(crate) struct Backoff {
    failures: u32,
    first: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self::from(FIRST_WAIT)
    }
}

impl From<Duration> for Backoff {
    /// Begins with this wait instead of the usual one.
    fn from(first: Duration) -> Self {
        Self { failures: 0, first }
    }
}

impl Backoff {
    /// The wait after another failure with this code.
    pub(crate) fn next(&mut self, code: Code) -> Duration {
        let jitter = 1.0 + JITTER * (2.0 * fastrand::f64() - 1.0);
        let wait = nominal(self.first, self.failures, code);
        self.failures = self.failures.saturating_add(1);
        wait.mul_f64(jitter)
    }

    /// Begins anew after a success.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

fn nominal(first: Duration, failures: u32, code: Code) -> Duration {
    let first = if code == Code::ResourceExhausted { FIRST_WAIT_THROTTLED } else { first };
    // Beyond some twenty failures the power leaves every bound behind; the limit is reached long
    // before.
    let growth = FACTOR.powi(failures.min(20) as i32);
    first.mul_f64(growth).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_from_a_tenth_of_a_second_to_ten_seconds() {
        assert_eq!(nominal(FIRST_WAIT, 0, Code::Unavailable), Duration::from_millis(100));
        assert_eq!(nominal(FIRST_WAIT, 1, Code::Unavailable), Duration::from_millis(170));
        assert_eq!(nominal(FIRST_WAIT, 0, Code::ResourceExhausted), Duration::from_secs(1));
        assert_eq!(nominal(FIRST_WAIT, 50, Code::Unavailable), LONGEST_WAIT);
    }

    #[test]
    fn too_large_is_told_from_too_much() {
        let told = |message: &str| is_too_large(&Status::resource_exhausted(message));
        assert!(told("grpc: received message larger than max (4194348 vs. 4194304)"));
        assert!(told("grpc: received message after decompression larger than max 4194304"));
        assert!(!told("namespace rate limit exceeded"));
    }

    #[test]
    fn jitter_stays_within_a_fifth() {
        for _ in 0..1000 {
            let wait = Backoff::default().next(Code::Unavailable);
            assert!((80..=120).contains(&wait.as_millis()), "{wait:?}");
        }
    }
}
