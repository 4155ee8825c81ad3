"""Listing and counting runs: filters, paging, order, malformed filters."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import grpc
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import CountWorkflowExecutionsRequest, ListWorkflowExecutionsRequest

from ..commands import complete, continue_as_new, fail, memo
from ..driver import NAMESPACE, OVER_A_SECOND, Driver, passing
from ..scenario import scenario

SETTLE_SECONDS = 60


@scenario(rules="142")
async def list_one(d: Driver) -> None:
    """A listed run shows its ids, type, times, status, memo and queue; a closed one its length too."""
    run = await d.start(memo=memo(note="n"))
    d.record("open", await _found(d, f"WorkflowId = '{run.id}'", 1))
    await d.step(complete())
    d.record("closed", await _found(d, f"WorkflowId = '{run.id}' AND ExecutionStatus = 'Completed'", 1))


@scenario(rules="142")
async def filters(d: Driver) -> None:
    """Filters combine by AND, OR, NOT, parentheses, IN, BETWEEN, STARTS_WITH and the comparisons."""
    await _a_few_runs(d)
    mine = f"TaskQueue = '{d.queue}'"
    for filter in (
        f"{mine} AND WorkflowType = 'order'",
        f"{mine} AND WorkflowType != 'order'",
        f"{mine} AND WorkflowType IN ('order', 'other')",
        f"{mine} AND WorkflowType NOT IN ('order', 'other')",
        f"{mine} AND (ExecutionStatus = 'Failed' OR ExecutionStatus = 'Running')",
        f"{mine} AND ExecutionStatus IN ('Completed', 'Terminated')",
        f"{mine} AND NOT ExecutionStatus = 'Running'",
        f"{mine} AND ExecutionStatus != 'Running'",
        f"WorkflowId STARTS_WITH '{d.name('a')}'",
        f"{mine} AND WorkflowId NOT STARTS_WITH '{d.name('a')}'",
        f"{mine} AND StartTime > '2020-01-01T00:00:00Z'",
        f"{mine} AND StartTime <= '2020-01-01T00:00:00Z'",
        f"{mine} AND StartTime BETWEEN '2020-01-01T00:00:00Z' AND '2099-01-01T00:00:00Z'",
        f"{mine} AND CloseTime IS NULL",
        f"{mine} AND CloseTime IS NOT NULL",
        f"{mine} AND CloseTime > '2020-01-01T00:00:00Z' AND (WorkflowType = 'order' OR WorkflowType = 'other')",
        f"{mine} and WorkflowType = 'order' or WorkflowId = '{d.name('a2')}'",
        f"{mine} AND `WorkflowType` = \"order\"",
        f"{mine} AND ExecutionStatus = 1",
        f"{mine} AND (WorkflowType = 'order' AND (ExecutionStatus = 'Running' OR NOT (ExecutionStatus = 'Failed')))",
    ):
        await _record_filter(d, filter)


@scenario(rules="142")
async def malformed_filters(d: Driver) -> None:
    """A filter that cannot be read, or names what is not there, is refused, in List and in Count."""
    for filter in (
        "WorkflowType = ", "WorkflowType 'order'", "NoSuchField = 'x'", "ExecutionStatus = 'NoSuchStatus'",
        "StartTime > 'yesterday'", "WorkflowType LIKE 'o%'", "(WorkflowType = 'order'", "WorkflowType = order",
        "WorkflowId = 'a' ORDER BY StartTime", "WorkflowType STARTS_WITH 5", "WorkflowType = 'a' AND",
        "StartTime BETWEEN '2020-01-01T00:00:00Z'", "'order' = WorkflowType", "ExecutionStatus STARTS_WITH 'C'",
        "; DROP TABLE executions", "workflowtype = 'order'", "WorkflowType = 'order' GROUP BY WorkflowType",
    ):
        for label, call in (
            ("list", d.stub.ListWorkflowExecutions(ListWorkflowExecutionsRequest(namespace=NAMESPACE, query=filter))),
            ("count", d.stub.CountWorkflowExecutions(CountWorkflowExecutionsRequest(namespace=NAMESPACE, query=filter))),
        ):
            await _accepted(d, call, f"{label}: {filter}")


@scenario(rules="142")
async def every_operator_on_every_field(d: Driver) -> None:
    """Which operators a field knows, and what they find."""
    await _a_few_runs(d)
    mine = f"TaskQueue = '{d.queue}'"
    await _found(d, f"{mine} AND ExecutionStatus = 'Running'", 2)
    await _found(d, f"{mine} AND ExecutionStatus != 'Running'", 3)
    then, later = "'2020-01-01T00:00:00Z'", "'2099-01-01T00:00:00Z'"
    values = {"WorkflowId": (f"'{d.name('a2')}'", f"'{d.name('b2')}'"), "WorkflowType": ("'order'", "'other'"),
              "TaskQueue": (f"'{d.queue}'", "'z'"), "ExecutionStatus": ("'Running'", "'Failed'"),
              "StartTime": (then, later), "CloseTime": (then, later)}
    for field, (one, two) in values.items():
        for condition in (
            *(f"{operator} {one}" for operator in ("=", "!=", "<", "<=", ">", ">=", "STARTS_WITH", "NOT STARTS_WITH")),
            f"IN ({one}, {two})", f"NOT IN ({one}, {two})", f"BETWEEN {one} AND {two}",
            f"NOT BETWEEN {one} AND {two}", "IS NULL", "IS NOT NULL", "= 7", "= 'no such value'", "= ''", "= NULL",
        ):
            filter = f"{mine} AND {field} {condition}"
            try:
                found = await d.stub.ListWorkflowExecutions(
                    ListWorkflowExecutionsRequest(namespace=NAMESPACE, query=filter))
                d.record(filter, sorted(item.execution.workflow_id for item in found.executions))
            except grpc.aio.AioRpcError:
                await _accepted(d, _count(d, filter), filter)


@scenario(rules="142")
async def pages_of_a_list(d: Driver) -> None:
    """A list comes in pages, newest start first, each run once."""
    await _a_few_runs(d)
    filter = f"TaskQueue = '{d.queue}'"
    await _found(d, filter, 5)
    token, seen = b"", []
    while True:
        page = await d.stub.ListWorkflowExecutions(ListWorkflowExecutionsRequest(
            namespace=NAMESPACE, query=filter, page_size=2, next_page_token=token))
        seen.append(len(page.executions))
        token = page.next_page_token
        if not token:
            break
    assert sum(seen) == 5


@scenario(rules="142")
async def count(d: Driver) -> None:
    """Count counts what List finds, and groups by status."""
    await _a_few_runs(d)
    filter = f"TaskQueue = '{d.queue}'"
    await _found(d, filter + " AND ExecutionStatus = 'Running'", 2)
    await _found(d, filter + " AND CloseTime IS NOT NULL", 3)
    d.record("all", await _count(d, filter))
    d.record("running", await _count(d, filter + " AND ExecutionStatus = 'Running'"))
    d.record("none", await _count(d, filter + " AND WorkflowType = 'none'"))
    groups = await _count(d, filter + " GROUP BY ExecutionStatus")
    d.record("grouped", groups.count)
    d.record("groups", sorted(f"{group.group_values[0].data.decode()}: {group.count}" for group in groups.groups))


@scenario(rules="16, 142")
async def a_chain_in_the_list(d: Driver) -> None:
    """Each run of a chain is listed by itself, the old ones as continued as new."""
    await d.start()
    await passing(OVER_A_SECOND)
    await d.step(continue_as_new("order"))
    await d.step(complete())
    for status in ("ContinuedAsNew", "Completed"):
        d.record(status, await _found(d, f"WorkflowId = '{d.name()}' AND ExecutionStatus = '{status}'", 1))


async def _accepted(d: Driver, call: Awaitable[Any], label: str) -> None:
    """Records whether a filter is accepted. What is wrong with one each server says in words of its own."""
    try:
        await call
        d.record(label, "accepted")
    except grpc.aio.AioRpcError as error:
        d.record(label, [error.code().name, *(error.details() or "").partition("invalid query:")[:2]])


async def _a_few_runs(d: Driver) -> None:
    """Five runs: completed, failed, terminated, and two that are open; three of type order, two of type other."""
    await d.start("a1", type="order")
    await d.step(complete())
    await d.start("a2", type="other")
    await d.step(fail())
    await d.terminate(await d.start("b1", type="order"))
    await d.start("b2", type="order")
    await d.start("c", type="other")


async def _found(d: Driver, filter: str, count: int) -> list[WorkflowExecutionInfo]:
    """What a filter finds, once it finds that many: the reference writes its lists in the background."""
    for _ in range(SETTLE_SECONDS * 5):
        page = await d.stub.ListWorkflowExecutions(ListWorkflowExecutionsRequest(namespace=NAMESPACE, query=filter))
        if len(page.executions) == count:
            return list(page.executions)
        await asyncio.sleep(0.2)
    raise AssertionError(f"{filter} finds {len(page.executions)}, not {count}")


async def _count(d: Driver, filter: str):
    return await d.stub.CountWorkflowExecutions(CountWorkflowExecutionsRequest(namespace=NAMESPACE, query=filter))


async def _record_filter(d: Driver, filter: str) -> None:
    await _found(d, f"TaskQueue = '{d.queue}' AND ExecutionStatus = 'Running'", 2)
    await _found(d, f"TaskQueue = '{d.queue}' AND ExecutionStatus != 'Running'", 3)
    page = await d.stub.ListWorkflowExecutions(ListWorkflowExecutionsRequest(namespace=NAMESPACE, query=filter))
    d.record(filter, sorted(item.execution.workflow_id for item in page.executions))
