//! `#[persevere::test(chaos = …)]`: the faults are real, a good workflow does not mind them, and a
//! bad one does.

use std::collections::BTreeMap;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use persevere::prelude::*;
use persevere_proto::api::enums::v1::EventType;
use persevere_proto::api::history::v1::history_event::Attributes;

#[activity]
async fn validate(order: u64) -> Result<u64> {
    if order == 0 {
        bail!("there is no order {order}");
    }
    Ok(order * 100)
}

/// Takes the money of an order unless it has been taken.
#[activity]
async fn charge(#[dep] ledger: &Ledger, order: u64, amount: u64) -> Result<()> {
    tokio::task::yield_now().await;
    ledger.lock().expect("no panic in between").insert(order, amount);
    tokio::task::yield_now().await;
    Ok(())
}

/// Takes the money of an order, again if it is told again.
#[activity]
async fn charge_blindly(#[dep] ledger: &Ledger, order: u64, amount: u64) -> Result<()> {
    *ledger.lock().expect("no panic in between").entry(order).or_default() += amount;
    Ok(())
}

#[activity]
async fn send_receipt(order: u64) -> Result<String> {
    Ok(format!("receipt of order {order}"))
}

/// An attempt that the server never repeats.
#[activity(retry(max_attempts = 1))]
async fn launch(#[dep] ledger: &Ledger) -> Result<()> {
    *ledger.lock().expect("no panic in between").entry(0).or_default() += 1;
    Ok(())
}

#[signal]
struct Settled;

#[workflow]
async fn pay(order: u64) -> Result<String> {
    let amount = validate(order).await?;
    charge(order, amount).await?;
    let _ = timeout(days(3), receive::<Settled>()).await;
    Ok(send_receipt(order).await?)
}

#[workflow]
async fn pay_blindly(order: u64) -> Result<()> {
    let amount = validate(order).await?;
    charge_blindly(order, amount).await?;
    Ok(())
}

#[workflow]
async fn pay_two(first: u64, second: u64) -> Result<String> {
    let (first, second) = try_join!(pay(first), pay(second))?;
    Ok(format!("{first}, {second}"))
}

#[workflow]
async fn launch_once() -> Result<bool> {
    Ok(launch().await.is_ok())
}

type Ledger = Arc<Mutex<BTreeMap<u64, u64>>>;

fn ledger(t: &Harness) -> Ledger {
    let ledger = Ledger::default();
    t.provide(ledger.clone()).activity::<validate>().activity::<charge>();
    t.activity::<charge_blindly>().activity::<send_receipt>().activity::<launch>();
    ledger
}

/// What happened over all seeds.
#[derive(Debug, Default)]
struct Tally {
    seeds: u64,
    deaths: usize,
    deaths_in_activities: usize,
    lost_replies: usize,
    redelivered_workflow_tasks: usize,
    redelivered_activities: usize,
}

/// Of [`an_order_is_paid_once_whatever_happens`], the last seed of which looks at it.
static TALLY: Mutex<Option<Tally>> = Mutex::new(None);

#[persevere::test(chaos = 200)]
async fn an_order_is_paid_once_whatever_happens(t: Harness) {
    let ledger = ledger(&t);
    let run = t.start(pay(7)).await;
    assert_eq!(run.result().await.unwrap(), "receipt of order 7");
    assert_eq!(*ledger.lock().unwrap(), BTreeMap::from([(7, 700)]));

    let events = run.history().await.unwrap().events;
    let timed_out = |kind| events.iter().filter(|event| event.event_type() == kind).count();
    let again = events.iter().filter(|event| match &event.attributes {
        Some(Attributes::ActivityTaskStartedEventAttributes(started)) => started.attempt > 1,
        _ => false,
    });
    let faults = t.faults();
    let count = |what: &str| faults.iter().filter(|fault| fault.contains(what)).count();
    let mut tally = TALLY.lock().unwrap();
    let tally = tally.get_or_insert_default();
    tally.seeds += 1;
    tally.deaths += count("died");
    tally.deaths_in_activities += count("died within activity");
    tally.lost_replies += count("got lost");
    tally.redelivered_workflow_tasks += timed_out(EventType::WorkflowTaskTimedOut);
    tally.redelivered_activities += again.count();
    if tally.seeds == 200 {
        assert!(tally.deaths > 0, "{tally:?}");
        assert!(tally.deaths_in_activities > 0, "{tally:?}");
        assert!(tally.lost_replies > 0, "{tally:?}");
        assert!(tally.redelivered_workflow_tasks > 0, "{tally:?}");
        assert!(tally.redelivered_activities > 0, "{tally:?}");
    }
}

