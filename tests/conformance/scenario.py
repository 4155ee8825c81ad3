"""The register of scenarios: each is one function, its docstring says what it shows, and it names its rules."""

import dataclasses
import inspect
import re
from collections.abc import Awaitable, Callable

from .driver import Driver

Body = Callable[[Driver], Awaitable[None]]


@dataclasses.dataclass(frozen=True)
class Scenario:
    """One scenario and the protocol rules it covers."""

    concern: str
    name: str
    shows: str
    rules: frozenset[int]
    slow: bool
    flood: bool
    long: bool
    body: Body


SCENARIOS: dict[str, Scenario] = {}


def scenario(rules: str, slow: bool = False, flood: bool = False, long: bool = False) -> Callable[[Body], Body]:
    """Registers a scenario that covers `rules`, for example `"24, 25, 30-32"`.

    `slow` ones wait for a real time-out of many seconds; they start first, beside the others.
    Those that `flood` the server with work run last, one by one, so that they disturb no time-out of others;
    those that take `long` at that run only with `--long`, or when they are named.
    """
    def register(body: Body) -> Body:
        name, concern = body.__name__, body.__module__.rsplit(".", 1)[-1]
        shows = inspect.getdoc(body)
        if not shows:
            raise ValueError(f"scenario {name} has no docstring")
        if name in SCENARIOS:
            raise ValueError(f"two scenarios are named {name}")
        SCENARIOS[name] = Scenario(concern, name, shows, _numbers(rules), slow, flood or long, long, body)
        return body
    return register


def ranges(numbers: frozenset[int]) -> str:
    """Numbers as text with runs joined: `24, 30–32`."""
    parts: list[list[int]] = []
    for number in sorted(numbers):
        if parts and parts[-1][-1] == number - 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    return ", ".join(str(part[0]) if len(part) == 1 else f"{part[0]}–{part[-1]}" for part in parts)


def _numbers(rules: str) -> frozenset[int]:
    numbers: set[int] = set()
    for first, last in re.findall(r"(\d+)(?:-(\d+))?", rules):
        numbers |= set(range(int(first), int(last or first) + 1))
    return frozenset(numbers)
