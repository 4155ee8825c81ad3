"""The official `temporal` command line against the server: exit codes, what it prints, as text and as JSON.

The Python SDK's worker of `sdk.py` stands behind the commands that need one.
"""

import asyncio
import json
import os
import re
from typing import Any

from ..commands import complete, timer
from ..driver import Driver, Run
from ..scenario import scenario
from ..servers import reference_binary
from .sdk import Approval, worker

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
# Sizes, counts of the server's own and internal ids, as in `normalise`.
VARYING = {"historySizeBytes", "stateTransitionCount", "taskId", "executionDuration", "BuildIds", "runDurationMillis",
           "durationMillis"}
AGE = re.compile(r"(\d+|a few|an?|less than an?) (second|minute)s? ago|\bnow\b")
DURATION = re.compile(r"\b[\d.]+(ms|s|µs)\b")
# The same in plain text.
VARYING_LINES = ("HistorySize ", "StateTransitionCount ", "SearchAttributes ")
COMMAND_SECONDS = 60


@scenario(rules="1, 142")
async def cli_start_and_describe(d: Driver) -> None:
    """`workflow start`, `describe`, `show` and `list` of a run, and a second start that is refused."""
    start = ["workflow", "start", "--type", "order", "--task-queue", d.queue, "--workflow-id", d.name(), "-i", '"in"',
             "--memo", 'note="n"', "--run-timeout", "1h"]
    await _json(d, *start)
    await _json(d, *start, "--id-conflict-policy", "Fail")
    await _json(d, "workflow", "describe", "-w", d.name())
    await _json(d, "workflow", "show", "-w", d.name())
    await d.step(complete("out"))
    await _json(d, "workflow", "describe", "-w", d.name())
    await _json(d, "workflow", "show", "-w", d.name())
    await _json(d, "workflow", "result", "-w", d.name())


@scenario(rules="63")
async def cli_execute(d: Driver) -> None:
    """`workflow execute` waits for the result, and fails with a failed workflow."""
    async with worker(d):
        await _json(d, "workflow", "execute", "--type", "Hello", "--task-queue", d.queue, "-w", d.name("ok"),
                    "-i", '"Ada"')
        await _json(d, "workflow", "execute", "--type", "Declining", "--task-queue", d.queue, "-w", d.name("bad"), fails=True)
        await _json(d, "workflow", "result", "-w", d.name("bad"), fails=True)
        await _text(d, "workflow", "show", "-w", d.name("ok"))
        await d.history(Run(d.name("ok")))


@scenario(rules="83, 90")
async def cli_signal_query_stack(d: Driver) -> None:
    """`workflow query`, `stack`, `signal` and `result` with a worker behind them."""
    async with worker(d) as client:
        await client.start_workflow(Approval.run, 600, id=d.name(), task_queue=d.queue)
        await d.until(Run(d.name()), "TimerStarted")
        await _json(d, "workflow", "query", "-w", d.name(), "--name", "state")
        await _json(d, "workflow", "query", "-w", d.name(), "--name", "no-such-query", fails=True)
        code, out, _ = await _run(d, "workflow", "stack", "-w", d.name())
        d.record("stack", [code, "Query result:" in out, "workflow: Approval" in out])  # in any order of its tasks
        await _json(d, "workflow", "signal", "-w", d.name(), "--name", "approve", "-i", '"Ada"')
        await _json(d, "workflow", "result", "-w", d.name())
        await _json(d, "workflow", "query", "-w", d.name(), "--name", "state", "--reject-condition", "not_open", fails=True)
        await d.history(Run(d.name()))


@scenario(rules="14")
async def cli_signal_with_start(d: Driver) -> None:
    """`workflow signal-with-start` starts a run, then signals it."""
    command = ["workflow", "signal-with-start", "--signal-name", "go", "--signal-input", '"s"', "-w", d.name(),
               "--type", "order", "--task-queue", d.queue, "-i", '"in"']
    await _json(d, *command)
    await _json(d, *command)
    (await d.history(Run(d.name()))).shows("WorkflowExecutionStarted", "WorkflowExecutionSignaled")


