"""Starting a run: identity, request ids, conflict and reuse policies, time-outs, delays."""

from typing import Any

from temporalio.api.common.v1 import Header, Link, Memo, Payloads, Priority, SearchAttributes, WorkflowType
from temporalio.api.enums.v1 import WorkflowIdConflictPolicy as Conflict
from temporalio.api.enums.v1 import WorkflowIdReusePolicy as Reuse
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflow.v1 import OnConflictOptions
from temporalio.api.workflowservice.v1 import SignalWithStartWorkflowExecutionRequest

from ..commands import cancel, complete, continue_as_new, fail, header, memo, payloads, retry, seconds, timer
from ..driver import CALL_SECONDS, NAMESPACE, OVER_A_SECOND, Driver, Run, passing
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


@scenario(rules="1, 84", slow=True)
async def start_delay(d: Driver) -> None:
    """A delayed start has no workflow task until the delay is over; a signal in between is recorded and wakes nothing."""
    run = await d.start(workflow_start_delay=10)
    early = await d.history(run, "at once")
    early.lacks("WorkflowTaskScheduled")
    await d.signal(run, "early", "x")
    early = await d.history(run, "after a signal")
    early.lacks("WorkflowTaskScheduled")
    await d.describe(run)
    await d.step(complete("done"))
    await d.history(run)


@scenario(rules="6")
async def conflict_use_existing(d: Driver) -> None:
    """USE_EXISTING gives the open run and says that it started nothing."""
    run = await d.start()
    answer = await d.stub.StartWorkflowExecution(d.start_request(
        request_id="other", workflow_id_conflict_policy=Conflict.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING))
    assert answer.run_id == run.run_id and not answer.started
    d.record("answer", answer)
    await d.history(run)


@scenario(rules="5, 10")
async def conflict_use_existing_attaches(d: Driver) -> None:
    """USE_EXISTING may attach its request id by an options event; the same request id later finds it attached."""
    run = await d.start()
    request = d.start_request(
        request_id="attached", workflow_id_conflict_policy=Conflict.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
        on_conflict_options=OnConflictOptions(attach_request_id=True))
    d.record("attached", await d.stub.StartWorkflowExecution(request))
    d.record("repeated", await d.stub.StartWorkflowExecution(request))
    history = await d.history(run)
    history.shows("WorkflowTaskScheduled", "WorkflowExecutionOptionsUpdated")
    await d.describe(run)


@scenario(rules="6, 9")
async def conflict_terminate_existing(d: Driver) -> None:
    """TERMINATE_EXISTING closes the open run and starts another, at once: the reference's dev server does not throttle."""
    run = await d.start()
    request = d.start_request(
        request_id="other", workflow_id_conflict_policy=Conflict.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING)
    answer = await d.stub.StartWorkflowExecution(request)
    d.record("answer", answer)
    (await d.history(run, "old run")).shows("WorkflowExecutionTerminated")
    await d.history(Run(run.id, answer.run_id), "new run")


@scenario(rules="7")
async def reuse_after_completed(d: Driver) -> None:
    """A completed id may be used again by default; not by FAILED_ONLY, never by REJECT_DUPLICATE."""
    await d.start()
    await d.step(complete("done"))
    await _reuse_policies(d, refused=["REJECT_DUPLICATE", "ALLOW_DUPLICATE_FAILED_ONLY"], allowed="ALLOW_DUPLICATE")


@scenario(rules="7")
async def reuse_after_failed(d: Driver) -> None:
    """A failed id may be used again by FAILED_ONLY."""
    await d.start()
    await d.step(fail())
    await _reuse_policies(d, refused=["REJECT_DUPLICATE"], allowed="ALLOW_DUPLICATE_FAILED_ONLY")


@scenario(rules="7")
async def reuse_after_canceled(d: Driver) -> None:
    """A canceled id may be used again by FAILED_ONLY."""
    await d.start()
    await d.step(cancel())
    await _reuse_policies(d, refused=["REJECT_DUPLICATE"], allowed="ALLOW_DUPLICATE_FAILED_ONLY")


@scenario(rules="7")
async def reuse_after_terminated(d: Driver) -> None:
    """A terminated id may be used again by FAILED_ONLY."""
    await d.terminate(await d.start())
    await _reuse_policies(d, refused=["REJECT_DUPLICATE"], allowed="ALLOW_DUPLICATE_FAILED_ONLY")


