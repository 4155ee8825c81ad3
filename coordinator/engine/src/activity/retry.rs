//! Whether there is a next attempt, and when.

use persevere_proto::api::{
    enums::v1::{RetryState, TimeoutType},
    failure::v1::{Failure, failure::FailureInfo},
};
use prost::Message as _;

use super::{recorded, timeout::schedule_to_close};
use crate::{
    failure::oversize_failure,
    retry,
    state::{ActivityStage, Execution},
    time::Time,
    transition::Draft,
};

/// A failure larger than this is cut before it is kept for the next attempt (rule 71), in bytes.
const FAILURE_KEPT: usize = 4 << 10;

/// When the next attempt is due, after one that ended with `failure`, in the order of checks of
/// semantics rule 68.
///
/// # Errors
/// Why there is no further attempt.
pub(super) fn decide(
    execution: &Execution,
    id: i64,
    failure: Option<&Failure>,
    now: Time,
) -> Result<Time, RetryState> {
    let activity = recorded(execution, id);
    let Some(policy) = &activity.scheduled.retry_policy else {
        return Err(RetryState::RetryPolicyNotSet);
    };
    if activity.cancel_requested.is_some() {
        return Err(RetryState::CancelRequested);
    }
    if is_schedule_to(failure) {
        return Err(RetryState::Timeout);
    }
    let attempt = execution.overlay.activities[&id].attempt;
    let expires = schedule_to_close(activity);
    retry::decide(policy, attempt, failure, now, expires).map(|delay| now.plus(delay))
}

/// Timeouts that count over all attempts leave no room for another.
fn is_schedule_to(failure: Option<&Failure>) -> bool {
    let Some(FailureInfo::TimeoutFailureInfo(info)) =
        failure.and_then(|it| it.failure_info.as_ref())
    else {
        return false;
    };
    matches!(info.timeout_type(), TimeoutType::ScheduleToStart | TimeoutType::ScheduleToClose)
}

/// Ends the attempt and lets the next one wait. Heartbeat details live on (semantics rule 73).
pub(super) fn back_off(draft: &mut Draft<'_>, id: i64, failure: Option<Failure>, until: Time) {
    let progress = draft.overlay().activities.get_mut(&id);
    let progress = progress.expect("the caller has found the activity pending");
    if let ActivityStage::Started(attempt) = &progress.stage {
        progress.last_worker.clone_from(&attempt.identity);
    }
    progress.attempt += 1;
    progress.stage = ActivityStage::BackingOff { until };
    progress.last_failure = failure.map(|failure| {
        if failure.encoded_len() <= FAILURE_KEPT {
            return failure;
        }
        oversize_failure(&failure, FAILURE_KEPT, false)
    });
}
