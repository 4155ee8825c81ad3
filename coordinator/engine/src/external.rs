//! Signals and cancel requests to other executions: initiated by a command, delivered through the
//! outbox, ended by an outcome (semantics rules 61 and 62).

use std::collections::BTreeMap;

use persevere_proto::api::{
    command::v1::{
        Command, RequestCancelExternalWorkflowExecutionCommandAttributes,
        SignalExternalWorkflowExecutionCommandAttributes, command::Attributes as CommandAttributes,
    },
    common::v1::WorkflowExecution,
    enums::v1::{
        CancelExternalWorkflowExecutionFailedCause, SignalExternalWorkflowExecutionFailedCause,
        WorkflowTaskFailedCause,
    },
    history::v1::{
        ExternalWorkflowExecutionCancelRequestedEventAttributes,
        ExternalWorkflowExecutionSignaledEventAttributes,
        RequestCancelExternalWorkflowExecutionFailedEventAttributes,
        RequestCancelExternalWorkflowExecutionInitiatedEventAttributes,
        SignalExternalWorkflowExecutionFailedEventAttributes,
        SignalExternalWorkflowExecutionInitiatedEventAttributes, history_event::Attributes,
    },
    sdk::v1::UserMetadata,
};

use crate::{
    command_run::{BadCommand, CommandRun},
    limits::ID_BYTES_MAX,
    rejection::Rejection,
    state::{Execution, Message},
    transition::Draft,
    workflow_task,
};

/// Refuses commands that name a namespace which does not exist: an answer of this kind is no
/// mistake of the workflow's code, so its task does not fail of it.
#[expect(deprecated, reason = "workers still name a namespace")]
pub(crate) fn check_namespaces(
    commands: &[Command],
    namespaces: &BTreeMap<String, String>,
) -> Result<(), Rejection> {
    use CommandAttributes as A;
    for command in commands {
        let namespace = match &command.attributes {
            Some(A::StartChildWorkflowExecutionCommandAttributes(it)) => &it.namespace,
            Some(A::SignalExternalWorkflowExecutionCommandAttributes(it)) => &it.namespace,
            Some(A::RequestCancelExternalWorkflowExecutionCommandAttributes(it)) => &it.namespace,
            _ => continue,
        };
        if !namespace.is_empty() && !namespaces.contains_key(namespace) {
            return Err(Rejection::NamespaceNotFound(namespace.clone()));
        }
    }
    Ok(())
}

/// Carries out `SignalExternalWorkflowExecution`.
#[expect(deprecated, reason = "what workers still set must come back to them")]
pub(crate) fn signal(
    run: &mut CommandRun<'_, '_>,
    command: SignalExternalWorkflowExecutionCommandAttributes,
    user_metadata: Option<UserMetadata>,
) -> Result<(), BadCommand> {
    check_signal(&command).map_err(|problem| {
        BadCommand::new(WorkflowTaskFailedCause::BadSignalWorkflowExecutionAttributes, problem)
    })?;
    let pending = run.draft.execution.recorded.external_signals.len();
    check_pending(
        run,
        pending,
        WorkflowTaskFailedCause::PendingSignalsLimitExceeded,
        "pending signals to external workflows",
    )?;
    let initiated = SignalExternalWorkflowExecutionInitiatedEventAttributes {
        workflow_task_completed_event_id: run.completed_event_id,
        namespace_id: namespace_id(run, &command.namespace),
        namespace: command.namespace,
        workflow_execution: command.execution,
        signal_name: command.signal_name,
        input: command.input,
        control: command.control,
        child_workflow_only: command.child_workflow_only,
        header: command.header,
    };
    let event = Attributes::SignalExternalWorkflowExecutionInitiatedEventAttributes(initiated);
    let initiated_event_id = run.record(event, user_metadata);
    run.draft.send(Message::Signal { initiated_event_id });
    Ok(())
}

