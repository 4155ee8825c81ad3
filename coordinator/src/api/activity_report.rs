//! What workers report of activities, by task token or by id (semantics rules 73 to 78).
//!
//! A report by id is the same report: it is translated to the one by token, which the engine takes.

use persevere_engine::{ActivityTarget, Command, Reply};
use persevere_proto::api::workflowservice::v1::{
    RecordActivityTaskHeartbeatByIdRequest, RecordActivityTaskHeartbeatByIdResponse,
    RecordActivityTaskHeartbeatRequest, RecordActivityTaskHeartbeatResponse,
    RespondActivityTaskCanceledByIdRequest, RespondActivityTaskCanceledByIdResponse,
    RespondActivityTaskCanceledRequest, RespondActivityTaskCanceledResponse,
    RespondActivityTaskCompletedByIdRequest, RespondActivityTaskCompletedByIdResponse,
    RespondActivityTaskCompletedRequest, RespondActivityTaskCompletedResponse,
    RespondActivityTaskFailedByIdRequest, RespondActivityTaskFailedByIdResponse,
    RespondActivityTaskFailedRequest, RespondActivityTaskFailedResponse,
};
use tonic::{Request, Status};

use super::{check, status::unexpected, token};
use crate::{Core, Target};

/// See the protocol.
pub(super) async fn respond_activity_task_completed(
    core: &Core,
    request: Request<RespondActivityTaskCompletedRequest>,
) -> Result<RespondActivityTaskCompletedResponse, Status> {
    let request = request.into_inner();
    let (run, target) = request.activity(core)?;
    core.shards.command(run, Command::CompleteActivity(target, Box::new(request))).await?;
    Ok(RespondActivityTaskCompletedResponse {})
}

/// See the protocol.
pub(super) async fn respond_activity_task_completed_by_id(
    core: &Core,
    request: Request<RespondActivityTaskCompletedByIdRequest>,
) -> Result<RespondActivityTaskCompletedByIdResponse, Status> {
    let request = request.into_inner();
    let (run, target) = request.activity(core)?;
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
    let (run, target) = request.activity(core)?;
    core.shards.command(run, Command::FailActivity(target, Box::new(request))).await?;
    Ok(RespondActivityTaskFailedResponse::default())
}

/// See the protocol.
pub(super) async fn respond_activity_task_failed_by_id(
    core: &Core,
    request: Request<RespondActivityTaskFailedByIdRequest>,
) -> Result<RespondActivityTaskFailedByIdResponse, Status> {
    let request = request.into_inner();
    let (run, target) = request.activity(core)?;
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
    let (run, target) = request.activity(core)?;
    core.shards.command(run, Command::CancelActivity(target, Box::new(request))).await?;
    Ok(RespondActivityTaskCanceledResponse {})
}

/// See the protocol.
pub(super) async fn respond_activity_task_canceled_by_id(
    core: &Core,
    request: Request<RespondActivityTaskCanceledByIdRequest>,
) -> Result<RespondActivityTaskCanceledByIdResponse, Status> {
    let request = request.into_inner();
    let (run, target) = request.activity(core)?;
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
    let (run, target) = request.activity(core)?;
    let cancel_requested = heartbeat(core, run, target, request).await?;
    Ok(RecordActivityTaskHeartbeatResponse { cancel_requested, ..Default::default() })
}

/// See the protocol.
pub(super) async fn record_activity_task_heartbeat_by_id(
    core: &Core,
    request: Request<RecordActivityTaskHeartbeatByIdRequest>,
) -> Result<RecordActivityTaskHeartbeatByIdResponse, Status> {
    let request = request.into_inner();
    let (run, target) = request.activity(core)?;
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

/// A report says which activity it is about.
trait Report {
    /// The run and its activity; refused if the report's form is wrong.
    fn activity(&self, core: &Core) -> Result<(Target, ActivityTarget), Status>;
}

/// By the token of the attempt.
macro_rules! by_token {
    ($($report:ident)*) => {$(
        impl Report for $report {
            fn activity(&self, _core: &Core) -> Result<(Target, ActivityTarget), Status> {
                let (run, target) = token::read_activity_task(&self.task_token, &self.namespace)?;
                check::identity(&self.identity)?;
                Ok((Target::from(&run), target))
            }
        }
    )*};
}

/// By the id that its workflow gave it (semantics rule 77).
macro_rules! by_id {
    ($($report:ident)*) => {$(
        impl Report for $report {
            fn activity(&self, core: &Core) -> Result<(Target, ActivityTarget), Status> {
                check::namespace(core, &self.namespace)?;
                check::required(&self.activity_id, "ActivityId is not set on request.")?;
                check::required(&self.workflow_id, "WorkflowId is not set on request.")?;
                check::run_id(&self.run_id, "RunId is not valid UUID.")?;
                check::identity(&self.identity)?;
                let run = Target::new(&self.namespace, &self.workflow_id, &self.run_id);
                Ok((run, ActivityTarget::Id(self.activity_id.clone())))
            }
        }
    )*};
}

by_token! {
    RespondActivityTaskCompletedRequest
    RespondActivityTaskFailedRequest
    RespondActivityTaskCanceledRequest
    RecordActivityTaskHeartbeatRequest
}

by_id! {
    RespondActivityTaskCompletedByIdRequest
    RespondActivityTaskFailedByIdRequest
    RespondActivityTaskCanceledByIdRequest
    RecordActivityTaskHeartbeatByIdRequest
}
