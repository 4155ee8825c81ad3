"""Workflow tasks: one at a time, buffered events, attempts, transient tasks, time-outs, heartbeats, limits."""

from temporalio.api.common.v1 import MeteringMetadata, WorkerVersionCapabilities, WorkerVersionStamp
from temporalio.api.enums.v1 import EventType
from temporalio.api.sdk.v1 import UserMetadata, WorkflowTaskCompletedMetadata
from temporalio.api.workflowservice import v1 as api

from .. import commands
from ..commands import cancel, cancel_timer, complete, continue_as_new, fail, failure, marker, payload, payloads, timer
from ..driver import NAMESPACE, POLL_SECONDS, Driver
from ..scenario import scenario

STARTED = EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED


@scenario(rules="21, 23-25, 64")
async def flush_puts_completions_last(d: Driver) -> None:
    """Events that come while a task is started follow its commands: all in order, but completions behind the others.

    An activity's Started event is no completion: it keeps its place, apart from its Completed event.
    """
    run = await d.start()
    await d.step(d.activity("1"), d.activity("2"))
    first, second = await d.poll_activities("1", "2")
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


@scenario(rules="21-22, 41-42")
async def one_task_for_many_signals(d: Driver) -> None:
    """Events that come before a task is started are written at once and delivered by it: no second task."""
    run = await d.start()
    await d.signal(run, "first")
    await d.signal(run, "second")
    task = await d.poll()
    d.record("task", task)
    await d.complete(task)
    await d.no_task()
    await d.history(run)


@scenario(rules="25, 57", slow=True)
async def flush_order_of_every_kind(d: Driver) -> None:
    """Of what is buffered, activity closes go last; signals, timers and cancel requests keep their order."""
    run = await d.start()
    await d.step(d.activity("1"), d.activity("2", heartbeat_timeout=60), timer("t", 8))
    first, second = await d.poll_activities("1", "2")
    await d.signal(run, "wake")
    task = await d.poll()
    before_it_fires = await d.transitions(run)
    await d.until_changed(run, before_it_fires)
    await d.complete_activity(first, "one")
    await d.signal(run, "second")
    await d.request_cancel(run, reason="third")
    await d.fail_activity(second, failure(non_retryable=True))
    await d.signal(run, "fourth")
    await d.complete(task, marker())
    await d.history(run)


@scenario(rules="27, 57", slow=True)
async def cancel_timer_unblocks_close(d: Driver) -> None:
    """Cancelling a timer whose firing is buffered drops that firing, so that the run may close in the same task."""
    run = await d.start()
    await d.step(timer("t", 8))
    await d.signal(run)
    task = await d.poll()
    await d.until_changed(run, await d.transitions(run))
    await d.complete(task, cancel_timer("t"), complete("no timer"))
    (await d.history(run)).shows("WorkflowTaskCompleted", "TimerCanceled", "WorkflowExecutionCompleted")


@scenario(rules="27, 34", slow=True)
async def timer_blocks_close(d: Driver) -> None:
    """A firing that is buffered and not cancelled stops a close like any other event."""
    run = await d.start()
    await d.step(timer("t", 8))
    await d.signal(run)
    task = await d.poll()
    await d.until_changed(run, await d.transitions(run))
    await d.refused(d.complete(task, complete("too early")), message=True)
    (await d.history(run)).shows("WorkflowTaskFailed", "TimerFired", "WorkflowTaskScheduled")


@scenario(rules="27")
async def unhandled_command_for_each_close(d: Driver) -> None:
    """Fail, cancel and continue-as-new are held back by buffered events too."""
    for name, command in (("fail", fail()), ("cancel", cancel()), ("again", continue_as_new("order"))):
        run = await d.start(name, queue=d.name(name + "-queue"))
        task = await d.poll(queue=d.name(name + "-queue"))
        await d.signal(run)
        await d.refused(d.complete(task, command), name, message=True)
        await d.history(run, name)


@scenario(rules="28, 30")
async def close_must_be_last(d: Driver) -> None:
    """A command after a closing one fails the task."""
    run = await d.start()
    task = await d.poll()
    await d.refused(d.complete(task, complete("done"), timer()), message=True)
    await d.history(run)


@scenario(rules="29, 76")
async def token_is_used_once(d: Driver) -> None:
    """A workflow task's token is good for one answer, of either kind, and for nothing once the run is closed."""
    run = await d.start()
    task = await d.poll()
    await d.complete(task, timer("t", 600))
    await d.refused(d.complete(task, timer("u", 600)), "completed again", message=True)
    await d.refused(d.fail_task(task), "failed afterwards", message=True)
    await d.signal(run)
    late = await d.poll()
    await d.terminate(run)
    await d.refused(d.complete(late), "completed when closed", message=True)
    await d.refused(d.fail_task(late), "failed when closed", message=True)
    await d.history(run)


