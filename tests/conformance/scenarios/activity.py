"""Activities: dispatch, time-outs, retries, heartbeats, cancellation, tokens and ids, eager dispatch."""

from temporalio.api.failure.v1 import CanceledFailureInfo, Failure, ServerFailureInfo, TerminatedFailureInfo
from temporalio.api.workflowservice import v1 as api

from .. import commands
from ..commands import activity, cancel_activity, complete, failure, header, payloads, retry, seconds, timer
from ..driver import NAMESPACE, Driver, Run, passing
from ..scenario import scenario


@scenario(rules="55-56, 80")
async def activity_completes(d: Driver) -> None:
    """The poll brings all that was scheduled; Started is written only together with the close."""
    run = await d.start()
    await d.step(d.activity("1", input=payloads("in", "more"), header=header(trace="t"), heartbeat_timeout=20,
                            schedule_to_close_timeout=100, schedule_to_start_timeout=50))
    task = await d.poll_activity()
    d.record("task", task)
    (await d.history(run, "started")).lacks("ActivityTaskStarted")
    await d.describe(run)
    await d.complete_activity(task, "out")
    (await d.history(run, "closed")).shows("ActivityTaskStarted", "ActivityTaskCompleted", "WorkflowTaskScheduled")


@scenario(rules="55, 67, 71", slow=True)
async def activity_retries_then_completes(d: Driver) -> None:
    """A failed attempt is retried without an event; the close event carries the last attempt and failure."""
    run = await d.start()
    await d.step(d.activity("1", retry_policy=retry(initial=5, maximum_attempts=3)))
    await d.fail_activity(await d.poll_activity(), failure("first"))
    await d.describe(run, "between attempts")
    task = await d.poll_activity()
    d.record("second attempt", task)
    await d.complete_activity(task, "out")
    await d.history(run)


@scenario(rules="55, 68")
async def activity_exhausts_attempts(d: Driver) -> None:
    """The last allowed attempt's failure closes the activity, as maximum attempts reached."""
    run = await d.start()
    await d.step(d.activity("1", retry_policy=retry(initial=1, backoff_coefficient=1, maximum_attempts=2)))
    await d.fail_activity(await d.poll_activity(), failure("first"))
    await d.fail_activity(await d.poll_activity(), failure("second"))
    await d.history(run)


@scenario(rules="68, 70")
async def activity_failures_without_retry(d: Driver) -> None:
    """A failure is final by its flag, by its type, and when only one attempt is allowed."""
    run = await d.start()
    await d.step(d.activity("flag"), d.activity("type", retry_policy=retry(non_retryable_error_types=["Fatal"])),
                 d.activity("once", retry_policy=retry(maximum_attempts=1)))
    flag, type, once = await d.poll_activities("flag", "type", "once")
    await d.fail_activity(flag, failure(non_retryable=True))
    await d.fail_activity(type, failure(type="Fatal"))
    await d.fail_activity(once, failure("only chance"))
    await d.history(run)


@scenario(rules="70")
async def kinds_of_failure_and_retry(d: Driver) -> None:
    """A worker may only report application failures; of a chain of causes only the top failure's type counts."""
    run = await d.start()
    await d.step(d.activity("1", retry_policy=retry(initial=1, non_retryable_error_types=["Inner"])))
    task = await d.poll_activity()
    for cause in (Failure(message="c", canceled_failure_info=CanceledFailureInfo()),
                  Failure(message="t", terminated_failure_info=TerminatedFailureInfo()),
                  Failure(message="s", server_failure_info=ServerFailureInfo(non_retryable=True))):
        await d.refused(d.fail_activity(task, cause), cause.WhichOneof("failure_info"), message=True)
    outer = failure("outer", "Outer")
    outer.cause.CopyFrom(failure("inner", "Inner"))
    await d.fail_activity(task, outer)
    await d.complete_activity(await d.poll_activity(), "second attempt")
    await d.history(run)


@scenario(rules="68-69", slow=True)
async def next_retry_delay(d: Driver) -> None:
    """A failure may name the delay before the next attempt, over the policy's interval and its cap."""
    run = await d.start()
    await d.step(d.activity("1", retry_policy=retry(initial=600, maximum=600, maximum_attempts=2)))
    await d.fail_activity(await d.poll_activity(), failure(next_retry_delay=seconds(5)))
    await d.describe(run)
    task = await d.poll_activity()
    await d.fail_activity(task, failure("again", next_retry_delay=seconds(1)))
    await d.history(run)


