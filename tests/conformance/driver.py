"""Plays client and worker by hand against one server, so that the order of events is decided here.

A scenario gets one `Driver` for each server. What it records (`record`, `history`, `refused`,
`describe`) is its transcript; the runner compares the transcripts of the two servers. Nothing is
recorded that the scenario did not ask for.

Not here: workers of the official SDK (`scenarios/sdk.py`), comparison (`runner`).
"""

import asyncio
import dataclasses
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import grpc
from temporalio.api import errordetails  # noqa: F401  registers the types of error details
from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import Payloads, WorkflowExecution, WorkflowType
from temporalio.api.common.v1.grpc_status_pb2 import GrpcStatus
from temporalio.api.enums.v1 import (
    EventType, HistoryEventFilterType, TaskQueueKind, TaskQueueType, WorkflowTaskFailedCause)
from temporalio.api.errordetails.v1 import message_pb2 as error_messages
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.operatorservice.v1 import OperatorServiceStub
from temporalio.api.query.v1 import WorkflowQuery, WorkflowQueryResult
from temporalio.api.taskqueue.v1 import StickyExecutionAttributes, TaskQueue
from temporalio.api.workflowservice import v1 as api

from . import commands
from .commands import failure, payloads, seconds
from .normalise import Normaliser, event_name

CALL_SECONDS = 60
POLL_SECONDS = 75
# How long a poll for a task that is sure to come is repeated before the scenario gives up.
TASK_SECONDS = 120
# Calls that a server is given at once. A reference that is asked for more than it can do at once loses tasks:
# one whose start takes longer than a second is given to nobody, and times out.
CALLS_AT_ONCE = 3
WAITING_CALLS = ("PollWorkflowTaskQueue", "PollActivityTaskQueue", "GetWorkflowExecutionHistory", "QueryWorkflow")
NAMESPACE = "default"
AnyTask = TypeVar("AnyTask", api.PollWorkflowTaskQueueResponse, api.PollActivityTaskQueueResponse)
# A run that lasts for longer is followed by the next at once (semantics rule 17).
OVER_A_SECOND = 1.2
# For time-outs that are not what a scenario is about; a task's own is capped at 120 s.
OUT_OF_THE_WAY_SECONDS = 110


@dataclasses.dataclass(frozen=True)
class Run:
    """One run of a workflow, by its ids."""

    id: str
    run_id: str = ""

    def execution(self) -> WorkflowExecution:
        """The ids as the protocol's message."""
        return WorkflowExecution(workflow_id=self.id, run_id=self.run_id)


class Refused(Exception):
    """A call that the scenario expects to fail succeeded, or failed without what it must say."""


class LostTask(Exception):
    """A server started an attempt at a task and gave it to nobody: the next attempt came, this one never did."""


class History(list[HistoryEvent]):
    """The events of a run, in order."""

    def names(self) -> list[str]:
        """The events' types, in order."""
        return [event_name(event) for event in self]

    def shows(self, *names: str) -> None:
        """Asserts that these types appear one right after the other somewhere in the history."""
        all_names = self.names()
        windows = (all_names[at:at + len(names)] for at in range(len(all_names)))
        assert list(names) in windows, f"{', '.join(names)} not in sequence in {', '.join(all_names)}"

    def lacks(self, *names: str) -> None:
        """Asserts that none of these types appears."""
        assert not set(names) & set(self.names()), f"one of {names} in {self.names()}"

    def last(self, name: str) -> HistoryEvent:
        """The newest event of that type."""
        return next(event for event in reversed(self) if event_name(event) == name)


