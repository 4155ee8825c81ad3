//! Running a test's function: once, or once for each seed of chaos.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use super::chaos::Chaos;
use super::{Harness, replays};

/// Runs only this seed of each chaos test.
const ONLY_SEED: &str = "PERSEVERE_CHAOS_SEED";

/// What a test's function returns.
pub trait Outcome {
    /// Whether the test failed.
    fn is_failure(&self) -> bool;
}

impl Outcome for () {
    fn is_failure(&self) -> bool {
        false
    }
}

impl<T, E> Outcome for Result<T, E> {
    fn is_failure(&self) -> bool {
        self.is_err()
    }
}

/// Runs a test: the whole of what `#[persevere::test]` generates.
pub fn run_test<F, Fut, T>(test: F) -> T
where
    F: FnOnce(Harness) -> Fut,
    Fut: Future<Output = T>,
{
    run(None, test)
}

/// Runs a test for so many seeds, each in a world of its own, until it fails with one: the whole of
/// what `#[persevere::test(chaos = 200)]` generates.
pub fn run_chaos_test<F, Fut, T>(seeds: u32, test: F) -> T
where
    F: Fn(Harness) -> Fut,
    Fut: Future<Output = T>,
    T: Outcome,
{
    let only = only_seed();
    let mut seed = only.unwrap_or(0);
    loop {
        let chaos = Arc::new(Chaos::new(seed));
        let ended = catch_unwind(AssertUnwindSafe(|| run(Some(Arc::clone(&chaos)), &test)));
        let failed = ended.as_ref().map_or(true, Outcome::is_failure);
        if failed {
            eprintln!("The test failed {chaos}\nTo run it with this seed only: {ONLY_SEED}={seed}");
        }
        seed += 1;
        match ended {
            Err(panic) => resume_unwind(panic),
            Ok(outcome) if failed || only.is_some() || seed >= seeds.into() => return outcome,
            Ok(_) => {}
        }
    }
}

fn only_seed() -> Option<u64> {
    let seed = std::env::var(ONLY_SEED).ok()?;
    match seed.parse() {
        Ok(seed) => Some(seed),
        Err(error) => panic!("{ONLY_SEED}={seed} is no seed, which is a whole number: {error}"),
    }
}

/// Runs a test's function in a new world, and looks whether all is as it should be afterwards.
fn run<F, Fut, T>(chaos: Option<Arc<Chaos>>, test: F) -> T
where
    F: FnOnce(Harness) -> Fut,
    Fut: Future<Output = T>,
{
    super::runtime().block_on(async {
        let (harness, mut workers) = Harness::open(chaos).await;
        let world = Arc::clone(&harness.world);
        // Also when the test panics: the runtime waits for the threads of its workers.
        let stop = world.stop.clone().drop_guard();
        let result = test(harness).await;
        drop(stop);
        while let Some(ended) = workers.join_next().await {
            if let Err(error) = ended.expect("no panic in the worker") {
                panic!("the test's worker had to stop: {error}");
            }
        }
        let unexpected = world.fakes.unexpected();
        assert!(unexpected.is_empty(), "{}", unexpected.join("\n"));
        world.expect_no_failed_task();
        replays::replay_all(&world.client, &world.fakes).await;
        result
    })
}
