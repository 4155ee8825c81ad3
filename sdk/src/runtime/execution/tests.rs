//! Histories in, commands out, without a server, a clock or an async runtime.

mod history;

use std::{cell::RefCell, rc::Rc, time::Duration};

use expect_test::{Expect, expect};
use futures_util::{FutureExt, future::Either, future::select, pin_mut};
use persevere_proto::api::{
    command::v1::{Command, command::Attributes},
    common::v1::Payload,
};

use self::history::{History, payload};
use super::{Execution, FeedError, LiveTask};
use crate::runtime::{
    spec::{
        ActivityOptions, ActivitySpec, DecodeError, TimerSpec, WorkflowExit, WorkflowFuture,
        WorkflowRegistration,
    },
    surface::{self, Operation},
    task_failure::{RunName, TaskFailure},
};

type Start = fn(Vec<Payload>) -> Result<WorkflowFuture, DecodeError>;

fn execution(start: Start) -> Execution {
    let run = RunName {
        workflow_id: "order-42".into(),
        run_id: "run-1".into(),
        workflow_type: "pay".into(),
    };
    let registration = WorkflowRegistration { name: "pay".into(), start };
    Execution::new(run, "default", "queue", registration)
}

/// Feeds a history whose last task is open and runs that task.
fn run(start: Start, history: History) -> Result<Vec<Command>, FeedError> {
    let mut execution = execution(start);
    let live = history.live();
    execution.feed(history.events)?;
    Ok(execution.run_live(live)?)
}

/// The commands in words.
fn words(commands: &[Command]) -> Vec<String> {
    commands.iter().map(|command| word(command.attributes.as_ref().unwrap())).collect()
}

fn word(attributes: &Attributes) -> String {
    use Attributes as A;
    match attributes {
        A::ScheduleActivityTaskCommandAttributes(a) => {
            format!("schedule {}", a.activity_type.clone().unwrap().name)
        }
        A::RequestCancelActivityTaskCommandAttributes(a) => {
            format!("cancel activity of event {}", a.scheduled_event_id)
        }
        A::StartTimerCommandAttributes(a) => format!("start timer {}", a.timer_id),
        A::CancelTimerCommandAttributes(a) => format!("cancel timer {}", a.timer_id),
        A::CompleteWorkflowExecutionCommandAttributes(a) => {
            let result = a.result.clone().map(|result| result.payloads[0].data.clone());
            format!("complete {}", String::from_utf8(result.unwrap_or_default()).unwrap())
        }
        A::FailWorkflowExecutionCommandAttributes(a) => {
            format!("fail: {}", a.failure.clone().unwrap().message)
        }
        A::CancelWorkflowExecutionCommandAttributes(_) => "close as cancelled".into(),
        other => format!("{other:?}"),
    }
}

fn mismatch(start: Start, history: History, expected: &Expect) {
    let failure = match run(start, history) {
        Err(FeedError::Task(failure)) => failure,
        other => panic!("expected a mismatch, not {other:?}"),
    };
    // Line numbers move with every edit of this file.
    let message = failure.to_string();
    let line = message.find("tests.rs:").map(|at| {
        let line = message[at + 9..].split(|c: char| !c.is_ascii_digit()).next().unwrap();
        message.replacen(&format!("tests.rs:{line}"), "tests.rs:LINE", 1)
    });
    expected.assert_eq(&line.unwrap_or(message));
}

#[track_caller]
fn activity(kind: &str) -> Operation {
    surface::schedule_activity(ActivitySpec {
        kind: kind.into(),
        input: Vec::new(),
        options: ActivityOptions::default(),
        location: std::panic::Location::caller(),
    })
}

#[track_caller]
fn timer(seconds: u64) -> Operation {
    surface::start_timer(TimerSpec {
        duration: Duration::from_secs(seconds),
        summary: None,
        location: std::panic::Location::caller(),
    })
}

fn charge_then_receipt() -> Start {
    |_| {
        Ok(Box::pin(async {
            let charged = activity("charge").await.map_err(WorkflowExit::Failed)?;
            activity("receipt").await.map_err(WorkflowExit::Failed)?;
            Ok(charged)
        }))
    }
}

#[test]
fn the_first_task_schedules_the_first_activity() {
    let commands = run(charge_then_receipt(), History::started().task()).unwrap();
    assert_eq!(words(&commands), ["schedule charge"]);
}

