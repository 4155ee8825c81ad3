//! Starts: what stands in their way, and the first events.

#![allow(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod rig;

use std::time::Duration;

use expect_test::expect;
use persevere_engine::{Parent, Rejection, Start, StartedReply};
use persevere_proto::api::{
    enums::v1::{WorkflowIdConflictPolicy as Conflict, WorkflowIdReusePolicy as Reuse},
    history::v1::{WorkflowExecutionStartedEventAttributes, history_event::Attributes},
    workflow::v1::OnConflictOptions,
    workflowservice::v1::StartWorkflowExecutionRequest,
};
use rig::{Rig, commands::*, execution, seconds, signal_request, start_request};

const SECOND: Duration = Duration::from_secs(1);

fn plain(request: StartWorkflowExecutionRequest) -> Start {
    Start { request: Box::new(request), signal: None, parent: None }
}

/// Another client's start of the same workflow id.
fn other(request_id: &str) -> StartWorkflowExecutionRequest {
    StartWorkflowExecutionRequest { request_id: request_id.into(), ..start_request() }
}

fn with_signal(request: StartWorkflowExecutionRequest, signal_id: &str) -> Start {
    let signal = signal_request("hello", signal_id);
    Start { signal: Some(Box::new(signal)), ..plain(request) }
}

fn started(rig: &Rig) -> &WorkflowExecutionStartedEventAttributes {
    &rig.execution.recorded.started
}

/// A run that ended as the name says.
fn closed(how: &str) -> Rig {
    let mut rig = Rig::start();
    match how {
        "completed" => drop(rig.step([complete()])),
        "failed" => drop(rig.step([fail()])),
        "canceled" => drop(rig.step([cancel()])),
        "continued as new" => drop(rig.step([continue_as_new()])),
        "terminated" => drop(rig.terminate().unwrap()),
        "timed out" => {
            let request = StartWorkflowExecutionRequest {
                workflow_run_timeout: seconds(1),
                ..start_request()
            };
            rig = Rig::start_with(request);
            rig.pass(SECOND);
        }
        _ => panic!("no such end: {how}"),
    }
    assert!(!rig.execution.is_running(), "{how}");
    rig
}

/// Semantics rule 3.
#[test]
fn the_first_event_names_the_chain_it_begins() {
    let rig = Rig::start();
    let started = started(&rig);
    let run_id = &rig.execution.key.run_id;
    assert_eq!(&started.first_execution_run_id, run_id);
    assert_eq!(&started.original_execution_run_id, run_id);
    assert_eq!(started.continued_execution_run_id, "");
    assert_eq!(started.attempt, 1);
    assert_eq!(started.workflow_id, "order-1");
}

/// Semantics rule 4.
#[test]
fn the_same_request_gives_the_same_run() {
    for mut rig in [Rig::start(), closed("completed")] {
        let before = rig.history.len();
        let (reply, _) = rig.send_start(plain(start_request())).unwrap();
        assert_eq!(reply.run_id, rig.execution.key.run_id);
        assert!(reply.started);
        assert_eq!(rig.history.len(), before);
    }
}

/// Semantics rule 4: the task that went with the first reply goes with the second, while it is
/// still the first.
#[test]
fn an_eager_task_is_handed_out_again() {
    let eager = StartWorkflowExecutionRequest { request_eager_execution: true, ..start_request() };
    let (mut rig, first) = Rig::begin(plain(eager.clone()));
    let task = first.eager_task.expect("asked for");
    assert!(started(&rig).eager_execution_accepted);
    let (again, _) = rig.send_start(plain(eager.clone())).unwrap();
    assert_eq!(again.eager_task, Some(task.clone()));
    rig.complete(&task, []).unwrap();
    let (late, _) = rig.send_start(plain(eager)).unwrap();
    assert_eq!(late.eager_task, None);
}

