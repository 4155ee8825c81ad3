//! The end of a child, as its parent records it.

use persevere_proto::api::history::v1::{
    ChildWorkflowExecutionCanceledEventAttributes, ChildWorkflowExecutionCompletedEventAttributes,
    ChildWorkflowExecutionFailedEventAttributes, ChildWorkflowExecutionTerminatedEventAttributes,
    ChildWorkflowExecutionTimedOutEventAttributes, history_event::Attributes,
};

use super::{Progress, forget_start, progress, started};
use crate::{
    command::ChildClosed,
    context::Context,
    rejection::Rejection,
    reply::Reply,
    state::Execution,
    transition::{Draft, Transition},
    workflow_task,
};

/// See `Command::ChildClosed`. It may arrive again, or after the parent has closed: then there is
/// nothing to do.
pub(crate) fn closed(
    execution: &Execution,
    command: ChildClosed,
    context: &Context<'_>,
) -> Result<Transition, Rejection> {
    let mut draft = Draft::of(execution, context);
    let initiated_event_id = command.initiated_event_id;
    let child = execution.recorded.children.get(&initiated_event_id);
    let Some(child) = child.filter(|_| execution.is_running()) else {
        return Ok(draft.finish(Reply::Done));
    };
    match progress(execution, initiated_event_id, child) {
        Progress::Closing => return Ok(draft.finish(Reply::Done)),
        Progress::Started(_) => {}
        // Its end overtook the news of its start: it was stopped before its first task.
        Progress::Initiated => {
            forget_start(&mut draft, initiated_event_id);
            started(&mut draft, initiated_event_id, command.execution.run_id.clone());
        }
    }
    let event = close_event(&draft.execution, command)?;
    draft.record_or_buffer(event);
    workflow_task::ensure_scheduled(&mut draft);
    Ok(draft.finish(Reply::Done))
}

/// The parent's event for the child's closing event.
fn close_event(execution: &Execution, command: ChildClosed) -> Result<Attributes, Rejection> {
    use Attributes as A;
    let initiated_event_id = command.initiated_event_id;
    let child = &execution.recorded.children[&initiated_event_id];
    let namespace = child.initiated.namespace.clone();
    let namespace_id = child.initiated.namespace_id.clone();
    let workflow_type = child.initiated.workflow_type.clone();
    // While the started event waits in the buffer too, the flush fills this in.
    let started_event_id = child.started.as_ref().map_or(0, |(id, _)| *id);
    let workflow_execution = Some(command.execution);
    Ok(match *command.close {
        A::WorkflowExecutionCompletedEventAttributes(close) => {
            A::ChildWorkflowExecutionCompletedEventAttributes(
                ChildWorkflowExecutionCompletedEventAttributes {
                    result: close.result,
                    namespace,
                    namespace_id,
                    workflow_execution,
                    workflow_type,
                    initiated_event_id,
                    started_event_id,
                },
            )
        }
        A::WorkflowExecutionFailedEventAttributes(close) => {
            A::ChildWorkflowExecutionFailedEventAttributes(
                ChildWorkflowExecutionFailedEventAttributes {
                    failure: close.failure,
                    namespace,
                    namespace_id,
                    workflow_execution,
                    workflow_type,
                    initiated_event_id,
                    started_event_id,
                    retry_state: close.retry_state,
                },
            )
        }
        A::WorkflowExecutionCanceledEventAttributes(close) => {
            A::ChildWorkflowExecutionCanceledEventAttributes(
                ChildWorkflowExecutionCanceledEventAttributes {
                    details: close.details,
                    namespace,
                    namespace_id,
                    workflow_execution,
                    workflow_type,
                    initiated_event_id,
                    started_event_id,
                },
            )
        }
        A::WorkflowExecutionTimedOutEventAttributes(close) => {
            A::ChildWorkflowExecutionTimedOutEventAttributes(
                ChildWorkflowExecutionTimedOutEventAttributes {
                    namespace,
                    namespace_id,
                    workflow_execution,
                    workflow_type,
                    initiated_event_id,
                    started_event_id,
                    retry_state: close.retry_state,
                },
            )
        }
        A::WorkflowExecutionTerminatedEventAttributes(_) => {
            A::ChildWorkflowExecutionTerminatedEventAttributes(
                ChildWorkflowExecutionTerminatedEventAttributes {
                    namespace,
                    namespace_id,
                    workflow_execution,
                    workflow_type,
                    initiated_event_id,
                    started_event_id,
                },
            )
        }
        other => {
            let kind = other.event_type().as_str_name();
            return Err(Rejection::InvalidArgument(format!("{kind} does not close a chain")));
        }
    })
}
