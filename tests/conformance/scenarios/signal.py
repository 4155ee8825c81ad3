"""Signals: what the event keeps, deduplication, closed and unknown runs."""

from ..commands import complete, continue_as_new, header
from ..driver import OVER_A_SECOND, Driver, Run, passing
from ..scenario import scenario


@scenario(rules="64, 83")
async def signal_is_recorded(d: Driver) -> None:
    """A signal's name, input, header and sender are kept, and it wakes the workflow."""
    run = await d.start()
    await d.step()
    await d.signal(run, "go", "one", "two", header=header(trace="t"), request_id=d.name("r1"), identity="someone")
    await d.step(complete())
    (await d.history(run)).shows("WorkflowExecutionSignaled", "WorkflowTaskScheduled")


@scenario(rules="83")
async def signal_request_id(d: Driver) -> None:
    """A signal repeated with its request id adds nothing, be the run open, busy or closed."""
    run = await d.start()
    await d.signal(run, "go", request_id=d.name("r1"))
    await d.signal(run, "go", request_id=d.name("r1"))
    task = await d.poll()
    await d.signal(run, "buffered", request_id=d.name("r2"))
    await d.signal(run, "buffered", request_id=d.name("r2"))
    await d.complete(task)
    await d.step(complete())
    await d.signal(run, "go", request_id=d.name("r1"))
    await d.signal(run, "buffered", request_id=d.name("r2"))
    await d.refused(d.signal(run, "go", request_id=d.name("r3")), "new signal to a closed run", message=True)
    history = await d.history(run)
    assert history.names().count("WorkflowExecutionSignaled") == 2


@scenario(rules="83, 142")
async def signal_nobody_from_outside(d: Driver) -> None:
    """A signal to an unknown workflow or run is not found."""
    run = await d.start()
    await d.refused(d.signal(Run(d.name("absent"))), "unknown workflow")
    await d.refused(d.signal(Run(run.id, "11111111-2222-4333-8444-555555555555")), "unknown run")
    await d.history(run)


@scenario(rules="83")
async def signal_without_run_id_finds_the_latest(d: Driver) -> None:
    """Without a run id the latest run is signalled, after a continue-as-new the new one."""
    first = await d.start()
    await passing(OVER_A_SECOND)
    await d.step(continue_as_new("order"))
    await d.refused(d.signal(first), "the closed first run", message=True)
    await d.signal(Run(first.id), "to the latest")
    event = await d.close_event(first)
    second = Run(first.id, event.workflow_execution_continued_as_new_event_attributes.new_execution_run_id)
    await d.step(complete())
    await d.history(second)
