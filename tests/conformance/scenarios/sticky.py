"""Sticky queues: partial histories for the worker that has the run in memory, and the ways back to the normal queue."""

import asyncio

from temporalio.api.workflowservice.v1 import ResetStickyTaskQueueRequest, ShutdownWorkerRequest

from ..commands import complete, timer
from ..driver import NAMESPACE, Driver, Run, passing
from ..scenario import scenario


@scenario(rules="38, 41-42")
async def sticky_task(d: Driver) -> None:
    """A completion with sticky attributes sends the next task to that queue, with only the new events."""
    run = await _sticky_run(d)
    await d.describe(run)
    await d.signal(run)
    task = await d.poll(sticky=True)
    d.record("task", task)
    await d.complete(task, complete())
    (await d.history(run)).shows("WorkflowExecutionSignaled", "WorkflowTaskScheduled", "WorkflowTaskStarted")


@scenario(rules="38")
async def no_sticky_attributes_clear_stickiness(d: Driver) -> None:
    """A completion without sticky attributes sends the next task back to the normal queue, with the full history."""
    run = await _sticky_run(d)
    await d.signal(run)
    await d.complete(await d.poll(sticky=True), timer("t", 600))
    await d.signal(run)
    d.record("task", await d.poll())


@scenario(rules="35, 37", slow=True)
async def sticky_schedule_to_start_timeout(d: Driver) -> None:
    """A sticky task that nobody takes in time moves to the normal queue as a first attempt, and the history says so."""
    run = await _sticky_run(d, sticky_seconds=1)
    await d.signal(run)
    task = await d.poll()
    assert task.attempt == 1
    d.record("task", task)
    await d.complete(task, complete())
    (await d.history(run)).shows("WorkflowTaskScheduled", "WorkflowTaskTimedOut", "WorkflowTaskScheduled")


@scenario(rules="39", slow=True)
async def sticky_worker_gone(d: Driver) -> None:
    """When nobody has polled the sticky queue for ten seconds, a task goes to the normal queue at once."""
    run = await _sticky_run(d, sticky_seconds=600)
    await passing(11.5)
    await d.signal(run)
    task = await d.poll()
    d.record("task", task)
    await d.complete(task, complete())
    await d.history(run)


@scenario(rules="35")
async def failure_on_sticky_queue(d: Driver) -> None:
    """A task that fails on the sticky queue clears stickiness and comes back on the normal one as a first attempt."""
    run = await _sticky_run(d)
    await d.signal(run)
    await d.fail_task(await d.poll(sticky=True))
    task = await d.poll()
    d.record("task", task)
    await d.complete(task, complete())
    await d.history(run)


@scenario(rules="35-36", slow=True)
async def timeout_on_sticky_queue(d: Driver) -> None:
    """A task started on the sticky queue that times out comes back on the normal one as a first attempt."""
    run = await _sticky_run(d, workflow_task_timeout=5)
    await d.signal(run)
    await d.poll(sticky=True)
    task = await d.poll()
    assert task.attempt == 1
    d.record("task", task)
    await d.complete(task, complete())
    await d.history(run)


@scenario(rules="38, 40")
async def reset_stickiness(d: Driver) -> None:
    """ResetStickyTaskQueue clears stickiness: the next task goes to the normal queue."""
    run = await _sticky_run(d)
    d.record("reset", await d.stub.ResetStickyTaskQueue(
        ResetStickyTaskQueueRequest(namespace=NAMESPACE, execution=run.execution())))
    await d.signal(run)
    await d.complete(await d.poll(), complete())
    await d.history(run)


@scenario(rules="44, 41")
async def inline_task_is_sticky(d: Driver) -> None:
    """A task inside a response is scheduled on the sticky queue and brings only what its worker has not seen."""
    run = await _sticky_run(d)
    await d.signal(run)
    task = await d.poll(sticky=True)
    await d.signal(run, "more")
    answer = await d.complete(task, sticky=True, return_new_workflow_task=True)
    d.record("inline", answer)
    await d.complete(answer.workflow_task, complete())
    await d.history(run)


@scenario(rules="123")
async def worker_shuts_down(d: Driver) -> None:
    """ShutdownWorker is accepted, and the sticky queue's next task reaches the normal queue."""
    run = await _sticky_run(d, sticky_seconds=600)
    d.record("shutdown", await d.stub.ShutdownWorker(ShutdownWorkerRequest(
        namespace=NAMESPACE, sticky_task_queue=d.sticky_queue, identity="worker", reason="done")))
    await d.signal(run)
    await d.complete(await d.poll(), complete())
    await d.history(run)


async def _sticky_run(d: Driver, sticky_seconds: float = 10, **fields: float) -> Run:
    """A run whose first task was completed by a worker that polls a sticky queue."""
    run = await d.start(**fields)
    polling = asyncio.create_task(d.no_task(sticky=True))
    await d.step(timer("first", 600), sticky=True, sticky_seconds=sticky_seconds)
    await polling
    return run


@scenario(rules="37, 40", slow=True)
async def moved_task_is_dropped(d: Driver) -> None:
    """A sticky worker that polls again finds nothing once its task has moved to the normal queue."""
    run = await _sticky_run(d, sticky_seconds=1)
    await d.signal(run)
    await d.until(run, "WorkflowTaskTimedOut")
    await d.no_task(sticky=True)
    await d.complete(await d.poll(), complete())
    await d.history(run)
