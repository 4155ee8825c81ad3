"""Child workflows: start, close in every way, failure to start, parent close policies."""

from temporalio.api.enums.v1 import ParentClosePolicy, WorkflowIdReusePolicy
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest

from ..commands import (
    cancel, cancel_external, child, complete, continue_as_new, fail, failure, header, memo, payloads, retry, timer)
from ..driver import NAMESPACE, OVER_A_SECOND, Driver, Run, passing
from ..scenario import scenario

ABANDON = ParentClosePolicy.PARENT_CLOSE_POLICY_ABANDON


@scenario(rules="3, 58-59, 64")
async def child_completes(d: Driver) -> None:
    """A child's first task comes once the parent recorded its start; its result reaches the parent's history."""
    parent = await d.start()
    await d.step(d.child(input=payloads("in"), header=header(trace="t"), memo=memo(note="n"),
                         workflow_execution_timeout=300, workflow_run_timeout=200, workflow_task_timeout=7))
    await d.until(parent, "ChildWorkflowExecutionStarted")
    await d.describe(parent)
    await d.complete(await d.poll(queue=d.child_queue), complete("out"))
    await d.until(parent, "ChildWorkflowExecutionCompleted")
    (await d.history(parent, "parent")).shows(
        "StartChildWorkflowExecutionInitiated", "ChildWorkflowExecutionStarted", "WorkflowTaskScheduled",
        "ChildWorkflowExecutionCompleted")
    kid = Run(d.name("child"))
    await d.history(kid, "child")
    described = await d.stub.DescribeWorkflowExecution(DescribeWorkflowExecutionRequest(
        namespace=NAMESPACE, execution=kid.execution()))
    d.record("describe child", described.workflow_execution_info)


@scenario(rules="58")
async def child_fails(d: Driver) -> None:
    """A child's failure reaches the parent with its cause."""
    parent = await _parent(d)
    await d.complete(await d.poll(queue=d.child_queue), fail(failure("child's own", "Odd")))
    await d.until(parent, "ChildWorkflowExecutionFailed")
    await d.history(parent)


@scenario(rules="58, 62")
async def child_is_canceled(d: Driver) -> None:
    """A parent cancels its child by a request; the child decides, and its details reach the parent."""
    parent = await _parent(d)
    task = await d.poll(queue=d.child_queue)
    await d.step(cancel_external(d.name("child"), child_workflow_only=True))
    await d.until(parent, "ExternalWorkflowExecutionCancelRequested")
    await d.complete(task, timer("t", 600))
    await d.complete(await d.poll(queue=d.child_queue), cancel("tidied up"))
    await d.until(parent, "ChildWorkflowExecutionCanceled")
    await d.history(parent, "parent")
    await d.history(Run(d.name("child")), "child")


@scenario(rules="58")
async def child_is_terminated(d: Driver) -> None:
    """A child's termination reaches the parent."""
    parent = await _parent(d)
    await d.terminate(Run(d.name("child")))
    await d.until(parent, "ChildWorkflowExecutionTerminated")
    await d.history(parent)


@scenario(rules="58", slow=True)
async def child_times_out(d: Driver) -> None:
    """A child's time-out reaches the parent."""
    parent = await _parent(d, workflow_run_timeout=8)
    await d.until(parent, "ChildWorkflowExecutionTimedOut")
    await d.history(parent)


@scenario(rules="16, 60")
async def child_continues_as_new(d: Driver) -> None:
    """The parent hears only of the close of the last run of a child's chain."""
    parent = await _parent(d)
    await passing(OVER_A_SECOND)
    await d.complete(await d.poll(queue=d.child_queue), continue_as_new("child", input=payloads("again")))
    await d.complete(await d.poll(queue=d.child_queue), complete("at last"))
    await d.until(parent, "ChildWorkflowExecutionCompleted")
    await d.history(parent, "parent")
    await d.history(Run(d.name("child")), "last run")


@scenario(rules="19, 60")
async def child_is_retried(d: Driver) -> None:
    """A child's retries are its own affair; the parent hears of the last attempt."""
    parent = await _parent(d, retry_policy=retry(initial=1, maximum_attempts=2))
    await d.complete(await d.poll(queue=d.child_queue), fail(failure("first")))
    await d.complete(await d.poll(queue=d.child_queue), fail(failure("second")))
    await d.until(parent, "ChildWorkflowExecutionFailed")
    await d.history(parent, "parent")
    await d.history(Run(d.name("child")), "second attempt")


@scenario(rules="58, 108")
async def child_id_is_taken(d: Driver) -> None:
    """A child whose workflow id is open fails to start, by an event; so does one refused by its reuse policy."""
    await d.start("child", queue=d.name("nobody"))
    parent = await d.start()
    await d.step(d.child())
    await d.until(parent, "StartChildWorkflowExecutionFailed")
    await d.terminate(Run(d.name("child")))
    await d.step(d.child(workflow_id_reuse_policy=WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE))
    await d.until(parent, "StartChildWorkflowExecutionFailed", 2)
    await d.step(d.child())
    await d.until(parent, "ChildWorkflowExecutionStarted")
    await d.history(parent)


