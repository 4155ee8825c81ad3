//! Children, and signals and cancel requests to other executions, from both sides of the outbox.

mod rig;

use std::time::Duration;

use persevere_engine::{
    ChildClosed, Command, Delivery, DeliveryCommand, MessageOutcome, Parent, Rejection, Reply,
    Start,
};
use persevere_proto::api::{
    command::v1::{
        Command as WorkflowCommand, RequestCancelExternalWorkflowExecutionCommandAttributes,
        SignalExternalWorkflowExecutionCommandAttributes,
        StartChildWorkflowExecutionCommandAttributes, command::Attributes as CommandAttributes,
    },
    common::v1::WorkflowType,
    enums::v1::{
        CommandType, ParentClosePolicy, SignalExternalWorkflowExecutionFailedCause,
        StartChildWorkflowExecutionFailedCause,
    },
    history::v1::history_event::Attributes,
};
use rig::{Rig, commands::*, execution, render, seconds};

fn child_with(
    change: impl FnOnce(&mut StartChildWorkflowExecutionCommandAttributes),
) -> WorkflowCommand {
    let mut attributes = StartChildWorkflowExecutionCommandAttributes {
        workflow_id: "part-1".into(),
        workflow_type: Some(WorkflowType { name: "part".into() }),
        ..Default::default()
    };
    change(&mut attributes);
    let attributes = CommandAttributes::StartChildWorkflowExecutionCommandAttributes(attributes);
    command(CommandType::StartChildWorkflowExecution, attributes)
}

fn child() -> WorkflowCommand {
    child_with(|_| ())
}

fn signal_to(
    workflow_id: &str,
    change: impl FnOnce(&mut SignalExternalWorkflowExecutionCommandAttributes),
) -> WorkflowCommand {
    let mut attributes = SignalExternalWorkflowExecutionCommandAttributes {
        execution: Some(execution(workflow_id, "")),
        signal_name: "go".into(),
        ..Default::default()
    };
    change(&mut attributes);
    let attributes =
        CommandAttributes::SignalExternalWorkflowExecutionCommandAttributes(attributes);
    command(CommandType::SignalExternalWorkflowExecution, attributes)
}

fn cancel_of(workflow_id: &str) -> WorkflowCommand {
    let attributes = RequestCancelExternalWorkflowExecutionCommandAttributes {
        workflow_id: workflow_id.into(),
        reason: "enough".into(),
        ..Default::default()
    };
    let attributes =
        CommandAttributes::RequestCancelExternalWorkflowExecutionCommandAttributes(attributes);
    command(CommandType::RequestCancelExternalWorkflowExecution, attributes)
}

/// What waits to be delivered, oldest first.
fn outbox(rig: &Rig) -> Vec<(i64, Delivery)> {
    let numbers = rig.execution.overlay.outbox.keys();
    numbers.map(|number| (*number, rig.execution.delivery(*number).expect("it is there"))).collect()
}

/// The oldest message meets this answer at its receiver.
fn answered(rig: &mut Rig, answer: Result<&Reply, &Rejection>) {
    let (number, _) = outbox(rig).into_iter().next().expect("a message waits");
    let outcome = rig.execution.outcome(number, answer);
    rig.send(Command::Outcome(number, outcome)).expect("an outcome is taken");
}

fn child_started(rig: &mut Rig) {
    let (number, _) = outbox(rig).into_iter().next().expect("a message waits");
    let outcome = MessageOutcome::ChildStarted { run_id: "part-run".into() };
    rig.send(Command::Outcome(number, outcome)).expect("an outcome is taken");
}

/// A run whose child, initiated by event 5, runs; its workflow task waits.
fn with_running_child(policy: ParentClosePolicy) -> Rig {
    let mut rig = Rig::start();
    rig.step([child_with(|it| it.parent_close_policy = policy.into())]);
    child_started(&mut rig);
    answered(&mut rig, Ok(&Reply::Done));
    rig
}

fn close_child(rig: &mut Rig, close: Attributes) -> Result<Reply, Rejection> {
    rig.send(Command::ChildClosed(ChildClosed {
        initiated_event_id: 5,
        execution: execution("part-1", "last-run"),
        close: Box::new(close),
    }))
}

fn completed() -> Attributes {
    Attributes::WorkflowExecutionCompletedEventAttributes(Default::default())
}

/// What the oldest message of the outbox does at its receiver.
fn errand(rig: &Rig) -> &'static str {
    match outbox(rig).first().map(|(_, delivery)| &delivery.command) {
        None => "nothing",
        Some(DeliveryCommand::Start(_)) => "start",
        Some(DeliveryCommand::Command(command)) => match **command {
            Command::ReleaseFirstWorkflowTask => "release",
            Command::Terminate(_) => "terminate",
            Command::RequestCancel(_) => "cancel",
            Command::Signal(_) => "signal",
            Command::ChildClosed(_) => "report",
            _ => "something else",
        },
    }
}

