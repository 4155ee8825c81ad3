//! Retry policies: defaults, validity, and the delay before the next attempt.
//!
//! Used for activities and for whole workflows alike. Not here: which failures of an activity are
//! retried in which state (`activity/retry.rs`).

use std::time::Duration;

use persevere_proto::{
    api::{
        common::v1::RetryPolicy,
        enums::v1::{RetryState, TimeoutType},
        failure::v1::{Failure, failure::FailureInfo},
    },
    wkt,
};

use crate::time::{Time, duration, span};

const INITIAL_INTERVAL: Duration = Duration::from_secs(1);
const BACKOFF_COEFFICIENT: f64 = 2.0;
/// The longest interval, in initial intervals.
const MAXIMUM_INTERVALS: u32 = 100;

/// What type names of timeouts start with in a list of non-retryable error types.
const TIMEOUT_PREFIX: &str = "TemporalTimeout:";

/// Fills in what a policy leaves open (semantics rule 67).
pub(crate) fn with_defaults(policy: &RetryPolicy) -> RetryPolicy {
    let mut policy = policy.clone();
    if is_unset(policy.initial_interval.as_ref()) {
        policy.initial_interval = Some(duration(INITIAL_INTERVAL));
    }
    if policy.backoff_coefficient == 0.0 {
        policy.backoff_coefficient = BACKOFF_COEFFICIENT;
    }
    if is_unset(policy.maximum_interval.as_ref()) {
        let initial = span(policy.initial_interval.as_ref()).unwrap_or_default();
        policy.maximum_interval = Some(duration(initial.saturating_mul(MAXIMUM_INTERVALS)));
    }
    policy
}

/// Whether a policy, its defaults filled in, makes sense.
///
/// # Errors
/// What is wrong, naming the field.
pub(crate) fn validate(policy: &RetryPolicy) -> Result<(), String> {
    if policy.maximum_attempts == 1 {
        return Ok(()); // never retried, so nothing else of it matters
    }
    let intervals = [
        ("InitialInterval", policy.initial_interval.as_ref()),
        ("MaximumInterval", policy.maximum_interval.as_ref()),
    ];
    for (name, interval) in intervals {
        if is_negative(interval) {
            return Err(format!("invalid {name} set on retry policy: negative duration"));
        }
    }
    if policy.backoff_coefficient < 1.0 {
        return Err("BackoffCoefficient cannot be less than 1 on retry policy.".into());
    }
    if span(policy.maximum_interval.as_ref()) < span(policy.initial_interval.as_ref()) {
        return Err("MaximumInterval cannot be less than InitialInterval on retry policy.".into());
    }
    if policy.maximum_attempts < 0 {
        return Err("MaximumAttempts cannot be negative on retry policy.".into());
    }
    let timeouts = policy.non_retryable_error_types.iter();
    for name in timeouts.filter_map(|name| name.strip_prefix(TIMEOUT_PREFIX)) {
        if !TIMEOUT_NAMES.iter().any(|(_, known)| *known == name) {
            return Err(format!("Invalid timeout type value: {name}."));
        }
    }
    Ok(())
}

