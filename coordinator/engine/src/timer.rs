//! Timers: started and cancelled by commands, fired by time.
//!
//! A timer is open until its end is in the history; while its firing waits in the buffer it is
//! open but no longer pending, and its id may be used again (semantics rule 27).

use std::collections::BTreeSet;

use persevere_proto::api::{
    command::v1::{CancelTimerCommandAttributes, StartTimerCommandAttributes},
    enums::v1::WorkflowTaskFailedCause,
    history::v1::{
        TimerCanceledEventAttributes, TimerFiredEventAttributes, TimerStartedEventAttributes,
        history_event::Attributes,
    },
    sdk::v1::UserMetadata,
};

use crate::{
    command_run::{BadCommand, CommandRun},
    limits::ID_BYTES_MAX,
    retry::is_negative,
    state::{Execution, Timer},
    time::{Time, duration, span},
    transition::{Draft, new_event},
    workflow_task,
};

/// Carries out `StartTimer`.
pub(crate) fn start(
    run: &mut CommandRun<'_, '_>,
    command: StartTimerCommandAttributes,
    user_metadata: Option<UserMetadata>,
) -> Result<(), BadCommand> {
    check_start(&command).map_err(|problem| {
        BadCommand::new(WorkflowTaskFailedCause::BadStartTimerAttributes, problem)
    })?;
    let timer_id = command.timer_id;
    if pending(&run.draft.execution).any(|(_, timer)| timer.timer_id == timer_id) {
        return Err(BadCommand::new(
            WorkflowTaskFailedCause::StartTimerDuplicateId,
            format!(
                "invalid history builder state for action: add-timer-started-event, TimerID: \
                 {timer_id}"
            ),
        ));
    }
    let after = span(command.start_to_fire_timeout.as_ref()).unwrap_or_default();
    let started = TimerStartedEventAttributes {
        timer_id,
        start_to_fire_timeout: Some(duration(after)),
        workflow_task_completed_event_id: run.completed_event_id,
    };
    let mut event = new_event(Attributes::TimerStartedEventAttributes(started), run.draft.context);
    event.user_metadata = user_metadata;
    run.draft.record_event(event);
    Ok(())
}

fn check_start(command: &StartTimerCommandAttributes) -> Result<(), String> {
    let id = &command.timer_id;
    if id.is_empty() {
        return Err("TimerId is not set on StartTimerCommand.".into());
    }
    if id.len() > ID_BYTES_MAX {
        let length = id.len();
        return Err(format!(
            "TimerId on StartTimerCommand exceeds length limit. TimerId={id} Length={length} \
             Limit={ID_BYTES_MAX}"
        ));
    }
    if is_negative(command.start_to_fire_timeout.as_ref()) {
        return Err(format!(
            "An invalid StartToFireTimeout is set on StartTimerCommand: negative duration. \
             TimerId={id}"
        ));
    }
    Ok(())
}

/// Carries out `CancelTimer`; takes a buffered firing back (semantics rule 27).
pub(crate) fn cancel(
    run: &mut CommandRun<'_, '_>,
    command: CancelTimerCommandAttributes,
) -> Result<(), BadCommand> {
    let timer_id = command.timer_id;
    let refuse = |problem: String| {
        Err(BadCommand::new(WorkflowTaskFailedCause::BadCancelTimerAttributes, problem))
    };
    if timer_id.is_empty() {
        return refuse("TimerId is not set on CancelTimerCommand.".into());
    }
    if timer_id.len() > ID_BYTES_MAX {
        let length = timer_id.len();
        return refuse(format!(
            "TimerId on CancelTimerCommand exceeds length limit. TimerId={timer_id} \
             Length={length} Limit={ID_BYTES_MAX}"
        ));
    }
    let found = pending(&run.draft.execution).find(|(_, timer)| timer.timer_id == timer_id);
    let Some(started_event_id) =
        found.map(|(id, _)| id).or_else(|| take_back_firing(run.draft, &timer_id))
    else {
        return refuse(format!(
            "invalid history builder state for action: add-timer-canceled-event, TimerID: \
             {timer_id}"
        ));
    };
    let canceled = TimerCanceledEventAttributes {
        timer_id,
        started_event_id,
        workflow_task_completed_event_id: run.completed_event_id,
        identity: run.identity.to_owned(),
    };
    run.draft.record(Attributes::TimerCanceledEventAttributes(canceled));
    Ok(())
}

/// Removes the buffered firing of this timer; returns the event that started it.
fn take_back_firing(draft: &mut Draft<'_>, timer_id: &str) -> Option<i64> {
    let buffer = &draft.execution.overlay.buffer;
    let position = buffer.iter().position(|buffered| {
        fired(&buffered.event.attributes).is_some_and(|fired| fired.timer_id == timer_id)
    })?;
    let taken = draft.overlay().buffer.remove(position);
    fired(&taken.event.attributes).map(|fired| fired.started_event_id)
}

/// Fires every timer that is due, in the order in which they were.
pub(crate) fn tick(draft: &mut Draft<'_>) {
    let now = draft.context.now;
    let due = pending(&draft.execution).filter(|(_, timer)| timer.fires_at <= now);
    let mut due: Vec<_> =
        due.map(|(id, timer)| (timer.fires_at, id, timer.timer_id.clone())).collect();
    due.sort_unstable();
    if due.is_empty() {
        return;
    }
    for (_, started_event_id, timer_id) in due {
        let fired = TimerFiredEventAttributes { timer_id, started_event_id };
        draft.record_or_buffer(Attributes::TimerFiredEventAttributes(fired));
    }
    workflow_task::ensure_scheduled(draft);
}

/// When the next timer fires.
pub(crate) fn deadline(execution: &Execution) -> Option<Time> {
    pending(execution).map(|(_, timer)| timer.fires_at).min()
}

/// Timers that have neither fired nor been cancelled, by the event that started them.
fn pending(execution: &Execution) -> impl Iterator<Item = (i64, &Timer)> {
    let buffer = execution.overlay.buffer.iter();
    let waiting: BTreeSet<i64> = buffer
        .filter_map(|buffered| fired(&buffered.event.attributes))
        .map(|fired| fired.started_event_id)
        .collect();
    let open = execution.recorded.timers.iter().map(|(id, timer)| (*id, timer));
    open.filter(move |(id, _)| !waiting.contains(id))
}

fn fired(attributes: &Option<Attributes>) -> Option<&TimerFiredEventAttributes> {
    match attributes {
        Some(Attributes::TimerFiredEventAttributes(fired)) => Some(fired),
        _ => None,
    }
}
