//! Signals: a message to the workflow's code, recorded once for each request id.

use persevere_proto::api::history::v1::{
    WorkflowExecutionSignaledEventAttributes, history_event::Attributes,
};
use persevere_proto::api::workflowservice::v1::SignalWorkflowExecutionRequest;

use crate::{
    command::{Sender, Signal},
    context::Context,
    rejection::Rejection,
    reply::Reply,
    state::Execution,
    transition::{Draft, Transition, new_event},
    workflow_task,
};

/// See `Command::Signal`. A request that was carried out before succeeds again, even on a run that
/// has closed since (semantics rule 83).
pub(crate) fn receive(
    execution: &Execution,
    signal: Signal,
    context: &Context<'_>,
) -> Result<Transition, Rejection> {
    let mut draft = Draft::of(execution, context);
    if is_repeated(execution, &signal.request.request_id) {
        return Ok(draft.finish(Reply::Done));
    }
    check(execution, signal.sender.as_ref(), context)?;
    record(&mut draft, *signal.request, signal.sender);
    workflow_task::ensure_scheduled(&mut draft);
    Ok(draft.finish(Reply::Done))
}

/// Whether a signal with this request id was received, though it may still be buffered.
pub(crate) fn is_repeated(execution: &Execution, request_id: &str) -> bool {
    let buffered = |event: &Option<Attributes>| {
        matches!(event, Some(Attributes::WorkflowExecutionSignaledEventAttributes(signaled))
            if signaled.request_id == request_id)
    };
    !request_id.is_empty()
        && (execution.recorded.signal_requests.contains(request_id)
            || execution.overlay.buffer.iter().any(|b| buffered(&b.event.attributes)))
}

fn check(
    execution: &Execution,
    sender: Option<&Sender>,
    context: &Context<'_>,
) -> Result<(), Rejection> {
    if !execution.is_running() {
        return Err(Rejection::closed());
    }
    if let Some(sender) = sender {
        sender.check_may_reach(execution)?;
    }
    if execution.recorded.signals >= context.limits.signals {
        return Err(Rejection::InvalidArgument(
            "exceeded workflow execution limit for signal events".into(),
        ));
    }
    Ok(())
}

/// Writes the signal, or buffers it while a workflow task is started.
pub(crate) fn record(
    draft: &mut Draft<'_>,
    request: SignalWorkflowExecutionRequest,
    sender: Option<Sender>,
) {
    let attributes = WorkflowExecutionSignaledEventAttributes {
        signal_name: request.signal_name,
        input: request.input,
        identity: request.identity,
        header: request.header,
        external_workflow_execution: sender.map(|sender| sender.execution),
        request_id: request.request_id,
        ..Default::default()
    };
    let attributes = Attributes::WorkflowExecutionSignaledEventAttributes(attributes);
    let mut event = new_event(attributes, draft.context);
    event.links = request.links;
    draft.record_or_buffer_event(event);
}