/// Semantics rules 58 and 59: started, then released, in this order.
#[test]
fn a_child_begins_once_its_start_is_recorded() {
    let mut rig = Rig::start();
    rig.step([child()]);
    let (_, delivery) = outbox(&rig).remove(0);
    let DeliveryCommand::Start(start) = delivery.command else { panic!("{delivery:?}") };
    let (child, _) = Rig::begin(*start);
    assert!(child.tasks().is_empty(), "held until the parent knows");
    assert_eq!(child.execution.recorded.started.parent_initiated_event_id, 5);

    child_started(&mut rig);
    assert_eq!(
        render::kinds(&rig.history[4..]),
        "StartChildWorkflowExecutionInitiated, ChildWorkflowExecutionStarted, \
         WorkflowTaskScheduled"
    );
    assert_eq!(errand(&rig), "release");
    let mut child = child;
    child.send(Command::ReleaseFirstWorkflowTask).unwrap();
    assert_eq!(child.tasks().len(), 1);
    answered(&mut rig, Ok(&Reply::Done));
    assert_eq!(errand(&rig), "nothing");
}

/// Semantics rules 58 and 108.
#[test]
fn a_child_that_cannot_be_started_is_an_event_not_an_error() {
    let taken = Rejection::AlreadyStarted {
        message: "taken".into(),
        start_request_id: String::new(),
        run_id: String::new(),
        first_run_id: String::new(),
    };
    let nowhere = Rejection::NamespaceNotFound("nowhere".into());
    use StartChildWorkflowExecutionFailedCause as Cause;
    for (rejection, cause) in
        [(taken, Cause::WorkflowAlreadyExists), (nowhere, Cause::NamespaceNotFound)]
    {
        let mut rig = Rig::start();
        rig.step([child()]);
        answered(&mut rig, Err(&rejection));
        let Some(Attributes::StartChildWorkflowExecutionFailedEventAttributes(failed)) =
            &rig.history[5].attributes
        else {
            panic!("{:?}", rig.history[5])
        };
        assert_eq!((failed.cause(), failed.initiated_event_id), (cause, 5));
        assert_eq!(errand(&rig), "nothing");
    }
}

/// Semantics rule 58.
#[test]
fn each_end_of_a_child_has_its_event() {
    use Attributes as A;
    let table = [
        (completed(), "ChildWorkflowExecutionCompleted"),
        (
            A::WorkflowExecutionFailedEventAttributes(Default::default()),
            "ChildWorkflowExecutionFailed",
        ),
        (
            A::WorkflowExecutionCanceledEventAttributes(Default::default()),
            "ChildWorkflowExecutionCanceled",
        ),
        (
            A::WorkflowExecutionTimedOutEventAttributes(Default::default()),
            "ChildWorkflowExecutionTimedOut",
        ),
        (
            A::WorkflowExecutionTerminatedEventAttributes(Default::default()),
            "ChildWorkflowExecutionTerminated",
        ),
    ];
    for (close, event) in table {
        let mut rig = with_running_child(ParentClosePolicy::Terminate);
        close_child(&mut rig, close.clone()).unwrap();
        assert_eq!(render::kinds(&rig.history[7..]), event);
        close_child(&mut rig, close).unwrap();
        assert_eq!(rig.history.len(), 8, "the same news again changes nothing");
    }
}

/// Semantics rules 23 to 25: start and end of a child both wait for the workflow task to end.
#[test]
fn a_child_that_comes_and_goes_during_a_workflow_task_waits_for_it() {
    let mut rig = Rig::start();
    rig.signal("go").unwrap();
    rig.step([child()]);
    rig.signal("again").unwrap();
    let task = rig.poll();
    child_started(&mut rig);
    rig.send(Command::ChildClosed(ChildClosed {
        initiated_event_id: 6,
        execution: execution("part-1", "part-run"),
        close: Box::new(completed()),
    }))
    .unwrap();
    rig.signal("last").unwrap();
    rig.complete(&task, []).unwrap();
    assert_eq!(
        render::kinds(&rig.history[9..]),
        "WorkflowTaskCompleted, ChildWorkflowExecutionStarted, WorkflowExecutionSignaled, \
         ChildWorkflowExecutionCompleted, WorkflowTaskScheduled"
    );
    let Some(Attributes::ChildWorkflowExecutionCompletedEventAttributes(end)) =
        &rig.history[12].attributes
    else {
        panic!("{:?}", rig.history[12])
    };
    assert_eq!(end.started_event_id, 11, "wired when both got their ids");
}