@scenario(rules="58")
async def child_in_unknown_namespace(d: Driver) -> None:
    """A child in a namespace that does not exist is refused."""
    run = await d.start()
    await d.refused(d.complete(await d.poll(), d.child(namespace="no-such-namespace")))
    await d.history(run)


@scenario(rules="30, 51, 58")
async def bad_child_commands(d: Driver) -> None:
    """A child without an id or type, with a negative time-out or a long id, fails the workflow task."""
    bad = {"no id": child("", queue=d.child_queue), "no type": d.child(type=""),
           "negative": d.child(workflow_run_timeout=-1), "long id": child("x" * 1001, queue=d.child_queue)}
    for number, (label, command) in enumerate(bad.items()):
        queue = d.name(f"q{number}")
        run = await d.start(f"{number}", queue=queue)
        await d.refused(d.complete(await d.poll(queue=queue), command), label, message=True)
        d.record(f"{label}: event", (await d.events(run)).last("WorkflowTaskFailed"))


@scenario(rules="107")
async def parent_close_policies(d: Driver) -> None:
    """When the parent closes, children are terminated by default, cancelled on request, or left alone."""
    parent = await d.start()
    policies = ("UNSPECIFIED", "TERMINATE", "REQUEST_CANCEL", "ABANDON")
    await d.step(*(d.child(name, parent_close_policy=ParentClosePolicy.Value("PARENT_CLOSE_POLICY_" + name))
                   for name in policies))
    await d.until(parent, "ChildWorkflowExecutionStarted", 4)
    for name in policies:
        await d.until(Run(d.name(name)), "WorkflowTaskScheduled")
    await d.step(complete())
    await d.close_event(Run(d.name("UNSPECIFIED")))
    await d.close_event(Run(d.name("TERMINATE")))
    await d.until(Run(d.name("REQUEST_CANCEL")), "WorkflowExecutionCancelRequested")
    for name in policies:
        await d.history(Run(d.name(name)), name)


@scenario(rules="107")
async def parent_close_policy_on_termination(d: Driver) -> None:
    """The policy applies to every close: a terminated parent takes its children along."""
    parent = await _parent(d)
    await d.terminate(parent)
    await d.close_event(Run(d.name("child")))
    await d.history(Run(d.name("child")))


@scenario(rules="107, 16")
async def parent_continues_as_new(d: Driver) -> None:
    """Continue-as-new closes the parent's run like any other close: its children go by their policy."""
    parent = await d.start()
    await d.step(d.child("terminated"))
    await d.until(parent, "ChildWorkflowExecutionStarted")
    await d.step(d.child("abandoned", parent_close_policy=ABANDON))
    await d.until(parent, "ChildWorkflowExecutionStarted", 2)
    for name in ("terminated", "abandoned"):
        await d.until(Run(d.name(name)), "WorkflowTaskScheduled")
    await passing(OVER_A_SECOND)
    await d.step(continue_as_new("order"))
    await d.close_event(Run(d.name("terminated")))
    await d.history(parent, "first run of the parent")
    await d.history(Run(d.name("terminated")), "terminated")
    await d.history(Run(d.name("abandoned")), "abandoned")


@scenario(rules="3, 58")
async def grandchild(d: Driver) -> None:
    """A child's child names its parent and the root of the tree."""
    await _parent(d)
    await d.complete(await d.poll(queue=d.child_queue),
                     child(d.name("grandchild"), queue=d.name("grandchild-queue")))
    await d.complete(await d.poll(queue=d.name("grandchild-queue")), complete())
    await d.history(Run(d.name("grandchild")))


@scenario(rules="27, 23, 25, 58")
async def child_closes_during_a_task(d: Driver) -> None:
    """A child's close is buffered behind a started task like an activity's, after signals."""
    parent = await _parent(d)
    task = await d.poll()
    before_it_closes = await d.transitions(parent)
    await d.complete(await d.poll(queue=d.child_queue), complete("out"))
    await d.close_event(Run(d.name("child")))
    await d.until_changed(parent, before_it_closes)
    await d.signal(parent)
    await d.complete(task, timer("t", 600))
    (await d.history(parent)).shows("TimerStarted", "WorkflowExecutionSignaled", "ChildWorkflowExecutionCompleted")


async def _parent(d: Driver, **fields: object) -> Run:
    """A parent whose child has started and waits for its first task to be taken."""
    parent = await d.start()
    await d.step(d.child(**fields))
    await d.until(parent, "ChildWorkflowExecutionStarted")
    await d.until(Run(d.name("child")), "WorkflowTaskScheduled")
    return parent


@scenario(rules="107", slow=True)
async def parent_close_policy_on_every_close(d: Driver) -> None:
    """A parent that fails, is canceled or times out takes its children along like one that completes."""
    for label, close in (("failed", fail()), ("canceled", cancel()), ("timed out", None)):
        queue = d.name(f"{label}-queue")
        parent = await d.start(label, queue=queue, **({} if close else {"workflow_run_timeout": 8}))
        await d.complete(await d.poll(queue=queue), d.child(f"{label}-child"))
        kid = Run(d.name(f"{label}-child"))
        await d.until(parent, "ChildWorkflowExecutionStarted")
        await d.until(kid, "WorkflowTaskScheduled")
        if close:
            await d.complete(await d.poll(queue=queue), close)
        await d.close_event(parent)
        await d.close_event(kid)
        await d.history(kid, label)
