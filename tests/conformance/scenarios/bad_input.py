"""Bad input: a clear status that names the field, and nothing changed."""

from temporalio.api.common.v1 import WorkflowType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice import v1 as api

from ..commands import complete, keywords, memo, payloads, retry, seconds
from ..driver import NAMESPACE, Driver, Run
from ..scenario import scenario

NOWHERE = "no-such-namespace"


@scenario(rules="13, 142")
async def start_without_what_it_needs(d: Driver) -> None:
    """A start without a workflow id, type or task queue is refused, naming what is missing; nothing starts."""
    await d.refused(d.stub.StartWorkflowExecution(d.start_request(workflow_id="")), naming="workflow_id")
    await d.refused(d.stub.StartWorkflowExecution(d.start_request(workflow_type=None)), naming="workflow_type")
    await d.refused(d.stub.StartWorkflowExecution(d.start_request(type="")), naming="workflow_type")
    await d.refused(d.stub.StartWorkflowExecution(d.start_request(task_queue=None)), naming="task_queue")
    await d.refused(d.events(Run(d.name())), "nothing started")


@scenario(rules="11, 142")
async def negative_durations(d: Driver) -> None:
    """A negative time-out or delay is refused by name."""
    for field in ("workflow_execution_timeout", "workflow_run_timeout", "workflow_task_timeout", "workflow_start_delay"):
        await d.refused(d.stub.StartWorkflowExecution(d.start_request(**{field: -5})), field,
                        naming=field.removeprefix("workflow_").replace("start_delay", "WorkflowStartDelay"))


@scenario(rules="11, 142")
async def durations_out_of_range(d: Driver) -> None:
    """A duration whose parts contradict each other is refused."""
    broken = seconds(1)
    broken.nanos = -5
    request = d.start_request()
    request.workflow_run_timeout.CopyFrom(broken)
    await d.refused(d.stub.StartWorkflowExecution(request))


@scenario(rules="19, 142")
async def bad_retry_policies(d: Driver) -> None:
    """A workflow's retry policy that makes no sense is refused, field by field."""
    bad = {"coefficient": retry(backoff_coefficient=0.5), "attempts": retry(maximum_attempts=-1),
           "interval": retry(initial=10, maximum=5), "negative interval": retry(initial=-1)}
    for label, policy in bad.items():
        await d.refused(d.stub.StartWorkflowExecution(d.start_request(retry_policy=policy)), label, message=True)


@scenario(rules="142")
async def bad_cron(d: Driver) -> None:
    """A malformed cron schedule is refused, and says so."""
    await d.refused(d.stub.StartWorkflowExecution(d.start_request(cron_schedule="not cron")), naming="cron")


@scenario(rules="142")
async def unknown_namespace(d: Driver) -> None:
    """Every call in a namespace that does not exist is not found, with a typed detail."""
    where = dict(namespace=NOWHERE)
    execution = Run(d.name()).execution()
    queue = TaskQueue(name=d.queue)
    await d.refused(d.stub.StartWorkflowExecution(d.start_request(**where)), "start", message=True)
    await d.refused(d.stub.SignalWorkflowExecution(api.SignalWorkflowExecutionRequest(
        workflow_execution=execution, signal_name="go", **where)), "signal", message=True)
    await d.refused(d.stub.DescribeWorkflowExecution(api.DescribeWorkflowExecutionRequest(
        execution=execution, **where)), "describe")
    await d.refused(d.stub.GetWorkflowExecutionHistory(api.GetWorkflowExecutionHistoryRequest(
        execution=execution, **where)), "history")
    await d.refused(d.stub.ListWorkflowExecutions(api.ListWorkflowExecutionsRequest(**where)), "list")
    await d.refused(d.stub.PollWorkflowTaskQueue(api.PollWorkflowTaskQueueRequest(task_queue=queue, **where),
                                                 timeout=20), "poll workflow tasks")
    await d.refused(d.stub.PollActivityTaskQueue(api.PollActivityTaskQueueRequest(task_queue=queue, **where),
                                                 timeout=20), "poll activity tasks")


@scenario(rules="142")
async def no_namespace(d: Driver) -> None:
    """A call without a namespace is refused."""
    await d.refused(d.stub.StartWorkflowExecution(d.start_request(namespace="")), "start")
    await d.refused(d.stub.ListWorkflowExecutions(api.ListWorkflowExecutionsRequest()), "list")


