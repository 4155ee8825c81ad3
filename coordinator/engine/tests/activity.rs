//! Activities, by what they leave in the history and in the hands of workers.

mod rig;

use std::time::Duration;

use persevere_engine::{
    ActivityStage, ActivityTarget, ActivityTaskHandout, Command, Rejection, Reply, StartActivity,
};
use persevere_proto::api::{
    command::v1::{
        Command as WorkflowCommand, RequestCancelActivityTaskCommandAttributes,
        ScheduleActivityTaskCommandAttributes, command::Attributes as CommandAttributes,
    },
    common::v1::{Payload, Payloads, RetryPolicy},
    enums::v1::{CommandType, RetryState, TimeoutType},
    failure::v1::{Failure, failure::FailureInfo},
    history::v1::{ActivityTaskTimedOutEventAttributes, history_event::Attributes},
    workflowservice::v1 as api,
};
use rig::{Rig, commands::*, render, seconds};

const SECOND: Duration = Duration::from_secs(1);

fn activity_with(
    change: impl FnOnce(&mut ScheduleActivityTaskCommandAttributes),
) -> WorkflowCommand {
    let mut command = activity("a");
    if let Some(CommandAttributes::ScheduleActivityTaskCommandAttributes(attributes)) =
        &mut command.attributes
    {
        change(attributes);
    }
    command
}

fn attempts(maximum_attempts: i32) -> Option<RetryPolicy> {
    Some(RetryPolicy { maximum_attempts, ..RetryPolicy::default() })
}

fn cancel_activity(scheduled_event_id: i64) -> WorkflowCommand {
    let attributes = RequestCancelActivityTaskCommandAttributes { scheduled_event_id };
    let attributes = CommandAttributes::RequestCancelActivityTaskCommandAttributes(attributes);
    command(CommandType::RequestCancelActivityTask, attributes)
}

/// A run with one activity, scheduled by event 5.
fn scheduled(change: impl FnOnce(&mut ScheduleActivityTaskCommandAttributes)) -> Rig {
    let mut rig = Rig::start();
    rig.step([activity_with(change)]);
    rig
}

fn fail(rig: &mut Rig, task: &ActivityTaskHandout, failure: Failure) -> Result<Reply, Rejection> {
    let request = api::RespondActivityTaskFailedRequest {
        failure: Some(failure),
        identity: "worker".into(),
        ..Default::default()
    };
    rig.send(Command::FailActivity(rig::target(task), Box::new(request)))
}

fn heartbeat(
    rig: &mut Rig,
    task: &ActivityTaskHandout,
    details: Option<Payloads>,
) -> Result<Reply, Rejection> {
    let request = api::RecordActivityTaskHeartbeatRequest { details, ..Default::default() };
    rig.send(Command::HeartbeatActivity(rig::target(task), Box::new(request)))
}

fn give_in(rig: &mut Rig, task: &ActivityTaskHandout) -> Result<Reply, Rejection> {
    rig.send(Command::CancelActivity(rig::target(task), Box::default()))
}

/// The kinds of events from the sixth on: after the one that scheduled the activity.
fn since(rig: &Rig) -> String {
    render::kinds(&rig.history[5..])
}

fn failed_state(rig: &Rig) -> RetryState {
    let mut states = rig.history.iter().rev().filter_map(|event| match &event.attributes {
        Some(Attributes::ActivityTaskFailedEventAttributes(failed)) => Some(failed.retry_state()),
        _ => None,
    });
    states.next().expect("the activity failed")
}

fn timed_out(rig: &Rig) -> &ActivityTaskTimedOutEventAttributes {
    let mut ends = rig.history.iter().rev().filter_map(|event| match &event.attributes {
        Some(Attributes::ActivityTaskTimedOutEventAttributes(timed_out)) => Some(timed_out),
        _ => None,
    });
    ends.next().expect("the activity timed out")
}

/// Kind of time-out, message and retry state of the last end by time-out.
fn time_out(rig: &Rig) -> (TimeoutType, String, RetryState) {
    let end = timed_out(rig);
    let failure = end.failure.as_ref().expect("every time-out says what happened");
    let Some(FailureInfo::TimeoutFailureInfo(info)) = &failure.failure_info else {
        panic!("not a time-out: {failure:?}")
    };
    (info.timeout_type(), failure.message.clone(), end.retry_state())
}

