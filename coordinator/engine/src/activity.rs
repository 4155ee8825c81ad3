//! Activities: from the command that schedules one to the event that closes it.
//!
//! An activity is pending if and only if it is in the overlay. Its attempts leave no trace in the
//! history: `ActivityTaskStarted` is written together with the closing event, and tells of the
//! last attempt (semantics rules 56 and 71). While a workflow task is in progress both wait in the
//! buffer, and the flush joins them by the event that scheduled the activity.
//!
//! An attempt is handed out only once its start is on disk, so that an activity of one attempt
//! runs at most once, whatever crashes.
//!
//! Not here: what a retry policy means (`retry`), and the queue that attempts wait in (the shell).

mod attempt;
mod close;
mod report;
mod request;
mod retry;
mod schedule;
mod timeout;

use persevere_proto::api::common::v1::Priority;

use crate::{
    command::ActivityTarget,
    key::{QueueName, Task},
    rejection::Rejection,
    state::{Activity, ActivityProgress, ActivityStage, Execution},
};

pub(crate) use attempt::{heartbeat, start};
pub(crate) use report::{cancel, complete, fail};
pub(crate) use schedule::{dispatch_scheduled, is_canceled_by, request_cancel, schedule};
pub(crate) use timeout::{deadline, tick};

/// Attempts that wait for a worker.
pub(crate) fn tasks(execution: &Execution) -> impl Iterator<Item = Task> {
    execution
        .overlay
        .activities
        .iter()
        .filter(|(_, progress)| matches!(progress.stage, ActivityStage::Scheduled { .. }))
        .map(|(id, progress)| task(execution, *id, progress))
}

/// The current attempt, as matching hands it out.
fn task(execution: &Execution, scheduled_event_id: i64, progress: &ActivityProgress) -> Task {
    const DEFAULT_PRIORITY: i32 = 3;
    let activity = recorded(execution, scheduled_event_id);
    let queue = activity.scheduled.task_queue.as_ref();
    let priority = priority(execution, activity).map_or(0, |priority| priority.priority_key);
    Task::Activity {
        queue: QueueName::normal(queue.map(|queue| queue.name.clone()).unwrap_or_default()),
        scheduled_event_id,
        attempt: progress.attempt,
        priority: if priority == 0 { DEFAULT_PRIORITY } else { priority },
    }
}

/// What the history says of a pending activity.
fn recorded(execution: &Execution, scheduled_event_id: i64) -> &Activity {
    let activity = execution.recorded.activities.get(&scheduled_event_id);
    activity.expect("a pending activity has its scheduling event in the history, and no close")
}

/// The pending activity that the workflow gave this id.
fn by_id(execution: &Execution, activity_id: &str) -> Option<i64> {
    let mut pending = execution.overlay.activities.keys().copied();
    pending.find(|id| recorded(execution, *id).scheduled.activity_id == activity_id)
}

/// The pending activity that a report is about, in the stage in which it is.
///
/// A report by token must be about the attempt that runs (semantics rule 76); a report by id is
/// about whichever there is, even one that waits (rule 77).
fn resolve(execution: &Execution, target: &ActivityTarget) -> Result<i64, Rejection> {
    if !execution.is_running() {
        return Err(Rejection::closed());
    }
    match target {
        ActivityTarget::Id(activity_id) => by_id(execution, activity_id).ok_or_else(|| {
            Rejection::NotFound(format!(
                "cannot find pending activity with ActivityID {activity_id}, check workflow \
                 execution history for more details"
            ))
        }),
        ActivityTarget::Token { scheduled_event_id, attempt, started_time } => {
            let progress = execution.overlay.activities.get(scheduled_event_id);
            let runs = progress.is_some_and(|progress| {
                progress.attempt == *attempt
                    && matches!(&progress.stage, ActivityStage::Started(running)
                        if running.started_time == *started_time)
            });
            if runs { Ok(*scheduled_event_id) } else { Err(Rejection::no_activity()) }
        }
    }
}

/// As [`resolve`], but the activity must be running.
fn resolve_running(execution: &Execution, target: &ActivityTarget) -> Result<i64, Rejection> {
    let id = resolve(execution, target)?;
    match execution.overlay.activities[&id].stage {
        ActivityStage::Started(_) => Ok(id),
        ActivityStage::Scheduled { .. } | ActivityStage::BackingOff { .. } => {
            Err(Rejection::no_activity())
        }
    }
}

/// The activity's own priority, completed by the workflow's.
fn priority(execution: &Execution, activity: &Activity) -> Option<Priority> {
    let inherited = execution.recorded.started.priority.as_ref();
    crate::priority::inherited(activity.scheduled.priority.as_ref(), inherited)
}
