"""Workflow tasks: one at a time, buffered events, attempts, transient tasks, stickiness, heartbeats."""

from ..commands import complete, timer
from ..driver import Driver
from ..scenario import scenario


@scenario(rules="21, 23-25, 64")
async def flush_puts_completions_last(d: Driver) -> None:
    """Events that come while a task is started follow its commands: all in order, but completions behind the others.

    An activity's Started event is no completion: it keeps its place, apart from its Completed event.
    """
    run = await d.start()
    await d.step(d.activity("1"), d.activity("2"))
    first, second = await d.poll_activity(), await d.poll_activity()
    await d.signal(run, "wake")
    task = await d.poll()
    await d.complete_activity(first, "one")
    await d.signal(run, "middle", "x")
    await d.complete_activity(second, "two")
    await d.signal(run, "late", "y")
    await d.complete(task, timer("t", 600))
    history = await d.history(run)
    history.shows("WorkflowTaskCompleted", "TimerStarted", "ActivityTaskStarted", "WorkflowExecutionSignaled",
                  "ActivityTaskStarted", "WorkflowExecutionSignaled", "ActivityTaskCompleted", "ActivityTaskCompleted",
                  "WorkflowTaskScheduled")


@scenario(rules="27")
async def unhandled_command(d: Driver) -> None:
    """Completing the workflow over a signal it has not seen fails the task; the next task sees the signal."""
    run = await d.start()
    task = await d.poll()
    await d.signal(run)
    await d.refused(d.complete(task, complete("too early")), message=True)
    await d.step(complete("now"))
    await d.history(run)