/// Semantics rules 56 and 64.
#[test]
fn the_start_is_written_with_the_end() {
    let mut rig = scheduled(|_| ());
    let task = rig.poll_activity();
    assert_eq!(since(&rig), "");
    rig.complete_activity(&task).unwrap();
    assert_eq!(since(&rig), "ActivityTaskStarted, ActivityTaskCompleted, WorkflowTaskScheduled");
    let Some(Attributes::ActivityTaskCompletedEventAttributes(completed)) =
        &rig.history[6].attributes
    else {
        panic!("{:?}", rig.history[6])
    };
    assert_eq!((completed.scheduled_event_id, completed.started_event_id), (5, 6));
}

/// Semantics rules 23 to 25 and 56: the buffered pair is joined when it is let through.
#[test]
fn an_end_during_a_workflow_task_waits_for_it_behind_other_news() {
    let mut rig = scheduled(|_| ());
    let activity = rig.poll_activity();
    rig.signal("one").unwrap();
    let task = rig.poll();
    rig.complete_activity(&activity).unwrap();
    rig.signal("two").unwrap();
    rig.complete(&task, []).unwrap();
    let told = render::kinds(&rig.history[9..]);
    assert_eq!(
        told,
        "ActivityTaskStarted, WorkflowExecutionSignaled, ActivityTaskCompleted, \
         WorkflowTaskScheduled"
    );
    assert!(rig.told().contains("12 ActivityTaskCompleted of 5, 10"), "{}", rig.told());
    assert_eq!(rig.complete_activity(&activity), Err(Rejection::no_activity()));
}

/// Semantics rule 65: run time-out 100 s; asked for => schedule-to-close, schedule-to-start,
/// start-to-close, heartbeat that hold. 0 is none.
#[test]
fn timeouts_are_filled_in_and_fitted_into_one_another() {
    let table = [
        ([0, 0, 10, 0], [100, 100, 10, 0]),
        ([500, 700, 600, 800], [100, 100, 100, 100]),
        ([5, 0, 0, 0], [5, 5, 5, 0]),
        ([0, 3, 10, 0], [100, 3, 10, 0]),
        ([5, 8, 7, 9], [5, 5, 5, 5]),
        ([0, 0, 7, 9], [100, 100, 7, 7]),
    ];
    for (asked, holds) in table {
        let mut rig = Rig::start_with(api::StartWorkflowExecutionRequest {
            workflow_run_timeout: seconds(100),
            ..rig::start_request()
        });
        rig.step([activity_with(|it| {
            it.schedule_to_close_timeout = seconds(asked[0]);
            it.schedule_to_start_timeout = seconds(asked[1]);
            it.start_to_close_timeout = seconds(asked[2]);
            it.heartbeat_timeout = seconds(asked[3]);
        })]);
        let event = &rig.execution.recorded.activities[&5].scheduled;
        let found = [
            event.schedule_to_close_timeout,
            event.schedule_to_start_timeout,
            event.start_to_close_timeout,
            event.heartbeat_timeout,
        ];
        assert_eq!(found, holds.map(seconds), "asked for {asked:?}");
    }
}

/// Semantics rules 51, 52 and 65; texts as the reference words them.
#[test]
fn a_bad_activity_fails_the_workflow_task() {
    type Change = fn(&mut ScheduleActivityTaskCommandAttributes);
    let table: [(Change, &str); 5] = [
        (|it| it.start_to_close_timeout = None, "a valid StartToCloseTimeout or ScheduleToClose"),
        (|it| it.activity_id.clear(), "activityId is not set"),
        (|it| it.activity_type = None, "activityType is not set"),
        (|it| it.retry_policy = attempts(-1), "MaximumAttempts cannot be negative"),
        (|it| it.activity_id = "x".repeat(1001), "Length=1001 Limit=1000"),
    ];
    for (change, problem) in table {
        let mut rig = Rig::start();
        let task = rig.poll();
        let refused = rig.complete(&task, [activity_with(change)]).unwrap_err().to_string();
        assert!(refused.starts_with("BadScheduleActivityAttributes: "), "{refused}");
        assert!(refused.contains(problem), "{refused}");
        assert!(rig.told().contains("BadScheduleActivityAttributes"), "{}", rig.told());
    }
    let mut rig = Rig::start();
    let task = rig.poll();
    let refused = rig.complete(&task, [activity("a"), activity("a")]).unwrap_err();
    assert!(refused.to_string().starts_with("ScheduleActivityDuplicateId: "), "{refused}");

    let mut rig = Rig::start();
    rig.limits.pending = 2;
    let task = rig.poll();
    let three = [activity("a"), activity("b"), activity("c")];
    assert_eq!(
        rig.complete(&task, three).unwrap_err().to_string(),
        "PendingActivitiesLimitExceeded: the number of pending activities, 2, has reached the \
         per-workflow limit of 2"
    );
}

