//! Closing a run: by one of the four closing commands, by a time-out, or by the server.
//!
//! A closing event is the last one of its run. What follows from it (the next run of the chain, the
//! children's fate, the parent's news) is part of the same transition.

use persevere_proto::api::{
    command::v1::{
        CancelWorkflowExecutionCommandAttributes, CompleteWorkflowExecutionCommandAttributes,
        ContinueAsNewWorkflowExecutionCommandAttributes, FailWorkflowExecutionCommandAttributes,
    },
    enums::v1::{RetryState, TimeoutType, WorkflowTaskFailedCause as Cause},
    history::v1::{
        WorkflowExecutionCanceledEventAttributes, WorkflowExecutionCompletedEventAttributes,
        WorkflowExecutionFailedEventAttributes, WorkflowExecutionTimedOutEventAttributes,
        history_event::Attributes,
    },
};

use crate::{
    activity, chain, child,
    command_run::{BadCommand, CommandRun},
    failure::timeout_failure,
    query, terminate,
    transition::Draft,
};

/// Carries out `CompleteWorkflowExecution`.
pub(crate) fn complete(
    run: &mut CommandRun<'_, '_>,
    command: CompleteWorkflowExecutionCommandAttributes,
) -> Result<(), BadCommand> {
    check_nothing_waits(run)?;
    let attributes = WorkflowExecutionCompletedEventAttributes {
        result: command.result,
        workflow_task_completed_event_id: run.completed_event_id,
        ..Default::default()
    };
    run.draft.record(Attributes::WorkflowExecutionCompletedEventAttributes(attributes));
    after(run.draft);
    Ok(())
}

/// Carries out `FailWorkflowExecution`: the run is tried again if its retry policy says so
/// (semantics rule 19).
pub(crate) fn fail(
    run: &mut CommandRun<'_, '_>,
    command: FailWorkflowExecutionCommandAttributes,
) -> Result<(), BadCommand> {
    check_nothing_waits(run)?;
    let failure = command.failure.ok_or_else(|| {
        let text = "Failure is not set on FailWorkflowExecutionCommand.";
        BadCommand::new(Cause::BadFailWorkflowExecutionAttributes, text)
    })?;
    let (retry_state, next) = chain::retry(run.draft, &failure);
    let attributes = WorkflowExecutionFailedEventAttributes {
        failure: Some(failure),
        retry_state: retry_state as i32,
        workflow_task_completed_event_id: run.completed_event_id,
        new_execution_run_id: next.as_ref().map(chain::NextRun::run_id).unwrap_or_default(),
    };
    run.draft.record(Attributes::WorkflowExecutionFailedEventAttributes(attributes));
    after_perhaps_continuing(run.draft, next);
    Ok(())
}

/// Carries out `CancelWorkflowExecution`: the only way to the status Canceled (rule 63).
pub(crate) fn cancel(
    run: &mut CommandRun<'_, '_>,
    command: CancelWorkflowExecutionCommandAttributes,
) -> Result<(), BadCommand> {
    check_nothing_waits(run)?;
    let attributes = WorkflowExecutionCanceledEventAttributes {
        workflow_task_completed_event_id: run.completed_event_id,
        details: command.details,
    };
    run.draft.record(Attributes::WorkflowExecutionCanceledEventAttributes(attributes));
    after(run.draft);
    Ok(())
}

/// Carries out `ContinueAsNewWorkflowExecution` (semantics rules 16 and 17).
pub(crate) fn continue_as_new(
    run: &mut CommandRun<'_, '_>,
    command: ContinueAsNewWorkflowExecutionCommandAttributes,
) -> Result<(), BadCommand> {
    check_nothing_waits(run)?;
    let (attributes, next) = chain::continue_as_new(run, command)?;
    run.draft.record(Attributes::WorkflowExecutionContinuedAsNewEventAttributes(attributes));
    after_perhaps_continuing(run.draft, Some(next));
    Ok(())
}

/// The run, or its whole chain, took too long. A run may be tried again, a chain not (rule 19).
pub(crate) fn time_out(draft: &mut Draft<'_>) {
    let expired = draft.execution.execution_deadline().is_some_and(|at| at <= draft.context.now);
    let (retry_state, next) = if expired {
        (RetryState::Timeout, None)
    } else {
        let failure = timeout_failure("workflow timeout", TimeoutType::StartToClose);
        chain::retry(draft, &failure)
    };
    terminate::force_task_closed(draft);
    let attributes = WorkflowExecutionTimedOutEventAttributes {
        retry_state: retry_state as i32,
        new_execution_run_id: next.as_ref().map(chain::NextRun::run_id).unwrap_or_default(),
    };
    draft.record(Attributes::WorkflowExecutionTimedOutEventAttributes(attributes));
    after_perhaps_continuing(draft, next);
    query::release(draft);
}

/// What follows from a closing event that no run continues: for the children and for the parent.
pub(crate) fn after(draft: &mut Draft<'_>) {
    after_perhaps_continuing(draft, None);
}

fn after_perhaps_continuing(draft: &mut Draft<'_>, next: Option<chain::NextRun>) {
    // What was scheduled stays to be seen, as the reference server has it; nobody gets it any more.
    let overlay = draft.overlay();
    // What the closing commands themselves had put there; nobody will read it.
    overlay.buffer.clear();
    overlay.sticky = None;
    overlay.first_task_at = None;
    overlay.awaits_parent = false;
    overlay.heartbeat_since = None;
    child::apply_close_policies(draft);
    match next {
        Some(next) => next.begin(draft),
        None => child::report_close(draft),
    }
}

/// A run does not close over events that its code has not seen (semantics rule 27).
fn check_nothing_waits(run: &CommandRun<'_, '_>) -> Result<(), BadCommand> {
    let mut buffer = run.draft.execution.overlay.buffer.iter();
    if buffer.any(|buffered| !activity::is_canceled_by(&buffered.event, run.completed_event_id)) {
        return Err(BadCommand::new(Cause::UnhandledCommand, ""));
    }
    Ok(())
}
