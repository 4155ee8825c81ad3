//! What was answered survives a crash; what was left undone is taken up again.

use persevere_coordinator::{CallError, Config, Coordinator, OpenError, StartError};
use persevere_engine::Rejection;
use persevere_proto::api::enums::v1::EventType as E;

use crate::support::{World, activity, finish, target};

#[tokio::test]
async fn a_workflow_goes_on_after_each_of_many_crashes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.db");

    let world = World::on(&file).await;
    let started = world.start("w").await.unwrap();
    world.crash();

    let world = World::on(&file).await;
    let task = world.poll().await;
    assert_eq!(task.run.run_id, started.run_id);
    world.crash();

    // The start of a workflow task is not stored by itself: the task is offered again.
    let world = World::on(&file).await;
    let again = world.poll().await;
    assert_eq!(again.handout.token.scheduled_event_id, task.handout.token.scheduled_event_id);
    let stale = world.complete(&task, vec![]).await.unwrap_err();
    assert_eq!(stale, CallError::Rejected(Rejection::NotFound("Workflow task not found.".into())));
    world.complete(&again, vec![activity("a")]).await.unwrap();
    world.crash();

    let world = World::on(&file).await;
    let task = world.poll_activity().await;
    world.complete_activity(&task).await.unwrap();
    world.crash();

    let world = World::on(&file).await;
    let task = world.poll().await;
    world.complete(&task, vec![finish()]).await.unwrap();
    world.crash();

    let world = World::on(&file).await;
    let expected = [
        E::WorkflowExecutionStarted,
        E::WorkflowTaskScheduled,
        E::WorkflowTaskStarted,
        E::WorkflowTaskCompleted,
        E::ActivityTaskScheduled,
        E::ActivityTaskStarted,
        E::ActivityTaskCompleted,
        E::WorkflowTaskScheduled,
        E::WorkflowTaskStarted,
        E::WorkflowTaskCompleted,
        E::WorkflowExecutionCompleted,
    ];
    assert_eq!(world.events("w").await, expected);
}

#[tokio::test]
async fn an_activity_of_one_attempt_is_not_handed_out_again_after_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.db");
    let world = World::on(&file).await;
    world.start("w").await.unwrap();
    let task = world.poll().await;
    world.complete(&task, vec![activity("a")]).await.unwrap();
    let task = world.poll_activity().await;
    world.crash();

    let world = World::on(&file).await;
    let described = world.coordinator.core().shards.view(target("w")).await.unwrap();
    assert_eq!(described.execution.tasks(), []);
    // The worker that has it may still report.
    world.complete_activity(&task).await.unwrap();
}

#[tokio::test]
async fn a_repeated_request_after_a_crash_has_no_second_effect() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.db");
    let world = World::on(&file).await;
    let first = world.start("w").await.unwrap();
    world.signal("w", "once").await.unwrap();
    world.crash();

    let world = World::on(&file).await;
    assert_eq!(world.start("w").await.unwrap().run_id, first.run_id);
    world.signal("w", "once").await.unwrap();
    let events = world.events("w").await;
    assert_eq!(events.iter().filter(|it| **it == E::WorkflowExecutionSignaled).count(), 1);
}

#[tokio::test]
async fn a_second_coordinator_on_the_same_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.db");
    let _first = World::on(&file).await;
    let refused = Coordinator::open(Config::file(&file)).await.unwrap_err();
    assert!(matches!(&refused, StartError::Open(OpenError::InUse(path)) if *path == file));
    assert!(refused.to_string().contains("is in use by another coordinator"), "{refused}");
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.db");
    World::on(&file).await.coordinator.shutdown().await;
    set_version(&file, 99).await;
    let refused = Coordinator::open(Config::file(&file)).await.unwrap_err().to_string();
    assert!(refused.contains("newer version of Persevere (schema 99"), "{refused}");
}

#[tokio::test]
async fn a_database_of_another_program_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.db");
    set_version(&file, 3).await;
    let refused = Coordinator::open(Config::file(&file)).await.unwrap_err().to_string();
    assert!(refused.contains("of another program"), "{refused}");
}

#[tokio::test]
async fn a_graceful_shutdown_leaves_everything_in_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.db");
    let world = World::on(&file).await;
    world.start("w").await.unwrap();
    world.poll().await;
    world.coordinator.shutdown().await;
    assert!(!file.with_extension("db-wal").exists());
    // What could have waited was stored as well.
    let world = World::on(&file).await;
    assert_eq!(world.events("w").await.last(), Some(&E::WorkflowTaskStarted));
}

async fn set_version(file: &std::path::Path, version: i32) {
    use sqlx::{ConnectOptions as _, Connection as _};
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    let sql = sqlx::AssertSqlSafe(format!("PRAGMA user_version = {version}"));
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}
