"""Closing a run: complete, fail, cancel, terminate, delete, and what comes too late."""

import grpc
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest

from ..commands import cancel, complete, fail, failure, payloads, timer
from ..driver import NAMESPACE, Driver, Run, passing
from ..scenario import scenario


@scenario(rules="63")
async def ways_to_close(d: Driver) -> None:
    """Complete, fail and cancel commands each leave their event; cancel needs no request before."""
    for name, command in (("complete", complete("a", "b")), ("bare", complete()),
                          ("fail", fail(failure("why", "Kind", True, details=payloads("more")))),
                          ("cancel", cancel("details"))):
        queue = d.name(name + "-queue")
        run = await d.start(name, queue=queue)
        await d.complete(await d.poll(queue=queue), command)
        await d.history(run, name)
        await d.describe(run, f"describe {name}")


@scenario(rules="63, 85")
async def cancel_request(d: Driver) -> None:
    """A request to cancel only wakes the workflow, which may go on; asking again adds nothing."""
    run = await d.start()
    await d.step(timer("t", 600))
    await d.request_cancel(run, reason="please", request_id="one")
    await d.request_cancel(run, reason="please", request_id="one")
    await d.request_cancel(run, reason="once more", request_id="two")
    await d.step(complete("finished first"))
    await d.request_cancel(run)
    (await d.history(run)).shows("TimerStarted", "WorkflowExecutionCancelRequested", "WorkflowTaskScheduled",
                                 "WorkflowTaskStarted", "WorkflowTaskCompleted", "WorkflowExecutionCompleted")


@scenario(rules="85, 142")
async def cancel_and_terminate_refused(d: Driver) -> None:
    """Unknown ids and another chain's first run id are not found; terminating twice is refused."""
    run = await d.start()
    other = "11111111-2222-4333-8444-555555555555"
    absent = Run(d.name("absent"))
    await d.refused(d.request_cancel(absent), "cancel unknown workflow")
    await d.refused(d.request_cancel(Run(run.id, other)), "cancel unknown run")
    await d.refused(d.request_cancel(run, first_execution_run_id=other), "cancel other chain")
    await d.refused(d.terminate(absent), "terminate unknown workflow")
    await d.refused(d.terminate(run, first_execution_run_id=other), "terminate other chain")
    await d.terminate(run, first_execution_run_id=run.run_id)
    await d.refused(d.terminate(run), "terminate twice", message=True)
    await d.refused(d.terminate(Run(run.id)), "terminate the latest, closed", message=True)
    await d.history(run)


@scenario(rules="50, 85")
async def terminate(d: Driver) -> None:
    """Termination closes a run at once, with reason and details; pending work is dropped."""
    run = await d.start()
    await d.step(d.activity("1"), timer("t", 600))
    task = await d.poll_activity()
    await d.terminate(run, "enough", details=payloads("why"))
    await d.refused(d.complete_activity(task), "late activity", message=True)
    await d.history(run)


@scenario(rules="142", slow=True)
async def delete(d: Driver) -> None:
    """A deleted run is gone for every call; an unknown one is not found."""
    run = await d.start()
    await d.step(complete())
    await passing(1)
    d.record("deleted", await d.stub.DeleteWorkflowExecution(
        DeleteWorkflowExecutionRequest(namespace=NAMESPACE, workflow_execution=run.execution())))
    await _until_gone(d, run)
    await d.refused(d.describe(run), "describe")
    await d.refused(d.events(run), "history")
    await d.refused(d.signal(run), "signal")
    await d.refused(d.stub.DeleteWorkflowExecution(
        DeleteWorkflowExecutionRequest(namespace=NAMESPACE, workflow_execution=Run(d.name("absent")).execution())),
        "delete unknown")


@scenario(rules="142, 50")
async def delete_an_open_run(d: Driver) -> None:
    """Deleting an open run ends it and removes it."""
    run = await d.start()
    await passing(1)
    d.record("deleted", await d.stub.DeleteWorkflowExecution(
        DeleteWorkflowExecutionRequest(namespace=NAMESPACE, workflow_execution=run.execution())))
    await _until_gone(d, run)
    await d.refused(d.describe(run), "describe")


async def _until_gone(d: Driver, run: Run) -> None:
    """Waits until a run can no longer be described; the reference deletes in the background."""
    while True:
        try:
            await d.events(run)
        except grpc.aio.AioRpcError as error:
            assert error.code() == grpc.StatusCode.NOT_FOUND, error
            return
        await passing(0.2)
