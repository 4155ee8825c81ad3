//! A worker made of annotated functions: what it runs, what it provides them with, until when.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::future::Future;

use crate::client::Client;
use crate::definition::{
    ActivityDefinition, ActivityImplementation, WorkflowDefinition, WorkflowImplementation,
};
use crate::dependencies::{Dependencies, MissingDependency};
use crate::runtime::spec::{ActivityRegistration, WorkflowRegistration};
use crate::worker::{UntypedWorker, WorkerError, WorkerOptions};

/// Takes tasks from one task queue and runs annotated functions for them.
///
/// ```no_run
/// use persevere::{Client, Worker, ctrl_c, prelude::*};
///
/// #[derive(Clone)]
/// struct Gateway;
///
/// #[activity]
/// async fn charge(#[dep] _gateway: Gateway, order: u64) -> Result<u64> {
///     Ok(order)
/// }
///
/// #[tokio::main]
/// async fn main() -> Result<()> {
///     let client = Client::connect_env().await?;
///     Worker::new(client, "payments")
///         .provide(Gateway) // a missing one fails at start and names the activity
///         .all() // or .workflow::<process_payment>().activity::<charge>()
///         .run_until(ctrl_c())
///         .await?;
///     Ok(())
/// }
/// ```
#[must_use = "a worker does nothing until it is run"]
pub struct Worker {
    client: Client,
    options: WorkerOptions,
    dependencies: Dependencies,
    /// By type, so that naming one twice is naming it once.
    workflows: BTreeMap<TypeId, WorkflowDefinition>,
    activities: BTreeMap<TypeId, ActivityDefinition>,
}

/// A worker could not start, or had to stop.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// Activities need what was not provided: all of them.
    #[error("{}", lines(.0))]
    Missing(Vec<MissingDependency>),
    /// Everything else.
    #[error(transparent)]
    Worker(#[from] WorkerError),
}

fn lines(missing: &[MissingDependency]) -> String {
    missing.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

impl Worker {
    /// A worker for a task queue. It knows no functions yet.
    pub fn new(client: Client, queue: impl Into<String>) -> Self {
        Self {
            client,
            options: WorkerOptions::new(queue),
            dependencies: Dependencies::default(),
            workflows: BTreeMap::new(),
            activities: BTreeMap::new(),
        }
    }

    /// Gives the activities a value: by its type, to every `#[dep]` parameter of that type and to
    /// the methods of that type in `#[activities]`. A later value takes the place of an earlier one
    /// of the same type.
    pub fn provide<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.dependencies.provide(value);
        self
    }

    /// Runs every annotated function that is linked into this program.
    pub fn all(mut self) -> Self {
        for definition in inventory::iter::<WorkflowDefinition> {
            self.workflows.insert((definition.id)(), *definition);
        }
        for definition in inventory::iter::<ActivityDefinition> {
            self.activities.insert((definition.id)(), *definition);
        }
        self
    }

    /// Runs this workflow.
    pub fn workflow<W: WorkflowImplementation>(mut self) -> Self {
        self.workflows.insert(TypeId::of::<W>(), WorkflowDefinition::of::<W>());
        self
    }

    /// Runs this activity.
    pub fn activity<A: ActivityImplementation>(mut self) -> Self {
        self.activities.insert(TypeId::of::<A>(), ActivityDefinition::of::<A>());
        self
    }

    /// Gives the activities all of these.
    pub(crate) fn dependencies(mut self, dependencies: &Dependencies) -> Self {
        self.dependencies = dependencies.clone();
        self
    }

    /// Changes how much it does at once, how it polls and how it stops.
    pub fn options(mut self, change: impl FnOnce(&mut WorkerOptions)) -> Self {
        change(&mut self.options);
        self
    }

    /// Works until `stop` is ready, then lets what is in flight finish.
    ///
    /// # Errors
    /// A dependency is missing, two functions have one name, or the server refuses the worker.
    pub async fn run_until<F: Future>(self, stop: F) -> Result<(), RunError> {
        let worker = self.build()?;
        worker.run_until(async move { drop(stop.await) }).await?;
        Ok(())
    }

    /// The worker underneath, with everything bound.
    pub(crate) fn build(self) -> Result<UntypedWorker, RunError> {
        let (workflows, activities) = self.registrations()?;
        Ok(UntypedWorker::new(&self.client, self.options, workflows, activities)?)
    }

    fn registrations(
        &self,
    ) -> Result<(Vec<WorkflowRegistration>, Vec<ActivityRegistration>), RunError> {
        let workflows = self.workflows.values().map(WorkflowDefinition::register).collect();
        let mut missing = Vec::new();
        let mut activities = Vec::new();
        for definition in self.activities.values() {
            match definition.register(&self.dependencies) {
                Ok(registration) => activities.push(registration),
                Err(error) => missing.push(error),
            }
        }
        if missing.is_empty() {
            Ok((workflows, activities))
        } else {
            Err(RunError::Missing(missing))
        }
    }
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker")
            .field("options", &self.options)
            .field("dependencies", &self.dependencies)
            .field("workflows", &self.workflows.values().map(|w| w.name).collect::<Vec<_>>())
            .field("activities", &self.activities.values().map(|a| a.name).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// Resolves when the process is asked to stop: by Ctrl-C, or by SIGTERM as a supervisor sends it.
pub async fn ctrl_c() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    if let Err(error) = tokio::signal::ctrl_c().await {
        tracing::error!(%error, "cannot listen for Ctrl-C; the process must be killed");
        std::future::pending::<()>().await;
    }
}
