//! Activity tasks, as they are handed to workers (semantics rule 80).

use std::time::Duration;

use persevere_engine::{ActivityTaskHandout, RunKey, duration};
use persevere_proto::api::{
    common::v1::{ActivityType, WorkflowType},
    workflowservice::v1::{PollActivityTaskQueueRequest, PollActivityTaskQueueResponse},
};
use tonic::{Request, Status};

use super::{check, deadline, describe, token, workflow_task::version};
use crate::{Core, PollRequest};

/// See the protocol.
pub(super) async fn poll_activity_task_queue(
    core: &Core,
    request: Request<PollActivityTaskQueueRequest>,
) -> Result<PollActivityTaskQueueResponse, Status> {
    let deadline = deadline::of_poll(&request)?;
    let request = request.into_inner();
    check::namespace(core, &request.namespace)?;
    check::identity(&request.identity)?;
    let queue = check::task_queue(request.task_queue.as_ref())?.name.clone();
    #[expect(deprecated, reason = "today's SDKs name their build this way")]
    let capabilities = request.worker_version_capabilities;
    let poll = PollRequest {
        namespace: request.namespace,
        queue,
        sticky_of: None,
        identity: request.identity,
        worker_instance: request.worker_instance_key,
        worker_version: capabilities.as_ref().and_then(version),
        worker_capabilities: capabilities,
        max_tasks_per_second: request
            .task_queue_metadata
            .and_then(|metadata| metadata.max_tasks_per_second),
    };
    let found = core.dispatch.poll_activity_task(poll, deadline).await?;
    Ok(found.map_or_else(PollActivityTaskQueueResponse::default, |found| {
        task(&found.run, found.workflow_type, found.handout)
    }))
}

/// An attempt as workers get it (semantics rule 80).
pub(super) fn task(
    run: &RunKey,
    workflow_type: String,
    handout: ActivityTaskHandout,
) -> PollActivityTaskQueueResponse {
    let timeout = |timeout: Option<Duration>| Some(duration(timeout.unwrap_or_default()));
    let (scheduled_event_id, attempt) = (handout.scheduled_event_id, handout.attempt);
    PollActivityTaskQueueResponse {
        task_token: token::activity_task(run, scheduled_event_id, attempt, handout.started_time),
        workflow_namespace: run.namespace.clone(),
        workflow_type: Some(WorkflowType { name: workflow_type }),
        workflow_execution: Some(run.execution()),
        activity_type: Some(ActivityType { name: handout.activity_type }),
        activity_id: handout.activity_id,
        header: handout.header,
        input: handout.input,
        heartbeat_details: handout.heartbeat_details,
        scheduled_time: Some(handout.scheduled_time.into()),
        current_attempt_scheduled_time: Some(handout.current_attempt_scheduled_time.into()),
        started_time: Some(handout.started_time.into()),
        attempt: describe::attempt(attempt),
        schedule_to_close_timeout: timeout(handout.schedule_to_close),
        start_to_close_timeout: timeout(handout.start_to_close),
        heartbeat_timeout: timeout(handout.heartbeat),
        retry_policy: handout.retry_policy,
        priority: handout.priority,
        ..PollActivityTaskQueueResponse::default()
    }
}