#[test]
fn a_replayed_task_sends_nothing_again() {
    let history = History::started()
        .completed_task()
        .activity_scheduled("1", "charge")
        .activity_completed(5, "paid")
        .task();
    assert_eq!(words(&run(charge_then_receipt(), history).unwrap()), ["schedule receipt"]);
}

#[test]
fn the_last_result_completes_the_workflow() {
    let history = History::started()
        .completed_task()
        .activity_scheduled("1", "charge")
        .activity_completed(5, "paid")
        .completed_task()
        .activity_scheduled("2", "receipt")
        .activity_completed(10, "sent")
        .task();
    assert_eq!(words(&run(charge_then_receipt(), history).unwrap()), ["complete paid"]);
}

#[test]
fn a_run_in_memory_takes_up_where_its_last_task_ended() {
    let mut execution = execution(charge_then_receipt());
    let history = History::started().task();
    let live = history.live();
    execution.feed(history.events.clone()).unwrap();
    assert_eq!(words(&execution.run_live(live).unwrap()), ["schedule charge"]);

    let history = history
        .task_completes()
        .activity_scheduled("1", "charge")
        .activity_completed(5, "paid")
        .task();
    let live = history.live();
    // Events it has seen may come again.
    execution.feed(history.events.clone()).unwrap();
    assert_eq!(words(&execution.run_live(live).unwrap()), ["schedule receipt"]);
}

#[test]
fn other_code_is_told_both_sides_and_the_line() {
    let start: Start = |_| {
        Ok(Box::pin(async {
            timer(5).await.map_err(WorkflowExit::Failed)?;
            Ok(None)
        }))
    };
    let history = History::started()
        .completed_task()
        .activity_scheduled("1", "charge")
        .activity_completed(5, "paid")
        .task();
    mismatch(
        start,
        history,
        &expect![
            "workflow order-42 (pay, run run-1) does not replay: history event 5 is ActivityTaskScheduled(charge); the code at sdk/src/runtime/execution/tests.rs:LINE now starts a timer of 5s (id 1)"
        ],
    );
}

#[test]
fn code_that_does_less_is_told_what_it_waits_for() {
    let history = History::started()
        .completed_task()
        .activity_scheduled("1", "charge")
        .activity_scheduled("2", "audit")
        .task();
    mismatch(
        charge_then_receipt(),
        history,
        &expect![
            "workflow order-42 (pay, run run-1) does not replay: history event 6 is ActivityTaskScheduled(audit); the code now only waits at this point, for activity charge (id 1) at sdk/src/runtime/execution/tests.rs:LINE"
        ],
    );
}

#[test]
fn code_that_does_more_is_told_where_the_history_goes_on() {
    let history = History::started().completed_task().signal("hello").task();
    mismatch(
        charge_then_receipt(),
        history,
        &expect![
            "workflow order-42 (pay, run run-1) does not replay: history event 5 is WorkflowExecutionSignaled; the code at sdk/src/runtime/execution/tests.rs:LINE now schedules activity charge (id 1)"
        ],
    );
}

#[test]
fn code_that_ends_too_early_is_told_so() {
    let start: Start = |_| Ok(Box::pin(async { Ok(None) }));
    let history =
        History::started().completed_task().activity_scheduled("1", "charge").completed_task();
    mismatch(
        start,
        history.task(),
        &expect![
            "workflow order-42 (pay, run run-1) does not replay: history event 5 is ActivityTaskScheduled(charge); the code now completes the workflow"
        ],
    );
}

fn race() -> Start {
    |_| {
        Ok(Box::pin(async {
            let patience = timer(60);
            let approval = surface::receive_signal("approve");
            pin_mut!(approval);
            // The signal comes first in the source.
            let winner = match select(approval, patience).await {
                Either::Left(_) => "approved",
                Either::Right(_) => "expired",
            };
            Ok(Some(payload(winner)))
        }))
    }
}

#[test]
fn of_two_events_in_one_task_the_earlier_one_wins() {
    let waiting = || History::started().completed_task().timer_started("1");
    let timer_first = waiting().timer_fired("1", 5).signal("approve").task();
    assert_eq!(words(&run(race(), timer_first).unwrap()), ["complete expired"]);
    let signal_first = waiting().signal("approve").timer_fired("1", 5).task();
    assert_eq!(words(&run(race(), signal_first).unwrap()), ["complete approved"]);
}