/// Whether the top of `failure` may be retried at all (semantics rule 70). No failure may.
fn is_retryable(failure: Option<&Failure>, non_retryable_types: &[String]) -> bool {
    match failure.and_then(|failure| failure.failure_info.as_ref()) {
        Some(FailureInfo::TerminatedFailureInfo(_) | FailureInfo::CanceledFailureInfo(_)) => false,
        Some(FailureInfo::TimeoutFailureInfo(info)) => {
            let kind = info.timeout_type();
            matches!(kind, TimeoutType::StartToClose | TimeoutType::Heartbeat) && {
                let name = format!("{TIMEOUT_PREFIX}{}", timeout_name(kind));
                !non_retryable_types.contains(&name)
            }
        }
        Some(FailureInfo::ServerFailureInfo(info)) => !info.non_retryable,
        Some(FailureInfo::ApplicationFailureInfo(info)) => {
            !info.non_retryable && !non_retryable_types.contains(&info.r#type)
        }
        _ => true,
    }
}

/// The delay that a failure itself asks for (semantics rule 69).
fn requested_delay(failure: Option<&Failure>) -> Option<Duration> {
    match failure?.failure_info.as_ref()? {
        FailureInfo::ApplicationFailureInfo(info) => {
            let delay = info.next_retry_delay.as_ref()?;
            Some(span(Some(delay)).unwrap_or(Duration::ZERO))
        }
        _ => None,
    }
}

/// Whether and when to try again after attempt `attempt` (from 1) ended with `failure`, in the
/// order of checks that runs and activities share.
///
/// # Errors
/// Why there is no further attempt.
pub(crate) fn decide(
    policy: &RetryPolicy,
    attempt: u32,
    failure: Option<&Failure>,
    now: Time,
    expires: Option<Time>,
) -> Result<Duration, RetryState> {
    if !is_retryable(failure, &policy.non_retryable_error_types) {
        return Err(RetryState::NonRetryableFailure);
    }
    delay(policy, attempt, requested_delay(failure), now, expires)
}

/// How long to wait after attempt `attempt` (from 1), unless attempts or time are used up
/// (semantics rules 67 to 69). `requested` replaces the interval and its cap.
///
/// # Errors
/// Why there is no further attempt.
fn delay(
    policy: &RetryPolicy,
    attempt: u32,
    requested: Option<Duration>,
    now: Time,
    expires: Option<Time>,
) -> Result<Duration, RetryState> {
    let limit = u32::try_from(policy.maximum_attempts).unwrap_or(0);
    if limit > 0 && attempt >= limit {
        return Err(RetryState::MaximumAttemptsReached);
    }
    let delay = requested.unwrap_or_else(|| interval(policy, attempt));
    if expires.is_some_and(|expires| now.plus(delay) > expires) {
        return Err(RetryState::Timeout);
    }
    Ok(delay)
}

fn interval(policy: &RetryPolicy, attempt: u32) -> Duration {
    let initial = span(policy.initial_interval.as_ref()).unwrap_or_default();
    let maximum = span(policy.maximum_interval.as_ref()).unwrap_or(Duration::MAX);
    let exponent = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
    let seconds = initial.as_secs_f64() * policy.backoff_coefficient.powi(exponent);
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX).min(maximum)
}

const TIMEOUT_NAMES: [(TimeoutType, &str); 4] = [
    (TimeoutType::StartToClose, "StartToClose"),
    (TimeoutType::ScheduleToStart, "ScheduleToStart"),
    (TimeoutType::ScheduleToClose, "ScheduleToClose"),
    (TimeoutType::Heartbeat, "Heartbeat"),
];

/// The name of a timeout, as messages write it.
pub(crate) fn timeout_name(kind: TimeoutType) -> &'static str {
    TIMEOUT_NAMES.iter().find(|(it, _)| *it == kind).map_or("Unspecified", |(_, name)| name)
}

/// Whether a duration is below zero.
pub(crate) fn is_negative(duration: Option<&wkt::Duration>) -> bool {
    duration.is_some_and(|it| it.seconds < 0 || it.nanos < 0)
}