@scenario(rules="30, 32, 42")
async def transient_task(d: Driver) -> None:
    """Only the first failure is written; later attempts are shown to the worker, and written when one completes."""
    run = await d.start()
    await d.fail_task(await d.poll())
    second = await d.poll()
    d.record("second attempt", second)
    await d.describe(run)
    await d.fail_task(second)
    third = await d.poll()
    d.record("third attempt", third)
    (await d.history(run, "before")).shows("WorkflowTaskFailed")
    await d.complete(third, complete("at last"))
    await d.history(run, "after")


@scenario(rules="33")
async def transient_task_becomes_normal(d: Driver) -> None:
    """An event that comes before a later attempt starts makes it a normal first attempt."""
    run = await d.start()
    await d.fail_task(await d.poll())
    await d.signal(run)
    task = await d.poll()
    assert task.attempt == 1
    d.record("task", task)
    await d.complete(task)
    await d.history(run)


@scenario(rules="32-33")
async def signal_during_transient_task(d: Driver) -> None:
    """A signal that comes while a later attempt is started is buffered; its failure flushes it into a first attempt."""
    run = await d.start()
    await d.fail_task(await d.poll())
    second = await d.poll()
    await d.signal(run)
    await d.history(run, "during")
    await d.fail_task(second)
    await d.history(run, "flushed")
    third = await d.poll()
    d.record("third", third)
    await d.complete(third, complete())
    await d.history(run, "closed")


@scenario(rules="34")
async def failure_flushes_the_buffer(d: Driver) -> None:
    """A failed task with buffered events is followed by a normal first attempt behind those events."""
    run = await d.start()
    task = await d.poll()
    await d.signal(run, "buffered")
    await d.fail_task(task)
    (await d.history(run)).shows("WorkflowTaskFailed", "WorkflowExecutionSignaled", "WorkflowTaskScheduled")
    task = await d.poll()
    assert task.attempt == 1
    d.record("task", task)


@scenario(rules="49-50")
async def completion_too_large_to_send(d: Driver) -> None:
    """A worker that reports its completion as too large for a message ends the run: the next would be as large."""
    run = await d.start()
    task = await d.poll()
    await d.signal(run, "buffered")
    await d.fail_task(task, kind="GRPC_MESSAGE_TOO_LARGE")
    await d.history(run)


@scenario(rules="30-31, 36, 65", slow=True)
async def bad_command_on_a_later_attempt(d: Driver) -> None:
    """A command refused on a later attempt writes nothing and leaves the task to its time-out."""
    run = await d.start(workflow_task_timeout=6)
    await d.refused(d.complete(await d.poll(), commands.activity("1", queue=d.queue)), "first", message=True)
    second = await d.poll()
    await d.refused(d.complete(second, commands.activity("1", queue=d.queue)), "second", message=True)
    d.record("retried after", (await d.poll()).attempt)
    await d.history(run)


@scenario(rules="36-37", slow=True)
async def start_to_close_timeout(d: Driver) -> None:
    """A task that is not answered in time is written as timed out once and offered again as a later attempt."""
    run = await d.start(workflow_task_timeout=5)
    first = await d.poll()
    second = await d.poll()
    assert second.attempt == 2
    await d.refused(d.complete(first), "late answer", message=True)
    third = await d.poll()
    assert third.attempt == 3
    await d.complete(third, complete())
    (await d.history(run)).shows("WorkflowTaskTimedOut", "WorkflowTaskScheduled", "WorkflowTaskStarted")


@scenario(rules="36-37", slow=True)
async def timeout_flushes_the_buffer(d: Driver) -> None:
    """A signal buffered behind a task that times out is delivered by the next, a normal first attempt."""
    run = await d.start(workflow_task_timeout=5)
    await d.poll()
    await d.signal(run)
    task = await d.poll()
    d.record("task", task)
    await d.history(run)


@scenario(rules="46, 121")
async def one_poller_gets_the_task(d: Driver) -> None:
    """A task that one poller was given is given to no other while it is started."""
    run = await d.start()
    task = await d.poll()
    await d.no_task()
    await d.complete(task, complete())
    await d.history(run)


@scenario(rules="45, 55")
async def new_task_after_canceling_unstarted_activity(d: Driver) -> None:
    """Cancelling an activity that never started closes it at once and makes another workflow task."""
    run = await d.start()
    await d.step(commands.activity("1", queue=d.name("nobody"), start_to_close_timeout=60))
    await d.signal(run)
    await d.step(commands.cancel_activity(5))
    task = await d.poll()
    d.record("task", task)
    await d.complete(task, complete())
    (await d.history(run)).shows("ActivityTaskCancelRequested", "ActivityTaskCanceled", "WorkflowTaskScheduled")