@scenario(rules="68, 72")
async def no_retry_beyond_schedule_to_close(d: Driver) -> None:
    """An attempt that fails when no further one fits before the expiry fails with retry state TIMEOUT."""
    run = await d.start()
    await d.step(d.activity("1", schedule_to_close_timeout=60, retry_policy=retry(initial=90)))
    await d.fail_activity(await d.poll_activity())
    await d.history(run)


@scenario(rules="66, 55", slow=True)
async def schedule_to_start_timeout(d: Driver) -> None:
    """An activity that nobody takes in time is closed as timed out, schedule to start, and not retried."""
    run = await d.start()
    await d.step(d.activity("1", schedule_to_start_timeout=1, retry_policy=retry(maximum_attempts=5)))
    (await d.until(run, "ActivityTaskTimedOut")).lacks("ActivityTaskStarted")
    await d.history(run)


@scenario(rules="66, 68, 70, 72", slow=True)
async def start_to_close_timeout_of_activity(d: Driver) -> None:
    """An attempt out of time is retried; the last one closes the activity with the type it has."""
    run = await d.start()
    await d.step(d.activity("1", start_to_close_timeout=4, retry_policy=retry(initial=1, maximum_attempts=2)))
    first = await d.poll_activity()
    second = await d.poll_activity()
    d.record("second attempt", second)
    await d.refused(d.complete_activity(first), "late", message=True)
    await d.until(run, "ActivityTaskTimedOut")
    await d.history(run)


@scenario(rules="66, 72", slow=True)
async def schedule_to_close_timeout(d: Driver) -> None:
    """Schedule-to-close runs over all attempts; the time-out carries the last attempt's failure as its cause."""
    run = await d.start()
    await d.step(d.activity("1", schedule_to_close_timeout=12, retry_policy=retry(initial=1, backoff_coefficient=1)))
    await d.fail_activity(await d.poll_activity(), failure("the real reason"))
    await d.poll_activity()
    await d.until(run, "ActivityTaskTimedOut")
    await d.history(run)


@scenario(rules="66, 72", slow=True)
async def start_to_close_becomes_schedule_to_close(d: Driver) -> None:
    """When an attempt times out and no further one fits, the type becomes SCHEDULE_TO_CLOSE."""
    run = await d.start()
    await d.step(d.activity("1", start_to_close_timeout=1, schedule_to_close_timeout=50,
                            retry_policy=retry(initial=60)))
    await d.poll_activity()
    await d.until(run, "ActivityTaskTimedOut")
    await d.history(run)


@scenario(rules="70", slow=True)
async def timeouts_named_as_non_retryable(d: Driver) -> None:
    """A policy may name time-outs among the failures that it does not retry."""
    run = await d.start()
    await d.step(
        d.activity("1", start_to_close_timeout=2,
                   retry_policy=retry(non_retryable_error_types=["TemporalTimeout:StartToClose"])),
        d.activity("2", heartbeat_timeout=8,
                   retry_policy=retry(non_retryable_error_types=["TemporalTimeout:Heartbeat"])))
    await d.poll_activities("1", "2")
    events = await d.until(run, "ActivityTaskTimedOut", 2)
    events.shows("ActivityTaskTimedOut")
    await d.history(run)


@scenario(rules="73", slow=True)
async def heartbeat_timeout(d: Driver) -> None:
    """Missing heartbeats time an attempt out; the details of the last one come with the next attempt and the close."""
    run = await d.start()
    await d.step(d.activity("1", heartbeat_timeout=6, retry_policy=retry(initial=1, maximum_attempts=2)))
    first = await d.poll_activity()
    await passing(3.5)
    d.record("heartbeat", await d.heartbeat(first, "step 1"))
    await passing(3.5)
    await d.heartbeat(first, "step 2")
    await d.describe(run, "beating")
    second = await d.poll_activity()
    d.record("second attempt", second)
    await d.refused(d.heartbeat(first, "late"), "late", message=True)
    await d.until(run, "ActivityTaskTimedOut")
    await d.history(run)


