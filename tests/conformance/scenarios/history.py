"""Reading histories: pages, tokens, long polls, the close filter, the reverse order."""

import asyncio

from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.enums.v1 import HistoryEventFilterType
from temporalio.api.workflowservice.v1 import (
    GetWorkflowExecutionHistoryRequest, GetWorkflowExecutionHistoryResponse, GetWorkflowExecutionHistoryReverseRequest)

from ..commands import complete, fail, marker, retry, timer
from ..driver import NAMESPACE, Driver, Run, kinds
from ..scenario import scenario

CLOSE_EVENT = HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT


@scenario(rules="115")
async def pages(d: Driver) -> None:
    """A history comes page by page, with a token as long as there is more, and nothing is lost or repeated.

    Where a page ends is the server's affair: the reference counts stored batches, not events.
    """
    run = await d.start()
    for _ in range(4):
        await d.step(marker("m"), marker("m"), force_create_new_workflow_task=True)
    await d.step(complete())
    for size in (1, 3, 7, 100):
        pages = await _pages(d, run, size)
        assert len(pages) == 1 if size == 100 else len(pages) > 1
        d.record(f"pages of {size}", kinds([event for page in pages for event in page.history.events]))


@scenario(rules="115")
async def long_history(d: Driver) -> None:
    """A history of hundreds of events can be read without a page size, or with an enormous one."""
    run = await d.start()
    for _ in range(6):
        await d.step(*[marker("m") for _ in range(100)], force_create_new_workflow_task=True)
    await d.step(complete())
    for size in (0, 100_000):
        events = [event for page in await _pages(d, run, size) for event in page.history.events]
        d.record(f"page size {size}", [event.event_id for event in events] == list(range(1, 624)))


@scenario(rules="115, 142")
async def page_token_belongs_to_its_run(d: Driver) -> None:
    """A token of another run, or no token at all, is refused."""
    run, other = await d.start(), await d.start("other", queue=d.name("other-queue"))
    await d.step(marker("m"), complete())
    token = (await _page(d, run, maximum_page_size=1)).next_page_token
    assert token
    await d.refused(_page(d, other, next_page_token=token), "token of another run", message=True)
    await d.refused(_page(d, run, next_page_token=b"nonsense"), "no token", message=True)


@scenario(rules="116")
async def wait_for_new_events(d: Driver) -> None:
    """A waiting read gives what is there with a token, then each new batch as it comes; at the close no token is left."""
    run = await d.start()
    page = await _page(d, run, wait_new_event=True)
    d.record("at first", _summary(page))
    waiting = asyncio.create_task(_page(d, run, wait_new_event=True, next_page_token=page.next_page_token))
    await asyncio.sleep(0.5)
    assert not waiting.done()
    await d.signal(run, "news")
    page = await waiting
    d.record("after a signal", _summary(page))
    waiting = asyncio.create_task(_page(d, run, wait_new_event=True, next_page_token=page.next_page_token))
    await asyncio.sleep(0.5)
    await d.terminate(run)
    page = await waiting
    d.record("after the close", _summary(page))
    assert not page.next_page_token


@scenario(rules="116", slow=True)
async def waiting_read_comes_back_empty(d: Driver) -> None:
    """A waiting read that sees nothing new for twenty seconds answers empty, with a token."""
    run = await d.start()
    page = await _page(d, run, wait_new_event=True)
    page = await _page(d, run, wait_new_event=True, next_page_token=page.next_page_token)
    d.record("in the end", _summary(page))
    assert not page.history.events and page.next_page_token


@scenario(rules="117", slow=True)
async def close_event_filter(d: Driver) -> None:
    """The close filter gives the last event alone: of an open run at once without waiting, of a closed one in any case."""
    run = await d.start()
    d.record("open, not waiting", _summary(await _page(d, run, history_event_filter_type=CLOSE_EVENT)))
    waiting = asyncio.create_task(
        _page(d, run, history_event_filter_type=CLOSE_EVENT, wait_new_event=True))
    await asyncio.sleep(0.5)
    d.record("open, waiting: done", waiting.done())
    await d.step(complete("done"))
    page = await waiting
    d.record("open, waiting", _summary(page))
    d.record("closed, not waiting", _summary(await _page(d, run, history_event_filter_type=CLOSE_EVENT)))
    d.record("closed, waiting", _summary(
        await _page(d, run, history_event_filter_type=CLOSE_EVENT, wait_new_event=True)))


@scenario(rules="117", slow=True)
async def close_event_filter_comes_back_empty(d: Driver) -> None:
    """Waiting for the close of a run that stays open answers empty with a token after twenty seconds."""
    run = await d.start()
    page = await _page(d, run, history_event_filter_type=CLOSE_EVENT, wait_new_event=True)
    d.record("open", _summary(page))
    assert not page.history.events and page.next_page_token


@scenario(rules="18, 117")
async def close_of_a_chain(d: Driver) -> None:
    """Without a run id the latest run is read, which follows the chain as it is at that moment."""
    first = await d.start()
    await d.step(timer("t", 600))
    page = await _page(d, Run(first.id))
    d.record("without a run id", _summary(page))


