//! The transition tables of the docs: printed, and compared with what is there.

#![allow(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod rig;

use std::time::Duration;

use expect_test::expect_file;
use persevere_engine::{Command, Rejection, Reply, Start};
use persevere_proto::api::{
    common::v1::RetryPolicy,
    enums::v1::{WorkflowIdConflictPolicy as Conflict, WorkflowIdReusePolicy as Reuse},
    workflowservice::v1::{RespondWorkflowTaskCompletedRequest, StartWorkflowExecutionRequest},
};
use rig::{
    Rig, answer,
    commands::*,
    seconds, start_request, sticky_answer,
    table::{Action, State, page},
};

const MINUTE: Duration = Duration::from_secs(60);

fn idle() -> Rig {
    let mut rig = Rig::start();
    rig.step([]);
    rig
}

fn started() -> Rig {
    let mut rig = Rig::start();
    rig.poll();
    rig
}

fn started_with_news() -> Rig {
    let mut rig = started();
    rig.signal("news").unwrap();
    rig
}

fn sticky() -> Rig {
    let mut rig = Rig::start();
    let task = rig.poll();
    rig.complete_with(&task, sticky_answer([])).unwrap();
    rig.signal("go").unwrap();
    rig
}

fn sticky_started() -> Rig {
    let mut rig = sticky();
    rig.poll();
    rig
}

fn transient() -> Rig {
    let mut rig = Rig::start();
    let task = rig.poll();
    rig.fail_task(&task).unwrap();
    rig
}

fn transient_started() -> Rig {
    let mut rig = transient();
    rig.poll();
    rig
}

fn transient_started_with_news() -> Rig {
    let mut rig = transient_started();
    rig.signal("news").unwrap();
    rig
}

fn delayed() -> Rig {
    Rig::start_with(StartWorkflowExecutionRequest {
        workflow_start_delay: seconds(600),
        ..start_request()
    })
}

fn closed() -> Rig {
    let mut rig = Rig::start();
    rig.step([complete()]);
    rig
}

const STATES: [State; 10] = [
    ("first task held back", delayed),
    ("no task", idle),
    ("task scheduled", Rig::start),
    ("task scheduled on the sticky queue", sticky),
    ("transient task scheduled", transient),
    ("task started", started),
    ("task started, events buffered", started_with_news),
    ("task started from the sticky queue", sticky_started),
    ("transient task started", transient_started),
    ("transient task started, events buffered", transient_started_with_news),
];
const CLOSED: State = ("closed", closed);

/// The token of the task in progress, or one that was never given out.
fn token(rig: &Rig) -> persevere_engine::WorkflowTaskToken {
    use persevere_engine::WorkflowTask;
    let mut token = persevere_engine::WorkflowTaskToken {
        scheduled_event_id: 2,
        started_event_id: 3,
        started_time: rig.now,
        attempt: 1,
    };
    if let WorkflowTask::Started(task) = &rig.execution.overlay.workflow_task {
        token.scheduled_event_id = task.scheduled.scheduled_event_id;
        token.started_event_id = task.started_event_id;
        token.started_time = task.started_time;
        token.attempt = task.scheduled.attempt;
    }
    token
}

fn respond(
    rig: &mut Rig,
    request: RespondWorkflowTaskCompletedRequest,
) -> Result<Reply, Rejection> {
    let token = token(rig);
    let complete = persevere_engine::CompleteWorkflowTask { token, request: Box::new(request) };
    rig.send(Command::CompleteWorkflowTask(complete))
}

fn wait(rig: &mut Rig) -> Result<Reply, Rejection> {
    rig.now = rig.now.plus(MINUTE);
    rig.send(Command::Tick)
}

fn poll(rig: &mut Rig) -> Result<Reply, Rejection> {
    if rig.tasks().is_empty() {
        return Err(Rejection::StaleTask("none waits"));
    }
    let task = rig.poll();
    Ok(Reply::WorkflowTask(Box::new(task)))
}

#[test]
fn workflow_task_table_is_fresh() {
    let states = [&STATES[..], &[CLOSED]].concat();
    let fail: Action = ("Fail the task", |rig| {
        let token = token(rig);
        rig.send(Command::FailWorkflowTask(token, Box::default()))
    });
    let actions: [Action; 7] = [
        ("Signal", |rig| rig.signal("go")),
        ("Poll", poll),
        ("Complete the task without commands", |rig| respond(rig, answer([]))),
        ("Complete the task with a command", |rig| respond(rig, answer([marker("note")]))),
        ("Complete the task with a bad command", |rig| respond(rig, answer([marker("")]))),
        fail,
        ("A minute passes", wait),
    ];
    let about = "The workflow task in every state and under every command. A transient task \
                 (semantics rule 32) leaves no events before it completes; events that come while \
                 a task is started wait in the buffer for its end (rule 23).";
    expect_file!["../docs/workflow_task.md"].assert_eq(&page(
        "Workflow task",
        about,
        &states,
        &actions,
    ));
}