@scenario(rules="43-45")
async def heartbeat(d: Driver) -> None:
    """A completion may force another task, which comes through the queue or inside the response."""
    run = await d.start()
    await d.step(force_create_new_workflow_task=True)
    task = await d.poll()
    answer = await d.complete(task, force_create_new_workflow_task=True, return_new_workflow_task=True)
    d.record("inline", answer)
    await d.complete(answer.workflow_task, complete())
    (await d.history(run)).shows("WorkflowTaskCompleted", "WorkflowTaskScheduled", "WorkflowTaskStarted")


@scenario(rules="41, 44")
async def inline_next_task(d: Driver) -> None:
    """With events waiting, a completion that asks for it gets its next task in the response, started."""
    run = await d.start()
    task = await d.poll()
    await d.signal(run, "waiting")
    answer = await d.complete(task, timer("t", 600), sticky=True, return_new_workflow_task=True)
    d.record("next", answer)
    answer = await d.complete(answer.workflow_task, sticky=True, return_new_workflow_task=True)
    d.record("no next", answer)
    await d.history(run)


@scenario(rules="50, 85")
async def terminate_a_started_task(d: Driver) -> None:
    """Termination fails a started task and flushes its buffer before the closing event."""
    run = await d.start()
    await d.poll()
    await d.signal(run, "buffered")
    await d.terminate(run, details=payloads("why"))
    (await d.history(run)).shows("WorkflowTaskFailed", "WorkflowExecutionSignaled", "WorkflowExecutionTerminated")


@scenario(rules="54")
async def sdk_metadata(d: Driver) -> None:
    """What the SDK says about itself on a completion comes back in the history, word for word."""
    run = await d.start()
    await d.step(sdk_metadata=WorkflowTaskCompletedMetadata(
        core_used_flags=[1, 3], lang_used_flags=[7], sdk_name="sdk", sdk_version="1.2"),
        metering_metadata=MeteringMetadata(nonfirst_local_activity_execution_attempts=2))
    await d.history(run)


@scenario(rules="53")
async def user_metadata(d: Driver) -> None:
    """Summaries and details go with the start and with commands into their events."""
    said = UserMetadata(summary=payload("a summary"), details=payload("the details"))
    run = await d.start(user_metadata=said)
    asked = [timer("t", 600), d.activity("1"), d.child(), marker()]
    for command in asked:
        command.user_metadata.CopyFrom(said)
    await d.step(*asked)
    await d.until(run, "ChildWorkflowExecutionStarted")
    await d.history(run)
    await d.describe(run)


@scenario(rules="47", flood=True)
async def suggests_continue_as_new(d: Driver) -> None:
    """From 4096 events on, a started task suggests to continue as new."""
    run = await d.start()
    await d.step(*[marker(f"m{number}") for number in range(4093)])
    await d.signal(run)
    task = await d.poll()
    await d.complete(task, complete())
    d.record("started events", [event.workflow_task_started_event_attributes
                                for event in await d.events(run) if event.event_type == STARTED])


@scenario(rules="48", flood=True)
async def history_limit(d: Driver) -> None:
    """A history that outgrows 51 200 events is ended by the server."""
    run = await d.start()
    task = await d.poll()
    for _ in range(10):
        answer = await d.complete(task, *[marker("m") for _ in range(5_000)], force_create_new_workflow_task=True,
                                  return_new_workflow_task=True, sticky=True)
        task = answer.workflow_task
    await d.refused(d.complete(task, *[marker("m") for _ in range(5_000)]), message=True)
    page = await d.stub.GetWorkflowExecutionHistoryReverse(api.GetWorkflowExecutionHistoryReverseRequest(
        namespace=NAMESPACE, execution=run.execution(), maximum_page_size=3))
    d.record("end", list(page.history.events)[:3])


@scenario(rules="26", flood=True)
async def buffer_limit(d: Driver) -> None:
    """More than 100 buffered events fail the started task, so that they are written."""
    run = await d.start()
    task = await d.poll()
    for number in range(102):
        await d.signal(run, f"s{number}")
    await d.refused(d.complete(task), message=True)
    await d.history(run)


@scenario(rules="27, 31, 34")
async def unhandled_command_on_a_later_attempt(d: Driver) -> None:
    """A close held back by a signal on a later attempt flushes it and makes a normal first attempt."""
    run = await d.start()
    await d.fail_task(await d.poll())
    second = await d.poll()
    await d.signal(run)
    await d.refused(d.complete(second, complete("too early")), message=True)
    await d.history(run, "flushed")
    await d.step(complete("now"))
    await d.history(run, "closed")