@scenario(rules="18, 117")
async def close_of_a_retried_run(d: Driver) -> None:
    """To a client that does not say it follows retries, the close event of a retried run is a continue-as-new."""
    failed = await d.start("failed", retry_policy=retry(initial=600))
    await d.step(fail())
    timed_out = await d.start("timed-out", workflow_run_timeout=1, retry_policy=retry(initial=600))
    await _page(d, timed_out, history_event_filter_type=CLOSE_EVENT, wait_new_event=True)
    for run in (failed, timed_out):
        for features in ("", "other", "other,follows-next-run-id"):
            for what, options in (("close", dict(history_event_filter_type=CLOSE_EVENT)), ("all", {})):
                page = await _page(d, run, metadata=[("supported-features", features)] if features else None, **options)
                d.record(f"{run.id}, {what}, {features or 'no feature'}", page.history.events[-1])


@scenario(rules="115")
async def reverse_order(d: Driver) -> None:
    """The reverse read gives the newest events first, page by page."""
    run = await d.start()
    await d.step(marker("m"), marker("n"), complete())
    token, events = b"", []
    while True:
        page = await d.stub.GetWorkflowExecutionHistoryReverse(GetWorkflowExecutionHistoryReverseRequest(
            namespace=NAMESPACE, execution=run.execution(), maximum_page_size=3, next_page_token=token))
        events += page.history.events
        token = page.next_page_token
        if not token:
            break
    d.record("events", kinds(events))


@scenario(rules="118-119")
async def payloads_come_back_unchanged(d: Driver) -> None:
    """Payload bytes and metadata come back as they were given, whatever they hold."""
    odd = Payload(metadata={"encoding": b"binary/odd", "extra": b"\x00\xff"}, data=bytes(range(256)))
    run = await d.start(input=Payloads(payloads=[odd, Payload()]))
    event = (await d.events(run))[0]
    assert list(event.workflow_execution_started_event_attributes.input.payloads) == [odd, Payload()]
    page = await _page(d, run)
    d.record("raw history", len(page.raw_history))
    d.record("bytes", event.workflow_execution_started_event_attributes.input.SerializeToString(deterministic=True))


@scenario(rules="142")
async def history_refused(d: Driver) -> None:
    """An unknown workflow or run has no history; an empty or malformed id is refused by name."""
    run = await d.start()
    await d.refused(d.events(Run(d.name("absent"))), "unknown workflow")
    await d.refused(d.events(Run(run.id, "11111111-2222-4333-8444-555555555555")), "unknown run")
    await d.refused(d.events(Run("")), "no workflow id", naming="workflow_id")
    await d.refused(d.events(Run(run.id, "not-a-run-id")), "malformed run id", naming="run_id")


async def _page(d: Driver, run: Run, metadata: list[tuple[str, str]] | None = None,
                **fields: object) -> GetWorkflowExecutionHistoryResponse:
    return await d.stub.GetWorkflowExecutionHistory(GetWorkflowExecutionHistoryRequest(
        namespace=NAMESPACE, execution=run.execution(), **fields), timeout=60, metadata=metadata)


async def _pages(d: Driver, run: Run, size: int) -> list[GetWorkflowExecutionHistoryResponse]:
    pages = [await _page(d, run, maximum_page_size=size)]
    while pages[-1].next_page_token:
        pages.append(await _page(d, run, maximum_page_size=size, next_page_token=pages[-1].next_page_token))
    return pages


def _summary(page: GetWorkflowExecutionHistoryResponse) -> str:
    return f"{kinds(page.history.events) or 'no events'}; {'a token' if page.next_page_token else 'no token'}"


@scenario(rules="115-116")
async def pages_of_a_waiting_read(d: Driver) -> None:
    """Small pages of a waiting read hold the same events, of a closed run up to its end, of an open one up to now."""
    run = await d.start()
    for _ in range(3):
        await d.step(marker("m"), force_create_new_workflow_task=True)
    open_pages, token = [], b""
    while sum(len(page.history.events) for page in open_pages) < 14:
        page = await _page(d, run, wait_new_event=True, maximum_page_size=2, next_page_token=token)
        assert page.next_page_token, "an open run has more to come"
        open_pages.append(page)
        token = page.next_page_token
    d.record("open", [event for page in open_pages for event in page.history.events])
    await d.step(complete())
    rest = []
    while token:
        page = await _page(d, run, wait_new_event=True, maximum_page_size=2, next_page_token=token)
        rest += page.history.events
        token = page.next_page_token
    d.record("the rest", rest)
    closed, token = [], b""
    while True:
        page = await _page(d, run, wait_new_event=True, maximum_page_size=2, next_page_token=token)
        closed += page.history.events
        token = page.next_page_token
        if not token:
            break
    d.record("closed", kinds(closed))
    filtered = await _page(d, run, maximum_page_size=1, history_event_filter_type=CLOSE_EVENT)
    d.record("close filter, page of one", _summary(filtered))
