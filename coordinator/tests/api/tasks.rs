//! Tasks: polled, answered by token or id, described while they are pending; queries beside them.

use persevere_proto::{
    api::{
        command::v1::{Command, ScheduleActivityTaskCommandAttributes, command::Attributes},
        common::v1::ActivityType,
        enums::v1::{CommandType, PendingActivityState, QueryResultType},
        query::v1::WorkflowQuery,
        workflowservice::v1::{
            DescribeTaskQueueRequest, DescribeWorkflowExecutionRequest,
            DescribeWorkflowExecutionResponse, PollActivityTaskQueueRequest,
            PollActivityTaskQueueResponse, PollNexusTaskQueueRequest, PollWorkflowTaskQueueRequest,
            QueryWorkflowRequest, RecordActivityTaskHeartbeatRequest,
            RespondActivityTaskCompletedByIdRequest, RespondActivityTaskCompletedRequest,
            RespondQueryTaskCompletedRequest, StartWorkflowExecutionRequest,
        },
    },
    wkt::Duration,
};
use tonic::Code;

use crate::server::{
    NAMESPACE, QUEUE, Server, execution, payloads, queue, refusal, start_request, within,
};

fn schedule(activity_id: &str) -> Command {
    let attributes = ScheduleActivityTaskCommandAttributes {
        activity_id: activity_id.into(),
        activity_type: Some(ActivityType { name: "charge".into() }),
        task_queue: Some(queue(QUEUE)),
        input: Some(payloads("5")),
        start_to_close_timeout: Some(Duration { seconds: 10, nanos: 0 }),
        ..Default::default()
    };
    Command {
        command_type: CommandType::ScheduleActivityTask as i32,
        attributes: Some(Attributes::ScheduleActivityTaskCommandAttributes(attributes)),
        ..Default::default()
    }
}

/// A workflow with one activity, which a worker has.
async fn with_activity(server: &mut Server) -> PollActivityTaskQueueResponse {
    server.start("w").await;
    let task = server.workflow_task().await;
    server.complete(&task, vec![schedule("one")]).await.expect("is this task");
    let poll = PollActivityTaskQueueRequest {
        namespace: NAMESPACE.into(),
        task_queue: Some(queue(QUEUE)),
        identity: "worker".into(),
        ..Default::default()
    };
    let task = server.service.poll_activity_task_queue(within(poll, 10.0)).await.expect("polls");
    task.into_inner()
}

async fn describe(server: &mut Server) -> DescribeWorkflowExecutionResponse {
    let request = DescribeWorkflowExecutionRequest {
        namespace: NAMESPACE.into(),
        execution: Some(execution("w", "")),
    };
    server.service.describe_workflow_execution(request).await.expect("exists").into_inner()
}

#[tokio::test]
async fn a_workflow_task_carries_its_history() {
    let mut server = Server::open().await;
    let run_id = server.start("w").await;
    let task = server.workflow_task().await;
    assert_eq!(task.workflow_execution, Some(execution("w", &run_id)));
    assert_eq!((task.attempt, task.started_event_id, task.previous_started_event_id), (1, 3, 0));
    assert_eq!(task.history.as_ref().expect("is there").events.len(), 3);
    assert!(task.next_page_token.is_empty());
    let pending = describe(&mut server).await.pending_workflow_task.expect("is pending");
    assert!(pending.started_time.is_some());
    server.complete(&task, vec![]).await.expect("is this task");
    let again = server.complete(&task, vec![]).await.expect_err("was used");
    let kind = Some("NotFoundFailure".to_owned());
    assert_eq!(refusal(&again), (Code::NotFound, "Workflow task not found.", kind));
}

#[tokio::test]
async fn an_activity_is_handed_out_described_and_completed_once() {
    let mut server = Server::open().await;
    let task = with_activity(&mut server).await;
    assert_eq!((task.activity_id.as_str(), task.attempt), ("one", 1));
    assert_eq!(task.input, Some(payloads("5")));
    assert_eq!(task.start_to_close_timeout.map(|span| span.seconds), Some(10));
    assert_eq!(task.heartbeat_timeout.map(|span| span.seconds), Some(0));
    assert!(task.retry_policy.is_some() && task.scheduled_time.is_some());

    let heartbeat = RecordActivityTaskHeartbeatRequest {
        namespace: NAMESPACE.into(),
        task_token: task.task_token.clone(),
        details: Some(payloads("50")),
        ..Default::default()
    };
    let heard = server.service.record_activity_task_heartbeat(heartbeat).await.expect("is current");
    assert!(!heard.into_inner().cancel_requested);
    let pending = describe(&mut server).await.pending_activities;
    assert_eq!(pending.len(), 1);
    assert_eq!(pending[0].state(), PendingActivityState::Started);
    assert_eq!(pending[0].heartbeat_details, Some(payloads("50")));
    let info = describe(&mut server).await.workflow_execution_info.expect("is described");
    let points = info.auto_reset_points.expect("is there for every run").points;
    let tasks: Vec<_> = points.iter().map(|at| at.first_workflow_task_completed_id).collect();
    assert_eq!(tasks, [4], "a reset may go back to the first task that this build completed");

    let complete = RespondActivityTaskCompletedRequest {
        namespace: NAMESPACE.into(),
        task_token: task.task_token,
        result: Some(payloads("1")),
        ..Default::default()
    };
    server.service.respond_activity_task_completed(complete.clone()).await.expect("is current");
    let again = server.service.respond_activity_task_completed(complete).await;
    assert_eq!(again.expect_err("was used").code(), Code::NotFound);
    assert!(describe(&mut server).await.pending_activities.is_empty());
}

