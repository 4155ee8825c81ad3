//! Deleting runs (semantics rule 114).

use persevere_coordinator::{CallError, Filter, Target};
use persevere_engine::Rejection;

use crate::support::{World, target, whole};

#[tokio::test]
async fn a_deleted_workflow_is_gone_from_everywhere_and_its_id_is_free() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.db");
    let world = World::on(&file).await;
    let first = world.start("w").await.unwrap();
    let core = world.coordinator.core().clone();
    core.shards.delete(target("w")).await.unwrap();

    let gone = core.shards.history(target("w"), whole()).await.unwrap_err();
    assert!(matches!(gone, CallError::Rejected(Rejection::NotFound(_))), "{gone}");
    let run = Target::new("default", "w", &first.run_id);
    assert!(core.shards.view(run).await.is_err());
    assert_eq!(core.store.count("default", &Filter::default()).await.unwrap(), 0);

    let second = world.start("w").await.unwrap();
    assert_ne!(second.run_id, first.run_id);
    assert_eq!(world.poll().await.run.run_id, second.run_id);
    drop(core);
    world.crash();
    let world = World::on(&file).await;
    assert_eq!(world.history("w").await.run_id, second.run_id);
}

#[tokio::test]
async fn what_does_not_exist_cannot_be_deleted() {
    let world = World::in_memory().await;
    let refused = world.coordinator.core().shards.delete(target("w")).await;
    assert!(matches!(refused, Err(CallError::Rejected(Rejection::NotFound(_)))), "{refused:?}");
}
