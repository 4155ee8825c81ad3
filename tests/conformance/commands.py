"""The commands a worker answers a workflow task with, as short builders."""

from collections.abc import Mapping
from typing import Any

from google.protobuf.duration_pb2 import Duration
from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import (
    ActivityType, Header, Memo, Payload, Payloads, RetryPolicy, SearchAttributes, WorkflowExecution, WorkflowType)
from temporalio.api.enums.v1 import CommandType
from temporalio.api.failure.v1 import ApplicationFailureInfo, Failure
from temporalio.api.taskqueue.v1 import TaskQueue


def seconds(count: float) -> Duration:
    """A duration of `count` seconds; may be negative or fractional."""
    whole = int(count)
    return Duration(seconds=whole, nanos=round((count - whole) * 1e9))


def payload(value: str) -> Payload:
    """A JSON string payload."""
    return Payload(metadata={"encoding": b"json/plain"}, data=f'"{value}"'.encode())


def payloads(*values: str) -> Payloads:
    """JSON string payloads, one for each argument."""
    return Payloads(payloads=[payload(value) for value in values])


def header(**fields: str) -> Header:
    """A header with these string fields."""
    return Header(fields={name: payload(value) for name, value in fields.items()})


def memo(**fields: str) -> Memo:
    """A memo with these string fields."""
    return Memo(fields={name: payload(value) for name, value in fields.items()})


def keywords(**fields: str) -> SearchAttributes:
    """Search attributes of type Keyword."""
    def keyword(value: str) -> Payload:
        return Payload(metadata={"encoding": b"json/plain", "type": b"Keyword"}, data=f'"{value}"'.encode())
    return SearchAttributes(indexed_fields={name: keyword(value) for name, value in fields.items()})


def failure(message: str = "boom", type: str = "Boom", non_retryable: bool = False, **info: Any) -> Failure:
    """An application failure."""
    return Failure(message=message, application_failure_info=ApplicationFailureInfo(
        type=type, non_retryable=non_retryable, **info))


def retry(**fields: Any) -> RetryPolicy:
    """A retry policy; `initial` and `maximum` in seconds, the other fields by their protocol names."""
    for short, name in (("initial", "initial_interval"), ("maximum", "maximum_interval")):
        if short in fields:
            fields[name] = seconds(fields.pop(short))
    return RetryPolicy(**fields)


def activity(id: str = "1", type: str = "charge", queue: str = "", **fields: Any) -> Command:
    """Schedule an activity; `*_timeout` fields in seconds."""
    return _command("SCHEDULE_ACTIVITY_TASK", dict(
        activity_id=id, activity_type=ActivityType(name=type), task_queue=TaskQueue(name=queue), **_timed(fields)))


def cancel_activity(scheduled_event_id: int) -> Command:
    """Ask for the cancellation of the activity scheduled by that event."""
    return _command("REQUEST_CANCEL_ACTIVITY_TASK", dict(scheduled_event_id=scheduled_event_id))


def timer(id: str = "t", after: float = 1) -> Command:
    """Start a timer that fires `after` seconds."""
    return _command("START_TIMER", dict(timer_id=id, start_to_fire_timeout=seconds(after)))


def cancel_timer(id: str = "t") -> Command:
    """Cancel a running timer."""
    return _command("CANCEL_TIMER", dict(timer_id=id))


def complete(*results: str) -> Command:
    """Close the run as completed."""
    return _command("COMPLETE_WORKFLOW_EXECUTION", dict(result=payloads(*results)) if results else {})


def fail(cause: Failure | None = None) -> Command:
    """Close the run as failed."""
    return _command("FAIL_WORKFLOW_EXECUTION", dict(failure=cause or failure()))


def cancel(*details: str) -> Command:
    """Close the run as canceled."""
    return _command("CANCEL_WORKFLOW_EXECUTION", dict(details=payloads(*details)) if details else {})


def continue_as_new(type: str = "", **fields: Any) -> Command:
    """Close the run and continue in a new one; `*_timeout` and `backoff_start_interval` in seconds."""
    if type:
        fields["workflow_type"] = WorkflowType(name=type)
    return _command("CONTINUE_AS_NEW_WORKFLOW_EXECUTION", _timed(fields))


def marker(name: str = "note", **details: str) -> Command:
    """Record a marker with string details."""
    return _command("RECORD_MARKER", dict(
        marker_name=name, details={key: payloads(value) for key, value in details.items()}))


def child(id: str, type: str = "child", queue: str = "", **fields: Any) -> Command:
    """Start a child workflow; `*_timeout` fields in seconds."""
    return _command("START_CHILD_WORKFLOW_EXECUTION", dict(
        workflow_id=id, workflow_type=WorkflowType(name=type), task_queue=TaskQueue(name=queue), **_timed(fields)))


def signal_external(id: str, name: str = "go", run_id: str = "", **fields: Any) -> Command:
    """Signal another execution."""
    return _command("SIGNAL_EXTERNAL_WORKFLOW_EXECUTION", dict(
        execution=WorkflowExecution(workflow_id=id, run_id=run_id), signal_name=name, **fields))


def cancel_external(id: str, run_id: str = "", **fields: Any) -> Command:
    """Ask for the cancellation of another execution."""
    return _command("REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION", dict(workflow_id=id, run_id=run_id, **fields))


def upsert_search_attributes(attributes: SearchAttributes) -> Command:
    """Set search attributes of this run."""
    return _command("UPSERT_WORKFLOW_SEARCH_ATTRIBUTES", dict(search_attributes=attributes))


def modify_properties(upserted_memo: Memo) -> Command:
    """Set memo fields of this run."""
    return _command("MODIFY_WORKFLOW_PROPERTIES", dict(upserted_memo=upserted_memo))


def _command(kind: str, attributes: Mapping[str, Any]) -> Command:
    field = kind.lower() + "_command_attributes"
    return Command(command_type=CommandType.Value("COMMAND_TYPE_" + kind), **{field: attributes})


def _timed(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: seconds(value) if name.endswith(("_timeout", "_interval")) else value
            for name, value in fields.items()}
