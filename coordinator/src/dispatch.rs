//! Task queues: where tasks wait for workers, and workers for tasks.
//!
//! Queues are in memory only; after a restart they are filled again from the executions that are
//! owed something. A task that is handed out has been started by its execution first.

mod poll;
mod queue;
mod queues;
mod rate;

use std::{sync::Arc, time::Duration};

use persevere_engine::{
    ActivityTaskHandout, QueryAnswer, QueryId, QueueName, RunKey, Time, WorkflowTaskHandout,
};
use persevere_proto::api::{
    common::v1::{WorkerVersionCapabilities, WorkerVersionStamp},
    query::v1::WorkflowQuery,
};
use tokio::time::Instant;

pub(crate) use queue::{Offer, Offered, OfferedQuery};
pub(crate) use queues::{Kind, QueueKey, Queues, STICKY_WINDOW};

use crate::{
    CallError, HistoryPage, Namespaces, Shards,
    queries::{Queries, QueryEvent},
};

/// A long poll, of either kind.
#[derive(Clone, Debug, Default)]
pub struct PollRequest {
    /// Namespace name; must exist.
    pub namespace: String,
    /// The queue's name.
    pub queue: String,
    /// The normal queue of the worker, if `queue` is sticky.
    pub sticky_of: Option<String>,
    /// The worker.
    pub identity: String,
    /// Names the worker process, if it says so: for `shutdown_worker`.
    pub worker_instance: String,
    /// The worker's build, as it states it.
    pub worker_version: Option<WorkerVersionStamp>,
    /// The same for describing the queue.
    pub worker_capabilities: Option<WorkerVersionCapabilities>,
    /// Most activities a second on this queue; the last poller wins (semantics rule 81).
    pub max_tasks_per_second: Option<f64>,
}

/// What a workflow poll gets.
#[derive(Clone, Debug, PartialEq)]
pub enum WorkflowPoll {
    /// A workflow task, already started.
    Task(Box<WorkflowTask>),
    /// A query on its own.
    Query(Box<QueryTask>),
}

/// A workflow task for a worker.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkflowTask {
    /// The run.
    pub run: RunKey,
    /// Its type.
    pub workflow_type: String,
    /// What the engine says.
    pub handout: WorkflowTaskHandout,
    /// The first page of history, transient events included if it is the last page.
    pub history: HistoryPage,
    /// Tasks that wait in the queue.
    pub backlog: usize,
}

/// A query for a worker (semantics rule 90).
#[derive(Clone, Debug, PartialEq)]
pub struct QueryTask {
    /// The run.
    pub run: RunKey,
    /// Its type.
    pub workflow_type: String,
    /// To answer with, together with [`QueryTask::process`].
    pub id: QueryId,
    /// This process: an id of another one means nothing.
    pub process: u64,
    /// What is asked.
    pub query: WorkflowQuery,
    /// Started event of the last completed workflow task.
    pub previous_started_event_id: i64,
    /// Empty for a sticky worker.
    pub history: HistoryPage,
    /// The run's normal queue.
    pub task_queue: QueueName,
}

/// An activity attempt for a worker, already started.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivityTask {
    /// The run.
    pub run: RunKey,
    /// Its type.
    pub workflow_type: String,
    /// What the engine says.
    pub handout: ActivityTaskHandout,
}

/// Who polls a queue and what waits in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueueDescription {
    /// Workers that polled in the last five minutes.
    pub pollers: Vec<Poller>,
    /// Tasks that wait.
    pub backlog: usize,
    /// How long the oldest of them has waited.
    pub backlog_age: Duration,
    /// Tasks added in a second, over the last 30 seconds.
    pub add_rate: f64,
    /// Tasks handed out in a second, over the last 30 seconds.
    pub dispatch_rate: f64,
}

/// A worker that polls.
#[derive(Clone, Debug, PartialEq)]
pub struct Poller {
    /// As it calls itself.
    pub identity: String,
    /// Its last poll.
    pub last_access: Time,
    /// As in its poll.
    pub max_tasks_per_second: Option<f64>,
    /// As in its poll.
    pub worker_capabilities: Option<WorkerVersionCapabilities>,
}

/// All task queues. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Dispatch {
    queues: Arc<Queues>,
    queries: Arc<Queries>,
    shards: Shards,
    namespaces: Namespaces,
}

impl Dispatch {
    pub(crate) fn new(
        queues: Arc<Queues>,
        queries: Arc<Queries>,
        shards: Shards,
        namespaces: Namespaces,
    ) -> Self {
        Dispatch { queues, queries, shards, namespaces }
    }

    /// Waits for a workflow task or a query; `None` if there was none until `deadline`, or if the
    /// coordinator or the worker shuts down. Dropping the future loses no task.
    ///
    /// # Errors
    /// If the namespace does not exist.
    pub async fn poll_workflow_task(
        &self,
        request: PollRequest,
        deadline: Instant,
    ) -> Result<Option<WorkflowPoll>, CallError> {
        let key = self.key(&request, Kind::Workflow)?;
        while let Some(claim) = self.queues.poll(&key, &request, deadline).await {
            if let Some(task) = self.take_workflow_task(&request, claim).await? {
                return Ok(Some(task));
            }
        }
        Ok(None)
    }

    /// Waits for an activity attempt; otherwise like [`Dispatch::poll_workflow_task`].
    ///
    /// # Errors
    /// If the namespace does not exist.
    pub async fn poll_activity_task(
        &self,
        request: PollRequest,
        deadline: Instant,
    ) -> Result<Option<ActivityTask>, CallError> {
        let key = self.key(&request, Kind::Activity)?;
        while let Some(claim) = self.queues.poll(&key, &request, deadline).await {
            if let Some(task) = self.take_activity_task(&request, claim).await? {
                return Ok(Some(task));
            }
        }
        Ok(None)
    }

    /// Waits until `deadline`, the coordinator's shutdown or the worker's: a queue that stays
    /// empty.
    pub async fn poll_nothing(&self, request: PollRequest, deadline: Instant) {
        let (namespace, name) = (request.namespace.clone(), request.queue.clone());
        let key = QueueKey { namespace, name, kind: Kind::Nothing };
        let claim = self.queues.poll(&key, &request, deadline).await;
        debug_assert!(claim.is_none(), "nothing is ever offered on such a queue");
    }

    /// Takes a worker's answer to a query task; `false` if nobody waits for it (any more).
    #[must_use]
    pub fn complete_query(&self, process: u64, id: QueryId, answer: QueryAnswer) -> bool {
        process == self.queries.process && self.queries.tell(id, QueryEvent::Answered(answer))
    }

    /// Describes the workflow tasks (or the activities) of a queue.
    #[must_use]
    pub fn describe(&self, namespace: &str, queue: &str, activities: bool) -> QueueDescription {
        let kind = if activities { Kind::Activity } else { Kind::Workflow };
        self.queues.describe(&QueueKey { namespace: namespace.into(), name: queue.into(), kind })
    }

    /// A worker goes away: its polls are answered empty, and what waits in its sticky queue moves
    /// to the normal one (semantics rule 123).
    pub fn shutdown_worker(&self, namespace: &str, sticky_queue: &str, worker_instance: &str) {
        self.queues.dismiss(namespace, sticky_queue, worker_instance);
    }

    fn key(&self, request: &PollRequest, kind: Kind) -> Result<QueueKey, CallError> {
        let namespace = request.namespace.clone();
        if self.namespaces.get(&namespace).is_none() {
            return Err(CallError::NamespaceNotFound(namespace));
        }
        Ok(QueueKey { namespace, name: request.queue.clone(), kind })
    }
}
