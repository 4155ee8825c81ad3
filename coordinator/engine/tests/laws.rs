//! The eight laws of the engine, held against random sequences of commands.
//!
//! 1. The fold of all events is the recorded part of the live state, and the stored overlay
//!    decodes to the live one.
//! 2. Equal inputs give equal transitions.
//! 3. A request that is repeated adds no event.
//! 4. Nothing follows a closing event.
//! 5. Event ids are contiguous, and events refer to each other rightly.
//! 6. The tasks and messages derived from the state are those that the shell was told of.
//! 7. No command makes any reachable state panic.
//! 8. Every pending activity, timer and workflow task has exactly one thing that moves it on.
//!
//! Cases that once failed are kept in `laws.proptest-regressions` and run first.

#[path = "laws/orders.rs"]
mod orders;
#[path = "laws/plan.rs"]
mod plan;
mod rig;
#[path = "laws/world.rs"]
mod world;

use std::time::Duration;

use persevere_engine::{
    ActivityTarget, ChildClosed, Command, CompleteWorkflowTask, Context, DeliveryCommand, QueryId,
    QueueName, Rejection, Reply, RequestCancel, Signal, Start, StartedReply, Task, Terminate,
    start,
};
use persevere_proto::api::{
    common::v1::WorkflowExecution,
    enums::v1::WorkflowTaskFailedCause,
    failure::v1::failure::FailureInfo,
    history::v1::{self as history, history_event::Attributes},
    workflowservice::v1 as api,
};
use proptest::{prelude::*, test_runner::FileFailurePersistence};

use plan::{Answer, Report, Step};
use world::World;

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(),
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("proptest-regressions"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_eight_laws_hold(plan in plan::plan(), child in any::<bool>(), retried in any::<bool>()) {
        let mut world = World::of(begin(child, retried), world::begin_time());
        if child {
            world.send(Command::ReleaseFirstWorkflowTask).expect("the parent knows");
        }
        for (number, step) in plan.iter().enumerate() {
            carry_out(&mut world, number, step);
        }
        world.finish();
    }
}

/// `PROPTEST_CASES`, or as many as take a few seconds.
#[expect(clippy::disallowed_methods, reason = "how long to search is no input of the engine")]
fn cases() -> u32 {
    let asked = std::env::var("PROPTEST_CASES").ok();
    asked.map_or(500, |asked| asked.parse().expect("PROPTEST_CASES is a number"))
}

fn begin(child: bool, retried: bool) -> persevere_engine::Transition {
    let mut request = rig::start_request();
    request.workflow_run_timeout = retried.then(|| rig::seconds(100)).flatten();
    request.retry_policy = retried.then(Default::default);
    let parent = child.then(|| persevere_engine::Parent {
        namespace: rig::NAMESPACE.into(),
        execution: rig::execution("parent", "parent-run"),
        initiated_event_id: 5,
        root: rig::execution("parent", "parent-run"),
    });
    let first = Start { request: Box::new(request), signal: None, parent };
    let (limits, namespaces) = (world::limits(), world::namespaces());
    let context = Context::new(world::begin_time(), 1, &limits, &namespaces);
    start(rig::NAMESPACE, None, first, &context).expect("nothing is in the way")
}