class Driver:
    """Client and worker of one scenario on one server."""

    def __init__(self, address: str, channel: grpc.aio.Channel, scenario: str, nonce: str) -> None:
        self.address = address
        self.stub = api.WorkflowServiceStub(channel)
        self.operator = OperatorServiceStub(channel)
        self.channel = channel
        self.transcript: list[tuple[str, list[str]]] = []
        self.normaliser = Normaliser(nonce)
        # Whether the workers of this scenario are the SDK's, which answer every workflow task in time.
        self.prompt_workers = False
        self._scenario = scenario
        self._nonce = nonce
        self._received: set[tuple[str, str, int]] = set()

    # Names -----------------------------------------------------------------------------------

    def name(self, suffix: str = "") -> str:
        """A name that no other scenario, run or suffix shares."""
        return f"{self._scenario}{self._nonce}" + (f"-{suffix}" if suffix else "")

    @property
    def queue(self) -> str:
        """The task queue of this scenario."""
        return self.name("queue")

    @property
    def child_queue(self) -> str:
        """The task queue of the child workflows of this scenario."""
        return self.name("child-queue")

    @property
    def sticky_queue(self) -> str:
        """The sticky queue of this scenario's worker."""
        return self.name("sticky")

    # Recording -------------------------------------------------------------------------------

    def record(self, label: str, value: Any) -> None:
        """Adds `value` to what is compared."""
        self.transcript.append((self.normaliser.text(label), self.normaliser.lines(value)))

    async def events(self, run: Run) -> History:
        """The whole history of a run, unrecorded."""
        events, token = History(), b""
        while True:
            page = await self.stub.GetWorkflowExecutionHistory(api.GetWorkflowExecutionHistoryRequest(
                namespace=NAMESPACE, execution=run.execution(), next_page_token=token), timeout=CALL_SECONDS)
            events += page.history.events
            token = page.next_page_token
            if not token:
                break
        if self.prompt_workers and "WorkflowTaskTimedOut" in events.names():
            raise LostTask(f"a workflow task of {run.id}")
        return events

    async def history(self, run: Run, label: str = "history") -> History:
        """Records the whole history of a run."""
        events = await self.events(run)
        self.transcript.append((label, self.normaliser.history(events)))
        return events

    async def refused(self, call: Awaitable[Any], label: str = "refused", *,
                      naming: str = "", message: bool = False) -> grpc.aio.AioRpcError:
        """Records the status of a call that must fail: code, typed details, and the text if `message`.

        `naming` is a field that the text must name, whatever its spelling (`workflow_id` is also
        `WorkflowId`, `WorkflowID` or `workflow id`).
        """
        try:
            answer = await call
        except grpc.aio.AioRpcError as error:
            said = error.details() or ""
            letters = re.sub("[^a-z]", "", said.lower())
            if re.sub("[^a-z]", "", naming.lower()) not in letters:
                raise Refused(f"{label}: the error does not name {naming}: {said}") from error
            status: dict[str, Any] = {"code": error.code().name, "details": _details(error)}
            if message:
                status["message"] = said
            self.record(label, status)
            return error
        raise Refused(f"{label}: the call was accepted: {answer}")

    async def outcome(self, call: Awaitable[Any], label: str) -> None:
        """Records that a call is accepted, or with which code and text it is refused."""
        try:
            await call
        except grpc.aio.AioRpcError as error:
            self.record(label, [error.code().name, error.details()])
        else:
            self.record(label, "accepted")

    async def describe(self, run: Run, label: str = "describe") -> api.DescribeWorkflowExecutionResponse:
        """Records the description of a run."""
        described = await self.stub.DescribeWorkflowExecution(api.DescribeWorkflowExecutionRequest(
            namespace=NAMESPACE, execution=run.execution()), timeout=CALL_SECONDS)
        # In no order that means anything.
        described.pending_activities.sort(key=lambda pending: pending.activity_id)
        described.pending_children.sort(key=lambda pending: pending.initiated_id)
        self.record(label, described)
        return described

    # Client ----------------------------------------------------------------------------------

    def start_request(self, id: str = "", type: str = "order", queue: str = "", **fields: Any
                      ) -> api.StartWorkflowExecutionRequest:
        """A start; the `*_timeout` and `*_delay` fields in seconds, the others by protocol name.

        Its workflow task time-out is out of the way unless the scenario gives one, or None for the server's own.
        """
        timed = {name: seconds(value) if name.endswith(("_timeout", "_delay")) and value is not None else value
                 for name, value in fields.items()}
        request = dict(namespace=NAMESPACE, workflow_id=self.name(id), workflow_type=WorkflowType(name=type),
                       task_queue=TaskQueue(name=queue or self.queue), identity="client",
                       request_id=self.name(f"{id}-start"), workflow_task_timeout=seconds(OUT_OF_THE_WAY_SECONDS))
        return api.StartWorkflowExecutionRequest(**(request | timed))

    async def start(self, id: str = "", **fields: Any) -> Run:
        """Starts a run."""
        request = self.start_request(id, **fields)
        answer = await self.stub.StartWorkflowExecution(request, timeout=CALL_SECONDS)
        return Run(request.workflow_id, answer.run_id)

    async def signal(self, run: Run, name: str = "go", *inputs: str, **fields: Any) -> None:
        """Signals a run."""
        await self.stub.SignalWorkflowExecution(api.SignalWorkflowExecutionRequest(**dict(
            namespace=NAMESPACE, workflow_execution=run.execution(), signal_name=name, identity="client",
            input=payloads(*inputs) if inputs else None) | fields), timeout=CALL_SECONDS)

    async def request_cancel(self, run: Run, **fields: Any) -> None:
        """Asks for the cancellation of a run."""
        await self.stub.RequestCancelWorkflowExecution(api.RequestCancelWorkflowExecutionRequest(
            namespace=NAMESPACE, workflow_execution=run.execution(), identity="client", **fields),
            timeout=CALL_SECONDS)

    async def terminate(self, run: Run, reason: str = "enough", **fields: Any) -> None:
        """Terminates a run."""
        await self.stub.TerminateWorkflowExecution(api.TerminateWorkflowExecutionRequest(
            namespace=NAMESPACE, workflow_execution=run.execution(), reason=reason, identity="client", **fields),
            timeout=CALL_SECONDS)

    async def query(self, run: Run, type: str = "state", *inputs: str, timeout: float = CALL_SECONDS, **fields: Any
                    ) -> api.QueryWorkflowResponse:
        """Queries a run."""
        return await self.stub.QueryWorkflow(api.QueryWorkflowRequest(
            namespace=NAMESPACE, execution=run.execution(), query=WorkflowQuery(
                query_type=type, query_args=payloads(*inputs) if inputs else None), **fields), timeout=timeout)

    async def close_event(self, run: Run) -> HistoryEvent:
        """Waits until a run is closed and gives its last event."""
        token = b""
        while True:
            page = await self.stub.GetWorkflowExecutionHistory(api.GetWorkflowExecutionHistoryRequest(
                namespace=NAMESPACE, execution=run.execution(), next_page_token=token, wait_new_event=True,
                history_event_filter_type=HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT),
                timeout=POLL_SECONDS)
            if page.history.events:
                return page.history.events[-1]
            token = page.next_page_token

    async def until(self, run: Run, name: str, count: int = 1) -> History:
        """Waits until the history of a run holds `count` events of that type, and gives what it holds."""
        events, token = History(), b""
        while events.names().count(name) < count:
            page = await self.stub.GetWorkflowExecutionHistory(api.GetWorkflowExecutionHistoryRequest(
                namespace=NAMESPACE, execution=run.execution(), next_page_token=token, wait_new_event=True),
                timeout=POLL_SECONDS)
            events += page.history.events
            token = page.next_page_token
            assert token or events.names().count(name) >= count, f"closed without {name}: {events.names()}"
        return events

    # What shows when something has happened ---------------------------------------------------

    async def transitions(self, run: Run) -> int:
        """How often the server has changed a run: it counts what the history does not show yet, too."""
        described = await self.stub.DescribeWorkflowExecution(api.DescribeWorkflowExecutionRequest(
            namespace=NAMESPACE, execution=run.execution()), timeout=CALL_SECONDS)
        return described.workflow_execution_info.state_transition_count

    async def until_changed(self, run: Run, since: int) -> None:
        """Waits until the server has changed a run `since` that many transitions: something is buffered."""
        while await self.transitions(run) <= since:
            await asyncio.sleep(0.2)

    async def waiting_query(self, run: Run, type: str = "state") -> asyncio.Task[api.QueryWorkflowResponse]:
        """A query that waits behind a workflow task of a run.

        One may wait at a time, so of two the one is refused, and then it is sure that the other waits.
        """
        asked = {asyncio.create_task(self.query(run, type)) for _ in range(2)}
        done, waiting = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        error = done.pop().exception()
        assert isinstance(error, grpc.aio.AioRpcError), error
        assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED, error
        return waiting.pop()

    async def until_polled(self, queue: str = "", type: int = TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
                           ) -> api.DescribeTaskQueueResponse:
        """Waits until a task queue knows a poller, and gives what it says of itself."""
        while True:
            said = await self.stub.DescribeTaskQueue(api.DescribeTaskQueueRequest(
                namespace=NAMESPACE, task_queue=TaskQueue(name=queue or self.queue), task_queue_type=type),
                timeout=CALL_SECONDS)
            if said.pollers:
                return said
            await asyncio.sleep(0.1)

    # Workflow worker -------------------------------------------------------------------------

    async def poll(self, sticky: bool = False, queue: str = "", timeout: float = POLL_SECONDS, identity: str = "worker"
                   ) -> api.PollWorkflowTaskQueueResponse:
        """Takes the next workflow task; fails when none comes."""
        request = self.poll_request(sticky, queue, identity)
        task = await _task(lambda: self.stub.PollWorkflowTaskQueue(request, timeout=timeout))
        return self._receive(task, "workflow")

    def poll_request(self, sticky: bool = False, queue: str = "", identity: str = "worker"
                     ) -> api.PollWorkflowTaskQueueRequest:
        """A poll of this scenario's queue, or of its sticky queue."""
        where = (TaskQueue(name=self.sticky_queue, kind=TaskQueueKind.TASK_QUEUE_KIND_STICKY, normal_name=self.queue)
                 if sticky else TaskQueue(name=queue or self.queue, kind=TaskQueueKind.TASK_QUEUE_KIND_NORMAL))
        return api.PollWorkflowTaskQueueRequest(namespace=NAMESPACE, task_queue=where, identity=identity)

    def _receive(self, task: AnyTask, what: str) -> AnyTask:
        """Notes a task that came; of its attempts every earlier one must have come too."""
        run_id = task.workflow_execution.run_id
        if task.attempt > 1 and (run_id, what, task.attempt - 1) not in self._received:
            raise LostTask(f"attempt {task.attempt - 1} of {what} in {task.workflow_execution.workflow_id}")
        self._received.add((run_id, what, task.attempt))
        return task

    async def no_task(self, sticky: bool = False, queue: str = "", within: float = 3) -> None:
        """Asserts that no workflow task comes within about that many seconds."""
        request = self.poll_request(sticky, queue)
        task = await empty(lambda: self.stub.PollWorkflowTaskQueue(request, timeout=within))
        assert not task.task_token, f"an unexpected workflow task of {task.workflow_execution.workflow_id}"

    async def complete(self, task: api.PollWorkflowTaskQueueResponse, *commands: Command, sticky: bool = False,
                       sticky_seconds: float = 5, **fields: Any) -> api.RespondWorkflowTaskCompletedResponse:
        """Answers a workflow task with commands; `sticky` asks for the next one on the sticky queue."""
        if sticky:
            fields["sticky_attributes"] = StickyExecutionAttributes(
                worker_task_queue=self.poll_request(sticky=True).task_queue,
                schedule_to_start_timeout=seconds(sticky_seconds))
        answer = await self.stub.RespondWorkflowTaskCompleted(api.RespondWorkflowTaskCompletedRequest(
            namespace=NAMESPACE, task_token=task.task_token, commands=commands, identity="worker", **fields),
            timeout=CALL_SECONDS)
        if answer.workflow_task.task_token:
            self._receive(answer.workflow_task, "workflow")
        for eager in answer.activity_tasks:
            self._receive(eager, eager.activity_id)
        return answer

    async def fail_task(self, task: api.PollWorkflowTaskQueueResponse, cause: Failure | None = None,
                        kind: str = "WORKFLOW_WORKER_UNHANDLED_FAILURE") -> None:
        """Reports that the worker could not process a workflow task."""
        await self.stub.RespondWorkflowTaskFailed(api.RespondWorkflowTaskFailedRequest(
            namespace=NAMESPACE, task_token=task.task_token, identity="worker", failure=cause or failure("worker bug"),
            cause=WorkflowTaskFailedCause.Value(f"WORKFLOW_TASK_FAILED_CAUSE_{kind}")), timeout=CALL_SECONDS)

    async def step(self, *commands: Command, **fields: Any) -> api.PollWorkflowTaskQueueResponse:
        """Polls one workflow task and answers it with commands; gives the task."""
        task = await self.poll()
        await self.complete(task, *commands, **fields)
        return task

    async def answer_query(self, task: api.PollWorkflowTaskQueueResponse, *results: str, **fields: Any) -> None:
        """Answers a query task."""
        answer = dict(query_result=payloads(*results), completed_type=1) if results else {}
        await self.stub.RespondQueryTaskCompleted(api.RespondQueryTaskCompletedRequest(
            namespace=NAMESPACE, task_token=task.task_token, **(answer | fields)), timeout=CALL_SECONDS)

    @staticmethod
    def query_result(*results: str) -> WorkflowQueryResult:
        """The answer to a query that came with a workflow task."""
        return WorkflowQueryResult(result_type=1, answer=payloads(*results))

    def activity(self, id: str = "1", type: str = "charge", start_to_close_timeout: float = 100, **fields: Any
                 ) -> Command:
        """Schedule an activity on this scenario's queue, with a start-to-close time-out that is out of the way."""
        if start_to_close_timeout:
            fields["start_to_close_timeout"] = start_to_close_timeout
        return commands.activity(id, type, self.queue, **fields)

    def child(self, suffix: str = "child", type: str = "child", **fields: Any) -> Command:
        """Start a child workflow on this scenario's child queue."""
        fields = dict(workflow_task_timeout=OUT_OF_THE_WAY_SECONDS) | fields
        return commands.child(self.name(suffix), type, self.child_queue, **fields)

    # Activity worker -------------------------------------------------------------------------

    async def poll_activity(self, queue: str = "", timeout: float = POLL_SECONDS) -> api.PollActivityTaskQueueResponse:
        """Takes the next activity task; fails when none comes."""
        request = self.poll_activity_request(queue)
        task = await _task(lambda: self.stub.PollActivityTaskQueue(request, timeout=timeout))
        return self._receive(task, task.activity_id)

    def poll_activity_request(self, queue: str = "", identity: str = "worker") -> api.PollActivityTaskQueueRequest:
        """A poll of this scenario's queue for activities."""
        return api.PollActivityTaskQueueRequest(
            namespace=NAMESPACE, task_queue=TaskQueue(name=queue or self.queue), identity=identity)

    async def poll_activities(self, *ids: str) -> list[api.PollActivityTaskQueueResponse]:
        """Takes the tasks of these activities, whose order on the queue is free, and gives them in this order."""
        tasks = {task.activity_id: task for task in [await self.poll_activity() for _ in ids]}
        return [tasks[id] for id in ids]

    async def no_activity(self, queue: str = "", within: float = 3) -> None:
        """Asserts that no activity task comes within about that many seconds."""
        request = self.poll_activity_request(queue)
        task = await empty(lambda: self.stub.PollActivityTaskQueue(request, timeout=within))
        assert not task.task_token, f"an unexpected activity task: {task.activity_id}"

    async def complete_activity(self, task: api.PollActivityTaskQueueResponse, *results: str) -> None:
        """Reports the result of an activity."""
        await self.stub.RespondActivityTaskCompleted(api.RespondActivityTaskCompletedRequest(
            namespace=NAMESPACE, task_token=task.task_token, identity="worker",
            result=payloads(*results) if results else None), timeout=CALL_SECONDS)

    async def fail_activity(self, task: api.PollActivityTaskQueueResponse, cause: Failure | None = None,
                            last_heartbeat_details: Payloads | None = None) -> None:
        """Reports the failure of an activity attempt."""
        await self.stub.RespondActivityTaskFailed(api.RespondActivityTaskFailedRequest(
            namespace=NAMESPACE, task_token=task.task_token, identity="worker", failure=cause or failure(),
            last_heartbeat_details=last_heartbeat_details), timeout=CALL_SECONDS)

    async def cancel_activity(self, task: api.PollActivityTaskQueueResponse, *details: str) -> None:
        """Reports that an activity stopped because its cancellation was asked for."""
        await self.stub.RespondActivityTaskCanceled(api.RespondActivityTaskCanceledRequest(
            namespace=NAMESPACE, task_token=task.task_token, identity="worker",
            details=payloads(*details) if details else None), timeout=CALL_SECONDS)

    async def heartbeat(self, task: api.PollActivityTaskQueueResponse, *details: str
                        ) -> api.RecordActivityTaskHeartbeatResponse:
        """Records a heartbeat of an activity attempt."""
        return await self.stub.RecordActivityTaskHeartbeat(api.RecordActivityTaskHeartbeatRequest(
            namespace=NAMESPACE, task_token=task.task_token, identity="worker",
            details=payloads(*details) if details else None), timeout=CALL_SECONDS)


