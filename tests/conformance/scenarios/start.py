"""Starting a run: identity, request ids, conflict and reuse policies, time-outs, delays."""

from temporalio.api.enums.v1 import WorkflowIdConflictPolicy as Conflict
from temporalio.api.enums.v1 import WorkflowIdReusePolicy as Reuse

from ..commands import complete, header, memo, payloads, retry
from ..driver import CALL_SECONDS, Driver
from ..scenario import scenario


@scenario(rules="1-3")
async def first_batch(d: Driver) -> None:
    """A start writes WorkflowExecutionStarted as event 1 with everything it was given, then WorkflowTaskScheduled."""
    run = await d.start(
        input=payloads("a", "b"), header=header(trace="t1"), memo=memo(note="n1"), workflow_execution_timeout=300,
        workflow_run_timeout=200, workflow_task_timeout=7, retry_policy=retry(initial=1, maximum_attempts=3))
    history = await d.history(run)
    history.shows("WorkflowExecutionStarted", "WorkflowTaskScheduled")
    await d.describe(run)


@scenario(rules="4")
async def same_request_id(d: Driver) -> None:
    """The request id that started a run gives that run again, open or closed, and adds nothing."""
    run = await d.start()
    again = await d.stub.StartWorkflowExecution(d.start_request(), timeout=CALL_SECONDS)
    d.record("again while open", again)
    assert again.run_id == run.run_id
    await d.step(complete("done"))
    again = await d.stub.StartWorkflowExecution(d.start_request(), timeout=CALL_SECONDS)
    d.record("again when closed", again)
    assert again.run_id == run.run_id
    await d.history(run)


@scenario(rules="6, 142")
async def conflict_fail(d: Driver) -> None:
    """By default a second start of an open workflow id is refused, with the open run's ids in the details."""
    run = await d.start()
    await d.refused(d.stub.StartWorkflowExecution(d.start_request(request_id="other")), message=True)
    await d.history(run)
