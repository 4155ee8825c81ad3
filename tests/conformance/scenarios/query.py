"""Queries: direct, buffered behind a workflow task, on closed runs, refused, failed, without a worker."""

import asyncio

from temporalio.api.enums.v1 import QueryRejectCondition as Reject
from temporalio.api.query.v1 import WorkflowQueryResult

from ..commands import complete, fail, failure, timer
from ..driver import Driver, Run, empty, passing
from ..scenario import scenario


@scenario(rules="90, 94")
async def direct_query(d: Driver) -> None:
    """With no task pending, a query is a task of its own; its answer writes no event."""
    run = await d.start()
    await d.step(timer("t", 600))
    asked = asyncio.create_task(d.query(run, "state", "in"))
    task = await d.poll()
    d.record("task", task)
    await d.answer_query(task, "42")
    d.record("answer", await asked)
    await d.history(run)


@scenario(rules="94")
async def query_of_a_closed_run(d: Driver) -> None:
    """A closed run answers queries; the worker gets its whole history."""
    run = await d.start()
    await d.step(complete("done"))
    asked = asyncio.create_task(d.query(run))
    task = await d.poll()
    d.record("task", task)
    await d.answer_query(task, "closed")
    d.record("answer", await asked)
    await d.history(run)


@scenario(rules="86")
async def query_reject_conditions(d: Driver) -> None:
    """NOT_OPEN rejects any closed run, NOT_COMPLETED_CLEANLY one that did not complete, with its status."""
    completed = await d.start("completed", queue=d.name("c"))
    await d.complete(await d.poll(queue=d.name("c")), complete())
    failed = await d.start("failed", queue=d.name("f"))
    await d.complete(await d.poll(queue=d.name("f")), fail())
    not_open, not_clean = Reject.QUERY_REJECT_CONDITION_NOT_OPEN, Reject.QUERY_REJECT_CONDITION_NOT_COMPLETED_CLEANLY
    d.record("completed, not open", await d.query(completed, query_reject_condition=not_open))
    d.record("failed, not open", await d.query(failed, query_reject_condition=not_open))
    d.record("failed, not clean", await d.query(failed, query_reject_condition=not_clean))
    asked = asyncio.create_task(d.query(completed, query_reject_condition=not_clean))
    await d.answer_query(await d.poll(queue=d.name("c")), "clean")
    d.record("completed, not clean", await asked)


@scenario(rules="91")
async def buffered_query(d: Driver) -> None:
    """A query while a task is pending waits for that task's worker, which answers it with its completion."""
    run = await d.start()
    asked = await d.waiting_query(run)
    task = await d.poll()
    d.record("task", task)
    assert len(task.queries) == 1
    await d.complete(task, timer("t", 600), query_results={id: d.query_result("first") for id in task.queries})
    d.record("answer", await asked)
    await d.history(run)


@scenario(rules="91-92")
async def query_during_a_started_task(d: Driver) -> None:
    """A query that comes while a task is started is dispatched when that task completes with nothing to follow."""
    run = await d.start()
    task = await d.poll()
    asked = await d.waiting_query(run)
    await d.complete(task, timer("t", 600))
    query_task = await d.poll()
    d.record("task", query_task)
    await d.answer_query(query_task, "later")
    d.record("answer", await asked)
    await d.history(run)


@scenario(rules="91")
async def query_carried_by_the_next_task(d: Driver) -> None:
    """When a started task is followed by another, the waiting query goes with that one."""
    run = await d.start()
    task = await d.poll()
    asked = await d.waiting_query(run)
    await d.signal(run)
    await d.complete(task, timer("t", 600))
    task = await d.poll()
    assert len(task.queries) == 1
    d.record("task", task)
    await d.complete(task, query_results={id: d.query_result("with the next") for id in task.queries})
    d.record("answer", await asked)
    await d.history(run)


@scenario(rules="91")
async def inline_task_carries_the_query(d: Driver) -> None:
    """A query that waits comes with the task inside the response."""
    run = await d.start()
    task = await d.poll()
    asked = await d.waiting_query(run)
    await d.signal(run)
    answer = await d.complete(task, timer("t", 600), sticky=True, return_new_workflow_task=True)
    task = answer.workflow_task
    d.record("task", task)
    await d.complete(task, query_results={id: d.query_result("inline") for id in task.queries})
    d.record("answer", await asked)


@scenario(rules="91, 142")
async def query_buffer_is_full(d: Driver) -> None:
    """The reference holds one waiting query for a run and refuses the next."""
    run = await d.start()
    task = await d.poll()
    asked = await d.waiting_query(run)
    await d.refused(d.query(run))
    await d.complete(task, timer("t", 600))
    await d.answer_query(await d.poll(), "one")
    d.record("answer", await asked)


