//! The commands about activities, and what happens once all commands of a completion are done.

use persevere_proto::api::{
    command::v1::{
        RequestCancelActivityTaskCommandAttributes, ScheduleActivityTaskCommandAttributes,
    },
    common::v1::{Payload, Payloads},
    enums::v1::WorkflowTaskFailedCause,
    history::v1::{
        ActivityTaskCancelRequestedEventAttributes, ActivityTaskCanceledEventAttributes,
        HistoryEvent, history_event::Attributes,
    },
    sdk::v1::UserMetadata,
};

use super::{attempt, by_id, request::scheduled_attributes, task};
use crate::{
    command_run::{BadCommand, CommandRun},
    state::{ActivityProgress, ActivityStage, BufferedEvent},
    time::span,
    transition::{Draft, new_event},
};

/// Carries out `ScheduleActivityTask`. Nobody gets the activity before all commands are done.
pub(crate) fn schedule(
    run: &mut CommandRun<'_, '_>,
    command: ScheduleActivityTaskCommandAttributes,
    user_metadata: Option<UserMetadata>,
) -> Result<(), BadCommand> {
    use WorkflowTaskFailedCause as Cause;
    let eager = command.request_eager_execution;
    let execution = &run.draft.execution;
    let run_timeout = span(execution.recorded.started.workflow_run_timeout.as_ref());
    let mut scheduled = scheduled_attributes(command, run_timeout)
        .map_err(|problem| BadCommand::new(Cause::BadScheduleActivityAttributes, problem))?;
    let limits = run.draft.context.limits;
    let pending = execution.overlay.activities.len();
    if pending >= limits.pending {
        return Err(BadCommand::new(
            Cause::PendingActivitiesLimitExceeded,
            format!(
                "the number of pending activities, {pending}, has reached the per-workflow limit \
                 of {}",
                limits.pending
            ),
        ));
    }
    if by_id(execution, &scheduled.activity_id).is_some() {
        return Err(BadCommand::new(
            Cause::ScheduleActivityDuplicateId,
            format!(
                "invalid history builder state for action: add-activitytask-scheduled-event, \
                 ActivityID: {}",
                scheduled.activity_id
            ),
        ));
    }
    scheduled.workflow_task_completed_event_id = run.completed_event_id;
    let attributes = Attributes::ActivityTaskScheduledEventAttributes(scheduled);
    let mut event = new_event(attributes, run.draft.context);
    event.user_metadata = user_metadata;
    let id = run.draft.record_event(event);
    let at = run.draft.context.now;
    run.draft.overlay().activities.insert(id, first_attempt(ActivityStage::Scheduled { at }));
    if eager {
        let handout = attempt::handout(&run.draft.execution, id, at, at);
        run.eager.push(handout);
    }
    Ok(())
}

fn first_attempt(stage: ActivityStage) -> ActivityProgress {
    ActivityProgress {
        attempt: 1,
        stage,
        last_failure: None,
        last_worker: String::new(),
        last_completed: None,
        heartbeat_details: None,
        last_heartbeat: None,
    }
}

/// Carries out `RequestCancelActivityTask`: a flag on an activity that runs, the end of one that
/// waits (semantics rules 55 and 75).
pub(crate) fn request_cancel(
    run: &mut CommandRun<'_, '_>,
    command: &RequestCancelActivityTaskCommandAttributes,
) -> Result<(), BadCommand> {
    let id = command.scheduled_event_id;
    let refuse = |problem: String| {
        Err(BadCommand::new(WorkflowTaskFailedCause::BadRequestCancelActivityAttributes, problem))
    };
    if id <= 0 {
        return refuse(
            "ScheduledEventId is not set on RequestCancelActivityTaskCommand.".to_owned(),
        );
    }
    let execution = &run.draft.execution;
    let pending = execution.overlay.activities.get(&id);
    let already = execution.recorded.activities.get(&id).and_then(|it| it.cancel_requested);
    let unheard = match pending {
        Some(_) => already.is_some(),
        // It is closed, but the workflow does not know yet: harmless.
        None => !execution.recorded.activities.contains_key(&id),
    };
    if unheard {
        return refuse(format!(
            "invalid history builder state for action: \
             add-activitytask-cancel-requested-event, ScheduledEventID: {id}"
        ));
    }
    let waits = pending.is_some_and(|it| !matches!(it.stage, ActivityStage::Started(_)));
    let requested = ActivityTaskCancelRequestedEventAttributes {
        scheduled_event_id: id,
        workflow_task_completed_event_id: run.completed_event_id,
    };
    let requested = Attributes::ActivityTaskCancelRequestedEventAttributes(requested);
    let requested_event_id = run.draft.record(requested);
    if waits {
        close_unstarted(run, id, requested_event_id);
        *run.wants_workflow_task = true;
    }
    Ok(())
}

/// The event goes through the buffer, so that it follows the events of all commands (rule 24).
fn close_unstarted(run: &mut CommandRun<'_, '_>, id: i64, requested_event_id: i64) {
    let reason = Payload {
        metadata: [("encoding".to_owned(), b"json/plain".to_vec())].into(),
        data: b"\"ACTIVITY_ID_NOT_STARTED\"".to_vec(),
        ..Payload::default()
    };
    let canceled = ActivityTaskCanceledEventAttributes {
        details: Some(Payloads { payloads: vec![reason] }),
        latest_cancel_requested_event_id: requested_event_id,
        scheduled_event_id: id,
        identity: run.identity.to_owned(),
        ..ActivityTaskCanceledEventAttributes::default()
    };
    let canceled = Attributes::ActivityTaskCanceledEventAttributes(canceled);
    let event = new_event(canceled, run.draft.context);
    let overlay = run.draft.overlay();
    overlay.activities.remove(&id);
    overlay.buffer.push(BufferedEvent { event });
}

/// Whether a buffered event is the end of an activity that a command of this completion cancelled
/// before a worker had it.
pub(crate) fn is_canceled_by(event: &HistoryEvent, completed_event_id: i64) -> bool {
    matches!(&event.attributes, Some(Attributes::ActivityTaskCanceledEventAttributes(canceled))
        if canceled.latest_cancel_requested_event_id > completed_event_id)
}

/// After all commands of a completion: starts the eager activities, unless a later command
/// cancelled them or closed the run (semantics rule 79), and offers the others.
pub(crate) fn dispatch_scheduled(run: &mut CommandRun<'_, '_>) {
    if !run.draft.execution.is_running() {
        run.eager.clear();
        return;
    }
    let draft = &mut *run.draft;
    run.eager.retain(|it| draft.execution.overlay.activities.contains_key(&it.scheduled_event_id));
    for handout in run.eager.iter() {
        let request_id = draft.context.fresh_id();
        let id = handout.scheduled_event_id;
        attempt::mark_started(draft, id, request_id, run.identity.to_owned(), None);
    }
    offer_new(draft, run.completed_event_id);
}

fn offer_new(draft: &mut Draft<'_>, completed_event_id: i64) {
    let execution = &draft.execution;
    let new = execution.overlay.activities.range(completed_event_id..);
    let waiting =
        new.filter(|(_, progress)| matches!(progress.stage, ActivityStage::Scheduled { .. }));
    let tasks: Vec<_> = waiting.map(|(id, progress)| task(execution, *id, progress)).collect();
    for task in tasks {
        draft.offer(task);
    }
}