/// The end of a child may overtake the news of its start: it was stopped before its first task.
#[test]
fn an_end_that_overtakes_the_start_brings_it_along() {
    let mut rig = Rig::start();
    rig.step([child()]);
    close_child(&mut rig, completed()).unwrap();
    assert_eq!(
        render::kinds(&rig.history[5..]),
        "ChildWorkflowExecutionStarted, WorkflowTaskScheduled, ChildWorkflowExecutionCompleted"
    );
    assert_eq!(errand(&rig), "release", "the start is answered by now");
}

/// Semantics rule 107.
#[test]
fn a_closing_run_applies_the_policy_of_each_child() {
    let table = [
        (ParentClosePolicy::Unspecified, "terminate"),
        (ParentClosePolicy::Terminate, "terminate"),
        (ParentClosePolicy::RequestCancel, "cancel"),
        (ParentClosePolicy::Abandon, "nothing"),
    ];
    for (policy, expected) in table {
        for close in [complete(), fail(), continue_as_new()] {
            let mut rig = with_running_child(policy);
            rig.step([close]);
            assert_eq!(errand(&rig), expected, "{policy:?}");
        }
        let mut rig = with_running_child(policy);
        rig.terminate().unwrap();
        assert_eq!(errand(&rig), expected, "{policy:?}");
    }
}

/// Semantics rule 107: a child that nobody has heard of yet is not started; one whose start is
/// under way gets its policy afterwards.
#[test]
fn a_child_is_not_started_by_the_task_that_closes_its_parent() {
    let mut rig = Rig::start();
    rig.step([child(), complete()]);
    assert_eq!(errand(&rig), "nothing");

    let mut rig = Rig::start();
    rig.step([child()]);
    rig.terminate().unwrap();
    assert_eq!(errand(&rig), "start");
    child_started(&mut rig);
    assert_eq!(errand(&rig), "release");
    answered(&mut rig, Ok(&Reply::Done));
    assert_eq!(errand(&rig), "terminate");
}

/// Semantics rule 60.
#[test]
fn only_the_last_run_of_a_chain_reports_to_the_parent() {
    let parent = Parent {
        namespace: rig::NAMESPACE.into(),
        execution: execution("parent", "parent-run"),
        initiated_event_id: 7,
        root: execution("parent", "parent-run"),
    };
    let start =
        Start { request: Box::new(rig::start_request()), signal: None, parent: Some(parent) };
    let (mut rig, _) = Rig::begin(start);
    rig.send(Command::ReleaseFirstWorkflowTask).unwrap();
    rig.step([continue_as_new()]);
    assert_eq!(errand(&rig), "nothing");

    let mut next = Rig::of(rig.with.remove(0), rig.now);
    next.pass(Duration::from_secs(1));
    next.step([complete()]);
    let (_, delivery) = outbox(&next).remove(0);
    assert_eq!((delivery.workflow_id.as_str(), delivery.run_id.as_str()), ("parent", "parent-run"));
    let DeliveryCommand::Command(command) = delivery.command else { panic!("not a command") };
    let Command::ChildClosed(report) = *command else { panic!("{command:?}") };
    assert_eq!(report.initiated_event_id, 7);
    assert_eq!(report.execution, next.execution.key.execution());
}

/// Semantics rule 61.
#[test]
fn a_signal_to_another_execution_ends_in_an_outcome() {
    let mut rig = Rig::start();
    rig.step([signal_to("other", |_| ()), cancel_of("other")]);
    assert_eq!(errand(&rig), "signal");
    answered(&mut rig, Ok(&Reply::Done));
    assert_eq!(errand(&rig), "cancel");
    answered(&mut rig, Ok(&Reply::Done));
    assert_eq!(
        render::kinds(&rig.history[4..]),
        "SignalExternalWorkflowExecutionInitiated, \
         RequestCancelExternalWorkflowExecutionInitiated, ExternalWorkflowExecutionSignaled, \
         WorkflowTaskScheduled, ExternalWorkflowExecutionCancelRequested"
    );

    let mut rig = Rig::start();
    rig.step([signal_to("nobody", |_| ()), cancel_of("nobody")]);
    let nobody = Rejection::NotFound("nobody".into());
    answered(&mut rig, Err(&nobody));
    answered(&mut rig, Err(&nobody));
    assert_eq!(
        render::kinds(&rig.history[6..]),
        "SignalExternalWorkflowExecutionFailed, WorkflowTaskScheduled, \
         RequestCancelExternalWorkflowExecutionFailed"
    );
    let Some(Attributes::SignalExternalWorkflowExecutionFailedEventAttributes(failed)) =
        &rig.history[6].attributes
    else {
        panic!("{:?}", rig.history[6])
    };
    let not_found = SignalExternalWorkflowExecutionFailedCause::ExternalWorkflowExecutionNotFound;
    assert_eq!(failed.cause(), not_found);
}

