//! What a closing run owes its children and its parent (semantics rules 60 and 107).

use persevere_proto::api::{
    common::v1::WorkflowExecution, enums::v1::ParentClosePolicy,
    history::v1::history_event::Attributes,
};

use super::{Progress, forget_start, progress};
use crate::{
    state::{Child, Message, Status},
    transition::Draft,
};

/// Applies the close policy of each open child; to be called for every closing run, also one that
/// another run continues.
///
/// A child that was initiated by the very task that closes the run is never started: nobody has
/// heard of it yet. One whose start is under way gets its policy when the answer comes.
pub(crate) fn apply_close_policies(draft: &mut Draft<'_>) {
    let closing_task = closing_task(draft);
    for (id, child) in draft.execution.recorded.children.clone() {
        match progress(&draft.execution, id, &child) {
            Progress::Closing => {}
            Progress::Started(run_id) => apply(draft, id, &child, run_id),
            Progress::Initiated => {
                if closing_task == Some(child.initiated.workflow_task_completed_event_id) {
                    forget_start(draft, id);
                }
            }
        }
    }
}

/// The child's start was under way when the run closed, and succeeded.
pub(crate) fn apply_late(draft: &mut Draft<'_>, initiated_event_id: i64, run_id: String) {
    let child = draft.execution.recorded.children.get(&initiated_event_id).cloned();
    let Some(child) = child else { return };
    let namespace = child.initiated.namespace.clone();
    let execution = target(&child, run_id.clone());
    draft.send(Message::ReleaseChild { namespace, child: execution, initiated_event_id });
    apply(draft, initiated_event_id, &child, run_id);
}

fn apply(draft: &mut Draft<'_>, initiated_event_id: i64, child: &Child, run_id: String) {
    let namespace = child.initiated.namespace.clone();
    match child.initiated.parent_close_policy() {
        ParentClosePolicy::Abandon => {}
        ParentClosePolicy::RequestCancel => draft.send(Message::CancelChild {
            namespace,
            child: target(child, run_id),
            initiated_event_id,
        }),
        ParentClosePolicy::Terminate | ParentClosePolicy::Unspecified => {
            draft.send(Message::TerminateChild { namespace, child: target(child, run_id) });
        }
    }
}

/// The child by its first run, which names its chain.
fn target(child: &Child, run_id: String) -> WorkflowExecution {
    WorkflowExecution { workflow_id: child.initiated.workflow_id.clone(), run_id }
}

/// The completion whose command closed the run, if it was a command.
fn closing_task(draft: &Draft<'_>) -> Option<i64> {
    use Attributes as A;
    let Status::Closed(closed) = &draft.execution.recorded.status else { return None };
    Some(match closed.event.attributes.as_ref()? {
        A::WorkflowExecutionCompletedEventAttributes(it) => it.workflow_task_completed_event_id,
        A::WorkflowExecutionFailedEventAttributes(it) => it.workflow_task_completed_event_id,
        A::WorkflowExecutionCanceledEventAttributes(it) => it.workflow_task_completed_event_id,
        A::WorkflowExecutionContinuedAsNewEventAttributes(it) => {
            it.workflow_task_completed_event_id
        }
        _ => return None,
    })
}

/// Tells the parent, if there is one, how the chain ended; to be called for its last run only.
pub(crate) fn report_close(draft: &mut Draft<'_>) {
    if draft.execution.recorded.started.parent_workflow_execution.is_some() {
        draft.send(Message::ReportClose);
    }
}