@scenario(rules="73, 71")
async def heartbeat_details_survive_a_failure(d: Driver) -> None:
    """Heartbeat details, or those sent with the failure, come with the next attempt."""
    run = await d.start()
    await d.step(d.activity("1", retry_policy=retry(initial=1, backoff_coefficient=1)))
    task = await d.poll_activity()
    await d.heartbeat(task, "by heartbeat")
    await d.fail_activity(task)
    task = await d.poll_activity()
    d.record("second attempt", task)
    await d.fail_activity(task, last_heartbeat_details=payloads("by failure"))
    d.record("third attempt", await d.poll_activity())
    await d.describe(run)


@scenario(rules="74-75")
async def cancel_a_started_activity(d: Driver) -> None:
    """A started activity learns of its cancellation by heartbeat and may report canceled."""
    run = await d.start()
    task = await _cancel_requested(d, run)
    await d.describe(run)
    answer = await d.heartbeat(task)
    assert answer.cancel_requested
    d.record("heartbeat", answer)
    await d.cancel_activity(task, "stopped")
    (await d.history(run)).shows("ActivityTaskStarted", "ActivityTaskCanceled", "WorkflowTaskScheduled")


@scenario(rules="68, 75")
async def cancellation_stops_retries(d: Driver) -> None:
    """After a cancel request a failed attempt is final, with retry state CANCEL_REQUESTED."""
    run = await d.start()
    await d.fail_activity(await _cancel_requested(d, run))
    await d.history(run)


@scenario(rules="75")
async def cancelled_activity_may_complete(d: Driver) -> None:
    """After a cancel request the activity may still complete."""
    run = await d.start()
    await d.complete_activity(await _cancel_requested(d, run), "done all the same")
    await d.history(run)


@scenario(rules="75")
async def cancel_between_attempts(d: Driver) -> None:
    """An activity that waits for its next attempt is closed as canceled by the request itself."""
    run = await d.start()
    await d.step(d.activity("1", retry_policy=retry(initial=60)))
    await d.fail_activity(await d.poll_activity())
    await d.signal(run)
    await d.step(cancel_activity(5))
    await d.history(run)


@scenario(rules="75")
async def unrequested_cancellation(d: Driver) -> None:
    """Reporting canceled without a request is refused and changes nothing."""
    run = await d.start()
    await d.step(d.activity("1"))
    task = await d.poll_activity()
    await d.refused(d.cancel_activity(task), message=True)
    await d.complete_activity(task)
    await d.history(run)


@scenario(rules="51, 55, 75")
async def cancel_what_cannot_be_canceled(d: Driver) -> None:
    """Cancelling an activity that was never scheduled, is canceled already or is closed fails the workflow task."""
    run = await d.start()
    await d.step(d.activity("1"), d.activity("2"))
    first, _ = await d.poll_activities("1", "2")
    await d.complete_activity(first)
    await d.step(cancel_activity(6))
    for label, event_id in (("unknown", 77), ("closed", 5), ("twice", 6)):
        await d.signal(run, label)
        await d.refused(d.complete(await d.poll(), cancel_activity(event_id)), label, message=True)
    await d.history(run)


@scenario(rules="74, 76")
async def stale_activity_tokens(d: Driver) -> None:
    """A token of an older attempt, of a closed activity and of a closed run is refused in every answer."""
    run = await d.start()
    await d.step(d.activity("1", retry_policy=retry(initial=1)), d.activity("2"))
    first, other = await d.poll_activities("1", "2")
    await d.fail_activity(first)
    second = await d.poll_activity()
    await _all_refused(d, first, "older attempt")
    await d.complete_activity(second)
    await _all_refused(d, second, "closed activity")
    await d.terminate(run)
    await _all_refused(d, other, "closed run")
    await d.history(run)


@scenario(rules="77")
async def activity_by_id(d: Driver) -> None:
    """An activity can be completed, failed, cancelled and heartbeated by its ids alone."""
    run = await d.start()
    await d.step(*(d.activity(id) for id in ("done", "failed", "canceled", "beating")))
    await d.poll_activities("done", "failed", "canceled", "beating")
    await d.signal(run)
    scheduled = [event.event_id for event in await d.events(run) if event.HasField(
        "activity_task_scheduled_event_attributes") and event.activity_task_scheduled_event_attributes.activity_id == "canceled"]
    await d.step(cancel_activity(scheduled[0]))
    ids = dict(namespace=NAMESPACE, workflow_id=run.id, identity="worker")
    d.record("heartbeat", await d.stub.RecordActivityTaskHeartbeatById(api.RecordActivityTaskHeartbeatByIdRequest(
        activity_id="beating", details=payloads("alive"), **ids)))
    d.record("completed", await d.stub.RespondActivityTaskCompletedById(
        api.RespondActivityTaskCompletedByIdRequest(activity_id="done", result=payloads("out"), **ids)))
    d.record("failed", await d.stub.RespondActivityTaskFailedById(api.RespondActivityTaskFailedByIdRequest(
        activity_id="failed", run_id=run.run_id, failure=failure(non_retryable=True), **ids)))
    d.record("canceled", await d.stub.RespondActivityTaskCanceledById(
        api.RespondActivityTaskCanceledByIdRequest(activity_id="canceled", details=payloads("stopped"), **ids)))
    await d.refused(d.stub.RespondActivityTaskCompletedById(
        api.RespondActivityTaskCompletedByIdRequest(activity_id="nothing", **ids)), "unknown id", message=True)
    await d.describe(run)
    await d.history(run)


