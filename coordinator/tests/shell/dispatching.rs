//! Who gets which task, and that none is lost on the way.

use std::time::Duration;

use persevere_coordinator::{PollRequest, Target, WorkflowPoll};
use persevere_proto::{
    api::{
        enums::v1::TaskQueueKind,
        taskqueue::v1::{StickyExecutionAttributes, TaskQueue},
        workflowservice::v1::RespondWorkflowTaskCompletedRequest,
    },
    wkt,
};
use tokio::time::Instant;

use crate::support::{QUEUE, World, activity, finish, poll_request};

const AT_ONCE: Duration = Duration::from_millis(50);

#[tokio::test]
async fn a_poll_that_waits_gets_the_task_of_a_later_start() {
    let world = World::in_memory().await;
    let (task, started) = tokio::join!(world.poll(), async {
        tokio::task::yield_now().await;
        world.start("w").await.unwrap()
    });
    assert_eq!(task.run.run_id, started.run_id);
    assert_eq!(task.workflow_type, "Kind");
    assert_eq!(task.history.events.len(), 3);
}

/// Semantics rule 120.
#[tokio::test]
async fn a_poll_that_is_given_up_loses_no_task() {
    let world = World::in_memory().await;
    for round in 0..50 {
        // Given up at a different point in each round.
        let poll = world.poll_on(QUEUE, None, Duration::from_secs(5));
        let mut poll = std::pin::pin!(poll);
        let mut got = None;
        let start = async {
            world.start(&format!("w{round}")).await.unwrap();
        };
        tokio::select! {
            biased;
            task = &mut poll => got = task,
            () = start => {}
        }
        for _ in 0..round {
            if got.is_none() {
                tokio::select! {
                    biased;
                    task = &mut poll => got = task,
                    () = tokio::task::yield_now() => {}
                }
            }
        }
        if got.is_some() {
            let Some(WorkflowPoll::Task(task)) = got else { panic!("no query was made") };
            world.complete(&task, vec![finish()]).await.unwrap();
        }
    }
    // Whatever is not closed is there for the next worker, or was started by a poll that was given
    // up right then, and is protected by its timeout (semantics rule 121).
    let mut scheduled = 0;
    for round in 0..50 {
        let run = Target::new("default", format!("w{round}"), "");
        let view = world.coordinator.core().shards.view(run).await.unwrap();
        scheduled += view.execution.tasks().len();
    }
    for _ in 0..scheduled {
        world.poll().await;
    }
    assert_eq!(world.poll_on(QUEUE, None, AT_ONCE).await, None);
}

/// Semantics rule 39.
#[tokio::test]
async fn a_task_for_a_sticky_queue_that_nobody_polls_goes_to_the_normal_queue() {
    let world = World::in_memory().await;
    world.start("w").await.unwrap();
    let task = world.poll().await;
    world.complete_with(&task, vec![activity("a")], sticky("mine")).await.unwrap();
    let activity = world.poll_activity().await;
    world.complete_activity(&activity).await.unwrap();
    let task = world.poll().await;
    assert_eq!(task.handout.history_from, 1);
}

/// Semantics rule 41.
#[tokio::test]
async fn a_sticky_worker_that_polls_gets_its_task_with_the_rest_of_the_history() {
    let world = World::in_memory().await;
    world.start("w").await.unwrap();
    let task = world.poll().await;
    world.complete_with(&task, vec![activity("a")], sticky("mine")).await.unwrap();
    assert_eq!(world.poll_on("mine", Some(QUEUE), AT_ONCE).await, None);
    let activity = world.poll_activity().await;
    world.complete_activity(&activity).await.unwrap();
    let Some(WorkflowPoll::Task(task)) = world.poll_on("mine", Some(QUEUE), AT_ONCE * 100).await
    else {
        panic!("no task on the sticky queue")
    };
    let first = task.history.events.first().map(|event| event.event_id);
    assert_eq!(first, Some(task.handout.previous_started_event_id + 1));
}

/// Semantics rule 123.
#[tokio::test]
async fn a_worker_that_shuts_down_leaves_its_tasks_to_others() {
    let world = World::in_memory().await;
    world.start("w").await.unwrap();
    let task = world.poll().await;
    world.complete_with(&task, vec![activity("a")], sticky("mine")).await.unwrap();
    assert_eq!(world.poll_on("mine", Some(QUEUE), AT_ONCE).await, None);
    let activity = world.poll_activity().await;
    world.complete_activity(&activity).await.unwrap();
    let dispatch = &world.coordinator.core().dispatch;
    assert_eq!(dispatch.describe("default", "mine", false).backlog, 1);
    dispatch.shutdown_worker("default", "mine", "");
    assert_eq!(dispatch.describe("default", "mine", false).backlog, 0);
    assert_eq!(world.poll().await.handout.history_from, 1);
}

#[tokio::test]
async fn shutting_down_a_worker_ends_its_polls() {
    let world = World::in_memory().await;
    let dispatch = &world.coordinator.core().dispatch;
    let request = PollRequest { worker_instance: "instance".into(), ..poll_request(QUEUE, None) };
    let poll = dispatch.poll_activity_task(request, Instant::now() + Duration::from_secs(60));
    let (polled, ()) = tokio::join!(poll, async {
        while dispatch.describe("default", QUEUE, true).pollers.is_empty() {
            tokio::task::yield_now().await;
        }
        dispatch.shutdown_worker("default", "", "instance");
    });
    assert_eq!(polled.unwrap(), None);
}

#[tokio::test]
async fn a_poll_of_a_worker_that_has_gone_away_is_answered_at_once_and_takes_no_task() {
    let world = World::in_memory().await;
    let dispatch = &world.coordinator.core().dispatch;
    dispatch.shutdown_worker("default", "", "instance");
    world.start("w").await.unwrap();
    let request = PollRequest { worker_instance: "instance".into(), ..poll_request(QUEUE, None) };
    let late = dispatch.poll_workflow_task(request, Instant::now() + Duration::from_secs(60));
    let late = tokio::time::timeout(Duration::from_secs(20), late).await.expect("answered at once");
    assert_eq!(late.unwrap(), None);
    assert_eq!(dispatch.describe("default", QUEUE, false).backlog, 1);
}

/// Semantics rule 81.
#[tokio::test]
async fn activities_keep_to_the_rate_that_their_worker_asks_for() {
    let world = World::in_memory().await;
    world.start("w").await.unwrap();
    let task = world.poll().await;
    let commands = ["a", "b", "c"].map(activity).to_vec();
    world.complete(&task, commands).await.unwrap();
    let dispatch = &world.coordinator.core().dispatch;
    let begin = Instant::now();
    for _ in 0..3 {
        let request = PollRequest { max_tasks_per_second: Some(10.0), ..poll_request(QUEUE, None) };
        let deadline = Instant::now() + Duration::from_secs(10);
        dispatch.poll_activity_task(request, deadline).await.unwrap().unwrap();
    }
    assert!(begin.elapsed() >= Duration::from_millis(190), "{:?}", begin.elapsed());
}

fn sticky(name: &str) -> impl FnOnce(&mut RespondWorkflowTaskCompletedRequest) {
    let queue = TaskQueue {
        name: name.into(),
        kind: TaskQueueKind::Sticky.into(),
        normal_name: QUEUE.into(),
    };
    move |request| {
        request.sticky_attributes = Some(StickyExecutionAttributes {
            worker_task_queue: Some(queue),
            schedule_to_start_timeout: Some(wkt::Duration { seconds: 10, nanos: 0 }),
        });
    }
}
