//! Tests of workflows in virtual time: a real coordinator and a real worker in this process, no
//! server, no ports, no file.
//!
//! Time stands still until [`Harness::advance`] moves it or [`TestRun::result`] waits for a workflow
//! that waits for time. Every annotated workflow runs as it is, unless it is mocked; activities run
//! only when mocked or allowed by [`Harness::activity`]: any other call fails the test.
//!
//! Code that is not deterministic fails its test, for every step of every run is replayed. Each
//! workflow task is replayed from the first event while the history is short (200 events); beyond
//! that, whenever the history has grown by a quarter, so that a workflow may live for a year; and
//! when the test's function has returned, the history of every run is replayed once more. A workflow
//! task that fails, because of that or of a panic, fails the test at once.
//!
//! With [`#[persevere::test(chaos = 200)]`](crate::test) a test runs once for each of 200 seeds, and
//! workers die and replies get lost on the way. What survives that, survives.

use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use persevere_coordinator::{Clock, Config, Coordinator, Time};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::call::{CallError, WorkflowCall};
use crate::client::{Client, ConnectOptions};
use crate::definition::{ActivityDefinition, ActivityImplementation, Workflow, WorkflowDefinition};
use crate::handle::{Target, WorkflowHandle};
use crate::runtime::spec::ActivityRegistration;
use crate::worker::{Scrutiny, UntypedWorker, WorkerError, WorkerOptions};

mod chaos;
mod fakes;
mod mortal;
mod replays;
mod stub;
mod trial;

use chaos::Chaos;
use fakes::Fakes;
pub(crate) use fakes::start;
use mortal::keep_worker;
pub use stub::Stub;
pub use trial::{run_chaos_test, run_test};

/// When virtual time begins: the start of 2026, so that times in messages look like times.
const BEGINNING: Time = Time(1_767_225_600 * 1_000_000_000);

/// The task queue of workflows that name none.
const QUEUE: &str = "test";

/// Gives each harness a namespace of its own, by which mocks are found.
static HARNESSES: AtomicU64 = AtomicU64::new(1);

/// What `#[persevere::test]` gives to a test.
///
/// ```
/// use persevere::{Harness, prelude::*};
///
/// #[activity]
/// async fn notify_manager(amount: u64) -> Result<()> {
///     bail!("no mail server for {amount}")
/// }
///
/// #[signal]
/// struct Approve { by: String }
///
/// #[workflow]
/// async fn expense(amount: u64) -> Result<bool> {
///     notify_manager(amount).await?;
///     Ok(timeout(days(3), receive::<Approve>()).await.is_ok())
/// }
///
/// #[persevere::test]
/// async fn expires_after_three_days(t: Harness) {
///     t.mock(notify_manager, |_| Ok(()));
///     let run = t.start(expense(7)).await;
///     t.advance(days(3)).await;
///     assert_eq!(run.result().await.unwrap(), false);
///     assert_eq!(t.calls(notify_manager), 1);
/// }
/// # fn main() {}
/// ```
#[derive(Clone, Debug)]
pub struct Harness {
    world: Arc<World>,
}

/// The coordinator and its surroundings, for one test.
#[derive(Debug)]
struct World {
    client: Client,
    fakes: Arc<Fakes>,
    coordinator: Coordinator,
    /// The first workflow task that failed. It would be tried again for ever; the test ends instead.
    failed_task: watch::Sender<Option<String>>,
    /// What goes wrong, if anything is to.
    chaos: Option<Arc<Chaos>>,
    stop: CancellationToken,
}

impl World {
    /// Waits for something in the world.
    ///
    /// # Panics
    /// A workflow task fails in the meantime.
    async fn wait<T>(&self, event: impl Future<Output = T>) -> T {
        let mut failed_task = self.failed_task.subscribe();
        tokio::select! {
            biased;
            happened = event => happened,
            // The sender lives in `self`.
            _ = failed_task.wait_for(Option::is_some) => {
                self.expect_no_failed_task();
                unreachable!("a task has failed")
            }
        }
    }

    fn expect_no_failed_task(&self) {
        if let Some(failure) = &*self.failed_task.borrow() {
            panic!("a workflow failed its task: {failure}");
        }
    }
}

impl Harness {
    /// Lets an activity run for real, with what was [provided](Self::provide).
    ///
    /// # Panics
    /// A dependency was not provided.
    #[track_caller]
    pub fn activity<A: ActivityImplementation>(&self) -> &Self {
        self.world.fakes.allow::<A>();
        self
    }

