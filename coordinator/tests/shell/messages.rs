//! Messages between executions: delivered across shards and across crashes, carried out once.

use persevere_proto::api::enums::v1::EventType as E;

use crate::support::{World, child, finish, signal_external};

#[tokio::test]
async fn a_child_runs_and_its_parent_hears_of_it() {
    let world = World::in_memory().await;
    world.start("parent").await.unwrap();
    let task = world.poll().await;
    world.complete(&task, vec![child("child")]).await.unwrap();
    // The parent hears of the start before the child gets its first task (semantics rule 59).
    let mut finished = 0;
    while finished < 2 {
        let task = world.poll().await;
        let known = world.events(&task.run.workflow_id).await;
        let is_child = task.run.workflow_id == "child";
        if is_child || known.contains(&E::ChildWorkflowExecutionCompleted) {
            world.complete(&task, vec![finish()]).await.unwrap();
            finished += 1;
        } else {
            world.complete(&task, vec![]).await.unwrap();
        }
    }
    let events = world.events("parent").await;
    let of_child: Vec<_> =
        events.into_iter().filter(|it| it.as_str_name().contains("CHILD")).collect();
    let expected = [
        E::StartChildWorkflowExecutionInitiated,
        E::ChildWorkflowExecutionStarted,
        E::ChildWorkflowExecutionCompleted,
    ];
    assert_eq!(of_child, expected);
}

#[tokio::test]
async fn children_and_signals_survive_a_crash_after_any_step() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.db");
    let mut world = World::on(&file).await;
    world.start("parent").await.unwrap();
    world.start("other").await.unwrap();
    loop {
        if world.events("parent").await.contains(&E::WorkflowExecutionCompleted) {
            break;
        }
        let task = world.poll().await;
        let known = world.events(&task.run.workflow_id).await;
        let commands = match task.run.workflow_id.as_str() {
            "parent" if task.handout.previous_started_event_id == 0 => {
                vec![child("child"), signal_external("other")]
            }
            "parent" if !known.contains(&E::ChildWorkflowExecutionCompleted) => vec![],
            "parent" if !known.contains(&E::ExternalWorkflowExecutionSignaled) => vec![],
            "other" => vec![],
            _ => vec![finish()],
        };
        world.complete(&task, commands).await.unwrap();
        world.crash();
        world = World::on(&file).await;
    }
    let events = world.events("parent").await;
    for kind in [
        E::ChildWorkflowExecutionStarted,
        E::ChildWorkflowExecutionCompleted,
        E::ExternalWorkflowExecutionSignaled,
    ] {
        assert_eq!(events.iter().filter(|it| **it == kind).count(), 1, "{kind:?} in {events:?}");
    }
    let other = world.events("other").await;
    assert_eq!(other.iter().filter(|it| **it == E::WorkflowExecutionSignaled).count(), 1);
}
