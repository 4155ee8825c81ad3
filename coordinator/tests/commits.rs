//! The process dies at its k-th commit, just before it or just after it, for k = 1, 2, 3 … until a
//! run needs fewer. Whatever k is, the workflow finishes once, and its activity, which may be
//! tried only once, is handed out at most once.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{path::Path, process::Stdio, time::Duration};

use persevere_proto::{
    api::{
        command::v1::{
            Command, CompleteWorkflowExecutionCommandAttributes,
            ScheduleActivityTaskCommandAttributes, command::Attributes,
        },
        common::v1::{ActivityType, RetryPolicy, WorkflowExecution, WorkflowType},
        enums::v1::{CommandType, EventType},
        history::v1::HistoryEvent,
        taskqueue::v1::TaskQueue,
        workflowservice::v1::{
            GetWorkflowExecutionHistoryRequest, PollActivityTaskQueueRequest,
            PollWorkflowTaskQueueRequest, RespondActivityTaskCompletedRequest,
            RespondWorkflowTaskCompletedRequest, StartWorkflowExecutionRequest,
        },
    },
    wkt,
    workflow_service::workflow_service_client::WorkflowServiceClient,
};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command as Process},
};
use tonic::{Code, Request, Status, transport::Channel};

type Client = WorkflowServiceClient<Channel>;

/// Long polls are at least so long.
const POLL: Duration = Duration::from_secs(3);

#[tokio::test]
async fn a_workflow_survives_a_crash_at_any_commit() {
    for when in ["before", "after"] {
        let mut commit = 1;
        while crashed_at(when, commit).await {
            commit += 1;
        }
        assert!(commit > 4, "start, schedule, start and complete an activity, finish: {commit}");
    }
}

/// Drives a workflow to its end; returns whether the process died on the way.
async fn crashed_at(when: &str, commit: u32) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.db");
    let (mut server, mut client) = serve(&file, Some(format!("{when}:{commit}"))).await;
    let mut crashed = false;
    let mut handed_out = 0;
    let history = loop {
        match step(&mut client, &mut handed_out).await {
            Ok(Some(history)) => break history,
            Ok(None) => {}
            Err(status) if !crashed => {
                let ended = tokio::time::timeout(POLL, server.wait()).await;
                assert!(ended.is_ok(), "the server lives, but says {status}");
                crashed = true;
                (server, client) = serve(&file, None).await;
            }
            Err(status) => panic!("{when} commit {commit}: {status}"),
        }
    };
    let ids: Vec<i64> = history.iter().map(|event| event.event_id).collect();
    let expected: Vec<i64> = (1..).take(ids.len()).collect();
    assert_eq!(ids, expected, "{when} commit {commit}");
    assert!(handed_out <= 1, "{when} commit {commit}: handed out {handed_out} times");
    let done = has(&history, EventType::ActivityTaskCompleted);
    assert!(done || has(&history, EventType::ActivityTaskTimedOut), "{when} commit {commit}");
    server.kill().await.unwrap();
    crashed
}

/// Does what is to be done next; returns the history once the workflow is closed. A lost answer is
/// no harm: the step is repeated.
async fn step(
    client: &mut Client,
    handed_out: &mut u32,
) -> Result<Option<Vec<HistoryEvent>>, Status> {
    client.start_workflow_execution(start()).await?;
    let history = history(client).await?;
    if has(&history, EventType::WorkflowExecutionCompleted) {
        return Ok(Some(history));
    }
    if pending_activity(&history) {
        let poll = PollActivityTaskQueueRequest {
            namespace: "default".into(),
            task_queue: queue(),
            ..PollActivityTaskQueueRequest::default()
        };
        let task = client.poll_activity_task_queue(brief(poll)).await?.into_inner();
        if !task.task_token.is_empty() {
            *handed_out += 1;
            let done = RespondActivityTaskCompletedRequest {
                namespace: "default".into(),
                task_token: task.task_token,
                ..RespondActivityTaskCompletedRequest::default()
            };
            gone_is_fine(client.respond_activity_task_completed(done).await)?;
        }
        return Ok(None);
    }
    let poll = PollWorkflowTaskQueueRequest {
        namespace: "default".into(),
        task_queue: queue(),
        ..PollWorkflowTaskQueueRequest::default()
    };
    let task = client.poll_workflow_task_queue(brief(poll)).await?.into_inner();
    if !task.task_token.is_empty() {
        let scheduled = has(&history, EventType::ActivityTaskScheduled);
        let done = RespondWorkflowTaskCompletedRequest {
            namespace: "default".into(),
            task_token: task.task_token,
            commands: vec![if scheduled { finish() } else { activity() }],
            ..RespondWorkflowTaskCompletedRequest::default()
        };
        gone_is_fine(client.respond_workflow_task_completed(done).await)?;
    }
    Ok(None)
}