#[test]
fn requests_table_is_fresh() {
    let states = [&STATES[..], &[CLOSED]].concat();
    let actions: [Action; 4] = [
        ("Signal", |rig| rig.signal("go")),
        ("Request cancel", Rig::request_cancel),
        ("Terminate", Rig::terminate),
        ("Reset stickiness", |rig| rig.send(Command::ResetSticky)),
    ];
    let about = "What clients ask of a run (semantics rules 50 and 83 to 85).";
    expect_file!["../docs/requests.md"].assert_eq(&page("Requests", about, &states, &actions));
}

fn retried() -> Rig {
    let mut rig = Rig::start_with(StartWorkflowExecutionRequest {
        retry_policy: Some(RetryPolicy::default()),
        workflow_run_timeout: seconds(30),
        ..start_request()
    });
    rig.poll();
    rig
}

fn limited() -> Rig {
    let mut rig = Rig::start_with(StartWorkflowExecutionRequest {
        workflow_run_timeout: seconds(30),
        ..start_request()
    });
    rig.poll();
    rig
}

fn limited_with_news() -> Rig {
    let mut rig = limited();
    rig.signal("news").unwrap();
    rig
}

#[test]
fn close_table_is_fresh() {
    let states: [State; 4] = [
        ("task started", limited),
        ("task started, events buffered", limited_with_news),
        ("task started, run with a retry policy", retried),
        CLOSED,
    ];
    let actions: [Action; 6] = [
        ("CompleteWorkflowExecution", |rig| respond(rig, answer([complete()]))),
        ("FailWorkflowExecution", |rig| respond(rig, answer([fail()]))),
        ("CancelWorkflowExecution", |rig| respond(rig, answer([cancel()]))),
        ("ContinueAsNewWorkflowExecution", |rig| respond(rig, answer([continue_as_new()]))),
        ("Terminate", Rig::terminate),
        ("The run takes too long", wait),
    ];
    let about = "How a run ends (semantics rules 16 to 19, 27 and 50). A run that does not end so \
                 goes on.";
    expect_file!["../docs/close.md"].assert_eq(&page("Close", about, &states, &actions));
}

fn start_again(
    rig: &mut Rig,
    change: fn(&mut StartWorkflowExecutionRequest),
) -> Result<Reply, Rejection> {
    let mut request =
        StartWorkflowExecutionRequest { request_id: "start-2".into(), ..start_request() };
    change(&mut request);
    let start = Start { request: Box::new(request), signal: None, parent: None };
    let (reply, transition) = rig.send_start(start)?;
    if transition.next.key != rig.execution.key {
        let displaced = transition.with.first().cloned();
        rig.with.push(transition);
        if let Some(displaced) = displaced {
            rig.history.extend(displaced.events);
            rig.execution = displaced.next;
        }
    }
    Ok(Reply::Started(reply))
}

#[test]
fn start_table_is_fresh() {
    let failed = || {
        let mut rig = Rig::start();
        rig.step([fail()]);
        rig
    };
    let states: [State; 4] = [
        ("latest run open", Rig::start),
        ("latest run open, task started", started),
        ("latest run completed", closed),
        ("latest run failed", failed),
    ];
    let actions: [Action; 7] = [
        ("The same request again", |rig| {
            start_again(rig, |request| request.request_id = "start-1".into())
        }),
        ("No policy", |rig| start_again(rig, |_| {})),
        ("Conflict policy UseExisting", |rig| {
            start_again(rig, |r| r.set_workflow_id_conflict_policy(Conflict::UseExisting))
        }),
        ("Conflict policy TerminateExisting", |rig| {
            start_again(rig, |r| r.set_workflow_id_conflict_policy(Conflict::TerminateExisting))
        }),
        ("Reuse policy AllowDuplicateFailedOnly", |rig| {
            start_again(rig, |r| r.set_workflow_id_reuse_policy(Reuse::AllowDuplicateFailedOnly))
        }),
        ("Reuse policy RejectDuplicate", |rig| {
            start_again(rig, |r| r.set_workflow_id_reuse_policy(Reuse::RejectDuplicate))
        }),
        ("Eager start of the same request", |rig| {
            start_again(rig, |request| {
                request.request_id = "start-1".into();
                request.request_eager_execution = true;
            })
        }),
    ];
    let about = "A start, given the latest run of its workflow id (semantics rules 4 to 8). The \
                 events are those that it leaves in that run.";
    let page = page("Start", about, &states, &actions);
    // Ids of runs are drawn at random; the rig's are fixed, but say nothing.
    let run_id = Rig::start().execution.key.run_id;
    expect_file!["../docs/start.md"].assert_eq(&page.replace(&run_id, "(run id)"));
}
