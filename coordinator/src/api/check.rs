//! The form of requests: required fields, lengths, durations, names. What breaks it is refused
//! with `INVALID_ARGUMENT` and the reference server's words, which name the field.

use std::{sync::Arc, time::Duration};

use persevere_engine::{Limits, check_search_attribute_sizes, check_search_attributes};
use persevere_proto::{
    api::{
        common::v1::{Memo, Payloads, Priority, RetryPolicy, SearchAttributes, WorkflowExecution},
        enums::v1::TaskQueueKind,
        taskqueue::v1::TaskQueue,
    },
    wkt,
};
use prost::Message;
use tonic::Status;

use super::status::{invalid, namespace_not_found};
use crate::{Core, Namespace};

/// Bytes that an id or a name may have (semantics rule 13).
const MAX_ID_BYTES: usize = 1000;
/// Task queues with this prefix belong to the server.
const RESERVED_QUEUE_PREFIX: &str = "/_sys/";
/// First retry delay, back-off factor and longest delay where a policy does not say (rule 67).
const DEFAULT_INTERVAL: Duration = Duration::from_secs(1);
const DEFAULT_MAX_INTERVALS: u32 = 100;

/// The namespace of this name; one that is being deleted is gone already.
pub(super) fn namespace(core: &Core, name: &str) -> Result<Arc<Namespace>, Status> {
    if name.is_empty() {
        return Err(invalid("Namespace is empty."));
    }
    namespace_name(name)?;
    let found = core.namespaces.get(name).filter(|namespace| !namespace.is_deleted());
    found.ok_or_else(|| namespace_not_found(name))
}

/// The name of a namespace, whether it exists or not.
pub(super) fn namespace_name(name: &str) -> Result<(), Status> {
    short(name, "Namespace length exceeds limit.")
}

/// Text that must be there.
pub(super) fn required(value: &str, otherwise: &'static str) -> Result<(), Status> {
    if value.is_empty() { Err(invalid(otherwise)) } else { Ok(()) }
}

/// Text that must not be too long for an id or a name.
pub(super) fn short(value: &str, otherwise: &'static str) -> Result<(), Status> {
    if value.len() > MAX_ID_BYTES { Err(invalid(otherwise)) } else { Ok(()) }
}

/// Who sends the request.
pub(super) fn identity(identity: &str) -> Result<(), Status> {
    short(identity, "Identity length exceeds limit.")
}

/// The id of a request.
pub(super) fn request_id(id: &str) -> Result<(), Status> {
    short(id, "RequestId length exceeds limit.")
}

/// The id of a workflow to start.
pub(super) fn workflow_id(id: &str) -> Result<(), Status> {
    required(id, "WorkflowId is not set on request.")?;
    if id.len() > MAX_ID_BYTES {
        let length = id.len();
        return Err(invalid(format!(
            "WorkflowId exceeds maximum allowed length ({length}/{MAX_ID_BYTES})"
        )));
    }
    Ok(())
}

/// A run id, if there is one.
pub(super) fn run_id(id: &str, otherwise: &'static str) -> Result<(), Status> {
    if id.is_empty() || uuid::Uuid::try_parse(id).is_ok() {
        Ok(())
    } else {
        Err(invalid(otherwise))
    }
}

/// An execution that exists already.
pub(super) fn execution(
    execution: Option<&WorkflowExecution>,
) -> Result<&WorkflowExecution, Status> {
    let execution = execution.ok_or_else(|| invalid("Execution is not set on request."))?;
    required(&execution.workflow_id, "WorkflowId is not set on request.")?;
    run_id(&execution.run_id, "Invalid RunId.")?;
    Ok(execution)
}

/// The name of a task queue.
pub(super) fn task_queue(queue: Option<&TaskQueue>) -> Result<&TaskQueue, Status> {
    let queue = queue
        .filter(|queue| !queue.name.is_empty())
        .ok_or_else(|| invalid("taskQueue is not set"))?;
    for name in [&queue.name, &queue.normal_name] {
        short(name, "taskQueue length exceeds limit")?;
        if name.starts_with(RESERVED_QUEUE_PREFIX) {
            return Err(invalid(format!(
                "task queue name cannot start with reserved prefix {RESERVED_QUEUE_PREFIX}"
            )));
        }
    }
    Ok(queue)
}

/// The queue of a workflow to start: always a normal one.
pub(super) fn normal_task_queue(queue: Option<&TaskQueue>) -> Result<TaskQueue, Status> {
    let name = task_queue(queue)?.name.clone();
    Ok(TaskQueue { name, kind: TaskQueueKind::Normal as i32, normal_name: String::new() })
}

/// A duration that must not be negative; `field` in the reference server's spelling.
pub(super) fn timeout(duration: Option<&wkt::Duration>, field: &str) -> Result<(), Status> {
    sensible(duration).map_err(|problem| {
        invalid(format!("An invalid {field} is set on request. cause: {problem}"))
    })
}

