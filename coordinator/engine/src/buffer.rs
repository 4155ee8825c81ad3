//! Events that came while a workflow task was started: they wait for its end, and then follow in
//! an order of their own (semantics rules 23 to 26).

use persevere_proto::api::history::v1::{HistoryEvent, history_event::Attributes};
use prost::Message as _;

use crate::{state::Recorded, transition::Draft, workflow_task};

/// Writes the buffered events: ends of activities and children behind all others, each group in
/// order of arrival (semantics rule 25). Returns whether there were any.
pub(crate) fn flush(draft: &mut Draft<'_>) -> bool {
    if draft.execution.overlay.buffer.is_empty() {
        return false;
    }
    let events = std::mem::take(&mut draft.overlay().buffer);
    let (ends, others): (Vec<_>, Vec<_>) =
        events.into_iter().map(|buffered| buffered.event).partition(is_end);
    for mut event in others.into_iter().chain(ends) {
        name_started_event(&mut event, &draft.execution.recorded);
        draft.record_event(event);
    }
    true
}

/// Lets the workflow task fail if too much waits for its end (semantics rule 26).
pub(crate) fn enforce_limit(draft: &mut Draft<'_>) {
    let (buffer, limits) = (&draft.execution.overlay.buffer, draft.context.limits);
    let bytes: usize = buffer.iter().map(|buffered| buffered.event.encoded_len()).sum();
    if buffer.len() > limits.buffered_events || bytes > limits.buffered_bytes {
        workflow_task::fail_for_buffer(draft);
    }
}

/// Whether an event ends an activity or a child.
fn is_end(event: &HistoryEvent) -> bool {
    use Attributes as A;
    matches!(
        event.attributes,
        Some(
            A::ActivityTaskCompletedEventAttributes(_)
                | A::ActivityTaskFailedEventAttributes(_)
                | A::ActivityTaskTimedOutEventAttributes(_)
                | A::ActivityTaskCanceledEventAttributes(_)
                | A::ChildWorkflowExecutionCompletedEventAttributes(_)
                | A::ChildWorkflowExecutionFailedEventAttributes(_)
                | A::ChildWorkflowExecutionCanceledEventAttributes(_)
                | A::ChildWorkflowExecutionTimedOutEventAttributes(_)
                | A::ChildWorkflowExecutionTerminatedEventAttributes(_)
        )
    )
}

/// The started event that an end refers to may have waited beside it, and has its id only now.
pub(crate) fn name_started_event(event: &mut HistoryEvent, recorded: &Recorded) {
    use Attributes as A;
    let of_activity = |id: &i64| recorded.activities.get(id).and_then(|a| a.started_event_id);
    let of_child = |id: &i64| {
        recorded.children.get(id).and_then(|child| child.started.as_ref()).map(|(id, _)| *id)
    };
    let (started_event_id, known) = match &mut event.attributes {
        Some(A::ActivityTaskCompletedEventAttributes(e)) => {
            (&mut e.started_event_id, of_activity(&e.scheduled_event_id))
        }
        Some(A::ActivityTaskFailedEventAttributes(e)) => {
            (&mut e.started_event_id, of_activity(&e.scheduled_event_id))
        }
        Some(A::ActivityTaskTimedOutEventAttributes(e)) => {
            (&mut e.started_event_id, of_activity(&e.scheduled_event_id))
        }
        Some(A::ActivityTaskCanceledEventAttributes(e)) => {
            (&mut e.started_event_id, of_activity(&e.scheduled_event_id))
        }
        Some(A::ChildWorkflowExecutionCompletedEventAttributes(e)) => {
            (&mut e.started_event_id, of_child(&e.initiated_event_id))
        }
        Some(A::ChildWorkflowExecutionFailedEventAttributes(e)) => {
            (&mut e.started_event_id, of_child(&e.initiated_event_id))
        }
        Some(A::ChildWorkflowExecutionCanceledEventAttributes(e)) => {
            (&mut e.started_event_id, of_child(&e.initiated_event_id))
        }
        Some(A::ChildWorkflowExecutionTimedOutEventAttributes(e)) => {
            (&mut e.started_event_id, of_child(&e.initiated_event_id))
        }
        Some(A::ChildWorkflowExecutionTerminatedEventAttributes(e)) => {
            (&mut e.started_event_id, of_child(&e.initiated_event_id))
        }
        _ => return,
    };
    if let Some(known) = known {
        *started_event_id = known;
    }
}
