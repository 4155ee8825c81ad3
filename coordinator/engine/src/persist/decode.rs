//! From the stored form to the state.

use std::time::Duration;

use persevere_proto::{
    state::{self as stored, activity_progress::Stage, outbox_message::Message as Stored},
    wkt,
};

use crate::{
    key::QueueName,
    persist::PersistError,
    state::{
        ActivityProgress, ActivityStage, Attempt, BufferedEvent, Message, Overlay, ScheduledTask,
        StartedTask, Sticky, WorkflowTask,
    },
    time::{self, Time},
};

pub(super) fn overlay(overlay: stored::Overlay) -> Result<Overlay, PersistError> {
    Ok(Overlay {
        workflow_task: workflow_task(overlay.workflow_task)?,
        sticky: overlay.sticky.map(sticky).transpose()?,
        buffer: overlay.buffer.into_iter().map(|event| BufferedEvent { event }).collect(),
        activities: overlay.activities.into_iter().map(activity).collect::<Result<_, _>>()?,
        outbox: overlay.outbox.into_iter().map(message).collect::<Result<_, _>>()?,
        next_message: overlay.next_message,
        first_task_at: overlay.first_task_at.map(Time),
        awaits_parent: overlay.awaits_parent,
        last_worker: overlay.last_worker,
        heartbeat_since: overlay.heartbeat_since.map(Time),
    })
}

fn workflow_task(task: Option<stored::WorkflowTask>) -> Result<WorkflowTask, PersistError> {
    let Some(task) = task else { return Ok(WorkflowTask::None) };
    let scheduled = ScheduledTask {
        scheduled_event_id: task.scheduled_event_id,
        attempt: task.attempt,
        scheduled_time: Time(task.scheduled_time),
        queue: queue(required(task.queue, "the workflow task's queue")?),
        schedule_to_start: task.schedule_to_start.as_ref().map(span),
        start_to_close: span(&required(task.start_to_close, "the workflow task's timeout")?),
    };
    Ok(match task.started {
        None => WorkflowTask::Scheduled(scheduled),
        Some(started) => WorkflowTask::Started(StartedTask {
            scheduled,
            started_event_id: started.started_event_id,
            started_time: Time(started.started_time),
            request_id: started.request_id,
            identity: started.identity,
            worker_version: started.worker_version,
            suggest_continue_as_new: started.suggest_continue_as_new,
            suggest_reasons: started.suggest_reasons,
            history_size_bytes: started.history_size_bytes,
        }),
    })
}

fn sticky(sticky: stored::Sticky) -> Result<Sticky, PersistError> {
    Ok(Sticky {
        queue: queue(required(sticky.queue, "the sticky queue")?),
        schedule_to_start: span(&required(sticky.schedule_to_start, "the sticky timeout")?),
    })
}

fn queue(queue: stored::QueueName) -> QueueName {
    QueueName { name: queue.name, sticky_of: queue.sticky_of }
}

fn activity(progress: stored::ActivityProgress) -> Result<(i64, ActivityProgress), PersistError> {
    let stage = match required(progress.stage, "the stage of an activity")? {
        Stage::ScheduledAt(at) => ActivityStage::Scheduled { at: Time(at) },
        Stage::BackingOffUntil(until) => ActivityStage::BackingOff { until: Time(until) },
        Stage::Started(attempt) => ActivityStage::Started(Attempt {
            scheduled_time: Time(attempt.scheduled_time),
            started_time: Time(attempt.started_time),
            request_id: attempt.request_id,
            identity: attempt.identity,
            worker_version: attempt.worker_version,
        }),
    };
    let decoded = ActivityProgress {
        attempt: progress.attempt,
        stage,
        last_failure: progress.last_failure,
        last_worker: progress.last_worker,
        last_completed: progress.last_completed.map(Time),
        heartbeat_details: progress.heartbeat_details,
        last_heartbeat: progress.last_heartbeat.map(Time),
    };
    Ok((progress.scheduled_event_id, decoded))
}

fn message(message: stored::OutboxMessage) -> Result<(i64, Message), PersistError> {
    let decoded = match required(message.message, "the kind of an outbox message")? {
        Stored::StartChild(initiated_event_id) => Message::StartChild { initiated_event_id },
        Stored::ReleaseChild(it) => Message::ReleaseChild {
            namespace: it.namespace,
            child: required(it.child, "the child to release")?,
            initiated_event_id: it.initiated_event_id,
        },
        Stored::Signal(initiated_event_id) => Message::Signal { initiated_event_id },
        Stored::Cancel(initiated_event_id) => Message::Cancel { initiated_event_id },
        Stored::ReportClose(stored::ReportClose {}) => Message::ReportClose,
        Stored::TerminateChild(it) => Message::TerminateChild {
            namespace: it.namespace,
            child: required(it.child, "the child to terminate")?,
        },
        Stored::CancelChild(it) => Message::CancelChild {
            namespace: it.namespace,
            child: required(it.child, "the child to cancel")?,
            initiated_event_id: it.initiated_event_id,
        },
    };
    Ok((message.number, decoded))
}

fn required<T>(field: Option<T>, name: &'static str) -> Result<T, PersistError> {
    field.ok_or(PersistError::Missing(name))
}

/// Absent from the state is absent from the message, so zero stays zero here.
fn span(duration: &wkt::Duration) -> Duration {
    time::span(Some(duration)).unwrap_or_default()
}