@scenario(rules="23, 27, 85")
async def cancel_request_blocks_close(d: Driver) -> None:
    """A buffered cancel request holds back a close like any other event."""
    run = await d.start()
    task = await d.poll()
    await d.request_cancel(run, reason="please")
    await d.refused(d.complete(task, complete("too early")), message=True)
    await d.step(cancel())
    await d.history(run)


@scenario(rules="24, 32")
async def commands_of_a_transient_task(d: Driver) -> None:
    """A later attempt that completes has its Scheduled and Started written before its commands' events."""
    run = await d.start()
    await d.fail_task(await d.poll())
    await d.step(timer("t", 600), d.activity("1"))
    (await d.history(run)).shows("WorkflowTaskFailed", "WorkflowTaskScheduled", "WorkflowTaskStarted",
                                 "WorkflowTaskCompleted", "TimerStarted", "ActivityTaskScheduled")


@scenario(rules="32, 41, 44")
async def inline_task_on_request_only(d: Driver) -> None:
    """Without asking for it, the next task comes through the queue even when events wait."""
    run = await d.start()
    task = await d.poll()
    await d.signal(run)
    answer = await d.complete(task, timer("t", 600))
    d.record("answer", answer)
    task = await d.poll()
    d.record("task", task)
    await d.complete(task, complete())
    await d.history(run)


@scenario(rules="36-37", slow=True)
async def time_out_grows_with_attempts(d: Driver) -> None:
    """From the fourth attempt on a task's time-out grows, 5 s and then twice that each time, and that time it has.

    The reference takes off up to a fifth of what is added, at random; so only the bounds are compared.
    """
    run = await d.start(workflow_task_timeout=8)
    for attempt in range(1, 6):
        task = await d.poll()
        assert task.attempt == attempt
        if attempt > 3:
            scheduled = task.history.events[-2].workflow_task_scheduled_event_attributes
            timeout, added = scheduled.start_to_close_timeout.ToTimedelta().total_seconds(), 5 * 2 ** (attempt - 4)
            d.record(f"attempt {attempt}", [8 + 0.8 * added <= timeout <= 8 + added, added])
            if attempt == 4:
                granted, started = timeout, task.started_time.ToDatetime()
                continue  # nobody answers this one
            took = (task.started_time.ToDatetime() - started).total_seconds()
            assert took >= granted - 0.1, (took, granted)
            await d.complete(task, complete())
        else:
            await d.fail_task(task)
    d.record("events", (await d.events(run)).names())


@scenario(rules="54, 80")
async def build_of_a_worker(d: Driver) -> None:
    """What workers say of their build comes back where the reference has it, in whichever field they say it."""
    stamp, versioning = WorkerVersionStamp(build_id="b1"), WorkerVersionCapabilities(build_id="b1")
    run = await d.start()
    poll = d.poll_request()
    poll.binary_checksum = "c1"
    task = await d.stub.PollWorkflowTaskQueue(poll, timeout=POLL_SECONDS)
    await d.complete(task, d.activity("1"), d.activity("2"), binary_checksum="c1")
    await d.history(run, "named by a checksum")
    poll_activity = d.poll_activity_request()
    poll_activity.worker_version_capabilities.CopyFrom(versioning)
    tasks = [await d.stub.PollActivityTaskQueue(poll_activity, timeout=POLL_SECONDS) for _ in range(2)]
    first, second = (task.task_token for task in sorted(tasks, key=lambda task: task.activity_id))
    await d.describe(run, "the activities run")
    worker = dict(namespace=NAMESPACE, identity="worker", worker_version=stamp)
    await d.stub.RespondActivityTaskCompleted(api.RespondActivityTaskCompletedRequest(task_token=first, **worker))
    await d.stub.RespondActivityTaskFailed(api.RespondActivityTaskFailedRequest(
        task_token=second, failure=failure(non_retryable=True), **worker))
    poll = d.poll_request()
    poll.worker_version_capabilities.CopyFrom(versioning)
    task = await d.stub.PollWorkflowTaskQueue(poll, timeout=POLL_SECONDS)
    await d.complete(task, worker_version_stamp=stamp)
    await d.describe(run, "after a stamp")
    await d.signal(run)
    await d.step()
    await d.signal(run)
    task = await d.poll()
    await d.stub.RespondWorkflowTaskFailed(api.RespondWorkflowTaskFailedRequest(
        namespace=NAMESPACE, task_token=task.task_token, identity="worker", failure=failure(), worker_version=stamp,
        binary_checksum="c1"))
    await d.history(run, "named by a stamp")
    await d.describe(run, "in the end")