fn has(history: &[HistoryEvent], kind: EventType) -> bool {
    history.iter().any(|event| event.event_type() == kind)
}

fn pending_activity(history: &[HistoryEvent]) -> bool {
    has(history, EventType::ActivityTaskScheduled)
        && !has(history, EventType::ActivityTaskCompleted)
        && !has(history, EventType::ActivityTaskTimedOut)
}

/// What was reported once and stored need not be reported again.
fn gone_is_fine<T>(answer: Result<T, Status>) -> Result<(), Status> {
    match answer {
        Err(status) if status.code() != Code::NotFound => Err(status),
        _ => Ok(()),
    }
}

async fn history(client: &mut Client) -> Result<Vec<HistoryEvent>, Status> {
    let request = GetWorkflowExecutionHistoryRequest {
        namespace: "default".into(),
        execution: Some(WorkflowExecution { workflow_id: "w".into(), run_id: String::new() }),
        ..GetWorkflowExecutionHistoryRequest::default()
    };
    let response = client.get_workflow_execution_history(request).await?.into_inner();
    Ok(response.history.unwrap_or_default().events)
}

fn brief<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(POLL);
    request
}

fn queue() -> Option<TaskQueue> {
    Some(TaskQueue { name: "queue".into(), ..TaskQueue::default() })
}

fn start() -> StartWorkflowExecutionRequest {
    StartWorkflowExecutionRequest {
        namespace: "default".into(),
        workflow_id: "w".into(),
        workflow_type: Some(WorkflowType { name: "Kind".into() }),
        task_queue: queue(),
        // A task that was started just before the crash comes back after this time.
        workflow_task_timeout: Some(wkt::Duration { seconds: 1, nanos: 0 }),
        request_id: "once".into(),
        ..StartWorkflowExecutionRequest::default()
    }
}

fn activity() -> Command {
    let schedule = ScheduleActivityTaskCommandAttributes {
        activity_id: "a".into(),
        activity_type: Some(ActivityType { name: "Do".into() }),
        task_queue: queue(),
        start_to_close_timeout: Some(wkt::Duration { seconds: 1, nanos: 0 }),
        retry_policy: Some(RetryPolicy { maximum_attempts: 1, ..RetryPolicy::default() }),
        ..ScheduleActivityTaskCommandAttributes::default()
    };
    command(
        CommandType::ScheduleActivityTask,
        Attributes::ScheduleActivityTaskCommandAttributes(schedule),
    )
}

fn finish() -> Command {
    command(
        CommandType::CompleteWorkflowExecution,
        Attributes::CompleteWorkflowExecutionCommandAttributes(
            CompleteWorkflowExecutionCommandAttributes::default(),
        ),
    )
}

fn command(kind: CommandType, attributes: Attributes) -> Command {
    Command { command_type: kind.into(), attributes: Some(attributes), ..Command::default() }
}

/// Starts the binary and waits until it serves.
async fn serve(file: &Path, failpoint: Option<String>) -> (Child, Client) {
    let mut process = Process::new(env!("CARGO_BIN_EXE_persevere"));
    process.args(["serve", "--listen", "127.0.0.1:0", "--log", "info", "--db"]).arg(file);
    if let Some(failpoint) = failpoint {
        process.env("PERSEVERE_FAILPOINT", failpoint);
    }
    let mut server = process.stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut lines = BufReader::new(server.stderr.take().unwrap()).lines();
    let address = loop {
        let line = lines.next_line().await.unwrap().expect("the server ended at its start");
        if let Some((_, rest)) = line.split_once("serving address=") {
            break rest.split(' ').next().unwrap().to_owned();
        }
    };
    // Its log is read on, so that it never waits for a reader.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    let client = Client::connect(format!("http://{address}")).await.unwrap();
    (server, client)
}
