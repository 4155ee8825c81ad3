//! Which part each kind of event plays: what it opens, starts or ends.

use std::fmt;

use persevere_proto::api::history::v1::history_event::Attributes;

/// Something with a beginning and an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thing {
    WorkflowTask,
    Activity,
    Timer,
    Child,
    ExternalSignal,
    ExternalCancel,
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Thing::WorkflowTask => "workflow task",
            Thing::Activity => "activity",
            Thing::Timer => "timer",
            Thing::Child => "child workflow",
            Thing::ExternalSignal => "external signal",
            Thing::ExternalCancel => "external cancel request",
        })
    }
}

/// The part that an event plays.
pub(crate) enum Role {
    Opens(Thing),
    /// With the event that opened it.
    Starts(Thing, i64),
    /// With the events that opened and, unless 0, started it.
    Ends {
        thing: Thing,
        opener: i64,
        started: i64,
    },
    /// Ends the run.
    Closes,
    Other,
}

/// The part that an event of these attributes plays.
pub(crate) fn role(attributes: &Attributes) -> Role {
    use Attributes as A;
    use Thing as T;
    let ends = |thing, opener, started| Role::Ends { thing, opener, started };
    match attributes {
        A::WorkflowTaskScheduledEventAttributes(_) => Role::Opens(T::WorkflowTask),
        A::WorkflowTaskStartedEventAttributes(e) => {
            Role::Starts(T::WorkflowTask, e.scheduled_event_id)
        }
        A::WorkflowTaskCompletedEventAttributes(e) => {
            ends(T::WorkflowTask, e.scheduled_event_id, e.started_event_id)
        }
        A::WorkflowTaskFailedEventAttributes(e) => {
            ends(T::WorkflowTask, e.scheduled_event_id, e.started_event_id)
        }
        A::WorkflowTaskTimedOutEventAttributes(e) => {
            ends(T::WorkflowTask, e.scheduled_event_id, e.started_event_id)
        }
        A::ActivityTaskScheduledEventAttributes(_) => Role::Opens(T::Activity),
        A::ActivityTaskStartedEventAttributes(e) => Role::Starts(T::Activity, e.scheduled_event_id),
        A::ActivityTaskCompletedEventAttributes(e) => {
            ends(T::Activity, e.scheduled_event_id, e.started_event_id)
        }
        A::ActivityTaskFailedEventAttributes(e) => {
            ends(T::Activity, e.scheduled_event_id, e.started_event_id)
        }
        A::ActivityTaskTimedOutEventAttributes(e) => {
            ends(T::Activity, e.scheduled_event_id, e.started_event_id)
        }
        A::ActivityTaskCanceledEventAttributes(e) => {
            ends(T::Activity, e.scheduled_event_id, e.started_event_id)
        }
        A::TimerStartedEventAttributes(_) => Role::Opens(T::Timer),
        A::TimerFiredEventAttributes(e) => ends(T::Timer, e.started_event_id, 0),
        A::TimerCanceledEventAttributes(e) => ends(T::Timer, e.started_event_id, 0),
        _ => role_of_other_execution(attributes),
    }
}

fn role_of_other_execution(attributes: &Attributes) -> Role {
    use Attributes as A;
    use Thing as T;
    let ends = |thing, opener, started| Role::Ends { thing, opener, started };
    match attributes {
        A::StartChildWorkflowExecutionInitiatedEventAttributes(_) => Role::Opens(T::Child),
        A::ChildWorkflowExecutionStartedEventAttributes(e) => {
            Role::Starts(T::Child, e.initiated_event_id)
        }
        A::StartChildWorkflowExecutionFailedEventAttributes(e) => {
            ends(T::Child, e.initiated_event_id, 0)
        }
        A::ChildWorkflowExecutionCompletedEventAttributes(e) => {
            ends(T::Child, e.initiated_event_id, e.started_event_id)
        }
        A::ChildWorkflowExecutionFailedEventAttributes(e) => {
            ends(T::Child, e.initiated_event_id, e.started_event_id)
        }
        A::ChildWorkflowExecutionCanceledEventAttributes(e) => {
            ends(T::Child, e.initiated_event_id, e.started_event_id)
        }
        A::ChildWorkflowExecutionTimedOutEventAttributes(e) => {
            ends(T::Child, e.initiated_event_id, e.started_event_id)
        }
        A::ChildWorkflowExecutionTerminatedEventAttributes(e) => {
            ends(T::Child, e.initiated_event_id, e.started_event_id)
        }
        A::SignalExternalWorkflowExecutionInitiatedEventAttributes(_) => {
            Role::Opens(T::ExternalSignal)
        }
        A::ExternalWorkflowExecutionSignaledEventAttributes(e) => {
            ends(T::ExternalSignal, e.initiated_event_id, 0)
        }
        A::SignalExternalWorkflowExecutionFailedEventAttributes(e) => {
            ends(T::ExternalSignal, e.initiated_event_id, 0)
        }
        A::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(_) => {
            Role::Opens(T::ExternalCancel)
        }
        A::ExternalWorkflowExecutionCancelRequestedEventAttributes(e) => {
            ends(T::ExternalCancel, e.initiated_event_id, 0)
        }
        A::RequestCancelExternalWorkflowExecutionFailedEventAttributes(e) => {
            ends(T::ExternalCancel, e.initiated_event_id, 0)
        }
        A::WorkflowExecutionCompletedEventAttributes(_)
        | A::WorkflowExecutionFailedEventAttributes(_)
        | A::WorkflowExecutionCanceledEventAttributes(_)
        | A::WorkflowExecutionTerminatedEventAttributes(_)
        | A::WorkflowExecutionTimedOutEventAttributes(_)
        | A::WorkflowExecutionContinuedAsNewEventAttributes(_) => Role::Closes,
        _ => Role::Other,
    }
}

/// Where the end of an activity or a child names the started event that goes with it.
pub(crate) fn started_event_id(end: &mut Attributes) -> Option<&mut i64> {
    use Attributes as A;
    Some(match end {
        A::ActivityTaskCompletedEventAttributes(e) => &mut e.started_event_id,
        A::ActivityTaskFailedEventAttributes(e) => &mut e.started_event_id,
        A::ActivityTaskTimedOutEventAttributes(e) => &mut e.started_event_id,
        A::ActivityTaskCanceledEventAttributes(e) => &mut e.started_event_id,
        A::ChildWorkflowExecutionCompletedEventAttributes(e) => &mut e.started_event_id,
        A::ChildWorkflowExecutionFailedEventAttributes(e) => &mut e.started_event_id,
        A::ChildWorkflowExecutionCanceledEventAttributes(e) => &mut e.started_event_id,
        A::ChildWorkflowExecutionTimedOutEventAttributes(e) => &mut e.started_event_id,
        A::ChildWorkflowExecutionTerminatedEventAttributes(e) => &mut e.started_event_id,
        _ => return None,
    })
}