@scenario(rules="76-77")
async def activity_by_id_before_it_starts(d: Driver) -> None:
    """By id, an activity that no worker has taken can be completed, and a workflow that is not there is not found."""
    run = await d.start()
    await d.step(commands.activity("1", queue=d.name("nobody"), start_to_close_timeout=60))
    ids = dict(namespace=NAMESPACE, activity_id="1", identity="client", result=payloads("from outside"))
    await d.refused(d.stub.RespondActivityTaskCompletedById(api.RespondActivityTaskCompletedByIdRequest(
        workflow_id=d.name("absent"), **ids)), "unknown workflow")
    try:
        answer = await d.stub.RespondActivityTaskCompletedById(
            api.RespondActivityTaskCompletedByIdRequest(workflow_id=run.id, **ids))
        d.record("completed", answer)
    finally:
        await d.history(run)


@scenario(rules="65, 11")
async def activity_timeouts_are_filled_in(d: Driver) -> None:
    """Missing time-outs follow from the others, all are clamped to the run time-out, heartbeat to start-to-close."""
    run = await d.start(workflow_run_timeout=100)
    await d.step(
        d.activity("s2c", start_to_close_timeout=10),
        d.activity("stc", start_to_close_timeout=0, schedule_to_close_timeout=20),
        d.activity("long", start_to_close_timeout=500, schedule_to_start_timeout=400, heartbeat_timeout=300),
        d.activity("beat", start_to_close_timeout=10, heartbeat_timeout=300),
        d.activity("over", start_to_close_timeout=50, schedule_to_close_timeout=30, schedule_to_start_timeout=40))
    await d.history(run)
    endless = await d.start("endless", queue=d.name("endless-queue"))
    await d.complete(await d.poll(queue=d.name("endless-queue")), activity("1", queue=d.queue, start_to_close_timeout=10))
    await d.history(endless, "no run time-out")


@scenario(rules="67")
async def activity_retry_policy_is_filled_in(d: Driver) -> None:
    """A policy with gaps gets the defaults, and the poll shows it filled in."""
    run = await d.start()
    await d.step(d.activity("none"), d.activity("initial", retry_policy=retry(initial=3)),
                 d.activity("coefficient", retry_policy=retry(backoff_coefficient=1.5, maximum_attempts=7)))
    for task in await d.poll_activities("none", "initial", "coefficient"):
        d.record(task.activity_id, task.retry_policy)
    await d.history(run)


@scenario(rules="30, 51, 65")
async def bad_activity_commands(d: Driver) -> None:
    """An activity without what it needs, or with what makes no sense, fails the workflow task and names the fault."""
    bad = {
        "no time-out": activity("1", queue=d.queue),
        "no queue": activity("1", start_to_close_timeout=5),
        "no id": d.activity(""),
        "no type": d.activity("1", type=""),
        "negative": d.activity("1", heartbeat_timeout=-1),
        "long id": d.activity("x" * 1001),
        "coefficient": d.activity("1", retry_policy=retry(backoff_coefficient=0.5)),
        "attempts": d.activity("1", retry_policy=retry(maximum_attempts=-1)),
        "interval": d.activity("1", retry_policy=retry(initial=10, maximum=5)),
    }
    for number, (label, command) in enumerate(bad.items()):
        queue = d.name(f"q{number}")
        run = await d.start(f"{number}", queue=queue)
        await d.refused(d.complete(await d.poll(queue=queue), command), label, message=True)
        d.record(f"{label}: event", (await d.events(run)).last("WorkflowTaskFailed"))