@scenario(rules="7")
async def reuse_after_timed_out(d: Driver) -> None:
    """A timed out id may be used again by FAILED_ONLY."""
    await d.close_event(await d.start(workflow_run_timeout=1))
    await _reuse_policies(d, refused=["REJECT_DUPLICATE"], allowed="ALLOW_DUPLICATE_FAILED_ONLY")


@scenario(rules="8")
async def reuse_terminate_if_running(d: Driver) -> None:
    """The deprecated TERMINATE_IF_RUNNING means conflict TERMINATE_EXISTING and cannot be joined with a conflict policy."""
    run = await d.start()
    policy = Reuse.WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING
    await d.refused(d.stub.StartWorkflowExecution(d.start_request(
        request_id="both", workflow_id_reuse_policy=policy,
        workflow_id_conflict_policy=Conflict.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING)), message=True)
    d.record("open", await d.stub.StartWorkflowExecution(
        d.start_request(request_id="open", workflow_id_reuse_policy=policy)))
    (await d.history(run)).shows("WorkflowExecutionTerminated")
    await d.step(complete())
    d.record("closed", await d.stub.StartWorkflowExecution(
        d.start_request(request_id="closed", workflow_id_reuse_policy=policy)))


@scenario(rules="11")
async def timeouts_are_clamped(d: Driver) -> None:
    """A task time-out is capped at 120 s, a run time-out at the execution time-out; a huge one is accepted."""
    await d.history(await d.start("task", workflow_task_timeout=500), "task time-out 500 s")
    await d.history(await d.start("run", workflow_run_timeout=500, workflow_execution_timeout=300), "run 500 s of 300 s")
    await d.history(await d.start("execution", workflow_execution_timeout=300, workflow_task_timeout=None), "execution only")
    await d.history(await d.start("huge", workflow_run_timeout=200 * 365 * 86400), "200 years")


@scenario(rules="11-12, 50", slow=True)
async def run_timeout(d: Driver) -> None:
    """A run time-out closes the run as timed out; a started workflow task is failed first."""
    idle = await d.start("idle", workflow_run_timeout=1, queue=d.name("other-queue"))
    busy = await d.start("busy", workflow_run_timeout=10)
    await d.poll()
    await d.signal(busy, "buffered")
    await d.close_event(idle)
    await d.history(idle, "idle")
    await d.close_event(busy)
    (await d.history(busy, "busy")).shows(
        "WorkflowTaskFailed", "WorkflowExecutionSignaled", "WorkflowExecutionTimedOut")


@scenario(rules="12", slow=True)
async def execution_timeout_covers_the_chain(d: Driver) -> None:
    """The execution time-out runs over all runs of a chain and ends the last one, with no further run."""
    first = await d.start(workflow_execution_timeout=12, workflow_run_timeout=10,
                          retry_policy=retry(initial=1, maximum_attempts=10))
    await passing(OVER_A_SECOND)
    await d.step(continue_as_new(
        "order", workflow_run_timeout=100, retry_policy=retry(initial=1, maximum_attempts=10)))
    closed = await d.close_event(first)
    second = Run(first.id, closed.workflow_execution_continued_as_new_event_attributes.new_execution_run_id)
    await d.close_event(second)
    await d.history(first, "first")
    (await d.history(second, "second")).shows("WorkflowExecutionTimedOut")


@scenario(rules="12, 18-19")
async def run_timeout_restarts_with_each_run(d: Driver) -> None:
    """A run that times out is retried under a retry policy, with a run time-out of its own."""
    first = await d.start(workflow_run_timeout=1, retry_policy=retry(initial=1, maximum_attempts=2))
    closed = await d.close_event(first)
    second = Run(first.id, closed.workflow_execution_timed_out_event_attributes.new_execution_run_id)
    await d.close_event(second)
    await d.history(first, "first")
    await d.history(second, "second")


@scenario(rules="13")
async def cron_with_delay(d: Driver) -> None:
    """A cron schedule and a start delay exclude each other."""
    await d.refused(d.stub.StartWorkflowExecution(d.start_request(cron_schedule="* * * * *", workflow_start_delay=5)),
                    message=True)


