//! The payment story, arrow by arrow: two workers, one payment, one charge.
//!
//! ```text
//! client ── start ProcessPayment ─────────────► coordinator
//! worker 1 ◄── workflow task: an empty history ── │
//! worker 1 ── "schedule the validation" ────────► │   stored
//! worker 1 ◄── activity task: validate ────────── │
//! worker 1 ── "valid" ──────────────────────────► │   stored
//! worker 1 ◄── workflow task: schedule the charge │
//! worker 1 ✗ dies before it answers               │   nothing of that task is stored
//! worker 2 ◄── the same workflow task, whole ──── │
//! worker 2 replays: the validation is done        │
//! worker 2 ── "schedule the charge" ────────────► │   stored
//! worker 2 ◄── activity task: charge ──────────── │
//! worker 2 ── receipt ──────────────────────────► │   stored
//! worker 2 ── "the workflow is complete" ───────► │   stored
//! ```
//!
//! The workers are played by hand, so that each arrow is one call and nothing happens between two
//! arrows. What a workflow function decides is [`decide`]: like the real one it is a function of
//! the history and of nothing else.

use persevere::{prelude::*, replay::replay};
use persevere_proto::api::{
    history::v1::{History, HistoryEvent},
    workflowservice::v1::PollWorkflowTaskQueueResponse,
};
use persevere_tests::{
    by_hand::{Step, completed_activity, result},
    coordinator::Coordinator,
    history::outline,
    process::Cast,
    rpc::{Rpc, start_request},
};
use serde_json::{Value, json};

const CAST: Cast = Cast(env!("CARGO_BIN_EXE_cast"));
const QUEUE: &str = "payments";
const ORDER: &str = "order-42";

/// The workflow as a user writes it. It is not run here, but replayed at the end of each story.
#[workflow]
async fn process_payment(order: Value) -> Result<Value> {
    validate(order.clone()).id("validate").await?;
    Ok(charge(order).id("charge").await?)
}

#[activity]
async fn validate(_order: Value) -> Result<String> {
    Ok("valid".into())
}

#[activity]
async fn charge(order: Value) -> Result<Value> {
    Ok(json!({ "order": order["id"], "charged": order["cents"] }))
}

/// What `process_payment` asks for next, given its history: the workflow as a plain function.
fn decide(history: &[HistoryEvent]) -> Step {
    let order = json!({ "id": ORDER, "cents": 4_200 });
    if completed_activity(history, "validate").is_none() {
        return Step::Schedule { activity: "validate", argument: order };
    }
    match completed_activity(history, "charge") {
        None => Step::Schedule { activity: "charge", argument: order },
        Some(receipt) => Step::Complete { result: receipt },
    }
}

