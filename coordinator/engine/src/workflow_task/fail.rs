//! A workflow task that came to nothing, and the next attempt at it.
//!
//! Only a first attempt leaves a `WorkflowTaskFailed` (semantics rule 30). The next attempt is
//! transient, unless there is news to tell (rule 34) or the task was a sticky one (rule 35): then it
//! is a first attempt again.

use persevere_proto::api::{
    enums::v1::{TimeoutType, WorkflowTaskFailedCause},
    failure::v1::Failure,
    history::v1::history_event::Attributes,
    workflowservice::v1::RespondWorkflowTaskFailedRequest,
};

use super::{complete::of_token, events, schedule};
use crate::{
    buffer,
    command::WorkflowTaskToken,
    command_run::BadCommand,
    context::Context,
    failure::{bounded, server_failure},
    rejection::Rejection,
    reply::Reply,
    state::{Execution, StartedTask, WorkflowTask},
    terminate,
    transition::{Draft, Transition},
};

/// Why a run is terminated whose worker cannot send what it wants.
const GRPC_MESSAGE_TOO_LARGE: &str = "GrpcMessageTooLarge";

/// See `Command::FailWorkflowTask`.
pub(crate) fn fail(
    execution: &Execution,
    token: WorkflowTaskToken,
    request: RespondWorkflowTaskFailedRequest,
    context: &Context<'_>,
) -> Result<Transition, Rejection> {
    if !execution.is_running() {
        return Err(Rejection::closed());
    }
    let task = of_token(execution, &token)?;
    let mut draft = Draft::of(execution, context);
    let cause = request.cause();
    if cause == WorkflowTaskFailedCause::GrpcMessageTooLarge {
        // It would be too large again (semantics rule 49).
        terminate::by_server(&mut draft, GRPC_MESSAGE_TOO_LARGE, None);
        return Ok(draft.finish(Reply::Done));
    }
    if task.scheduled.attempt == 1 {
        #[expect(deprecated, reason = "older SDKs send it, and it must come back")]
        let binary_checksum = request.binary_checksum;
        let failure = request.failure.map(|failure| bounded(failure, context.limits.blob_size));
        let mut failed = events::failed(task, cause, failure, &request.identity);
        #[expect(deprecated, reason = "as above")]
        {
            failed.binary_checksum = binary_checksum;
        }
        draft.record(Attributes::WorkflowTaskFailedEventAttributes(failed));
    }
    try_again(&mut draft, task);
    Ok(draft.finish(Reply::Done))
}

/// A command broke a rule. For a first attempt that is written down and tried again at once; a
/// further one is left to time out, which is the delay between attempts (semantics rules 30, 31).
pub(super) fn refuse(
    execution: &Execution,
    task: &StartedTask,
    bad: &BadCommand,
    identity: &str,
    context: &Context<'_>,
) -> Result<Transition, Rejection> {
    let message = bad.full_message();
    let refusal = Rejection::InvalidArgument(message.clone());
    if task.scheduled.attempt > 1 && bad.cause != WorkflowTaskFailedCause::UnhandledCommand {
        return Err(refusal);
    }
    let mut draft = Draft::of(execution, context);
    let failure = server_failure(&message, false);
    if bad.terminates {
        fail_started(&mut draft, bad.cause, Some(failure), identity);
        terminate::by_server(&mut draft, &message, None);
    } else {
        record_failed(&mut draft, task, bad.cause, Some(failure), identity);
        try_again(&mut draft, task);
    }
    Ok(draft.finish(Reply::Refused(refusal)))
}

/// Ends the started task, if there is one, because the run is about to end (semantics rule 50),
/// and lets the buffered events through.
pub(crate) fn fail_started(
    draft: &mut Draft<'_>,
    cause: WorkflowTaskFailedCause,
    failure: Option<Failure>,
    identity: &str,
) {
    if let Some(task) = super::started(&draft.execution).cloned() {
        record_failed(draft, &task, cause, failure, identity);
        draft.overlay().workflow_task = WorkflowTask::None;
    }
    buffer::flush(draft);
}

/// Too many events wait for the started task: it fails, so that they get through (rule 26).
pub(crate) fn fail_for_buffer(draft: &mut Draft<'_>) {
    let Some(task) = super::started(&draft.execution).cloned() else { return };
    let cause = WorkflowTaskFailedCause::ForceCloseCommand;
    record_failed(draft, &task, cause, None, terminate::SERVER_IDENTITY);
    let overlay = draft.overlay();
    overlay.workflow_task = WorkflowTask::None;
    let was_sticky = overlay.sticky.take().is_some();
    buffer::flush(draft);
    // Though there is news, the next attempt is a further one: a workflow that is flooded while its
    // task fails for other reasons must still be seen to fail.
    schedule(draft, if was_sticky { 1 } else { task.scheduled.attempt + 1 });
}

/// The worker kept its task alive for too long without a command (semantics rule 43). The next
/// attempt is a further one, though it is offered where the worker's answer asks for it.
pub(super) fn expire_heartbeat(mut draft: Draft<'_>, task: &StartedTask) -> Transition {
    if task.scheduled.attempt == 1 {
        let scheduled_event_id = task.scheduled.scheduled_event_id;
        let timeout = TimeoutType::StartToClose;
        draft.record(events::timed_out(scheduled_event_id, task.started_event_id, timeout));
    }
    draft.overlay().heartbeat_since = None;
    let has_news = buffer::flush(&mut draft);
    schedule(&mut draft, if has_news { 1 } else { task.scheduled.attempt + 1 });
    let refusal = Rejection::NotFound("workflow task heartbeat timeout".into());
    draft.finish(Reply::Refused(refusal))
}

fn record_failed(
    draft: &mut Draft<'_>,
    task: &StartedTask,
    cause: WorkflowTaskFailedCause,
    failure: Option<Failure>,
    identity: &str,
) {
    if task.scheduled.attempt == 1 {
        let failed = events::failed(task, cause, failure, identity);
        draft.record(Attributes::WorkflowTaskFailedEventAttributes(failed));
    }
}

/// Schedules the attempt that follows `task`, after what waited for its end.
pub(super) fn try_again(draft: &mut Draft<'_>, task: &StartedTask) {
    let overlay = draft.overlay();
    overlay.workflow_task = WorkflowTask::None;
    let was_sticky = overlay.sticky.take().is_some();
    let has_news = buffer::flush(draft);
    let attempt = if was_sticky || has_news { 1 } else { task.scheduled.attempt + 1 };
    schedule(draft, attempt);
}
