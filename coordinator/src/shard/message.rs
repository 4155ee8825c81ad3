//! What shards are asked, and how they answer.

use std::sync::Arc;

use persevere_engine::{Command, Rejection, Reply, RunKey, Start};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::{recent::HistorySource, shared::Shared};
use crate::{
    CallError, Until, View,
    store::{Located, StoreError, StoredRun},
};

/// Names a workflow: the unit that a shard owns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct WorkflowKey {
    pub(crate) namespace: String,
    pub(crate) workflow_id: String,
}

/// A message to a shard.
#[derive(Debug)]
pub(crate) enum Message {
    /// Something to do for one workflow.
    Request(WorkflowKey, Request),
    /// What the store has of a run that was asked for (`None` for the latest).
    Loaded {
        key: WorkflowKey,
        run_id: Option<String>,
        loaded: Result<Option<Box<StoredRun>>, StoreError>,
    },
    /// A run's rows are gone.
    Removed(WorkflowKey),
    /// Deadlines to watch, of executions that are not in memory.
    Watch(Vec<(i64, i64)>),
    /// An execution whose deadline has passed.
    Due(Result<Option<Located>, StoreError>),
}

/// Something to do for one workflow.
#[derive(Debug)]
pub(crate) struct Request {
    /// The run that it is about; `None` for the latest.
    pub(crate) run_id: Option<String>,
    pub(crate) what: What,
}

/// See [`Request`].
#[derive(Debug)]
pub(crate) enum What {
    Start(Box<Start>, Respond),
    Command(Box<Command>, Respond),
    /// The answer that another execution gave to a message of this one.
    Outcome(i64, Result<Reply, Rejection>),
    View(oneshot::Sender<Result<View, CallError>>),
    History(oneshot::Sender<Result<HistorySource, CallError>>),
    Wait(Until, oneshot::Sender<Result<(), CallError>>),
    Delete(oneshot::Sender<Result<(), CallError>>),
    /// Hand on what the run owes: after a restart. Only so many at a time hold a permit.
    Recover(Option<OwnedSemaphorePermit>),
    /// Look at the run's deadlines.
    Wake,
}

/// The answer to a start or a command, before its history is read.
#[derive(Debug)]
pub(crate) struct RawAnswer {
    pub(crate) run: Arc<RunKey>,
    pub(crate) workflow_type: String,
    pub(crate) reply: Reply,
    /// If the reply hands out a workflow task.
    pub(crate) history: Option<HistorySource>,
}

/// Who hears the answer.
#[derive(Debug)]
pub(crate) enum Respond {
    /// A caller outside.
    Caller(oneshot::Sender<Result<RawAnswer, CallError>>),
    /// The execution whose message this was, by its number.
    Sender { shared: Arc<Shared>, run: Arc<RunKey>, number: i64 },
    /// Nobody.
    Nobody,
}

impl Respond {
    /// Tells the answer to whom it concerns. A caller may have gone away.
    pub(crate) fn send(self, answer: Result<RawAnswer, CallError>) {
        match self {
            Respond::Caller(caller) => drop(caller.send(answer)),
            Respond::Sender { shared, run, number } => shared.outcome(run, number, answer),
            Respond::Nobody => {}
        }
    }
}

impl What {
    /// Answers with an error whoever asked.
    pub(crate) fn refuse(self, error: CallError) {
        match self {
            What::Start(_, respond) | What::Command(_, respond) => respond.send(Err(error)),
            What::View(caller) => drop(caller.send(Err(error))),
            What::History(caller) => drop(caller.send(Err(error))),
            What::Wait(_, caller) => drop(caller.send(Err(error))),
            What::Delete(caller) => drop(caller.send(Err(error))),
            What::Outcome(..) | What::Recover(_) | What::Wake => {
                // Rows that are gone owe nothing; anything else comes again after a restart.
                if !matches!(error, CallError::Rejected(_)) {
                    tracing::error!(%error, "an execution could not be woken");
                }
            }
        }
    }
}
