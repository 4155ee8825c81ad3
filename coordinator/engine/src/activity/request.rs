//! What a workflow may ask for: the attributes of `ScheduleActivityTask`, checked and normalised.

use std::time::Duration;

use persevere_proto::{
    api::{
        command::v1::ScheduleActivityTaskCommandAttributes, common::v1::Priority,
        history::v1::ActivityTaskScheduledEventAttributes,
    },
    wkt,
};

use crate::{
    key::QueueName,
    limits::{ID_BYTES_MAX, RESERVED_QUEUE_PREFIX},
    retry,
    time::{duration, span},
    workflow_task,
};

/// Longest fairness key, in bytes (semantics rule 82).
const MAX_FAIRNESS_KEY: usize = 64;

/// The event that the command asks for, without the workflow task it belongs to.
///
/// # Errors
/// What is wrong, naming the field.
#[expect(deprecated, reason = "workers still set `use_workflow_build_id`")]
pub(super) fn scheduled_attributes(
    command: ScheduleActivityTaskCommandAttributes,
    run_timeout: Option<Duration>,
) -> Result<ActivityTaskScheduledEventAttributes, String> {
    check_names(&command)?;
    let policy = retry::with_defaults(&command.retry_policy.clone().unwrap_or_default());
    retry::validate(&policy)?;
    check_priority(command.priority.as_ref())?;
    let timeouts = Timeouts::normalised(&command, run_timeout)?;
    let queue =
        command.task_queue.map(|queue| workflow_task::task_queue(&QueueName::normal(queue.name)));
    Ok(ActivityTaskScheduledEventAttributes {
        activity_id: command.activity_id,
        activity_type: command.activity_type,
        task_queue: queue,
        header: command.header,
        input: command.input,
        schedule_to_close_timeout: Some(timeouts.schedule_to_close),
        schedule_to_start_timeout: Some(timeouts.schedule_to_start),
        start_to_close_timeout: Some(timeouts.start_to_close),
        heartbeat_timeout: Some(timeouts.heartbeat),
        workflow_task_completed_event_id: 0,
        retry_policy: Some(policy),
        use_workflow_build_id: command.use_workflow_build_id,
        priority: command.priority,
    })
}

fn check_names(command: &ScheduleActivityTaskCommandAttributes) -> Result<(), String> {
    let queue = command.task_queue.as_ref().ok_or("taskQueue is not set")?.name.as_str();
    if queue.is_empty() {
        return Err("missing task queue name".into());
    }
    if queue.len() > ID_BYTES_MAX {
        return Err("taskQueue length exceeds limit".into());
    }
    if queue.starts_with(RESERVED_QUEUE_PREFIX) {
        return Err(format!(
            "task queue name cannot start with reserved prefix {RESERVED_QUEUE_PREFIX}"
        ));
    }
    let activity_type = command.activity_type.as_ref().map_or("", |kind| kind.name.as_str());
    let names = [("activityId", command.activity_id.as_str()), ("activityType", activity_type)];
    for (field, name) in names {
        if name.is_empty() {
            return Err(format!("{field} is not set"));
        }
        if name.len() > ID_BYTES_MAX {
            let length = name.len();
            return Err(format!(
                "{field} exceeds length limit. Length={length} Limit={ID_BYTES_MAX}"
            ));
        }
    }
    Ok(())
}

/// Semantics rule 82.
fn check_priority(priority: Option<&Priority>) -> Result<(), String> {
    let Some(priority) = priority else { return Ok(()) };
    if priority.priority_key < 0 {
        return Err("invalid priorities: priority key can't be negative".into());
    }
    if priority.fairness_key.len() > MAX_FAIRNESS_KEY {
        return Err("invalid priorities: fairness key length exceeds limit".into());
    }
    Ok(())
}

/// The four timeouts; zero is none.
struct Timeouts {
    schedule_to_close: wkt::Duration,
    schedule_to_start: wkt::Duration,
    start_to_close: wkt::Duration,
    heartbeat: wkt::Duration,
}

impl Timeouts {
    /// Semantics rule 65: one is filled in from another, and none outlasts what contains it.
    fn normalised(
        command: &ScheduleActivityTaskCommandAttributes,
        run: Option<Duration>,
    ) -> Result<Timeouts, String> {
        let read = |name: &str, value: Option<&wkt::Duration>| {
            if retry::is_negative(value) {
                return Err(format!("invalid {name}: negative duration"));
            }
            Ok(span(value))
        };
        let to_close = read("ScheduleToCloseTimeout", command.schedule_to_close_timeout.as_ref())?;
        let to_start = read("ScheduleToStartTimeout", command.schedule_to_start_timeout.as_ref())?;
        let attempt = read("StartToCloseTimeout", command.start_to_close_timeout.as_ref())?;
        let heartbeat = read("HeartbeatTimeout", command.heartbeat_timeout.as_ref())?;
        if to_close.is_none() && attempt.is_none() {
            return Err(format!(
                "a valid StartToCloseTimeout or ScheduleToCloseTimeout must be set on the \
                 activity. ActivityId={} ActivityType={}",
                command.activity_id,
                command.activity_type.as_ref().map_or("", |kind| kind.name.as_str())
            ));
        }
        let to_close = shorter(to_close, run);
        let attempt = shorter(attempt, to_close);
        Ok(Timeouts {
            schedule_to_close: or_zero(to_close),
            schedule_to_start: or_zero(shorter(to_start, to_close)),
            start_to_close: or_zero(attempt),
            heartbeat: or_zero(heartbeat.and(shorter(heartbeat, attempt))),
        })
    }
}

/// The shorter of two spans; an absent one is endless.
fn shorter(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    one.into_iter().chain(other).min()
}

fn or_zero(span: Option<Duration>) -> wkt::Duration {
    duration(span.unwrap_or_default())
}
