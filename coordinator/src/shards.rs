//! The way to executions: requests as messages to the shards that own them.
//!
//! What is returned is on disk, or may be lost without harm (see `persevere_engine::Durability`).

mod query;

use std::sync::Arc;

use persevere_engine::{
    Command, Execution, QueryAnswer, QueryRejected, Rejection, Reply, RunKey, Start, Time,
    WorkflowTaskHandout,
};
use persevere_proto::api::history::v1::HistoryEvent;
use tokio::{sync::oneshot, time::Instant};

use crate::shard::{RawAnswer, Request, Respond, Shared, What, WorkflowKey};

/// Names an execution to act on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// Namespace name.
    pub namespace: String,
    /// Workflow id.
    pub workflow_id: String,
    /// The run; `None` for the latest.
    pub run_id: Option<String>,
}

impl Target {
    /// The latest run, if `run_id` is empty, as in the protocol.
    #[must_use]
    pub fn new(
        namespace: impl Into<String>,
        workflow_id: impl Into<String>,
        run_id: impl Into<String>,
    ) -> Self {
        let run_id = Some(run_id.into()).filter(|id| !id.is_empty());
        Target { namespace: namespace.into(), workflow_id: workflow_id.into(), run_id }
    }
}

impl From<&RunKey> for Target {
    fn from(run: &RunKey) -> Self {
        Target::new(&run.namespace, &run.workflow_id, &run.run_id)
    }
}

/// Why a call had no effect.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CallError {
    /// The engine refused. Unknown workflow ids and runs are `Rejection::NotFound`.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// There is no namespace of this name.
    #[error("Namespace {0} is not found.")]
    NamespaceNotFound(String),
    /// The coordinator is shutting down: try again at its successor.
    #[error("the coordinator is shutting down")]
    ShuttingDown,
    /// What is stored of the execution makes no sense; other executions are not affected.
    #[error("workflow {workflow_id} (run {run_id}) cannot be loaded: {problem}")]
    Corrupt {
        /// The workflow.
        workflow_id: String,
        /// The run, if it is known.
        run_id: String,
        /// What is wrong.
        problem: String,
    },
    /// The database could not be read.
    #[error("the database cannot be read: {0}")]
    Storage(String),
    /// The caller's deadline passed.
    #[error("the deadline passed")]
    DeadlineExceeded,
    /// A rule of ours was broken while the request was decided; nothing has changed.
    #[error("internal error: {0}")]
    Defect(String),
}

/// The answer to a command.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The run that took the command.
    pub run: RunKey,
    /// Its type, for responses that repeat it.
    pub workflow_type: String,
    /// What the engine says.
    pub reply: Reply,
    /// If the reply hands out a workflow task: the first page of the history to send with it,
    /// transient events included if it is the last page.
    pub history: Option<HistoryPage>,
}

/// An execution as it is on disk.
#[derive(Clone, Debug)]
pub struct View {
    /// The execution.
    pub execution: Arc<Execution>,
    /// Transitions it has made so far.
    pub transitions: i64,
}

/// Which part of a history to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryRange {
    /// First event (in the order of reading).
    pub from: i64,
    /// One past the last event; `None` for all there are.
    pub to: Option<i64>,
    /// Most events to return; pages end at batch boundaries where that is possible.
    pub max_events: usize,
    /// From the newest to the oldest: `from` is then the highest id wanted (`i64::MAX` for the
    /// last), and `to` is ignored.
    pub reverse: bool,
}

/// Part of a history.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HistoryPage {
    /// The run that it belongs to.
    pub run_id: String,
    /// In the order of reading.
    pub events: Vec<HistoryEvent>,
    /// Where the next page begins; `None` if this is the last.
    pub next: Option<i64>,
    /// Id that the next event of the run will get.
    pub next_event_id: i64,
    /// Whether the run is open.
    pub running: bool,
}

/// What to wait for in a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// An event with this id or a higher one, or the run's close.
    Event(i64),
    /// The run's close.
    Closed,
}

/// How a query ended.
#[derive(Clone, Debug, PartialEq)]
pub enum QueryOutcome {
    /// The workflow's code answered.
    Answered(QueryAnswer),
    /// The run's status forbids it (semantics rule 86).
    Rejected(QueryRejected),
}

