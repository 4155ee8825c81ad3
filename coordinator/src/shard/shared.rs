//! What all shards share, and the ways out of them: to other shards, to task queues, to queries.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use persevere_engine::{
    Command, Delivery, DeliveryCommand, Limits, MessageOutcome, QueryAnswer, QueryId, Rejection,
    Reply, RunKey, Task,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::message::{Message, RawAnswer, Request, Respond, What, WorkflowKey};
use crate::{
    CallError, Clock, Namespaces, Store,
    dispatch::Queues,
    journal::Journal,
    queries::{Queries, QueryEvent},
};

/// How long to wait before a message that could not be delivered is sent again.
const REDELIVER_AFTER: Duration = Duration::from_secs(1);

/// What all shards share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) journal: Journal,
    pub(crate) queues: Arc<Queues>,
    pub(crate) queries: Arc<Queries>,
    pub(crate) namespaces: Namespaces,
    pub(crate) limits: Arc<Limits>,
    pub(crate) clock: Clock,
    pub(crate) closing: CancellationToken,
    pub(crate) last_id: AtomicI64,
    pub(crate) shards: Vec<mpsc::UnboundedSender<Message>>,
}

/// What a transition wants done once it is on disk.
#[derive(Debug)]
pub(crate) enum Errand {
    Offer(Task),
    Deliver(i64, Box<Delivery>),
    /// A message that nobody waits for any more counts as delivered.
    Settle(i64),
    Answer(QueryId, QueryAnswer),
    DispatchQuery(QueryId),
}

impl Shared {
    /// The number of a new execution.
    pub(super) fn next_id(&self) -> i64 {
        self.last_id.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Sends a request to the shard that owns the workflow.
    pub(crate) fn send(&self, key: WorkflowKey, request: Request) {
        let shard = self.shard_of(&key);
        if let Err(mpsc::error::SendError(Message::Request(_, request))) =
            self.shards[shard].send(Message::Request(key, request))
        {
            request.what.refuse(CallError::ShuttingDown);
        }
    }

    /// Which shard owns a workflow. Not stored, so the number of shards may change.
    pub(crate) fn shard_of(&self, key: &WorkflowKey) -> usize {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        (hasher.finish() % self.shards.len() as u64) as usize
    }

    /// Does what a transition of `run` wants done.
    pub(super) fn run_errand(self: &Arc<Self>, run: &Arc<RunKey>, errand: Errand) {
        match errand {
            Errand::Offer(task) => self.queues.offer(run.clone(), task),
            Errand::Deliver(number, delivery) => self.deliver(run.clone(), number, *delivery),
            Errand::Settle(number) => {
                let settle = Box::new(Command::Outcome(number, MessageOutcome::Delivered));
                self.send_to(run, What::Command(settle, Respond::Nobody));
            }
            Errand::Answer(id, answer) => {
                // Its caller may have given up.
                self.queries.tell(id, QueryEvent::Answered(answer));
            }
            Errand::DispatchQuery(id) => {
                self.queries.tell(id, QueryEvent::Dispatch);
            }
        }
    }

    /// Sends a message of `run` to another execution.
    fn deliver(self: &Arc<Self>, run: Arc<RunKey>, number: i64, delivery: Delivery) {
        let Delivery { namespace, workflow_id, run_id, command } = delivery;
        if self.namespaces.get(&namespace).is_none() {
            let missing = CallError::NamespaceNotFound(namespace);
            return self.outcome(run, number, Err(missing));
        }
        let respond = Respond::Sender { shared: self.clone(), run, number };
        let what = match command {
            DeliveryCommand::Start(start) => What::Start(start, respond),
            DeliveryCommand::Command(command) => What::Command(command, respond),
        };
        let run_id = Some(run_id).filter(|id| !id.is_empty());
        self.send(WorkflowKey { namespace, workflow_id }, Request { run_id, what });
    }

    /// Tells `run` what became of its message, or sends that again a little later.
    pub(super) fn outcome(
        self: &Arc<Self>,
        run: Arc<RunKey>,
        number: i64,
        answer: Result<RawAnswer, CallError>,
    ) {
        let answer: Result<Reply, Rejection> = match answer {
            Ok(answer) => Ok(answer.reply),
            Err(CallError::Rejected(rejection)) => Err(rejection),
            Err(missing @ CallError::NamespaceNotFound(_)) => {
                Err(Rejection::NotFound(missing.to_string()))
            }
            Err(CallError::ShuttingDown) => return,
            Err(error) => {
                tracing::error!(%error, sender = %run.run_id, "a message cannot be delivered yet");
                return self.redeliver(run);
            }
        };
        self.send_to(&run, What::Outcome(number, answer));
    }

    fn redeliver(self: &Arc<Self>, run: Arc<RunKey>) {
        let shared = self.clone();
        tokio::spawn(self.closing.clone().run_until_cancelled_owned(async move {
            tokio::time::sleep(REDELIVER_AFTER).await;
            shared.send_to(&run, What::Recover(None));
        }));
    }

    /// Sends something to do to a run.
    pub(crate) fn send_to(&self, run: &RunKey, what: What) {
        let key =
            WorkflowKey { namespace: run.namespace.clone(), workflow_id: run.workflow_id.clone() };
        self.send(key, Request { run_id: Some(run.run_id.clone()), what });
    }
}