fn sensible(duration: Option<&wkt::Duration>) -> Result<(), &'static str> {
    let Some(duration) = duration else { return Ok(()) };
    let opposite = (duration.seconds > 0 && duration.nanos < 0)
        || (duration.seconds < 0 && duration.nanos > 0);
    if opposite {
        return Err("duration has seconds and nanos with different signs");
    }
    if duration.nanos.unsigned_abs() >= 1_000_000_000 {
        return Err("duration has out-of-range nanos");
    }
    if duration.seconds < 0 || duration.nanos < 0 {
        return Err("negative duration");
    }
    Ok(())
}

/// A retry policy, whose absent parts stand for their defaults (semantics rule 67).
pub(super) fn retry_policy(policy: Option<&RetryPolicy>) -> Result<(), Status> {
    let Some(policy) = policy else { return Ok(()) };
    if policy.maximum_attempts == 1 {
        return Ok(());
    }
    let interval = |duration: Option<&wkt::Duration>, field: &str| {
        sensible(duration).map_err(|problem| {
            invalid(format!("invalid {field} set on retry policy: {problem}"))
        })?;
        Ok::<_, Status>(persevere_engine::span(duration))
    };
    let initial = interval(policy.initial_interval.as_ref(), "InitialInterval")?;
    let initial = initial.unwrap_or(DEFAULT_INTERVAL);
    if policy.backoff_coefficient != 0.0 && policy.backoff_coefficient < 1.0 {
        return Err(invalid("BackoffCoefficient cannot be less than 1 on retry policy."));
    }
    let longest = interval(policy.maximum_interval.as_ref(), "MaximumInterval")?;
    if longest.unwrap_or(initial.saturating_mul(DEFAULT_MAX_INTERVALS)) < initial {
        let message = "MaximumInterval cannot be less than InitialInterval on retry policy.";
        return Err(invalid(message));
    }
    if policy.maximum_attempts < 0 {
        return Err(invalid("MaximumAttempts cannot be negative on retry policy."));
    }
    for kind in &policy.non_retryable_error_types {
        if let Some(timeout) = kind.strip_prefix("TemporalTimeout:") {
            let known = ["StartToClose", "ScheduleToStart", "ScheduleToClose", "Heartbeat"];
            if !known.contains(&timeout) {
                return Err(invalid(format!("Invalid timeout type value: {timeout}.")));
            }
        }
    }
    Ok(())
}

/// A priority (semantics rule 82).
pub(super) fn priority(priority: Option<&Priority>) -> Result<(), Status> {
    let Some(priority) = priority else { return Ok(()) };
    if priority.priority_key < 0 {
        return Err(invalid("priority key can't be negative"));
    }
    if priority.fairness_key.len() > 64 {
        return Err(invalid("fairness key length exceeds limit"));
    }
    Ok(())
}

/// Search attributes that a client sets: only those that exist and that the server does not set
/// itself (semantics rule 137).
pub(super) fn search_attributes(
    namespace: &str,
    attributes: Option<&SearchAttributes>,
) -> Result<(), Status> {
    let Some(attributes) = attributes else { return Ok(()) };
    check_search_attributes(namespace, attributes).map_err(invalid)?;
    check_search_attribute_sizes(attributes).map_err(invalid)
}

/// Payloads of one kind, all together (semantics rules 49 and 78).
pub(super) fn payloads(limits: &Limits, payloads: Option<&Payloads>) -> Result<(), Status> {
    if payloads.is_some_and(|payloads| payloads.encoded_len() > limits.blob_size) {
        return Err(invalid("Blob data size exceeds limit."));
    }
    Ok(())
}

