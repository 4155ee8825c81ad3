//! Several things at once: in source order, bounded, losers cancelled.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use persevere::activity;
use persevere::prelude::*;

use crate::server::{Ledger, Server};

#[derive(Default)]
struct Gauge {
    now: AtomicUsize,
    most: AtomicUsize,
}

#[activity]
async fn load(#[dep] gauge: &Arc<Gauge>, row: u64) -> Result<u64> {
    let now = gauge.now.fetch_add(1, Ordering::SeqCst) + 1;
    gauge.most.fetch_max(now, Ordering::SeqCst);
    tokio::task::yield_now().await;
    gauge.now.fetch_sub(1, Ordering::SeqCst);
    Ok(row * 10)
}

#[workflow]
async fn load_all(rows: Vec<u64>, limit: usize) -> Result<Vec<u64>> {
    let loaded = for_each_concurrent(rows, limit, load).await;
    Ok(loaded.into_iter().collect::<Result<_, _>>()?)
}

#[workflow]
async fn load_two(one: u64, two: u64) -> Result<u64> {
    let (one, two) = try_join!(load(one), load(two))?;
    Ok(one + two)
}

#[workflow]
async fn load_started(rows: Vec<u64>) -> Result<u64> {
    let started: Vec<_> = rows.into_iter().map(|row| load(row).start()).collect();
    let mut sum = 0;
    for row in started {
        sum += row.await?;
    }
    Ok(sum)
}

#[tokio::test]
async fn calls_run_at_once_and_results_come_in_order() {
    let gauge = Arc::new(Gauge::default());
    let server = Server::with(|worker| {
        worker
            .provide(Arc::clone(&gauge))
            .workflow::<load_all>()
            .workflow::<load_two>()
            .workflow::<load_started>()
            .activity::<load>()
    })
    .await;
    let rows = (0..20).collect::<Vec<u64>>();
    let loaded = load_all(rows.clone(), 3).run(&server).await.expect("loaded");
    assert_eq!(loaded, rows.iter().map(|row| row * 10).collect::<Vec<_>>());
    assert!(gauge.most.load(Ordering::SeqCst) <= 3);
    assert_eq!(load_two(1, 2).run(&server).await.expect("loaded"), 30);
    assert_eq!(load_started(rows).run(&server).await.expect("loaded"), 1900);
    server.stop().await;
}

/// Beats until it is told to stop.
#[activity(heartbeat = "10s", start_to_close = "1m")]
async fn beat(#[dep] ledger: &Ledger) -> Result<()> {
    ledger.write("beating");
    let mut beats = tokio::time::interval(millis(50));
    loop {
        tokio::select! {
            reason = activity::cancelled() => {
                ledger.write(format!("{reason:?}"));
                bail!("stopped");
            }
            _ = beats.tick() => activity::heartbeat(&())?,
        }
    }
}

#[signal]
struct Stop;

/// Stops the activity by dropping it, and waits until that has been noticed.
#[workflow]
async fn beat_until_stopped() -> Result<String> {
    select! {
        done = beat() => done?,
        Stop = receive() => {}
    }
    receive::<Stop>().await;
    Ok("stopped".into())
}

#[tokio::test]
async fn a_call_that_is_dropped_is_cancelled() {
    let ledger = Ledger::default();
    let server = Server::with(|worker| {
        worker.provide(ledger.clone()).workflow::<beat_until_stopped>().activity::<beat>()
    })
    .await;
    let run = beat_until_stopped().start(&server).await.expect("started");
    ledger.until("beating").await;
    run.signal(Stop).await.expect("sent");
    ledger.until("Requested").await;
    run.signal(Stop).await.expect("sent");
    assert_eq!(run.result().await.expect("stopped"), "stopped");
    server.stop().await;
}

#[activity]
async fn note(#[dep] ledger: &Ledger, line: String) -> Result<()> {
    ledger.write(line);
    Ok(())
}

#[workflow]
async fn leave_behind() -> Result<()> {
    note("detached".into()).start().detach();
    drop(note("never scheduled".into()));
    sleep(millis(1)).await;
    Ok(())
}

#[tokio::test]
async fn a_detached_call_runs_on_and_an_unstarted_one_never_does() {
    let ledger = Ledger::default();
    let server = Server::with(|worker| {
        worker.provide(ledger.clone()).workflow::<leave_behind>().activity::<note>()
    })
    .await;
    let run = leave_behind().start(&server).await.expect("started");
    run.result().await.expect("done");
    ledger.until("detached").await;
    server.stop().await;
    assert_eq!(ledger.lines(), ["detached"]);
}