/// Semantics rules 67, 68, 70 and 71.
#[test]
fn a_failure_is_retried_without_an_event_until_the_attempts_are_used_up() {
    let mut rig = scheduled(|it| it.retry_policy = attempts(3));
    for attempt in 1..=2 {
        let task = rig.poll_activity();
        assert_eq!(task.attempt, attempt);
        fail(&mut rig, &task, failure("boom")).unwrap();
        assert_eq!(since(&rig), "");
        assert!(rig.tasks().is_empty(), "the next attempt waits for its time");
        rig.pass(Duration::from_secs(u64::from(attempt)));
    }
    let task = rig.poll_activity();
    fail(&mut rig, &task, failure("at last")).unwrap();
    assert_eq!(since(&rig), "ActivityTaskStarted, ActivityTaskFailed, WorkflowTaskScheduled");
    assert_eq!(failed_state(&rig), RetryState::MaximumAttemptsReached);
    let Some(Attributes::ActivityTaskStartedEventAttributes(started)) = &rig.history[5].attributes
    else {
        panic!("{:?}", rig.history[5])
    };
    assert_eq!(started.attempt, 3);
    assert_eq!(started.last_failure, Some(failure("boom")));
}

/// Semantics rules 68 to 70: why a failure is not retried.
#[test]
fn a_failure_that_is_not_retried_says_why() {
    let non_retryable = |failure: &mut Failure| {
        if let Some(FailureInfo::ApplicationFailureInfo(info)) = &mut failure.failure_info {
            info.non_retryable = true;
        }
    };
    let mut rig = scheduled(|_| ());
    let task = rig.poll_activity();
    let mut fatal = failure("fatal");
    non_retryable(&mut fatal);
    fail(&mut rig, &task, fatal).unwrap();
    assert_eq!(failed_state(&rig), RetryState::NonRetryableFailure);

    let mut rig = scheduled(|it| {
        let non_retryable_error_types = vec!["Boom".to_owned()];
        it.retry_policy = Some(RetryPolicy { non_retryable_error_types, ..Default::default() });
    });
    let task = rig.poll_activity();
    fail(&mut rig, &task, failure("boom")).unwrap();
    assert_eq!(failed_state(&rig), RetryState::NonRetryableFailure);

    let mut rig = scheduled(|it| it.schedule_to_close_timeout = seconds(1));
    rig.pass(SECOND / 2);
    let task = rig.poll_activity();
    fail(&mut rig, &task, failure("boom")).unwrap();
    assert_eq!(failed_state(&rig), RetryState::Timeout, "no time for another attempt");

    let mut rig = scheduled(|_| ());
    let task = rig.poll_activity();
    rig.signal("stop").unwrap();
    rig.step([cancel_activity(5)]);
    fail(&mut rig, &task, failure("boom")).unwrap();
    assert_eq!(failed_state(&rig), RetryState::CancelRequested);
}

/// Semantics rule 69.
#[test]
fn a_failure_may_ask_for_its_own_delay() {
    let mut rig = scheduled(|_| ());
    let task = rig.poll_activity();
    let mut late = failure("later");
    if let Some(FailureInfo::ApplicationFailureInfo(info)) = &mut late.failure_info {
        info.next_retry_delay = seconds(500);
    }
    fail(&mut rig, &task, late).unwrap();
    assert_eq!(rig.execution.next_deadline(), Some(rig.now.plus(500 * SECOND)));
    rig.pass(500 * SECOND);
    assert_eq!(rig.poll_activity().current_attempt_scheduled_time, rig.now);
}