/// The side effects that really happened, and by whom.
#[derive(Debug, Default)]
struct Ledger(Vec<(&'static str, String)>);

struct Story {
    coordinator: Coordinator,
    rpc: Rpc,
    ledger: Ledger,
}

impl Story {
    async fn begin() -> Self {
        let coordinator = Coordinator::start(CAST).await;
        let rpc = coordinator.rpc().await;
        Self { coordinator, rpc, ledger: Ledger::default() }
    }

    /// The history as stored, seen through the API.
    async fn stored(&mut self) -> Vec<String> {
        outline(&self.rpc.history(ORDER, "").await)
    }

    /// Arrows 1 to 5: up to where the validation is done and worker 1 holds the next task.
    async fn until_worker_1_holds_the_charge(&mut self) -> PollWorkflowTaskQueueResponse {
        let order = json!({ "id": ORDER, "cents": 4_200 });
        let start = start_request("process_payment", ORDER, QUEUE, &order);
        self.rpc.start(start).await.expect("the payment starts");
        assert_eq!(self.stored().await, ["1 WorkflowExecutionStarted", "2 WorkflowTaskScheduled"]);

        // Worker 1 is given the task. It has nothing to replay: no task was completed before.
        let task = self.rpc.workflow_task(QUEUE, "worker 1").await;
        assert_eq!(task.previous_started_event_id, 0);
        assert_eq!(outline(events(&task)), UP_TO_VALIDATE[..3]);
        self.answer(&task, "worker 1").await;
        assert_eq!(self.stored().await, UP_TO_VALIDATE);

        // It executes the validation and reports.
        self.execute("validate", "worker 1", &json!("valid")).await;
        assert_eq!(self.stored().await, VALIDATED);

        // It is given the next task, and knows what to ask for: the charge.
        let task = self.rpc.workflow_task(QUEUE, "worker 1").await;
        let charge = json!({ "id": ORDER, "cents": 4_200 });
        assert_eq!(decide(events(&task)), Step::Schedule { activity: "charge", argument: charge });
        task
    }

    /// The last arrows: worker 2 has been given the task again.
    async fn worker_2_finishes(&mut self, task: &PollWorkflowTaskQueueResponse) {
        // It replays the whole history from event 1 and finds the validation done.
        let replayed = events(task);
        assert_eq!(replayed[0].event_id, 1);
        assert_eq!(completed_activity(replayed, "validate"), Some(json!("valid")));
        self.answer(task, "worker 2").await;

        let receipt = json!({ "order": ORDER, "charged": 4_200 });
        self.execute("charge", "worker 2", &receipt).await;

        let task = self.rpc.workflow_task(QUEUE, "worker 2").await;
        self.answer(&task, "worker 2").await;
        let events = self.rpc.history(ORDER, "").await;
        assert_eq!(events.last().and_then(result), Some(receipt));

        // The workflow function, as a user writes it, would have asked for the same.
        persevere_engine::check_history(&events).expect("it is a history");
        replay::<process_payment>(History { events }).expect("it is the function's history");

        // Each side effect happened once, and each of them where it should have.
        assert_eq!(
            self.ledger.0,
            [("validate", "worker 1".to_owned()), ("charge", "worker 2".to_owned())]
        );
    }

    /// A worker decides upon a workflow task and answers it.
    async fn answer(&mut self, task: &PollWorkflowTaskQueueResponse, worker: &str) {
        let step = decide(events(task));
        self.rpc.complete_workflow_task(task, worker, step).await.expect("the task is current");
    }

    /// A worker takes the activity that waits, executes it and reports.
    async fn execute(&mut self, activity: &'static str, worker: &str, result: &Value) {
        let task = self.rpc.activity_task(QUEUE, worker).await;
        assert_eq!(task.activity_type.as_ref().expect("a task has a type").name, activity);
        self.ledger.0.push((activity, worker.to_owned()));
        self.rpc.complete_activity(&task, worker, result).await.expect("the task is current");
    }
}

const UP_TO_VALIDATE: [&str; 5] = [
    "1 WorkflowExecutionStarted",
    "2 WorkflowTaskScheduled",
    "3 WorkflowTaskStarted(worker 1)",
    "4 WorkflowTaskCompleted",
    "5 ActivityTaskScheduled(validate)",
];

const VALIDATED: [&str; 8] = [
    "1 WorkflowExecutionStarted",
    "2 WorkflowTaskScheduled",
    "3 WorkflowTaskStarted(worker 1)",
    "4 WorkflowTaskCompleted",
    "5 ActivityTaskScheduled(validate)",
    "6 ActivityTaskStarted(worker 1)",
    "7 ActivityTaskCompleted",
    "8 WorkflowTaskScheduled",
];

#[tokio::test]
async fn worker_2_carries_on_when_worker_1_dies_before_the_charge() {
    let mut story = Story::begin().await;
    let lost = story.until_worker_1_holds_the_charge().await;

    // Worker 1 dies: its task is never answered, and its time runs out after the second that the
    // start allowed (semantics rule 37).
    drop(lost);
    let timed_out =
        |event: &HistoryEvent| outline(std::slice::from_ref(event))[0].contains("TimedOut");
    let history = story.rpc.history_until(ORDER, timed_out).await;
    assert_eq!(
        outline(&history[8..]),
        ["9 WorkflowTaskStarted(worker 1)", "10 WorkflowTaskTimedOut"]
    );

    // Worker 2 is given the task again: the second attempt, shown with the ids that it will have
    // but not stored yet (semantics rule 32).
    let task = story.rpc.workflow_task(QUEUE, "worker 2").await;
    assert_eq!(task.attempt, 2);
    assert_eq!(
        outline(&events(&task)[10..]),
        ["11 WorkflowTaskScheduled", "12 WorkflowTaskStarted(worker 2)"]
    );

    story.worker_2_finishes(&task).await;
    assert_eq!(
        story.stored().await[10..],
        [
            "11 WorkflowTaskScheduled",
            "12 WorkflowTaskStarted(worker 2)",
            "13 WorkflowTaskCompleted",
            "14 ActivityTaskScheduled(charge)",
            "15 ActivityTaskStarted(worker 2)",
            "16 ActivityTaskCompleted",
            "17 WorkflowTaskScheduled",
            "18 WorkflowTaskStarted(worker 2)",
            "19 WorkflowTaskCompleted",
            "20 WorkflowExecutionCompleted",
        ]
    );
}

#[tokio::test]
async fn worker_2_carries_on_when_the_coordinator_dies_with_worker_1() {
    let mut story = Story::begin().await;
    let lost = story.until_worker_1_holds_the_charge().await;

    // Both die at once. What is on disk is what had been answered, to the event: the workflow
    // task that worker 1 held had no side effect, so its start was not worth a write. (That is our
    // own economy; the reference server does write it, and waits for its timeout here.)
    story.coordinator.kill();
    drop(lost);
    story.coordinator.restart().await;
    story.rpc = story.coordinator.rpc().await;
    assert_eq!(story.stored().await, VALIDATED);

    // So worker 2 is given the task again at once, with nothing to wait for.
    let task = story.rpc.workflow_task(QUEUE, "worker 2").await;
    assert_eq!(task.attempt, 1);
    story.worker_2_finishes(&task).await;
    assert_eq!(
        story.stored().await[8..],
        [
            "9 WorkflowTaskStarted(worker 2)",
            "10 WorkflowTaskCompleted",
            "11 ActivityTaskScheduled(charge)",
            "12 ActivityTaskStarted(worker 2)",
            "13 ActivityTaskCompleted",
            "14 WorkflowTaskScheduled",
            "15 WorkflowTaskStarted(worker 2)",
            "16 WorkflowTaskCompleted",
            "17 WorkflowExecutionCompleted",
        ]
    );
}

#[tokio::test]
async fn the_answer_of_a_worker_thought_dead_comes_too_late() {
    let mut story = Story::begin().await;
    let lost = story.until_worker_1_holds_the_charge().await;
    let task = story.rpc.workflow_task(QUEUE, "worker 2").await;
    assert_eq!(task.attempt, 2);

    // Worker 1 was only slow. Its answer names an attempt that is no longer the current one, so it
    // is refused and changes nothing (semantics rule 29).
    let before = story.stored().await;
    let step = decide(events(&lost));
    let refused = story.rpc.complete_workflow_task(&lost, "worker 1", step).await;
    let status = refused.expect_err("a stale answer is refused");
    assert_eq!(
        (status.code(), status.message()),
        (tonic::Code::NotFound, "Workflow task not found.")
    );
    assert_eq!(story.stored().await, before);

    story.worker_2_finishes(&task).await;
}

fn events(task: &PollWorkflowTaskQueueResponse) -> &[HistoryEvent] {
    task.history.as_ref().map_or(&[], |history| &history.events)
}
