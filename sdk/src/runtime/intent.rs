//! What the code wants recorded next, and whether a recorded event is that.
//!
//! An [`Intent`] is kept from the moment a command is emitted until the history shows its event.
//! Only what identifies an operation is compared: kinds, names, ids. Inputs, durations and options
//! are not, so that they may change while runs are open.

use std::{fmt, time::Duration};

use persevere_proto::api::history::v1::{HistoryEvent, history_event::Attributes};

/// One thing the code does that leaves an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Intent {
    ScheduleActivity { id: String, kind: String },
    CancelActivity { scheduled_event_id: i64, kind: String },
    StartTimer { id: String, duration: Duration },
    CancelTimer { id: String },
    StartChild { workflow_id: String, kind: String },
    SignalExternal { workflow_id: String, name: String },
    CancelExternal { workflow_id: String },
    CompleteWorkflow,
    FailWorkflow,
    CancelWorkflow,
    ContinueAsNew,
}

impl Intent {
    /// Whether `event` is the one this intent leads to.
    pub(crate) fn matches(&self, event: &HistoryEvent) -> bool {
        use Attributes as A;
        let Some(attributes) = &event.attributes else { return false };
        match (self, attributes) {
            (Self::ScheduleActivity { id, kind }, A::ActivityTaskScheduledEventAttributes(a)) => {
                a.activity_id == *id && a.activity_type.as_ref().is_some_and(|t| t.name == *kind)
            }
            (
                Self::CancelActivity { scheduled_event_id, .. },
                A::ActivityTaskCancelRequestedEventAttributes(a),
            ) => a.scheduled_event_id == *scheduled_event_id,
            (Self::StartTimer { id, .. }, A::TimerStartedEventAttributes(a)) => a.timer_id == *id,
            (Self::CancelTimer { id }, A::TimerCanceledEventAttributes(a)) => a.timer_id == *id,
            (
                Self::StartChild { workflow_id, kind },
                A::StartChildWorkflowExecutionInitiatedEventAttributes(a),
            ) => {
                a.workflow_id == *workflow_id
                    && a.workflow_type.as_ref().is_some_and(|t| t.name == *kind)
            }
            (
                Self::SignalExternal { workflow_id, name },
                A::SignalExternalWorkflowExecutionInitiatedEventAttributes(a),
            ) => {
                a.signal_name == *name
                    && a.workflow_execution.as_ref().is_some_and(|w| w.workflow_id == *workflow_id)
            }
            (
                Self::CancelExternal { workflow_id },
                A::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(a),
            ) => a.workflow_execution.as_ref().is_some_and(|w| w.workflow_id == *workflow_id),
            (Self::CompleteWorkflow, A::WorkflowExecutionCompletedEventAttributes(_))
            | (Self::FailWorkflow, A::WorkflowExecutionFailedEventAttributes(_))
            | (Self::CancelWorkflow, A::WorkflowExecutionCanceledEventAttributes(_))
            | (Self::ContinueAsNew, A::WorkflowExecutionContinuedAsNewEventAttributes(_)) => true,
            _ => false,
        }
    }
}

impl fmt::Display for Intent {
    /// Completes the sentence "the code now …".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ScheduleActivity { id, kind } => write!(f, "schedules activity {kind} (id {id})"),
            Self::CancelActivity { scheduled_event_id, kind } => {
                write!(f, "cancels activity {kind}, scheduled by event {scheduled_event_id}")
            }
            Self::StartTimer { id, duration } => {
                write!(f, "starts a timer of {duration:?} (id {id})")
            }
            Self::CancelTimer { id } => write!(f, "cancels the timer with id {id}"),
            Self::StartChild { workflow_id, kind } => {
                write!(f, "starts child workflow {kind} (id {workflow_id})")
            }
            Self::SignalExternal { workflow_id, name } => {
                write!(f, "sends signal {name} to workflow {workflow_id}")
            }
            Self::CancelExternal { workflow_id } => write!(f, "cancels workflow {workflow_id}"),
            Self::CompleteWorkflow => f.write_str("completes the workflow"),
            Self::FailWorkflow => f.write_str("fails the workflow"),
            Self::CancelWorkflow => f.write_str("closes the workflow as cancelled"),
            Self::ContinueAsNew => f.write_str("continues as new"),
        }
    }
}

/// Whether an event is what a command leads to, so that it must match an intent.
pub(crate) fn comes_from_command(attributes: &Attributes) -> bool {
    use Attributes as A;
    matches!(
        attributes,
        A::ActivityTaskScheduledEventAttributes(_)
            | A::ActivityTaskCancelRequestedEventAttributes(_)
            | A::TimerStartedEventAttributes(_)
            | A::TimerCanceledEventAttributes(_)
            | A::StartChildWorkflowExecutionInitiatedEventAttributes(_)
            | A::SignalExternalWorkflowExecutionInitiatedEventAttributes(_)
            | A::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(_)
            | A::MarkerRecordedEventAttributes(_)
            | A::UpsertWorkflowSearchAttributesEventAttributes(_)
            | A::WorkflowPropertiesModifiedEventAttributes(_)
            | A::NexusOperationScheduledEventAttributes(_)
            | A::NexusOperationCancelRequestedEventAttributes(_)
            | A::WorkflowExecutionCompletedEventAttributes(_)
            | A::WorkflowExecutionFailedEventAttributes(_)
            | A::WorkflowExecutionCanceledEventAttributes(_)
            | A::WorkflowExecutionContinuedAsNewEventAttributes(_)
    )
}

/// An event in few words: its type and the name that tells it from others of that type.
pub(crate) fn describe_event(event: &HistoryEvent) -> String {
    use Attributes as A;
    let kind = event_type_name(event);
    let name = match &event.attributes {
        Some(A::ActivityTaskScheduledEventAttributes(a)) => {
            a.activity_type.as_ref().map(|t| t.name.clone())
        }
        Some(A::StartChildWorkflowExecutionInitiatedEventAttributes(a)) => {
            a.workflow_type.as_ref().map(|t| format!("{}, id {}", t.name, a.workflow_id))
        }
        Some(A::TimerStartedEventAttributes(a)) => Some(format!("id {}", a.timer_id)),
        Some(A::TimerCanceledEventAttributes(a)) => Some(format!("id {}", a.timer_id)),
        Some(A::SignalExternalWorkflowExecutionInitiatedEventAttributes(a)) => {
            a.workflow_execution.as_ref().map(|w| format!("{} to {}", a.signal_name, w.workflow_id))
        }
        Some(A::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(a)) => {
            a.workflow_execution.as_ref().map(|w| w.workflow_id.clone())
        }
        Some(A::MarkerRecordedEventAttributes(a)) => Some(a.marker_name.clone()),
        Some(A::ActivityTaskCancelRequestedEventAttributes(a)) => {
            Some(format!("of event {}", a.scheduled_event_id))
        }
        _ => None,
    };
    match name {
        Some(name) => format!("{kind}({name})"),
        None => kind,
    }
}

/// `EVENT_TYPE_TIMER_FIRED` as `TimerFired`.
fn event_type_name(event: &HistoryEvent) -> String {
    let name = event.event_type().as_str_name();
    let words = name.trim_start_matches("EVENT_TYPE_").split('_');
    words
        .map(|word| {
            let (first, rest) = word.split_at(word.len().min(1));
            first.to_owned() + &rest.to_lowercase()
        })
        .collect()
}
