//! Queries on their way to a worker and back.

use std::time::Duration;

use persevere_coordinator::{CallError, QueryOutcome, WorkflowPoll};
use persevere_engine::{QueryAnswer, Rejection};
use persevere_proto::api::{enums::v1::QueryRejectCondition, query::v1::WorkflowQuery};
use tokio::time::Instant;

use crate::support::{QUEUE, World, finish, target};

async fn query(world: &World, patience: Duration) -> Result<QueryOutcome, CallError> {
    let query = WorkflowQuery { query_type: "state".into(), ..WorkflowQuery::default() };
    let deadline = Instant::now() + patience;
    let shards = &world.coordinator.core().shards;
    shards.query(target("w"), query, QueryRejectCondition::None, deadline).await
}

/// Semantics rules 90 and 94.
#[tokio::test]
async fn a_closed_run_is_queried_by_a_task_of_its_own_with_the_whole_history() {
    let world = World::in_memory().await;
    world.start("w").await.unwrap();
    let task = world.poll().await;
    world.complete(&task, vec![finish()]).await.unwrap();
    let patience = Duration::from_secs(20);
    let (answer, ()) = tokio::join!(query(&world, patience), async {
        let polled = world.poll_on(QUEUE, None, patience).await;
        let Some(WorkflowPoll::Query(task)) = polled else { panic!("expected a query") };
        assert_eq!(task.query.query_type, "state");
        assert_eq!(task.history.events.len(), 5);
        let dispatch = &world.coordinator.core().dispatch;
        let answer = QueryAnswer::Answered(None);
        assert!(!dispatch.complete_query(task.process + 1, task.id, answer.clone()));
        assert!(dispatch.complete_query(task.process, task.id, answer.clone()));
        // Perhaps it is gone by now, perhaps not; a second answer does no harm.
        let _ = dispatch.complete_query(task.process, task.id, answer);
    });
    assert_eq!(answer.unwrap(), QueryOutcome::Answered(QueryAnswer::Answered(None)));
    assert_eq!(world.events("w").await.len(), 5);
}

#[tokio::test]
async fn a_query_that_nobody_takes_ends_with_its_deadline() {
    let world = World::in_memory().await;
    world.start("w").await.unwrap();
    let task = world.poll().await;
    world.complete(&task, vec![finish()]).await.unwrap();
    let answer = query(&world, Duration::from_millis(50)).await;
    assert_eq!(answer, Err(CallError::DeadlineExceeded));
    // And leaves nothing behind for a worker to find.
    assert_eq!(world.poll_on(QUEUE, None, Duration::from_millis(50)).await, None);
}

#[tokio::test]
async fn a_query_of_no_workflow_is_not_found() {
    let world = World::in_memory().await;
    let answer = query(&world, Duration::from_secs(20)).await;
    assert!(matches!(answer, Err(CallError::Rejected(Rejection::NotFound(_)))), "{answer:?}");
}
