"""Limits: how much a run may hold, how long names and texts may be, how large payloads, and what happens beyond."""

import asyncio
from typing import Any

import grpc
from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import Payload, SearchAttributes, WorkflowType
from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.api.sdk.v1 import UserMetadata
from temporalio.api.workflowservice import v1 as api

from .. import commands
from ..commands import (
    cancel, cancel_external, complete, continue_as_new, fail, failure, marker, memo, modify_properties, payload,
    payloads, signal_external, timer, upsert_search_attributes)
from ..driver import CALL_SECONDS, NAMESPACE, Driver, Run
from ..normalise import event_name
from ..scenario import scenario

MIB = 1 << 20
HUGE = "x" * (3 * MIB)
STARTED = EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED
LONG = "x" * 1001


@scenario(rules="52", flood=True)
async def pending_limits(d: Driver) -> None:
    """More than 2000 pending children, signals or cancel requests of one run fail the task that asks for them."""
    nobody = d.name("nobody")
    many = {"children": [d.child(f"c{number}") for number in range(2001)],
            "signals": [signal_external(nobody) for _ in range(2001)],
            "cancel requests": [cancel_external(nobody) for _ in range(2001)]}
    for label, asked in many.items():
        queue = d.name(f"{label}-queue")
        run = await d.start(label, queue=queue)
        await d.refused(d.complete(await d.poll(queue=queue), *asked), label, message=True)
        d.record(f"{label}: event", (await d.events(run)).last("WorkflowTaskFailed"))
        await d.terminate(run)


@scenario(rules="83, 142", long=True)
async def signal_limit(d: Driver) -> None:
    """The 10 001st signal of a run is refused."""
    run = await d.start()
    for first in range(0, 10_000, 100):
        await asyncio.gather(*(d.signal(run, f"s{number}") for number in range(first, first + 100)))
    await d.refused(d.signal(run, "one too many"), message=True)
    await d.refused(d.stub.SignalWithStartWorkflowExecution(api.SignalWithStartWorkflowExecutionRequest(
        namespace=NAMESPACE, workflow_id=run.id, workflow_type=WorkflowType(name="order"), signal_name="go",
        task_queue=d.poll_request().task_queue)), "with start", message=True)
    await d.request_cancel(run)
    page = await d.stub.GetWorkflowExecutionHistoryReverse(api.GetWorkflowExecutionHistoryReverseRequest(
        namespace=NAMESPACE, execution=run.execution(), maximum_page_size=2))
    d.record("end", list(page.history.events)[:2])
    await d.terminate(run)


@scenario(rules="26", flood=True)
async def buffer_size_limit(d: Driver) -> None:
    """More than 2 MiB of buffered events fail the started task, so that they are written."""
    run = await d.start()
    task = await d.poll()
    for number in range(3):
        await d.signal(run, f"s{number}", "y" * MIB)
    await d.refused(d.complete(task), message=True)
    await d.history(run)