/// Semantics rule 6.
#[test]
fn a_conflict_with_an_open_run_is_settled_by_the_policy() {
    for policy in [Conflict::Unspecified, Conflict::Fail] {
        let mut rig = Rig::start();
        let mut request = other("start-2");
        request.set_workflow_id_conflict_policy(policy);
        let refusal = rig.send_start(plain(request)).unwrap_err();
        let run_id = rig.execution.key.run_id.clone();
        let message =
            format!("Workflow execution is already running. WorkflowId: order-1, RunId: {run_id}.");
        let expected = Rejection::AlreadyStarted {
            message,
            start_request_id: "start-1".into(),
            first_run_id: run_id.clone(),
            run_id,
        };
        assert_eq!(refusal, expected);
    }
    let mut rig = Rig::start();
    let mut request = other("start-2");
    request.set_workflow_id_conflict_policy(Conflict::UseExisting);
    let (reply, _) = rig.send_start(plain(request)).unwrap();
    assert_eq!((reply.run_id.as_str(), reply.started), (rig.execution.key.run_id.as_str(), false));
    assert_eq!(rig.history.len(), 2);
}

/// Semantics rules 6 and 8: one commit ends the one run and starts the other.
#[test]
fn a_start_may_displace_an_open_run() {
    let mut by_conflict = other("start-2");
    by_conflict.set_workflow_id_conflict_policy(Conflict::TerminateExisting);
    let mut by_reuse = other("start-2");
    #[expect(deprecated, reason = "older clients still send it")]
    by_reuse.set_workflow_id_reuse_policy(Reuse::TerminateIfRunning);
    for request in [by_conflict, by_reuse] {
        let mut rig = Rig::start();
        rig.poll();
        let (reply, transition) = rig.send_start(plain(request)).unwrap();
        assert!(reply.started);
        assert_eq!(transition.next.key.run_id, reply.run_id);
        let [displaced] = &transition.with[..] else { panic!("one run was in the way") };
        assert_eq!(displaced.next.key, rig.execution.key);
        expect![[r#"
            4 WorkflowTaskFailed of 2, 3: ForceCloseCommand
            5 WorkflowExecutionTerminated by history-service: TerminateIfRunning WorkflowIdReusePolicy
        "#]]
        .assert_eq(&rig::render::history(&displaced.events));
    }
}

/// Semantics rules 5 and 10.
#[test]
fn a_request_may_attach_to_the_run_it_finds() {
    let mut rig = Rig::start();
    let mut request = other("start-2");
    request.set_workflow_id_conflict_policy(Conflict::UseExisting);
    request.on_conflict_options =
        Some(OnConflictOptions { attach_request_id: true, ..Default::default() });
    for _ in 0..2 {
        let (reply, _) = rig.send_start(plain(request.clone())).unwrap();
        assert!(reply.attached && !reply.started);
    }
    rig.terminate().unwrap();
    let (reply, _) = rig.send_start(plain(request)).unwrap();
    assert!(reply.attached && !reply.started && !reply.running);
    expect![[r#"
        1 WorkflowExecutionStarted
        2 WorkflowTaskScheduled on queue, attempt 1
        3 WorkflowExecutionOptionsUpdated
        4 WorkflowExecutionTerminated by client: enough
    "#]]
    .assert_eq(&rig.told());
}

/// Semantics rule 7.
#[test]
fn reuse_of_a_closed_id_is_settled_by_the_policy() {
    let ends = ["completed", "failed", "canceled", "terminated", "timed out", "continued as new"];
    let mut table = String::new();
    for policy in [Reuse::AllowDuplicate, Reuse::AllowDuplicateFailedOnly, Reuse::RejectDuplicate] {
        for how in ends {
            let mut request = other("start-2");
            request.set_workflow_id_reuse_policy(policy);
            let verdict = match closed(how).send_start(plain(request)) {
                Ok((StartedReply { started: true, .. }, _)) => "starts",
                Ok(_) => "finds",
                Err(Rejection::AlreadyStarted { .. }) => "is refused",
                Err(other) => panic!("{other}"),
            };
            let policy = policy.as_str_name().trim_start_matches("WORKFLOW_ID_REUSE_POLICY_");
            table += &format!("{policy} after {how}: {verdict}\n");
        }
    }
    expect![[r#"
        ALLOW_DUPLICATE after completed: starts
        ALLOW_DUPLICATE after failed: starts
        ALLOW_DUPLICATE after canceled: starts
        ALLOW_DUPLICATE after terminated: starts
        ALLOW_DUPLICATE after timed out: starts
        ALLOW_DUPLICATE after continued as new: starts
        ALLOW_DUPLICATE_FAILED_ONLY after completed: is refused
        ALLOW_DUPLICATE_FAILED_ONLY after failed: starts
        ALLOW_DUPLICATE_FAILED_ONLY after canceled: starts
        ALLOW_DUPLICATE_FAILED_ONLY after terminated: starts
        ALLOW_DUPLICATE_FAILED_ONLY after timed out: starts
        ALLOW_DUPLICATE_FAILED_ONLY after continued as new: is refused
        REJECT_DUPLICATE after completed: is refused
        REJECT_DUPLICATE after failed: is refused
        REJECT_DUPLICATE after canceled: is refused
        REJECT_DUPLICATE after terminated: is refused
        REJECT_DUPLICATE after timed out: is refused
        REJECT_DUPLICATE after continued as new: is refused
    "#]]
    .assert_eq(&table);
}

/// Semantics rules 1, 12 and 84.
#[test]
fn a_delayed_start_schedules_nothing_until_it_is_due() {
    let request = StartWorkflowExecutionRequest {
        workflow_start_delay: seconds(5),
        workflow_run_timeout: seconds(10),
        ..start_request()
    };
    let mut rig = Rig::start_with(request);
    rig.signal("early").unwrap();
    assert!(rig.tasks().is_empty());
    rig.pass(4 * SECOND);
    assert!(rig.tasks().is_empty());
    rig.pass(SECOND);
    rig.pass(9 * SECOND);
    assert!(rig.execution.is_running(), "the delay does not count against the run's time");
    rig.pass(SECOND);
    expect![[r#"
        1 WorkflowExecutionStarted
        2 WorkflowExecutionSignaled early
        3 WorkflowTaskScheduled on queue, attempt 1
        4 WorkflowExecutionTimedOut RetryPolicyNotSet
    "#]]
    .assert_eq(&rig.told());
}

/// Semantics rule 14.
#[test]
fn signal_with_start_signals_an_open_run_and_starts_one_else() {
    let (mut rig, reply) = Rig::begin(with_signal(start_request(), "start-1"));
    assert!(reply.started);
    let (again, _) = rig.send_start(with_signal(start_request(), "start-1")).unwrap();
    let (other, _) = rig.send_start(with_signal(other("start-2"), "start-2")).unwrap();
    assert!(!again.started && !other.started);
    expect![[r#"
        1 WorkflowExecutionStarted
        2 WorkflowExecutionSignaled hello
        3 WorkflowTaskScheduled on queue, attempt 1
        4 WorkflowExecutionSignaled hello
    "#]]
    .assert_eq(&rig.told());
    rig.terminate().unwrap();
    let (reply, transition) = rig.send_start(with_signal(self::other("start-3"), "s-3")).unwrap();
    assert!(reply.started);
    let kinds = rig::render::kinds(&transition.events);
    assert_eq!(kinds, "WorkflowExecutionStarted, WorkflowExecutionSignaled, WorkflowTaskScheduled");
}

/// Semantics rule 59.
#[test]
fn a_child_waits_for_its_parent_to_know_of_it() {
    let parent = Parent {
        namespace: "default".into(),
        execution: execution("parent", "parent-run"),
        initiated_event_id: 5,
        root: execution("root", "root-run"),
    };
    let start = Start { parent: Some(parent), ..plain(start_request()) };
    let (mut rig, _) = Rig::begin(start);
    assert!(rig.tasks().is_empty());
    assert_eq!(started(&rig).parent_initiated_event_id, 5);
    assert_eq!(started(&rig).root_workflow_execution, Some(execution("root", "root-run")));
    for _ in 0..2 {
        rig.send(persevere_engine::Command::ReleaseFirstWorkflowTask).unwrap();
        assert_eq!(rig.tasks().len(), 1);
    }
}

/// Whatever a client gives, the first event repeats.
#[test]
fn the_first_event_keeps_what_it_was_given() {
    let request = StartWorkflowExecutionRequest {
        input: Some(payloads("in")),
        last_completion_result: Some(payloads("last")),
        continued_failure: Some(failure("before")),
        workflow_execution_timeout: seconds(0),
        ..start_request()
    };
    let rig = Rig::start_with(request);
    let Some(Attributes::WorkflowExecutionStartedEventAttributes(event)) =
        &rig.history[0].attributes
    else {
        panic!("the first event starts the run")
    };
    assert_eq!(event.input, Some(payloads("in")));
    assert_eq!(event.last_completion_result, Some(payloads("last")));
    assert_eq!(event.continued_failure, Some(failure("before")));
    assert_eq!(event.workflow_execution_timeout, seconds(0));
    assert_eq!(event.workflow_run_timeout, None);
}
