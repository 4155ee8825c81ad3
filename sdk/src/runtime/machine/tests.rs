//! The tables in the machines' docs, row by row.

use std::time::Duration;

use super::*;
use crate::runtime::{failures::is_cancelled, spec::CancellationType};

/// A step in few words: what is emitted, withdrawn, told about the start and resolved.
fn words(step: Result<Step, Impossible>) -> String {
    let step = match step {
        Ok(step) => step,
        Err(Impossible { state }) => return format!("impossible while {state}"),
    };
    let told = |ok: bool, failure: Option<&Failure>| match failure {
        _ if ok => "ok",
        Some(failure) if is_cancelled(failure) => "cancelled",
        _ => "failed",
    };
    let mut words = Vec::new();
    words.extend(step.emit.map(|_| "emit cancel".to_owned()));
    words.extend(step.withdraw.map(|role| format!("withdraw {role:?}").to_lowercase()));
    words.extend(step.started.map(|s| format!("start {}", told(s.is_ok(), s.as_ref().err()))));
    words.extend(step.resolve.map(|r| format!("resolve {}", told(r.is_ok(), r.as_ref().err()))));
    words.join(", ")
}

fn run(mut machine: Machine, inputs: Vec<Input>) -> Vec<String> {
    inputs.into_iter().map(|input| words(machine.step(input))).collect()
}

fn activity(cancellation: CancellationType) -> Machine {
    Machine::Activity(Activity::new("1".into(), "charge".into(), cancellation))
}

fn child(cancellation: CancellationType) -> Machine {
    Machine::Child(Child::new("default".into(), "kid".into(), "kid".into(), cancellation))
}

fn recorded() -> Input {
    Input::Recorded { event_id: 5 }
}

fn started() -> Input {
    Input::Started { run_id: "run".into() }
}

fn done() -> Input {
    Input::Settled(Ok(None))
}

fn refused() -> Input {
    Input::Refused { failure: Failure::default() }
}

#[test]
fn an_activity_runs_to_its_result() {
    let steps = run(activity(CancellationType::TryCancel), vec![recorded(), done(), Input::Cancel]);
    assert_eq!(steps, ["", "resolve ok", ""]);
}

#[test]
fn an_activity_that_was_never_scheduled_is_withdrawn() {
    let steps = run(activity(CancellationType::TryCancel), vec![Input::Cancel, recorded()]);
    assert_eq!(steps, ["withdraw begin, resolve cancelled", "impossible while closed"]);
}

#[test]
fn cancelling_an_activity_resolves_at_once_or_when_it_has_stopped() {
    let inputs = || vec![recorded(), Input::Cancel, Input::Cancel, Input::CancelRecorded, done()];
    assert_eq!(
        run(activity(CancellationType::TryCancel), inputs()),
        ["", "emit cancel, resolve cancelled", "", "", "resolve ok"]
    );
    assert_eq!(
        run(activity(CancellationType::WaitForCompletion), inputs()),
        ["", "emit cancel", "", "", "resolve ok"]
    );
}

#[test]
fn an_abandoned_activity_is_not_asked_to_stop() {
    let steps = run(activity(CancellationType::Abandon), vec![recorded(), Input::Cancel, done()]);
    assert_eq!(steps, ["", "resolve cancelled", "resolve ok"]);
}

#[test]
fn a_cancellation_that_comes_too_late_is_withdrawn() {
    let inputs = || vec![recorded(), Input::Cancel, done()];
    assert_eq!(
        run(activity(CancellationType::WaitForCompletion), inputs()),
        ["", "emit cancel", "withdraw cancel, resolve ok"]
    );
    let timer = Machine::Timer(Timer::new("1".into(), Duration::from_secs(1)));
    assert_eq!(run(timer, inputs()), ["", "emit cancel, resolve cancelled", "withdraw cancel"]);
}

#[test]
fn a_timer_cannot_fire_before_it_was_recorded() {
    let timer = Machine::Timer(Timer::new("1".into(), Duration::from_secs(1)));
    assert_eq!(run(timer, vec![done()]), ["impossible while requested"]);
}

#[test]
fn a_child_starts_and_closes() {
    let steps = run(child(CancellationType::TryCancel), vec![recorded(), started(), done()]);
    assert_eq!(steps, ["", "start ok", "resolve ok"]);
}

#[test]
fn a_child_that_cannot_start_fails_both_waits() {
    let steps = run(child(CancellationType::TryCancel), vec![recorded(), refused()]);
    assert_eq!(steps, ["", "start failed, resolve failed"]);
}

#[test]
fn a_child_cancelled_before_it_started_is_asked_once_it_has() {
    let inputs = || vec![recorded(), Input::Cancel, started(), Input::CancelRecorded, done()];
    assert_eq!(
        run(child(CancellationType::WaitForCompletion), inputs()),
        ["", "", "emit cancel, start ok", "", "resolve ok"]
    );
    assert_eq!(
        run(child(CancellationType::TryCancel), inputs()),
        ["", "start cancelled, resolve cancelled", "emit cancel, start ok", "", "resolve ok"]
    );
    assert_eq!(
        run(child(CancellationType::Abandon), vec![recorded(), Input::Cancel, started(), done()]),
        ["", "start cancelled, resolve cancelled", "start ok", "resolve ok"]
    );
}

#[test]
fn a_signal_that_was_sent_cannot_be_called_back() {
    let signal = || Machine::External(External::signal("other".into(), "hi".into()));
    assert_eq!(
        run(signal(), vec![recorded(), Input::Cancel, done()]),
        ["", "resolve cancelled", "resolve ok"]
    );
    assert_eq!(run(signal(), vec![Input::Cancel]), ["withdraw begin, resolve cancelled"]);
    assert_eq!(run(signal(), vec![recorded(), refused()]), ["", "resolve failed"]);
}