@scenario(rules="91, 93")
async def buffered_query_fails(d: Driver) -> None:
    """A query answered with a failure inside a completion fails for its caller, and the run goes on."""
    run = await d.start()
    asked = await d.waiting_query(run)
    task = await d.poll()
    await d.complete(task, timer("t", 600), query_results={id: WorkflowQueryResult(
        result_type=2, error_message="no such query", failure=failure("no such query")) for id in task.queries})
    await d.refused(asked, message=True)
    await d.history(run)


@scenario(rules="93, 142")
async def failed_query(d: Driver) -> None:
    """A failed query is an invalid argument for its caller, with the worker's failure in the details."""
    run = await d.start()
    await d.step(timer("t", 600))
    asked = asyncio.create_task(d.query(run))
    task = await d.poll()
    await d.answer_query(task, completed_type=2, error_message="unknown query", failure=failure("unknown query"))
    await d.refused(asked, message=True)
    await d.refused(d.answer_query(task, "again"), "answered twice")


@scenario(rules="88", slow=True)
async def query_before_the_first_task(d: Driver) -> None:
    """A run closed before its first task cannot be queried; one that waits longer than the caller does cannot either."""
    run = await d.start()
    await d.terminate(run)
    await d.refused(d.query(run), "closed before its first task")
    delayed = await d.start("delayed", workflow_start_delay=300)
    await d.refused(d.query(delayed, timeout=60), "delayed")


@scenario(rules="88")
async def query_waits_for_the_first_task(d: Driver) -> None:
    """A query that comes before any worker has seen the run waits for the first task and is answered."""
    run = await d.start(workflow_start_delay=2)
    asked = asyncio.create_task(d.query(run))
    task = await d.poll()
    d.record("queries with the first task", len(task.queries))
    if task.queries:
        await d.complete(task, timer("t", 600), query_results={id: d.query_result("at last") for id in task.queries})
    else:
        await d.complete(task, timer("t", 600))
        await d.answer_query(await d.poll(), "at last")
    d.record("answer", await asked)


@scenario(rules="89")
async def query_while_the_task_keeps_failing(d: Driver) -> None:
    """From the third attempt of a workflow task on, queries fail at once."""
    run = await d.start()
    await d.fail_task(await d.poll())
    await d.fail_task(await d.poll())
    await d.fail_task(await d.poll())
    await d.refused(d.query(run))


@scenario(rules="90")
async def sticky_query(d: Driver) -> None:
    """A direct query goes to the sticky queue without history."""
    run = await d.start()
    polling = asyncio.create_task(d.no_task(sticky=True))
    await d.step(timer("t", 600), sticky=True)
    await polling
    asked = asyncio.create_task(d.query(run))
    task = await d.poll(sticky=True)
    d.record("task", task)
    await d.answer_query(task, "sticky")
    d.record("answer", await asked)


@scenario(rules="90", slow=True)
async def sticky_query_falls_back(d: Driver) -> None:
    """A direct query that the sticky worker does not take goes to the normal queue with the whole history."""
    run = await d.start()
    polling = asyncio.create_task(d.no_task(sticky=True))
    await d.step(timer("t", 600), sticky=True, sticky_seconds=2)
    await polling
    asked = asyncio.create_task(d.query(run))
    task = await d.poll()
    d.record("task", task)
    await d.answer_query(task, "normal")
    d.record("answer", await asked)


@scenario(rules="86, 142")
async def query_refused(d: Driver) -> None:
    """A query of an unknown workflow or run is not found, one without a type is refused."""
    run = await d.start()
    await d.refused(d.query(Run(d.name("absent"))), "unknown workflow")
    await d.refused(d.query(Run(run.id, "11111111-2222-4333-8444-555555555555")), "unknown run")
    await d.refused(d.query(run, type=""), "no type")
    await d.refused(d.query(Run(run.id, "not-a-run-id")), "malformed run id", naming="run_id")


@scenario(rules="93", slow=True)
async def query_with_no_poller(d: Driver) -> None:
    """With a queue that nobody polls, a query fails when its time is up and says that the worker may be down.

    The reference has a time-out of its own beside it, and which of them ends first is a race: it is asked again then.
    """
    answer = await d.stub.StartWorkflowExecution(d.start_request(request_eager_execution=True))
    await d.complete(answer.eager_workflow_task, timer("t", 600))
    await d.refused(empty(lambda: d.query(Run(d.name(), answer.run_id), timeout=10)), message=True)


@scenario(rules="90, 93")
async def query_waits_for_a_worker(d: Driver) -> None:
    """A query of a queue that nobody has polled is answered by the worker that comes while its caller waits."""
    answer = await d.stub.StartWorkflowExecution(d.start_request(request_eager_execution=True))
    await d.complete(answer.eager_workflow_task, timer("t", 600))
    asked = asyncio.create_task(d.query(Run(d.name(), answer.run_id)))
    await passing(2)
    d.record("gave up", asked.done())
    await d.answer_query(await d.poll(), "at last")
    d.record("answer", await asked)
