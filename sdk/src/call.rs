//! Calls: what the stubs of activities and workflows return, and how a call can end.
//!
//! A call is inert. Its first poll schedules it, as does `start`; until then its options can be
//! changed, it can be dropped, mocked or sent to a client. An unfinished call that is dropped is
//! cancelled, unless it was detached.

use std::error::Error as StdError;
use std::fmt;

use persevere_proto::api::enums::v1::TimeoutType;
use persevere_proto::api::failure::v1::failure::FailureInfo;
use persevere_proto::api::failure::v1::{Failure as ProtoFailure, TimeoutFailureInfo};

use crate::failure::{self, Cancelled, RemoteFailure, WireError};
use crate::handle::RequestError;
use crate::payload::EncodeError;
use crate::runtime::spec::DecodeError;
use crate::runtime::surface::NO_WORKFLOW_CONTEXT;

mod activity;
mod child;
mod external;
mod retry;
mod workflow;

pub use activity::{ActivityCall, ActivityFuture, DEFAULT_START_TO_CLOSE};
pub use child::{ChildFuture, ChildHandle};
pub use external::{ExternalWorkflow, external};
pub use retry::Retry;
pub use workflow::{ContinueAsNew, WorkflowCall, continue_as_new};

/// How a call ended that did not succeed.
#[derive(Debug)]
#[non_exhaustive]
pub enum CallError<E> {
    /// It failed with an error of its own type.
    Failed(E),
    /// It took longer than one of its limits.
    TimedOut(TimeoutKind),
    /// It, or the workflow around it, was cancelled.
    Cancelled,
    /// Anything else.
    Other(CallFailure),
}

/// Which limit was exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeoutKind {
    /// One attempt took too long; for a workflow, the run.
    StartToClose,
    /// No worker took it in time.
    ScheduleToStart,
    /// All attempts together took too long.
    ScheduleToClose,
    /// No heartbeat came in time.
    Heartbeat,
}

/// Why a call ended in a way that its own error type does not cover.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallFailure {
    /// Called outside a workflow: in a spawned task, another thread, or ordinary async code.
    #[error("{0}")]
    NotInWorkflow(String),
    /// An argument has no JSON form.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The result is not of the expected type.
    #[error("the result of `{name}` could not be decoded: {reason}")]
    Decode {
        /// The activity or workflow.
        name: &'static str,
        /// What was expected and what came.
        reason: String,
    },
    /// The workflow was terminated.
    #[error("the workflow was terminated: {0}")]
    Terminated(String),
    /// It could not be asked for or followed: the server refused, or could not be reached.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// It failed in a way that is none of the above, such as with another error type.
    #[error(transparent)]
    Remote(RemoteFailure),
}

impl CallFailure {
    pub(crate) fn decode(name: &'static str, error: DecodeError) -> Self {
        Self::Decode { name, reason: error.message }
    }
}

impl<E: WireError> CallError<E> {
    /// What a failure means to the caller of something that fails with `E`.
    pub(crate) fn from_wire(failure: ProtoFailure) -> Self {
        let root = failure::root(&failure);
        match &root.failure_info {
            Some(FailureInfo::CanceledFailureInfo(_)) => Self::Cancelled,
            Some(FailureInfo::TimeoutFailureInfo(info)) => match info.timeout_type() {
                TimeoutType::StartToClose => Self::TimedOut(TimeoutKind::StartToClose),
                TimeoutType::ScheduleToStart => Self::TimedOut(TimeoutKind::ScheduleToStart),
                TimeoutType::ScheduleToClose => Self::TimedOut(TimeoutKind::ScheduleToClose),
                TimeoutType::Heartbeat => Self::TimedOut(TimeoutKind::Heartbeat),
                TimeoutType::Unspecified => Self::other(failure),
            },
            Some(FailureInfo::TerminatedFailureInfo(_)) => {
                Self::Other(CallFailure::Terminated(root.message.clone()))
            }
            Some(FailureInfo::ApplicationFailureInfo(info))
                if info.r#type == NO_WORKFLOW_CONTEXT =>
            {
                Self::Other(CallFailure::NotInWorkflow(root.message.clone()))
            }
            Some(FailureInfo::ApplicationFailureInfo(_)) => match E::from_wire(root) {
                Some(error) => Self::Failed(error),
                None => Self::other(failure),
            },
            _ => Self::other(failure),
        }
    }

    fn other(failure: ProtoFailure) -> Self {
        Self::Other(CallFailure::Remote(RemoteFailure::new(failure)))
    }

    /// As a workflow that passes this error on fails with it.
    pub(crate) fn to_wire(&self) -> ProtoFailure {
        match self {
            Self::Failed(error) => error.to_wire(),
            Self::TimedOut(kind) => timed_out(*kind, self.to_string()),
            Self::Cancelled => failure::cancelled(),
            Self::Other(CallFailure::Remote(remote)) => remote.proto().clone(),
            Self::Other(other) => {
                failure::application(other.to_string(), "CallFailure", false, None, None)
            }
        }
    }

    /// Whether the call, or the workflow around it, was cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled)
    }
}

fn timed_out(kind: TimeoutKind, message: String) -> ProtoFailure {
    let kind = match kind {
        TimeoutKind::StartToClose => TimeoutType::StartToClose,
        TimeoutKind::ScheduleToStart => TimeoutType::ScheduleToStart,
        TimeoutKind::ScheduleToClose => TimeoutType::ScheduleToClose,
        TimeoutKind::Heartbeat => TimeoutType::Heartbeat,
    };
    let info = TimeoutFailureInfo { timeout_type: kind.into(), ..Default::default() };
    let failure_info = Some(FailureInfo::TimeoutFailureInfo(info));
    ProtoFailure { message, failure_info, ..Default::default() }
}

impl fmt::Display for TimeoutKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StartToClose => "start to close",
            Self::ScheduleToStart => "schedule to start",
            Self::ScheduleToClose => "schedule to close",
            Self::Heartbeat => "heartbeat",
        })
    }
}

impl<E: WireError> fmt::Display for CallError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => f.write_str(&error.text()),
            Self::TimedOut(kind) => write!(f, "timed out ({kind})"),
            Self::Cancelled => fmt::Display::fmt(&Cancelled, f),
            Self::Other(other) => fmt::Display::fmt(other, f),
        }
    }
}

impl<E: WireError> StdError for CallError<E> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Cancelled => Some(&Cancelled),
            Self::Other(CallFailure::Remote(remote)) => Some(remote),
            Self::Failed(_) | Self::TimedOut(_) | Self::Other(_) => None,
        }
    }
}
