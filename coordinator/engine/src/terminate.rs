//! Termination: the run ends, whatever its code thinks of it.

use persevere_proto::api::{
    common::v1::Payloads,
    enums::v1::WorkflowTaskFailedCause,
    history::v1::{
        HistoryEvent, WorkflowExecutionTerminatedEventAttributes, history_event::Attributes,
    },
};

use crate::{
    cancel, close,
    command::Terminate,
    context::Context,
    query,
    rejection::Rejection,
    reply::Reply,
    state::Execution,
    transition::{Draft, Transition, new_event},
    workflow_task,
};

/// How the history names the server itself.
pub(crate) const SERVER_IDENTITY: &str = "history-service";

/// See `Command::Terminate`.
pub(crate) fn terminate(
    execution: &Execution,
    command: Terminate,
    context: &Context<'_>,
) -> Result<Transition, Rejection> {
    if !execution.is_running() {
        return Err(Rejection::closed());
    }
    let request = *command.request;
    cancel::check_chain(execution, &request.first_execution_run_id)?;
    let parent = execution.recorded.started.parent_workflow_execution.as_ref();
    if command.parent.is_some() && command.parent.as_ref() != parent {
        return Err(Rejection::NotFound("workflow execution not found".into()));
    }
    let mut draft = Draft::of(execution, context);
    let mut event =
        new_event(attributes(request.reason, request.details, request.identity), context);
    event.links = request.links;
    close(&mut draft, event);
    Ok(draft.finish(Reply::Done))
}

/// The server itself terminates a run: one that breaks a limit, or that another one displaces.
pub(crate) fn by_server(draft: &mut Draft<'_>, reason: &str, details: Option<Payloads>) {
    let attributes = attributes(reason.to_owned(), details, SERVER_IDENTITY.to_owned());
    close(draft, new_event(attributes, draft.context));
}

fn close(draft: &mut Draft<'_>, event: HistoryEvent) {
    force_task_closed(draft);
    draft.record_event(event);
    close::after(draft);
    query::release(draft);
}

/// Ends the pending workflow task before a closing event that no command asked for (rule 50).
pub(crate) fn force_task_closed(draft: &mut Draft<'_>) {
    let cause = WorkflowTaskFailedCause::ForceCloseCommand;
    workflow_task::fail_started(draft, cause, None, SERVER_IDENTITY);
}

/// `WorkflowExecutionTerminated`.
fn attributes(reason: String, details: Option<Payloads>, identity: String) -> Attributes {
    Attributes::WorkflowExecutionTerminatedEventAttributes(
        WorkflowExecutionTerminatedEventAttributes { reason, details, identity },
    )
}