/// Semantics rules 66, 68 and 72: what is asked for, whether it is taken, and how it ends.
#[test]
fn each_timeout_ends_the_activity_in_its_way() {
    use TimeoutType as T;
    const NO_TIME: &str = "Not enough time to schedule next retry before activity ScheduleToClose \
                           timeout, giving up retrying";
    type Change = fn(&mut ScheduleActivityTaskCommandAttributes);
    let table: [(Change, bool, T, &str, RetryState); 6] = [
        (
            |it| it.schedule_to_start_timeout = seconds(2),
            false,
            T::ScheduleToStart,
            "activity ScheduleToStart timeout",
            RetryState::Timeout,
        ),
        (
            // It also bounds schedule-to-start, which comes first.
            |it| it.schedule_to_close_timeout = seconds(2),
            false,
            T::ScheduleToStart,
            "activity ScheduleToStart timeout",
            RetryState::Timeout,
        ),
        (
            |it| it.schedule_to_close_timeout = seconds(2),
            true,
            T::ScheduleToClose,
            NO_TIME,
            RetryState::Timeout,
        ),
        (
            |it| {
                it.start_to_close_timeout = seconds(2);
                it.retry_policy = attempts(1);
            },
            true,
            T::StartToClose,
            "activity StartToClose timeout",
            RetryState::MaximumAttemptsReached,
        ),
        (
            |it| {
                it.heartbeat_timeout = seconds(2);
                it.retry_policy = attempts(1);
            },
            true,
            T::Heartbeat,
            "activity Heartbeat timeout",
            RetryState::MaximumAttemptsReached,
        ),
        (
            |it| {
                it.start_to_close_timeout = seconds(2);
                it.schedule_to_close_timeout = seconds(3);
                it.retry_policy =
                    Some(RetryPolicy { initial_interval: seconds(5), ..Default::default() });
            },
            true,
            T::ScheduleToClose,
            NO_TIME,
            RetryState::Timeout,
        ),
    ];
    for (change, taken, kind, message, retry_state) in table {
        let mut rig = scheduled(change);
        if taken {
            rig.pass(SECOND / 2);
            rig.poll_activity();
        }
        rig.pass(3 * SECOND);
        assert_eq!(time_out(&rig), (kind, message.to_owned(), retry_state));
        let started = if taken { "ActivityTaskStarted, " } else { "" };
        assert_eq!(since(&rig), format!("{started}ActivityTaskTimedOut, WorkflowTaskScheduled"));
        assert_eq!(timed_out(&rig).started_event_id, if taken { 6 } else { 0 });
    }
}

/// Semantics rules 72 and 73.
#[test]
fn a_timeout_names_the_failure_before_it_and_the_last_heartbeat() {
    let mut rig = scheduled(|it| {
        it.heartbeat_timeout = seconds(2);
        it.retry_policy = attempts(2);
    });
    let task = rig.poll_activity();
    fail(&mut rig, &task, failure("first")).unwrap();
    rig.pass(SECOND);
    let task = rig.poll_activity();
    heartbeat(&mut rig, &task, Some(payloads("half"))).unwrap();
    rig.pass(5 * SECOND);
    let failure = timed_out(&rig).failure.as_ref().unwrap();
    assert_eq!(failure.cause.as_ref().unwrap().message, "first");
    let Some(FailureInfo::TimeoutFailureInfo(info)) = &failure.failure_info else {
        panic!("{failure:?}")
    };
    assert_eq!(info.last_heartbeat_details, Some(payloads("half")));
}

/// Semantics rule 73.
#[test]
fn heartbeats_keep_an_attempt_alive_and_their_details_reach_the_next_one() {
    let mut rig = scheduled(|it| it.heartbeat_timeout = seconds(2));
    let task = rig.poll_activity();
    for _ in 0..5 {
        rig.pass(SECOND * 3 / 2);
        let reply = heartbeat(&mut rig, &task, Some(payloads("so far")));
        assert_eq!(reply, Ok(Reply::Heartbeat { cancel_requested: false }));
    }
    rig.pass(3 * SECOND);
    assert_eq!(heartbeat(&mut rig, &task, None), Err(Rejection::no_activity()), "timed out");
    rig.pass(SECOND);
    let next = rig.poll_activity();
    assert_eq!((next.attempt, next.heartbeat_details), (2, Some(payloads("so far"))));
}

