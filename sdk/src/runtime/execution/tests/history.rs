//! Histories written down event by event, with the ids counted.

use std::time::{Duration, SystemTime};

use persevere_proto::{
    api::{
        common::v1::{ActivityType, Payload, Payloads, WorkflowType},
        history::v1::{
            ActivityTaskCompletedEventAttributes, ActivityTaskScheduledEventAttributes,
            HistoryEvent, TimerFiredEventAttributes, TimerStartedEventAttributes,
            WorkflowExecutionCancelRequestedEventAttributes,
            WorkflowExecutionSignaledEventAttributes, WorkflowExecutionStartedEventAttributes,
            WorkflowTaskCompletedEventAttributes, WorkflowTaskFailedEventAttributes,
            WorkflowTaskScheduledEventAttributes, WorkflowTaskStartedEventAttributes,
            history_event::Attributes,
        },
    },
    wkt::Timestamp,
};

use crate::runtime::execution::LiveTask;

pub(super) fn payload(text: &str) -> Payload {
    Payload { data: text.as_bytes().to_vec(), ..Default::default() }
}

fn payloads(text: &str) -> Option<Payloads> {
    Some(Payloads { payloads: vec![payload(text)] })
}

#[derive(Clone, Default)]
pub(super) struct History {
    pub(super) events: Vec<HistoryEvent>,
}

impl History {
    pub(super) fn started() -> Self {
        Self::started_with("")
    }

    pub(super) fn started_with(input: &str) -> Self {
        Self::default().event(Attributes::WorkflowExecutionStartedEventAttributes(
            WorkflowExecutionStartedEventAttributes {
                workflow_type: Some(WorkflowType { name: "pay".into() }),
                input: payloads(input),
                original_execution_run_id: "run-1".into(),
                attempt: 1,
                ..Default::default()
            },
        ))
    }

    /// A workflow task that is still open.
    pub(super) fn task(self) -> Self {
        let scheduled = WorkflowTaskScheduledEventAttributes::default();
        let started = WorkflowTaskStartedEventAttributes {
            scheduled_event_id: self.next_id(),
            ..Default::default()
        };
        self.event(Attributes::WorkflowTaskScheduledEventAttributes(scheduled))
            .event(Attributes::WorkflowTaskStartedEventAttributes(started))
    }

    pub(super) fn completed_task(self) -> Self {
        self.task().task_completes()
    }

    pub(super) fn failed_task(self) -> Self {
        self.task().task_fails()
    }

    /// The open task completes.
    pub(super) fn task_completes(self) -> Self {
        let started_event_id = self.next_id() - 1;
        let completed =
            WorkflowTaskCompletedEventAttributes { started_event_id, ..Default::default() };
        self.event(Attributes::WorkflowTaskCompletedEventAttributes(completed))
    }

    /// The open task fails.
    pub(super) fn task_fails(self) -> Self {
        let started_event_id = self.next_id() - 1;
        let failed = WorkflowTaskFailedEventAttributes { started_event_id, ..Default::default() };
        self.event(Attributes::WorkflowTaskFailedEventAttributes(failed))
    }

    pub(super) fn activity_scheduled(self, id: &str, kind: &str) -> Self {
        let scheduled = ActivityTaskScheduledEventAttributes {
            activity_id: id.into(),
            activity_type: Some(ActivityType { name: kind.into() }),
            ..Default::default()
        };
        self.event(Attributes::ActivityTaskScheduledEventAttributes(scheduled))
    }

    pub(super) fn activity_completed(self, scheduled_event_id: i64, result: &str) -> Self {
        let completed = ActivityTaskCompletedEventAttributes {
            scheduled_event_id,
            result: payloads(result),
            ..Default::default()
        };
        self.event(Attributes::ActivityTaskCompletedEventAttributes(completed))
    }

    pub(super) fn timer_started(self, id: &str) -> Self {
        let started = TimerStartedEventAttributes { timer_id: id.into(), ..Default::default() };
        self.event(Attributes::TimerStartedEventAttributes(started))
    }

    pub(super) fn timer_fired(self, id: &str, started_event_id: i64) -> Self {
        let fired = TimerFiredEventAttributes { timer_id: id.into(), started_event_id };
        self.event(Attributes::TimerFiredEventAttributes(fired))
    }

    pub(super) fn signal(self, name: &str) -> Self {
        let signaled = WorkflowExecutionSignaledEventAttributes {
            signal_name: name.into(),
            ..Default::default()
        };
        self.event(Attributes::WorkflowExecutionSignaledEventAttributes(signaled))
    }

    pub(super) fn cancel_requested(self) -> Self {
        let requested = WorkflowExecutionCancelRequestedEventAttributes::default();
        self.event(Attributes::WorkflowExecutionCancelRequestedEventAttributes(requested))
    }

    /// The open task, as the server announces it.
    pub(super) fn live(&self) -> LiveTask {
        LiveTask {
            started_event_id: self.next_id() - 1,
            started: SystemTime::UNIX_EPOCH + Duration::from_secs(self.next_id().unsigned_abs()),
        }
    }

    fn next_id(&self) -> i64 {
        i64::try_from(self.events.len()).unwrap() + 1
    }

    /// Each event is a second after the one before.
    fn event(mut self, attributes: Attributes) -> Self {
        let event_id = self.next_id();
        let event_type = event_type(&attributes);
        self.events.push(HistoryEvent {
            event_id,
            event_time: Some(Timestamp { seconds: event_id, nanos: 0 }),
            event_type,
            attributes: Some(attributes),
            ..Default::default()
        });
        self
    }
}

fn event_type(attributes: &Attributes) -> i32 {
    use Attributes as A;
    use persevere_proto::api::enums::v1::EventType as T;
    let event_type = match attributes {
        A::WorkflowExecutionStartedEventAttributes(_) => T::WorkflowExecutionStarted,
        A::WorkflowTaskScheduledEventAttributes(_) => T::WorkflowTaskScheduled,
        A::WorkflowTaskStartedEventAttributes(_) => T::WorkflowTaskStarted,
        A::WorkflowTaskCompletedEventAttributes(_) => T::WorkflowTaskCompleted,
        A::WorkflowTaskFailedEventAttributes(_) => T::WorkflowTaskFailed,
        A::ActivityTaskScheduledEventAttributes(_) => T::ActivityTaskScheduled,
        A::ActivityTaskCompletedEventAttributes(_) => T::ActivityTaskCompleted,
        A::TimerStartedEventAttributes(_) => T::TimerStarted,
        A::TimerFiredEventAttributes(_) => T::TimerFired,
        A::WorkflowExecutionSignaledEventAttributes(_) => T::WorkflowExecutionSignaled,
        A::WorkflowExecutionCancelRequestedEventAttributes(_) => {
            T::WorkflowExecutionCancelRequested
        }
        _ => T::Unspecified,
    };
    event_type.into()
}
