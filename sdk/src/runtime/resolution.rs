//! Which operation an event is about, and what it tells that operation.

use persevere_proto::api::{
    common::v1::{Payload, Payloads},
    enums::v1::{
        CancelExternalWorkflowExecutionFailedCause as CancelFailedCause,
        SignalExternalWorkflowExecutionFailedCause as SignalFailedCause,
        StartChildWorkflowExecutionFailedCause as StartFailedCause, TimeoutType,
    },
    failure::v1::{
        ActivityFailureInfo, ChildWorkflowExecutionFailureInfo, Failure, failure::FailureInfo,
    },
    history::v1::history_event::Attributes,
};

use super::{
    failures::{activity_info, application, cancelled_with, terminated, timed_out, wrap},
    machine::{Input, Machine},
};

/// The event that began the operation which this event is about.
pub(crate) fn subject(attributes: &Attributes) -> Option<i64> {
    use Attributes as A;
    Some(match attributes {
        A::ActivityTaskCompletedEventAttributes(a) => a.scheduled_event_id,
        A::ActivityTaskFailedEventAttributes(a) => a.scheduled_event_id,
        A::ActivityTaskTimedOutEventAttributes(a) => a.scheduled_event_id,
        A::ActivityTaskCanceledEventAttributes(a) => a.scheduled_event_id,
        A::TimerFiredEventAttributes(a) => a.started_event_id,
        A::StartChildWorkflowExecutionFailedEventAttributes(a) => a.initiated_event_id,
        A::ChildWorkflowExecutionStartedEventAttributes(a) => a.initiated_event_id,
        A::ChildWorkflowExecutionCompletedEventAttributes(a) => a.initiated_event_id,
        A::ChildWorkflowExecutionFailedEventAttributes(a) => a.initiated_event_id,
        A::ChildWorkflowExecutionCanceledEventAttributes(a) => a.initiated_event_id,
        A::ChildWorkflowExecutionTimedOutEventAttributes(a) => a.initiated_event_id,
        A::ChildWorkflowExecutionTerminatedEventAttributes(a) => a.initiated_event_id,
        A::ExternalWorkflowExecutionSignaledEventAttributes(a) => a.initiated_event_id,
        A::SignalExternalWorkflowExecutionFailedEventAttributes(a) => a.initiated_event_id,
        A::ExternalWorkflowExecutionCancelRequestedEventAttributes(a) => a.initiated_event_id,
        A::RequestCancelExternalWorkflowExecutionFailedEventAttributes(a) => a.initiated_event_id,
        _ => return None,
    })
}

/// What an event that has a [`subject`] tells the machine of that subject; `None` if nothing.
pub(crate) fn input(attributes: Attributes, machine: &Machine) -> Option<Input> {
    use Attributes as A;
    Some(match (attributes, machine) {
        (A::TimerFiredEventAttributes(_), _) => Input::Settled(Ok(None)),
        (A::ActivityTaskCompletedEventAttributes(a), _) => Input::Settled(Ok(first(a.result))),
        (attributes, Machine::Activity(activity)) => {
            let info = activity_info(&activity.identity());
            Input::Settled(Err(activity_failure(attributes, info)?))
        }
        (A::ChildWorkflowExecutionCompletedEventAttributes(a), _) => {
            Input::Settled(Ok(first(a.result)))
        }
        (A::ChildWorkflowExecutionStartedEventAttributes(a), _) => {
            Input::Started { run_id: a.workflow_execution.map(|w| w.run_id).unwrap_or_default() }
        }
        (A::StartChildWorkflowExecutionFailedEventAttributes(a), _) => {
            Input::Refused { failure: start_failure(a) }
        }
        // How the request to cancel a child fared says nothing about the child.
        (
            A::ExternalWorkflowExecutionCancelRequestedEventAttributes(_)
            | A::RequestCancelExternalWorkflowExecutionFailedEventAttributes(_),
            Machine::Child(_),
        ) => return None,
        (attributes, Machine::Child(_)) => Input::Settled(Err(child_failure(attributes)?)),
        (
            A::ExternalWorkflowExecutionSignaledEventAttributes(_)
            | A::ExternalWorkflowExecutionCancelRequestedEventAttributes(_),
            _,
        ) => Input::Settled(Ok(None)),
        (A::SignalExternalWorkflowExecutionFailedEventAttributes(a), _) => {
            let (workflow, cause) =
                (a.workflow_execution.clone(), cause_name(a.cause().as_str_name()));
            let missing =
                a.cause == i32::from(SignalFailedCause::ExternalWorkflowExecutionNotFound);
            Input::Refused { failure: external_failure("signal", workflow, &cause, missing) }
        }
        (A::RequestCancelExternalWorkflowExecutionFailedEventAttributes(a), _) => {
            let (workflow, cause) =
                (a.workflow_execution.clone(), cause_name(a.cause().as_str_name()));
            let missing =
                a.cause == i32::from(CancelFailedCause::ExternalWorkflowExecutionNotFound);
            Input::Refused { failure: external_failure("cancel", workflow, &cause, missing) }
        }
        _ => return None,
    })
}

