"""Command line: `cd tests && python -m conformance --persevere ../target/debug/persevere`."""

import argparse
import asyncio
import contextlib
import os
import pathlib
import sys
import time

from . import scenarios, table  # noqa: F401  importing `scenarios` registers them all
from .runner import Suite
from .scenario import SCENARIOS, Scenario
from .servers import free_port, persevere_command, reference_binary, reference_command, running


def main() -> int:
    """Parses the arguments, runs what they select, and gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m conformance", description=(
        "Compares Persevere with the reference server, scenario by scenario. Without --persevere the reference "
        "is compared with a second instance of itself, which shows that the scenarios are deterministic."))
    parser.add_argument("--persevere", metavar="BINARY", help="the persevere binary under test")
    parser.add_argument("--alone", choices=["reference", "persevere"],
                        help="run on one server only: no comparison, just the scenarios' own assertions")
    parser.add_argument("-k", metavar="TEXT", default="", help="only scenarios whose concern.name contains one of "
                        "these texts, separated by commas")
    parser.add_argument("--long", action="store_true", help="also the scenarios that take half a minute and more")
    parser.add_argument("--repeat", type=int, default=1, metavar="N", help="run the selection N times")
    parser.add_argument("--show", action="store_true", help="print the transcript of the first server")
    parser.add_argument("--list", action="store_true", help="print the scenarios and stop")
    parser.add_argument("--table", action="store_true", help="write SCENARIOS.md and stop")
    options = parser.parse_args()
    _go_first()
    if options.alone == "persevere" and not options.persevere:
        parser.error("--alone persevere needs --persevere BINARY")
    if options.table:
        table.write()
        return 0
    chosen = [item for item in SCENARIOS.values()
              if any(text in f"{item.concern}.{item.name}" for text in options.k.split(","))
              and (options.long or not item.long or item.name in options.k)]
    if options.list:
        print("\n".join(f"{item.concern}.{item.name}" for item in chosen))
        return 0
    if not chosen:
        parser.error(f"no scenario matches {options.k}")
    return asyncio.run(_run(options, chosen))


async def _run(options: argparse.Namespace, chosen: list[Scenario]) -> int:
    began = time.monotonic()
    async with contextlib.AsyncExitStack() as stack:
        starts = [_start(stack, name, options) for name in _names(options)]
        suite = Suite(await asyncio.gather(*starts))
        outcomes = []
        for _ in range(options.repeat):
            outcomes += await suite.run(chosen, options.show)
    failed = [outcome.scenario.name for outcome in outcomes if outcome.trouble]
    print(f"{len(outcomes) - len(failed)} of {len(outcomes)} scenarios agree, {time.monotonic() - began:.0f} s")
    if failed:
        print("different: " + ", ".join(failed))
    if not table.is_fresh():
        print("SCENARIOS.md is stale: run `python -m conformance --table`")
    return 0 if not failed and table.is_fresh() else 1


def _go_first() -> None:
    """Puts servers and scenarios before other programs on a busy machine, where the system lets it.

    The reference gives the start of a task one second; one that takes longer is handed to nobody and times out.
    """
    try:
        os.nice(-10)
        # The same among sessions, where the kernel groups processes by them.
        pathlib.Path("/proc/self/autogroup").write_text("-10")
    except OSError:
        pass  # not for this user, or not on this system: the machine has to be quiet enough without


def _names(options: argparse.Namespace) -> list[str]:
    if options.alone:
        return [options.alone]
    return ["reference", "persevere" if options.persevere else "second reference"]


async def _start(stack: contextlib.AsyncExitStack, name: str, options: argparse.Namespace):
    port = free_port()
    command = (persevere_command(options.persevere, port) if name == "persevere"
               else reference_command(reference_binary(), port))
    return await stack.enter_async_context(running(name.replace(" ", "-"), command, port))


if __name__ == "__main__":
    sys.exit(main())
