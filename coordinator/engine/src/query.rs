//! Queries: questions to the workflow's code that leave no trace (semantics rules 86 to 94).
//!
//! With no workflow task pending a query is a task of its own, which the shell offers. Otherwise it
//! waits here and travels with the workflow task, so that it sees what the task will have done.

use persevere_proto::api::{
    enums::v1::{
        QueryRejectCondition, QueryResultType, ResourceExhaustedCause, WorkflowExecutionStatus,
    },
    query::v1::WorkflowQueryResult,
};

use crate::{
    command::{Query, QueryId},
    context::Context,
    effect::{Notice, QueryAnswer},
    rejection::{QueryRejected, Rejection},
    reply::{DirectQuery, QueryRoute, Reply},
    state::{BufferedQuery, Execution, Status, WorkflowTask},
    transition::{Draft, Transition},
};

/// From this attempt of a workflow task on, a query would wait in vain (semantics rule 89).
const FAILING_ATTEMPT: u32 = 3;

/// See `Command::Query`.
pub(crate) fn route(
    execution: &Execution,
    query: Query,
    context: &Context<'_>,
) -> Result<Transition, Rejection> {
    let mut draft = Draft::of(execution, context);
    if let Some(rejected) = rejected(execution, query.reject_condition) {
        return Ok(draft.finish(Reply::Query(QueryRoute::Rejected(rejected))));
    }
    check_ready(execution, &query)?;
    let ran = execution.recorded.previous_started_event_id > 0;
    let pending = !matches!(execution.overlay.workflow_task, WorkflowTask::None);
    if !execution.is_running() || (ran && !pending) {
        let route = QueryRoute::Direct(direct(execution));
        return Ok(draft.finish(Reply::Query(route)));
    }
    if execution.fleeting.queries.len() >= context.limits.buffered_queries {
        return Err(Rejection::ResourceExhausted {
            cause: ResourceExhaustedCause::BusyWorkflow,
            message: "consistent query buffer is full, this may be caused by too many queries \
                      and workflow not able to process query fast enough"
                .into(),
        });
    }
    let waiting = BufferedQuery { query: query.query, deadline: query.deadline, delivered: false };
    draft.execution.fleeting.queries.insert(query.id, waiting);
    Ok(draft.finish(Reply::Query(QueryRoute::Buffered)))
}

/// See `Command::AbandonQuery`.
pub(crate) fn abandon(execution: &Execution, id: QueryId, context: &Context<'_>) -> Transition {
    let mut draft = Draft::of(execution, context);
    draft.execution.fleeting.queries.remove(&id);
    draft.finish(Reply::Done)
}

/// Passes on the answers that came with a completed workflow task. Without a task to follow, the
/// queries left over are asked directly (semantics rule 92).
pub(crate) fn answer_buffered<'r>(
    draft: &mut Draft<'_>,
    results: impl IntoIterator<Item = (&'r String, &'r WorkflowQueryResult)>,
    follow_up: bool,
) {
    for (id, result) in results {
        let Some(id) = QueryId::parse(id) else { continue };
        if draft.execution.fleeting.queries.remove(&id).is_some() {
            let answer = answer(result, draft.context.limits.blob_size);
            draft.notice(Notice::QueryAnswered(id, answer));
        }
    }
    for waiting in draft.execution.fleeting.queries.values_mut() {
        waiting.delivered = false;
    }
    if !follow_up {
        release(draft);
    }
}

/// No workflow task will carry the waiting queries: they are asked directly.
pub(crate) fn release(draft: &mut Draft<'_>) {
    for id in std::mem::take(&mut draft.execution.fleeting.queries).into_keys() {
        draft.notice(Notice::DispatchQuery(id));
    }
}

fn rejected(execution: &Execution, condition: QueryRejectCondition) -> Option<QueryRejected> {
    let Status::Closed(closed) = &execution.recorded.status else { return None };
    let rejects = match condition {
        QueryRejectCondition::Unspecified | QueryRejectCondition::None => false,
        QueryRejectCondition::NotOpen => true,
        QueryRejectCondition::NotCompletedCleanly => {
            closed.status != WorkflowExecutionStatus::Completed
        }
    };
    rejects.then_some(QueryRejected { status: closed.status })
}

/// Refuses a query that no worker can answer within its deadline (semantics rules 88 and 89).
fn check_ready(execution: &Execution, query: &Query) -> Result<(), Rejection> {
    let not_ready = |text: &str| Err(Rejection::WorkflowNotReady(text.into()));
    if execution.recorded.previous_started_event_id == 0 {
        if !execution.is_running() {
            return not_ready("Workflow execution closed before WorkflowTaskStarted event");
        }
        if execution.overlay.first_task_at.is_some_and(|at| at > query.deadline) {
            return not_ready("Workflow task is not scheduled yet.");
        }
    }
    let attempt = match &execution.overlay.workflow_task {
        _ if !execution.is_running() => 0,
        WorkflowTask::None => 0,
        WorkflowTask::Scheduled(task) => task.attempt,
        WorkflowTask::Started(task) => task.scheduled.attempt,
    };
    if attempt >= FAILING_ATTEMPT {
        return not_ready("Unable to query workflow due to Workflow Task in failed state.");
    }
    Ok(())
}

fn direct(execution: &Execution) -> DirectQuery {
    let sticky = execution.overlay.sticky.as_ref();
    DirectQuery {
        sticky: sticky.map(|sticky| (sticky.queue.clone(), sticky.schedule_to_start)),
        normal: execution.task_queue(),
        history_to: execution.recorded.next_event_id - 1,
        previous_started_event_id: execution.recorded.previous_started_event_id,
    }
}

fn answer(result: &WorkflowQueryResult, size_max: usize) -> QueryAnswer {
    use prost::Message as _;
    if result.encoded_len() > size_max {
        return QueryAnswer::Failed {
            message: format!(
                "query result size ({}) exceeds limit ({size_max})",
                result.encoded_len()
            ),
            failure: None,
        };
    }
    match result.result_type() {
        QueryResultType::Answered => QueryAnswer::Answered(result.answer.clone()),
        QueryResultType::Failed | QueryResultType::Unspecified => QueryAnswer::Failed {
            message: result.error_message.clone(),
            failure: result.failure.clone().map(Box::new),
        },
    }
}
