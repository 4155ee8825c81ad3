//! Failures as the awaiting workflow sees them: the recorded cause, wrapped in what was called.
//!
//! The wrapping is the one that every SDK of the protocol applies, so that a failure that crosses
//! several workflows in several languages keeps its chain of causes.

use persevere_proto::api::{
    common::v1::{ActivityType, Payloads, WorkflowExecution, WorkflowType},
    enums::v1::{RetryState, TimeoutType},
    failure::v1::{
        ActivityFailureInfo, ApplicationFailureInfo, CanceledFailureInfo,
        ChildWorkflowExecutionFailureInfo, Failure, TerminatedFailureInfo, TimeoutFailureInfo,
        failure::FailureInfo,
    },
};

/// Marks failures made by this SDK.
pub(crate) const SOURCE: &str = "PersevereSDK";

/// An activity as failures name it.
#[derive(Debug)]
pub(crate) struct ActivityIdentity<'a> {
    pub(crate) id: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) scheduled_event_id: i64,
}

/// A child workflow as failures name it.
#[derive(Debug)]
pub(crate) struct ChildIdentity<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) workflow_id: &'a str,
    pub(crate) run_id: &'a str,
    pub(crate) kind: &'a str,
}

pub(crate) fn failure(message: impl Into<String>, info: FailureInfo) -> Failure {
    Failure {
        message: message.into(),
        source: SOURCE.into(),
        failure_info: Some(info),
        ..Default::default()
    }
}

/// An application failure with a `type`, retryable or not.
pub(crate) fn application(message: impl Into<String>, kind: &str, non_retryable: bool) -> Failure {
    let info = ApplicationFailureInfo { r#type: kind.into(), non_retryable, ..Default::default() };
    failure(message, FailureInfo::ApplicationFailureInfo(info))
}

/// The failure of something that was cancelled before it finished.
pub(crate) fn cancelled(what: &str) -> Failure {
    cancelled_with(format!("{what} cancelled"), None)
}

pub(crate) fn cancelled_with(message: String, details: Option<Payloads>) -> Failure {
    let info = CanceledFailureInfo { details, ..Default::default() };
    failure(message, FailureInfo::CanceledFailureInfo(info))
}

/// Whether a failure says that what was awaited was cancelled rather than failed by itself.
#[must_use]
pub fn is_cancelled(failure: &Failure) -> bool {
    match &failure.failure_info {
        Some(FailureInfo::CanceledFailureInfo(_)) => true,
        Some(
            FailureInfo::ActivityFailureInfo(_)
            | FailureInfo::ChildWorkflowExecutionFailureInfo(_)
            | FailureInfo::NexusOperationExecutionFailureInfo(_),
        ) => failure.cause.as_deref().is_some_and(is_cancelled),
        _ => false,
    }
}

/// What an awaiting workflow is told at once when it cancels an activity.
pub(crate) fn cancelled_activity(activity: &ActivityIdentity<'_>) -> Failure {
    let info = ActivityFailureInfo {
        retry_state: RetryState::CancelRequested.into(),
        ..activity_info(activity)
    };
    wrap("Activity cancelled", FailureInfo::ActivityFailureInfo(info), Some(cancelled("Activity")))
}

pub(crate) fn activity_info(activity: &ActivityIdentity<'_>) -> ActivityFailureInfo {
    ActivityFailureInfo {
        scheduled_event_id: activity.scheduled_event_id,
        activity_id: activity.id.into(),
        activity_type: Some(ActivityType { name: activity.kind.into() }),
        ..Default::default()
    }
}

pub(crate) fn cancelled_child(child: &ChildIdentity<'_>) -> Failure {
    let info = child_info(child);
    wrap("Child workflow cancelled", info, Some(cancelled("Child workflow")))
}

pub(crate) fn child_info(child: &ChildIdentity<'_>) -> FailureInfo {
    FailureInfo::ChildWorkflowExecutionFailureInfo(ChildWorkflowExecutionFailureInfo {
        namespace: child.namespace.into(),
        workflow_execution: Some(WorkflowExecution {
            workflow_id: child.workflow_id.into(),
            run_id: child.run_id.into(),
        }),
        workflow_type: Some(WorkflowType { name: child.kind.into() }),
        ..Default::default()
    })
}

pub(crate) fn wrap(message: &str, info: FailureInfo, cause: Option<Failure>) -> Failure {
    Failure { cause: cause.map(Box::new), ..failure(message, info) }
}

pub(crate) fn timed_out(message: &str, timeout_type: TimeoutType) -> Failure {
    let info = TimeoutFailureInfo { timeout_type: timeout_type.into(), ..Default::default() };
    failure(message, FailureInfo::TimeoutFailureInfo(info))
}

pub(crate) fn terminated(message: &str) -> Failure {
    failure(message, FailureInfo::TerminatedFailureInfo(TerminatedFailureInfo::default()))
}