/// All executions. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Shards {
    shared: Arc<Shared>,
}

impl Shards {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Shards { shared }
    }

    /// Starts a run, or finds that it exists (`Reply::Started`).
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn start(&self, namespace: &str, start: Start) -> Result<Answer, CallError> {
        let target = Target::new(namespace, &start.request.workflow_id, "");
        let answer =
            self.ask(target, |caller| What::Start(Box::new(start), Respond::Caller(caller)));
        self.answer(answer.await?).await
    }

    /// Sends a command to a run.
    ///
    /// # Errors
    /// See [`CallError`]. `Reply::Refused` becomes `CallError::Rejected` here.
    pub async fn command(&self, target: Target, command: Command) -> Result<Answer, CallError> {
        let answer =
            self.ask(target, |caller| What::Command(Box::new(command), Respond::Caller(caller)));
        self.answer(answer.await?).await
    }

    /// An execution as it is on disk.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn view(&self, target: Target) -> Result<View, CallError> {
        self.ask(target, What::View).await
    }

    /// Part of a history, as it is on disk.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn history(
        &self,
        target: Target,
        range: HistoryRange,
    ) -> Result<HistoryPage, CallError> {
        self.ask(target, What::History).await?.read(&self.shared.store, range).await
    }

    /// Waits until a run has the event, or until `deadline`; returns whether it has. Ends early
    /// when the coordinator shuts down.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn wait(
        &self,
        target: Target,
        until: Until,
        deadline: Instant,
    ) -> Result<bool, CallError> {
        let _skipping = self.shared.clock.skip_when_idle();
        tokio::select! {
            biased;
            waited = self.ask(target, |caller| What::Wait(until, caller)) => waited.map(|()| true),
            () = self.shared.closing.cancelled() => Ok(false),
            () = tokio::time::sleep_until(deadline) => Ok(false),
        }
    }

    /// Removes a run and its history; an open one is terminated first (semantics rule 114).
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn delete(&self, target: Target) -> Result<(), CallError> {
        self.ask(target, What::Delete).await
    }

    /// Now, by the coordinator's clock.
    #[must_use]
    pub fn now(&self) -> Time {
        self.shared.clock.now()
    }

    /// Asks the shard that owns the target.
    async fn ask<T>(
        &self,
        target: Target,
        what: impl FnOnce(oneshot::Sender<Result<T, CallError>>) -> What,
    ) -> Result<T, CallError> {
        let Target { namespace, workflow_id, run_id } = target;
        if self.shared.namespaces.get(&namespace).is_none() {
            return Err(CallError::NamespaceNotFound(namespace));
        }
        let (caller, answer) = oneshot::channel();
        let request = Request { run_id, what: what(caller) };
        self.shared.send(WorkflowKey { namespace, workflow_id }, request);
        answer.await.unwrap_or(Err(CallError::ShuttingDown))
    }

    /// Adds the history that a handed out workflow task needs.
    async fn answer(&self, raw: RawAnswer) -> Result<Answer, CallError> {
        let RawAnswer { run, workflow_type, reply, history } = raw;
        let handout = match &reply {
            Reply::WorkflowTask(handout) => Some(&**handout),
            Reply::WorkflowTaskCompleted(completed) => completed.workflow_task.as_ref(),
            Reply::Started(started) => started.eager_task.as_deref(),
            _ => None,
        };
        let history = match (history, handout) {
            (Some(source), Some(handout)) => {
                let mut page = source.read(&self.shared.store, handout_range(handout)).await?;
                if page.next.is_none() {
                    page.events.extend(handout.transient.iter().cloned());
                }
                Some(page)
            }
            _ => None,
        };
        Ok(Answer { run: RunKey::clone(&run), workflow_type, reply, history })
    }
}

/// Events on the first page of a workflow task.
const PAGE_EVENTS: usize = 256;

/// The first page that goes with a workflow task. Transient events are known only to the handout,
/// so that the page they end cannot be fetched later: all goes with the task.
fn handout_range(handout: &WorkflowTaskHandout) -> HistoryRange {
    let max_events = if handout.transient.is_empty() { PAGE_EVENTS } else { usize::MAX };
    HistoryRange {
        from: handout.history_from,
        to: Some(handout.history_to + 1),
        max_events,
        reverse: false,
    }
}
