"""Runs that follow each other under one workflow id: continue-as-new and workflow retry."""

from datetime import timedelta

from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest

from ..commands import cancel, complete, continue_as_new, fail, failure, header, memo, payloads, retry, seconds, timer
from ..driver import NAMESPACE, OVER_A_SECOND, Driver, Run, passing
from ..scenario import scenario


@scenario(rules="3, 16-17")
async def continue_as_new_at_once(d: Driver) -> None:
    """Continuing within a second of the start delays the new run's first task, so that runs are a second apart."""
    first, second = await _continued_at_once(d)
    await d.step(complete("done"))
    await d.history(first, "first")
    await d.history(second, "second")
    await d.describe(second)


@scenario(rules="3, 16-17")
async def continue_as_new_later(d: Driver) -> None:
    """Continuing after more than a second starts the new run without delay, with the options of the command."""
    first = await d.start(workflow_execution_timeout=3000, workflow_run_timeout=300)
    await passing(OVER_A_SECOND)
    await d.step(continue_as_new(
        "other-type", input=payloads("2"), header=header(trace="u"), memo=memo(note="new"), workflow_run_timeout=100,
        workflow_task_timeout=5, retry_policy=retry(initial=2, maximum_attempts=4)))
    second = await _next(d, first)
    (await d.history(second, "second")).shows("WorkflowExecutionStarted", "WorkflowTaskScheduled")
    await d.step(complete("done"))
    await d.history(first, "first")


@scenario(rules="3, 16")
async def chain_of_three(d: Driver) -> None:
    """Over a chain the first run id stays, the workflow id finds the newest run, and each run names the one before."""
    first = await d.start(type="a")
    for type in ("b", "c"):
        await passing(OVER_A_SECOND)
        await d.step(continue_as_new(type))
    await d.step(complete("end"))
    second = await _next(d, first)
    third = await _next(d, second)
    for label, run in (("first", first), ("second", second), ("third", third)):
        await d.history(run, label)
    await d.describe(Run(first.id), "newest")


@scenario(rules="16-17", slow=True)
async def continue_as_new_with_backoff(d: Driver) -> None:
    """A continue-as-new may ask for a delay of its own."""
    first = await d.start()
    await d.step(continue_as_new("order", backoff_start_interval=10))
    second = await _next(d, first)
    (await d.history(second, "waiting")).lacks("WorkflowTaskScheduled")
    await d.step(complete())
    await d.history(second, "second")


@scenario(rules="16")
async def continue_as_new_defaults(d: Driver) -> None:
    """Without a type, queue or time-outs of its own the new run takes those of the old."""
    first = await d.start(workflow_task_timeout=7, workflow_run_timeout=200,
                          retry_policy=retry(initial=2, maximum_attempts=4))
    await passing(OVER_A_SECOND)
    await d.step(continue_as_new())
    await d.step(complete())
    await d.history(await _next(d, first), "second")


@scenario(rules="3, 18-19", slow=True)
async def workflow_retry(d: Driver) -> None:
    """A failed run with a retry policy is followed by another attempt after its back-off."""
    first = await d.start(input=payloads("in"), retry_policy=retry(initial=8, maximum_attempts=2))
    await d.step(fail(failure("first time", "Odd")))
    second = await _next(d, first)
    (await d.history(second, "waiting")).lacks("WorkflowTaskScheduled")
    await d.step(fail(failure("second time", "Odd")))
    await d.history(first, "first")
    await d.history(second, "second")
    await d.describe(second)


@scenario(rules="19, 70")
async def no_workflow_retry_of_some_failures(d: Driver) -> None:
    """Failures that are non-retryable, by flag or by type, end the chain."""
    policy = retry(initial=1, maximum_attempts=5, non_retryable_error_types=["Fatal"])
    for name, cause in (("flag", failure(non_retryable=True)), ("type", failure(type="Fatal"))):
        run = await d.start(name, retry_policy=policy)
        await d.step(fail(cause))
        await d.history(run, name)


@scenario(rules="19")
async def no_workflow_retry_of_cancel_and_terminate(d: Driver) -> None:
    """A canceled or terminated run is not retried."""
    policy = retry(initial=1, maximum_attempts=5)
    run = await d.start("cancel", retry_policy=policy)
    await d.request_cancel(run)
    await d.step(cancel("so be it"))
    await d.history(run, "canceled")
    run = await d.start("terminate", retry_policy=policy)
    await d.terminate(run)
    await d.history(run, "terminated")
    assert (await d.close_event(Run(run.id))).event_id == (await d.events(run))[-1].event_id


@scenario(rules="69, 19")
async def workflow_retry_delay_of_the_failure(d: Driver) -> None:
    """A workflow's failure may name the delay before the next attempt."""
    first = await d.start(retry_policy=retry(initial=30, maximum_attempts=3))
    await d.step(fail(failure(next_retry_delay=seconds(20))))
    await d.history(await _next(d, first), "second")


@scenario(rules="16, 19")
async def continue_as_new_inside_a_retry(d: Driver) -> None:
    """Continue-as-new resets the attempt count and may carry on the retry policy."""
    first = await d.start(retry_policy=retry(initial=1, maximum_attempts=3))
    await d.step(fail())
    second = await _next(d, first)
    task = await d.poll()
    await passing(OVER_A_SECOND)
    await d.complete(task, continue_as_new("order", retry_policy=retry(initial=1, maximum_attempts=3)))
    third = await _next(d, second)
    await d.step(complete("ok"))
    await d.history(second, "second")
    await d.history(third, "third")


async def _continued_at_once(d: Driver) -> tuple[Run, Run]:
    """Two runs, of which the first lasted for less than a second; tried again on a machine that is too slow for it."""
    while True:
        first = await d.start(input=payloads("1"), memo=memo(note="kept"), header=header(trace="t"))
        await d.step(continue_as_new("order", input=payloads("2")))
        second = await _next(d, first)
        started, *_, closed = await d.events(first)
        if closed.event_time.ToDatetime() - started.event_time.ToDatetime() < timedelta(seconds=0.9):
            return first, second
        await d.terminate(second)


async def _next(d: Driver, run: Run) -> Run:
    """The run that follows a closed one."""
    event = await d.close_event(run)
    attributes = getattr(event, event.WhichOneof("attributes"))
    assert attributes.new_execution_run_id, f"no run follows {event}"
    return Run(run.id, attributes.new_execution_run_id)


@scenario(rules="16, 76")
async def continue_as_new_drops_pending_work(d: Driver) -> None:
    """Activities and timers of a run end with it: their answers are refused, and the new run starts without them."""
    first = await d.start()
    await d.step(d.activity("1"), timer("t", 600))
    activity = await d.poll_activity()
    await d.signal(first)
    await passing(OVER_A_SECOND)
    await d.step(continue_as_new("order"))
    await d.refused(d.complete_activity(activity), "late activity", message=True)
    second = await _next(d, first)
    described = await d.stub.DescribeWorkflowExecution(DescribeWorkflowExecutionRequest(
        namespace=NAMESPACE, execution=second.execution()))
    d.record("pending activities", len(described.pending_activities))
    await d.step(complete())
    await d.history(first, "first")