fn is_unset(duration: Option<&wkt::Duration>) -> bool {
    duration.is_none_or(|it| it.seconds == 0 && it.nanos == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(change: impl FnOnce(&mut RetryPolicy)) -> RetryPolicy {
        let mut policy = RetryPolicy::default();
        change(&mut policy);
        with_defaults(&policy)
    }

    fn seconds(seconds: u64) -> Option<wkt::Duration> {
        Some(duration(Duration::from_secs(seconds)))
    }

    /// Semantics rule 67.
    #[test]
    fn intervals_double_up_to_a_hundred_times_the_first() {
        let policy = policy(|_| ());
        let delays: Vec<u64> =
            (1..=9).map(|n| delay(&policy, n, None, Time(0), None).unwrap().as_secs()).collect();
        assert_eq!(delays, [1, 2, 4, 8, 16, 32, 64, 100, 100]);
        assert_eq!(delay(&policy, u32::MAX, None, Time(0), None), Ok(Duration::from_secs(100)));
    }

    /// Semantics rules 68 and 69.
    #[test]
    fn attempts_are_checked_before_time_and_a_requested_delay_ignores_the_cap() {
        let policy = policy(|it| it.maximum_attempts = 2);
        let long = Some(Duration::from_secs(1000));
        let expires = Some(Time(0).plus(Duration::from_secs(5)));
        assert_eq!(delay(&policy, 1, long, Time(0), None), Ok(Duration::from_secs(1000)));
        assert_eq!(delay(&policy, 1, long, Time(0), expires), Err(RetryState::Timeout));
        assert_eq!(delay(&policy, 1, None, Time(0), expires), Ok(Duration::from_secs(1)));
        let reached = Err(RetryState::MaximumAttemptsReached);
        assert_eq!(delay(&policy, 2, long, Time(0), expires), reached);
    }

    /// Messages as the reference words them.
    #[test]
    fn a_policy_that_makes_no_sense_is_refused_by_field() {
        let negative = Some(wkt::Duration { seconds: -1, nanos: 0 });
        let cases = [
            (policy(|it| it.maximum_attempts = -1), "MaximumAttempts cannot be negative"),
            (policy(|it| it.backoff_coefficient = 0.5), "BackoffCoefficient cannot be less than 1"),
            (policy(|it| it.initial_interval = negative), "invalid InitialInterval set"),
            (policy(|it| it.maximum_interval = negative), "invalid MaximumInterval set"),
            (
                policy(|it| {
                    it.initial_interval = seconds(5);
                    it.maximum_interval = seconds(2);
                }),
                "MaximumInterval cannot be less than InitialInterval",
            ),
            (
                policy(|it| it.non_retryable_error_types = vec!["TemporalTimeout:Foo".into()]),
                "Invalid timeout type value: Foo.",
            ),
        ];
        for (policy, problem) in cases {
            let message = validate(&policy).unwrap_err();
            assert!(message.starts_with(problem), "{message}");
        }
        let once = policy(|it| {
            it.backoff_coefficient = 0.5;
            it.maximum_attempts = 1;
        });
        assert_eq!(validate(&once), Ok(()), "what is never retried needs no policy");
    }

    /// Semantics rule 70.
    #[test]
    fn only_the_top_of_a_failure_decides_whether_it_is_retried() {
        use crate::failure::{server_failure, timeout_failure};
        let listed = ["TemporalTimeout:Heartbeat".to_owned(), "Fatal".to_owned()];
        let application = |kind: &str| Failure {
            failure_info: Some(FailureInfo::ApplicationFailureInfo(
                persevere_proto::api::failure::v1::ApplicationFailureInfo {
                    r#type: kind.into(),
                    ..Default::default()
                },
            )),
            ..Failure::default()
        };
        let caused = Failure { cause: Some(Box::new(application("Fatal"))), ..application("Any") };
        let cases = [
            (timeout_failure("", TimeoutType::StartToClose), true),
            (timeout_failure("", TimeoutType::Heartbeat), false),
            (timeout_failure("", TimeoutType::ScheduleToStart), false),
            (server_failure("", true), false),
            (server_failure("", false), true),
            (application("Fatal"), false),
            (application("fatal"), true),
            (caused, true),
        ];
        for (failure, retried) in cases {
            assert_eq!(is_retryable(Some(&failure), &listed), retried, "{failure:?}");
        }
        assert!(is_retryable(None, &listed));
    }
}
