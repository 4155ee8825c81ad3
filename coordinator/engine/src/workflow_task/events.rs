//! The events of workflow tasks, attribute by attribute.

use persevere_proto::api::{
    enums::v1::{TimeoutType, WorkflowTaskFailedCause},
    failure::v1::Failure,
    history::v1::{
        HistoryEvent, WorkflowTaskCompletedEventAttributes, WorkflowTaskFailedEventAttributes,
        WorkflowTaskScheduledEventAttributes, WorkflowTaskStartedEventAttributes,
        WorkflowTaskTimedOutEventAttributes, history_event::Attributes,
    },
    taskqueue::v1::TaskQueue,
    workflowservice::v1::RespondWorkflowTaskCompletedRequest,
};

use crate::{
    key::QueueName,
    state::{ScheduledTask, StartedTask},
    time::{Time, duration},
};

/// A queue as the protocol writes it.
pub(crate) fn task_queue(queue: &QueueName) -> TaskQueue {
    TaskQueue {
        name: queue.name.clone(),
        kind: queue.kind() as i32,
        normal_name: queue.sticky_of.clone().unwrap_or_default(),
    }
}

/// `WorkflowTaskScheduled`, dated when the task was scheduled; without an id.
pub(super) fn scheduled(task: &ScheduledTask) -> HistoryEvent {
    let attributes = WorkflowTaskScheduledEventAttributes {
        task_queue: Some(task_queue(&task.queue)),
        start_to_close_timeout: Some(duration(task.start_to_close)),
        attempt: i32::try_from(task.attempt).unwrap_or(i32::MAX),
    };
    let attributes = Attributes::WorkflowTaskScheduledEventAttributes(attributes);
    dated(task.scheduled_time, attributes)
}

/// `WorkflowTaskStarted`, dated when the task was started; without an id.
pub(super) fn started(task: &StartedTask) -> HistoryEvent {
    #[expect(deprecated, reason = "older SDKs name their build so")]
    let attributes = WorkflowTaskStartedEventAttributes {
        scheduled_event_id: task.scheduled.scheduled_event_id,
        identity: task.identity.clone(),
        request_id: task.request_id.clone(),
        suggest_continue_as_new: task.suggest_continue_as_new,
        suggest_continue_as_new_reasons: task.suggest_reasons.clone(),
        history_size_bytes: task.history_size_bytes,
        worker_version: task.worker_version.clone(),
        ..Default::default()
    };
    let attributes = Attributes::WorkflowTaskStartedEventAttributes(attributes);
    dated(task.started_time, attributes)
}

/// `WorkflowTaskCompleted`.
pub(super) fn completed(
    task: &StartedTask,
    request: &RespondWorkflowTaskCompletedRequest,
) -> Attributes {
    #[expect(deprecated, reason = "older SDKs send it, and it must come back in the history")]
    let binary_checksum = request.binary_checksum.clone();
    #[expect(deprecated, reason = "as above")]
    let worker_version = request.worker_version_stamp.clone();
    let deployment = request.deployment_options.as_ref();
    #[expect(deprecated, reason = "as above")]
    let attributes = WorkflowTaskCompletedEventAttributes {
        scheduled_event_id: task.scheduled.scheduled_event_id,
        started_event_id: task.started_event_id,
        identity: request.identity.clone(),
        binary_checksum,
        worker_version,
        sdk_metadata: request.sdk_metadata.clone(),
        metering_metadata: request.metering_metadata,
        worker_deployment_name: deployment.map(|d| d.deployment_name.clone()).unwrap_or_default(),
        ..Default::default()
    };
    Attributes::WorkflowTaskCompletedEventAttributes(attributes)
}

/// `WorkflowTaskFailed`; without a failure when the server itself ends the task.
pub(super) fn failed(
    task: &StartedTask,
    cause: WorkflowTaskFailedCause,
    failure: Option<Failure>,
    identity: &str,
) -> WorkflowTaskFailedEventAttributes {
    WorkflowTaskFailedEventAttributes {
        scheduled_event_id: task.scheduled.scheduled_event_id,
        started_event_id: task.started_event_id,
        cause: cause as i32,
        failure,
        identity: identity.to_owned(),
        ..Default::default()
    }
}

/// `WorkflowTaskTimedOut`; a task that was never started has started event 0 (rule 37).
pub(super) fn timed_out(
    scheduled_event_id: i64,
    started_event_id: i64,
    timeout: TimeoutType,
) -> Attributes {
    Attributes::WorkflowTaskTimedOutEventAttributes(WorkflowTaskTimedOutEventAttributes {
        scheduled_event_id,
        started_event_id,
        timeout_type: timeout as i32,
    })
}

fn dated(time: Time, attributes: Attributes) -> HistoryEvent {
    HistoryEvent {
        event_time: Some(time.into()),
        event_type: attributes.event_type() as i32,
        attributes: Some(attributes),
        ..HistoryEvent::default()
    }
}
