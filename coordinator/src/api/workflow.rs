//! What clients do to workflows that run: signal, cancel, terminate, delete, reset stickiness.

use persevere_engine::{Command, RequestCancel, Signal, Terminate};
use persevere_proto::api::{
    common::v1::WorkflowExecution,
    enums::v1::EventType,
    workflowservice::v1::{
        DeleteWorkflowExecutionRequest, DeleteWorkflowExecutionResponse,
        RequestCancelWorkflowExecutionRequest, RequestCancelWorkflowExecutionResponse,
        ResetStickyTaskQueueRequest, ResetStickyTaskQueueResponse, SignalWorkflowExecutionRequest,
        SignalWorkflowExecutionResponse, TerminateWorkflowExecutionRequest,
        TerminateWorkflowExecutionResponse,
    },
};
use tonic::{Request, Status};

use super::{
    check,
    start::{link, request_reference},
};
use crate::{Core, Target};

/// See the protocol.
pub(super) async fn signal_workflow_execution(
    core: &Core,
    request: Request<SignalWorkflowExecutionRequest>,
) -> Result<SignalWorkflowExecutionResponse, Status> {
    let request = request.into_inner();
    let target = target(core, &request.namespace, request.workflow_execution.as_ref())?;
    check::required(&request.signal_name, "SignalName is not set on request.")?;
    check::short(&request.signal_name, "SignalName length exceeds limit.")?;
    check::request_id(&request.request_id)?;
    check::payloads(&core.limits, request.input.as_ref())?;
    let reference =
        request_reference(request.request_id.clone(), EventType::WorkflowExecutionSignaled);
    let signal = Signal { request: Box::new(request), sender: None };
    let run = core.shards.command(target, Command::Signal(signal)).await?.run;
    let link = link(&run.namespace, &run.workflow_id, &run.run_id, reference);
    Ok(SignalWorkflowExecutionResponse { link: Some(link) })
}

/// See the protocol.
pub(super) async fn request_cancel_workflow_execution(
    core: &Core,
    request: Request<RequestCancelWorkflowExecutionRequest>,
) -> Result<RequestCancelWorkflowExecutionResponse, Status> {
    let request = request.into_inner();
    let target = target(core, &request.namespace, request.workflow_execution.as_ref())?;
    let cancel = RequestCancel { request: Box::new(request), sender: None };
    core.shards.command(target, Command::RequestCancel(cancel)).await?;
    Ok(RequestCancelWorkflowExecutionResponse {})
}

/// See the protocol.
pub(super) async fn terminate_workflow_execution(
    core: &Core,
    request: Request<TerminateWorkflowExecutionRequest>,
) -> Result<TerminateWorkflowExecutionResponse, Status> {
    let mut request = request.into_inner();
    let target = target(core, &request.namespace, request.workflow_execution.as_ref())?;
    or_else(&mut request.reason, "terminated by user via frontend");
    or_else(&mut request.identity, "frontend-service");
    let terminate = Terminate { request: Box::new(request), parent: None };
    core.shards.command(target, Command::Terminate(terminate)).await?;
    Ok(TerminateWorkflowExecutionResponse {})
}

/// See the protocol.
pub(super) async fn delete_workflow_execution(
    core: &Core,
    request: Request<DeleteWorkflowExecutionRequest>,
) -> Result<DeleteWorkflowExecutionResponse, Status> {
    let request = request.into_inner();
    let target = target(core, &request.namespace, request.workflow_execution.as_ref())?;
    core.shards.delete(target).await?;
    Ok(DeleteWorkflowExecutionResponse {})
}

/// See the protocol.
pub(super) async fn reset_sticky_task_queue(
    core: &Core,
    request: Request<ResetStickyTaskQueueRequest>,
) -> Result<ResetStickyTaskQueueResponse, Status> {
    let request = request.into_inner();
    let target = target(core, &request.namespace, request.execution.as_ref())?;
    core.shards.command(target, Command::ResetSticky).await?;
    Ok(ResetStickyTaskQueueResponse {})
}

fn or_else(text: &mut String, default: &str) {
    if text.is_empty() {
        text.push_str(default);
    }
}

/// An existing execution that a client names.
pub(super) fn target(
    core: &Core,
    namespace: &str,
    execution: Option<&WorkflowExecution>,
) -> Result<Target, Status> {
    check::namespace(core, namespace)?;
    let execution = check::execution(execution)?;
    Ok(Target::new(namespace, &execution.workflow_id, &execution.run_id))
}
