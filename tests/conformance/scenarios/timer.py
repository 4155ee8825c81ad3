"""Timers, markers, and the commands that change a run's properties."""

from temporalio.api.enums.v1 import CommandType
from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import Memo, Payload, SearchAttributes

from ..commands import (
    cancel_timer, complete, marker, memo, modify_properties, payload, timer, upsert_search_attributes)
from ..driver import Driver
from ..scenario import scenario


@scenario(rules="57, 64", slow=True)
async def timer_fires(d: Driver) -> None:
    """Timers fire in the order of their deadlines, each with a workflow task if none is pending."""
    run = await d.start()
    await d.step(timer("late", 9), timer("soon", 1))
    await d.step()
    await d.step(complete())
    (await d.history(run)).shows("TimerFired", "WorkflowTaskScheduled", "WorkflowTaskStarted")


@scenario(rules="57", slow=True)
async def timer_is_canceled(d: Driver) -> None:
    """A cancelled timer leaves TimerCanceled and never fires."""
    run = await d.start()
    await d.step(timer("t", 8), timer("kept", 600))
    await d.signal(run)
    await d.step(cancel_timer("t"))
    await d.no_task(within=10)
    history = await d.history(run)
    history.shows("WorkflowTaskCompleted", "TimerCanceled")
    history.lacks("TimerFired")


@scenario(rules="57")
async def timer_started_and_canceled_in_one_task(d: Driver) -> None:
    """Both commands in one task leave both events, and the id may be used again."""
    run = await d.start()
    await d.step(timer("t", 60), cancel_timer("t"), timer("t", 1))
    await d.step(complete())
    await d.history(run)


@scenario(rules="30, 51")
async def bad_timer_commands(d: Driver) -> None:
    """A timer without an id or with a senseless time, and cancelling an unknown one, fail the workflow task."""
    bad = {"no id": timer("", 5), "negative": timer("t", -5), "long id": timer("x" * 1001, 5),
           "unknown": cancel_timer("unknown"), "cancel without id": cancel_timer("")}
    for number, (label, command) in enumerate(bad.items()):
        await _one_bad_command(d, number, label, command)


@scenario(rules="57")
async def timer_of_zero(d: Driver) -> None:
    """A timer of no length is accepted and fires at once."""
    run = await d.start()
    await d.step(timer("t", 0))
    await d.step(complete())
    await d.history(run)


@scenario(rules="57")
async def marker_is_recorded(d: Driver) -> None:
    """A marker keeps its details."""
    run = await d.start()
    await d.step(marker("version", change="a", version="1"), marker("plain"))
    await d.history(run)


@scenario(rules="57")
async def memo_is_modified(d: Driver) -> None:
    """Memo fields are set, replaced and, by a null, removed; Describe shows what is left."""
    run = await d.start(memo=memo(kept="1", removed="2", replaced="3"))
    null = Payload(metadata={"encoding": b"binary/null"})
    await d.step(modify_properties(Memo(fields={"removed": null, "replaced": payload("4"), "added": payload("5")})))
    await d.history(run)
    await d.describe(run)


@scenario(rules="57")
async def search_attributes_are_upserted(d: Driver) -> None:
    """Search attributes are set by an event; Describe shows them."""
    run = await d.start()
    changes = Payload(metadata={"encoding": b"json/plain", "type": b"KeywordList"}, data=b'["fix-1"]')
    await d.step(upsert_search_attributes(SearchAttributes(indexed_fields={"TemporalChangeVersion": changes})))
    await d.history(run)
    await d.describe(run)


@scenario(rules="30, 142")
async def bad_property_commands(d: Driver) -> None:
    """An unregistered search attribute, an empty change and a marker without a name fail the workflow task."""
    bad = {
        "unregistered": upsert_search_attributes(SearchAttributes(indexed_fields={"NoSuchAttribute": payload("x")})),
        "empty attributes": upsert_search_attributes(SearchAttributes()),
        "empty memo": modify_properties(Memo()),
        "no marker name": marker(""),
    }
    for number, (label, command) in enumerate(bad.items()):
        await _one_bad_command(d, number, label, command)


@scenario(rules="51")
async def unknown_command(d: Driver) -> None:
    """A command of a type that the server does not know, or without its attributes, is refused."""
    run = await d.start()
    task = await d.poll()
    await d.refused(d.complete(task, Command(command_type=99)), "type 99")
    await d.history(run, "after an unknown type")
    run = await d.start("bare", queue=d.name("bare-queue"))
    task = await d.poll(queue=d.name("bare-queue"))
    await d.refused(d.complete(task, Command(command_type=CommandType.COMMAND_TYPE_START_TIMER)), "no attributes",
                    message=True)
    await d.history(run, "without attributes")


async def _one_bad_command(d: Driver, number: int, label: str, command: Command) -> None:
    """Answers a run's first task with a command that must be refused, and records what its failure says."""
    queue = d.name(f"q{number}")
    run = await d.start(f"{number}", queue=queue)
    await d.refused(d.complete(await d.poll(queue=queue), command), label, message=True)
    d.record(f"{label}: event", (await d.events(run)).last("WorkflowTaskFailed"))


@scenario(rules="51, 57", slow=True)
async def timer_id_again_while_its_firing_waits(d: Driver) -> None:
    """Once a timer has fired its id is free, even while that event is still buffered."""
    run = await d.start()
    await d.step(timer("t", 8))
    await d.signal(run)
    task = await d.poll()
    await d.until_changed(run, await d.transitions(run))
    await d.complete(task, timer("t", 600))
    (await d.history(run)).shows("TimerStarted", "TimerFired", "WorkflowTaskScheduled")


@scenario(rules="27, 57", slow=True)
async def cancel_a_timer_that_has_fired(d: Driver) -> None:
    """A firing that is buffered is taken back by the cancel command; one that was delivered cannot be."""
    run = await d.start()
    await d.step(timer("buffered", 8))
    await d.signal(run)
    task = await d.poll()
    await d.until_changed(run, await d.transitions(run))
    await d.complete(task, cancel_timer("buffered"), timer("delivered", 1))
    task = await d.poll()
    await d.refused(d.complete(task, cancel_timer("delivered")), message=True)
    await d.history(run)