/// A memo, all together.
pub(super) fn memo(limits: &Limits, memo: Option<&Memo>) -> Result<(), Status> {
    if memo.is_some_and(|memo| memo.encoded_len() > limits.blob_size) {
        return Err(invalid("Memo size exceeds limit."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use persevere_proto::api::common::v1::Payload;

    /// The words of a refusal; nothing if there is none.
    fn said(result: Result<(), Status>) -> String {
        result.err().map(|status| status.message().to_owned()).unwrap_or_default()
    }

    fn seconds(seconds: i64) -> Option<wkt::Duration> {
        Some(wkt::Duration { seconds, nanos: 0 })
    }

    #[test]
    fn durations_are_neither_negative_nor_contradictory() {
        let table = [
            (None, ""),
            (seconds(0), ""),
            (seconds(315_576_000_000), ""),
            (seconds(-1), "negative duration"),
            (Some(wkt::Duration { seconds: 0, nanos: -1 }), "negative duration"),
            (
                Some(wkt::Duration { seconds: 1, nanos: -1 }),
                "duration has seconds and nanos with different signs",
            ),
            (
                Some(wkt::Duration { seconds: 1, nanos: 1_000_000_000 }),
                "duration has out-of-range nanos",
            ),
        ];
        for (duration, problem) in table {
            let expected = match problem {
                "" => String::new(),
                _ => format!("An invalid Some is set on request. cause: {problem}"),
            };
            assert_eq!(said(timeout(duration.as_ref(), "Some")), expected, "{duration:?}");
        }
    }

    #[test]
    fn retry_policies_are_judged_with_their_defaults() {
        let policy = RetryPolicy::default;
        let table = [
            (policy(), ""),
            (RetryPolicy { maximum_attempts: 1, backoff_coefficient: 0.1, ..policy() }, ""),
            (RetryPolicy { initial_interval: seconds(500), ..policy() }, ""),
            (
                RetryPolicy { initial_interval: seconds(-1), ..policy() },
                "invalid InitialInterval set on retry policy: negative duration",
            ),
            (
                RetryPolicy { maximum_interval: seconds(-1), ..policy() },
                "invalid MaximumInterval set on retry policy: negative duration",
            ),
            (
                RetryPolicy { backoff_coefficient: 0.5, ..policy() },
                "BackoffCoefficient cannot be less than 1 on retry policy.",
            ),
            (
                RetryPolicy {
                    initial_interval: seconds(5),
                    maximum_interval: seconds(1),
                    ..policy()
                },
                "MaximumInterval cannot be less than InitialInterval on retry policy.",
            ),
            (
                RetryPolicy { maximum_attempts: -1, ..policy() },
                "MaximumAttempts cannot be negative on retry policy.",
            ),
            (
                RetryPolicy {
                    non_retryable_error_types: vec!["TemporalTimeout:Foo".into()],
                    ..policy()
                },
                "Invalid timeout type value: Foo.",
            ),
        ];
        for (policy, problem) in table {
            assert_eq!(said(retry_policy(Some(&policy))), problem, "{policy:?}");
        }
    }

    #[test]
    fn task_queues_are_named_and_not_the_servers_own() {
        let queue = |name: &str| TaskQueue { name: name.into(), ..TaskQueue::default() };
        let long = "q".repeat(MAX_ID_BYTES + 1);
        let table = [
            ("", "taskQueue is not set"),
            (long.as_str(), "taskQueue length exceeds limit"),
            ("/_sys/q", "task queue name cannot start with reserved prefix /_sys/"),
            ("q", ""),
        ];
        for (name, problem) in table {
            assert_eq!(said(task_queue(Some(&queue(name))).map(drop)), problem);
        }
        assert_eq!(said(task_queue(None).map(drop)), "taskQueue is not set");
    }

    #[test]
    fn executions_have_an_id_and_perhaps_a_uuid() {
        let named = |workflow_id: &str, run_id: &str| WorkflowExecution {
            workflow_id: workflow_id.into(),
            run_id: run_id.into(),
        };
        let table = [
            (None, "Execution is not set on request."),
            (Some(named("", "")), "WorkflowId is not set on request."),
            (Some(named("w", "r")), "Invalid RunId."),
            (Some(named("w", "")), ""),
            (Some(named("w", "6f1e2cf5-5b6d-4b52-9f0c-000000000000")), ""),
        ];
        for (named, problem) in table {
            assert_eq!(said(execution(named.as_ref()).map(drop)), problem);
        }
        assert_eq!(
            said(workflow_id(&"w".repeat(1001))),
            "WorkflowId exceeds maximum allowed length (1001/1000)"
        );
    }

    #[test]
    fn search_attributes_exist_and_are_not_the_servers_own() {
        let attributes = |name: &str| SearchAttributes {
            indexed_fields: [(name.to_owned(), Payload::default())].into(),
        };
        let table = [
            ("BuildIds", ""),
            ("WorkflowId", "WorkflowId attribute can't be set in SearchAttributes"),
            ("Foo", "Namespace default has no mapping defined for search attribute Foo"),
        ];
        for (name, problem) in table {
            assert_eq!(said(search_attributes("default", Some(&attributes(name)))), problem);
        }
    }

    #[test]
    fn payloads_and_memos_are_limited_as_a_whole() {
        let limits = Limits { blob_size: 100, ..Limits::default() };
        let payload = |size: usize| Payload { data: vec![0; size], ..Payload::default() };
        let two = |size: usize| Payloads { payloads: vec![payload(size), payload(size)] };
        assert_eq!(said(payloads(&limits, Some(&two(40)))), "");
        assert_eq!(said(payloads(&limits, Some(&two(60)))), "Blob data size exceeds limit.");
        let large = Memo { fields: [("note".to_owned(), payload(120))].into() };
        assert_eq!(said(memo(&limits, Some(&large))), "Memo size exceeds limit.");
    }
}