def kinds(events: Sequence[HistoryEvent]) -> str:
    """Event types in one line, for records that do not need the attributes."""
    return " ".join(f"{event.event_id}:{EventType.Name(event.event_type)[11:]}" for event in events)


async def passing(span: float) -> None:
    """Lets at least that much real time pass, where the scenario is about nothing happening in it."""
    await asyncio.sleep(span)


async def empty(poll: Callable[[], Awaitable[Any]]) -> Any:
    """The answer to a poll for which there may be no task; asked again when the machine was too slow to see it."""
    while True:
        try:
            return await poll()
        except grpc.aio.AioRpcError as error:
            if error.code() not in (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED):
                raise


async def _task(poll: Callable[[], Awaitable[Any]]) -> Any:
    """The answer to a poll for a task that is sure to come."""
    until = time.monotonic() + TASK_SECONDS
    while time.monotonic() < until:
        task = await poll()
        if task.task_token:
            return task
    raise AssertionError("no task came")


class Throttle(grpc.aio.UnaryUnaryClientInterceptor):
    """Lets only so many calls be in flight on one server; those that wait for something to happen do not count."""

    def __init__(self) -> None:
        self._room = asyncio.Semaphore(CALLS_AT_ONCE)

    async def intercept_unary_unary(self, continuation: Any, details: grpc.aio.ClientCallDetails, request: Any) -> Any:
        """See `grpc.aio`."""
        method = details.method if isinstance(details.method, str) else details.method.decode()
        if method.rsplit("/", 1)[-1] in WAITING_CALLS:
            return await continuation(details, request)
        async with self._room:
            call = await continuation(details, request)
            await call.code()
            return call


def _details(error: grpc.aio.AioRpcError) -> list[Any]:
    """The typed details in a status, each as its type's name and the message."""
    raw = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin", b"")
    details = []
    for packed in GrpcStatus.FromString(raw).details:
        kind = packed.TypeName().rsplit(".", 1)[-1]
        message = getattr(error_messages, kind)()
        packed.Unpack(message)
        details.append({kind: message})
    return details