@scenario(rules="51")
async def duplicate_ids(d: Driver) -> None:
    """An activity or timer id that is pending cannot be used again, in one task or later; a closed one can."""
    run = await d.start()
    await d.refused(d.complete(await d.poll(), d.activity("1"), d.activity("1")), "activity", message=True)
    await d.refused(d.complete(await d.poll(), timer("t", 60), timer("t", 60)), "timer, second attempt", message=True)
    await d.history(run)
    run = await d.start("later", queue=d.name("later-queue"))
    await d.complete(await d.poll(queue=d.name("later-queue")), timer("t", 1))
    await d.complete(await d.poll(queue=d.name("later-queue")), timer("t", 60))
    await d.signal(run)
    await d.refused(d.complete(await d.poll(queue=d.name("later-queue")), timer("t", 60)), "timer later", message=True)
    await d.history(run, "later")


@scenario(rules="79")
async def eager_activity(d: Driver) -> None:
    """Activities asked for eagerly come with the response, started, whatever their queue: the SDK asks only for its own."""
    run = await d.start()
    task = await d.poll()
    answer = await d.complete(
        task, d.activity("here", request_eager_execution=True, input=payloads("in")),
        activity("elsewhere", queue=d.name("other"), start_to_close_timeout=60, request_eager_execution=True),
        d.activity("patient"))
    d.record("response", answer)
    assert [task.activity_id for task in answer.activity_tasks] == ["here", "elsewhere"]
    await d.complete_activity(answer.activity_tasks[0], "out")
    await d.history(run)


@scenario(rules="79")
async def eager_activity_of_a_closing_run(d: Driver) -> None:
    """A run that closes in the same task gets no eager activity."""
    run = await d.start()
    answer = await d.complete(await d.poll(), d.activity("1", request_eager_execution=True), complete())
    assert not answer.activity_tasks
    d.record("response", answer)
    await d.history(run)


@scenario(rules="79, 55")
async def eager_activity_cancelled_at_once(d: Driver) -> None:
    """An activity scheduled and cancelled in one task is closed at once and not handed out."""
    run = await d.start()
    answer = await d.complete(await d.poll(), d.activity("1", request_eager_execution=True), cancel_activity(5))
    d.record("response", answer)
    await d.history(run)


@scenario(rules="78", flood=True)
async def oversize_activity_results(d: Driver) -> None:
    """A result over 2 MiB is taken as a non-retryable failure of the activity; an oversize failure is cut short."""
    run = await d.start()
    await d.step(d.activity("result"), d.activity("failure", retry_policy=retry(maximum_attempts=1)),
                 d.activity("details"))
    result, failed, details = await d.poll_activities("result", "failure", "details")
    huge = "x" * (3 << 20)
    await d.complete_activity(result, huge)
    await d.fail_activity(failed, failure("y" * (3 << 20)))
    try:
        d.record("heartbeat", await d.heartbeat(details, huge))
    finally:
        history = await d.history(run)
    history.shows("ActivityTaskStarted", "ActivityTaskFailed")


@scenario(rules="71")
async def last_failure_is_cut_short_in_describe(d: Driver) -> None:
    """The failure that Describe shows of an activity between attempts is truncated."""
    run = await d.start()
    await d.step(d.activity("1", retry_policy=retry(initial=60)))
    await d.fail_activity(await d.poll_activity(), failure("z" * 20_000))
    await d.describe(run)


@scenario(rules="52", flood=True)
async def pending_activity_limit(d: Driver) -> None:
    """The 2001st pending activity fails the workflow task; the run stays open."""
    run = await d.start(workflow_task_timeout=120)
    await d.step(*[activity(str(number), queue=d.name("nobody"), start_to_close_timeout=60) for number in range(2000)])
    await d.signal(run)
    await d.refused(d.complete(await d.poll(), d.activity("one too many")), message=True)
    d.record("event", (await d.events(run)).last("WorkflowTaskFailed"))
    await d.terminate(run)


@scenario(rules="49", flood=True)
async def oversize_command(d: Driver) -> None:
    """A command's payload over 2 MiB fails the task and ends the run."""
    run = await d.start()
    huge = payloads("x" * (3 << 20))
    await d.refused(d.complete(await d.poll(), d.activity("1", input=huge)), message=True)
    await d.close_event(run)
    await d.history(run)