#[tokio::test]
async fn an_activity_is_completed_by_its_id() {
    let mut server = Server::open().await;
    with_activity(&mut server).await;
    let by_id = |activity_id: &str| RespondActivityTaskCompletedByIdRequest {
        namespace: NAMESPACE.into(),
        workflow_id: "w".into(),
        activity_id: activity_id.into(),
        ..Default::default()
    };
    let empty = server.service.respond_activity_task_completed_by_id(by_id("")).await;
    let text = "ActivityId is not set on request.";
    assert_eq!(refusal(&empty.expect_err("is refused")), (Code::InvalidArgument, text, None));
    let other = server.service.respond_activity_task_completed_by_id(by_id("two")).await;
    assert_eq!(other.expect_err("is absent").code(), Code::NotFound);
    server.service.respond_activity_task_completed_by_id(by_id("one")).await.expect("is pending");
    assert!(describe(&mut server).await.pending_activities.is_empty());
}

#[tokio::test]
async fn polls_without_a_task_come_back_empty_and_short_ones_are_refused() {
    let mut server = Server::open().await;
    let workflow = PollWorkflowTaskQueueRequest {
        namespace: NAMESPACE.into(),
        task_queue: Some(queue("nothing")),
        identity: "idle".into(),
        ..Default::default()
    };
    let nexus = PollNexusTaskQueueRequest {
        namespace: NAMESPACE.into(),
        task_queue: Some(queue("nothing")),
        ..Default::default()
    };
    let short = server.service.poll_workflow_task_queue(within(workflow.clone(), 1.0)).await;
    assert_eq!(short.expect_err("is too short").code(), Code::FailedPrecondition);
    let mut other = server.service.clone();
    let (workflow, nexus) = tokio::join!(
        server.service.poll_workflow_task_queue(within(workflow, 2.1)),
        other.poll_nexus_task_queue(within(nexus, 2.1)),
    );
    assert!(workflow.expect("comes back").into_inner().task_token.is_empty());
    assert!(nexus.expect("comes back").into_inner().task_token.is_empty());

    let describe = DescribeTaskQueueRequest {
        namespace: NAMESPACE.into(),
        task_queue: Some(queue("nothing")),
        task_queue_type: 1,
        ..Default::default()
    };
    let described = server.service.describe_task_queue(describe).await.expect("answers");
    let pollers = described.into_inner().pollers;
    assert_eq!(pollers.iter().map(|p| p.identity.as_str()).collect::<Vec<_>>(), ["idle"]);
}

/// Semantics rule 93.
#[tokio::test]
async fn a_query_waits_for_a_worker_as_long_as_its_caller_does() {
    let mut server = Server::open().await;
    let request =
        StartWorkflowExecutionRequest { request_eager_execution: true, ..start_request("w") };
    let started = server.service.start_workflow_execution(request).await.expect("starts");
    let task = started.into_inner().eager_workflow_task.expect("came with the start");
    server.complete(&task, vec![]).await.expect("is this task");
    let ask = QueryWorkflowRequest {
        namespace: NAMESPACE.into(),
        execution: Some(execution("w", "")),
        query: Some(WorkflowQuery { query_type: "balance".into(), ..Default::default() }),
        ..Default::default()
    };
    let asked = server.service.query_workflow(within(ask.clone(), 1.5)).await;
    let text = "no poller seen for task queue recently, worker may be down";
    let refused = asked.expect_err("nobody came");
    assert_eq!(refusal(&refused), (Code::FailedPrecondition, text, None));
    let mut client = server.service.clone();
    let asked = tokio::spawn(async move { client.query_workflow(within(ask, 10.0)).await });
    let task = server.workflow_task().await;
    let answer = RespondQueryTaskCompletedRequest {
        namespace: NAMESPACE.into(),
        task_token: task.task_token,
        completed_type: QueryResultType::Answered as i32,
        query_result: Some(payloads("42")),
        ..Default::default()
    };
    server.service.respond_query_task_completed(answer).await.expect("is asked");
    let result = asked.await.expect("runs").expect("is answered").into_inner().query_result;
    assert_eq!(result, Some(payloads("42")));
}

#[tokio::test]
async fn a_query_is_answered_by_a_worker_and_leaves_no_trace() {
    let mut server = Server::open().await;
    server.start("w").await;
    let task = server.workflow_task().await;
    server.complete(&task, vec![]).await.expect("is this task");
    let before = server.events("w").await.len();
    let ask = QueryWorkflowRequest {
        namespace: NAMESPACE.into(),
        execution: Some(execution("w", "")),
        query: Some(WorkflowQuery { query_type: "balance".into(), ..Default::default() }),
        ..Default::default()
    };
    let mut client = server.service.clone();
    let asked = tokio::spawn(async move { client.query_workflow(ask).await });
    let task = server.workflow_task().await;
    assert_eq!(task.query.as_ref().map(|query| query.query_type.as_str()), Some("balance"));
    let answer = RespondQueryTaskCompletedRequest {
        namespace: NAMESPACE.into(),
        task_token: task.task_token,
        completed_type: QueryResultType::Answered as i32,
        query_result: Some(payloads("42")),
        ..Default::default()
    };
    server.service.respond_query_task_completed(answer.clone()).await.expect("is asked");
    let result = asked.await.expect("runs").expect("is answered").into_inner().query_result;
    assert_eq!(result, Some(payloads("42")));
    let again = server.service.respond_query_task_completed(answer).await.expect_err("was used");
    let text = "query task not found, or already expired";
    assert_eq!(refusal(&again), (Code::NotFound, text, Some("NotFoundFailure".to_owned())));
    assert_eq!(server.events("w").await.len(), before);
}
