//! Workflow tasks: when the workflow's code is asked to react, and what counts as its reaction.
//!
//! A run has at most one workflow task (semantics rule 21). It is scheduled when something happens
//! that the code has not seen ([`ensure_scheduled`]), started when a worker takes it ([`start`]),
//! and ends by being completed ([`complete`]), failed ([`fail`]) or timed out ([`time_out`]). A
//! task that failed is scheduled again at once; from its second attempt on it is *transient*: it
//! leaves no event unless it completes (semantics rules 30 to 34).
//!
//! Invariant: while a task is scheduled, `scheduled_event_id` is the id of its event, or for a
//! transient task the id that its event would have had when it was scheduled. While a task is
//! started, no event is written but by the end of that task, so the ids stay right.
//!
//! Not here: what the commands of a completion do (each with its concern), closing the run
//! (`close`), queries (`query`).

mod complete;
mod dispatch;
mod events;
mod fail;
mod payload_size;
mod start;
mod time_out;

use std::time::Duration;

pub(crate) use complete::complete;
pub(crate) use events::task_queue;
pub(crate) use fail::{fail, fail_for_buffer, fail_started};
use start::start_inline;
pub(crate) use start::{handout, start, start_eagerly};
pub(crate) use time_out::time_out;

use crate::{
    context::Context,
    key::Task,
    rejection::Rejection,
    reply::Reply,
    state::{Execution, ScheduledTask, StartedTask, Status, WorkflowTask},
    time::{Time, span},
    transition::{Draft, Transition},
};

/// After this attempt a worker gets more time with each further one (semantics rule 36).
const PATIENT_AFTER_ATTEMPT: u32 = 3;
/// Extra time of the first attempt that gets some; doubled with each further one.
const PATIENCE_FIRST: Duration = Duration::from_secs(5);
/// Most extra time that an attempt gets.
const PATIENCE_MAX: Duration = Duration::from_secs(600);

/// Makes sure that the workflow's code gets to see what was just recorded or buffered: schedules
/// a workflow task unless one is pending (semantics rules 21, 22 and 64), or the first one is held
/// back (rules 1, 59 and 84).
pub(crate) fn ensure_scheduled(draft: &mut Draft<'_>) {
    let Execution { overlay, recorded, .. } = &draft.execution;
    let held_back = overlay.first_task_at.is_some() || overlay.awaits_parent;
    let open = matches!(recorded.status, Status::Running);
    if open && !held_back && matches!(overlay.workflow_task, WorkflowTask::None) {
        schedule(draft, 1);
    }
}

/// Schedules a workflow task, on the sticky queue if there is one. Attempt 1 is written to the
/// history, a further one is transient.
pub(crate) fn schedule(draft: &mut Draft<'_>, attempt: u32) {
    let execution = &draft.execution;
    let (queue, schedule_to_start) = match &execution.overlay.sticky {
        Some(sticky) => (sticky.queue.clone(), Some(sticky.schedule_to_start)),
        None => (execution.task_queue(), None),
    };
    let task = ScheduledTask {
        scheduled_event_id: execution.recorded.next_event_id,
        attempt,
        scheduled_time: draft.context.now,
        queue,
        schedule_to_start,
        start_to_close: start_to_close(execution, attempt),
    };
    if attempt == 1 {
        draft.record_event(events::scheduled(&task));
    }
    draft.overlay().workflow_task = WorkflowTask::Scheduled(task);
    if let Some(task) = self::task(&draft.execution) {
        draft.offer(task);
    }
}

/// How long a worker may take over this attempt (semantics rule 36).
fn start_to_close(execution: &Execution, attempt: u32) -> Duration {
    let timeout = span(execution.recorded.started.workflow_task_timeout.as_ref());
    let patience = match attempt.checked_sub(PATIENT_AFTER_ATTEMPT + 1) {
        None => Duration::ZERO,
        Some(doublings) => PATIENCE_FIRST.saturating_mul(1 << doublings.min(16)).min(PATIENCE_MAX),
    };
    timeout.unwrap_or_default() + patience
}

/// See `Command::ResetSticky`: the next task goes to any worker of the normal queue.
pub(crate) fn reset_sticky(
    execution: &Execution,
    context: &Context<'_>,
) -> Result<Transition, Rejection> {
    if !execution.is_running() {
        return Err(Rejection::closed());
    }
    let mut draft = Draft::of(execution, context);
    if execution.overlay.sticky.is_some() {
        draft.overlay().sticky = None;
    }
    Ok(draft.finish(Reply::Done))
}

/// See `Command::ReleaseFirstWorkflowTask`. Repeating it, or releasing a run that has closed since,
/// changes nothing.
pub(crate) fn release_first(
    execution: &Execution,
    context: &Context<'_>,
) -> Result<Transition, Rejection> {
    let mut draft = Draft::of(execution, context);
    if execution.overlay.awaits_parent && execution.is_running() {
        draft.overlay().awaits_parent = false;
        ensure_scheduled(&mut draft);
    }
    Ok(draft.finish(Reply::Done))
}

/// When the pending workflow task times out, if it can.
pub(crate) fn deadline(execution: &Execution) -> Option<Time> {
    match &execution.overlay.workflow_task {
        WorkflowTask::None => None,
        WorkflowTask::Scheduled(task) => {
            task.schedule_to_start.map(|span| task.scheduled_time.plus(span))
        }
        WorkflowTask::Started(task) => Some(task.started_time.plus(task.scheduled.start_to_close)),
    }
}

/// The workflow task that waits for a worker.
pub(crate) fn task(execution: &Execution) -> Option<Task> {
    let WorkflowTask::Scheduled(task) = &execution.overlay.workflow_task else { return None };
    if !execution.is_running() {
        return None;
    }
    Some(Task::Workflow {
        queue: task.queue.clone(),
        scheduled_event_id: task.scheduled_event_id,
        attempt: task.attempt,
    })
}

/// The workflow task that a worker works on.
pub(crate) fn started(execution: &Execution) -> Option<&StartedTask> {
    match &execution.overlay.workflow_task {
        WorkflowTask::Started(task) => Some(task),
        WorkflowTask::None | WorkflowTask::Scheduled(_) => None,
    }
}
