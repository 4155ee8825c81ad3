"""Runs scenarios on two servers at once and compares their transcripts.

Scenarios run concurrently, each with names of its own, so the slow ones (real time-outs) cost no
more than the longest of them. A scenario fails when its own assertions fail on either server, or
when the two transcripts differ; the difference is shown as a diff, the reference first. A scenario
that agrees only sometimes is a fault, of the scenario or of a server, so nothing is run twice, but for
one proven fault of the reference, which says nothing about ours: it has lost a task (`LostTask`).
"""

import asyncio
import dataclasses
import difflib
import secrets
import time
import traceback
from collections.abc import Sequence

import grpc

from .driver import Driver, LostTask, Throttle
from .scenario import Scenario
from .servers import Server

SCENARIO_SECONDS = 150
# How often a scenario is begun at most, where the reference loses a task each time.
ATTEMPTS = 3
# Enough to keep two cores busy; more only makes the servers slow to answer.
AT_ONCE = 8
# The same for scenarios that run whole programs: the official SDK's worker, the command line.
PROGRAMS = {"sdk", "cli"}
PROGRAMS_AT_ONCE = 2


@dataclasses.dataclass
class Outcome:
    """What one scenario did on all servers: how long it took, and what is wrong."""

    scenario: Scenario
    seconds: float
    trouble: list[str]


class Suite:
    """The servers under comparison; the first is the one the others are measured by."""

    def __init__(self, servers: Sequence[Server]) -> None:
        self._servers = servers
        self._room = asyncio.Semaphore(AT_ONCE)
        self._program_room = asyncio.Semaphore(PROGRAMS_AT_ONCE)
        self._throttles = {server.address: Throttle() for server in servers}

    async def run(self, scenarios: Sequence[Scenario], show: bool = False) -> list[Outcome]:
        """Runs every scenario on every server; prints one line for each as it ends."""
        slow_first = sorted((item for item in scenarios if not item.flood), key=lambda item: not item.slow)
        floods = (item for item in scenarios if item.flood)
        return [_reported(await ended) for ended in [
            *asyncio.as_completed([self._one(item, show) for item in slow_first]),
            *(self._compared(item, show) for item in floods)]]

    async def _one(self, scenario: Scenario, show: bool) -> Outcome:
        if scenario.slow:
            return await self._compared(scenario, show)
        if scenario.concern in PROGRAMS:
            async with self._program_room:
                return await self._compared(scenario, show)
        async with self._room:
            return await self._compared(scenario, show)

    async def _compared(self, scenario: Scenario, show: bool) -> Outcome:
        began = time.monotonic()
        for _ in range(ATTEMPTS):
            nonce = "~" + secrets.token_hex(4)
            results = await asyncio.gather(*(self._on(server, scenario, nonce) for server in self._servers))
            faults = [(server.name, fault) for server, (_, fault) in zip(self._servers, results) if fault]
            # What went wrong on ours in the same attempt is kept, whatever the reference did.
            if not faults or any("reference" not in name or not fault.startswith(LostTask.__name__)
                                 for name, fault in faults):
                break
            print(f"     {scenario.name}: the reference has lost a task: {faults[0][1].splitlines()[0]}", flush=True)
        trouble = [f"on {server.name}: {fault}" for server, (_, fault) in zip(self._servers, results) if fault]
        transcripts = [lines for lines, _ in results]
        if show:
            print("\n".join(transcripts[0]))
        for server, lines in zip(self._servers[1:], transcripts[1:]):
            trouble += _difference(self._servers[0].name, transcripts[0], server.name, lines)
        return Outcome(scenario, time.monotonic() - began, trouble)

    async def _on(self, server: Server, scenario: Scenario, nonce: str) -> tuple[list[str], str]:
        """The transcript on one server, and what went wrong there."""
        fault = ""
        options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        throttle = [self._throttles[server.address]]
        async with grpc.aio.insecure_channel(server.address, options=options, interceptors=throttle) as channel:
            driver = Driver(server.address, channel, scenario.name, nonce)
            try:
                await asyncio.wait_for(scenario.body(driver), SCENARIO_SECONDS)
            except grpc.aio.AioRpcError as error:
                fault = f"{error.code().name}: {error.details()}\n{_last_frame(error)}"
            except Exception as error:
                fault = f"{type(error).__name__}: {error}\n{_last_frame(error)}"
        lines = []
        for label, entry in driver.transcript:
            lines += [f"== {label}"] + ["   " + line for line in entry]
        return lines, driver.normaliser.text(fault)


def _reported(outcome: Outcome) -> Outcome:
    """Prints an outcome, and gives it back."""
    verdict = "FAIL" if outcome.trouble else "ok"
    print(f"{verdict:4} {outcome.scenario.concern}.{outcome.scenario.name} ({outcome.seconds:.1f} s)", flush=True)
    for trouble in outcome.trouble:
        print("\n".join("     " + line for line in trouble.splitlines()), flush=True)
    return outcome


def _difference(first: str, expected: list[str], second: str, got: list[str]) -> list[str]:
    if expected == got:
        return []
    diff = difflib.unified_diff(expected, got, first, second, lineterm="", n=6)
    return ["\n".join(diff)]


def _last_frame(error: Exception) -> str:
    """The line of the scenario that failed, which is the innermost frame of a scenario file."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "/scenarios/" in frame.filename] or frames
    return f"at {own[-1].filename.rsplit('/', 1)[-1]}:{own[-1].lineno}: {own[-1].line}"
