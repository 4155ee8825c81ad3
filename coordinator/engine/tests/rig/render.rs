//! Histories as text: one line an event, with what tells two events of a kind apart.

use persevere_proto::api::{
    enums::v1::{TimeoutType, WorkflowTaskFailedCause},
    history::v1::{HistoryEvent, history_event::Attributes},
};

/// One line an event: its id, its kind, and in brief what is particular about it.
pub fn history(events: &[HistoryEvent]) -> String {
    events.iter().map(|event| line(event) + "\n").collect()
}

/// The kinds of events alone, in one line.
pub fn kinds(events: &[HistoryEvent]) -> String {
    events.iter().map(kind).collect::<Vec<_>>().join(", ")
}

fn line(event: &HistoryEvent) -> String {
    let detail = event.attributes.as_ref().map(detail).unwrap_or_default();
    format!("{} {} {detail}", event.event_id, kind(event)).trim_end().to_owned()
}

/// `EVENT_TYPE_TIMER_STARTED` as `TimerStarted`.
pub fn kind(event: &HistoryEvent) -> String {
    camel(event.event_type().as_str_name(), "EVENT_TYPE_")
}

fn camel(name: &str, prefix: &str) -> String {
    let words = name.trim_start_matches(prefix).split('_').map(|word| {
        let (first, rest) = word.split_at(1.min(word.len()));
        first.to_owned() + &rest.to_ascii_lowercase()
    });
    words.collect()
}

fn detail(attributes: &Attributes) -> String {
    use Attributes as A;
    match attributes {
        A::WorkflowTaskScheduledEventAttributes(e) => {
            let queue = e.task_queue.as_ref().map(|queue| queue.name.as_str()).unwrap_or_default();
            format!("on {queue}, attempt {}", e.attempt)
        }
        A::WorkflowTaskStartedEventAttributes(e) => format!("of {}", e.scheduled_event_id),
        A::WorkflowTaskCompletedEventAttributes(e) => {
            format!("of {}, {}", e.scheduled_event_id, e.started_event_id)
        }
        A::WorkflowTaskFailedEventAttributes(e) => {
            let cause = WorkflowTaskFailedCause::try_from(e.cause).unwrap_or_default();
            let cause = camel(cause.as_str_name(), "WORKFLOW_TASK_FAILED_CAUSE_");
            format!("of {}, {}: {cause}", e.scheduled_event_id, e.started_event_id)
        }
        A::WorkflowTaskTimedOutEventAttributes(e) => {
            let kind = TimeoutType::try_from(e.timeout_type).unwrap_or_default();
            let kind = camel(kind.as_str_name(), "TIMEOUT_TYPE_");
            format!("of {}, {}: {kind}", e.scheduled_event_id, e.started_event_id)
        }
        A::WorkflowExecutionSignaledEventAttributes(e) => e.signal_name.clone(),
        A::ActivityTaskScheduledEventAttributes(e) => e.activity_id.clone(),
        A::ActivityTaskStartedEventAttributes(e) => format!("of {}", e.scheduled_event_id),
        A::ActivityTaskCompletedEventAttributes(e) => {
            format!("of {}, {}", e.scheduled_event_id, e.started_event_id)
        }
        A::TimerStartedEventAttributes(e) => e.timer_id.clone(),
        A::TimerFiredEventAttributes(e) => format!("{} of {}", e.timer_id, e.started_event_id),
        A::TimerCanceledEventAttributes(e) => format!("{} of {}", e.timer_id, e.started_event_id),
        A::MarkerRecordedEventAttributes(e) => e.marker_name.clone(),
        A::WorkflowExecutionTerminatedEventAttributes(e) => {
            format!("by {}: {}", e.identity, e.reason)
        }
        A::WorkflowExecutionFailedEventAttributes(e) => {
            camel(e.retry_state().as_str_name(), "RETRY_STATE_")
        }
        A::WorkflowExecutionTimedOutEventAttributes(e) => {
            camel(e.retry_state().as_str_name(), "RETRY_STATE_")
        }
        _ => String::new(),
    }
}