fn carry_out(world: &mut World, number: usize, step: &Step) {
    let poll = format!("poll-{number}");
    match step {
        Step::TakeWorkflowTask { normal } => take_workflow_task(world, *normal, &poll),
        Step::CompleteWorkflowTask { answer, old } => complete_workflow_task(world, answer, *old),
        Step::Turn { answer } => {
            take_workflow_task(world, false, &poll);
            complete_workflow_task(world, answer, false);
        }
        Step::FailWorkflowTask { old } => fail_workflow_task(world, *old),
        Step::TakeActivity { nth } => take_activity(world, *nth, &poll),
        Step::RunActivity { nth, report } => {
            take_activity(world, *nth, &poll);
            let last = world.attempts.len().saturating_sub(1);
            report_activity(world, last, *report, false);
        }
        Step::ReportActivity { nth, report, by_id } => {
            report_activity(world, *nth, *report, *by_id);
        }
        Step::Signal { request } => signal(world, *request),
        Step::RequestCancel => {
            let request = Box::new(api::RequestCancelWorkflowExecutionRequest::default());
            let _ = world.send(Command::RequestCancel(RequestCancel { request, sender: None }));
        }
        Step::Terminate => {
            let request = Box::new(api::TerminateWorkflowExecutionRequest::default());
            let _ = world.send(Command::Terminate(Terminate { request, parent: None }));
        }
        Step::ResetSticky => drop(world.send(Command::ResetSticky)),
        Step::Query => world.query(QueryId(number as u64)),
        Step::AbandonQuery { nth } => {
            if let Some(id) = pick(&world.queries.clone(), *nth) {
                world.send(Command::AbandonQuery(*id)).expect("no harm in giving up");
            }
        }
        Step::Pass { millis } => world.pass(Duration::from_millis(u64::from(*millis))),
        Step::SleepThrough { millis } => {
            world.now = world.now.plus(Duration::from_millis(u64::from(*millis)));
            world.tick();
        }
        Step::Answer { nth, refused } => answer_message(world, *nth, *refused),
        Step::ChildClosed { nth, how } => close_child(world, *nth, *how),
        Step::ReleaseFirstTask => drop(world.send(Command::ReleaseFirstWorkflowTask)),
        Step::Restart => world.restart(),
        Step::Follow => {
            if let Some(next) = world.next_run.take() {
                world.finish();
                *world = World::of(next, world.now);
            }
        }
    }
}

fn take_workflow_task(world: &mut World, normal: bool, poll: &str) {
    let waiting = world.offered.iter().find(|task| matches!(task, Task::Workflow { .. })).cloned();
    let Some(mut task) = waiting else { return };
    if let (true, Task::Workflow { queue, .. }) = (normal, &mut task) {
        *queue = QueueName::normal(rig::QUEUE);
    }
    world.take_task(&task, poll);
}

fn take_activity(world: &mut World, nth: usize, poll: &str) {
    let waiting = world.offered.iter().filter(|task| matches!(task, Task::Activity { .. }));
    let waiting: Vec<Task> = waiting.cloned().collect();
    if let Some(task) = pick(&waiting, nth) {
        world.take_task(task, poll);
    }
}

fn complete_workflow_task(world: &mut World, answer: &Answer, old: bool) {
    let token = if old { world.tokens.first() } else { world.tokens.last() };
    let Some(token) = token.copied() else { return };
    let commands: Vec<_> =
        answer.commands.iter().map(|order| orders::command(order, &world.execution)).collect();
    let mut request =
        if answer.sticky { rig::sticky_answer(commands) } else { rig::answer(commands) };
    request.return_new_workflow_task = answer.inline;
    request.force_create_new_workflow_task = answer.force;
    let complete = CompleteWorkflowTask { token, request: Box::new(request) };
    let _ = world.send(Command::CompleteWorkflowTask(complete));
}

fn fail_workflow_task(world: &mut World, old: bool) {
    let token = if old { world.tokens.first() } else { world.tokens.last() };
    let Some(token) = token.copied() else { return };
    let request = api::RespondWorkflowTaskFailedRequest {
        cause: WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure.into(),
        ..Default::default()
    };
    let _ = world.send(Command::FailWorkflowTask(token, Box::new(request)));
}

