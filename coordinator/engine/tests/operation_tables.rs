//! The transition tables of what a workflow starts and waits for: activities, timers, children,
//! signals and cancel requests to other executions.

mod rig;

use std::time::Duration;

use expect_test::expect_file;
use persevere_engine::{
    ActivityTarget, ChildClosed, Command, MessageOutcome, Rejection, Reply, StartActivity,
};
use persevere_proto::api::{
    command::v1::{
        Command as WorkflowCommand, RequestCancelActivityTaskCommandAttributes,
        RequestCancelExternalWorkflowExecutionCommandAttributes,
        SignalExternalWorkflowExecutionCommandAttributes,
        StartChildWorkflowExecutionCommandAttributes, command::Attributes,
    },
    common::v1::{RetryPolicy, WorkflowType},
    enums::v1::{
        CancelExternalWorkflowExecutionFailedCause as CancelCause, CommandType, ParentClosePolicy,
        SignalExternalWorkflowExecutionFailedCause as SignalCause,
        StartChildWorkflowExecutionFailedCause as StartCause,
    },
    history::v1::history_event::Attributes as Event,
    workflowservice::v1::RespondActivityTaskFailedRequest,
};
use rig::{
    Rig, answer,
    commands::*,
    execution, seconds,
    table::{Action, State, page},
};

const SECOND: Duration = Duration::from_secs(1);
const CLOSED: State = ("run closed", || {
    let mut rig = with_activity();
    rig.terminate().expect("it is open");
    rig
});

/// One activity of up to two attempts, scheduled by event 5.
fn with_activity() -> Rig {
    let mut command = activity("a");
    if let Some(Attributes::ScheduleActivityTaskCommandAttributes(attributes)) =
        &mut command.attributes
    {
        attributes.schedule_to_start_timeout = seconds(100);
        attributes.heartbeat_timeout = seconds(10);
        attributes.retry_policy = Some(RetryPolicy { maximum_attempts: 2, ..Default::default() });
    }
    let mut rig = Rig::start();
    rig.step([command]);
    rig
}

fn running() -> Rig {
    let mut rig = with_activity();
    rig.poll_activity();
    rig
}

fn backing_off() -> Rig {
    let mut rig = running();
    fail_activity(&mut rig).expect("it runs");
    rig
}

fn on_last_attempt() -> Rig {
    let mut rig = backing_off();
    rig.pass(SECOND);
    rig.poll_activity();
    rig
}

fn asked_to_stop() -> Rig {
    let mut rig = running();
    rig.signal("stop").expect("it is open");
    rig.step([cancel_activity()]);
    rig
}

fn running_during_task() -> Rig {
    let mut rig = running();
    rig.signal("go").expect("it is open");
    rig.poll();
    rig
}

fn ended_during_task() -> Rig {
    let mut rig = running_during_task();
    complete_activity(&mut rig).expect("it runs");
    rig
}

fn target() -> ActivityTarget {
    ActivityTarget::Id("a".into())
}

fn start_activity(rig: &mut Rig) -> Result<Reply, Rejection> {
    let attempt = rig.execution.overlay.activities.get(&5).map_or(1, |it| it.attempt);
    rig.send(Command::StartActivity(StartActivity {
        scheduled_event_id: 5,
        attempt,
        request_id: "another poll".into(),
        identity: "worker".into(),
        worker_version: None,
    }))
}

fn complete_activity(rig: &mut Rig) -> Result<Reply, Rejection> {
    rig.send(Command::CompleteActivity(target(), Box::default()))
}

fn fail_activity(rig: &mut Rig) -> Result<Reply, Rejection> {
    let request =
        RespondActivityTaskFailedRequest { failure: Some(failure("boom")), ..Default::default() };
    rig.send(Command::FailActivity(target(), Box::new(request)))
}

fn cancel_activity() -> WorkflowCommand {
    let attributes = RequestCancelActivityTaskCommandAttributes { scheduled_event_id: 5 };
    let attributes = Attributes::RequestCancelActivityTaskCommandAttributes(attributes);
    command(CommandType::RequestCancelActivityTask, attributes)
}

