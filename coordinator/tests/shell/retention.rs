//! How long closed runs are kept.

use std::{
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use persevere_coordinator::{Clock, Config, Filter, Time};

use crate::support::{World, finish};

const HOUR: Duration = Duration::from_secs(3600);

/// A coordinator whose clock stands so long before now.
async fn long_ago(file: &Path, ago: Duration) -> World {
    let then = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() - ago;
    let clock = Clock::virtual_from(Time::default().plus(then));
    World::open(Config { clock, ..Config::file(file) }).await
}

/// Runs in the store.
async fn kept(world: &World) -> i64 {
    world.coordinator.core().store.count("default", &Filter::default()).await.unwrap()
}

#[tokio::test]
async fn a_run_is_removed_once_its_close_is_longer_ago_than_the_retention() {
    let world = World::in_memory().await;
    world.start("closed").await.unwrap();
    world.complete(&world.poll().await, vec![finish()]).await.unwrap();
    world.start("open").await.unwrap();
    let core = world.coordinator.core();
    let now = core.clock.now();
    let day = 24 * HOUR;

    assert_eq!(core.remove_expired(now.plus(day - HOUR)).await.unwrap(), 0);
    assert_eq!(kept(&world).await, 2);
    assert_eq!(core.remove_expired(now.plus(day + HOUR)).await.unwrap(), 1);
    assert_eq!(world.history("open").await.events.len(), 2);
    assert_eq!(kept(&world).await, 1);
}

#[tokio::test]
async fn what_expired_while_the_coordinator_was_down_is_removed_when_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.db");
    let before = long_ago(&file, 25 * HOUR).await;
    before.start("closed").await.unwrap();
    before.complete(&before.poll().await, vec![finish()]).await.unwrap();
    assert_eq!(kept(&before).await, 1);
    before.coordinator.shutdown().await;

    let after = World::on(&file).await;
    let removed = async {
        while kept(&after).await > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), removed).await.expect("it expired an hour ago");
}

#[tokio::test]
async fn virtual_time_removes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.db");
    let world = long_ago(&file, 25 * HOUR).await;
    world.start("closed").await.unwrap();
    world.complete(&world.poll().await, vec![finish()]).await.unwrap();
    world.coordinator.clock().advance(1000 * HOUR).await;
    assert_eq!(kept(&world).await, 1);
}