@scenario(rules="47", flood=True)
async def large_history_suggests_continue_as_new(d: Driver) -> None:
    """From 4 MiB on, a started task suggests to continue as new."""
    run = await d.start()
    for number in range(3):
        await d.step()
        await d.signal(run, f"s{number}", "y" * (3 * MIB // 2))
    await d.step()
    d.record("started events", [event.workflow_task_started_event_attributes
                                for event in await d.events(run) if event.event_type == STARTED])


@scenario(rules="48", flood=True)
async def history_size_limit(d: Driver) -> None:
    """A history that outgrows 50 MiB is ended by the server."""
    run = await d.start()
    for number in range(40):
        try:
            await d.signal(run, f"s{number}", "y" * (3 * MIB // 2))
        except grpc.aio.AioRpcError as error:
            d.record("refused", [number, error.code().name, error.details()])
            break
    page = await d.stub.GetWorkflowExecutionHistoryReverse(api.GetWorkflowExecutionHistoryReverseRequest(
        namespace=NAMESPACE, execution=run.execution(), maximum_page_size=2))
    d.record("end", [event.event_id for event in page.history.events][:2])
    d.record("last", page.history.events[0])


@scenario(rules="49", flood=True)
async def oversize_commands(d: Driver) -> None:
    """Any command whose payload is over 2 MiB fails its task and ends the run."""
    huge = payloads(HUGE)
    asked = {"complete": complete(HUGE), "fail": fail(failure(HUGE)), "fail details": fail(failure(details=huge)),
             "cancel": cancel(HUGE), "continue": continue_as_new("order", input=huge), "marker": marker("m", note=HUGE),
             "child": d.child(input=huge), "signal": signal_external(d.name("nobody"), input=huge),
             "memo": modify_properties(memo(note=HUGE)), "child memo": d.child(memo=memo(note=HUGE)),
             "continue memo": continue_as_new("order", memo=memo(note=HUGE))}
    for label, command in asked.items():
        await _answered(d, label, command)


@scenario(rules="49", flood=True)
async def payloads_at_the_limit(d: Driver) -> None:
    """A payload just below 2 MiB is taken, one just above is not."""
    run = await d.start()
    for label, size in (("below", 2 * MIB - 100), ("above", 2 * MIB + 1)):
        await d.outcome(d.signal(run, label, "y" * size), label)
    d.record("events", (await d.events(run)).names())


@scenario(rules="49", flood=True)
async def worker_answers_too_large_a_message(d: Driver) -> None:
    """A worker that cannot send its answer because of its size reports so, and the run is ended."""
    run = await d.start()
    task = await d.poll()
    await d.stub.RespondWorkflowTaskFailed(api.RespondWorkflowTaskFailedRequest(
        namespace=NAMESPACE, task_token=task.task_token, identity="worker", failure=failure("too large"),
        cause=WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_GRPC_MESSAGE_TOO_LARGE), timeout=CALL_SECONDS)
    await d.history(run)


@scenario(rules="49, 78", flood=True)
async def oversize_answers(d: Driver) -> None:
    """A workflow task's failure, a query's answer and a query's failure that are too large are cut or refused."""
    run = await d.start()
    await d.fail_task(await d.poll(), failure(HUGE))
    await d.history(run)
    await d.step(timer("t", 600))


@scenario(rules="53")
async def user_metadata_limits(d: Driver) -> None:
    """A summary of over 400 bytes or details of over 20 000 are refused with the start, and fail the task."""
    said = {"at the limit": UserMetadata(summary=payload("s" * 300), details=payload("d" * 19_000)),
            "summary": UserMetadata(summary=payload("s" * 500)), "details": UserMetadata(details=payload("d" * 21_000))}
    for label, metadata in said.items():
        await d.outcome(d.start(f"start {label}", user_metadata=metadata, queue=d.name("nobody")), f"start: {label}")
        command = timer("t", 600)
        command.user_metadata.CopyFrom(metadata)
        await _answered(d, label, command)


@scenario(rules="13, 51, 142")
async def long_names(d: Driver) -> None:
    """Names, identities and reasons of over 1000 bytes are refused, or not, as the reference does."""
    run = await d.start()
    calls: dict[str, Any] = {
        "start identity": d.stub.StartWorkflowExecution(d.start_request("other", identity=LONG, queue=d.name("n"))),
        "signal identity": d.signal(run, identity=LONG),
        "signal workflow id": d.signal(Run(LONG)),
        "cancel reason": d.request_cancel(run, reason=LONG),
        "cancel request id": d.request_cancel(run, request_id=LONG),
        "query workflow id": d.query(Run(LONG)),
        "describe": d.stub.DescribeWorkflowExecution(api.DescribeWorkflowExecutionRequest(
            namespace=NAMESPACE, execution=Run(LONG).execution())),
        "namespace": d.stub.DescribeNamespace(api.DescribeNamespaceRequest(namespace=LONG)),
        "poll identity": d.stub.PollWorkflowTaskQueue(d.poll_request(identity=LONG, queue=d.name("p")), timeout=20),
        "poll queue": d.stub.PollWorkflowTaskQueue(d.poll_request(queue=LONG), timeout=20),
        "poll activities identity": d.stub.PollActivityTaskQueue(d.poll_activity_request(identity=LONG), timeout=20),
        "terminate reason": d.terminate(run, LONG),
    }
    for label, call in calls.items():
        await d.outcome(call, label)


@scenario(rules="13, 51, 57")
async def long_names_in_commands(d: Driver) -> None:
    """Names in commands of over 1000 bytes fail the task, or not, as the reference does."""
    asked = {"activity type": d.activity(type=LONG), "activity queue": commands.activity(queue=LONG, start_to_close_timeout=5),
             "child type": d.child(type=LONG), "child queue": commands.child(d.name("c"), queue=LONG),
             "signal name": signal_external(d.name("nobody"), LONG), "signal target": signal_external(LONG),
             "cancel target": cancel_external(LONG), "cancel reason": cancel_external(d.name("nobody"), reason=LONG),
             "marker": marker(LONG), "continue type": continue_as_new(LONG), "timer": timer(LONG)}
    for label, command in asked.items():
        await _answered(d, label, command)


@scenario(rules="57, 142")
async def search_attribute_limits(d: Driver) -> None:
    """A search attribute's value over 2 KiB is refused with a start, and in a command ends the run."""
    def versions(count: int) -> SearchAttributes:
        names = ",".join(f'"change-{number:04}"' for number in range(count))
        return SearchAttributes(indexed_fields={"TemporalChangeVersion": Payload(
            metadata={"encoding": b"json/plain", "type": b"KeywordList"}, data=f"[{names}]".encode())})
    for label, count in (("small", 100), ("over 2 KiB", 200)):
        await _answered(d, label, upsert_search_attributes(versions(count)))
        await _answered(d, f"child {label}", d.child(search_attributes=versions(count)))
        await _answered(d, f"continue {label}", continue_as_new("order", search_attributes=versions(count)))
        await d.outcome(d.stub.StartWorkflowExecution(d.start_request(
            f"start-{count}", queue=d.name("nobody"), search_attributes=versions(count))), f"start {label}")


async def _answered(d: Driver, label: str, command: Command) -> None:
    """Answers a run's first task with a command, and records the two events that follow, which come with the answer."""
    queue = d.name(f"{label}-queue")
    run = await d.start(label, queue=queue)
    await d.outcome(d.complete(await d.poll(queue=queue), command), label)
    events = await d.events(run)
    for event in events[3:5]:
        d.record(f"{label}: {event.event_id} {event_name(event)}", event)
    if "WorkflowExecutionTerminated" not in events.names():
        await d.outcome(d.terminate(Run(run.id)), f"{label}: terminated")