@scenario(rules="23, 55, 75")
async def cancel_an_activity_whose_close_is_buffered(d: Driver) -> None:
    """A cancel command that crosses with the activity's completion is accepted."""
    run = await d.start()
    await d.step(d.activity("1"))
    task = await d.poll_activity()
    await d.signal(run)
    workflow_task = await d.poll()
    await d.complete_activity(task, "just in time")
    await d.complete(workflow_task, cancel_activity(5))
    await d.history(run)


@scenario(rules="66, 71", slow=True)
async def schedule_to_start_of_a_later_attempt(d: Driver) -> None:
    """Schedule-to-start is measured anew for a retry that nobody takes."""
    run = await d.start()
    await d.step(d.activity("1", schedule_to_start_timeout=8, retry_policy=retry(initial=1)))
    await d.fail_activity(await d.poll_activity(), failure("first"))
    await d.until(run, "ActivityTaskTimedOut")
    await d.history(run)


@scenario(rules="50, 66", slow=True)
async def run_timeout_ends_activities(d: Driver) -> None:
    """A run that times out takes its activities along."""
    run = await d.start(workflow_run_timeout=10)
    await d.step(d.activity("1"))
    task = await d.poll_activity()
    await d.close_event(run)
    await d.refused(d.complete_activity(task), message=True)
    await d.history(run)


async def _cancel_requested(d: Driver, run: Run) -> api.PollActivityTaskQueueResponse:
    """The task of an activity that is started and whose cancellation the workflow has asked for."""
    await d.step(d.activity("1"))
    task = await d.poll_activity()
    await d.signal(run)
    await d.step(cancel_activity(5))
    return task


async def _all_refused(d: Driver, task: api.PollActivityTaskQueueResponse, label: str) -> None:
    for name, call in (("complete", d.complete_activity(task)), ("fail", d.fail_activity(task)),
                       ("cancel", d.cancel_activity(task)), ("heartbeat", d.heartbeat(task))):
        await d.refused(call, f"{label}: {name}", message=True)


@scenario(rules="67, 71", slow=True)
async def retry_interval_grows_to_its_maximum(d: Driver) -> None:
    """The delay before each attempt is the one before times the coefficient, up to the maximum."""
    run = await d.start()
    await d.step(d.activity("1", retry_policy=retry(initial=3, backoff_coefficient=1.5, maximum=4)))
    for attempt in ("first", "second", "third"):
        await d.fail_activity(await d.poll_activity(), failure(attempt))
        described = await d.describe(run, f"after the {attempt}")
        pending = described.pending_activities[0]
        delay = pending.next_attempt_schedule_time.ToDatetime() - pending.last_attempt_complete_time.ToDatetime()
        d.record("delay", round(delay.total_seconds(), 1))


@scenario(rules="68, 70")
async def order_of_reasons_not_to_retry(d: Driver) -> None:
    """Of several reasons why a failure is final, the reference names one: by flag or type before attempts, before time."""
    run = await d.start()
    await d.step(d.activity("flag and last", retry_policy=retry(maximum_attempts=1)),
                 d.activity("type and time", schedule_to_close_timeout=60,
                            retry_policy=retry(initial=90, non_retryable_error_types=["Boom"])),
                 d.activity("last and time", schedule_to_close_timeout=60,
                            retry_policy=retry(initial=90, maximum_attempts=1)))
    flag, type, last = await d.poll_activities("flag and last", "type and time", "last and time")
    await d.fail_activity(flag, failure(non_retryable=True))
    await d.fail_activity(type)
    await d.fail_activity(last)
    await d.history(run)


@scenario(rules="71, 80, 142")
async def describe_everything_pending(d: Driver) -> None:
    """A run's description tells of its workflow task, of activities in every state, and of children."""
    run = await d.start()
    await d.step(d.activity("started"), d.activity("backing off", retry_policy=retry(initial=600)),
                 d.activity("to be canceled"), activity("waiting", queue=d.name("nobody"), start_to_close_timeout=60),
                 d.child())
    await d.until(run, "ChildWorkflowExecutionStarted")
    _, failing, _ = await d.poll_activities("started", "backing off", "to be canceled")
    await d.fail_activity(failing, failure("not yet"))
    await d.describe(run, "a task is scheduled")
    task = await d.poll()
    await d.describe(run, "a task is started")
    scheduled = [event.event_id for event in task.history.events
                 if event.activity_task_scheduled_event_attributes.activity_id == "to be canceled"]
    await d.complete(task, cancel_activity(scheduled[0]))
    await d.describe(run, "no task")
