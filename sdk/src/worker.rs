//! Takes tasks from a server and runs workflows and activities for it.
//!
//! An [`UntypedWorker`] is made of registrations; the typed one is built on top. Workflow code runs
//! on threads of its own (lanes), activities on the async runtime that the worker is run on. One bad
//! task never harms another: panics, undecodable inputs, unknown types and blocking code fail the
//! task they occur in.
//!
//! Stopping is in steps: polls end; tasks in flight get a grace period; activities that still run are
//! told to stop; what is left is reported as interrupted, so that the server retries it at once
//! instead of waiting for a timeout.

mod activity_context;
mod activity_tasks;
mod heartbeat;
mod lane;
mod lanes;
mod options;
mod pollers;
mod scrutiny;
mod workflow_tasks;

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use persevere_proto::api::{
    enums::v1::TaskQueueType,
    workflowservice::v1::{DescribeNamespaceRequest, ShutdownWorkerRequest},
};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tonic::Status;
use uuid::Uuid;

pub(crate) use self::scrutiny::Scrutiny;
pub use self::{
    activity_context::{ActivityContext, ActivityInfo, CancelReason},
    options::WorkerOptions,
};
use self::{lane::LaneConfig, lanes::Lanes, pollers::RateLimit};
use crate::{
    client::{Client, ClientError, Connection, Limits, rpc},
    runtime::spec::{ActivityRegistration, WorkflowRegistration},
};

/// How long polls may take to come back once the server has been told that the worker stops.
const POLLS_END_WITHIN: Duration = Duration::from_secs(1);
/// How long activities may take to finish after they were told to stop.
const ACTIVITIES_STOP_WITHIN: Duration = Duration::from_secs(2);

/// A worker cannot start or cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// Two registrations have the same name.
    #[error("two {what} are registered as `{name}`; give one of them another name")]
    Duplicate {
        /// Workflows or activities.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// There is nothing to do.
    #[error("the worker for task queue `{task_queue}` has neither workflows nor activities")]
    Empty {
        /// The task queue.
        task_queue: String,
    },
    /// The task queue has no name.
    #[error("the worker's task queue has no name")]
    NoTaskQueue,
    /// The server refuses the worker, and trying again would not help.
    #[error("the server refuses the worker for task queue `{task_queue}`: {source}")]
    Refused {
        /// The task queue.
        task_queue: String,
        /// What it said.
        source: ClientError,
    },
}

/// A worker made of untyped registrations.
#[derive(Debug)]
pub struct UntypedWorker {
    shared: Arc<Shared>,
}

/// What all parts of a running worker share.
#[derive(Debug)]
struct Shared {
    connection: Connection,
    options: WorkerOptions,
    scrutiny: Scrutiny,
    activities: HashMap<String, ActivityRegistration>,
    lanes: Lanes,
    has_workflows: bool,
    /// Names this worker's own queue, where the server sends tasks of runs it has in memory.
    sticky_queue: String,
    instance_key: String,
    workflow_slots: Arc<Semaphore>,
    activity_slots: Arc<Semaphore>,
    activity_rate: Option<RateLimit>,
    /// Tasks being worked on.
    tasks: TaskTracker,
    /// No new polls.
    stopping: CancellationToken,
    /// Polls that have not come back are dropped.
    polls_over: CancellationToken,
    /// Activities are told to stop.
    hurrying: CancellationToken,
    /// Activities are dropped.
    aborting: CancellationToken,
    /// Why the worker had to stop by itself.
    failed: Mutex<Option<WorkerError>>,
}

impl UntypedWorker {
    /// A worker; it does nothing until it is run.
    ///
    /// # Errors
    /// Names that are registered twice, nothing registered, or no task queue.
    pub fn new(
        client: &Client,
        options: WorkerOptions,
        workflows: Vec<WorkflowRegistration>,
        activities: Vec<ActivityRegistration>,
    ) -> Result<Self, WorkerError> {
        Self::under(Scrutiny::default(), client, options, workflows, activities)
    }

