//! What a `ContinueAsNewWorkflowExecution` command must satisfy.

use persevere_proto::{
    api::{
        command::v1::ContinueAsNewWorkflowExecutionCommandAttributes,
        enums::v1::WorkflowTaskFailedCause as Cause,
    },
    wkt,
};

use crate::{
    command_run::BadCommand,
    limits::{ID_BYTES_MAX, RESERVED_QUEUE_PREFIX},
    search_attributes::check_search_attributes,
    transition::Draft,
};

/// Refuses attributes that no run could be started with; the texts are the reference server's.
pub(super) fn continue_as_new(
    draft: &Draft<'_>,
    command: &ContinueAsNewWorkflowExecutionCommandAttributes,
) -> Result<(), BadCommand> {
    const COMMAND: &str = "ContinueAsNewWorkflowExecutionCommand";
    let started = &draft.execution.recorded.started;
    let workflow_type = command.workflow_type.as_ref().filter(|t| !t.name.is_empty());
    let workflow_type = workflow_type.or(started.workflow_type.as_ref());
    let workflow_type = workflow_type.map(|t| t.name.as_str()).unwrap_or_default();
    let queue = command.task_queue.as_ref().map(|queue| queue.name.as_str());
    let own_queue = draft.execution.task_queue().name;
    let queue = queue.filter(|name| !name.is_empty()).unwrap_or(&own_queue);
    let where_ = format!(
        "WorkflowType={workflow_type} TaskQueue=name:\"{queue}\"  kind:TASK_QUEUE_KIND_NORMAL"
    );
    let bad = |text: String| Err(BadCommand::new(Cause::BadContinueAsNewAttributes, text));

    if workflow_type.len() > ID_BYTES_MAX {
        return bad(format!(
            "WorkflowType on {COMMAND} exceeds length limit. WorkflowType={workflow_type} \
             Length={} Limit={ID_BYTES_MAX}",
            workflow_type.len()
        ));
    }
    let invalid_queue = if queue.len() > ID_BYTES_MAX {
        Some("taskQueue length exceeds limit".to_owned())
    } else if queue.starts_with(RESERVED_QUEUE_PREFIX) {
        Some(format!("task queue name cannot start with reserved prefix {RESERVED_QUEUE_PREFIX}"))
    } else {
        None
    };
    if let Some(why) = invalid_queue {
        return bad(format!("error validating {COMMAND} TaskQueue: {why}. {where_}"));
    }
    let durations = [
        ("WorkflowRunTimeout", &command.workflow_run_timeout),
        ("WorkflowTaskTimeout", &command.workflow_task_timeout),
        ("BackoffStartInterval", &command.backoff_start_interval),
    ];
    for (name, duration) in durations {
        if duration.as_ref().is_some_and(is_negative) {
            return bad(format!("Invalid {name} on {COMMAND}: negative duration. {where_}"));
        }
    }
    if let Some(attributes) = &command.search_attributes {
        check_search_attributes(&draft.execution.key.namespace, attributes)
            .map_err(|problem| BadCommand::new(Cause::BadSearchAttributes, problem))?;
    }
    Ok(())
}

fn is_negative(duration: &wkt::Duration) -> bool {
    duration.seconds < 0 || duration.nanos < 0
}
