"""Signals and cancel requests from one execution to another."""

from ..commands import cancel_external, complete, header, payloads, signal_external
from ..driver import Driver, Run
from ..scenario import scenario


@scenario(rules="61, 64")
async def signal_another_workflow(d: Driver) -> None:
    """A signal to another run is initiated, delivered, and confirmed to the sender."""
    target = await d.start("target", queue=d.name("target-queue"))
    run = await d.start()
    await d.step(signal_external(target.id, "hello", input=payloads("in"), header=header(trace="t")))
    await d.until(run, "ExternalWorkflowExecutionSignaled")
    await d.step(complete())
    (await d.history(run, "sender")).shows("SignalExternalWorkflowExecutionInitiated", "ExternalWorkflowExecutionSignaled")
    await d.history(target, "target")


@scenario(rules="61")
async def signal_nobody(d: Driver) -> None:
    """A signal to a workflow that is unknown or closed fails by an event."""
    closed = await d.start("closed", queue=d.name("closed-queue"))
    await d.terminate(closed)
    run = await d.start()
    await d.step(signal_external(d.name("absent")))
    await d.until(run, "SignalExternalWorkflowExecutionFailed")
    await d.step(signal_external(closed.id))
    await d.until(run, "SignalExternalWorkflowExecutionFailed", 2)
    await d.history(run)


@scenario(rules="61")
async def signal_itself(d: Driver) -> None:
    """A workflow cannot signal itself through the server by its own run."""
    run = await d.start()
    await d.step(signal_external(run.id, run_id=run.run_id))
    await d.until(run, "SignalExternalWorkflowExecutionFailed")
    await d.history(run)


@scenario(rules="61-62")
async def signal_a_child(d: Driver) -> None:
    """With child_workflow_only a child receives the signal, and a stranger does not."""
    stranger = await d.start("stranger", queue=d.name("nobody"))
    run = await d.start()
    await d.step(d.child())
    await d.until(run, "ChildWorkflowExecutionStarted")
    await d.until(Run(d.name("child")), "WorkflowTaskScheduled")
    await d.step(signal_external(d.name("child"), "to child", child_workflow_only=True))
    await d.until(run, "ExternalWorkflowExecutionSignaled")
    await d.step(signal_external(stranger.id, "to stranger", child_workflow_only=True))
    await d.until(run, "SignalExternalWorkflowExecutionFailed")
    await d.history(run, "sender")
    await d.history(Run(d.name("child")), "child")


@scenario(rules="61, 85")
async def cancel_another_workflow(d: Driver) -> None:
    """A cancel request to another run is initiated, delivered with its origin, and confirmed."""
    target = await d.start("target", queue=d.name("target-queue"))
    run = await d.start()
    await d.step(cancel_external(target.id, reason="no need"))
    await d.until(run, "ExternalWorkflowExecutionCancelRequested")
    await d.step(cancel_external(target.id, reason="again"))
    await d.until(run, "ExternalWorkflowExecutionCancelRequested", 2)
    await d.history(run, "sender")
    await d.history(target, "target")


@scenario(rules="61-62")
async def cancel_nobody(d: Driver) -> None:
    """A cancel request to an unknown workflow fails by an event; so does one to a stranger as a child."""
    stranger = await d.start("stranger", queue=d.name("nobody"))
    run = await d.start()
    await d.step(cancel_external(d.name("absent")))
    await d.until(run, "RequestCancelExternalWorkflowExecutionFailed")
    await d.step(cancel_external(stranger.id, child_workflow_only=True))
    await d.until(run, "RequestCancelExternalWorkflowExecutionFailed", 2)
    await d.history(run)


@scenario(rules="61, 85")
async def cancel_a_closed_workflow(d: Driver) -> None:
    """A cancel request to a closed run is answered as the reference answers it."""
    closed = await d.start("closed", queue=d.name("closed-queue"))
    await d.terminate(closed)
    run = await d.start()
    await d.step(cancel_external(closed.id))
    await d.poll()
    await d.history(run)


@scenario(rules="30, 51, 61")
async def bad_external_commands(d: Driver) -> None:
    """A signal without a name or a target, and a cancel request without one, fail the workflow task."""
    bad = {"no signal name": signal_external(d.name("other"), ""), "no target": signal_external(""),
           "no cancel target": cancel_external(""), "long id": signal_external("x" * 1001),
           "bad run id": signal_external(d.name("other"), run_id="not-a-run-id")}
    for number, (label, command) in enumerate(bad.items()):
        queue = d.name(f"q{number}")
        run = await d.start(f"{number}", queue=queue)
        await d.refused(d.complete(await d.poll(queue=queue), command), label, message=True)
        d.record(f"{label}: event", (await d.events(run)).last("WorkflowTaskFailed"))


@scenario(rules="61, 142")
async def another_namespace(d: Driver) -> None:
    """A signal or cancel request into a namespace that does not exist is refused with the task's answer."""
    for label, command in (("signal", signal_external(d.name("other"), namespace="no-such-namespace")),
                           ("cancel", cancel_external(d.name("other"), namespace="no-such-namespace"))):
        queue = d.name(f"{label}-queue")
        run = await d.start(label, queue=queue)
        await d.refused(d.complete(await d.poll(queue=queue), command), label, message=True)
        await d.history(run, label)