    /// [`Self::new`], for a test.
    pub(crate) fn under(
        scrutiny: Scrutiny,
        client: &Client,
        options: WorkerOptions,
        workflows: Vec<WorkflowRegistration>,
        activities: Vec<ActivityRegistration>,
    ) -> Result<Self, WorkerError> {
        let task_queue = options.task_queue.clone();
        if task_queue.is_empty() {
            return Err(WorkerError::NoTaskQueue);
        }
        if workflows.is_empty() && activities.is_empty() {
            return Err(WorkerError::Empty { task_queue });
        }
        let workflows =
            by_name("workflows", workflows, |registration| registration.name.to_string())?;
        let activities =
            by_name("activities", activities, |registration| registration.name.to_string())?;
        let connection = client.connection().clone();
        let has_workflows = !workflows.is_empty();
        let threads = options.workflow_threads.max(1);
        let lanes = LaneConfig {
            namespace: connection.namespace().into(),
            task_queue,
            workflows,
            capacity: options.max_cached_workflows.div_ceil(threads),
            prove_replay: scrutiny.prove_replay,
        };
        let instance_key = Uuid::new_v4().to_string();
        let shared = Shared {
            activities,
            lanes: Lanes::new(lanes, threads, options.workflow_block_limit),
            has_workflows,
            sticky_queue: format!("{}-{instance_key}", connection.identity()),
            instance_key,
            workflow_slots: Arc::new(Semaphore::new(options.max_workflow_tasks.max(1))),
            activity_slots: Arc::new(Semaphore::new(options.max_activities.max(1))),
            activity_rate: RateLimit::new(options.max_activities_per_second),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
            polls_over: CancellationToken::new(),
            hurrying: CancellationToken::new(),
            aborting: CancellationToken::new(),
            failed: Mutex::default(),
            connection,
            options,
            scrutiny,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The queue of its own, where the server sends tasks of runs that it has in memory.
    #[cfg(feature = "embedded")]
    pub(crate) fn sticky_queue(&self) -> &str {
        &self.shared.sticky_queue
    }

    /// Works until `stop` resolves, then lets what is in flight finish within the grace period.
    /// Dropping the future ends the worker at once: activities are reported as interrupted.
    ///
    /// # Errors
    /// The server refuses the worker: the namespace does not exist, or the credentials do not do.
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> Result<(), WorkerError> {
        let running = EndWithWorker(self.shared);
        let shared = &running.0;
        shared.check_namespace().await?;
        let polls = TaskTracker::new();
        shared.start_polling(&polls);
        tokio::select! {
            () = stop => {}
            () = shared.stopping.cancelled() => {}
        }
        shared.stop(&polls).await;
        let failed = shared.failed.lock().unwrap_or_else(PoisonError::into_inner).take();
        failed.map_or(Ok(()), Err)
    }
}

/// Ends everything at once, if the worker is dropped while it runs: nobody could stop it any more.
struct EndWithWorker(Arc<Shared>);

impl Drop for EndWithWorker {
    fn drop(&mut self) {
        let Shared { stopping, polls_over, hurrying, aborting, .. } = &*self.0;
        for token in [stopping, polls_over, hurrying, aborting] {
            token.cancel();
        }
    }
}

impl Shared {
    /// Finds out early, and with a clear message, whether the worker can work at all.
    async fn check_namespace(&self) -> Result<(), WorkerError> {
        let request = DescribeNamespaceRequest {
            namespace: self.connection.namespace().into(),
            ..Default::default()
        };
        let call = self.connection.call(
            "describe namespace",
            Limits::CALL,
            request,
            rpc!(describe_namespace),
        );
        call.await.map(drop).map_err(|source| self.refused(source))
    }

    fn refused(&self, source: ClientError) -> WorkerError {
        WorkerError::Refused { task_queue: self.options.task_queue.clone(), source }
    }

    /// Stops the worker because of an answer that no repetition would change.
    fn fail(&self, status: &Status) {
        let error = self.refused(ClientError::from_status("poll for tasks", status));
        tracing::error!(%error, "the worker stops");
        // Several polls may fail alike; the first says why.
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        self.stopping.cancel();
    }

    fn start_polling(self: &Arc<Self>, polls: &TaskTracker) {
        if self.has_workflows {
            let sticky = self.options.max_cached_workflows > 0;
            for _ in 0..self.options.workflow_pollers.max(1) {
                polls.spawn(self.clone().poll_workflow_tasks(false));
                if sticky {
                    polls.spawn(self.clone().poll_workflow_tasks(true));
                }
            }
        }
        if !self.activities.is_empty() {
            for _ in 0..self.options.activity_pollers.max(1) {
                polls.spawn(self.clone().poll_activity_tasks());
            }
        }
        polls.close();
    }

    async fn stop(&self, polls: &TaskTracker) {
        self.stopping.cancel();
        let polls_end = async {
            self.announce_shutdown().await;
            polls.wait().await;
        };
        // Either way there are no polls afterwards, so no new tasks either.
        let ended = tokio::time::timeout(POLLS_END_WITHIN, polls_end).await;
        self.polls_over.cancel();
        if ended.is_err() {
            polls.wait().await;
        }
        self.tasks.close();
        if tokio::time::timeout(self.options.grace, self.tasks.wait()).await.is_ok() {
            return;
        }
        self.hurrying.cancel();
        if tokio::time::timeout(ACTIVITIES_STOP_WITHIN, self.tasks.wait()).await.is_ok() {
            return;
        }
        tracing::warn!(tasks = self.tasks.len(), "interrupting what has not finished in time");
        self.aborting.cancel();
        // What is left are calls to the server, which have limits of their own.
        let _ = tokio::time::timeout(ACTIVITIES_STOP_WITHIN, self.tasks.wait()).await;
    }

    /// Tells the server not to wait for this worker: its polls end and its runs are free for others.
    async fn announce_shutdown(&self) {
        let mut task_queue_types = Vec::new();
        if self.has_workflows {
            task_queue_types.push(TaskQueueType::Workflow.into());
        }
        if !self.activities.is_empty() {
            task_queue_types.push(TaskQueueType::Activity.into());
        }
        let request = ShutdownWorkerRequest {
            namespace: self.connection.namespace().into(),
            sticky_task_queue: self.sticky_queue.clone(),
            identity: self.connection.identity().into(),
            reason: "the worker stops".into(),
            worker_instance_key: self.instance_key.clone(),
            task_queue: self.options.task_queue.clone(),
            task_queue_types,
            ..Default::default()
        };
        let rpc = rpc!(shutdown_worker);
        if let Err(status) = self.connection.once(POLLS_END_WITHIN, request, &rpc).await {
            tracing::debug!(code = ?status.code(), message = status.message(),
                "the server was not told that the worker stops");
        }
    }
}

fn by_name<R>(
    what: &'static str,
    registrations: Vec<R>,
    name: impl Fn(&R) -> String,
) -> Result<HashMap<String, R>, WorkerError> {
    let mut by_name = HashMap::with_capacity(registrations.len());
    for registration in registrations {
        let name = name(&registration);
        if by_name.insert(name.clone(), registration).is_some() {
            return Err(WorkerError::Duplicate { what, name });
        }
    }
    Ok(by_name)
}