#[persevere::test(chaos = 40)]
async fn children_in_parallel_and_a_signal_survive(t: Harness) {
    let ledger = ledger(&t);
    let both = t.start(pay_two(1, 2)).await;
    let one = t.start(pay(9)).await;
    one.signal(Settled).await.unwrap();
    assert_eq!(one.result().await.unwrap(), "receipt of order 9");
    assert_eq!(both.result().await.unwrap(), "receipt of order 1, receipt of order 2");
    let paid: Vec<_> = ledger.lock().unwrap().keys().copied().collect();
    assert_eq!(paid, [1, 2, 9]);
}

#[persevere::test(chaos = 60)]
async fn a_single_attempt_is_never_two(t: Harness) {
    let ledger = ledger(&t);
    let done = t.run(launch_once()).await.unwrap();
    let launches = ledger.lock().unwrap().get(&0).copied().unwrap_or_default();
    assert!(launches <= 1, "launched {launches} times");
    assert!(launches == 1 || !done, "it was not launched, but the workflow was told so");
}

async fn charges_once(t: Harness) {
    let ledger = ledger(&t);
    t.run(pay_blindly(7)).await.expect("every order can be paid");
    let charged = ledger.lock().expect("no panic in between")[&7];
    assert_eq!(charged, 700, "charged twice");
}

#[persevere::test]
async fn an_activity_that_must_not_be_repeated_passes_undisturbed(t: Harness) {
    charges_once(t).await;
}

#[persevere::test(chaos = 200)]
#[should_panic(expected = "charged twice")]
async fn chaos_finds_an_activity_that_must_not_be_repeated(t: Harness) {
    charges_once(t).await;
}

/// For [`a_failing_seed_is_told_and_can_be_run_alone`] only.
#[persevere::test(chaos = 200)]
#[ignore = "fails on purpose"]
async fn fails_with_some_seeds(t: Harness) {
    charges_once(t).await;
}

fn run_failing_test(seed: Option<&str>) -> (Output, String) {
    let mut test = Command::new(std::env::current_exe().expect("this test is a program"));
    test.args(["--exact", "fails_with_some_seeds", "--ignored", "--nocapture"]);
    test.env_remove("PERSEVERE_CHAOS_SEED");
    test.envs(seed.map(|seed| ("PERSEVERE_CHAOS_SEED", seed)));
    let output = test.output().expect("this program can be run");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, text)
}

#[test]
fn a_failing_seed_is_told_and_can_be_run_alone() {
    let (all, text) = run_failing_test(None);
    assert!(!all.status.success());
    assert!(text.contains("The test failed with chaos seed"), "{text}");
    let (_, seed) = text.split_once("PERSEVERE_CHAOS_SEED=").expect("it says how");
    let seed = seed.lines().next().unwrap();

    let (alone, text) = run_failing_test(Some(seed));
    assert!(!alone.status.success());
    assert!(text.contains(&format!("with chaos seed {seed}")), "{text}");
    assert!(text.contains("charged twice"), "{text}");

    let (undisturbed, text) = run_failing_test(Some("0"));
    assert!(undisturbed.status.success(), "{text}");
    assert_eq!(text.matches("seed").count(), 0, "no noise: {text}");
}
