//! Timers, by what they leave in the history.

mod rig;

use std::time::Duration;

use persevere_engine::Rejection;
use persevere_proto::{
    api::command::v1::{Command, command::Attributes},
    wkt,
};
use rig::{Rig, commands::*, render};

const SECOND: Duration = Duration::from_secs(1);

fn since(rig: &Rig, event: usize) -> String {
    render::kinds(&rig.history[event..])
}

/// Semantics rules 57 and 64.
#[test]
fn a_timer_fires_at_its_time_and_wakes_the_workflow() {
    let mut rig = Rig::start();
    rig.step([timer("t", 30)]);
    assert_eq!(rig.execution.next_deadline(), Some(rig.now.plus(30 * SECOND)));
    rig.pass(29 * SECOND);
    assert_eq!(rig.history.len(), 5);
    rig.pass(SECOND);
    assert_eq!(since(&rig, 5), "TimerFired, WorkflowTaskScheduled");
    assert_eq!(rig.history[5].event_time, Some(rig.now.into()));
}

/// Timers that fell due while the coordinator was down fire once, in the order of their times.
#[test]
fn overdue_timers_fire_in_order() {
    let mut rig = Rig::start();
    rig.step([timer("late", 30), timer("early", 10), timer("same", 10), timer("never", 10_000)]);
    rig.sleep_through(100 * SECOND);
    let told = rig.told();
    let fired: Vec<&str> =
        told.lines().map(str::trim).filter(|line| line.contains("TimerFired")).collect();
    assert_eq!(
        fired,
        ["9 TimerFired early of 6", "10 TimerFired same of 7", "11 TimerFired late of 5"]
    );
    rig.tick();
    assert_eq!(rig.told(), told);
}

/// Semantics rule 57; no time at all is a time.
#[test]
fn a_timer_of_no_time_fires_at_once() {
    let mut rig = Rig::start();
    rig.step([timer("t", 0)]);
    assert_eq!(rig.execution.next_deadline(), Some(rig.now));
    rig.tick();
    assert_eq!(since(&rig, 5), "TimerFired, WorkflowTaskScheduled");
}

/// Semantics rule 57.
#[test]
fn a_cancelled_timer_does_not_fire() {
    let mut rig = Rig::start();
    rig.step([timer("t", 30)]);
    rig.signal("stop").unwrap();
    rig.step([cancel_timer("t")]);
    rig.pass(60 * SECOND);
    assert_eq!(rig.history.last().map(render::kind).as_deref(), Some("TimerCanceled"));
    assert_eq!(rig.execution.next_deadline(), None);
}

/// Semantics rule 27: the firing waits in the buffer, and cancelling takes it back.
#[test]
fn cancelling_takes_a_waiting_firing_back_and_lets_the_run_close() {
    let mut rig = Rig::start();
    rig.step([timer("t", 5)]);
    rig.signal("stop").unwrap();
    let task = rig.poll();
    rig.pass(6 * SECOND);
    rig.complete(&task, [cancel_timer("t"), complete()]).unwrap();
    assert_eq!(since(&rig, 8), "WorkflowTaskCompleted, TimerCanceled, WorkflowExecutionCompleted");
}

/// A timer whose firing waits frees its id; each firing names the timer it belongs to.
#[test]
fn an_id_may_be_used_again_while_a_firing_waits() {
    let mut rig = Rig::start();
    rig.step([timer("t", 5)]);
    rig.signal("go").unwrap();
    let task = rig.poll();
    rig.pass(6 * SECOND);
    rig.complete(&task, [timer("t", 20)]).unwrap();
    rig.step([]);
    rig.pass(30 * SECOND);
    let told = rig.told();
    let fired: Vec<&str> = told.lines().filter(|line| line.contains("TimerFired")).collect();
    assert_eq!(fired, ["11 TimerFired t of 5", "15 TimerFired t of 10"]);
}

/// Semantics rules 51 and 57; texts as the reference words them.
#[test]
fn a_bad_timer_command_fails_the_workflow_task() {
    let mut negative = timer("t", 0);
    if let Some(Attributes::StartTimerCommandAttributes(attributes)) = &mut negative.attributes {
        attributes.start_to_fire_timeout = Some(wkt::Duration { seconds: -1, nanos: 0 });
    }
    let table: [(Vec<Command>, &str); 6] = [
        (vec![timer("", 1)], "BadStartTimerAttributes: TimerId is not set on StartTimerCommand."),
        (
            vec![negative],
            "BadStartTimerAttributes: An invalid StartToFireTimeout is set on StartTimerCommand: \
             negative duration. TimerId=t",
        ),
        (
            vec![timer("t", 1), timer("t", 2)],
            "StartTimerDuplicateId: invalid history builder state for action: \
             add-timer-started-event, TimerID: t",
        ),
        (
            vec![cancel_timer("zz")],
            "BadCancelTimerAttributes: invalid history builder state for action: \
             add-timer-canceled-event, TimerID: zz",
        ),
        (
            vec![cancel_timer("")],
            "BadCancelTimerAttributes: TimerId is not set on CancelTimerCommand.",
        ),
        (
            vec![timer("t", 1), cancel_timer("t"), cancel_timer("t")],
            "BadCancelTimerAttributes: invalid history builder state for action: \
             add-timer-canceled-event, TimerID: t",
        ),
    ];
    for (commands, text) in table {
        let mut rig = Rig::start();
        let task = rig.poll();
        let refused: Rejection = rig.complete(&task, commands).unwrap_err();
        assert_eq!(refused.to_string(), text);
    }
}

/// In virtual time: each of many timers fires once.
#[test]
fn a_season_of_daily_timers() {
    let mut rig = Rig::start();
    rig.step([timer("day-0", 86_400)]);
    for day in 1..=90 {
        rig.pass(86_400 * SECOND);
        rig.step([timer(&format!("day-{day}"), 86_400)]);
    }
    let fired = rig.history.iter().filter(|event| render::kind(event) == "TimerFired").count();
    assert_eq!(fired, 90);
}
