//! Queries: asked by clients, answered by workers (semantics rules 86 to 94).

use persevere_engine::{QueryAnswer, Rejection};
use persevere_proto::api::{
    enums::v1::QueryResultType,
    query::v1::QueryRejected,
    workflowservice::v1::{
        QueryWorkflowRequest, QueryWorkflowResponse, RespondQueryTaskCompletedRequest,
        RespondQueryTaskCompletedResponse,
    },
};
use tonic::{Request, Status};

use super::{
    check, deadline,
    status::{invalid, not_found, of_rejection},
    token,
    workflow::target,
};
use crate::{Core, QueryOutcome};

/// See the protocol.
pub(super) async fn query_workflow(
    core: &Core,
    request: Request<QueryWorkflowRequest>,
) -> Result<QueryWorkflowResponse, Status> {
    let deadline = deadline::of(&request, deadline::QUERY);
    let request = request.into_inner();
    let target = target(core, &request.namespace, request.execution.as_ref())?;
    let reject = request.query_reject_condition();
    let query = request.query.ok_or_else(|| invalid("WorkflowQuery is not set on request."))?;
    check::required(&query.query_type, "QueryType is not set on request.")?;
    check::payloads(&core.limits, query.query_args.as_ref())?;
    match core.shards.query(target, query, reject, deadline).await? {
        QueryOutcome::Answered(QueryAnswer::Answered(query_result)) => {
            Ok(QueryWorkflowResponse { query_result, ..QueryWorkflowResponse::default() })
        }
        QueryOutcome::Answered(QueryAnswer::Failed { message, failure }) => {
            Err(of_rejection(Rejection::QueryFailed { message, failure }))
        }
        QueryOutcome::Answered(QueryAnswer::NotReady(why)) => {
            Err(of_rejection(Rejection::WorkflowNotReady(why)))
        }
        QueryOutcome::Rejected(rejected) => Ok(QueryWorkflowResponse {
            query_rejected: Some(QueryRejected { status: rejected.status as i32 }),
            ..QueryWorkflowResponse::default()
        }),
    }
}

/// See the protocol.
pub(super) async fn respond_query_task_completed(
    core: &Core,
    request: Request<RespondQueryTaskCompletedRequest>,
) -> Result<RespondQueryTaskCompletedResponse, Status> {
    let request = request.into_inner();
    let (id, process) = token::read_query_task(&request.task_token, &request.namespace)?;
    let oversize = check::payloads(&core.limits, request.query_result.as_ref());
    let answer = match (request.completed_type(), oversize) {
        (QueryResultType::Answered, Ok(())) => QueryAnswer::Answered(request.query_result),
        (QueryResultType::Answered, Err(oversize)) => {
            QueryAnswer::Failed { message: oversize.message().to_owned(), failure: None }
        }
        (QueryResultType::Failed, _) => QueryAnswer::Failed {
            message: request.error_message,
            failure: request.failure.map(Box::new),
        },
        (QueryResultType::Unspecified, _) => {
            return Err(invalid("CompletedType is not set on request."));
        }
    };
    if core.dispatch.complete_query(process, id, answer) {
        Ok(RespondQueryTaskCompletedResponse {})
    } else {
        Err(not_found("query task not found, or already expired"))
    }
}