@scenario(rules="142")
async def unknown_executions(d: Driver) -> None:
    """Every call about an unknown workflow or run is not found; a malformed run id and an empty id are refused."""
    known = await d.start()
    cases = {"workflow": Run(d.name("absent")), "run": Run(known.id, "11111111-2222-4333-8444-555555555555"),
             "malformed run id": Run(known.id, "not-a-run-id"), "empty id": Run("")}
    for label, run in cases.items():
        await d.refused(d.describe(run), f"{label}: describe")
        await d.refused(d.signal(run), f"{label}: signal")
        await d.refused(d.request_cancel(run), f"{label}: cancel")
        await d.refused(d.terminate(run), f"{label}: terminate")
        await d.refused(d.query(run), f"{label}: query")
        await d.refused(d.stub.DeleteWorkflowExecution(api.DeleteWorkflowExecutionRequest(
            namespace=NAMESPACE, workflow_execution=run.execution())), f"{label}: delete")
        await d.refused(d.stub.ResetStickyTaskQueue(api.ResetStickyTaskQueueRequest(
            namespace=NAMESPACE, execution=run.execution())), f"{label}: reset stickiness")
    await d.history(known)


@scenario(rules="142")
async def no_execution_at_all(d: Driver) -> None:
    """A call that leaves the execution out is refused."""
    await d.refused(d.stub.DescribeWorkflowExecution(api.DescribeWorkflowExecutionRequest(namespace=NAMESPACE)), "describe")
    await d.refused(d.stub.SignalWorkflowExecution(api.SignalWorkflowExecutionRequest(
        namespace=NAMESPACE, signal_name="go")), "signal")
    await d.refused(d.stub.TerminateWorkflowExecution(api.TerminateWorkflowExecutionRequest(
        namespace=NAMESPACE)), "terminate")
    await d.refused(d.stub.GetWorkflowExecutionHistory(api.GetWorkflowExecutionHistoryRequest(
        namespace=NAMESPACE)), "history")


@scenario(rules="13, 142")
async def bad_signals(d: Driver) -> None:
    """A signal without a name, with a long name or a long request id, is refused by name, and the run is untouched."""
    run = await d.start()
    await d.refused(d.signal(run, ""), "no name", naming="signal_name")
    await d.refused(d.signal(run, "x" * 1001), "long name", naming="signal_name")
    await d.refused(d.signal(run, request_id="x" * 1001), "long request id", naming="request_id")
    await d.history(run)


@scenario(rules="13, 14, 142")
async def bad_signal_with_start(d: Driver) -> None:
    """Signal-with-start without an id, type, queue or signal name is refused by name; nothing starts."""
    good = dict(namespace=NAMESPACE, workflow_id=d.name(), workflow_type=WorkflowType(name="order"),
                task_queue=TaskQueue(name=d.queue), signal_name="go")
    for field in ("workflow_id", "workflow_type", "task_queue", "signal_name"):
        rest = {name: value for name, value in good.items() if name != field}
        await d.refused(d.stub.SignalWithStartWorkflowExecution(api.SignalWithStartWorkflowExecutionRequest(**rest)),
                        field, naming=field.removesuffix("_name"))
    await d.refused(d.events(Run(d.name())), "nothing started")


@scenario(rules="49, 142", flood=True)
async def oversize_input(d: Driver) -> None:
    """An input, signal, query argument or memo over its limit is refused; nothing changes."""
    huge = "x" * (3 << 20)
    await d.refused(d.stub.StartWorkflowExecution(d.start_request(input=payloads(huge))), "start input")
    await d.refused(d.stub.StartWorkflowExecution(d.start_request(memo=memo(note=huge))), "start memo")
    run = await d.start()
    await d.refused(d.signal(run, "go", huge), "signal input")
    await d.refused(d.query(run, "state", huge), "query input")
    await d.step(complete())
    await d.history(run)


@scenario(rules="49, 142", flood=True)
async def oversize_request(d: Driver) -> None:
    """A request over 4 MiB is more than the server receives: the transport refuses it; the server lives on."""
    await d.refused(d.stub.StartWorkflowExecution(d.start_request(input=payloads("x" * (4 << 20)))))
    run = await d.start()
    await d.history(run)


@scenario(rules="142")
async def calls_that_are_not_there(d: Driver) -> None:
    """A method that the service does not have is unimplemented."""
    call = d.channel.unary_unary("/temporal.api.workflowservice.v1.WorkflowService/NoSuchMethod")
    await d.refused(call(b""), "no such method")
    call = d.channel.unary_unary("/no.such.Service/Method")
    await d.refused(call(b""), "no such service")


@scenario(rules="142")
async def unreadable_request(d: Driver) -> None:
    """Bytes that are no message are refused, and the server lives on."""
    call = d.channel.unary_unary("/temporal.api.workflowservice.v1.WorkflowService/StartWorkflowExecution")
    await d.refused(call(b"\xff\xff\xff\xff"))
    await d.history(await d.start())


@scenario(rules="137, 142")
async def unregistered_search_attribute(d: Driver) -> None:
    """A start with a search attribute that is not registered is refused, naming it."""
    await d.refused(d.stub.StartWorkflowExecution(d.start_request(search_attributes=keywords(NoSuchAttribute="x"))),
                    naming="NoSuchAttribute")
