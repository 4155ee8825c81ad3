//! Timers that fall due while the coordinator is down: each fires once, right after its restart.

use std::time::{Duration, Instant};

use persevere_proto::api::{enums::v1::EventType, history::v1::HistoryEvent};
use persevere_tests::{by_hand::Step, coordinator::Coordinator, process::Cast, rpc::start_request};
use serde_json::json;

const CAST: Cast = Cast(env!("CARGO_BIN_EXE_cast"));
const QUEUE: &str = "alarms";
const ALARMS: usize = 20;
const SECONDS: i64 = 2;
/// From the first answer of the restarted coordinator to the last of the alarms. What is right is
/// a few milliseconds; a coordinator that looks for timers every second or only when asked is not.
const RIGHT_AFTER: Duration = Duration::from_millis(900);

#[tokio::test]
async fn timers_due_while_the_coordinator_is_down_fire_once_right_after_its_restart() {
    let mut coordinator = Coordinator::start(CAST).await;
    let mut rpc = coordinator.rpc().await;
    for alarm in 0..ALARMS {
        let id = format!("alarm-{alarm}");
        rpc.start(start_request("alarm", &id, QUEUE, &json!(alarm))).await.expect("it starts");
    }
    // All begin to sleep at the same time, so that none wakes up before the coordinator is down.
    let mut tasks = Vec::new();
    for _ in 0..ALARMS {
        tasks.push(rpc.workflow_task(QUEUE, "worker").await);
    }
    for task in tasks {
        let step = Step::Timer { seconds: SECONDS };
        rpc.complete_workflow_task(&task, "worker", step).await.expect("it is current");
    }
    let set = Instant::now();
    coordinator.kill();
    // The time that passes here is what is tested, not a wait for something to happen.
    tokio::time::sleep(Duration::from_secs(SECONDS as u64)).await;
    assert!(set.elapsed() >= Duration::from_secs(SECONDS as u64), "all are due by now");

    coordinator.restart().await;
    let up = Instant::now();
    let mut rpc = coordinator.rpc().await;
    for alarm in 0..ALARMS {
        rpc.history_until(&format!("alarm-{alarm}"), is_fired).await;
    }
    assert!(up.elapsed() < RIGHT_AFTER, "fired only {:?} after the restart", up.elapsed());

    // Each has fired once, and none fires again before its run closes.
    for _ in 0..ALARMS {
        let task = rpc.workflow_task(QUEUE, "worker").await;
        let step = Step::Complete { result: json!("rung") };
        rpc.complete_workflow_task(&task, "worker", step).await.expect("it is current");
    }
    for alarm in 0..ALARMS {
        let history = rpc.history(&format!("alarm-{alarm}"), "").await;
        assert_eq!(history.iter().filter(|event| is_fired(event)).count(), 1);
        let last = history.last().expect("it has events");
        assert_eq!(last.event_type(), EventType::WorkflowExecutionCompleted);
    }
}

fn is_fired(event: &HistoryEvent) -> bool {
    event.event_type() == EventType::TimerFired
}