/// Semantics rule 76.
#[test]
fn a_token_is_good_for_its_attempt_alone() {
    let mut rig = scheduled(|_| ());
    let old = rig.poll_activity();
    fail(&mut rig, &old, failure("boom")).unwrap();
    assert_eq!(rig.complete_activity(&old), Err(Rejection::no_activity()));
    rig.pass(SECOND);
    let new = rig.poll_activity();
    assert_eq!(rig.complete_activity(&old), Err(Rejection::no_activity()));
    rig.terminate().unwrap();
    assert_eq!(rig.complete_activity(&new), Err(Rejection::closed()));
    assert_eq!(heartbeat(&mut rig, &new, None), Err(Rejection::closed()));
}

/// Semantics rule 77: by id an activity is completed even if no worker has it; a failure or a
/// heartbeat needs a running attempt.
#[test]
fn an_activity_is_found_by_its_id() {
    let target = || ActivityTarget::Id("a".into());
    let mut rig = scheduled(|_| ());
    let failed = Command::FailActivity(target(), Box::default());
    assert_eq!(rig.send(failed), Err(Rejection::no_activity()));
    let beat = Command::HeartbeatActivity(target(), Box::default());
    assert_eq!(rig.send(beat), Err(Rejection::no_activity()));
    let request = api::RespondActivityTaskCompletedRequest {
        identity: "operator".into(),
        ..Default::default()
    };
    rig.send(Command::CompleteActivity(target(), Box::new(request))).unwrap();
    assert_eq!(since(&rig), "ActivityTaskStarted, ActivityTaskCompleted, WorkflowTaskScheduled");
    let again = rig.send(Command::CompleteActivity(target(), Box::default()));
    assert_eq!(
        again.unwrap_err().to_string(),
        "cannot find pending activity with ActivityID a, check workflow execution history for \
         more details"
    );
}

/// Semantics rule 75.
#[test]
fn cancellation_is_a_request_that_the_activity_may_give_in_to() {
    let mut rig = scheduled(|_| ());
    let task = rig.poll_activity();
    let unasked = give_in(&mut rig, &task).unwrap_err();
    assert!(matches!(unasked, Rejection::InvalidArgument(_)), "{unasked}");
    rig.signal("stop").unwrap();
    rig.step([cancel_activity(5)]);
    let reply = heartbeat(&mut rig, &task, None);
    assert_eq!(reply, Ok(Reply::Heartbeat { cancel_requested: true }));
    give_in(&mut rig, &task).unwrap();
    let told = render::kinds(&rig.history[9..]);
    assert_eq!(
        told,
        "ActivityTaskCancelRequested, ActivityTaskStarted, ActivityTaskCanceled, \
         WorkflowTaskScheduled"
    );
}

/// Semantics rules 24, 45 and 55.
#[test]
fn an_activity_that_nobody_has_is_cancelled_at_once_behind_the_other_commands() {
    let mut rig = Rig::start();
    rig.step([activity("a"), cancel_activity(5), activity("a")]);
    assert_eq!(
        render::kinds(&rig.history[4..]),
        "ActivityTaskScheduled, ActivityTaskCancelRequested, ActivityTaskScheduled, \
         ActivityTaskCanceled, WorkflowTaskScheduled"
    );
    let mut rig = scheduled(|_| ());
    rig.signal("stop").unwrap();
    rig.step([cancel_activity(5), complete()]);
    assert_eq!(
        render::kinds(&rig.history[8..]),
        "WorkflowTaskCompleted, ActivityTaskCancelRequested, WorkflowExecutionCompleted",
        "a run may close over what its own task has cancelled"
    );
}

/// Semantics rule 51: twice, unknown, or closed.
#[test]
fn only_an_open_activity_can_be_cancelled() {
    for cancelled in [[cancel_activity(77), marker("m")], [cancel_activity(5), cancel_activity(5)]]
    {
        let mut rig = scheduled(|_| ());
        rig.poll_activity();
        rig.signal("stop").unwrap();
        let task = rig.poll();
        let refused = rig.complete(&task, cancelled).unwrap_err().to_string();
        assert!(refused.starts_with("BadRequestCancelActivityAttributes: "), "{refused}");
    }
}