fn report_activity(world: &mut World, nth: usize, report: Report, by_id: bool) {
    let Some(attempt) = pick(&world.attempts, nth) else { return };
    let target =
        if by_id { ActivityTarget::Id(attempt.activity_id.clone()) } else { rig::target(attempt) };
    let _ = world.send(match report {
        Report::Completed => Command::CompleteActivity(target, Box::default()),
        Report::Canceled => Command::CancelActivity(target, Box::default()),
        Report::Alive => Command::HeartbeatActivity(target, Box::default()),
        Report::Failed { retryable, delay_millis } => {
            let mut failure = rig::commands::failure("boom");
            if let Some(FailureInfo::ApplicationFailureInfo(info)) = &mut failure.failure_info {
                info.non_retryable = !retryable;
                info.next_retry_delay = delay_millis.map(|millis| persevere_proto::wkt::Duration {
                    seconds: i64::from(millis / 1000),
                    nanos: i32::from(millis % 1000) * 1_000_000,
                });
            }
            let request = api::RespondActivityTaskFailedRequest {
                failure: Some(failure),
                ..Default::default()
            };
            Command::FailActivity(target, Box::new(request))
        }
    });
}

/// Law 3: only the first signal of a request id adds an event.
fn signal(world: &mut World, request: u8) {
    let request = Box::new(rig::signal_request("go", &format!("signal-{request}")));
    let signal = Command::Signal(Signal { request, sender: None });
    if world.send(signal.clone()).is_ok() {
        let before = world.execution.clone();
        world.send(signal).expect("law 3: the same request");
        assert_eq!(before, world.execution, "law 3: a repeated request changes nothing");
    }
}

fn answer_message(world: &mut World, nth: usize, refused: bool) {
    let numbers: Vec<i64> = world.execution.overlay.outbox.keys().copied().collect();
    let Some(number) = pick(&numbers, nth).copied() else { return };
    let delivery = world.execution.delivery(number).expect("law 6: what is in the outbox goes out");
    let rejection = Rejection::NotFound("nobody there".into());
    let reply = match delivery.command {
        DeliveryCommand::Start(_) => Reply::Started(StartedReply {
            run_id: format!("run-{number}"),
            first_run_id: format!("run-{number}"),
            started: true,
            attached: false,
            running: true,
            eager_task: None,
        }),
        DeliveryCommand::Command(_) => Reply::Done,
    };
    let answer = if refused { Err(&rejection) } else { Ok(&reply) };
    let outcome = Command::Outcome(number, world.execution.outcome(number, answer));
    world.send(outcome.clone()).expect("an outcome is taken");
    let before = world.execution.clone();
    world.send(outcome).expect("law 3: an outcome may arrive twice");
    assert_eq!(before, world.execution, "law 3: a repeated outcome changes nothing");
}

fn close_child(world: &mut World, nth: usize, how: u8) {
    use Attributes as A;
    let children: Vec<i64> = world.execution.recorded.children.keys().copied().collect();
    let Some(initiated_event_id) = pick(&children, nth).copied() else { return };
    let close = match how {
        0 => A::WorkflowExecutionCompletedEventAttributes(Default::default()),
        1 => A::WorkflowExecutionFailedEventAttributes(Default::default()),
        2 => A::WorkflowExecutionCanceledEventAttributes(Default::default()),
        3 => A::WorkflowExecutionTimedOutEventAttributes(
            history::WorkflowExecutionTimedOutEventAttributes::default(),
        ),
        _ => A::WorkflowExecutionTerminatedEventAttributes(Default::default()),
    };
    let closed = Command::ChildClosed(ChildClosed {
        initiated_event_id,
        execution: WorkflowExecution { workflow_id: "child".into(), run_id: "last-run".into() },
        close: Box::new(close),
    });
    world.send(closed.clone()).expect("news of a child is taken");
    let before = world.execution.clone();
    world.send(closed).expect("law 3: news of a child may arrive twice");
    assert_eq!(before, world.execution, "law 3: repeated news changes nothing");
}

/// The `nth` of what there is, counting round.
fn pick<T>(all: &[T], nth: usize) -> Option<&T> {
    if all.is_empty() { None } else { Some(&all[nth % all.len()]) }
}