@scenario(rules="13")
async def names_have_limits(d: Driver) -> None:
    """Ids and names of over 1000 bytes are refused, naming the field; so are reserved task queues."""
    long = "x" * 1001
    for field, fields in (("workflow_id", dict(workflow_id=long)), ("request_id", dict(request_id=long)),
                          ("workflow_type", dict(type=long)), ("task_queue", dict(queue=long))):
        await d.refused(d.stub.StartWorkflowExecution(d.start_request(**fields)), field, naming=field)
    await d.refused(d.stub.StartWorkflowExecution(d.start_request(queue="/_sys/mine")), "reserved")
    await d.history(await d.start(workflow_id=("y" * 1000 + d.name())[-1000:]), "1000 bytes")


@scenario(rules="14, 83")
async def signal_with_start_of_an_open_run(d: Driver) -> None:
    """Signal-with-start on an open run only signals, once for each request id."""
    run = await d.start()
    request = _signal_with_start(d, "second")
    answer = await d.stub.SignalWithStartWorkflowExecution(request)
    assert answer.run_id == run.run_id and not answer.started
    d.record("answer", answer)
    d.record("repeated", await d.stub.SignalWithStartWorkflowExecution(request))
    await d.history(run)


@scenario(rules="14")
async def signal_with_start_starts(d: Driver) -> None:
    """With no open run, signal-with-start writes Started, Signaled and WorkflowTaskScheduled in one batch."""
    answer = await d.stub.SignalWithStartWorkflowExecution(_signal_with_start(d, "first"))
    d.record("absent", answer)
    run = Run(d.name(), answer.run_id)
    (await d.history(run, "absent")).shows(
        "WorkflowExecutionStarted", "WorkflowExecutionSignaled", "WorkflowTaskScheduled")
    await d.step(complete())
    answer = await d.stub.SignalWithStartWorkflowExecution(_signal_with_start(d, "second"))
    d.record("closed", answer)
    await d.history(Run(run.id, answer.run_id), "closed")


@scenario(rules="14, 84", slow=True)
async def signal_with_start_delayed(d: Driver) -> None:
    """Signal-with-start with a delay records the signal at once and schedules the task when the delay is over."""
    answer = await d.stub.SignalWithStartWorkflowExecution(
        _signal_with_start(d, "first", workflow_start_delay=seconds(10)))
    run = Run(d.name(), answer.run_id)
    (await d.history(run, "at once")).lacks("WorkflowTaskScheduled")
    await d.step(complete())
    await d.history(run)


@scenario(rules="7, 14")
async def signal_with_start_refused(d: Driver) -> None:
    """Signal-with-start obeys the reuse policy when the latest run is closed."""
    await d.start()
    await d.step(complete())
    await d.refused(d.stub.SignalWithStartWorkflowExecution(_signal_with_start(
        d, "again", workflow_id_reuse_policy=Reuse.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE)), message=True)


@scenario(rules="4, 44")
async def eager_start(d: Driver) -> None:
    """An eager start hands its first workflow task to the caller, again for the same request id, until it is done."""
    request = d.start_request(request_eager_execution=True)
    answer = await d.stub.StartWorkflowExecution(request)
    d.record("started", answer)
    d.record("again", await d.stub.StartWorkflowExecution(request))
    await d.complete(answer.eager_workflow_task, complete("done"))
    d.record("when closed", await d.stub.StartWorkflowExecution(request))
    await d.history(Run(d.name(), answer.run_id))


async def _reuse_policies(d: Driver, refused: list[str], allowed: str) -> None:
    """Tries the policies on a closed run: those that must be refused, then one that must be allowed."""
    for policy in refused:
        await d.refused(d.stub.StartWorkflowExecution(d.start_request(
            request_id=policy, workflow_id_reuse_policy=Reuse.Value("WORKFLOW_ID_REUSE_POLICY_" + policy))),
            policy, message=True)
    answer = await d.stub.StartWorkflowExecution(d.start_request(
        request_id=allowed, workflow_id_reuse_policy=Reuse.Value("WORKFLOW_ID_REUSE_POLICY_" + allowed)))
    d.record(allowed, answer)
    await d.history(Run(d.name(), answer.run_id))


