//! Events that came while a workflow task was started: they wait for its end, and then follow in
//! an order of their own (semantics rules 23 to 26).

use persevere_proto::api::{enums::v1::EventType, history::v1::HistoryEvent};
use prost::Message as _;

use crate::{
    role::{Role, Thing, role, started_event_id},
    state::Recorded,
    transition::Draft,
    workflow_task,
};

/// Writes the buffered events: ends of activities and children behind all others, each group in
/// order of arrival (semantics rule 25). Returns whether there were any.
pub(crate) fn flush(draft: &mut Draft<'_>) -> bool {
    if draft.execution.overlay.buffer.is_empty() {
        return false;
    }
    let events = std::mem::take(&mut draft.overlay().buffer);
    let (ends, others): (Vec<_>, Vec<_>) =
        events.into_iter().map(|buffered| buffered.event).partition(closes_what_started);
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

/// Whether an event ends an activity or a child. A child that could not be started has no such end.
fn closes_what_started(event: &HistoryEvent) -> bool {
    let role = event.attributes.as_ref().map(role);
    matches!(role, Some(Role::Ends { thing: Thing::Activity | Thing::Child, .. }))
        && event.event_type() != EventType::StartChildWorkflowExecutionFailed
}

/// The started event that an end refers to may have waited beside it, and has its id only now.
pub(crate) fn name_started_event(event: &mut HistoryEvent, recorded: &Recorded) {
    let Some(attributes) = &mut event.attributes else { return };
    let known = match role(attributes) {
        Role::Ends { thing: Thing::Activity, opener, .. } => {
            recorded.activities.get(&opener).and_then(|activity| activity.started_event_id)
        }
        Role::Ends { thing: Thing::Child, opener, .. } => {
            recorded.children.get(&opener).and_then(|child| child.started.as_ref()).map(|it| it.0)
        }
        _ => None,
    };
    if let (Some(known), Some(named)) = (known, started_event_id(attributes)) {
        *named = known;
    }
}
