//! From the state to its stored form.

use std::time::Duration;

use persevere_proto::{
    api::common::v1::WorkflowExecution,
    state::{self as stored, activity_progress::Stage, outbox_message::Message as Stored},
    wkt,
};

use crate::{
    key::QueueName,
    state::{
        ActivityProgress, ActivityStage, Attempt, Message, Overlay, RequestId, ScheduledTask,
        StartedTask, Sticky, WorkflowTask,
    },
    time,
};

pub(super) fn overlay(overlay: &Overlay) -> stored::Overlay {
    stored::Overlay {
        workflow_task: workflow_task(&overlay.workflow_task),
        sticky: overlay.sticky.as_ref().map(sticky),
        buffer: overlay.buffer.iter().map(|buffered| buffered.event.clone()).collect(),
        activities: overlay.activities.iter().map(|(id, it)| activity(*id, it)).collect(),
        outbox: overlay.outbox.iter().map(|(number, it)| message(*number, it)).collect(),
        next_message: overlay.next_message,
        first_task_at: overlay.first_task_at.map(|at| at.0),
        awaits_parent: overlay.awaits_parent,
        last_worker: overlay.last_worker.clone(),
        heartbeat_since: overlay.heartbeat_since.map(|since| since.0),
    }
}

pub(super) fn request((request_id, cause): &(String, RequestId)) -> stored::RequestRecord {
    stored::RequestRecord {
        request_id: request_id.clone(),
        event_id: cause.event_id,
        event_type: cause.event_type.into(),
    }
}

fn workflow_task(task: &WorkflowTask) -> Option<stored::WorkflowTask> {
    match task {
        WorkflowTask::None => None,
        WorkflowTask::Scheduled(scheduled) => Some(scheduled_task(scheduled, None)),
        WorkflowTask::Started(started) => {
            Some(scheduled_task(&started.scheduled, Some(started_task(started))))
        }
    }
}

fn scheduled_task(
    task: &ScheduledTask,
    started: Option<stored::StartedWorkflowTask>,
) -> stored::WorkflowTask {
    stored::WorkflowTask {
        scheduled_event_id: task.scheduled_event_id,
        attempt: task.attempt,
        scheduled_time: task.scheduled_time.0,
        queue: Some(queue(&task.queue)),
        schedule_to_start: task.schedule_to_start.map(span),
        start_to_close: Some(span(task.start_to_close)),
        started,
    }
}

fn started_task(task: &StartedTask) -> stored::StartedWorkflowTask {
    stored::StartedWorkflowTask {
        started_event_id: task.started_event_id,
        started_time: task.started_time.0,
        request_id: task.request_id.clone(),
        identity: task.identity.clone(),
        worker_version: task.worker_version.clone(),
        suggest_continue_as_new: task.suggest_continue_as_new,
        suggest_reasons: task.suggest_reasons.clone(),
        history_size_bytes: task.history_size_bytes,
    }
}

fn sticky(sticky: &Sticky) -> stored::Sticky {
    stored::Sticky {
        queue: Some(queue(&sticky.queue)),
        schedule_to_start: Some(span(sticky.schedule_to_start)),
    }
}

fn queue(queue: &QueueName) -> stored::QueueName {
    stored::QueueName { name: queue.name.clone(), sticky_of: queue.sticky_of.clone() }
}

fn activity(scheduled_event_id: i64, progress: &ActivityProgress) -> stored::ActivityProgress {
    stored::ActivityProgress {
        scheduled_event_id,
        attempt: progress.attempt,
        stage: Some(match &progress.stage {
            ActivityStage::Scheduled { at } => Stage::ScheduledAt(at.0),
            ActivityStage::BackingOff { until } => Stage::BackingOffUntil(until.0),
            ActivityStage::Started(running) => Stage::Started(attempt(running)),
        }),
        last_failure: progress.last_failure.clone(),
        last_worker: progress.last_worker.clone(),
        last_completed: progress.last_completed.map(|at| at.0),
        heartbeat_details: progress.heartbeat_details.clone(),
        last_heartbeat: progress.last_heartbeat.map(|at| at.0),
    }
}

fn attempt(attempt: &Attempt) -> stored::Attempt {
    stored::Attempt {
        scheduled_time: attempt.scheduled_time.0,
        started_time: attempt.started_time.0,
        request_id: attempt.request_id.clone(),
        identity: attempt.identity.clone(),
        worker_version: attempt.worker_version.clone(),
    }
}

fn message(number: i64, message: &Message) -> stored::OutboxMessage {
    let message = match message {
        Message::StartChild { initiated_event_id } => Stored::StartChild(*initiated_event_id),
        Message::ReleaseChild { namespace, child, initiated_event_id } => {
            Stored::ReleaseChild(child_message(namespace, child, *initiated_event_id))
        }
        Message::Signal { initiated_event_id } => Stored::Signal(*initiated_event_id),
        Message::Cancel { initiated_event_id } => Stored::Cancel(*initiated_event_id),
        Message::ReportClose => Stored::ReportClose(stored::ReportClose {}),
        Message::TerminateChild { namespace, child } => {
            Stored::TerminateChild(child_message(namespace, child, 0))
        }
        Message::CancelChild { namespace, child, initiated_event_id } => {
            Stored::CancelChild(child_message(namespace, child, *initiated_event_id))
        }
    };
    stored::OutboxMessage { number, message: Some(message) }
}

fn child_message(
    namespace: &str,
    child: &WorkflowExecution,
    initiated_event_id: i64,
) -> stored::ChildMessage {
    stored::ChildMessage {
        namespace: namespace.to_owned(),
        child: Some(child.clone()),
        initiated_event_id,
    }
}

fn span(span: Duration) -> wkt::Duration {
    time::duration(span)
}
