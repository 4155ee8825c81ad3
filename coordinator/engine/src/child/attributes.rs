//! What a workflow may ask for: the attributes of `StartChildWorkflowExecution`, checked and
//! normalised.

use persevere_proto::api::{
    command::v1::StartChildWorkflowExecutionCommandAttributes,
    enums::v1::{ParentClosePolicy, WorkflowIdReusePolicy},
    history::v1::StartChildWorkflowExecutionInitiatedEventAttributes,
};

use crate::{
    key::QueueName,
    limits::{ID_BYTES_MAX, RESERVED_QUEUE_PREFIX},
    properties, retry,
    start::timeouts,
    time::{duration, span},
    transition::Draft,
    workflow_task,
};

const COMMAND: &str = "StartChildWorkflowExecutionCommand";

/// The event that the command asks for, without the workflow task it belongs to.
///
/// # Errors
/// What is wrong, naming the field.
#[expect(deprecated, reason = "fields that workers still set must come back to them")]
pub(super) fn initiated(
    draft: &Draft<'_>,
    command: StartChildWorkflowExecutionCommandAttributes,
) -> Result<StartChildWorkflowExecutionInitiatedEventAttributes, String> {
    let execution = &draft.execution;
    let namespace = match command.namespace.as_str() {
        "" => execution.key.namespace.clone(),
        other => other.to_owned(),
    };
    check(&command, &namespace)?;
    let queue = match command.task_queue.as_ref().map(|queue| queue.name.as_str()) {
        None | Some("") => execution.task_queue(),
        Some(name) => QueueName::normal(name),
    };
    let lifetime = span(command.workflow_execution_timeout.as_ref());
    let timeouts = timeouts::normalise(
        lifetime,
        span(command.workflow_run_timeout.as_ref()),
        span(command.workflow_task_timeout.as_ref()),
        draft.context.limits,
    );
    let mut initiated = StartChildWorkflowExecutionInitiatedEventAttributes {
        namespace_id: draft.context.namespaces.get(&namespace).cloned().unwrap_or_default(),
        namespace,
        workflow_id: command.workflow_id,
        workflow_type: command.workflow_type,
        task_queue: Some(workflow_task::task_queue(&queue)),
        input: command.input,
        workflow_execution_timeout: lifetime.map(duration),
        workflow_run_timeout: Some(duration(timeouts.run.unwrap_or_default())),
        workflow_task_timeout: Some(duration(timeouts.task)),
        parent_close_policy: command.parent_close_policy,
        control: command.control,
        workflow_task_completed_event_id: 0,
        workflow_id_reuse_policy: command.workflow_id_reuse_policy,
        retry_policy: command.retry_policy.as_ref().map(retry::with_defaults),
        cron_schedule: command.cron_schedule,
        header: command.header,
        memo: properties::given(command.memo),
        search_attributes: command.search_attributes,
        inherit_build_id: command.inherit_build_id,
        priority: command.priority,
        ..StartChildWorkflowExecutionInitiatedEventAttributes::default()
    };
    if initiated.parent_close_policy() == ParentClosePolicy::Unspecified {
        initiated.set_parent_close_policy(ParentClosePolicy::Terminate);
    }
    if initiated.workflow_id_reuse_policy() == WorkflowIdReusePolicy::Unspecified {
        initiated.set_workflow_id_reuse_policy(WorkflowIdReusePolicy::AllowDuplicate);
    }
    Ok(initiated)
}

fn check(
    command: &StartChildWorkflowExecutionCommandAttributes,
    namespace: &str,
) -> Result<(), String> {
    let id = &command.workflow_id;
    let kind = command.workflow_type.as_ref().map_or("", |kind| kind.name.as_str());
    if id.is_empty() {
        return Err(format!(
            "Required field WorkflowId is not set on {COMMAND}. WorkflowType={kind} \
             Namespace={namespace}"
        ));
    }
    if kind.is_empty() {
        return Err(format!(
            "Required field WorkflowType is not set on {COMMAND}. WorkflowId={id} \
             Namespace={namespace}"
        ));
    }
    let whose = format!("WorkflowId={id} WorkflowType={kind} Namespace={namespace}");
    if id.len() > ID_BYTES_MAX {
        return Err(format!(
            "WorkflowId on {COMMAND} exceeds length limit. WorkflowId={id} Length={} \
             Limit={ID_BYTES_MAX} WorkflowType={kind} Namespace={namespace}",
            id.len()
        ));
    }
    if kind.len() > ID_BYTES_MAX {
        return Err(format!(
            "WorkflowType on {COMMAND} exceeds length limit. WorkflowId={id} \
             WorkflowType={kind} Length={} Limit={ID_BYTES_MAX} Namespace={namespace}",
            kind.len()
        ));
    }
    let timeouts = [
        ("WorkflowExecutionTimeout", command.workflow_execution_timeout.as_ref()),
        ("WorkflowRunTimeout", command.workflow_run_timeout.as_ref()),
        ("WorkflowTaskTimeout", command.workflow_task_timeout.as_ref()),
    ];
    for (name, timeout) in timeouts {
        if retry::is_negative(timeout) {
            return Err(format!("Invalid {name} on {COMMAND}: negative duration. {whose}"));
        }
    }
    if let Some(policy) = &command.retry_policy {
        retry::validate(&retry::with_defaults(policy)).map_err(|problem| {
            format!("invalid WorkflowRetryPolicy on {COMMAND}: {problem}. {whose}")
        })?;
    }
    if !command.cron_schedule.is_empty() {
        return Err(format!(
            "invalid CronSchedule on {COMMAND}: this server has no cron yet. {whose}"
        ));
    }
    if command.priority.as_ref().is_some_and(|priority| priority.priority_key < 0) {
        return Err("priority key can't be negative".into());
    }
    check_queue(command, &whose)
}

fn check_queue(
    command: &StartChildWorkflowExecutionCommandAttributes,
    whose: &str,
) -> Result<(), String> {
    let queue = command.task_queue.as_ref().map_or("", |queue| queue.name.as_str());
    let problem = if queue.len() > ID_BYTES_MAX {
        "taskQueue length exceeds limit".to_owned()
    } else if queue.starts_with(RESERVED_QUEUE_PREFIX) {
        format!("task queue name cannot start with reserved prefix {RESERVED_QUEUE_PREFIX}")
    } else {
        return Ok(());
    };
    Err(format!(
        "invalid TaskQueue on {COMMAND}: {problem}. {whose} TaskQueue=name:\"{queue}\"  \
         kind:TASK_QUEUE_KIND_NORMAL"
    ))
}