@scenario(rules="85")
async def cli_cancel_terminate_delete(d: Driver) -> None:
    """`workflow cancel`, `terminate` and `delete`, and each of them on a workflow that is not there."""
    run = await d.start()
    await _text(d, "workflow", "cancel", "-w", run.id, "--identity", "cli")
    await _text(d, "workflow", "terminate", "-w", run.id, "--reason", "enough", "--identity", "cli")
    await _text(d, "workflow", "terminate", "-w", run.id, fails=True)
    await d.history(run)
    await _text(d, "workflow", "delete", "-w", run.id, "--yes")
    for command in ("cancel", "terminate", "delete", "describe", "show", "result"):
        await _text(d, "workflow", command, "-w", d.name("absent"), *(["--yes"] if command == "delete" else []), fails=True)
    await _text(d, "workflow", "signal", "-w", d.name("absent"), "--name", "go", fails=True)


@scenario(rules="142")
async def cli_list_and_count(d: Driver) -> None:
    """`workflow list` and `count` with a filter, and with a malformed one."""
    run = await d.start("a")
    await d.step(complete())
    await d.start("b", type="other")
    mine = f"TaskQueue = '{d.queue}'"
    await _until_listed(d, f"{mine} AND ExecutionStatus = 'Completed'", 1)
    await _until_listed(d, f"{mine} AND ExecutionStatus = 'Running'", 1)
    await _json(d, "workflow", "list", "--query", f"WorkflowId = '{run.id}'")
    await _json(d, "workflow", "list", "--query", f"{mine} AND WorkflowType = 'none'")
    await _json(d, "workflow", "count", "--query", mine)
    await _json(d, "workflow", "count", "--query", f"{mine} AND ExecutionStatus = 'Completed'")
    for command in ("list", "count"):
        code, out, errors = await _run(d, "workflow", command, "--query", "no filter at all")
        # What is wrong with it each server says in words of its own.
        d.record(f"{command} with no filter at all", [code, out, errors.partition("invalid query:")[:2]])
    await _text(d, "workflow", "list", "--query", f"WorkflowId = '{run.id}'")
    await _text(d, "workflow", "count", "--query", mine)


@scenario(rules="77")
async def cli_activity(d: Driver) -> None:
    """`activity complete` and `activity fail` by id, and with an id that is not there."""
    run = await d.start()
    await d.step(d.activity("1"), d.activity("2"))
    await d.poll_activities("1", "2")
    await _text(d, "activity", "complete", "-w", run.id, "--activity-id", "1", "--result", '"done"', "--identity", "cli")
    await d.step()
    await _text(d, "activity", "fail", "-w", run.id, "--activity-id", "2", "--reason", "why", "--detail", '"d"',
                "--identity", "cli")
    await _text(d, "activity", "complete", "-w", run.id, "--activity-id", "3", "--result", '"done"', fails=True)
    await d.describe(run)
    await d.history(run)


@scenario(rules="71, 142")
async def cli_describe_pending(d: Driver) -> None:
    """`workflow describe` of a run with a pending activity, child and timer."""
    run = await d.start()
    await d.step(d.activity("1"), d.child(), timer("t", 600))
    await d.until(run, "ChildWorkflowExecutionStarted")
    await d.poll_activity()
    await _json(d, "workflow", "describe", "-w", run.id)
    await _text(d, "workflow", "describe", "-w", run.id)


@scenario(rules="142")
async def cli_namespace(d: Driver) -> None:
    """`operator namespace create, describe, list, update, delete`, and a namespace that is not there."""
    name = d.name().replace("~", "-").replace("_", "-")
    await _text(d, "operator", "namespace", "create", "-n", name, "--retention", "72h", "--description", "first")
    await _text(d, "operator", "namespace", "create", "-n", name, fails=True)
    await _text(d, "operator", "namespace", "update", "-n", name, "--description", "second")
    described = await _run(d, "operator", "namespace", "describe", "-n", name, "-o", "json")
    info = json.loads(described[1])
    d.record("described", {"description": info["namespaceInfo"]["description"],
                           "retention": info["config"]["workflowExecutionRetentionTtl"]})
    await _text(d, "operator", "namespace", "describe", "-n", name)
    listed = await _run(d, "operator", "namespace", "list", "-o", "json")
    names = [entry["namespaceInfo"]["name"] for entry in json.loads(listed[1])]
    d.record("listed", [name in names, "default" in names])
    await _text(d, "operator", "namespace", "describe", "-n", "no-such-namespace", fails=True)
    await _text(d, "workflow", "list", "-n", "no-such-namespace", fails=True)
    await _text(d, "operator", "namespace", "delete", "-n", name, "--yes")
    await _text(d, "operator", "namespace", "describe", "-n", name, fails=True)
    await _text(d, "operator", "namespace", "delete", "-n", "no-such-namespace", "--yes", fails=True)


