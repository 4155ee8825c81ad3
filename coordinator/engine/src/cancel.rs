//! Cancel requests: the workflow's code is told, and may do as it likes.

use persevere_proto::api::history::v1::{
    WorkflowExecutionCancelRequestedEventAttributes, history_event::Attributes,
};

use crate::{
    command::RequestCancel,
    context::Context,
    rejection::Rejection,
    reply::Reply,
    state::Execution,
    transition::{Draft, Transition, new_event},
    workflow_task,
};

/// See `Command::RequestCancel`. There is nothing to do, and that is no error, if the run was
/// already asked, or has closed (semantics rule 85).
pub(crate) fn request(
    execution: &Execution,
    command: RequestCancel,
    context: &Context<'_>,
) -> Result<Transition, Rejection> {
    let request = *command.request;
    check_chain(execution, &request.first_execution_run_id)?;
    if let Some(sender) = &command.sender {
        sender.check_may_reach(execution)?;
    }
    let mut draft = Draft::of(execution, context);
    if !execution.is_running() || is_requested(execution) {
        return Ok(draft.finish(Reply::Done));
    }
    let (external_initiated_event_id, external_workflow_execution) = match command.sender {
        Some(sender) => (sender.initiated_event_id, Some(sender.execution)),
        None => (0, None),
    };
    let attributes = WorkflowExecutionCancelRequestedEventAttributes {
        cause: request.reason,
        external_initiated_event_id,
        external_workflow_execution,
        identity: request.identity,
    };
    let attributes = Attributes::WorkflowExecutionCancelRequestedEventAttributes(attributes);
    let mut event = new_event(attributes, context);
    event.links = request.links;
    draft.record_or_buffer_event(event);
    workflow_task::ensure_scheduled(&mut draft);
    Ok(draft.finish(Reply::Done))
}

/// Whether the run was asked to stop; the request may still be buffered.
fn is_requested(execution: &Execution) -> bool {
    let buffered = |attributes: &Option<Attributes>| {
        matches!(attributes, Some(Attributes::WorkflowExecutionCancelRequestedEventAttributes(_)))
    };
    execution.recorded.cancel_requested.is_some()
        || execution.overlay.buffer.iter().any(|b| buffered(&b.event.attributes))
}

/// Refuses a request that is meant for another chain of runs; an empty id means any.
pub(crate) fn check_chain(
    execution: &Execution,
    first_execution_run_id: &str,
) -> Result<(), Rejection> {
    let first = &execution.recorded.started.first_execution_run_id;
    if first_execution_run_id.is_empty() || first_execution_run_id == first {
        Ok(())
    } else {
        Err(Rejection::NotFound("workflow execution not found".into()))
    }
}
