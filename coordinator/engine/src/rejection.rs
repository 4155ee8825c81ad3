//! Why a command is refused: the caller's fault, or a race that the caller lost.
//!
//! A rejection changes nothing. The API layer maps each kind to one gRPC status with its typed
//! detail (semantics rule 142); the texts are written for the person who reads that status.

use persevere_proto::api::enums::v1::{ResourceExhaustedCause, WorkflowExecutionStatus};
use persevere_proto::api::failure::v1::Failure;

/// A refused command.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Rejection {
    /// The run, task or operation that the command is about is not there (any more).
    #[error("{0}")]
    NotFound(String),
    /// A namespace that a command names does not exist.
    #[error("Namespace {0} is not found.")]
    NamespaceNotFound(String),
    /// The command breaks a rule of the protocol; the text names the field.
    #[error("{0}")]
    InvalidArgument(String),
    /// The workflow id is taken (semantics rules 6 and 7).
    #[error("{message}")]
    AlreadyStarted {
        /// What to tell the caller.
        message: String,
        /// The request that started the run in the way.
        start_request_id: String,
        /// The run in the way.
        run_id: String,
        /// The first run of its chain.
        first_run_id: String,
    },
    /// The run is not in a state to do this.
    #[error("{0}")]
    FailedPrecondition(String),
    /// A query came before the first workflow task completed (semantics rules 88 and 89).
    #[error("{0}")]
    WorkflowNotReady(String),
    /// The workflow's code refused or failed the query (semantics rule 93).
    #[error("{message}")]
    QueryFailed {
        /// The worker's message.
        message: String,
        /// The worker's failure, if it sent one.
        failure: Option<Box<Failure>>,
    },
    /// A limit on concurrent use; trying later may succeed.
    #[error("{message}")]
    ResourceExhausted {
        /// Which limit.
        cause: ResourceExhaustedCause,
        /// What to tell the caller.
        message: String,
    },
    /// A task that matching offered is stale; the shell drops it and offers the next.
    #[error("the task is stale: {0}")]
    StaleTask(&'static str),
}

impl Rejection {
    /// The run has closed, and the command needs an open one.
    #[must_use]
    pub fn closed() -> Self {
        Rejection::NotFound("workflow execution already completed".into())
    }

    /// An activity, or an attempt of it, that is not in progress (semantics rules 74 and 76).
    #[must_use]
    pub fn no_activity() -> Self {
        Rejection::NotFound(
            "invalid activityID or activity already timed out or invoking workflow is completed"
                .into(),
        )
    }

    /// A workflow task that is not the one in progress (semantics rule 29).
    #[must_use]
    pub fn no_workflow_task() -> Self {
        Rejection::NotFound("Workflow task not found.".into())
    }
}

/// A query's outcome if the run's status forbids it (semantics rules 86 and 87).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryRejected {
    /// The status that forbids the query.
    pub status: WorkflowExecutionStatus,
}
