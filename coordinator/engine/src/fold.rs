//! What each kind of event changes: the whole of `evolve`, in one place.
//!
//! Everything here is taken as true; deciding whether it may happen is the concern files' job.
//! Events of concerns that come later (updates, pause, Nexus) change nothing that is folded yet.

use std::sync::Arc;

use persevere_proto::api::{
    enums::v1::WorkflowExecutionStatus,
    history::v1::{HistoryEvent, WorkflowTaskCompletedEventAttributes, history_event::Attributes},
    workflow::v1::ResetPointInfo,
};

use crate::{
    role::{Role, Thing, role},
    state::{
        Activity, Child, Closed, ExternalCancel, ExternalSignal, FoldError, Recorded, Status,
        Timer, corrupt, event_time,
    },
    time,
};

/// Folds one event after the first; the caller has checked its id and that the run is open.
pub(crate) fn fold(state: &mut Recorded, event: &HistoryEvent) -> Result<(), FoldError> {
    let attributes =
        event.attributes.as_ref().ok_or_else(|| corrupt(event, "it has no attributes"))?;
    match attributes {
        Attributes::WorkflowExecutionStartedEventAttributes(_) => {
            Err(corrupt(event, "a run starts once"))
        }
        Attributes::WorkflowTaskCompletedEventAttributes(completed) => {
            state.previous_started_event_id = completed.started_event_id;
            state.last_completed_task_event_id = event.event_id;
            state.last_completed_task_identity.clone_from(&completed.identity);
            #[expect(deprecated, reason = "workers still name their build so")]
            let worker_version = completed.worker_version.clone();
            state.worker_version = worker_version;
            note_reset_point(state, event, completed);
            Ok(())
        }
        Attributes::WorkflowExecutionSignaledEventAttributes(signaled) => {
            state.signals += 1;
            if !signaled.request_id.is_empty() {
                state.signal_requests.insert(signaled.request_id.clone());
            }
            Ok(())
        }
        Attributes::WorkflowExecutionCancelRequestedEventAttributes(_) => {
            state.cancel_requested.get_or_insert(event.event_id);
            Ok(())
        }
        Attributes::UpsertWorkflowSearchAttributesEventAttributes(upsert) => {
            let fields = upsert.search_attributes.iter().flat_map(|a| &a.indexed_fields);
            merge(&mut state.search_attributes.indexed_fields, fields);
            Ok(())
        }
        Attributes::WorkflowPropertiesModifiedEventAttributes(modified) => {
            let fields = modified.upserted_memo.iter().flat_map(|memo| &memo.fields);
            merge(&mut state.memo.fields, fields);
            Ok(())
        }
        Attributes::ActivityTaskCancelRequestedEventAttributes(requested) => {
            let activity = state.activities.get_mut(&requested.scheduled_event_id);
            activity.ok_or_else(|| not_open(event, Thing::Activity))?.cancel_requested =
                Some(event.event_id);
            Ok(())
        }
        _ => fold_role(state, event, attributes),
    }
}

/// A reset may go back to the first workflow task that each build of the workflow completed, unless
/// something was under way with another execution.
fn note_reset_point(
    state: &mut Recorded,
    event: &HistoryEvent,
    completed: &WorkflowTaskCompletedEventAttributes,
) {
    #[expect(deprecated, reason = "older SDKs name their build so")]
    let build = (&completed.binary_checksum, completed.worker_version.as_ref());
    let build_id = build.1.map(|version| version.build_id.clone()).unwrap_or_default();
    #[expect(deprecated, reason = "as above")]
    let known =
        |point: &ResetPointInfo| point.binary_checksum == *build.0 && point.build_id == build_id;
    if state.reset_points.iter().any(known) {
        return;
    }
    let resettable = state.children.is_empty()
        && state.external_signals.is_empty()
        && state.external_cancels.is_empty();
    #[expect(deprecated, reason = "as above")]
    state.reset_points.push(ResetPointInfo {
        build_id: build_id.clone(),
        binary_checksum: build.0.clone(),
        run_id: state.started.original_execution_run_id.clone(),
        first_workflow_task_completed_id: event.event_id,
        create_time: event.event_time,
        expire_time: None,
        resettable,
    });
}

