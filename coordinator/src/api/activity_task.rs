//! Activity tasks: handed to workers, and what workers report, by token or by id
//! (semantics rules 73 to 80).

use std::time::Duration;

use persevere_engine::{ActivityTarget, ActivityTaskHandout, Command, Reply, RunKey, duration};
use persevere_proto::api::{
    common::v1::{ActivityType, WorkerVersionStamp, WorkflowType},
    workflowservice::v1::{
        PollActivityTaskQueueRequest, PollActivityTaskQueueResponse,
        RecordActivityTaskHeartbeatByIdRequest, RecordActivityTaskHeartbeatByIdResponse,
        RecordActivityTaskHeartbeatRequest, RecordActivityTaskHeartbeatResponse,
        RespondActivityTaskCanceledByIdRequest, RespondActivityTaskCanceledByIdResponse,
        RespondActivityTaskCanceledRequest, RespondActivityTaskCanceledResponse,
        RespondActivityTaskCompletedByIdRequest, RespondActivityTaskCompletedByIdResponse,
        RespondActivityTaskCompletedRequest, RespondActivityTaskCompletedResponse,
        RespondActivityTaskFailedByIdRequest, RespondActivityTaskFailedByIdResponse,
        RespondActivityTaskFailedRequest, RespondActivityTaskFailedResponse,
    },
};
use tonic::{Request, Status};

use super::{check, deadline, describe, status::unexpected, token};
use crate::{Core, PollRequest, Target};

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
        worker_version: capabilities.as_ref().map(|capabilities| WorkerVersionStamp {
            build_id: capabilities.build_id.clone(),
            use_versioning: capabilities.use_versioning,
        }),
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

/// See the protocol.
pub(super) async fn respond_activity_task_completed(
    core: &Core,
    request: Request<RespondActivityTaskCompletedRequest>,
) -> Result<RespondActivityTaskCompletedResponse, Status> {
    let request = request.into_inner();
    let (run, target) = token::read_activity_task(&request.task_token, &request.namespace)?;
    check::identity(&request.identity)?;
    let command = Command::CompleteActivity(target, Box::new(request));
    core.shards.command(Target::from(&run), command).await?;
    Ok(RespondActivityTaskCompletedResponse {})
}

/// See the protocol.
pub(super) async fn respond_activity_task_completed_by_id(
    core: &Core,
    request: Request<RespondActivityTaskCompletedByIdRequest>,
) -> Result<RespondActivityTaskCompletedByIdResponse, Status> {
    let request = request.into_inner();
    let (run, target) = by_id(
        core,
        &request.namespace,
        (&request.workflow_id, &request.run_id),
        &request.activity_id,
    )?;
    check::identity(&request.identity)?;
    let request = RespondActivityTaskCompletedRequest {
        result: request.result,
        identity: request.identity,
        namespace: request.namespace,
        ..RespondActivityTaskCompletedRequest::default()
    };
    core.shards.command(run, Command::CompleteActivity(target, Box::new(request))).await?;
    Ok(RespondActivityTaskCompletedByIdResponse {})
}

/// See the protocol.
pub(super) async fn respond_activity_task_failed(
    core: &Core,
    request: Request<RespondActivityTaskFailedRequest>,
) -> Result<RespondActivityTaskFailedResponse, Status> {
    let request = request.into_inner();
    let (run, target) = token::read_activity_task(&request.task_token, &request.namespace)?;
    check::identity(&request.identity)?;
    let command = Command::FailActivity(target, Box::new(request));
    core.shards.command(Target::from(&run), command).await?;
    Ok(RespondActivityTaskFailedResponse::default())
}

/// See the protocol.
pub(super) async fn respond_activity_task_failed_by_id(
    core: &Core,
    request: Request<RespondActivityTaskFailedByIdRequest>,
) -> Result<RespondActivityTaskFailedByIdResponse, Status> {
    let request = request.into_inner();
    let (run, target) = by_id(
        core,
        &request.namespace,
        (&request.workflow_id, &request.run_id),
        &request.activity_id,
    )?;
    check::identity(&request.identity)?;
    let request = RespondActivityTaskFailedRequest {
        failure: request.failure,
        identity: request.identity,
        namespace: request.namespace,
        last_heartbeat_details: request.last_heartbeat_details,
        cause: request.cause,
        ..RespondActivityTaskFailedRequest::default()
    };
    core.shards.command(run, Command::FailActivity(target, Box::new(request))).await?;
    Ok(RespondActivityTaskFailedByIdResponse::default())
}

