//! Chains of runs: continue-as-new, and the retry of workflows.

#![allow(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod rig;

use std::time::Duration;

use persevere_engine::{Execution, Time, Transition};
use persevere_proto::api::{
    command::v1::ContinueAsNewWorkflowExecutionCommandAttributes,
    common::v1::{Memo, RetryPolicy, WorkflowType},
    enums::v1::{ContinueAsNewInitiator, RetryState},
    history::v1::{HistoryEvent, history_event::Attributes},
    workflow::v1::ResetPoints,
    workflowservice::v1::StartWorkflowExecutionRequest,
};
use rig::{Rig, commands::*, render::kinds, seconds, start_request};

const SECOND: Duration = Duration::from_secs(1);

fn retried(policy: RetryPolicy) -> StartWorkflowExecutionRequest {
    StartWorkflowExecutionRequest {
        retry_policy: Some(policy),
        last_completion_result: Some(payloads("last")),
        input: Some(payloads("in")),
        ..start_request()
    }
}

/// The run that continues the one of `rig`, which has closed.
fn next_run(rig: &mut Rig) -> Rig {
    assert!(!rig.execution.is_running());
    let next: Transition = rig.with.pop().expect("a run continues this one");
    Rig::of(next, rig.now)
}

fn backoff(execution: &Execution) -> Duration {
    execution.first_task_due().since(execution.recorded.started_time)
}

/// How a closing event speaks of the next run: its id, and why it is there or not.
fn closing(events: &[HistoryEvent]) -> (String, RetryState) {
    match events.last().and_then(|event| event.attributes.clone()) {
        Some(Attributes::WorkflowExecutionFailedEventAttributes(e)) => {
            (e.new_execution_run_id.clone(), e.retry_state())
        }
        Some(Attributes::WorkflowExecutionTimedOutEventAttributes(e)) => {
            (e.new_execution_run_id.clone(), e.retry_state())
        }
        other => panic!("not the closing event of a run that may be retried: {other:?}"),
    }
}

/// Semantics rules 3 and 16.
#[test]
fn continuing_as_new_begins_a_run_of_the_same_chain() {
    let mut rig = Rig::start();
    rig.pass(2 * SECOND);
    let command = ContinueAsNewWorkflowExecutionCommandAttributes {
        input: Some(payloads("more")),
        memo: Some(Memo::default()),
        ..Default::default()
    };
    rig.step([continue_as_new_with(command)]);
    let next = next_run(&mut rig);
    let (first, started) = (&rig.execution.key, &next.execution.recorded.started);
    assert_eq!(started.first_execution_run_id, first.run_id);
    assert_eq!(started.continued_execution_run_id, first.run_id);
    assert_eq!(started.original_execution_run_id, next.execution.key.run_id);
    assert_eq!(started.initiator(), ContinueAsNewInitiator::Workflow);
    assert_eq!(started.workflow_type, Some(WorkflowType { name: "order".into() }));
    assert_eq!(started.input, Some(payloads("more")));
    assert_eq!(started.identity, "");
    assert_eq!(started.memo, None, "one without fields is none");
    assert_eq!(kinds(&next.history), "WorkflowExecutionStarted, WorkflowTaskScheduled");
    let Some(Attributes::WorkflowExecutionContinuedAsNewEventAttributes(event)) =
        &rig.history.last().expect("it closed").attributes
    else {
        panic!("{}", rig.told())
    };
    assert_eq!(event.new_execution_run_id, next.execution.key.run_id);
    assert_eq!(event.workflow_run_timeout, seconds(0));
    assert_eq!(event.initiator, 0, "as the command has it");
}

/// Semantics rule 17.
#[test]
fn runs_that_continue_as_new_at_once_are_a_second_apart() {
    let mut rig = Rig::start();
    rig.pass(Duration::from_millis(300));
    rig.step([continue_as_new()]);
    let mut next = next_run(&mut rig);
    assert_eq!(backoff(&next.execution), Duration::from_millis(700));
    assert!(next.tasks().is_empty());
    next.pass(Duration::from_millis(700));
    assert_eq!(next.tasks().len(), 1);
}