/// Carries out `RequestCancelExternalWorkflowExecution`.
#[expect(deprecated, reason = "what workers still set must come back to them")]
pub(crate) fn request_cancel(
    run: &mut CommandRun<'_, '_>,
    command: RequestCancelExternalWorkflowExecutionCommandAttributes,
    user_metadata: Option<UserMetadata>,
) -> Result<(), BadCommand> {
    use WorkflowTaskFailedCause as Cause;
    check_cancel(run, &command).map_err(|problem| {
        BadCommand::new(Cause::BadRequestCancelExternalWorkflowExecutionAttributes, problem)
    })?;
    let pending = run.draft.execution.recorded.external_cancels.len();
    check_pending(
        run,
        pending,
        Cause::PendingRequestCancelLimitExceeded,
        "pending requests to cancel external workflows",
    )?;
    let initiated = RequestCancelExternalWorkflowExecutionInitiatedEventAttributes {
        workflow_task_completed_event_id: run.completed_event_id,
        namespace_id: namespace_id(run, &command.namespace),
        namespace: command.namespace,
        workflow_execution: Some(WorkflowExecution {
            workflow_id: command.workflow_id,
            run_id: command.run_id,
        }),
        control: command.control,
        child_workflow_only: command.child_workflow_only,
        reason: command.reason,
    };
    let event =
        Attributes::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(initiated);
    let initiated_event_id = run.record(event, user_metadata);
    run.draft.send(Message::Cancel { initiated_event_id });
    Ok(())
}

#[expect(deprecated, reason = "workers still name a namespace")]
fn check_signal(command: &SignalExternalWorkflowExecutionCommandAttributes) -> Result<(), String> {
    const COMMAND: &str = "SignalExternalWorkflowExecutionCommand";
    let target = command.execution.clone().unwrap_or_default();
    let (id, run, namespace) = (&target.workflow_id, &target.run_id, &command.namespace);
    let name = &command.signal_name;
    if command.execution.is_none() {
        return Err(format!("Execution is not set on {COMMAND}."));
    }
    if id.is_empty() {
        return Err(format!(
            "WorkflowId is not set on {COMMAND}. Namespace={namespace} RunId={run} \
             SignalName={name}"
        ));
    }
    if id.len() > ID_BYTES_MAX {
        return Err(format!(
            "WorkflowId on {COMMAND} exceeds length limit. WorkflowId={id} Length={} \
             Limit={ID_BYTES_MAX} Namespace={namespace} RunId={run} SignalName={name}",
            id.len()
        ));
    }
    if !run.is_empty() && !is_uuid(run) {
        return Err(format!(
            "Invalid RunId set on {COMMAND}. WorkflowId={id} Namespace={namespace} RunId={run} \
             SignalName={name}"
        ));
    }
    if name.is_empty() {
        return Err(format!(
            "SignalName is not set on {COMMAND}. WorkflowId={id} Namespace={namespace} RunId={run}"
        ));
    }
    Ok(())
}

#[expect(deprecated, reason = "what workers still set must come back to them")]
fn check_cancel(
    run: &CommandRun<'_, '_>,
    command: &RequestCancelExternalWorkflowExecutionCommandAttributes,
) -> Result<(), String> {
    const COMMAND: &str = "RequestCancelExternalWorkflowExecutionCommand";
    let (id, run_id, namespace) = (&command.workflow_id, &command.run_id, &command.namespace);
    if id.is_empty() {
        return Err(format!(
            "WorkflowId is not set on {COMMAND}. Namespace={namespace} RunId={run_id}"
        ));
    }
    if id.len() > ID_BYTES_MAX {
        return Err(format!(
            "WorkflowId on {COMMAND} exceeds length limit. WorkflowId={id} Length={} \
             Limit={ID_BYTES_MAX} RunId={run_id} Namespace={namespace}",
            id.len()
        ));
    }
    let whose = format!("WorkflowId={id} RunId={run_id} Namespace={namespace}");
    if !run_id.is_empty() && !is_uuid(run_id) {
        return Err(format!("Invalid RunId set on {COMMAND}. {whose}"));
    }
    let mut children = run.draft.execution.recorded.children.range(run.completed_event_id..);
    if children.any(|(_, child)| child.initiated.workflow_id == *id) {
        return Err(format!(
            "Start and RequestCancel for child workflow is not allowed in same workflow task. \
             {whose}"
        ));
    }
    Ok(())
}

