"""End to end with the official SDK: its client and its worker, each scenario one small application.

The applications do one thing after the other, so that their histories do not depend on a race.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle, WorkflowQueryFailedError
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError, ChildWorkflowError, TimeoutError
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from ..driver import Driver, Run
from ..scenario import scenario

# The worker reports the workflow task failures that scenarios provoke.
logging.getLogger("temporalio").setLevel(logging.CRITICAL)

SHORT = dict(start_to_close_timeout=timedelta(seconds=20))


@activity.defn
async def greet(name: str) -> str:
    return f"Hello, {name}!"


@activity.defn
async def flaky(until: int) -> int:
    attempt = activity.info().attempt
    if attempt < until:
        raise ApplicationError(f"attempt {attempt} fails", type="Flaky")
    return attempt


@activity.defn
async def declined(code: str) -> None:
    raise ApplicationError(f"declined: {code}", code, type="Declined", non_retryable=True)


@activity.defn
async def beating() -> str:
    try:
        while True:
            activity.heartbeat("alive")
            await asyncio.sleep(0.1)
    except asyncio.CancelledError:
        await asyncio.sleep(0)
        raise


@workflow.defn
class Hello:
    @workflow.run
    async def run(self, name: str) -> str:
        return await workflow.execute_activity(greet, name, **SHORT)


@workflow.defn
class Sequence:
    @workflow.run
    async def run(self, count: int) -> list[str]:
        return [await workflow.execute_activity(greet, str(number), **SHORT) for number in range(count)]


@workflow.defn
class Retrying:
    @workflow.run
    async def run(self) -> int:
        return await workflow.execute_activity(flaky, 3, **SHORT, retry_policy=RetryPolicy(
            initial_interval=timedelta(milliseconds=200)))


@workflow.defn
class Declining:
    @workflow.run
    async def run(self) -> str:
        try:
            await workflow.execute_activity(declined, "51", **SHORT)
        except ActivityError as error:
            assert isinstance(error.cause, ApplicationError)
            raise ApplicationError("the order failed", type="OrderFailed") from error
        return "paid"


@workflow.defn
class Sleeping:
    @workflow.run
    async def run(self) -> str:
        await workflow.sleep(1)
        await workflow.sleep(1)
        return "rested"


@workflow.defn
class Approval:
    def __init__(self) -> None:
        self.by = ""

    @workflow.run
    async def run(self, seconds: int) -> str:
        try:
            await workflow.wait_condition(lambda: bool(self.by), timeout=timedelta(seconds=seconds))
        except asyncio.TimeoutError:
            return "expired"
        return f"approved by {self.by}"

    @workflow.signal
    def approve(self, by: str) -> None:
        self.by = by

    @workflow.query
    def state(self) -> str:
        return self.by or "waiting"


@workflow.defn
class Parent:
    @workflow.run
    async def run(self) -> str:
        name = workflow.info().workflow_id
        said = await workflow.execute_child_workflow(Hello.run, "child", id=f"{name}-child")
        try:
            await workflow.execute_child_workflow(Declining.run, id=f"{name}-failing")
        except ChildWorkflowError as error:
            return f"{said} {type(error.cause).__name__}"
        return said


@workflow.defn
class Counting:
    @workflow.run
    async def run(self, number: int) -> int:
        if number < 3:
            await workflow.sleep(1.2)  # a run of over a second is followed by the next without delay
            workflow.continue_as_new(number + 1)
        return number


@workflow.defn
class Cancellable:
    @workflow.run
    async def run(self) -> str:
        try:
            await workflow.sleep(3600)
        except asyncio.CancelledError:
            await workflow.execute_activity(greet, "clean-up", **SHORT)
            raise
        return "slept"


@workflow.defn
class CancelsActivity:
    @workflow.run
    async def run(self) -> str:
        running = workflow.start_activity(
            beating, start_to_close_timeout=timedelta(seconds=60), heartbeat_timeout=timedelta(seconds=5),
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED)
        await workflow.wait_condition(lambda: self.stop)
        running.cancel()
        try:
            await running
        except ActivityError as error:
            return type(error.cause).__name__
        return "completed"

    def __init__(self) -> None:
        self.stop = False

    @workflow.signal
    def stop_it(self) -> None:
        self.stop = True


@workflow.defn
class Local:
    @workflow.run
    async def run(self) -> str:
        return await workflow.execute_local_activity(greet, "local", **SHORT)


@workflow.defn
class Patched:
    @workflow.run
    async def run(self) -> str:
        return "new" if workflow.patched("change-1") else "old"


@workflow.defn
class TimesOut:
    @workflow.run
    async def run(self) -> str:
        try:
            await workflow.execute_activity(
                beating, start_to_close_timeout=timedelta(seconds=1), retry_policy=RetryPolicy(maximum_attempts=1))
        except ActivityError as error:
            assert isinstance(error.cause, TimeoutError) and error.cause.type is not None
            return error.cause.type.name
        return "completed"


WORKFLOWS = [Hello, Sequence, Retrying, Declining, Sleeping, Approval, Parent, Counting, Cancellable, CancelsActivity,
             Local, Patched, TimesOut]


@scenario(rules="21, 55-56, 63, 79")
async def sdk_hello(d: Driver) -> None:
    """One activity, handed out eagerly."""
    await _result(d, Hello.run, "Ada")


@scenario(rules="41-42, 44, 55")
async def sdk_sequence(d: Driver) -> None:
    """Five activities one after the other, on the sticky queue."""
    await _result(d, Sequence.run, 5)


@scenario(rules="67, 71")
async def sdk_retry(d: Driver) -> None:
    """An activity that succeeds at its third attempt."""
    await _result(d, Retrying.run)


@scenario(rules="63, 70")
async def sdk_failure(d: Driver) -> None:
    """A non-retryable failure crosses from activity to workflow to client, causes and details kept."""
    async with worker(d) as client:
        handle = await client.start_workflow(Declining.run, id=d.name(), task_queue=d.queue)
        try:
            await handle.result()
        except WorkflowFailureError as error:
            d.record("cause", [str(error.cause), str(error.cause.__cause__), str(error.cause.__cause__.__cause__)])
        await _history(d, handle)


@scenario(rules="57, 64")
async def sdk_timers(d: Driver) -> None:
    """Two sleeps."""
    await _result(d, Sleeping.run)


@scenario(rules="64, 83, 90")
async def sdk_signal_and_query(d: Driver) -> None:
    """A workflow waits for a signal, is queried before and after, and completes; an unknown query fails."""
    async with worker(d) as client:
        handle = await client.start_workflow(Approval.run, 600, id=d.name(), task_queue=d.queue)
        await d.until(Run(d.name()), "TimerStarted")
        d.record("before", await handle.query(Approval.state))
        await handle.signal(Approval.approve, "Ada")
        d.record("result", await handle.result())
        d.record("after", await handle.query(Approval.state))
        try:
            await handle.query("no-such-query")
        except WorkflowQueryFailedError as error:
            d.record("unknown query", str(error).split(".")[0])
        await _history(d, handle)


@scenario(rules="57")
async def sdk_wait_expires(d: Driver) -> None:
    """A wait for a signal runs into its time limit."""
    await _result(d, Approval.run, 1)


@scenario(rules="14")
async def sdk_signal_with_start(d: Driver) -> None:
    """Signal-with-start finds no run and delivers the signal before the first line of the workflow."""
    async with worker(d) as client:
        handle = await client.start_workflow(Approval.run, 600, id=d.name(), task_queue=d.queue,
                                             start_signal="approve", start_signal_args=["Bob"])
        d.record("result", await handle.result())
        await _history(d, handle)


@scenario(rules="58-60")
async def sdk_children(d: Driver) -> None:
    """A child that completes, then one that fails."""
    async with worker(d) as client:
        handle = await client.start_workflow(Parent.run, id=d.name(), task_queue=d.queue)
        d.record("result", await handle.result())
        await _history(d, handle)
        await d.history(Run(d.name("child")), "child")


@scenario(rules="16-18")
async def sdk_continue_as_new(d: Driver) -> None:
    """The client follows a chain of runs to its result."""
    async with worker(d) as client:
        handle = await client.start_workflow(Counting.run, 1, id=d.name(), task_queue=d.queue)
        d.record("result", await handle.result())
        await d.history(Run(d.name(), handle.result_run_id or ""), "first run")
        await d.history(Run(d.name()), "last run")


@scenario(rules="63, 85")
async def sdk_cancel(d: Driver) -> None:
    """A cancelled workflow cleans up and closes as canceled."""
    async with worker(d) as client:
        handle = await client.start_workflow(Cancellable.run, id=d.name(), task_queue=d.queue)
        await d.until(Run(d.name()), "TimerStarted")
        await handle.cancel()
        try:
            await handle.result()
        except WorkflowFailureError as error:
            d.record("cause", isinstance(error.cause, CancelledError))
        await _history(d, handle)


@scenario(rules="74-75")
async def sdk_cancel_activity(d: Driver) -> None:
    """A workflow cancels a heartbeating activity, which stops and reports it."""
    async with worker(d) as client:
        handle = await client.start_workflow(CancelsActivity.run, id=d.name(), task_queue=d.queue)
        await d.until(Run(d.name()), "ActivityTaskScheduled")
        await handle.signal(CancelsActivity.stop_it)
        d.record("result", await handle.result())
        await _history(d, handle)


@scenario(rules="57")
async def sdk_local_activity(d: Driver) -> None:
    """A local activity leaves a marker."""
    await _result(d, Local.run)


@scenario(rules="57")
async def sdk_patch(d: Driver) -> None:
    """A patch leaves a marker and a search attribute."""
    await _result(d, Patched.run)


@scenario(rules="66, 72")
async def sdk_activity_timeout(d: Driver) -> None:
    """An activity that runs into its time-out reaches the workflow as such."""
    await _result(d, TimesOut.run)


@scenario(rules="50, 63")
async def sdk_terminate(d: Driver) -> None:
    """A terminated workflow fails its waiting client."""
    async with worker(d) as client:
        handle = await client.start_workflow(Sleeping.run, id=d.name(), task_queue=d.queue)
        await d.until(Run(d.name()), "TimerStarted")
        await handle.terminate("enough", "details")
        try:
            await handle.result()
        except WorkflowFailureError as error:
            d.record("cause", [type(error.cause).__name__, str(error.cause)])
        await _history(d, handle)


@scenario(rules="30, 142")
async def sdk_unknown_workflow_type(d: Driver) -> None:
    """A type that no worker knows fails its workflow task, again and again, and the run can be terminated."""
    async with worker(d) as client:
        handle = await client.start_workflow("NoSuchWorkflow", id=d.name(), task_queue=d.queue)
        await d.until(Run(d.name()), "WorkflowTaskFailed")
        await handle.terminate()
        failed = (await d.events(Run(d.name()))).last("WorkflowTaskFailed").workflow_task_failed_event_attributes
        d.record("cause", failed.cause)


@scenario(rules="6, 142")
async def sdk_already_started(d: Driver) -> None:
    """The client names a conflict, an unknown workflow and an unknown namespace by its own exceptions."""
    client = await Client.connect(d.address, identity="client")
    await client.start_workflow("order", id=d.name(), task_queue=d.queue)
    for label, call in (
        ("conflict", client.start_workflow("order", id=d.name(), task_queue=d.queue)),
        ("unknown workflow", client.get_workflow_handle(d.name("absent")).describe()),
    ):
        try:
            await call
        except Exception as error:
            d.record(label, [type(error).__name__, error.status.name if isinstance(error, RPCError) else ""])


@contextlib.asynccontextmanager
async def worker(d: Driver) -> AsyncIterator[Client]:
    """A client, with a worker of all workflows and activities of this file at its side.

    The SDK reports its worker's build in one field or the other, as the server's `build_id_based_versioning` asks
    for, which is off here; `workflow_task.build_of_a_worker` compares those fields.
    """
    d.prompt_workers = True
    d.normaliser.drop("binary_checksum", "worker_version", "build_id")
    client = await Client.connect(d.address, identity="client")
    async with Worker(client, task_queue=d.queue, workflows=WORKFLOWS, activities=[greet, flaky, declined, beating],
                      identity="worker", workflow_runner=UnsandboxedWorkflowRunner(), build_id="build-1"):
        yield client


async def _result(d: Driver, run: Callable, *args: object) -> None:
    """Runs a workflow to its end and records its result and history."""
    async with worker(d) as client:
        handle = await client.start_workflow(run, args=args, id=d.name(), task_queue=d.queue)
        d.record("result", await handle.result())
        await _history(d, handle)


async def _history(d: Driver, handle: WorkflowHandle) -> None:
    await d.history(Run(handle.id))
