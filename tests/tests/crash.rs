//! Hundreds of payments while coordinator and workers are killed, again and again.
//!
//! The size is set by `PERSEVERE_CRASH_WORKFLOWS`; a run is repeated, as far as processes can be,
//! with `PERSEVERE_SEED`.

use std::{sync::Arc, time::Duration};

use persevere::replay::replay;
use persevere_proto::api::history::v1::{History, HistoryEvent};
use persevere_tests::{
    by_hand,
    checker::broken_promises,
    coordinator::Coordinator,
    history::outline,
    payment::{Order, Settlement, process_payment},
    persistence::pay,
    process::Cast,
    rpc::Rpc,
    worker::Worker,
};
use tokio::{sync::Semaphore, task::JoinSet, time::timeout};

const CAST: Cast = Cast(env!("CARGO_BIN_EXE_cast"));

/// Payments, unless `PERSEVERE_CRASH_WORKFLOWS` says otherwise.
const WORKFLOWS: usize = 200;
/// Payments in flight at one time.
const IN_FLIGHT: usize = 80;
/// Entries in the ledger between two kills, on average: a payment makes about four.
const ENTRIES_BETWEEN_KILLS: usize = 40;
/// A payment that takes longer than this hangs: the longest wait in it is for the time limits of a
/// few tasks that were lost with their worker, of a second or two each.
const PATIENCE: Duration = Duration::from_secs(300);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payments_end_right_whatever_is_killed() {
    let seed = from_environment("PERSEVERE_SEED").unwrap_or_else(|| fastrand::u64(..));
    let workflows = from_environment("PERSEVERE_CRASH_WORKFLOWS").map_or(WORKFLOWS, |n| n as usize);
    println!("PERSEVERE_SEED={seed} PERSEVERE_CRASH_WORKFLOWS={workflows}");
    let random = fastrand::Rng::with_seed(seed);

    let mut stage = Stage::set().await;
    let mut payments = begin_payments(&stage, random.clone(), workflows);
    stage.kill_until_done(random, &mut payments).await;

    let ledger = Worker::ledger(&stage.coordinator).entries().expect("the ledger is readable");
    let mut rpc = stage.coordinator.rpc().await;
    let mut wrong = Vec::new();
    for number in 0..workflows {
        let id = workflow_id(number);
        let history = rpc.history(&id, "").await;
        let problems = problems(&history, &ledger);
        if !problems.is_empty() {
            wrong.push(format!("{id}: {problems:#?}\n{:#?}", outline(&history)));
        }
    }
    assert!(wrong.is_empty(), "{} of {workflows} payments:\n{}", wrong.len(), wrong.join("\n"));
    println!("{} kills, {} activity executions", stage.kills, ledger.len());
}

/// Everything that is wrong with one payment.
fn problems(history: &[HistoryEvent], ledger: &[persevere_tests::ledger::Entry]) -> Vec<String> {
    let run_id = by_hand::run_id(history);
    let entries: Vec<_> = ledger.iter().filter(|entry| entry.run_id == run_id).cloned().collect();
    let mut problems = broken_promises(history, &entries);
    if let Err(broken) = persevere_engine::check_history(history) {
        problems.extend(broken.iter().map(ToString::to_string));
    }
    let history = History { events: history.to_vec() };
    if let Err(mismatch) = replay::<process_payment>(history.clone()) {
        problems.push(mismatch.to_string());
    }
    match history.events.last().and_then(by_hand::result) {
        None => problems.push("it did not complete".into()),
        Some(result) => match serde_json::from_value::<Settlement>(result) {
            Err(error) => problems.push(format!("its result is not a settlement: {error}")),
            Ok(settlement) => {
                let charge = by_hand::completed_activity(&history.events, "charge");
                let charge = charge.and_then(|charge| charge.as_str().map(str::to_owned));
                if settlement.charge != charge || settlement.confirmed_by != "Grace" {
                    problems.push(format!("{settlement:?}, but the charge is {charge:?}"));
                }
            }
        },
    }
    problems
}

/// The processes, and how often one of them was killed.
struct Stage {
    coordinator: Coordinator,
    workers: Vec<Worker>,
    kills: usize,
}

impl Stage {
    async fn set() -> Self {
        let coordinator = Coordinator::start(CAST).await;
        let start = |name| Worker::start(CAST, name, &coordinator);
        let workers = vec![start("worker-1"), start("worker-2")];
        Self { coordinator, workers, kills: 0 }
    }

    /// Kills something whenever the ledger has grown by a random amount, until every payment has
    /// ended; each ending is checked to be one.
    async fn kill_until_done(&mut self, mut random: fastrand::Rng, payments: &mut JoinSet<()>) {
        let ledger = Worker::ledger(&self.coordinator);
        let count = || ledger.entries().expect("the ledger is readable").len();
        let mut next = count() + random.usize(1..2 * ENTRIES_BETWEEN_KILLS);
        let finished = timeout(PATIENCE, async {
            loop {
                tokio::select! {
                    payment = payments.join_next() => match payment {
                        Some(payment) => payment.expect("a payment is followed to its end"),
                        None => return,
                    },
                    () = tokio::time::sleep(Duration::from_millis(5)) => {
                        self.assert_alive();
                        if count() >= next {
                            // Not only right after an entry: anywhere in the work.
                            tokio::time::sleep(Duration::from_millis(random.u64(0..60))).await;
                            self.kill_one(&mut random).await;
                            next = count() + random.usize(1..2 * ENTRIES_BETWEEN_KILLS);
                        }
                    },
                }
            }
        });
        if finished.await.is_err() {
            let logs: Vec<_> = self.workers.iter().map(Worker::log).collect();
            panic!("{} payments hang; logs:\n{}\n{logs:?}", payments.len(), self.coordinator.log());
        }
    }

    /// Nobody dies but by our hand.
    fn assert_alive(&mut self) {
        assert!(!self.coordinator.died(), "it died by itself:\n{}", self.coordinator.log());
        self.workers.iter_mut().for_each(Worker::assert_alive);
    }

    async fn kill_one(&mut self, random: &mut fastrand::Rng) {
        self.kills += 1;
        match random.usize(0..2 + self.workers.len()) {
            victim if victim < self.workers.len() => {
                let worker = &mut self.workers[victim];
                worker.kill();
                worker.restart();
            }
            _ => {
                self.coordinator.kill();
                self.coordinator.restart().await;
            }
        }
    }
}

/// Starts the payments and follows each to its end, so many at a time.
fn begin_payments(stage: &Stage, mut random: fastrand::Rng, workflows: usize) -> JoinSet<()> {
    let address = stage.coordinator.address();
    let slots = Arc::new(Semaphore::new(IN_FLIGHT));
    let mut payments = JoinSet::new();
    for number in 0..workflows {
        let order = Order {
            id: workflow_id(number),
            hiccups: random.u32(0..3),
            work_ms: random.u64(0..20),
            settle_ms: random.u64(1..400),
        };
        let (address, slots) = (address.clone(), Arc::clone(&slots));
        payments.spawn(async move {
            let _slot = slots.acquire_owned().await.expect("the semaphore is never closed");
            pay(&Rpc::lazy(&address), &order).await.expect("it is not refused");
        });
    }
    payments
}

fn workflow_id(number: usize) -> String {
    format!("payment-{number}")
}

fn from_environment(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name}={value} is not a number")))
}