/// Semantics rule 52.
fn check_pending(
    run: &CommandRun<'_, '_>,
    pending: usize,
    cause: WorkflowTaskFailedCause,
    what: &str,
) -> Result<(), BadCommand> {
    let limit = run.draft.context.limits.pending;
    if pending < limit {
        return Ok(());
    }
    Err(BadCommand::new(
        cause,
        format!("the number of {what}, {pending}, has reached the per-workflow limit of {limit}"),
    ))
}

fn namespace_id(run: &CommandRun<'_, '_>, namespace: &str) -> String {
    let own = &run.draft.execution.key.namespace;
    let namespace = if namespace.is_empty() { own } else { namespace };
    run.draft.context.namespaces.get(namespace).cloned().unwrap_or_default()
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    let lengths = groups.iter().map(|group| group.len());
    lengths.eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The namespace that the command named, or meant.
fn resolved(execution: &Execution, namespace: &str) -> String {
    if namespace.is_empty() { execution.key.namespace.clone() } else { namespace.to_owned() }
}

/// A signal was delivered, or could not be.
#[expect(deprecated, reason = "what workers still set must come back to them")]
pub(crate) fn signal_ended(
    draft: &mut Draft<'_>,
    initiated_event_id: i64,
    outcome: Result<(), SignalExternalWorkflowExecutionFailedCause>,
) {
    let signal = draft.execution.recorded.external_signals.get(&initiated_event_id);
    let Some(initiated) = signal.map(|signal| signal.initiated.clone()) else { return };
    let namespace = resolved(&draft.execution, &initiated.namespace);
    let namespace_id = initiated.namespace_id.clone();
    let workflow_execution = initiated.workflow_execution.clone();
    let control = initiated.control.clone();
    draft.record_or_buffer(match outcome {
        Ok(()) => Attributes::ExternalWorkflowExecutionSignaledEventAttributes(
            ExternalWorkflowExecutionSignaledEventAttributes {
                initiated_event_id,
                namespace,
                namespace_id,
                workflow_execution,
                control,
            },
        ),
        Err(cause) => Attributes::SignalExternalWorkflowExecutionFailedEventAttributes(
            SignalExternalWorkflowExecutionFailedEventAttributes {
                cause: cause.into(),
                workflow_task_completed_event_id: 0,
                namespace,
                namespace_id,
                workflow_execution,
                initiated_event_id,
                control,
            },
        ),
    });
    workflow_task::ensure_scheduled(draft);
}

/// A cancel request was delivered, or could not be.
#[expect(deprecated, reason = "what workers still set must come back to them")]
pub(crate) fn cancel_ended(
    draft: &mut Draft<'_>,
    initiated_event_id: i64,
    outcome: Result<(), CancelExternalWorkflowExecutionFailedCause>,
) {
    let cancel = draft.execution.recorded.external_cancels.get(&initiated_event_id);
    let Some(initiated) = cancel.map(|cancel| cancel.initiated.clone()) else { return };
    let namespace = resolved(&draft.execution, &initiated.namespace);
    let namespace_id = initiated.namespace_id.clone();
    let workflow_execution = initiated.workflow_execution.clone();
    draft.record_or_buffer(match outcome {
        Ok(()) => Attributes::ExternalWorkflowExecutionCancelRequestedEventAttributes(
            ExternalWorkflowExecutionCancelRequestedEventAttributes {
                initiated_event_id,
                namespace,
                namespace_id,
                workflow_execution,
            },
        ),
        Err(cause) => Attributes::RequestCancelExternalWorkflowExecutionFailedEventAttributes(
            RequestCancelExternalWorkflowExecutionFailedEventAttributes {
                cause: cause.into(),
                workflow_task_completed_event_id: 0,
                namespace,
                namespace_id,
                workflow_execution,
                initiated_event_id,
                control: String::new(),
            },
        ),
    });
    workflow_task::ensure_scheduled(draft);
}
