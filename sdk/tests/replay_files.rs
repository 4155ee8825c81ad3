//! Histories in files, as `temporal workflow show --output json` writes them, replayed by Rust code.
//!
//! `hello_python.json` was recorded by the official Python SDK: a timer, then an activity. The two
//! SDKs number operations alike, so the same workflow in Rust replays it.

#![allow(clippy::unwrap_used, reason = "in a test, unwrapping is an assertion")]

use std::time::Duration;

use persevere::{
    replay::{ReplayMismatch, history_from_json, history_to_json, replay_file},
    runtime::{
        spec::{ActivityOptions, ActivitySpec, TimerSpec, WorkflowExit, WorkflowRegistration},
        surface::{Operation, schedule_activity, start_timer},
    },
};

const RECORDED: &str = "tests/histories/hello_python.json";

#[track_caller]
fn timer() -> Operation {
    let location = std::panic::Location::caller();
    start_timer(TimerSpec { duration: Duration::from_millis(200), summary: None, location })
}

#[track_caller]
fn greet() -> Operation {
    schedule_activity(ActivitySpec {
        kind: "greet".into(),
        input: Vec::new(),
        options: ActivityOptions::default(),
        location: std::panic::Location::caller(),
    })
}

fn hello() -> WorkflowRegistration {
    WorkflowRegistration {
        name: "Hello".into(),
        start: |_| {
            Ok(Box::pin(async {
                timer().await.map_err(WorkflowExit::Failed)?;
                greet().await.map_err(WorkflowExit::Failed)
            }))
        },
    }
}

#[test]
fn a_history_of_another_sdk_replays() {
    replay_file(&hello(), RECORDED).unwrap();
}

#[test]
fn other_code_does_not_replay_and_the_message_shows_both_sides() {
    let swapped = WorkflowRegistration {
        name: "Hello".into(),
        start: |_| {
            Ok(Box::pin(async {
                greet().await.map_err(WorkflowExit::Failed)?;
                timer().await.map_err(WorkflowExit::Failed)
            }))
        },
    };
    let message = replay_file(&swapped, RECORDED).unwrap_err().to_string();
    assert!(message.contains("history event 5 is TimerStarted(id 1); the code at "), "{message}");
    assert!(message.contains("sdk/tests/replay_files.rs:"), "{message}");
    assert!(message.ends_with("now schedules activity greet (id 1)"), "{message}");
}

#[test]
fn a_history_of_another_type_and_a_missing_file_are_named() {
    let other = WorkflowRegistration { name: "Other".into(), ..hello() };
    let message = replay_file(&other, RECORDED).unwrap_err().to_string();
    assert_eq!(message, "the history is of workflow type Hello, not Other");
    let missing = replay_file(&hello(), "tests/histories/none.json").unwrap_err();
    assert!(matches!(missing, ReplayMismatch::File { .. }), "{missing}");
}

#[test]
fn a_history_survives_being_written_and_read_as_json() {
    let text = std::fs::read_to_string(RECORDED).unwrap();
    let history = history_from_json(&text).unwrap();
    assert!(history.events.len() > 10);
    let again = history_from_json(&history_to_json(&history).unwrap()).unwrap();
    assert_eq!(again, history);
}

#[test]
fn text_that_is_no_history_is_refused_with_the_command_that_makes_one() {
    let message = history_from_json("[1, 2").unwrap_err().to_string();
    assert!(message.contains("temporal workflow show --output json"), "{message}");
}