def _signal_with_start(d: Driver, request_id: str, **fields: Any) -> SignalWithStartWorkflowExecutionRequest:
    return SignalWithStartWorkflowExecutionRequest(**dict(
        namespace=NAMESPACE, workflow_id=d.name(), workflow_type=WorkflowType(name="order"),
        task_queue=TaskQueue(name=d.queue), identity="client", request_id=request_id, input=payloads("in"),
        signal_name="go", signal_input=payloads("signal")) | fields)


@scenario(rules="3, 147")
async def empty_is_not_absent(d: Driver) -> None:
    """What a start, a child or a continue-as-new gives as an empty message is kept as the reference keeps it."""
    nothing = dict(memo=Memo(), header=Header(), search_attributes=SearchAttributes(), input=Payloads())
    run = await d.start(**nothing)
    await d.signal(run, "go", input=Payloads(), header=Header())
    await passing(OVER_A_SECOND)
    await d.step(d.child(**nothing), d.activity("1", input=Payloads(), header=Header()))
    await d.until(run, "ChildWorkflowExecutionStarted")
    await d.until(Run(d.name("child")), "WorkflowTaskScheduled")
    await d.complete(await d.poll(), continue_as_new("order", **nothing))
    await d.close_event(Run(d.name("child")))
    await d.history(run, "first")
    await d.history(Run(run.id), "second")
    await d.history(Run(d.name("child")), "child")
    await d.describe(Run(run.id))


@scenario(rules="12", slow=True)
async def delay_does_not_count_against_the_run(d: Driver) -> None:
    """The run time-out of a delayed start begins when the delay is over."""
    run = await d.start(workflow_start_delay=4, workflow_run_timeout=3)
    closed = await d.close_event(run)
    events = await d.history(run)
    events.shows("WorkflowTaskScheduled", "WorkflowExecutionTimedOut")
    lasted = closed.event_time.ToDatetime() - events[0].event_time.ToDatetime()
    assert lasted.total_seconds() >= 6.9, lasted


@scenario(rules="6, 8, 14")
async def signal_with_start_policies(d: Driver) -> None:
    """Signal-with-start may end the open run and start another; of the conflict policies it knows not all."""
    run = await d.start()
    terminate = Conflict.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING
    answer = await d.stub.SignalWithStartWorkflowExecution(
        _signal_with_start(d, "again", workflow_id_conflict_policy=terminate))
    d.record("terminated", answer)
    await d.history(run, "old")
    await d.history(Run(run.id, answer.run_id), "new")
    for label, fields in (
        ("fail", dict(workflow_id_conflict_policy=Conflict.WORKFLOW_ID_CONFLICT_POLICY_FAIL)),
        ("terminate if running", dict(workflow_id_reuse_policy=Reuse.WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING)),
    ):
        await d.outcome(d.stub.SignalWithStartWorkflowExecution(_signal_with_start(d, label, **fields)), label)
    await d.history(Run(run.id), "latest")


@scenario(rules="3, 10, 147")
async def links_and_priority(d: Driver) -> None:
    """Links and a priority given with a start are kept, go on to activities and children, and more links can be attached."""
    link = Link(workflow_event=Link.WorkflowEvent(namespace=NAMESPACE, workflow_id="other", run_id="other-run"))
    priority = Priority(priority_key=2, fairness_key="tenant", fairness_weight=2)
    run = await d.start(links=[link], priority=priority)
    await d.signal(run, links=[link])
    answer = await d.stub.StartWorkflowExecution(d.start_request(
        request_id="attached", links=[link], workflow_id_conflict_policy=Conflict.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
        on_conflict_options=OnConflictOptions(attach_request_id=True, attach_links=True)))
    d.record("attached", answer)
    await d.step(d.activity("inherits"), d.activity("its own", priority=Priority(priority_key=1)),
                 d.child(), timer("t", 600))
    await d.until(run, "ChildWorkflowExecutionStarted")
    await d.until(Run(d.name("child")), "WorkflowTaskScheduled")
    for task in await d.poll_activities("inherits", "its own"):
        d.record(task.activity_id, task.priority)
    await d.history(run)
    await d.history(Run(d.name("child")), "child")
    await d.describe(run)
    await d.outcome(d.start("bad", priority=Priority(priority_key=-1)), "negative")
    await d.outcome(d.start("bad", priority=Priority(fairness_key="k" * 65)), "long key")
    await d.request_cancel(run, links=[link])
    await d.terminate(run, links=[link])
    await d.history(run, "terminated")