@scenario(rules="142")
async def cli_cluster(d: Driver) -> None:
    """`operator cluster health, system, describe, list`."""
    await _json(d, "operator", "cluster", "health")
    await _text(d, "operator", "cluster", "health")
    await _text(d, "operator", "cluster", "describe")
    await _text(d, "operator", "cluster", "describe", "--detail")
    # Of these the values are each server's own: its version and capabilities, its id and address.
    for command in ("system", "list"):
        code, out, _ = await _run(d, "operator", "cluster", command)
        d.record(f"cluster {command}", [code, _plain(out.splitlines()[0]), len(out.splitlines())])


@scenario(rules="120, 142")
async def cli_task_queue(d: Driver) -> None:
    """`task-queue describe` names the pollers."""
    polling = asyncio.create_task(d.no_task(within=8))
    await d.until_polled()
    code, out, _ = await _run(d, "task-queue", "describe", "-t", d.queue, "-o", "json")
    pollers = json.loads(out)["pollers"] or []
    d.record("task-queue describe", [code, [(poller["taskQueueType"], poller["identity"]) for poller in pollers]])
    code, out, _ = await _run(d, "task-queue", "describe", "-t", d.queue)
    d.record("as text", [code, sorted(_plain(line) for line in out.splitlines())])  # its tables have no order
    await polling


async def _run(d: Driver, *words: str) -> tuple[int, str, str]:
    """Runs the CLI against the server: exit code, output, errors."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("TEMPORAL_")}
    process = await asyncio.create_subprocess_exec(
        reference_binary(), *words, "--address", d.address, "--command-timeout", f"{COMMAND_SECONDS}s",
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=env)
    out, errors = await process.communicate()
    return process.returncode or 0, out.decode(), errors.decode()


async def _text(d: Driver, *words: str, fails: bool = False) -> None:
    """Runs a command, checks whether it succeeds, and records what it prints, but for how it is spaced and for times."""
    code, out, errors = await _run(d, *words)
    _check(d, words, code, errors, fails)
    d.record("it says", [_plain(line) for line in [*out.splitlines(), *errors.splitlines()]
                         if not line.strip().startswith(VARYING_LINES)])


def _plain(line: str) -> str:
    line = AGE.sub("<age>", TIMESTAMP.sub("<time>", line))
    return " ".join(DURATION.sub("<duration>", line).split())


async def _json(d: Driver, *words: str, fails: bool = False) -> None:
    """Runs a command with JSON output, checks whether it succeeds, and records what it says."""
    code, out, errors = await _run(d, *words, "-o", "json")
    _check(d, words, code, errors, fails)
    documents, at, decoder = [], 0, json.JSONDecoder()
    while out[at:].strip():
        at += len(out[at:]) - len(out[at:].lstrip())
        document, at = decoder.raw_decode(out, at)
        documents.append(_stable(document))
    d.record("it says", documents)


def _check(d: Driver, words: tuple[str, ...], code: int, errors: str, fails: bool) -> None:
    command = "$ temporal " + " ".join(words)
    assert (code != 0) == fails, f"{command}: exit {code}: {errors}"
    d.record(command, f"exit {code}")


def _stable(value: Any) -> Any:
    """JSON without what differs between any two runs."""
    if isinstance(value, dict):
        return {key: _stable(item) for key, item in sorted(value.items()) if key not in VARYING
                and not (key == "searchAttributes" and set(item.get("indexedFields", ())) <= VARYING)}
    if isinstance(value, list):
        return [_stable(item) for item in value]
    return TIMESTAMP.sub("<time>", value) if isinstance(value, str) else value


async def _until_listed(d: Driver, filter: str, count: int) -> None:
    """Waits until `workflow count` counts that many: the reference writes its lists in the background."""
    for _ in range(300):
        _, out, _ = await _run(d, "workflow", "count", "--query", filter, "-o", "json")
        if int(json.loads(out).get("count", 0)) == count:
            return
        await asyncio.sleep(0.2)
    raise AssertionError(f"{filter} does not count {count}")