#[test]
fn the_loser_of_a_race_is_cancelled() {
    let history = History::started().completed_task().timer_started("1").signal("approve").task();
    let commands = words(&run(race(), history).unwrap());
    assert_eq!(commands, ["cancel timer 1", "complete approved"]);
}

#[test]
fn what_is_begun_and_dropped_in_one_task_leaves_no_trace() {
    let start: Start = |_| {
        Ok(Box::pin(async {
            drop(timer(60));
            drop(activity("charge"));
            Ok(None)
        }))
    };
    assert_eq!(words(&run(start, History::started().task()).unwrap()), ["complete "]);
}

#[test]
fn signals_that_precede_the_first_task_are_there_when_the_function_starts() {
    let start: Start = |_| {
        Ok(Box::pin(async {
            let signal = surface::try_receive_signal("hi").unwrap();
            Ok(Some(payload(if signal.is_some() { "there" } else { "missing" })))
        }))
    };
    let history = History::started().signal("hi").task();
    assert_eq!(words(&run(start, history).unwrap()), ["complete there"]);
}

#[test]
fn a_failed_task_leaves_its_events_to_the_next() {
    let history = History::started()
        .failed_task()
        .signal("hello")
        .completed_task()
        .activity_scheduled("1", "charge")
        .task();
    assert_eq!(words(&run(charge_then_receipt(), history).unwrap()), [""; 0]);
}

#[test]
fn a_gap_is_stale_memory_and_no_failure() {
    let mut execution = execution(charge_then_receipt());
    let history = History::started().task();
    let mut events = history.events;
    events.remove(1);
    assert!(matches!(execution.feed(events), Err(FeedError::Stale)));
}

#[test]
fn a_task_that_the_server_lost_makes_memory_stale() {
    let mut execution = execution(charge_then_receipt());
    let history = History::started().task();
    let live = history.live();
    execution.feed(history.events.clone()).unwrap();
    execution.run_live(live).unwrap();
    let lost = history.task_fails().task();
    assert!(matches!(execution.feed(lost.events), Err(FeedError::Stale)));
}

#[test]
fn cancelling_the_run_cancels_what_is_awaited_but_not_what_is_shielded() {
    let start: Start = |_| {
        Ok(Box::pin(async {
            let tidy = async {
                activity("tidy").await.unwrap();
            };
            let shielded = surface::shielded(tidy);
            let work = activity("work");
            let (work, ()) = futures_util::join!(work, shielded);
            let failure = work.unwrap_err();
            assert!(surface::is_cancelled(&failure));
            Err(WorkflowExit::Cancelled(Vec::new()))
        }))
    };
    let scheduled = History::started()
        .completed_task()
        .activity_scheduled("1", "work")
        .activity_scheduled("2", "tidy")
        .cancel_requested();
    // `join!` polls in source order, so the work is scheduled first.
    assert_eq!(
        words(&run(start, scheduled.clone().task()).unwrap()),
        ["cancel activity of event 5"]
    );
    let tidied = scheduled.activity_completed(6, "done").task();
    assert_eq!(
        words(&run(start, tidied).unwrap()),
        ["cancel activity of event 5", "close as cancelled"]
    );
}

#[test]
fn two_waits_for_one_signal_share_what_comes() {
    let start: Start = |_| {
        Ok(Box::pin(async {
            let both =
                futures_util::join!(surface::receive_signal("n"), surface::receive_signal("n"));
            assert!(both.0.is_ok() && both.1.is_ok());
            Ok(None)
        }))
    };
    let one = History::started().completed_task().signal("n").task();
    assert!(run(start, one.clone()).unwrap().is_empty());
    let two = one.task_completes().signal("n").task();
    assert_eq!(words(&run(start, two).unwrap()), ["complete "]);
}