/// Semantics rule 79.
#[test]
fn eager_activities_come_with_the_reply_unless_cancelled_or_closed() {
    let eager = |id: &str| {
        activity_with(|it| {
            it.activity_id = id.into();
            it.request_eager_execution = true;
        })
    };
    let mut rig = Rig::start();
    let reply = rig.step([eager("a"), eager("b"), cancel_activity(6), activity("c")]);
    let handed: Vec<_> = reply.activity_tasks.iter().map(|it| it.activity_id.as_str()).collect();
    assert_eq!(handed, ["a"]);
    let stage = &rig.execution.overlay.activities[&5].stage;
    assert!(matches!(stage, ActivityStage::Started(_)), "{stage:?}");
    assert_eq!(rig.poll_activity().activity_id, "c", "the others are offered");
    rig.complete_activity(&reply.activity_tasks[0]).unwrap();

    let mut rig = Rig::start();
    let reply = rig.step([eager("a"), complete()]);
    assert!(reply.activity_tasks.is_empty());
}

/// Semantics rule 78.
#[test]
fn what_is_too_large_becomes_a_failure_that_is_not_retried() {
    let large =
        Some(Payloads { payloads: vec![Payload { data: vec![b'x'; 100], ..Payload::default() }] });
    let begin = || {
        let mut rig = scheduled(|_| ());
        rig.limits.blob_size = 50;
        let task = rig.poll_activity();
        (rig, task)
    };
    let message = |rig: &Rig| match &rig.history[6].attributes {
        Some(Attributes::ActivityTaskFailedEventAttributes(failed)) => {
            assert_eq!(failed.retry_state(), RetryState::NonRetryableFailure);
            failed.failure.as_ref().map(|it| it.message.clone()).unwrap_or_default()
        }
        other => panic!("{other:?}"),
    };
    let (mut rig, task) = begin();
    let result =
        api::RespondActivityTaskCompletedRequest { result: large.clone(), ..Default::default() };
    rig.send(Command::CompleteActivity(rig::target(&task), Box::new(result))).unwrap();
    assert_eq!(message(&rig), "Complete result exceeds size limit.");

    let (mut rig, task) = begin();
    let reply = heartbeat(&mut rig, &task, large);
    assert_eq!(reply, Ok(Reply::Heartbeat { cancel_requested: true }));
    assert_eq!(message(&rig), "Heartbeat details exceed size limit.");

    let (mut rig, task) = begin();
    fail(&mut rig, &task, failure(&"m".repeat(100))).unwrap();
    assert_eq!(message(&rig), "Failure exceeds size limit.");
}

/// Semantics rule 71: what is kept of a large failure for the next attempt is cut.
#[test]
fn a_large_failure_is_cut_for_the_next_attempt() {
    let mut rig = scheduled(|_| ());
    let task = rig.poll_activity();
    fail(&mut rig, &task, failure(&"m".repeat(10_000))).unwrap();
    let kept = rig.execution.overlay.activities[&5].last_failure.as_ref().unwrap();
    assert_eq!(kept.message, "Failure exceeds size limit.");
    assert!(kept.cause.as_ref().unwrap().message.len() < 4096);
}

/// Semantics rule 121: a start is the same for the same poll, and stale for any other.
#[test]
fn an_attempt_is_handed_out_to_one_poll() {
    let mut rig = scheduled(|_| ());
    let start = |request_id: &str, attempt: u32| {
        Command::StartActivity(StartActivity {
            scheduled_event_id: 5,
            attempt,
            request_id: request_id.into(),
            identity: "worker".into(),
            worker_version: None,
        })
    };
    let first = rig.send(start("poll", 1)).unwrap();
    assert_eq!(rig.send(start("poll", 1)), Ok(first));
    for stale in [start("other", 1), start("poll", 2)] {
        assert!(matches!(rig.send(stale), Err(Rejection::StaleTask(_))));
    }
}

/// Semantics rule 66: while the coordinator was down an activity missed its end; it ends once.
#[test]
fn a_timeout_that_passed_unseen_takes_effect_once() {
    let mut rig = scheduled(|it| it.schedule_to_close_timeout = seconds(2));
    let task = rig.poll_activity();
    fail(&mut rig, &task, failure("boom")).unwrap();
    rig.sleep_through(3600 * SECOND);
    assert_eq!(since(&rig), "ActivityTaskTimedOut, WorkflowTaskScheduled");
    assert_eq!(time_out(&rig).0, TimeoutType::ScheduleToClose);
    rig.sleep_through(3600 * SECOND);
    assert!(rig.execution.overlay.activities.is_empty());
}