/// A workflow task, perhaps woken for it, is answered with these commands.
fn respond(
    rig: &mut Rig,
    commands: impl IntoIterator<Item = WorkflowCommand>,
) -> Result<Reply, Rejection> {
    use persevere_engine::{CompleteWorkflowTask, WorkflowTask, WorkflowTaskToken};
    if matches!(rig.execution.overlay.workflow_task, WorkflowTask::None) {
        rig.signal("wake")?;
    }
    if matches!(rig.execution.overlay.workflow_task, WorkflowTask::Scheduled(_)) {
        rig.poll();
    }
    let WorkflowTask::Started(task) = rig.execution.overlay.workflow_task.clone() else {
        return Err(Rejection::no_workflow_task());
    };
    let token = WorkflowTaskToken {
        scheduled_event_id: task.scheduled.scheduled_event_id,
        started_event_id: task.started_event_id,
        started_time: task.started_time,
        attempt: task.scheduled.attempt,
    };
    let request = Box::new(answer(commands));
    rig.send(Command::CompleteWorkflowTask(CompleteWorkflowTask { token, request }))
}

fn wait(rig: &mut Rig, span: Duration) -> Result<Reply, Rejection> {
    rig.now = rig.now.plus(span);
    rig.send(Command::Tick)
}

#[test]
fn activity_table_is_fresh() {
    let states: [State; 8] = [
        ("waiting for a worker", with_activity),
        ("running, attempt 1 of 2", running),
        ("waiting for its next attempt", backing_off),
        ("running, attempt 2 of 2", on_last_attempt),
        ("running, asked to stop", asked_to_stop),
        ("running, workflow task started", running_during_task),
        ("ended, workflow task started", ended_during_task),
        CLOSED,
    ];
    let actions: [Action; 8] = [
        ("Start", start_activity),
        ("Complete, by id", complete_activity),
        ("Fail", fail_activity),
        ("Cancel", |rig| rig.send(Command::CancelActivity(target(), Box::default()))),
        ("Heartbeat", |rig| rig.send(Command::HeartbeatActivity(target(), Box::default()))),
        ("RequestCancelActivityTask", |rig| respond(rig, [cancel_activity()])),
        ("1 second passes", |rig| wait(rig, SECOND)),
        ("10 seconds pass without a heartbeat", |rig| wait(rig, 10 * SECOND)),
    ];
    let about = "What happens to an activity of up to two attempts, with a time-out of 10 s between \
                 heartbeats (semantics rules 55, 56 and 65 to 77).";
    expect_file!["../docs/activity.md"].assert_eq(&page("Activity", about, &states, &actions));
}

fn with_timer() -> Rig {
    let mut rig = Rig::start();
    rig.step([timer("t", 5)]);
    rig
}

fn timer_during_task() -> Rig {
    let mut rig = with_timer();
    rig.signal("go").expect("it is open");
    rig.poll();
    rig
}

fn fired_during_task() -> Rig {
    let mut rig = timer_during_task();
    rig.pass(5 * SECOND);
    rig
}

fn fired() -> Rig {
    let mut rig = with_timer();
    rig.pass(5 * SECOND);
    rig
}

#[test]
fn timer_table_is_fresh() {
    let states: [State; 5] = [
        ("open", with_timer),
        ("open, workflow task started", timer_during_task),
        ("fired, workflow task started", fired_during_task),
        ("fired", fired),
        CLOSED,
    ];
    let actions: [Action; 5] = [
        ("Its time passes", |rig| wait(rig, 5 * SECOND)),
        ("CancelTimer", |rig| respond(rig, [cancel_timer("t")])),
        ("CancelTimer, then CompleteWorkflowExecution", |rig| {
            respond(rig, [cancel_timer("t"), complete()])
        }),
        ("CompleteWorkflowExecution", |rig| respond(rig, [complete()])),
        ("StartTimer of the same id", |rig| respond(rig, [timer("t", 5)])),
    ];
    let about = "What happens to a timer of 5 s (semantics rules 23, 27, 51 and 57).";
    expect_file!["../docs/timer.md"].assert_eq(&page("Timer", about, &states, &actions));
}

fn child(policy: ParentClosePolicy) -> WorkflowCommand {
    let attributes = StartChildWorkflowExecutionCommandAttributes {
        workflow_id: "part".into(),
        workflow_type: Some(WorkflowType { name: "part".into() }),
        parent_close_policy: policy.into(),
        ..Default::default()
    };
    let attributes = Attributes::StartChildWorkflowExecutionCommandAttributes(attributes);
    command(CommandType::StartChildWorkflowExecution, attributes)
}

fn initiated() -> Rig {
    let mut rig = Rig::start();
    rig.step([child(ParentClosePolicy::RequestCancel)]);
    rig
}