    /// Gives the activities that run for real a value, as `Worker::provide` does.
    pub fn provide<T: Send + Sync + 'static>(&self, value: T) -> &Self {
        self.world.fakes.provide(value);
        self
    }

    /// Answers the calls of an activity or a child workflow. The function takes the argument, or a
    /// tuple of several; it is called again when its error is retried.
    pub fn mock<S, M, F>(&self, stub: S, mock: F) -> &Self
    where
        S: Stub<M>,
        F: Fn(S::Arguments) -> Result<S::Output, S::Error> + Send + Sync + 'static,
    {
        self.world.fakes.mock(&stub, mock);
        self
    }

    /// How often it was called: attempts of an activity, starts of a mocked workflow.
    pub fn calls<S: Stub<M>, M>(&self, stub: S) -> usize {
        self.world.fakes.calls(&stub)
    }

    /// Starts a workflow.
    ///
    /// # Panics
    /// It cannot be started: a workflow of its id is running.
    pub async fn start<W: Workflow>(&self, call: WorkflowCall<W>) -> TestRun<W> {
        match call.start(self).await {
            Ok(handle) => TestRun { handle, world: Arc::clone(&self.world) },
            Err(error) => panic!("`{}` could not be started: {error}", W::NAME),
        }
    }

    /// Starts a workflow and waits for its result, skipping the time in which it only waits.
    ///
    /// # Errors
    /// The workflow's own, or how else it ended.
    pub async fn run<W: Workflow>(
        &self,
        call: WorkflowCall<W>,
    ) -> Result<W::Output, CallError<W::Error>> {
        self.start(call).await.result().await
    }

    /// Moves time on, and returns when all that this set off has come to rest.
    ///
    /// # Panics
    /// A workflow's code panicked, or did something else in its replay.
    pub async fn advance(&self, step: Duration) {
        self.world.wait(self.world.coordinator.clock().advance(step)).await;
    }

    /// What has gone wrong so far, in words: with `chaos` only, see
    /// [`#[persevere::test]`](crate::test).
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let faults = self.world.chaos.iter().flat_map(|chaos| chaos.faults());
        faults.map(|fault| fault.to_string()).collect()
    }

    /// The virtual time.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        let since = self.world.coordinator.clock().now().0;
        SystemTime::UNIX_EPOCH + Duration::from_nanos(u64::try_from(since).unwrap_or_default())
    }

    async fn open(chaos: Option<Arc<Chaos>>) -> (Self, JoinSet<Result<(), WorkerError>>) {
        let namespace = format!("test-{}", HARNESSES.fetch_add(1, Ordering::Relaxed));
        let config = Config {
            namespaces: vec![namespace.clone()],
            clock: Clock::virtual_from(BEGINNING),
            ..Config::default()
        };
        let coordinator = Coordinator::open(config).await.expect("nothing outside is needed");
        let options = ConnectOptions { namespace: namespace.clone(), ..Default::default() };
        let client = Client::from_channel(coordinator.channel(), &options)
            .expect("the default headers can be sent");
        let fakes = Fakes::register(namespace);
        let (failed_task, stop) = (watch::Sender::new(None), CancellationToken::new());
        let world = Arc::new(World { client, fakes, coordinator, failed_task, chaos, stop });
        let mut workers = JoinSet::new();
        for queue in queues() {
            if let Some(chaos) = &world.chaos {
                workers.spawn(keep_worker(Arc::clone(&world), queue, Arc::clone(chaos)));
            } else {
                let activities = world.fakes.registrations();
                let worker = worker(&world, &world.client, queue, activities, true);
                workers.spawn(worker.run_until(world.stop.clone().cancelled_owned()));
            }
        }
        (Self { world }, workers)
    }
}

/// The queues that annotations name, and the one for those that name none.
fn queues() -> std::collections::BTreeSet<&'static str> {
    let workflows = inventory::iter::<WorkflowDefinition>.into_iter().filter_map(|w| w.queue);
    let activities = inventory::iter::<ActivityDefinition>.into_iter().filter_map(|a| a.queue);
    workflows.chain(activities).chain([QUEUE]).collect()
}

fn worker(
    world: &World,
    client: &Client,
    queue: &str,
    activities: Vec<ActivityRegistration>,
    prove_replay: bool,
) -> UntypedWorker {
    let scrutiny = Scrutiny { prove_replay, failed_task: Some(world.failed_task.clone()) };
    let options = WorkerOptions {
        workflow_threads: 1,
        workflow_pollers: 1,
        activity_pollers: 1,
        grace: Duration::ZERO,
        ..WorkerOptions::new(queue)
    };
    let workflows =
        inventory::iter::<WorkflowDefinition>.into_iter().map(WorkflowDefinition::register_fake);
    UntypedWorker::under(scrutiny, client, options, workflows.collect(), activities)
        .unwrap_or_else(|error| panic!("the test's worker cannot start: {error}"))
}

impl Target for Harness {
    fn client(&self) -> &Client {
        &self.world.client
    }

    fn default_queue(&self) -> Option<&str> {
        Some(QUEUE)
    }
}

/// A workflow under test: a [`WorkflowHandle`] whose [`result`](Self::result) skips time.
#[derive(Debug)]
pub struct TestRun<W: Workflow> {
    handle: WorkflowHandle<W>,
    world: Arc<World>,
}

impl<W: Workflow> TestRun<W> {
    /// Waits for the workflow's end. While nothing can happen but by time, time is skipped, from
    /// deadline to deadline.
    ///
    /// # Errors
    /// The workflow's own, or how else it ended.
    ///
    /// # Panics
    /// A workflow's code panicked, or did something else in its replay.
    pub async fn result(&self) -> Result<W::Output, CallError<W::Error>> {
        let _skipping = self.world.coordinator.clock().skip_when_idle();
        self.world.wait(self.handle.result()).await
    }
}

impl<W: Workflow> Deref for TestRun<W> {
    type Target = WorkflowHandle<W>;

    fn deref(&self) -> &WorkflowHandle<W> {
        &self.handle
    }
}

/// A runtime for a test, or for a worker with a life of its own.
fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the machine lets us make a runtime")
}
