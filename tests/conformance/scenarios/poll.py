"""Polling task queues: long polls, deadlines, tasks that are not lost, tokens, what task queues say of themselves."""

import asyncio

import grpc
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice import v1 as api

from ..commands import complete, timer
from ..driver import NAMESPACE, Driver, Run, empty, passing
from ..scenario import scenario


@scenario(rules="120", slow=True)
async def empty_poll(d: Driver) -> None:
    """A long poll that sees no task comes back empty before its deadline."""
    workflow, activity = await asyncio.gather(
        empty(lambda: d.stub.PollWorkflowTaskQueue(d.poll_request(), timeout=12)),
        empty(lambda: d.stub.PollActivityTaskQueue(d.poll_activity_request(), timeout=12)))
    d.record("workflow", workflow)
    d.record("activity", activity)
    assert not workflow.task_token and not activity.task_token


@scenario(rules="120, 142")
async def poll_refused(d: Driver) -> None:
    """A poll without a queue, or with a deadline too short to wait in, is refused."""
    await d.refused(empty(lambda: d.stub.PollWorkflowTaskQueue(d.poll_request(), timeout=0.9)), "workflow deadline",
                    message=True)
    await d.refused(empty(lambda: d.stub.PollActivityTaskQueue(d.poll_activity_request(), timeout=0.9)),
                    "activity deadline", message=True)
    await d.refused(d.stub.PollWorkflowTaskQueue(api.PollWorkflowTaskQueueRequest(namespace=NAMESPACE), timeout=20),
                    "workflow queue", naming="task_queue")
    await d.refused(d.stub.PollActivityTaskQueue(api.PollActivityTaskQueueRequest(namespace=NAMESPACE), timeout=20),
                    "activity queue", naming="task_queue")


@scenario(rules="120-121")
async def poller_that_left(d: Driver) -> None:
    """A task that comes after its poller has hung up waits for the next poller."""
    leaving = asyncio.create_task(d.poll())
    await d.until_polled()
    leaving.cancel()
    await passing(3)
    run = await d.start()
    await d.step(d.activity("1"))
    await d.complete_activity(await d.poll_activity())
    await d.step(complete())
    await d.history(run)


@scenario(rules="120")
async def task_for_a_waiting_poller(d: Driver) -> None:
    """A poller that waits already gets the task of a run that starts later."""
    waiting = asyncio.create_task(d.poll())
    await d.until_polled()
    run = await d.start()
    await d.complete(await waiting, complete())
    await d.history(run)


@scenario(rules="122, 142")
async def malformed_tokens(d: Driver) -> None:
    """A token that is none, or is missing, is refused in every answer."""
    workflow = lambda token: api.PollWorkflowTaskQueueResponse(task_token=token)
    activity = lambda token: api.PollActivityTaskQueueResponse(task_token=token)
    for label, token in (("nonsense", b"\xff\xff nonsense"), ("empty", b"")):
        await d.refused(d.complete(workflow(token)), f"{label}: workflow task completed")
        await d.refused(d.fail_task(workflow(token)), f"{label}: workflow task failed")
        await d.refused(d.answer_query(workflow(token), "x"), f"{label}: query completed")
        await d.refused(d.complete_activity(activity(token)), f"{label}: activity completed")
        await d.refused(d.fail_activity(activity(token)), f"{label}: activity failed")
        await d.refused(d.cancel_activity(activity(token)), f"{label}: activity canceled")
        await d.refused(d.heartbeat(activity(token)), f"{label}: heartbeat")


@scenario(rules="122, 142")
async def token_of_another_kind(d: Driver) -> None:
    """An activity's token does not complete a workflow task."""
    run = await d.start()
    await d.step(d.activity("1"))
    task = await d.poll_activity()
    await d.signal(run)
    await d.poll()
    await d.refused(d.complete(api.PollWorkflowTaskQueueResponse(task_token=task.task_token), complete()))
    await d.history(run)


@scenario(rules="120, 142")
async def describe_task_queue(d: Driver) -> None:
    """A task queue names its pollers, and refuses a nameless one."""
    polling = asyncio.create_task(d.no_task(within=6))
    await d.until_polled()
    for kind in (TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY):
        answer = await d.stub.DescribeTaskQueue(api.DescribeTaskQueueRequest(
            namespace=NAMESPACE, task_queue=TaskQueue(name=d.queue), task_queue_type=kind))
        d.record(TaskQueueType.Name(kind), list(answer.pollers))
    await d.refused(d.stub.DescribeTaskQueue(api.DescribeTaskQueueRequest(namespace=NAMESPACE)), "no name",
                    naming="task_queue")
    await polling


@scenario(rules="123")
async def worker_heartbeat(d: Driver) -> None:
    """RecordWorkerHeartbeat is not unknown to the server."""
    try:
        await d.stub.RecordWorkerHeartbeat(api.RecordWorkerHeartbeatRequest(namespace=NAMESPACE, identity="worker"))
        d.record("answer", "OK")
    except grpc.aio.AioRpcError as error:
        d.record("answer", error.code().name)


@scenario(rules="122")
async def interleaved_runs(d: Driver) -> None:
    """Two runs on one queue each get their own tasks, and the order within a run holds."""
    runs = [await d.start(name) for name in ("a", "b")]
    for _ in range(2):
        task = await d.poll()
        await d.complete(task, timer("t", 600))
    for run in runs:
        await d.signal(run)
    for _ in range(2):
        task = await d.poll()
        await d.complete(task, complete(task.workflow_execution.workflow_id.rsplit("-", 1)[-1]))
    for run in runs:
        await d.history(Run(run.id), run.id.rsplit("-", 1)[-1])
