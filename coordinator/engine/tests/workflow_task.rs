//! Workflow tasks, by what they leave in the history.

#![allow(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod rig;

use std::time::Duration;

use expect_test::expect;
use persevere_engine::{
    Command, CompleteWorkflowTask, QueueName, Rejection, Reply, Task, WorkflowTaskToken,
};
use persevere_proto::api::{
    common::v1::WorkerVersionStamp, enums::v1::WorkflowTaskFailedCause,
    workflowservice::v1::RespondWorkflowTaskCompletedRequest,
};
use rig::{QUEUE, Rig, answer, commands::*, sticky_answer, sticky_queue};

const SECOND: Duration = Duration::from_secs(1);

fn refused_as_invalid<T: std::fmt::Debug>(answer: Result<T, Rejection>, text: &str) {
    assert_eq!(answer.unwrap_err(), Rejection::InvalidArgument(text.into()));
}

/// A run whose worker keeps it in its cache, with a second task waiting for it.
fn sticky_rig() -> Rig {
    let mut rig = Rig::start();
    let task = rig.poll();
    rig.complete_with(&task, sticky_answer([])).unwrap();
    rig.signal("go").unwrap();
    rig
}

/// Semantics rules 1, 21 and 24.
#[test]
fn a_run_walks_from_start_to_completion() {
    let mut rig = Rig::start();
    rig.step([marker("note")]);
    rig.signal("go").unwrap();
    rig.step([complete()]);
    expect![[r#"
        1 WorkflowExecutionStarted
        2 WorkflowTaskScheduled on queue, attempt 1
        3 WorkflowTaskStarted of 2
        4 WorkflowTaskCompleted of 2, 3
        5 MarkerRecorded note
        6 WorkflowExecutionSignaled go
        7 WorkflowTaskScheduled on queue, attempt 1
        8 WorkflowTaskStarted of 7
        9 WorkflowTaskCompleted of 7, 8
        10 WorkflowExecutionCompleted
    "#]]
    .assert_eq(&rig.told());
    assert!(rig.tasks().is_empty());
    assert_eq!(rig.execution.next_deadline(), None);
}

/// Semantics rule 22.
#[test]
fn news_before_the_start_goes_with_the_task_that_waits() {
    let mut rig = Rig::start();
    rig.signal("one").unwrap();
    rig.signal("two").unwrap();
    rig.step([]);
    expect![[r#"
        1 WorkflowExecutionStarted
        2 WorkflowTaskScheduled on queue, attempt 1
        3 WorkflowExecutionSignaled one
        4 WorkflowExecutionSignaled two
        5 WorkflowTaskStarted of 2
        6 WorkflowTaskCompleted of 2, 5
    "#]]
    .assert_eq(&rig.told());
}

/// Semantics rules 23 to 25: the commands first, then what came meanwhile, completions last.
#[test]
fn the_buffer_is_flushed_behind_the_commands_completions_last() {
    let mut rig = Rig::start();
    rig.step([activity("a"), activity("b"), timer("t", 1)]);
    let first = rig.poll_activity();
    let second = rig.poll_activity();
    rig.signal("wake").unwrap();
    let task = rig.poll();
    rig.complete_activity(&first).unwrap();
    rig.signal("middle").unwrap();
    rig.complete_activity(&second).unwrap();
    rig.pass(SECOND);
    let before = rig.history.len();
    rig.complete(&task, [marker("note")]).unwrap();
    expect![[r#"
        11 WorkflowTaskCompleted of 9, 10
        12 MarkerRecorded note
        13 ActivityTaskStarted of 5
        14 WorkflowExecutionSignaled middle
        15 ActivityTaskStarted of 6
        16 TimerFired t of 7
        17 ActivityTaskCompleted of 5, 13
        18 ActivityTaskCompleted of 6, 15
        19 WorkflowTaskScheduled on queue, attempt 1
    "#]]
    .assert_eq(&rig::render::history(&rig.history[before..]));
}

/// Semantics rule 26.
#[test]
fn a_full_buffer_fails_the_task_that_fills_it() {
    let mut rig = Rig::start();
    rig.limits.buffered_events = 2;
    let task = rig.poll();
    rig.signal("1").unwrap();
    rig.signal("2").unwrap();
    assert_eq!(rig.history.len(), 3, "two fit");
    rig.signal("3").unwrap();
    expect![[r#"
        1 WorkflowExecutionStarted
        2 WorkflowTaskScheduled on queue, attempt 1
        3 WorkflowTaskStarted of 2
        4 WorkflowTaskFailed of 2, 3: ForceCloseCommand
        5 WorkflowExecutionSignaled 1
        6 WorkflowExecutionSignaled 2
        7 WorkflowExecutionSignaled 3
    "#]]
    .assert_eq(&rig.told());
    assert_eq!(rig.complete(&task, []).unwrap_err(), Rejection::no_workflow_task());
    assert_eq!(rig.poll().token.attempt, 2);
}

/// Semantics rule 27.
#[test]
fn a_run_does_not_close_over_news() {
    for close in [complete(), fail(), cancel(), continue_as_new()] {
        let mut rig = Rig::start();
        let task = rig.poll();
        rig.signal("go").unwrap();
        refused_as_invalid(rig.complete(&task, [marker("lost"), close]), "UnhandledCommand");
        expect![[r#"
            1 WorkflowExecutionStarted
            2 WorkflowTaskScheduled on queue, attempt 1
            3 WorkflowTaskStarted of 2
            4 WorkflowTaskFailed of 2, 3: UnhandledCommand
            5 WorkflowExecutionSignaled go
            6 WorkflowTaskScheduled on queue, attempt 1
        "#]]
        .assert_eq(&rig.told());
    }
}

/// Semantics rule 27: news that a command of the same answer takes back does not count.
#[test]
fn cancelling_the_timer_that_fired_meanwhile_lets_the_run_close() {
    let mut rig = Rig::start();
    rig.step([timer("t", 1)]);
    rig.signal("go").unwrap();
    let task = rig.poll();
    rig.pass(2 * SECOND);
    rig.complete(&task, [cancel_timer("t"), complete()]).unwrap();
    assert!(!rig.execution.is_running());
}

/// Semantics rules 28 and 51: nothing is written, the task goes on.
#[test]
fn answers_outside_the_protocol_change_nothing() {
    let mut rig = Rig::start();
    let task = rig.poll();
    let mut unknown = complete();
    unknown.command_type = 99;
    refused_as_invalid(rig.complete(&task, [unknown]), "unknown command type: 99");
    refused_as_invalid(
        rig.complete(&task, [complete(), timer("t", 1)]),
        "invalid command sequence: [CompleteWorkflowExecution, StartTimer], command \
         CompleteWorkflowExecution must be the last command.",
    );
    assert_eq!(rig.history.len(), 3);
    rig.complete(&task, [complete()]).unwrap();
}

/// Semantics rule 29.
#[test]
fn an_answer_must_name_the_task_in_progress() {
    let mut rig = Rig::start();
    let task = rig.poll();
    let token = task.token;
    let others = [
        WorkflowTaskToken { scheduled_event_id: 1, ..token },
        WorkflowTaskToken { started_event_id: 4, ..token },
        WorkflowTaskToken { started_time: token.started_time.plus(SECOND), ..token },
        WorkflowTaskToken { attempt: 2, ..token },
    ];
    for token in others {
        let request = Box::new(RespondWorkflowTaskCompletedRequest::default());
        let complete = CompleteWorkflowTask { token, request };
        let refusal = rig.send(Command::CompleteWorkflowTask(complete)).unwrap_err();
        assert_eq!(refusal, Rejection::no_workflow_task(), "{token:?}");
    }
    rig.complete(&task, []).unwrap();
    assert_eq!(rig.complete(&task, []).unwrap_err(), Rejection::no_workflow_task());
}

/// Semantics rules 30 and 32: after the first attempt nothing is written before one completes.
#[test]
fn a_failing_task_leaves_one_failure() {
    let mut rig = Rig::start();
    for _ in 0..3 {
        let task = rig.poll();
        rig.fail_task(&task).unwrap();
    }
    let task = rig.poll();
    assert_eq!((task.token.scheduled_event_id, task.token.started_event_id), (5, 6));
    assert_eq!(rig::render::kinds(&task.transient), "WorkflowTaskScheduled, WorkflowTaskStarted");
    assert_eq!(rig.execution.transient_events().len(), 2);
    rig.complete(&task, []).unwrap();
    expect![[r#"
        1 WorkflowExecutionStarted
        2 WorkflowTaskScheduled on queue, attempt 1
        3 WorkflowTaskStarted of 2
        4 WorkflowTaskFailed of 2, 3: WorkflowWorkerUnhandledFailure
        5 WorkflowTaskScheduled on queue, attempt 4
        6 WorkflowTaskStarted of 5
        7 WorkflowTaskCompleted of 5, 6
    "#]]
    .assert_eq(&rig.told());
}

/// Semantics rule 31.
#[test]
fn a_bad_command_on_a_later_attempt_waits_for_the_time_out() {
    let mut rig = Rig::start();
    let task = rig.poll();
    let text = "BadRecordMarkerAttributes: MarkerName is not set on RecordMarkerCommand.";
    refused_as_invalid(rig.complete(&task, [marker("")]), text);
    let task = rig.poll();
    let before = rig.execution.clone();
    refused_as_invalid(rig.complete(&task, [marker("")]), text);
    assert_eq!(rig.execution, before);
    rig.pass(10 * SECOND);
    assert_eq!(rig.poll().token.attempt, 3);
}

/// Semantics rule 33.
#[test]
fn a_transient_task_with_news_becomes_a_first_attempt() {
    let mut rig = Rig::start();
    let task = rig.poll();
    rig.fail_task(&task).unwrap();
    rig.signal("go").unwrap();
    rig.step([]);
    expect![[r#"
        1 WorkflowExecutionStarted
        2 WorkflowTaskScheduled on queue, attempt 1
        3 WorkflowTaskStarted of 2
        4 WorkflowTaskFailed of 2, 3: WorkflowWorkerUnhandledFailure
        5 WorkflowExecutionSignaled go
        6 WorkflowTaskScheduled on queue, attempt 1
        7 WorkflowTaskStarted of 6
        8 WorkflowTaskCompleted of 6, 7
    "#]]
    .assert_eq(&rig.told());
}

/// Semantics rule 34.
#[test]
fn news_that_waited_for_a_failing_task_makes_the_next_one_a_first_attempt() {
    let mut rig = Rig::start();
    let task = rig.poll();
    rig.fail_task(&task).unwrap();
    let task = rig.poll();
    rig.signal("go").unwrap();
    rig.fail_task(&task).unwrap();
    expect![[r#"
        1 WorkflowExecutionStarted
        2 WorkflowTaskScheduled on queue, attempt 1
        3 WorkflowTaskStarted of 2
        4 WorkflowTaskFailed of 2, 3: WorkflowWorkerUnhandledFailure
        5 WorkflowExecutionSignaled go
        6 WorkflowTaskScheduled on queue, attempt 1
    "#]]
    .assert_eq(&rig.told());
}

/// Semantics rules 35 and 38.
#[test]
fn a_task_that_fails_on_the_sticky_queue_starts_over_on_the_normal_one() {
    let mut rig = sticky_rig();
    assert!(matches!(&rig.tasks()[..], [Task::Workflow { queue, .. }] if *queue == sticky_queue()));
    let task = rig.poll();
    assert_eq!((task.history_from, task.previous_started_event_id), (4, 3));
    rig.fail_task(&task).unwrap();
    let task = rig.poll();
    assert_eq!((task.token.attempt, task.history_from), (1, 1));
    assert_eq!(rig.execution.overlay.sticky, None);
}

/// Semantics rule 36.
#[test]
fn later_attempts_get_more_time() {
    let mut rig = Rig::start();
    let mut spans = Vec::new();
    for _ in 0..13 {
        let started = rig.now;
        rig.poll();
        let deadline = rig.execution.next_deadline().expect("a started task times out");
        spans.push(deadline.since(started).as_secs());
        rig.pass(deadline.since(started));
    }
    assert_eq!(spans, [10, 10, 10, 15, 20, 30, 50, 90, 170, 330, 610, 610, 610]);
    let timed_out = rig::render::kinds(&rig.history).matches("WorkflowTaskTimedOut").count();
    assert_eq!(timed_out, 1, "only the first attempt is written (semantics rule 37)");
}

/// Semantics rule 37.
#[test]
fn a_sticky_worker_that_does_not_come_loses_the_task() {
    let mut rig = sticky_rig();
    rig.pass(5 * SECOND);
    expect![[r#"
        1 WorkflowExecutionStarted
        2 WorkflowTaskScheduled on queue, attempt 1
        3 WorkflowTaskStarted of 2
        4 WorkflowTaskCompleted of 2, 3
        5 WorkflowExecutionSignaled go
        6 WorkflowTaskScheduled on sticky, attempt 1
        7 WorkflowTaskTimedOut of 6, 0: ScheduleToStart
        8 WorkflowTaskScheduled on queue, attempt 1
    "#]]
    .assert_eq(&rig.told());
}

/// Semantics rules 39 and 40.
#[test]
fn a_sticky_task_may_move_to_the_normal_queue_but_not_back() {
    let mut rig = sticky_rig();
    let task = rig.try_poll(QueueName::normal(QUEUE), "poll").unwrap();
    assert_eq!(task.history_from, 1, "a worker without a cache gets all");
    assert_eq!(rig.execution.overlay.sticky, None);
    rig.complete(&task, []).unwrap();
    rig.signal("again").unwrap();
    let refusal = rig.try_poll(sticky_queue(), "poll").unwrap_err();
    assert!(matches!(refusal, Rejection::StaleTask(_)), "{refusal:?}");
}

/// Semantics rules 43 and 44.
#[test]
fn a_heartbeat_gets_the_next_task_until_its_time_is_up() {
    let mut rig = Rig::start();
    let heartbeat = RespondWorkflowTaskCompletedRequest {
        force_create_new_workflow_task: true,
        return_new_workflow_task: true,
        ..sticky_answer([])
    };
    let mut task = rig.poll();
    for _ in 0..225 {
        rig.pass(8 * SECOND);
        let reply = rig.complete_with(&task, heartbeat.clone()).unwrap();
        task = reply.workflow_task.expect("the next task comes with the answer");
        assert_eq!(task.history_from, task.previous_started_event_id + 1);
    }
    rig.pass(8 * SECOND);
    let refusal = rig.complete_with(&task, heartbeat).unwrap_err();
    assert_eq!(refusal, Rejection::NotFound("workflow task heartbeat timeout".into()));
    assert!(rig::render::kinds(&rig.history[678..]).ends_with("WorkflowTaskTimedOut"));
    let again = rig.try_poll(sticky_queue(), "poll").unwrap();
    assert_eq!(again.token.attempt, 2, "it goes on where the worker asked for it");
}

/// Semantics rule 54.
#[test]
#[expect(deprecated, reason = "workers still name their build so")]
fn the_build_that_answered_last_is_known() {
    let mut rig = Rig::start();
    for build in [Some("b1"), Some("b2"), None] {
        let stamp = build.map(|build_id| WorkerVersionStamp {
            build_id: build_id.to_owned(),
            use_versioning: false,
        });
        let task = rig.poll();
        let request = RespondWorkflowTaskCompletedRequest {
            worker_version_stamp: stamp.clone(),
            ..answer([])
        };
        rig.complete_with(&task, request).unwrap();
        assert_eq!(rig.execution.recorded.worker_version, stamp);
        rig.signal("go").unwrap();
    }
    assert_eq!(rig.execution.recorded.reset_points.len(), 3, "one for each build, or none");
}

/// Semantics rule 46.
#[test]
fn repeating_a_poll_repeats_the_answer() {
    let mut rig = Rig::start();
    let queue = QueueName::normal(QUEUE);
    let waiting = rig.execution.clone();
    let first = rig.try_poll(queue.clone(), "poll-1").unwrap();
    let started = std::mem::replace(&mut rig.execution, waiting);
    let offer = rig.tasks();
    rig.execution = started;
    let Task::Workflow { scheduled_event_id, attempt, .. } = offer[0] else { panic!("{offer:?}") };
    let mut poll = |request_id: &str| {
        let command = persevere_engine::StartWorkflowTask {
            scheduled_event_id,
            attempt,
            queue: queue.clone(),
            request_id: request_id.into(),
            identity: "worker".into(),
            worker_version: None,
        };
        rig.send(Command::StartWorkflowTask(command))
    };
    let again = poll("poll-1").unwrap();
    assert_eq!(again, persevere_engine::Reply::WorkflowTask(Box::new(first)));
    let refusal = poll("poll-2").unwrap_err();
    assert!(matches!(refusal, Rejection::StaleTask(_)), "{refusal:?}");
}

/// Semantics rule 47.
#[test]
fn a_long_history_suggests_to_continue_as_new() {
    let mut rig = Rig::start();
    rig.limits.suggest_events = 6;
    rig.step([marker("short")]);
    assert!(!told_to_continue(&rig));
    rig.signal("go").unwrap();
    rig.poll();
    assert!(told_to_continue(&rig));
}

fn told_to_continue(rig: &Rig) -> bool {
    use persevere_proto::api::history::v1::history_event::Attributes;
    rig.history.iter().any(|event| {
        matches!(&event.attributes, Some(Attributes::WorkflowTaskStartedEventAttributes(started))
            if started.suggest_continue_as_new)
    })
}

/// Semantics rule 48.
#[test]
fn a_history_beyond_all_measure_ends_the_run() {
    let mut rig = Rig::start();
    rig.limits.history_events = 4;
    rig.signal("3").unwrap();
    rig.signal("4").unwrap();
    let refused =
        Reply::Refused(Rejection::InvalidArgument("Workflow history count exceeds limit.".into()));
    assert_eq!(rig.signal("5").unwrap(), refused);
    assert!(rig.told().ends_with(
        "5 WorkflowExecutionTerminated by history-service: Workflow history count exceeds limit.\n"
    ));
    assert_eq!(rig.signal("6").unwrap_err(), Rejection::closed());
}

/// Semantics rule 49.
#[test]
fn an_oversize_payload_ends_the_run() {
    let mut rig = Rig::start();
    rig.limits.blob_size = 100;
    let task = rig.poll();
    let text = "BadScheduleActivityAttributes: CompleteWorkflowExecutionCommandAttributes.Result \
                exceeds size limit.";
    refused_as_invalid(rig.complete(&task, [complete_with(&"x".repeat(200))]), text);
    expect![[r#"
        1 WorkflowExecutionStarted
        2 WorkflowTaskScheduled on queue, attempt 1
        3 WorkflowTaskStarted of 2
        4 WorkflowTaskFailed of 2, 3: BadScheduleActivityAttributes
        5 WorkflowExecutionTerminated by history-service: BadScheduleActivityAttributes: CompleteWorkflowExecutionCommandAttributes.Result exceeds size limit.
    "#]]
    .assert_eq(&rig.told());
}

/// Semantics rule 49.
#[test]
fn a_completion_too_large_to_send_ends_the_run() {
    let mut rig = Rig::start();
    let task = rig.poll();
    rig.signal("go").unwrap();
    rig.fail_task_for(&task, WorkflowTaskFailedCause::GrpcMessageTooLarge).unwrap();
    expect![[r#"
        1 WorkflowExecutionStarted
        2 WorkflowTaskScheduled on queue, attempt 1
        3 WorkflowTaskStarted of 2
        4 WorkflowTaskFailed of 2, 3: ForceCloseCommand
        5 WorkflowExecutionSignaled go
        6 WorkflowExecutionTerminated by history-service: GrpcMessageTooLarge
    "#]]
    .assert_eq(&rig.told());
}

/// Semantics rule 48: the event that makes a history too large is still taken, the next is not.
#[test]
fn a_history_beyond_its_bytes_takes_no_more() {
    let mut rig = Rig::start();
    rig.signal("go").unwrap();
    rig.limits.history_bytes = rig.execution.recorded.history_bytes;
    rig.signal("the last").unwrap();
    let refused =
        Reply::Refused(Rejection::InvalidArgument("Workflow history size exceeds limit.".into()));
    assert_eq!(rig.signal("too many").unwrap(), refused);
    assert!(!rig.execution.is_running());
}

/// Semantics rule 50.
#[test]
fn termination_fails_the_started_task_first() {
    let mut rig = Rig::start();
    rig.poll();
    rig.signal("go").unwrap();
    rig.terminate().unwrap();
    expect![[r#"
        1 WorkflowExecutionStarted
        2 WorkflowTaskScheduled on queue, attempt 1
        3 WorkflowTaskStarted of 2
        4 WorkflowTaskFailed of 2, 3: ForceCloseCommand
        5 WorkflowExecutionSignaled go
        6 WorkflowExecutionTerminated by client: enough
    "#]]
    .assert_eq(&rig.told());
    assert_eq!(rig.terminate().unwrap_err(), Rejection::closed());
}

/// A start that is lost in a crash leaves a task that is offered again.
#[test]
fn a_start_may_be_lost() {
    let rig = Rig::start();
    let context_limits = rig.limits.clone();
    let namespaces = Default::default();
    let context = persevere_engine::Context::new(rig.now, 9, &context_limits, &namespaces);
    let Task::Workflow { queue, scheduled_event_id, attempt } = rig.tasks().remove(0) else {
        panic!("a workflow task waits")
    };
    let command = persevere_engine::StartWorkflowTask {
        scheduled_event_id,
        attempt,
        queue,
        request_id: "poll".into(),
        identity: "worker".into(),
        worker_version: None,
    };
    let command = Command::StartWorkflowTask(command);
    let transition = persevere_engine::decide(&rig.execution, command, &context).unwrap();
    assert_eq!(transition.durability, persevere_engine::Durability::Deferred);
    assert_eq!(rig.tasks().len(), 1);
}

/// Semantics rule 53.
#[test]
fn a_command_describes_its_event() {
    use persevere_proto::api::sdk::v1::UserMetadata;
    let metadata =
        UserMetadata { summary: payloads("why").payloads.pop(), ..UserMetadata::default() };
    let mut described = marker("note");
    described.user_metadata = Some(metadata.clone());
    let mut rig = Rig::start();
    let task = rig.poll();
    rig.complete_with(&task, answer([described, complete()])).unwrap();
    let summaries = rig.history.iter().map(|event| event.user_metadata.clone());
    assert_eq!(summaries.collect::<Vec<_>>()[4..], [Some(metadata), None]);
}