thread_local! {
    static DROPPED: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

struct Noisy;

impl Drop for Noisy {
    fn drop(&mut self) {
        DROPPED.with_borrow_mut(|dropped| {
            let context = surface::now().is_ok();
            dropped.push(if context { "inside" } else { "outside" });
        });
        drop(activity("from a destructor"));
    }
}

#[test]
fn teardown_runs_destructors_outside_of_the_workflow() {
    let start: Start = |_| {
        Ok(Box::pin(async {
            let _noisy = Noisy;
            activity("charge").await.map_err(WorkflowExit::Failed)
        }))
    };
    let mut execution = execution(start);
    let history = History::started().task();
    let live = history.live();
    execution.feed(history.events).unwrap();
    execution.run_live(live).unwrap();
    drop(execution);
    assert_eq!(DROPPED.take(), ["outside"]);
}

#[test]
fn runs_on_one_thread_do_not_mix() {
    let start: Start = |input| {
        let name = String::from_utf8(input[0].data.clone()).unwrap();
        Ok(Box::pin(async move {
            activity(&format!("{name} 1")).await.map_err(WorkflowExit::Failed)?;
            activity(&format!("{name} 2")).await.map_err(WorkflowExit::Failed)?;
            Ok(None)
        }))
    };
    let mut runs = [execution(start), execution(start)];
    for (run, name) in runs.iter_mut().zip(["a", "b"]) {
        let history = History::started_with(name).task();
        run.feed(history.events.clone()).unwrap();
        assert_eq!(words(&run.run_live(history.live()).unwrap()), [format!("schedule {name} 1")]);
    }
    for (run, name) in runs.iter_mut().zip(["a", "b"]) {
        let history = History::started_with(name)
            .completed_task()
            .activity_scheduled("1", &format!("{name} 1"))
            .activity_completed(5, "")
            .task();
        run.feed(history.events.clone()).unwrap();
        assert_eq!(words(&run.run_live(history.live()).unwrap()), [format!("schedule {name} 2")]);
    }
}

#[test]
fn outside_of_a_workflow_everything_says_so_and_nothing_panics() {
    let refused = activity("charge").now_or_never().unwrap().unwrap_err();
    assert!(refused.message.contains("was not called inside a workflow"), "{}", refused.message);
    assert!(surface::now().is_err() && surface::uuid4().is_err());
    let wait = surface::receive_signal("n").now_or_never().unwrap();
    assert!(wait.is_err());
}

#[test]
fn a_thread_started_by_a_workflow_is_not_inside_it() {
    let start: Start = |_| {
        Ok(Box::pin(async {
            assert!(surface::now().is_ok());
            let elsewhere = std::thread::spawn(|| surface::now().is_ok()).join().unwrap();
            Ok(Some(payload(if elsewhere { "inside" } else { "outside" })))
        }))
    };
    assert_eq!(words(&run(start, History::started().task()).unwrap()), ["complete outside"]);
}

#[test]
fn a_panic_fails_the_task_with_its_message_and_leaves_no_context_behind() {
    let start: Start = |_| {
        Ok(Box::pin(async {
            surface::now().map(|_| -> Option<Payload> { panic!("an order") }).unwrap();
            Ok(None)
        }))
    };
    let Err(FeedError::Task(TaskFailure::Panicked { message, .. })) =
        run(start, History::started().task())
    else {
        panic!("the task should fail")
    };
    assert_eq!(message, "an order");
    assert!(surface::now().is_err());
}

#[test]
fn random_numbers_and_time_are_the_same_in_every_replay() {
    let start: Start = |_| {
        Ok(Box::pin(async {
            let text = format!("{} {:?}", surface::uuid4().unwrap(), surface::now().unwrap());
            Ok(Some(payload(&text)))
        }))
    };
    let once = || words(&run(start, History::started().task()).unwrap());
    assert_eq!(once(), once());
}

#[test]
fn a_live_task_whose_started_event_is_not_in_the_history_still_runs() {
    // A retried task's events are not stored; the server may leave them out of a page.
    let mut execution = execution(charge_then_receipt());
    execution.feed(History::started().events).unwrap();
    let live = LiveTask { started_event_id: 3, started: std::time::SystemTime::UNIX_EPOCH };
    assert_eq!(words(&execution.run_live(live).unwrap()), ["schedule charge"]);
    let next = History::started()
        .completed_task()
        .activity_scheduled("1", "charge")
        .activity_completed(5, "paid")
        .task();
    let live = next.live();
    execution.feed(next.events).unwrap();
    assert_eq!(words(&execution.run_live(live).unwrap()), ["schedule receipt"]);
}

#[test]
fn what_runs_before_the_close_holds_the_close_back() {
    let start: Start = |_| {
        Ok(Box::pin(async {
            surface::before_close(Box::pin(async {
                drop(activity("undo").await);
            }))
            .unwrap();
            Ok(None)
        }))
    };
    let history = History::started().task();
    assert_eq!(words(&run(start, history).unwrap()), ["schedule undo"]);
    let history = History::started()
        .completed_task()
        .activity_scheduled("1", "undo")
        .activity_completed(5, "")
        .task();
    assert_eq!(words(&run(start, history).unwrap()), ["complete "]);
}

#[test]
fn a_query_looks_at_the_state_and_cannot_change_it() {
    let start: Start = |_| {
        Ok(Box::pin(async {
            let log = Rc::new(RefCell::new(vec!["started"]));
            let seen = log.clone();
            surface::register_query("log", move |_| Ok(Some(payload(&seen.borrow().join(",")))))
                .unwrap();
            surface::register_query("act", |_| activity("charge").now_or_never().unwrap()).unwrap();
            activity("charge").await.map_err(WorkflowExit::Failed)?;
            log.borrow_mut().push("charged");
            surface::receive_signal("end").await.map_err(WorkflowExit::Failed)?;
            Ok(None)
        }))
    };
    let history = History::started()
        .completed_task()
        .activity_scheduled("1", "charge")
        .activity_completed(5, "")
        .completed_task();
    let mut execution = execution(start);
    execution.feed(history.events).unwrap();
    let log = execution.query("log", Vec::new()).unwrap().unwrap();
    assert_eq!(log.data, b"started,charged");
    let refused = execution.query("act", Vec::new()).unwrap_err();
    assert!(refused.message.contains("queries only look"), "{}", refused.message);
    let stack = execution.query("__stack_trace", Vec::new()).unwrap().unwrap();
    let stack = String::from_utf8(stack.data).unwrap();
    assert!(stack.starts_with("\"signal end at sdk/src/runtime/execution/tests.rs:"), "{stack}");
    execution.expect_all_recorded().unwrap();
}

/// Draws a number after a second and has it charged.
fn charge_at_random() -> Start {
    |_| {
        Ok(Box::pin(async {
            let refused = |error: surface::NoWorkflowContext| Err(error.into());
            let draw = move |_| surface::random_u64().map(|_| None).or_else(refused);
            let take = move |_| surface::try_receive_signal("go").map(|_| None).or_else(refused);
            let exit = move |_| {
                surface::exit(WorkflowExit::Cancelled(Vec::new())).map(|()| None).or_else(refused)
            };
            surface::register_query("draw", draw).unwrap();
            surface::register_query("take", take).unwrap();
            surface::register_query("exit", exit).unwrap();
            timer(1).await.map_err(WorkflowExit::Failed)?;
            let signal = surface::try_receive_signal("go").unwrap();
            let kind = format!("{} {}", surface::random_u64().unwrap(), signal.is_some());
            activity(&kind).await.map_err(WorkflowExit::Failed)
        }))
    }
}

#[test]
fn a_query_changes_nothing_that_a_replay_would_miss() {
    let replay = |queries: &[&str]| {
        let mut execution = execution(charge_at_random());
        let first = History::started().completed_task().timer_started("1").signal("go");
        execution.feed(first.events.clone()).unwrap();
        for query in queries {
            let refused = execution.query(query, Vec::new()).unwrap_err();
            assert!(refused.message.contains("queries only look"), "{}", refused.message);
        }
        let whole = first.timer_fired("1", 5).task();
        let live = whole.live();
        execution.feed(whole.events).unwrap();
        words(&execution.run_live(live).unwrap())
    };
    assert_eq!(replay(&["draw", "take", "exit"]), replay(&[]));
}

#[test]
fn whoever_watches_for_cancellation_is_noted_once_however_often_it_looks() {
    let start: Start = |_| {
        Ok(Box::pin(async {
            let cancelled = surface::until_cancel_requested();
            pin_mut!(cancelled);
            for _ in 0..3 {
                drop(select(cancelled.as_mut(), timer(1)).await);
            }
            timer(1).await.map_err(WorkflowExit::Failed)
        }))
    };
    let mut execution = execution(start);
    let mut history = History::started().completed_task().timer_started("1");
    for (began, id) in [(5, "1"), (10, "2"), (15, "3")] {
        let next: u32 = id.parse::<u32>().unwrap() + 1;
        history = history.timer_fired(id, began).completed_task().timer_started(&next.to_string());
    }
    execution.feed(history.events).unwrap();
    assert_eq!(execution.context.state.borrow().cancel_waiters.len(), 1);
}