/// Events of operations that a workflow starts and waits for, and those that close the run.
fn fold_role(
    state: &mut Recorded,
    event: &HistoryEvent,
    attributes: &Attributes,
) -> Result<(), FoldError> {
    match role(attributes) {
        Role::Opens(_) => open(state, event, attributes),
        Role::Starts(Thing::Activity, opener) => {
            let activity = state.activities.get_mut(&opener);
            let activity = activity.ok_or_else(|| not_open(event, Thing::Activity))?;
            activity.started_event_id = Some(event.event_id);
        }
        Role::Starts(_, opener) => {
            let Attributes::ChildWorkflowExecutionStartedEventAttributes(started) = attributes
            else {
                return Ok(());
            };
            let child = state.children.get_mut(&opener);
            let child = child.ok_or_else(|| not_open(event, Thing::Child))?;
            let run = started.workflow_execution.as_ref().map(|run| run.run_id.clone());
            child.started = Some((event.event_id, run.unwrap_or_default()));
        }
        Role::Ends { thing, opener, .. } => {
            if !end(state, thing, opener) {
                return Err(not_open(event, thing));
            }
        }
        Role::Closes => close(state, event, attributes),
        Role::Other => {}
    }
    Ok(())
}

fn open(state: &mut Recorded, event: &HistoryEvent, attributes: &Attributes) {
    use Attributes as A;
    let id = event.event_id;
    let user_metadata = event.user_metadata.clone();
    match attributes {
        A::ActivityTaskScheduledEventAttributes(scheduled) => {
            let activity = Activity {
                scheduled_time: event_time(event),
                scheduled: Arc::new(scheduled.clone()),
                user_metadata,
                started_event_id: None,
                cancel_requested: None,
            };
            state.activities.insert(id, activity);
        }
        A::TimerStartedEventAttributes(started) => {
            let after = time::span(started.start_to_fire_timeout.as_ref()).unwrap_or_default();
            let fires_at = event_time(event).plus(after);
            let timer = Timer { timer_id: started.timer_id.clone(), fires_at };
            state.timers.insert(id, timer);
        }
        A::StartChildWorkflowExecutionInitiatedEventAttributes(initiated) => {
            let initiated = Arc::new(initiated.clone());
            state.children.insert(id, Child { initiated, user_metadata, started: None });
        }
        A::SignalExternalWorkflowExecutionInitiatedEventAttributes(initiated) => {
            let signal = ExternalSignal { initiated: Arc::new(initiated.clone()) };
            state.external_signals.insert(id, signal);
        }
        A::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(initiated) => {
            let cancel = ExternalCancel { initiated: Arc::new(initiated.clone()) };
            state.external_cancels.insert(id, cancel);
        }
        // A workflow task: the overlay knows of it.
        _ => {}
    }
}

/// Whether it was open.
fn end(state: &mut Recorded, thing: Thing, opener: i64) -> bool {
    match thing {
        Thing::WorkflowTask => true,
        Thing::Activity => state.activities.remove(&opener).is_some(),
        Thing::Timer => state.timers.remove(&opener).is_some(),
        Thing::Child => state.children.remove(&opener).is_some(),
        Thing::ExternalSignal => state.external_signals.remove(&opener).is_some(),
        Thing::ExternalCancel => state.external_cancels.remove(&opener).is_some(),
    }
}

fn not_open(event: &HistoryEvent, thing: Thing) -> FoldError {
    corrupt(event, &format!("no such {thing} is open"))
}

fn close(state: &mut Recorded, event: &HistoryEvent, attributes: &Attributes) {
    use Attributes as A;
    use WorkflowExecutionStatus as S;
    let status = match attributes {
        A::WorkflowExecutionCompletedEventAttributes(_) => S::Completed,
        A::WorkflowExecutionFailedEventAttributes(_) => S::Failed,
        A::WorkflowExecutionCanceledEventAttributes(_) => S::Canceled,
        A::WorkflowExecutionTerminatedEventAttributes(_) => S::Terminated,
        A::WorkflowExecutionTimedOutEventAttributes(_) => S::TimedOut,
        A::WorkflowExecutionContinuedAsNewEventAttributes(_) => S::ContinuedAsNew,
        _ => unreachable!("no other event closes a run"),
    };
    let closed = Closed { status, time: event_time(event), event: event.clone() };
    state.status = Status::Closed(Box::new(closed));
}

/// Later values win; a null payload removes its field (semantics rule 137).
#[expect(clippy::disallowed_types, reason = "the protocol's maps are of this type")]
fn merge<'p>(
    fields: &mut std::collections::HashMap<String, persevere_proto::api::common::v1::Payload>,
    changes: impl Iterator<Item = (&'p String, &'p persevere_proto::api::common::v1::Payload)>,
) {
    for (name, payload) in changes {
        let is_null = payload.metadata.get("encoding").is_some_and(|e| e == b"binary/null")
            || payload.data == b"null"
            || payload.data == b"[]";
        if is_null {
            fields.remove(name);
        } else {
            fields.insert(name.clone(), payload.clone());
        }
    }
}
