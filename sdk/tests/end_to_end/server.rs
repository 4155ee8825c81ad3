//! The server under test, with one worker on a task queue of its own.

use std::time::Duration;

use persevere::client::{Client, WorkflowRef};
use persevere::{RunError, Target, Worker};
use persevere_coordinator::Coordinator;
use persevere_proto::api::{enums::v1::EventType, history::v1::History};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::target::connect;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server with a worker. Ended by [`Server::stop`], which says whether the worker did well.
pub(crate) struct Server {
    client: Client,
    queue: String,
    stop: oneshot::Sender<()>,
    worker: JoinHandle<Result<(), RunError>>,
    /// Ours, if it is not someone else's.
    coordinator: Option<Coordinator>,
}

impl Server {
    /// The server under test, and a worker of these functions.
    pub(crate) async fn with(functions: impl FnOnce(Worker) -> Worker) -> Self {
        let (client, coordinator) = connect("default").await;
        let queue = format!("end-to-end-{}", uuid::Uuid::new_v4());
        // A cancellation is learnt by heartbeat: often, and yet with time for a slow machine.
        let worker = Worker::new(client.clone(), &queue)
            .options(|options| options.max_heartbeat_interval = Duration::from_millis(100));
        let worker = functions(worker);
        let (stop, stopped) = oneshot::channel::<()>();
        let worker = tokio::spawn(worker.run_until(stopped));
        Self { client, queue, stop, worker, coordinator }
    }

    /// Ends the worker gracefully.
    pub(crate) async fn stop(self) {
        self.stop.send(()).expect("the worker runs until it is told to stop");
        self.worker.await.expect("no panic in the worker").expect("the worker did well");
        if let Some(coordinator) = self.coordinator {
            coordinator.shutdown().await;
        }
    }
}

impl Target for Server {
    fn client(&self) -> &Client {
        &self.client
    }

    fn default_queue(&self) -> Option<&str> {
        Some(&self.queue)
    }
}

/// What activities did, in order: a dependency of theirs.
#[derive(Clone, Default)]
pub(crate) struct Ledger(watch::Sender<Vec<String>>);

impl Ledger {
    pub(crate) fn write(&self, line: impl Into<String>) {
        self.0.send_modify(|lines| lines.push(line.into()));
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.borrow().clone()
    }

    /// Waits until this line has been written.
    pub(crate) async fn until(&self, line: &str) {
        let mut changes = self.0.subscribe();
        let written = changes.wait_for(|lines| lines.iter().any(|written| written == line));
        let written = tokio::time::timeout(PATIENCE, written).await;
        assert!(written.is_ok(), "`{line}` is not in {:?}", self.lines());
    }
}

/// Waits until the run's history has an event of this type.
pub(crate) async fn until_event<W: persevere::Workflow>(
    server: &Server,
    run: &persevere::WorkflowHandle<W>,
    wanted: EventType,
) {
    let run_id = run.run_id().map(str::to_owned);
    let workflow = WorkflowRef { run_id, ..WorkflowRef::current(run.id()) };
    let comes = |history: &History| history.events.iter().any(|event| event.event_type() == wanted);
    let history = server.client.follow_history(&workflow, comes);
    let history = tokio::time::timeout(PATIENCE, history).await.expect("the event comes in time");
    assert!(comes(&history.expect("it was started")), "the run closed without {wanted:?}");
}
