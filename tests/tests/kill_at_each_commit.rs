//! One payment for each commit of the coordinator, which dies there: at the first, the second, the
//! third … until it survives. Every one of these payments ends right.

use std::time::Duration;

use futures_util::future::join_all;
use persevere_tests::{
    by_hand,
    checker::broken_promises,
    coordinator::Coordinator,
    history::outline,
    payment::{Order, Settlement},
    persistence::pay,
    process::Cast,
    rpc::Rpc,
    worker::Worker,
};
use tokio::time::timeout;

const CAST: Cast = Cast(env!("CARGO_BIN_EXE_cast"));

/// More commits than one payment can take; a run that reaches it means that the failpoint is not
/// counted from the right place, or that the payment never ends.
const MOST_COMMITS: u64 = 100;
/// Pause between two looks at the processes, which cannot be waited for otherwise.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// Longer than a payment takes that loses an attempt and waits for its time limit.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test]
async fn dying_just_before_any_commit_loses_nothing_that_was_promised() {
    until_one_survives("CAST_BEFORE_COMMIT").await;
}

#[tokio::test]
async fn dying_just_after_any_commit_repeats_nothing_that_was_done() {
    until_one_survives("CAST_AFTER_COMMIT").await;
}

/// Runs that go on side by side: most of a run is waiting for what a death has lost.
const SIDE_BY_SIDE: u64 = 4;

async fn until_one_survives(failpoint: &str) {
    let mut commit = 1;
    while commit < MOST_COMMITS {
        let runs =
            (commit..commit + SIDE_BY_SIDE).map(|commit| pay_with_a_death(failpoint, commit));
        let died = join_all(runs).await;
        if let Some(survivor) =
            (commit..).zip(died).find_map(|(commit, died)| (!died).then_some(commit))
        {
            println!("{failpoint}: survived {survivor}");
            assert!(survivor > 5, "a payment takes more commits than that: was one made to die?");
            return;
        }
        commit += SIDE_BY_SIDE;
    }
    panic!("{failpoint}: still dying at commit {MOST_COMMITS}");
}

/// Runs one payment while the coordinator dies at that commit, and tells whether it did.
async fn pay_with_a_death(failpoint: &str, commit: u64) -> bool {
    let mut coordinator = Coordinator::start_with(CAST, &[(failpoint, commit.to_string())]).await;
    let mut worker = Worker::start(CAST, "worker", &coordinator);
    let order = Order { id: "payment".into(), hiccups: 1, work_ms: 0, settle_ms: 20 };
    let rpc = Rpc::lazy(&coordinator.address());
    let mut died = false;
    let paid = timeout(PATIENCE, async {
        let payment = pay(&rpc, &order);
        tokio::pin!(payment);
        loop {
            tokio::select! {
                paid = &mut payment => return paid.expect("it is not refused"),
                () = tokio::time::sleep(LOOK_AGAIN) => {
                    worker.assert_alive();
                    if coordinator.died() {
                        assert!(!died, "it died once more, by itself:\n{}", coordinator.log());
                        died = true;
                        coordinator.kill();
                        coordinator.restart().await;
                    }
                }
            }
        }
    });
    let paid = paid.await;
    let logs = || format!("{}\n{}", coordinator.log(), worker.log());
    assert!(
        paid.is_ok(),
        "{failpoint}={commit} hangs; logs of coordinator and worker:\n{}",
        logs()
    );

    let history = coordinator.rpc().await.history("payment", "").await;
    let ledger = Worker::ledger(&coordinator).entries().expect("the ledger is readable");
    let mut problems = broken_promises(&history, &ledger);
    if let Err(broken) = persevere_engine::check_history(&history) {
        problems.extend(broken.iter().map(ToString::to_string));
    }
    assert!(problems.is_empty(), "{failpoint}={commit}: {problems:#?}\n{:#?}", outline(&history));
    let result = history.last().and_then(by_hand::result).expect("it completed");
    let settlement: Settlement = serde_json::from_value(result).expect("with a settlement");
    assert_eq!(settlement.confirmed_by, "Grace");
    died
}