/// The oldest message of the outbox had this outcome.
fn outcome(rig: &mut Rig, outcome: MessageOutcome) -> Result<Reply, Rejection> {
    let number = rig.execution.overlay.outbox.keys().next().copied().unwrap_or(-1);
    rig.send(Command::Outcome(number, outcome))
}

fn child_runs(rig: &mut Rig) -> Result<Reply, Rejection> {
    outcome(rig, MessageOutcome::ChildStarted { run_id: "part-run".into() })
}

fn child_running() -> Rig {
    let mut rig = initiated();
    child_runs(&mut rig).expect("its start is awaited");
    outcome(&mut rig, MessageOutcome::Delivered).expect("its release is awaited");
    rig
}

fn child_running_during_task() -> Rig {
    let mut rig = child_running();
    rig.poll();
    rig
}

fn child_over() -> Rig {
    let mut rig = child_running();
    child_closed(&mut rig).expect("it runs");
    rig
}

fn parent_closed_early() -> Rig {
    let mut rig = initiated();
    rig.terminate().expect("it is open");
    rig
}

fn child_closed(rig: &mut Rig) -> Result<Reply, Rejection> {
    rig.send(Command::ChildClosed(ChildClosed {
        initiated_event_id: 5,
        execution: execution("part", "part-run"),
        close: Box::new(Event::WorkflowExecutionCompletedEventAttributes(Default::default())),
    }))
}

#[test]
fn child_table_is_fresh() {
    let states: [State; 5] = [
        ("initiated", initiated),
        ("running", child_running),
        ("running, workflow task started", child_running_during_task),
        ("closed", child_over),
        ("initiated, parent closed", parent_closed_early),
    ];
    let actions: [Action; 6] = [
        ("It was started", child_runs),
        ("It could not be started", |rig| {
            outcome(rig, MessageOutcome::ChildRefused(StartCause::WorkflowAlreadyExists))
        }),
        ("It closed", child_closed),
        ("It closed, as is told twice", |rig| {
            child_closed(rig)?;
            child_closed(rig)
        }),
        ("CompleteWorkflowExecution", |rig| respond(rig, [complete()])),
        ("The parent is terminated", Rig::terminate),
    ];
    let about = "What happens to a child, as its parent records it (semantics rules 58 to 60, 107 \
                 and 108).";
    expect_file!["../docs/child.md"].assert_eq(&page("Child", about, &states, &actions));
}

fn signalling() -> Rig {
    let attributes = SignalExternalWorkflowExecutionCommandAttributes {
        execution: Some(execution("other", "")),
        signal_name: "go".into(),
        ..Default::default()
    };
    let attributes = Attributes::SignalExternalWorkflowExecutionCommandAttributes(attributes);
    let mut rig = Rig::start();
    rig.step([command(CommandType::SignalExternalWorkflowExecution, attributes)]);
    rig
}

fn signalling_during_task() -> Rig {
    let mut rig = signalling();
    rig.signal("go").expect("it is open");
    rig.poll();
    rig
}

fn cancelling() -> Rig {
    let attributes = RequestCancelExternalWorkflowExecutionCommandAttributes {
        workflow_id: "other".into(),
        ..Default::default()
    };
    let attributes =
        Attributes::RequestCancelExternalWorkflowExecutionCommandAttributes(attributes);
    let mut rig = Rig::start();
    rig.step([command(CommandType::RequestCancelExternalWorkflowExecution, attributes)]);
    rig
}

fn signal_delivered() -> Rig {
    let mut rig = signalling();
    outcome(&mut rig, MessageOutcome::Delivered).expect("it is awaited");
    rig
}

#[test]
fn external_table_is_fresh() {
    let states: [State; 4] = [
        ("signal under way", signalling),
        ("signal under way, workflow task started", signalling_during_task),
        ("cancel request under way", cancelling),
        ("signal delivered", signal_delivered),
    ];
    let actions: [Action; 4] = [
        ("It was delivered", |rig| outcome(rig, MessageOutcome::Delivered)),
        ("The signal was refused", |rig| {
            let cause = SignalCause::ExternalWorkflowExecutionNotFound;
            outcome(rig, MessageOutcome::SignalRefused(cause))
        }),
        ("The cancel request was refused", |rig| {
            let cause = CancelCause::ExternalWorkflowExecutionNotFound;
            outcome(rig, MessageOutcome::CancelRefused(cause))
        }),
        ("The sender is terminated", Rig::terminate),
    ];
    let about = "What becomes of a signal or cancel request to another execution (semantics rules \
                 61 and 62).";
    expect_file!["../docs/external.md"].assert_eq(&page("External", about, &states, &actions));
}
