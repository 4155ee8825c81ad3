//! The server under test, with one worker on a task queue of its own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use persevere::client::Client;
use persevere::{RunError, Target, Worker};
use persevere_coordinator::Coordinator;
use tokio::sync::oneshot;
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
        let worker = functions(Worker::new(client.clone(), &queue));
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
pub(crate) struct Ledger(Arc<Mutex<Vec<String>>>);

impl Ledger {
    pub(crate) fn write(&self, line: impl Into<String>) {
        self.0.lock().expect("no panic while it is held").push(line.into());
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().expect("no panic while it is held").clone()
    }

    /// Waits until this line has been written.
    pub(crate) async fn until(&self, line: &str) {
        let wait = async {
            while !self.lines().iter().any(|written| written == line) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let written = tokio::time::timeout(PATIENCE, wait).await;
        written.unwrap_or_else(|_| panic!("`{line}` is not in {:?}", self.lines()));
    }
}

/// Waits until the run's history has an event of this type.
pub(crate) async fn until_event<W: persevere::Workflow>(
    run: &persevere::WorkflowHandle<W>,
    wanted: persevere_proto::api::enums::v1::EventType,
) {
    let wait = async {
        loop {
            let history = run.history().await.expect("it was started");
            if history.events.iter().any(|event| event.event_type() == wanted) {
                return;
            }
            // The pace of asking again, nothing more: the history decides.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("the event comes in time");
}
