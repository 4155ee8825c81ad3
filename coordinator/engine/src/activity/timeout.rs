//! What time does to activities: the four timeouts, and the end of a back-off.

use persevere_proto::api::{
    enums::v1::{RetryState, TimeoutType},
    failure::v1::{Failure, failure::FailureInfo},
    history::v1::{ActivityTaskTimedOutEventAttributes, history_event::Attributes},
};

use super::{close::close, recorded, retry, task};
use crate::{
    failure::timeout_failure,
    retry::timeout_name,
    state::{Activity, ActivityProgress, ActivityStage, Execution},
    time::{Time, span},
    transition::Draft,
};

/// Something that happens to an activity at a time of its own. At equal times in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    /// The next attempt may start.
    Attempt,
    /// It took too long in this respect.
    Timeout(TimeoutType),
}

/// Times out, or makes due, every activity whose deadline has passed, one after the other in the
/// order of the deadlines. Attempts that became due, and still wait, are offered.
pub(crate) fn tick(draft: &mut Draft<'_>) {
    let now = draft.context.now;
    let mut offers = Vec::new();
    while let Some((at, id, due)) = earliest(&draft.execution).filter(|(at, _, _)| *at <= now) {
        match due {
            Due::Attempt => {
                let progress = draft.overlay().activities.get_mut(&id);
                let progress = progress.expect("it was found pending");
                progress.stage = ActivityStage::Scheduled { at };
                offers.push(id);
            }
            Due::Timeout(kind) => time_out(draft, id, kind),
        }
    }
    for id in offers {
        if let Some(progress) = draft.execution.overlay.activities.get(&id)
            && matches!(progress.stage, ActivityStage::Scheduled { .. })
        {
            let task = task(&draft.execution, id, progress);
            draft.offer(task);
        }
    }
}

/// The earliest deadline of any pending activity.
pub(crate) fn deadline(execution: &Execution) -> Option<Time> {
    earliest(execution).map(|(at, _, _)| at)
}

fn earliest(execution: &Execution) -> Option<(Time, i64, Due)> {
    let pending = execution.overlay.activities.iter();
    let deadlines = pending.flat_map(|(id, progress)| {
        let activity = recorded(execution, *id);
        dues(activity, progress).into_iter().flatten().map(|(at, due)| (at, *id, due))
    });
    deadlines.min()
}

/// What may still happen to the activity as it stands (semantics rules 66 and 73).
fn dues(activity: &Activity, progress: &ActivityProgress) -> [Option<(Time, Due)>; 3] {
    let timeout = |at: Option<Time>, kind| at.map(|at| (at, Due::Timeout(kind)));
    let overall = timeout(schedule_to_close(activity), TimeoutType::ScheduleToClose);
    match &progress.stage {
        ActivityStage::BackingOff { until } => [Some((*until, Due::Attempt)), overall, None],
        ActivityStage::Scheduled { at } => {
            let to_start = span(activity.scheduled.schedule_to_start_timeout.as_ref());
            let to_start = to_start.map(|span| at.plus(span));
            [timeout(to_start, TimeoutType::ScheduleToStart), overall, None]
        }
        ActivityStage::Started(attempt) => {
            let started = attempt.started_time;
            let alive = progress.last_heartbeat.map_or(started, |beat| beat.max(started));
            let to_close = span(activity.scheduled.start_to_close_timeout.as_ref());
            let heartbeat = span(activity.scheduled.heartbeat_timeout.as_ref());
            [
                timeout(to_close.map(|span| started.plus(span)), TimeoutType::StartToClose),
                overall,
                timeout(heartbeat.map(|span| alive.plus(span)), TimeoutType::Heartbeat),
            ]
        }
    }
}

/// When the activity expires, over all attempts: counted from its first schedule (rule 66).
pub(super) fn schedule_to_close(activity: &Activity) -> Option<Time> {
    let timeout = span(activity.scheduled.schedule_to_close_timeout.as_ref())?;
    Some(activity.scheduled_time.plus(timeout))
}

/// One timeout: tries again if that is allowed, else closes the activity.
fn time_out(draft: &mut Draft<'_>, id: i64, kind: TimeoutType) {
    let failure = timeout_failure(&format!("activity {} timeout", timeout_name(kind)), kind);
    let now = draft.context.now;
    match retry::decide(&draft.execution, id, Some(&failure), now) {
        Ok(until) => retry::back_off(draft, id, Some(failure), until),
        Err(retry_state) => {
            let failure = final_failure(&draft.execution, id, failure, kind, retry_state);
            close(draft, id, None, |started_event_id| {
                let timed_out = ActivityTaskTimedOutEventAttributes {
                    failure: Some(failure),
                    scheduled_event_id: id,
                    started_event_id,
                    retry_state: retry_state.into(),
                };
                Attributes::ActivityTaskTimedOutEventAttributes(timed_out)
            });
        }
    }
}

/// What the workflow gets to hear (semantics rule 72): with the last attempt's failure as the
/// cause, and as a schedule-to-close timeout if it was time that ran out for another attempt.
fn final_failure(
    execution: &Execution,
    id: i64,
    failure: Failure,
    kind: TimeoutType,
    retry_state: RetryState,
) -> Failure {
    const NO_TIME: &str = "Not enough time to schedule next retry before activity ScheduleToClose \
                           timeout, giving up retrying";
    let out_of_time = retry_state == RetryState::Timeout && kind != TimeoutType::ScheduleToStart;
    let mut failure =
        if out_of_time { timeout_failure(NO_TIME, TimeoutType::ScheduleToClose) } else { failure };
    let progress = &execution.overlay.activities[&id];
    if let Some(FailureInfo::TimeoutFailureInfo(info)) = &mut failure.failure_info {
        info.last_heartbeat_details.clone_from(&progress.heartbeat_details);
    }
    failure.cause = progress.last_failure.clone().map(Box::new);
    failure
}