/// See the protocol.
pub(super) async fn respond_activity_task_canceled(
    core: &Core,
    request: Request<RespondActivityTaskCanceledRequest>,
) -> Result<RespondActivityTaskCanceledResponse, Status> {
    let request = request.into_inner();
    let (run, target) = token::read_activity_task(&request.task_token, &request.namespace)?;
    check::identity(&request.identity)?;
    let command = Command::CancelActivity(target, Box::new(request));
    core.shards.command(Target::from(&run), command).await?;
    Ok(RespondActivityTaskCanceledResponse {})
}

/// See the protocol.
pub(super) async fn respond_activity_task_canceled_by_id(
    core: &Core,
    request: Request<RespondActivityTaskCanceledByIdRequest>,
) -> Result<RespondActivityTaskCanceledByIdResponse, Status> {
    let request = request.into_inner();
    let (run, target) = by_id(
        core,
        &request.namespace,
        (&request.workflow_id, &request.run_id),
        &request.activity_id,
    )?;
    check::identity(&request.identity)?;
    let request = RespondActivityTaskCanceledRequest {
        details: request.details,
        identity: request.identity,
        namespace: request.namespace,
        ..RespondActivityTaskCanceledRequest::default()
    };
    core.shards.command(run, Command::CancelActivity(target, Box::new(request))).await?;
    Ok(RespondActivityTaskCanceledByIdResponse {})
}

/// See the protocol.
pub(super) async fn record_activity_task_heartbeat(
    core: &Core,
    request: Request<RecordActivityTaskHeartbeatRequest>,
) -> Result<RecordActivityTaskHeartbeatResponse, Status> {
    let request = request.into_inner();
    let (run, target) = token::read_activity_task(&request.task_token, &request.namespace)?;
    check::identity(&request.identity)?;
    let cancel_requested = heartbeat(core, Target::from(&run), target, request).await?;
    Ok(RecordActivityTaskHeartbeatResponse { cancel_requested, ..Default::default() })
}

/// See the protocol.
pub(super) async fn record_activity_task_heartbeat_by_id(
    core: &Core,
    request: Request<RecordActivityTaskHeartbeatByIdRequest>,
) -> Result<RecordActivityTaskHeartbeatByIdResponse, Status> {
    let request = request.into_inner();
    let (run, target) = by_id(
        core,
        &request.namespace,
        (&request.workflow_id, &request.run_id),
        &request.activity_id,
    )?;
    check::identity(&request.identity)?;
    let request = RecordActivityTaskHeartbeatRequest {
        details: request.details,
        identity: request.identity,
        namespace: request.namespace,
        ..RecordActivityTaskHeartbeatRequest::default()
    };
    let cancel_requested = heartbeat(core, run, target, request).await?;
    Ok(RecordActivityTaskHeartbeatByIdResponse { cancel_requested, ..Default::default() })
}

/// Returns whether the workflow wants the activity to stop.
async fn heartbeat(
    core: &Core,
    run: Target,
    target: ActivityTarget,
    request: RecordActivityTaskHeartbeatRequest,
) -> Result<bool, Status> {
    let command = Command::HeartbeatActivity(target, Box::new(request));
    match core.shards.command(run, command).await?.reply {
        Reply::Heartbeat { cancel_requested } => Ok(cancel_requested),
        other => Err(unexpected("a heartbeat", &other)),
    }
}

/// An activity by the id that its workflow gave it (semantics rule 77).
fn by_id(
    core: &Core,
    namespace: &str,
    (workflow_id, run_id): (&str, &str),
    activity_id: &str,
) -> Result<(Target, ActivityTarget), Status> {
    check::namespace(core, namespace)?;
    check::required(activity_id, "ActivityId is not set on request.")?;
    check::required(workflow_id, "WorkflowId is not set on request.")?;
    check::run_id(run_id, "RunId is not valid UUID.")?;
    let run = Target::new(namespace, workflow_id, run_id);
    Ok((run, ActivityTarget::Id(activity_id.to_owned())))
}
