//! Timers: across restarts, and in virtual time.

use std::time::Duration;

use persevere_coordinator::{Clock, Config, Target, Until};
use persevere_engine::Time;
use persevere_proto::api::enums::v1::EventType as E;
use tokio::time::Instant;

use crate::support::{World, activity, finish, timer};

const DAY: Duration = Duration::from_secs(24 * 3600);

#[tokio::test]
async fn a_timer_that_fell_due_while_nobody_watched_fires_once_after_the_restart() {
    let folder = tempfile::tempdir().unwrap();
    let config = |time| Config {
        clock: Clock::virtual_from(time),
        ..Config::file(folder.path().join("test.db"))
    };
    let begin = Time(1_700_000_000_000_000_000);
    let world = World::open(config(begin)).await;
    world.start("w").await.unwrap();
    let task = world.poll().await;
    world.complete(&task, vec![timer("t", DAY)]).await.unwrap();
    world.crash();

    let world = World::open(config(begin.plus(DAY * 2))).await;
    let task = world.poll().await;
    world.complete(&task, vec![finish()]).await.unwrap();
    let events = world.events("w").await;
    assert_eq!(events.iter().filter(|it| **it == E::TimerFired).count(), 1);
}

#[tokio::test]
async fn a_year_of_daily_steps_passes_by_itself_while_someone_waits() {
    let clock = Clock::virtual_from(Time(1_700_000_000_000_000_000));
    let world = World::open(Config { clock: clock.clone(), ..Config::default() }).await;
    let started = world.start("w").await.unwrap();
    let run = Target::new("default", "w", &started.run_id);
    let begin = clock.now();
    let shards = world.coordinator.core().shards.clone();
    let patience = Instant::now() + Duration::from_secs(60);
    let (closed, ()) = tokio::join!(shards.wait(run, Until::Closed, patience), async {
        for day in 0..365 {
            let task = world.poll().await;
            world.complete(&task, vec![timer(&day.to_string(), DAY)]).await.unwrap();
        }
        let task = world.poll().await;
        world.complete(&task, vec![finish()]).await.unwrap();
    });
    assert!(closed.unwrap());
    assert_eq!(clock.now().since(begin), DAY * 365);
}

#[tokio::test]
async fn virtual_time_stands_still_while_a_worker_is_busy() {
    let clock = Clock::virtual_from(Time(1_700_000_000_000_000_000));
    let world = World::open(Config { clock: clock.clone(), ..Config::default() }).await;
    world.start("w").await.unwrap();
    let _skipping = clock.skip_when_idle();
    let begin = clock.now();
    let task = world.poll().await;
    world.complete(&task, vec![activity("a"), timer("t", DAY)]).await.unwrap();
    let task = world.poll_activity().await;
    // Ten times what idleness needs.
    tokio::time::timeout(Duration::from_millis(40), std::future::pending::<()>())
        .await
        .unwrap_err();
    assert_eq!(clock.now(), begin);
    world.complete_activity(&task).await.unwrap();
}
