//! A failure as it came over the wire, for when no type of the caller's fits it.

use std::fmt;

use persevere_proto::api::enums::v1::TimeoutType;
use persevere_proto::api::failure::v1::Failure as ProtoFailure;
use persevere_proto::api::failure::v1::failure::FailureInfo;

/// A failure as it came over the wire.
#[derive(Clone, Debug, PartialEq)]
pub struct RemoteFailure {
    proto: Box<ProtoFailure>,
}

impl RemoteFailure {
    pub(crate) fn new(proto: ProtoFailure) -> Self {
        Self { proto: Box::new(proto) }
    }

    /// The protocol's own message, whole.
    #[must_use]
    pub fn proto(&self) -> &ProtoFailure {
        &self.proto
    }

    /// What went wrong in the end: without the activity or child workflow that carried it.
    #[must_use]
    pub fn root(&self) -> &ProtoFailure {
        root(&self.proto)
    }

    /// The error's type, as its raiser named it; empty for what is not an application's error.
    #[must_use]
    pub fn kind(&self) -> &str {
        match &self.root().failure_info {
            Some(FailureInfo::ApplicationFailureInfo(info)) => &info.r#type,
            _ => "",
        }
    }

    /// Whether its raiser forbade retries.
    #[must_use]
    pub fn is_non_retryable(&self) -> bool {
        match &self.root().failure_info {
            Some(FailureInfo::ApplicationFailureInfo(info)) => info.non_retryable,
            Some(FailureInfo::ServerFailureInfo(info)) => info.non_retryable,
            _ => false,
        }
    }

    pub(crate) fn is_cancellation(&self) -> bool {
        matches!(self.root().failure_info, Some(FailureInfo::CanceledFailureInfo(_)))
    }
}

/// The failure inside those of activities and children.
pub(crate) fn root(failure: &ProtoFailure) -> &ProtoFailure {
    let mut failure = failure;
    while let (
        Some(
            FailureInfo::ActivityFailureInfo(_) | FailureInfo::ChildWorkflowExecutionFailureInfo(_),
        ),
        Some(cause),
    ) = (&failure.failure_info, &failure.cause)
    {
        failure = cause;
    }
    failure
}

impl fmt::Display for RemoteFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut next = Some(&*self.proto);
        let mut separator = "";
        while let Some(failure) = next {
            f.write_str(separator)?;
            separator = ": ";
            write_one(failure, f)?;
            next = failure.cause.as_deref();
        }
        Ok(())
    }
}

fn write_one(failure: &ProtoFailure, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match &failure.failure_info {
        Some(FailureInfo::ActivityFailureInfo(info)) => {
            let name = info.activity_type.as_ref().map_or("", |kind| kind.name.as_str());
            write!(f, "activity `{name}` failed")
        }
        Some(FailureInfo::ChildWorkflowExecutionFailureInfo(info)) => {
            let name = info.workflow_type.as_ref().map_or("", |kind| kind.name.as_str());
            let id = info.workflow_execution.as_ref().map_or("", |run| run.workflow_id.as_str());
            write!(f, "child workflow `{name}` ({id}) failed")
        }
        Some(FailureInfo::TimeoutFailureInfo(info)) => {
            let kind = info.timeout_type().as_str_name();
            let kind = kind.trim_start_matches("TIMEOUT_TYPE_").replace('_', " ").to_lowercase();
            match info.timeout_type() {
                TimeoutType::Unspecified => f.write_str("timed out"),
                _ => write!(f, "timed out ({kind})"),
            }
        }
        Some(FailureInfo::ApplicationFailureInfo(info)) if failure.message.is_empty() => {
            f.write_str(&info.r#type)
        }
        _ if failure.message.is_empty() => f.write_str("failed without a message"),
        _ => f.write_str(&failure.message),
    }
}

impl std::error::Error for RemoteFailure {}
