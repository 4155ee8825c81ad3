//! Reading histories: pages, both ways, from memory and from disk; waiting for more.

use std::{num::NonZeroUsize, time::Duration};

use persevere_coordinator::{Config, HistoryRange, Target, Until};
use tokio::time::Instant;

use crate::support::{World, finish, target};

/// Keeps nothing in memory that need not be there.
fn forgetful(config: Config) -> Config {
    Config { warm_executions: 0, warm_bytes: 0, shards: NonZeroUsize::MIN, ..config }
}

async fn signalled(config: Config, signals: i64) -> World {
    let world = World::open(config).await;
    world.start("w").await.unwrap();
    for signal in 0..signals {
        world.signal("w", &signal.to_string()).await.unwrap();
    }
    world
}

async fn ids(world: &World, range: HistoryRange) -> (Vec<i64>, Option<i64>) {
    let page = world.coordinator.core().shards.history(target("w"), range).await.unwrap();
    (page.events.iter().map(|event| event.event_id).collect(), page.next)
}

#[tokio::test]
async fn pages_add_up_to_the_whole_history_in_both_directions() {
    for config in [Config::default(), forgetful(Config::default())] {
        let world = signalled(config, 300).await;
        for reverse in [false, true] {
            let mut read = Vec::new();
            let mut from = if reverse { Some(i64::MAX) } else { Some(1) };
            while let Some(at) = from {
                let range = HistoryRange { from: at, to: None, max_events: 7, reverse };
                let (page, next) = ids(&world, range).await;
                assert!(!page.is_empty() && page.len() < 20);
                read.extend(page);
                from = next;
            }
            if reverse {
                read.reverse();
            }
            assert_eq!(read, (1..=302).collect::<Vec<_>>());
        }
    }
}

#[tokio::test]
async fn a_range_is_read_exactly() {
    for config in [Config::default(), forgetful(Config::default())] {
        let world = signalled(config, 10).await;
        let range = HistoryRange { from: 4, to: Some(9), max_events: 100, reverse: false };
        assert_eq!(ids(&world, range).await, ((4..9).collect(), None));
    }
}

#[tokio::test]
async fn many_workflows_are_served_from_little_memory() {
    let config = Config { warm_executions: 4, ..Config::default() };
    let world = World::open(config).await;
    for round in 0..3 {
        for n in 0..40 {
            let id = format!("w{n}");
            if round == 0 {
                world.start(&id).await.unwrap();
            } else {
                world.signal(&id, &round.to_string()).await.unwrap();
            }
        }
    }
    for n in 0..40 {
        assert_eq!(world.history(&format!("w{n}")).await.events.len(), 4);
    }
}

#[tokio::test]
async fn whoever_waits_for_an_event_hears_of_it_once_it_is_there() {
    let world = World::in_memory().await;
    let started = world.start("w").await.unwrap();
    let shards = &world.coordinator.core().shards;
    let run = || Target::new("default", "w", &started.run_id);
    let soon = || Instant::now() + Duration::from_secs(20);

    assert!(shards.wait(run(), Until::Event(2), soon()).await.unwrap());
    let (event, _) = tokio::join!(shards.wait(run(), Until::Event(3), soon()), async {
        world.signal("w", "s").await.unwrap()
    });
    assert!(event.unwrap());
    let now = Instant::now();
    assert!(!shards.wait(run(), Until::Closed, now).await.unwrap());
    let (closed, ()) = tokio::join!(shards.wait(run(), Until::Closed, soon()), async {
        let task = world.poll().await;
        world.complete(&task, vec![finish()]).await.unwrap();
    });
    assert!(closed.unwrap());
}

#[tokio::test]
async fn a_started_workflow_task_is_seen_by_whoever_looks() {
    let world = World::in_memory().await;
    world.start("w").await.unwrap();
    world.poll().await;
    assert_eq!(world.history("w").await.events.len(), 3);
    let view = world.coordinator.core().shards.view(target("w")).await.unwrap();
    assert_eq!(view.execution.recorded.next_event_id, 4);
}