/// Semantics rules 61 and 62: what the receiver refuses.
#[test]
fn a_run_is_not_reached_by_itself_nor_as_the_child_of_another() {
    let mut rig = Rig::start();
    rig.step([signal_to("order-1", |_| ()), signal_to("x", |it| it.child_workflow_only = true)]);
    for (_, delivery) in outbox(&rig) {
        let DeliveryCommand::Command(command) = delivery.command else { panic!("not a command") };
        let mut receiver = Rig::start();
        if delivery.workflow_id == "x" {
            receiver.execution.key.workflow_id = "x".into();
        }
        let refused = receiver.send(*command).unwrap_err();
        assert!(matches!(refused, Rejection::NotFound(_)), "{refused}");
    }
}

/// A message that is delivered again, after a crash say, is the same request again.
#[test]
fn a_delivery_is_the_same_request_every_time() {
    let mut rig = Rig::start();
    rig.step([signal_to("other", |_| ())]);
    let mut receiver = Rig::start();
    receiver.execution.key.workflow_id = "other".into();
    for _ in 0..2 {
        let (_, delivery) = outbox(&rig).remove(0);
        let DeliveryCommand::Command(command) = delivery.command else { panic!("not a command") };
        receiver.send(*command).unwrap();
    }
    assert_eq!(receiver.execution.recorded.signals, 1);
}

/// Semantics rules 52 and 58; texts as the reference words them.
#[test]
fn a_bad_command_fails_the_workflow_task() {
    let table = [
        (
            vec![child_with(|it| it.workflow_id.clear())],
            "BadStartChildExecutionAttributes: Required field WorkflowId is not set on \
             StartChildWorkflowExecutionCommand. WorkflowType=part Namespace=default",
        ),
        (
            vec![child_with(|it| {
                it.workflow_run_timeout =
                    Some(persevere_proto::wkt::Duration { seconds: -1, nanos: 0 })
            })],
            "BadStartChildExecutionAttributes: Invalid WorkflowRunTimeout on \
             StartChildWorkflowExecutionCommand: negative duration. WorkflowId=part-1 \
             WorkflowType=part Namespace=default",
        ),
        (
            vec![signal_to("x", |it| it.signal_name.clear())],
            "BadSignalWorkflowExecutionAttributes: SignalName is not set on \
             SignalExternalWorkflowExecutionCommand. WorkflowId=x Namespace= RunId=",
        ),
        (
            vec![signal_to("x", |it| it.execution = Some(execution("x", "no-uuid")))],
            "BadSignalWorkflowExecutionAttributes: Invalid RunId set on \
             SignalExternalWorkflowExecutionCommand. WorkflowId=x Namespace= RunId=no-uuid \
             SignalName=go",
        ),
        (
            vec![child(), cancel_of("part-1")],
            "BadRequestCancelExternalWorkflowExecutionAttributes: Start and RequestCancel for \
             child workflow is not allowed in same workflow task. WorkflowId=part-1 RunId= \
             Namespace=",
        ),
        (
            vec![child(), child_with(|it| it.workflow_id = "part-2".into())],
            "PendingChildWorkflowsLimitExceeded: the number of pending child workflow \
             executions, 1, has reached the per-workflow limit of 1",
        ),
    ];
    for (commands, text) in table {
        let mut rig = Rig::start();
        rig.limits.pending = 1;
        let task = rig.poll();
        assert_eq!(rig.complete(&task, commands).unwrap_err().to_string(), text);
    }
}

/// A namespace that does not exist is no mistake of the workflow's code: its task goes on.
#[test]
fn an_unknown_namespace_is_refused_without_a_trace() {
    let mut rig = Rig::start();
    let task = rig.poll();
    let before = rig.execution.clone();
    #[expect(deprecated, reason = "workers still name a namespace")]
    let commands = [child_with(|it| it.namespace = "nowhere".into())];
    let refused = rig.complete(&task, commands);
    assert_eq!(refused, Err(Rejection::NamespaceNotFound("nowhere".into())));
    assert_eq!(rig.execution, before);
    rig.complete(&task, []).unwrap();
}

/// Semantics rule 11, for children.
#[test]
fn a_childs_timeouts_fit_into_one_another() {
    let mut rig = Rig::start();
    rig.step([child_with(|it| {
        it.workflow_execution_timeout = seconds(5);
        it.workflow_run_timeout = seconds(10);
        it.workflow_task_timeout = seconds(1000);
    })]);
    let initiated = &rig.execution.recorded.children[&5].initiated;
    assert_eq!(initiated.workflow_run_timeout, seconds(5));
    assert_eq!(initiated.workflow_task_timeout, seconds(5));
    let queue = initiated.task_queue.as_ref().map(|queue| queue.name.as_str());
    assert_eq!(queue, Some(rig::QUEUE), "the parent's own, if none is named");
}