/// Semantics rule 12.
#[test]
fn the_chain_expires_when_its_first_run_said() {
    let request = StartWorkflowExecutionRequest {
        workflow_execution_timeout: seconds(10),
        workflow_run_timeout: seconds(6),
        retry_policy: Some(RetryPolicy::default()),
        ..start_request()
    };
    let mut rig = Rig::start_with(request);
    rig.pass(5 * SECOND);
    rig.step([continue_as_new()]);
    let mut next = next_run(&mut rig);
    let began: Time = rig::BEGIN;
    assert_eq!(next.execution.execution_deadline(), Some(began.plus(10 * SECOND)));
    next.pass(6 * SECOND);
    assert_eq!(closing(&next.history), (String::new(), RetryState::Timeout));
}

/// Semantics rules 18 and 19.
#[test]
fn a_failed_run_is_tried_again() {
    let mut rig =
        Rig::start_with(retried(RetryPolicy { maximum_attempts: 3, ..Default::default() }));
    for attempt in [2, 3] {
        rig.step([fail()]);
        let next = next_run(&mut rig);
        let expected = (next.execution.key.run_id.clone(), RetryState::InProgress);
        assert_eq!(closing(&rig.history), expected);
        let started = &next.execution.recorded.started;
        assert_eq!(started.attempt, attempt);
        assert_eq!(started.initiator(), ContinueAsNewInitiator::Retry);
        assert_eq!(started.continued_failure, Some(failure("boom")));
        assert_eq!(started.input, Some(payloads("in")));
        assert_eq!(started.last_completion_result, None, "as in the reference server");
        let wait = backoff(&next.execution);
        assert_eq!(wait, SECOND * (attempt as u32 - 1));
        rig = next;
        rig.pass(wait);
    }
    rig.step([fail()]);
    let expected = (String::new(), RetryState::MaximumAttemptsReached);
    assert_eq!(closing(&rig.history), expected);
    assert!(rig.with.is_empty());
}

/// Semantics rule 19.
#[test]
fn a_run_that_took_too_long_is_tried_again() {
    let request = StartWorkflowExecutionRequest {
        workflow_run_timeout: seconds(3),
        ..retried(RetryPolicy::default())
    };
    let mut rig = Rig::start_with(request);
    rig.poll();
    rig.pass(3 * SECOND);
    let next = next_run(&mut rig);
    assert_eq!(closing(&rig.history).1, RetryState::InProgress);
    let failure = next.execution.recorded.started.continued_failure.clone();
    assert_eq!(failure.expect("why").message, "workflow timeout");
    let points = next.execution.recorded.started.prev_auto_reset_points.clone();
    assert_eq!(points, Some(ResetPoints::default()), "nothing to go back to");
    assert!(kinds(&rig.history).ends_with("WorkflowTaskFailed, WorkflowExecutionTimedOut"));
}

/// Semantics rule 19: what is not tried again.
#[test]
fn some_ends_are_final() {
    let final_ends = [
        (
            RetryPolicy { non_retryable_error_types: vec!["Boom".into()], ..Default::default() },
            RetryState::NonRetryableFailure,
        ),
        (
            RetryPolicy { maximum_attempts: 1, ..Default::default() },
            RetryState::MaximumAttemptsReached,
        ),
    ];
    for (policy, why) in final_ends {
        let mut rig = Rig::start_with(retried(policy));
        rig.step([fail()]);
        assert_eq!(closing(&rig.history), (String::new(), why));
    }
    for close in [cancel(), complete()] {
        let mut rig = Rig::start_with(retried(RetryPolicy::default()));
        rig.step([close]);
        assert!(rig.with.is_empty());
    }
    let mut rig = Rig::start_with(retried(RetryPolicy::default()));
    rig.terminate().unwrap();
    assert!(rig.with.is_empty());
}

/// The first task that each build completed can be gone back to, along the whole chain.
#[test]
fn reset_points_flow_along_the_chain() {
    let mut rig = Rig::start();
    rig.pass(2 * SECOND);
    rig.step([continue_as_new()]);
    let next = next_run(&mut rig);
    let points = &next.execution.recorded.reset_points;
    let [point] = &points[..] else { panic!("one build, one point: {points:?}") };
    assert_eq!(point.run_id, rig.execution.key.run_id);
    assert_eq!(point.first_workflow_task_completed_id, 4);
    assert!(point.resettable && point.expire_time.is_some());
}
