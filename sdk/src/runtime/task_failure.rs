//! Why a workflow task cannot be completed. None of these harms the workflow: the server offers the
//! task again, to this worker or to one with better code.

use std::fmt;

use persevere_proto::api::{enums::v1::WorkflowTaskFailedCause, failure::v1::Failure};

use super::{
    failures::application,
    intent::Intent,
    spec::{Location, in_words},
};

/// Which run a message is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunName {
    /// The workflow id.
    pub workflow_id: String,
    /// The run id.
    pub run_id: String,
    /// The workflow type.
    pub workflow_type: String,
}

impl fmt::Display for RunName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "workflow {} ({}, run {})", self.workflow_id, self.workflow_type, self.run_id)
    }
}

/// Why a workflow task failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TaskFailure {
    /// The code no longer does what the history says it did.
    #[error(transparent)]
    Mismatch(#[from] Box<Mismatch>),
    /// The workflow's code panicked.
    #[error("{run} panicked: {message}{hint}", hint = panic_hint(message))]
    Panicked {
        /// Which run.
        run: RunName,
        /// What the panic said.
        message: String,
    },
    /// The run's input cannot be decoded.
    #[error("{run} cannot start: its input does not decode: {message}")]
    Input {
        /// Which run.
        run: RunName,
        /// What does not fit.
        message: String,
    },
    /// The worker knows no workflow of this type.
    #[error("{run} has a type that is not registered with this worker, which knows {known}")]
    UnknownType {
        /// Which run.
        run: RunName,
        /// The types that are.
        known: String,
    },
    /// The history contradicts itself.
    #[error("{run} has a damaged history at event {event_id}: {what}")]
    Damaged {
        /// Which run.
        run: RunName,
        /// Where.
        event_id: i64,
        /// What is wrong.
        what: String,
    },
    /// What the code asks for in one task does not fit into one message.
    #[error(
        "{run} asks for more in one task than the server takes in one message ({message}): store \
         large data elsewhere and pass references to it, or ask for less at once"
    )]
    TooLarge {
        /// Which run.
        run: RunName,
        /// What the server said.
        message: String,
    },
    /// The code held its thread for too long.
    #[error(
        "{run} has not yielded for {seconds} s: workflow code must not block, sleep or compute for \
         long; move such work into an activity"
    )]
    Blocked {
        /// Which run.
        run: RunName,
        /// For how long.
        seconds: u64,
    },
}

fn panic_hint(message: &str) -> &'static str {
    if message.contains("no reactor running") || message.contains("Tokio") {
        " (workflow code runs outside of tokio: use the workflow's own timers and concurrency, and \
         do input and output in activities)"
    } else {
        ""
    }
}

impl TaskFailure {
    /// The cause as the protocol names it.
    #[must_use]
    pub fn cause(&self) -> WorkflowTaskFailedCause {
        match self {
            Self::Mismatch(_) | Self::Damaged { .. } => {
                WorkflowTaskFailedCause::NonDeterministicError
            }
            Self::TooLarge { .. } => WorkflowTaskFailedCause::GrpcMessageTooLarge,
            Self::Panicked { .. }
            | Self::Input { .. }
            | Self::UnknownType { .. }
            | Self::Blocked { .. } => WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure,
        }
    }

    /// The failure as it travels.
    #[must_use]
    pub fn to_failure(&self) -> Failure {
        let kind = match self {
            Self::Mismatch(_) => "NonDeterminism",
            Self::Damaged { .. } => "DamagedHistory",
            Self::Panicked { .. } => "Panic",
            Self::Input { .. } => "UndecodableInput",
            Self::UnknownType { .. } => "UnknownWorkflowType",
            Self::TooLarge { .. } => "MessageTooLarge",
            Self::Blocked { .. } => "WorkflowBlocked",
        };
        application(self.to_string(), kind, false)
    }
}

/// The code and the history disagree about what the workflow does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Which run.
    pub run: RunName,
    /// What the history holds: the event's id and what it is.
    pub recorded: Option<(i64, String)>,
    /// What the code does, completing "the code … now": "starts a timer of 5s".
    pub code: String,
    /// Where in the code.
    pub location: Option<Location>,
}

impl Mismatch {
    pub(crate) fn new(
        run: RunName,
        recorded: Option<(i64, String)>,
        intent: &Intent,
        location: Option<Location>,
    ) -> Self {
        Self { run, recorded, code: intent.to_string(), location }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} does not replay: ", self.run)?;
        match &self.recorded {
            Some((id, what)) => write!(f, "history event {id} is {what}; ")?,
            None => f.write_str("the history ends; ")?,
        }
        f.write_str("the code ")?;
        if let Some(location) = self.location {
            write!(f, "at {} ", in_words(location))?;
        }
        write!(f, "now {}", self.code)
    }
}

impl std::error::Error for Mismatch {}
