//! The end of an activity: its started event and its closing event, recorded or buffered together.

use persevere_proto::api::history::v1::{
    ActivityTaskStartedEventAttributes, history_event::Attributes,
};

use crate::{
    state::{ActivityProgress, ActivityStage},
    transition::Draft,
    workflow_task,
};

/// Ends a pending activity. `closing` makes its last event, given the id of its started event; that
/// is 0 if it was never started, or if both wait in the buffer, whose flush fills it in.
///
/// `unstarted_by` is the caller who ends an activity that no worker has, by its id (rule 77).
pub(super) fn close(
    draft: &mut Draft<'_>,
    scheduled_event_id: i64,
    unstarted_by: Option<&str>,
    closing: impl FnOnce(i64) -> Attributes,
) {
    let progress = draft.overlay().activities.remove(&scheduled_event_id);
    let progress = progress.expect("the caller has found the activity pending");
    let started = started_event(scheduled_event_id, progress, unstarted_by);
    let started_event_id = started.and_then(|event| draft.record_or_buffer(event)).unwrap_or(0);
    draft.record_or_buffer(closing(started_event_id));
    workflow_task::ensure_scheduled(draft);
}

/// Semantics rule 56: it tells of the last attempt.
fn started_event(
    scheduled_event_id: i64,
    progress: ActivityProgress,
    unstarted_by: Option<&str>,
) -> Option<Attributes> {
    let (identity, request_id, worker_version) = match (progress.stage, unstarted_by) {
        (ActivityStage::Started(it), _) => (it.identity, it.request_id, it.worker_version),
        (_, Some(identity)) => (identity.to_owned(), String::new(), None),
        (_, None) => return None,
    };
    #[expect(deprecated, reason = "clients still read the worker's version there")]
    let started = ActivityTaskStartedEventAttributes {
        scheduled_event_id,
        identity,
        request_id,
        attempt: i32::try_from(progress.attempt).unwrap_or(i32::MAX),
        last_failure: progress.last_failure,
        worker_version,
        ..ActivityTaskStartedEventAttributes::default()
    };
    Some(Attributes::ActivityTaskStartedEventAttributes(started))
}
