//! Child workflows, as their parent sees them: initiated by a command, started or refused, closed.
//!
//! Each step in another execution is a message in the outbox, delivered at least once. A child's
//! first workflow task is held until its parent has the start on disk (semantics rule 59), and its
//! end is reported once, for the last run of its chain (rule 60). Whatever arrives twice, or for a
//! child that is closed already, changes nothing.
//!
//! Not here: how a message is delivered (`outbox`), and how its answer comes back (`outcome`).

mod attributes;
mod closed;
mod parent_close;

use persevere_proto::api::{
    command::v1::StartChildWorkflowExecutionCommandAttributes,
    common::v1::WorkflowExecution,
    enums::v1::{StartChildWorkflowExecutionFailedCause, WorkflowTaskFailedCause},
    history::v1::{
        ChildWorkflowExecutionStartedEventAttributes,
        StartChildWorkflowExecutionFailedEventAttributes, history_event::Attributes,
    },
    sdk::v1::UserMetadata,
};

use crate::{
    command_run::{BadCommand, CommandRun},
    role::{Role, Thing, role},
    search_attributes::check_search_attributes,
    state::{Child, Execution, Message},
    transition::Draft,
    workflow_task,
};

pub(crate) use closed::closed;
pub(crate) use parent_close::{apply_close_policies, apply_late, report_close};

/// Carries out `StartChildWorkflowExecution`.
pub(crate) fn start(
    run: &mut CommandRun<'_, '_>,
    command: StartChildWorkflowExecutionCommandAttributes,
    user_metadata: Option<UserMetadata>,
) -> Result<(), BadCommand> {
    if let Some(attributes) = &command.search_attributes {
        check_search_attributes(&run.draft.execution.key.namespace, attributes).map_err(
            |problem| BadCommand::new(WorkflowTaskFailedCause::BadSearchAttributes, problem),
        )?;
    }
    let mut initiated = attributes::initiated(run.draft, command).map_err(|problem| {
        BadCommand::new(WorkflowTaskFailedCause::BadStartChildExecutionAttributes, problem)
    })?;
    let pending = run.draft.execution.recorded.children.len();
    let limit = run.draft.context.limits.pending;
    if pending >= limit {
        return Err(BadCommand::new(
            WorkflowTaskFailedCause::PendingChildWorkflowsLimitExceeded,
            format!(
                "the number of pending child workflow executions, {pending}, has reached the \
                 per-workflow limit of {limit}"
            ),
        ));
    }
    initiated.workflow_task_completed_event_id = run.completed_event_id;
    let event = Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(initiated);
    let initiated_event_id = run.record(event, user_metadata);
    run.draft.send(Message::StartChild { initiated_event_id });
    Ok(())
}

/// The child runs: writes it down, and then lets it begin (semantics rule 59).
pub(crate) fn started(draft: &mut Draft<'_>, initiated_event_id: i64, run_id: String) {
    let Some(child) = unstarted(&draft.execution, initiated_event_id) else { return };
    let initiated = child.initiated.clone();
    let execution = WorkflowExecution { workflow_id: initiated.workflow_id.clone(), run_id };
    let started = ChildWorkflowExecutionStartedEventAttributes {
        namespace: initiated.namespace.clone(),
        namespace_id: initiated.namespace_id.clone(),
        initiated_event_id,
        workflow_execution: Some(execution.clone()),
        workflow_type: initiated.workflow_type.clone(),
        header: initiated.header.clone(),
    };
    draft.record_or_buffer(Attributes::ChildWorkflowExecutionStartedEventAttributes(started));
    let namespace = initiated.namespace.clone();
    draft.send(Message::ReleaseChild { namespace, child: execution, initiated_event_id });
    workflow_task::ensure_scheduled(draft);
}

/// There is no such child, and there will be none.
#[expect(deprecated, reason = "what workers still set must come back to them")]
pub(crate) fn refused(
    draft: &mut Draft<'_>,
    initiated_event_id: i64,
    cause: StartChildWorkflowExecutionFailedCause,
) {
    let Some(child) = unstarted(&draft.execution, initiated_event_id) else { return };
    let initiated = child.initiated.clone();
    let failed = StartChildWorkflowExecutionFailedEventAttributes {
        namespace: initiated.namespace.clone(),
        namespace_id: initiated.namespace_id.clone(),
        workflow_id: initiated.workflow_id.clone(),
        workflow_type: initiated.workflow_type.clone(),
        cause: cause.into(),
        control: initiated.control.clone(),
        initiated_event_id,
        workflow_task_completed_event_id: 0,
    };
    draft.record_or_buffer(Attributes::StartChildWorkflowExecutionFailedEventAttributes(failed));
    workflow_task::ensure_scheduled(draft);
}

/// Takes the start of a child out of the outbox: there is nothing to start any more.
fn forget_start(draft: &mut Draft<'_>, initiated_event_id: i64) {
    let start = Message::StartChild { initiated_event_id };
    draft.overlay().outbox.retain(|_, message| *message != start);
}

/// How far an open child has come, with what waits in the buffer taken into account.
enum Progress {
    Initiated,
    /// It runs, or ran; this was its first run.
    Started(String),
    /// Its end waits in the buffer.
    Closing,
}

fn progress(execution: &Execution, initiated_event_id: i64, child: &Child) -> Progress {
    let mut progress = match &child.started {
        Some((_, run_id)) => Progress::Started(run_id.clone()),
        None => Progress::Initiated,
    };
    let buffer = execution.overlay.buffer.iter();
    for attributes in buffer.filter_map(|buffered| buffered.event.attributes.as_ref()) {
        match attributes {
            Attributes::ChildWorkflowExecutionStartedEventAttributes(started)
                if started.initiated_event_id == initiated_event_id =>
            {
                let run = started.workflow_execution.as_ref();
                progress = Progress::Started(run.map(|it| it.run_id.clone()).unwrap_or_default());
            }
            other => {
                if let Role::Ends { thing: Thing::Child, opener, .. } = role(other)
                    && opener == initiated_event_id
                {
                    return Progress::Closing;
                }
            }
        }
    }
    progress
}

/// The child, if it waits to be started.
fn unstarted(execution: &Execution, initiated_event_id: i64) -> Option<&Child> {
    let child = execution.recorded.children.get(&initiated_event_id)?;
    let progress = progress(execution, initiated_event_id, child);
    matches!(progress, Progress::Initiated).then_some(child)
}