fn first(payloads: Option<Payloads>) -> Option<Payload> {
    payloads.and_then(|payloads| payloads.payloads.into_iter().next())
}

fn activity_failure(attributes: Attributes, info: ActivityFailureInfo) -> Option<Failure> {
    use Attributes as A;
    let (message, info, cause) = match attributes {
        A::ActivityTaskFailedEventAttributes(a) => {
            let info = ActivityFailureInfo {
                started_event_id: a.started_event_id,
                identity: a.identity,
                retry_state: a.retry_state,
                ..info
            };
            ("Activity task failed", info, a.failure)
        }
        A::ActivityTaskTimedOutEventAttributes(a) => {
            let info = ActivityFailureInfo {
                started_event_id: a.started_event_id,
                retry_state: a.retry_state,
                ..info
            };
            ("Activity task timed out", info, a.failure)
        }
        A::ActivityTaskCanceledEventAttributes(a) => {
            let info = ActivityFailureInfo {
                started_event_id: a.started_event_id,
                identity: a.identity,
                ..info
            };
            let cause = cancelled_with("Activity cancelled".into(), a.details);
            ("Activity task cancelled", info, Some(cause))
        }
        _ => return None,
    };
    Some(wrap(message, FailureInfo::ActivityFailureInfo(info), cause))
}

/// What the closing events of a child all say about it: messages of five types, with fields of the
/// same names.
macro_rules! of_child {
    ($event:ident) => {
        ChildWorkflowExecutionFailureInfo {
            namespace: $event.namespace,
            workflow_execution: $event.workflow_execution,
            workflow_type: $event.workflow_type,
            initiated_event_id: $event.initiated_event_id,
            started_event_id: $event.started_event_id,
            ..Default::default()
        }
    };
}

fn child_failure(attributes: Attributes) -> Option<Failure> {
    use Attributes as A;
    let (info, cause) = match attributes {
        A::ChildWorkflowExecutionFailedEventAttributes(a) => {
            let retry_state = a.retry_state;
            (ChildWorkflowExecutionFailureInfo { retry_state, ..of_child!(a) }, a.failure)
        }
        A::ChildWorkflowExecutionCanceledEventAttributes(a) => {
            let cause = cancelled_with("Child workflow cancelled".into(), a.details);
            (of_child!(a), Some(cause))
        }
        A::ChildWorkflowExecutionTimedOutEventAttributes(a) => {
            let retry_state = a.retry_state;
            let cause = timed_out("Child workflow timed out", TimeoutType::StartToClose);
            (ChildWorkflowExecutionFailureInfo { retry_state, ..of_child!(a) }, Some(cause))
        }
        A::ChildWorkflowExecutionTerminatedEventAttributes(a) => {
            (of_child!(a), Some(terminated("Child workflow terminated")))
        }
        _ => return None,
    };
    let info = FailureInfo::ChildWorkflowExecutionFailureInfo(info);
    Some(wrap("Child workflow execution failed", info, cause))
}

/// `type` of the failure of a child whose workflow id is in use.
pub const CHILD_ALREADY_EXISTS: &str = "ChildWorkflowAlreadyExists";

/// `type` of the failure of a signal or cancellation whose target does not exist.
pub const EXTERNAL_NOT_FOUND: &str = "ExternalWorkflowNotFound";

fn start_failure(
    a: persevere_proto::api::history::v1::StartChildWorkflowExecutionFailedEventAttributes,
) -> Failure {
    let cause = a.cause();
    let why = match cause {
        StartFailedCause::WorkflowAlreadyExists => "a workflow with this id exists".into(),
        other => cause_name(other.as_str_name()),
    };
    let kind = match cause {
        StartFailedCause::WorkflowAlreadyExists => CHILD_ALREADY_EXISTS,
        _ => "ChildWorkflowNotStarted",
    };
    let message = format!("child workflow {} could not be started: {why}", a.workflow_id);
    let info = ChildWorkflowExecutionFailureInfo {
        namespace: a.namespace,
        workflow_execution: Some(persevere_proto::api::common::v1::WorkflowExecution {
            workflow_id: a.workflow_id,
            run_id: String::new(),
        }),
        workflow_type: a.workflow_type,
        initiated_event_id: a.initiated_event_id,
        ..Default::default()
    };
    let info = FailureInfo::ChildWorkflowExecutionFailureInfo(info);
    wrap("Child workflow could not be started", info, Some(application(message, kind, true)))
}

fn external_failure(
    what: &str,
    workflow: Option<persevere_proto::api::common::v1::WorkflowExecution>,
    cause: &str,
    missing: bool,
) -> Failure {
    let id = workflow.map(|workflow| workflow.workflow_id).unwrap_or_default();
    let kind = if missing { EXTERNAL_NOT_FOUND } else { "ExternalWorkflowFailed" };
    application(format!("could not {what} workflow {id}: {cause}"), kind, true)
}

/// `…_FAILED_CAUSE_NAMESPACE_NOT_FOUND` as `namespace not found`.
fn cause_name(name: &str) -> String {
    let name = name.split_once("_FAILED_CAUSE_").map_or(name, |(_, cause)| cause);
    name.to_lowercase().replace('_', " ")
}
