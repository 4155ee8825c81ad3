//! An attempt at a worker: its start and its heartbeats.

use persevere_proto::api::{
    common::v1::WorkerVersionStamp, workflowservice::v1::RecordActivityTaskHeartbeatRequest,
};
use prost::Message as _;

use super::{priority, recorded, report, resolve_running};
use crate::{
    command::{ActivityTarget, StartActivity},
    context::Context,
    failure::server_failure,
    rejection::Rejection,
    reply::{ActivityTaskHandout, Reply},
    state::{ActivityStage, Attempt, Execution},
    time::{Time, span},
    transition::{Draft, Transition},
};

/// See `Command::StartActivity`. The same poll gets the same answer again.
pub(crate) fn start(
    execution: &Execution,
    start: StartActivity,
    context: &Context<'_>,
) -> Result<Transition, Rejection> {
    if !execution.is_running() {
        return Err(Rejection::StaleTask("the run is closed"));
    }
    let id = start.scheduled_event_id;
    let progress = execution.overlay.activities.get(&id);
    let progress = progress.ok_or(Rejection::StaleTask("the activity is closed"))?;
    if progress.attempt != start.attempt {
        return Err(Rejection::StaleTask("the activity is at another attempt"));
    }
    let mut draft = Draft::of(execution, context);
    let (scheduled, started) = match &progress.stage {
        ActivityStage::Scheduled { at } => (*at, context.now),
        ActivityStage::Started(running) if running.request_id == start.request_id => {
            (running.scheduled_time, running.started_time)
        }
        ActivityStage::Started(_) => return Err(Rejection::StaleTask("the attempt is running")),
        ActivityStage::BackingOff { .. } => {
            return Err(Rejection::StaleTask("the attempt is not due yet"));
        }
    };
    let handout = handout(execution, id, scheduled, started);
    if matches!(progress.stage, ActivityStage::Scheduled { .. }) {
        mark_started(&mut draft, id, start.request_id, start.identity, start.worker_version);
    }
    Ok(draft.finish(Reply::ActivityTask(Box::new(handout))))
}

/// Puts a waiting attempt into the hands of a worker.
pub(super) fn mark_started(
    draft: &mut Draft<'_>,
    id: i64,
    request_id: String,
    identity: String,
    worker_version: Option<WorkerVersionStamp>,
) {
    let started_time = draft.context.now;
    let progress = draft.overlay().activities.get_mut(&id);
    let progress = progress.expect("the caller has found the activity pending");
    let ActivityStage::Scheduled { at } = progress.stage else {
        unreachable!("the caller has found the attempt waiting for a worker");
    };
    progress.stage = ActivityStage::Started(Attempt {
        scheduled_time: at,
        started_time,
        request_id,
        identity,
        worker_version,
    });
}

/// What a worker is told of an attempt (semantics rule 80).
pub(super) fn handout(
    execution: &Execution,
    scheduled_event_id: i64,
    scheduled: Time,
    started: Time,
) -> ActivityTaskHandout {
    let activity = recorded(execution, scheduled_event_id);
    let progress = &execution.overlay.activities[&scheduled_event_id];
    let event = &activity.scheduled;
    ActivityTaskHandout {
        scheduled_event_id,
        attempt: progress.attempt,
        activity_id: event.activity_id.clone(),
        activity_type: event.activity_type.as_ref().map(|it| it.name.clone()).unwrap_or_default(),
        header: event.header.clone(),
        input: event.input.clone(),
        heartbeat_details: progress.heartbeat_details.clone(),
        scheduled_time: activity.scheduled_time,
        current_attempt_scheduled_time: scheduled,
        started_time: started,
        schedule_to_close: span(event.schedule_to_close_timeout.as_ref()),
        start_to_close: span(event.start_to_close_timeout.as_ref()),
        heartbeat: span(event.heartbeat_timeout.as_ref()),
        retry_policy: event.retry_policy.clone(),
        priority: priority(execution, activity),
    }
}

/// See `Command::HeartbeatActivity` (semantics rules 73, 74 and 78).
pub(crate) fn heartbeat(
    execution: &Execution,
    target: &ActivityTarget,
    request: RecordActivityTaskHeartbeatRequest,
    context: &Context<'_>,
) -> Result<Transition, Rejection> {
    let id = resolve_running(execution, target)?;
    let mut draft = Draft::of(execution, context);
    let details = request.details;
    if details.as_ref().is_some_and(|it| it.encoded_len() > context.limits.blob_size) {
        let failure = server_failure("Heartbeat details exceed size limit.", true);
        report::attempt_failed(&mut draft, id, Some(failure), &request.identity);
        return Ok(draft.finish(Reply::Heartbeat { cancel_requested: true }));
    }
    record_heartbeat(&mut draft, id, details);
    let cancel_requested = recorded(execution, id).cancel_requested.is_some();
    Ok(draft.finish(Reply::Heartbeat { cancel_requested }))
}

/// Notes that the attempt is alive. What it says replaces what was said before.
pub(super) fn record_heartbeat(
    draft: &mut Draft<'_>,
    id: i64,
    details: Option<persevere_proto::api::common::v1::Payloads>,
) {
    let now = draft.context.now;
    let progress = draft.overlay().activities.get_mut(&id);
    let progress = progress.expect("the caller has found the activity pending");
    progress.heartbeat_details = details;
    progress.last_heartbeat = Some(now);
}
