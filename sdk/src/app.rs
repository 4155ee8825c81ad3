//! Everything in one process: coordinator, client and workers.
//!
//! The database file is the whole state. A program that dies is started again on the same file and
//! goes on; one that outgrows a process moves to `persevere serve` without a change to its
//! functions.

use std::collections::BTreeSet;
use std::path::Path;

use persevere_coordinator::{Config, Coordinator, StartError};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::client::{Client, ConnectError, ConnectOptions};
use crate::definition::{ActivityDefinition, WorkflowDefinition};
use crate::dependencies::Dependencies;
use crate::handle::Target;
use crate::typed_worker::{RunError, Worker};

/// The task queue of an app's workflows, unless their annotation names another.
pub const DEFAULT_QUEUE: &str = "default";

/// A coordinator in this process, a client of it, and workers for every annotated function that is
/// linked into the program.
///
/// ```standalone_crate
/// use persevere::{App, prelude::*};
///
/// #[activity]
/// async fn greet(name: String) -> Result<String> {
///     Ok(format!("Hello, {name}!"))
/// }
///
/// #[workflow]
/// async fn hello(name: String) -> Result<String> {
///     Ok(greet(name).await?)
/// }
///
/// # #[tokio::main]
/// # async fn main() -> Result<()> {
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("persevere.db");
/// let app = App::open(file).await?;
/// assert_eq!(hello("Ada".into()).id("hello-ada").run(&app).await?, "Hello, Ada!");
/// app.shutdown().await?;
/// # Ok(())
/// # }
/// ```
///
/// Dropping it ends it at once, like a crash.
#[derive(Debug)]
pub struct App {
    client: Client,
    stop: CancellationToken,
    workers: JoinSet<Result<(), RunError>>,
    coordinator: Coordinator,
}

/// An app could not start, or did not run well.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppError {
    /// The coordinator could not start: the file cannot be opened, or another process has it.
    #[error(transparent)]
    Coordinator(#[from] StartError),
    /// The client could not be made.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// A worker could not start, or had to stop.
    #[error(transparent)]
    Worker(#[from] RunError),
    /// A worker panicked.
    #[error("a worker panicked: {0}")]
    Panicked(#[from] JoinError),
}

/// What an app is made with.
#[derive(Clone, Debug, Default)]
#[must_use = "an app does nothing until it is opened"]
pub struct AppBuilder {
    dependencies: Dependencies,
}

impl AppBuilder {
    /// Gives the activities a value, as [`Worker::provide`] does.
    pub fn provide<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.dependencies.provide(value);
        self
    }

    /// Opens the app on a database file, which is made if it is not there.
    ///
    /// # Errors
    /// The file cannot be opened or another process has it; a dependency is missing.
    pub async fn open(self, path: impl AsRef<Path>) -> Result<App, AppError> {
        self.open_with(Config::file(path.as_ref())).await
    }

    /// Opens the app without a file: its workflows end with the process.
    ///
    /// # Errors
    /// A dependency is missing.
    pub async fn open_in_memory(self) -> Result<App, AppError> {
        self.open_with(Config::default()).await
    }

    /// Opens the app with a coordinator of this configuration.
    ///
    /// # Errors
    /// The coordinator cannot start; a dependency is missing.
    pub async fn open_with(self, config: Config) -> Result<App, AppError> {
        let coordinator = Coordinator::open(config).await?;
        let client = Client::from_channel(coordinator.channel(), &ConnectOptions::default())?;
        let stop = CancellationToken::new();
        let mut workers = JoinSet::new();
        for queue in queues() {
            let worker = Worker::new(client.clone(), queue).all().dependencies(&self.dependencies);
            let worker = worker.build()?;
            let stop = stop.clone().cancelled_owned();
            workers.spawn(async move { Ok(worker.run_until(stop).await?) });
        }
        Ok(App { client, stop, workers, coordinator })
    }
}

/// The default queue and those that annotations name.
fn queues() -> BTreeSet<&'static str> {
    let workflows = inventory::iter::<WorkflowDefinition>.into_iter().filter_map(|w| w.queue);
    let activities = inventory::iter::<ActivityDefinition>.into_iter().filter_map(|a| a.queue);
    workflows.chain(activities).chain([DEFAULT_QUEUE]).collect()
}

impl App {
    /// Opens an app on a database file, which is made if it is not there.
    ///
    /// # Errors
    /// The file cannot be opened or another process has it; an activity needs a dependency: then
    /// [`App::builder`] provides it.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, AppError> {
        Self::builder().open(path).await
    }

    /// An app whose activities depend on something.
    pub fn builder() -> AppBuilder {
        AppBuilder::default()
    }

    /// The coordinator in this process.
    #[must_use]
    pub fn coordinator(&self) -> &Coordinator {
        &self.coordinator
    }

    /// Stops: what is in flight may finish, and what is not finished goes on when the file is opened
    /// again.
    ///
    /// # Errors
    /// A worker did not run well.
    pub async fn shutdown(mut self) -> crate::Result<()> {
        self.stop.cancel();
        let mut result = Ok(());
        while let Some(ended) = self.workers.join_next().await {
            let ended = ended.map_err(AppError::from).and_then(|ended| ended.map_err(Into::into));
            result = result.and(ended);
        }
        self.coordinator.shutdown().await;
        Ok(result?)
    }
}

impl Target for App {
    fn client(&self) -> &Client {
        &self.client
    }

    fn default_queue(&self) -> Option<&str> {
        Some(DEFAULT_QUEUE)
    }
}
