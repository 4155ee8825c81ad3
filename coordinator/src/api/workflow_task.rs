//! Workflow tasks: handed to workers, and what workers answer (semantics rules 21 to 54).

use persevere_engine::{
    Command, CompleteWorkflowTask, QueueName, Reply, RunKey, WorkflowTaskHandout,
};
use persevere_proto::api::{
    common::v1::{WorkerVersionCapabilities, WorkerVersionStamp, WorkflowType},
    enums::v1::TaskQueueKind,
    history::v1::History,
    taskqueue::v1::TaskQueue,
    workflowservice::v1::{
        PollWorkflowTaskQueueRequest, PollWorkflowTaskQueueResponse,
        RespondWorkflowTaskCompletedRequest, RespondWorkflowTaskCompletedResponse,
        RespondWorkflowTaskFailedRequest, RespondWorkflowTaskFailedResponse,
    },
};
use tonic::{Request, Status};

use super::{activity_task, check, deadline, describe, history, status::unexpected, token};
use crate::{Core, HistoryPage, PollRequest, QueryTask, Target, WorkflowPoll};

/// See the protocol.
pub(super) async fn poll_workflow_task_queue(
    core: &Core,
    request: Request<PollWorkflowTaskQueueRequest>,
) -> Result<PollWorkflowTaskQueueResponse, Status> {
    let deadline = deadline::of_poll(&request)?;
    let request = request.into_inner();
    check::namespace(core, &request.namespace)?;
    check::identity(&request.identity)?;
    let queue = check::task_queue(request.task_queue.as_ref())?;
    #[expect(deprecated, reason = "today's SDKs name their build this way")]
    let capabilities = request.worker_version_capabilities;
    let sticky = queue.kind() == TaskQueueKind::Sticky;
    let poll = PollRequest {
        namespace: request.namespace,
        queue: queue.name.clone(),
        sticky_of: sticky.then(|| queue.normal_name.clone()),
        identity: request.identity,
        worker_instance: request.worker_instance_key,
        worker_version: capabilities.as_ref().and_then(version),
        worker_capabilities: capabilities,
        max_tasks_per_second: None,
    };
    Ok(match core.dispatch.poll_workflow_task(poll, deadline).await? {
        None => PollWorkflowTaskQueueResponse::default(),
        Some(WorkflowPoll::Query(found)) => query_task(*found),
        Some(WorkflowPoll::Task(found)) => {
            task(&found.run, found.workflow_type, found.handout, found.history, found.backlog)
        }
    })
}

/// See the protocol.
pub(super) async fn respond_workflow_task_completed(
    core: &Core,
    request: Request<RespondWorkflowTaskCompletedRequest>,
) -> Result<RespondWorkflowTaskCompletedResponse, Status> {
    let request = request.into_inner();
    let (run, token) = token::read_workflow_task(&request.task_token, &request.namespace)?;
    check::identity(&request.identity)?;
    let complete = CompleteWorkflowTask { token, request: Box::new(request) };
    let command = Command::CompleteWorkflowTask(complete);
    let answer = core.shards.command(Target::from(&run), command).await?;
    let reply = match answer.reply {
        Reply::WorkflowTaskCompleted(reply) => *reply,
        other => return Err(unexpected("a workflow task's completion", &other)),
    };
    let activities = reply.activity_tasks.into_iter();
    let activity_tasks = activities
        .map(|handout| activity_task::task(&answer.run, answer.workflow_type.clone(), handout))
        .collect();
    let workflow_task = reply.workflow_task.map(|handout| {
        let page = answer.history.unwrap_or_default();
        task(&answer.run, answer.workflow_type, handout, page, 0)
    });
    let reset_history_event_id = reply.reset_history_event_id;
    Ok(RespondWorkflowTaskCompletedResponse {
        workflow_task,
        activity_tasks,
        reset_history_event_id,
    })
}

/// See the protocol.
pub(super) async fn respond_workflow_task_failed(
    core: &Core,
    request: Request<RespondWorkflowTaskFailedRequest>,
) -> Result<RespondWorkflowTaskFailedResponse, Status> {
    let request = request.into_inner();
    let (run, token) = token::read_workflow_task(&request.task_token, &request.namespace)?;
    check::identity(&request.identity)?;
    let command = Command::FailWorkflowTask(token, Box::new(request));
    core.shards.command(Target::from(&run), command).await?;
    Ok(RespondWorkflowTaskFailedResponse {})
}

/// A workflow task as workers get it.
pub(super) fn task(
    run: &RunKey,
    workflow_type: String,
    handout: WorkflowTaskHandout,
    page: HistoryPage,
    backlog: usize,
) -> PollWorkflowTaskQueueResponse {
    let queries = handout.queries.into_iter();
    PollWorkflowTaskQueueResponse {
        task_token: token::workflow_task(run, handout.token),
        workflow_execution: Some(run.execution()),
        workflow_type: Some(WorkflowType { name: workflow_type }),
        previous_started_event_id: handout.previous_started_event_id,
        started_event_id: handout.token.started_event_id,
        attempt: describe::attempt(handout.token.attempt),
        backlog_count_hint: i64::try_from(backlog).unwrap_or(i64::MAX),
        next_page_token: history::rest_of_task(&page, handout.history_to),
        history: Some(History { events: page.events }),
        workflow_execution_task_queue: Some(normal_queue(handout.task_queue)),
        scheduled_time: Some(handout.scheduled_time.into()),
        started_time: Some(handout.token.started_time.into()),
        queries: queries.map(|(id, query)| (id.to_string(), query)).collect(),
        ..PollWorkflowTaskQueueResponse::default()
    }
}

/// A query on its own as workers get it (semantics rule 90).
fn query_task(task: QueryTask) -> PollWorkflowTaskQueueResponse {
    PollWorkflowTaskQueueResponse {
        task_token: token::query_task(&task.run, task.id, task.process),
        workflow_execution: Some(task.run.execution()),
        workflow_type: Some(WorkflowType { name: task.workflow_type }),
        previous_started_event_id: task.previous_started_event_id,
        attempt: 1,
        next_page_token: history::rest_of_task(&task.history, task.history.next_event_id - 1),
        history: Some(History { events: task.history.events }),
        query: Some(task.query),
        workflow_execution_task_queue: Some(normal_queue(task.task_queue)),
        ..PollWorkflowTaskQueueResponse::default()
    }
}

fn normal_queue(queue: QueueName) -> TaskQueue {
    TaskQueue { kind: queue.kind() as i32, name: queue.name, normal_name: String::new() }
}

/// The build that a worker names, for the events of what it starts.
pub(super) fn version(capabilities: &WorkerVersionCapabilities) -> Option<WorkerVersionStamp> {
    let WorkerVersionCapabilities { build_id, use_versioning, .. } = capabilities.clone();
    (!build_id.is_empty()).then_some(WorkerVersionStamp { build_id, use_versioning })
}
