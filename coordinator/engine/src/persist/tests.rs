use std::time::Duration;

use persevere_proto::api::{
    common::v1::{Payload, Payloads, WorkerVersionStamp, WorkflowExecution},
    failure::v1::Failure,
    history::v1::{
        WorkflowExecutionSignaledEventAttributes, WorkflowExecutionStartedEventAttributes,
        history_event::Attributes,
    },
};

use super::*;
use crate::{
    key::QueueName,
    state::{
        ActivityProgress, ActivityStage, Attempt, BufferedEvent, Message, ScheduledTask,
        StartedTask, Sticky, WorkflowTask,
    },
    time::Time,
};

fn event(event_id: i64, attributes: Attributes) -> HistoryEvent {
    HistoryEvent {
        event_id,
        event_type: attributes.event_type().into(),
        event_time: Some(Time(1_234_567_890_123_456_789).into()),
        attributes: Some(attributes),
        ..HistoryEvent::default()
    }
}

fn signaled(event_id: i64) -> HistoryEvent {
    let signaled = WorkflowExecutionSignaledEventAttributes {
        signal_name: "go".into(),
        request_id: "r1".into(),
        ..Default::default()
    };
    event(event_id, Attributes::WorkflowExecutionSignaledEventAttributes(signaled))
}

fn sticky_queue() -> QueueName {
    QueueName { name: "w1".into(), sticky_of: Some("orders".into()) }
}

fn started_task() -> StartedTask {
    StartedTask {
        scheduled: ScheduledTask {
            scheduled_event_id: 8,
            attempt: 3,
            scheduled_time: Time(5),
            queue: sticky_queue(),
            schedule_to_start: Some(Duration::from_millis(1500)),
            start_to_close: Duration::from_secs(10),
        },
        started_event_id: 9,
        started_time: Time(6),
        request_id: "poll".into(),
        identity: "me".into(),
        worker_version: Some(WorkerVersionStamp { build_id: "b".into(), use_versioning: false }),
        suggest_continue_as_new: true,
        suggest_reasons: vec![1],
        history_size_bytes: 77,
    }
}

fn progress(stage: ActivityStage) -> ActivityProgress {
    ActivityProgress {
        attempt: 2,
        stage,
        last_failure: Some(Failure { message: "boom".into(), ..Failure::default() }),
        last_worker: "w".into(),
        last_completed: Some(Time(7)),
        heartbeat_details: Some(Payloads {
            payloads: vec![Payload { data: b"\x00\xff".to_vec(), ..Payload::default() }],
        }),
        last_heartbeat: Some(Time(-1)),
    }
}

fn messages() -> Vec<Message> {
    let child = WorkflowExecution { workflow_id: "c".into(), run_id: "r".into() };
    vec![
        Message::StartChild { initiated_event_id: 5 },
        Message::ReleaseChild {
            namespace: "n".into(),
            child: child.clone(),
            initiated_event_id: 5,
        },
        Message::Signal { initiated_event_id: 6 },
        Message::Cancel { initiated_event_id: 7 },
        Message::ReportClose,
        Message::TerminateChild { namespace: "n".into(), child: child.clone() },
        Message::CancelChild { namespace: "n".into(), child, initiated_event_id: 5 },
    ]
}

#[test]
fn a_full_overlay_decodes_to_itself() {
    let attempt = Attempt {
        scheduled_time: Time(1),
        started_time: Time(2),
        request_id: "q".into(),
        identity: "i".into(),
        worker_version: None,
    };
    let stages = [
        ActivityStage::Scheduled { at: Time(0) },
        ActivityStage::BackingOff { until: Time(9) },
        ActivityStage::Started(attempt),
    ];
    let overlay = Overlay {
        workflow_task: WorkflowTask::Started(started_task()),
        sticky: Some(Sticky { queue: sticky_queue(), schedule_to_start: Duration::new(5, 1) }),
        buffer: vec![BufferedEvent { event: signaled(0) }],
        activities: (5..).zip(stages.into_iter().map(progress)).collect(),
        outbox: (1..).zip(messages()).collect(),
        next_message: 8,
        first_task_at: Some(Time(0)),
        awaits_parent: true,
        last_worker: "last".into(),
        heartbeat_since: Some(Time(3)),
    };
    assert_eq!(decode_overlay(&encode_overlay(&overlay)), Ok(overlay));
}

#[test]
fn a_scheduled_task_does_not_become_a_started_one() {
    let task = WorkflowTask::Scheduled(started_task().scheduled);
    let overlay = Overlay { workflow_task: task, ..Overlay::default() };
    assert_eq!(decode_overlay(&encode_overlay(&overlay)), Ok(overlay));
}

#[test]
fn an_empty_overlay_takes_no_bytes() {
    assert!(encode_overlay(&Overlay::default()).is_empty());
    assert_eq!(decode_overlay(&[]), Ok(Overlay::default()));
}

#[test]
fn bytes_that_are_no_overlay_are_refused_with_a_reason() {
    let error = decode_overlay(&[0xff, 0xff]).unwrap_err();
    assert!(error.to_string().starts_with("the stored overlay cannot be decoded"), "{error}");
    let mut overlay = stored::Overlay::default();
    overlay.activities.push(stored::ActivityProgress::default());
    let error = decode_overlay(&overlay.encode_to_vec()).unwrap_err();
    assert_eq!(error.to_string(), "the stored overlay lacks the stage of an activity");
}

#[test]
fn batches_fold_to_the_history_and_the_requests_they_hold() {
    let started = WorkflowExecutionStartedEventAttributes::default();
    let first = event(1, Attributes::WorkflowExecutionStartedEventAttributes(started));
    let attached =
        RequestId { event_id: 1, event_type: EventType::WorkflowExecutionOptionsUpdated };
    let requests = vec![("attach".to_owned(), attached.clone())];
    let batches =
        [encode_batch(&[first.clone(), signaled(2)], &requests), encode_batch(&[signaled(3)], &[])];
    let folded = fold_batches(batches.iter().map(Vec::as_slice)).unwrap();
    let mut expected = Recorded::from_history(&[first.clone(), signaled(2), signaled(3)]).unwrap();
    expected.note_request("attach", 1, attached.event_type);
    assert_eq!(folded, expected);

    let by_message = stored::HistoryBatch {
        events: vec![first, signaled(2)],
        requests: requests.iter().map(encode::request).collect(),
    };
    assert_eq!(by_message.encode_to_vec(), batches[0]);
}

#[test]
fn a_history_with_a_gap_is_corrupt() {
    let started = WorkflowExecutionStartedEventAttributes::default();
    let first = event(1, Attributes::WorkflowExecutionStartedEventAttributes(started));
    let batch = encode_batch(&[first, signaled(3)], &[]);
    let error = fold_batches([batch.as_slice()]).unwrap_err();
    assert!(error.to_string().contains("expected event id 2"), "{error}");
    assert_eq!(fold_batches([]), Err(PersistError::NoHistory));
}
