"""SCENARIOS.md: the one table of all scenarios, written from their docstrings and checked by every run."""

import pathlib
import re

from .scenario import SCENARIOS, ranges

PATH = pathlib.Path(__file__).with_name("SCENARIOS.md")

# The rules of the protocol that the suite must cover; the others belong to parts not built yet.
REQUIRED = frozenset({*range(1, 15), *range(16, 20), *range(21, 65), *range(65, 81), *range(83, 95),
                      107, 108, *range(115, 123), 142})

HEADING = """\
# Conformance scenarios

Written by `python -m conformance --table`; do not edit. Each scenario runs on the reference server and on
Persevere with the same client program; the histories, answers and error statuses must be equal. The rules are
the numbered semantics rules that the engine's comments cite.

"""


def text() -> str:
    """The table as it should be."""
    rows = ["| Concern | Scenario | Shows | Rules |", "|---|---|---|---|"]
    for item in SCENARIOS.values():
        shows = re.sub(r"\s+", " ", item.shows).replace("|", "\\|")
        shows += " (only with `--long`)" if item.long else ""
        rows.append(f"| {item.concern} | `{item.name}` | {shows} | {ranges(item.rules)} |")
    covered = frozenset().union(*(item.rules for item in SCENARIOS.values()))
    missing = REQUIRED - covered
    summary = f"{len(SCENARIOS)} scenarios; rules covered: {ranges(covered)}."
    if missing:
        summary += f" Not covered: {ranges(missing)}."
    return HEADING + "\n".join(rows) + f"\n\n{summary}\n"


def is_fresh() -> bool:
    """Whether the file says what the scenarios say."""
    return PATH.exists() and PATH.read_text() == text()


def write() -> None:
    """Writes the file."""
    PATH.write_text(text())
