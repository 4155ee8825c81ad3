"""Turns protocol messages into plain text lines that must be equal on every correct server.

What stays: event ids, event types, every attribute, durations, identities, payloads, failures.
What goes: moments in time (those that never come stay told apart), random ids (numbered in order of
appearance, so that equal ids stay equal), task tokens, sizes in bytes, internal task ids, and the
nonce of the scenario run. A time-out of zero and none at all are two things.

Not here: what is compared (scenarios decide) and how a difference is shown (`runner`).
"""

import base64
import math
import re
from typing import Any

from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

RANDOM_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32}")
# Moments in time inside a payload, as the SDK writes them into the marker of a local activity.
MOMENT = re.compile(r'"seconds":\d+,"nanos":\d+')

# Fields whose value differs between any two runs of one server; only presence is compared.
PRESENCE_ONLY = {
    "task_token": "<token>",
    "next_page_token": "<token>",
    "history_size_bytes": "<size>",
    "backlog_count_hint": "<count>",
    "execution_duration": "<duration>",
}
# Bookkeeping of a server's own internals that no client reads.
DROPPED = {
    "task_id", "state_transition_count", "poller_scaling_decision", "poller_group_id", "poller_group_infos",
    "poller_groups_info",
}
# Search attributes that the reference sets by itself for worker versioning, which is not part of the suite yet.
DROPPED_KEYS = {"BuildIds", "BinaryChecksums"}
# Sets that the SDK sends in any order.
UNORDERED = {"core_used_flags", "lang_used_flags"}
# Maps whose keys the server makes up.
SERVER_NAMED = {"queries"}
# Longer texts are shown by their beginning and length.
TEXT_LENGTH_MAX = 400
# A server computes these from the clock, so they fall a little short of a whole second.
WHOLE_SECONDS = {"first_workflow_task_backoff", "backoff_start_interval"}
# And this from two readings of the clock, a few milliseconds apart.
ROUNDED_SECONDS = {"current_retry_interval"}


class Normaliser:
    """Normalises the values of one scenario on one server; remembers the random ids it has met."""

    def __init__(self, nonce: str) -> None:
        self._nonce = nonce
        self._ids: dict[str, str] = {}
        self._dropped = set(DROPPED)

    def drop(self, *fields: str) -> None:
        """Leaves these fields out of what is recorded from now on, in one scenario and for a reason it gives."""
        self._dropped.update(fields)

    def text(self, text: str) -> str:
        """`text` with the nonce removed and each random id replaced by its number."""
        text = text.replace(self._nonce, "")
        if len(text) > TEXT_LENGTH_MAX:
            text = f"{text[:TEXT_LENGTH_MAX // 4]}… ({len(text)} characters)"
        return RANDOM_ID.sub(lambda found: self._ids.setdefault(found[0], f"<id {len(self._ids) + 1}>"), text)

    def history(self, events: list[HistoryEvent]) -> list[str]:
        """One block of lines for each event: `id Type`, then its fields indented."""
        lines = []
        for event in events:
            lines.append(f"{event.event_id} {event_name(event)}")
            plain = self.plain(event)
            for name in ("event_id", "event_type"):
                plain.pop(name, None)
            for name, value in plain.items():
                inner = value if name.endswith("_attributes") else {name: value}
                lines += indented(render(inner))
        return lines

    def lines(self, value: Any) -> list[str]:
        """Any recorded value (message, mapping, list, text, number) as lines."""
        return render(self.plain(value))

    def plain(self, value: Any) -> Any:
        """`value` as dicts, lists and text, in field order, normalised."""
        if isinstance(value, Message):
            return self._message(value)
        if isinstance(value, dict):
            return {self.text(str(key)): self.plain(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.plain(item) for item in value]
        if isinstance(value, bytes):
            return "base64:" + base64.b64encode(value).decode()
        return self.text(value) if isinstance(value, str) else value

    def _message(self, message: Message) -> Any:
        kind = message.DESCRIPTOR.full_name
        if kind == "google.protobuf.Timestamp":
            return "<time>" if message.seconds > 0 else "<never>"
        if kind == "google.protobuf.Duration":
            return f"{round(message.ToTimedelta().total_seconds(), 3):g}s"
        if isinstance(message, Payload):
            encoding = message.metadata.get("encoding", b"").decode(errors="replace")
            data = MOMENT.sub("<time>", self.text(message.data.decode(errors="backslashreplace")))
            extra = {k: v.decode(errors="replace") for k, v in sorted(message.metadata.items()) if k != "encoding"}
            return f"{data} ({encoding}{', ' + str(extra) if extra else ''})"
        plain = {}
        for field, value in message.ListFields():
            if field.name in self._dropped:
                continue
            if field.name in PRESENCE_ONLY:
                plain[field.name] = PRESENCE_ONLY[field.name]
            elif field.name == "search_attributes" and not set(value.indexed_fields) - DROPPED_KEYS:
                continue
            elif field.name in UNORDERED:
                plain[field.name] = sorted(value)
            elif field.name in WHOLE_SECONDS:
                plain[field.name] = f"{math.ceil(value.ToTimedelta().total_seconds())}s"
            elif field.name in ROUNDED_SECONDS:
                plain[field.name] = f"{round(value.ToTimedelta().total_seconds())}s"
            else:
                plain[field.name] = self._field(field, value)
        return plain

    def _field(self, field: Any, value: Any) -> Any:
        entry = field.message_type
        if field.name in SERVER_NAMED:
            return [self.plain(item) for item in value.values()]
        if entry is not None and entry.GetOptions().map_entry:
            return {self.text(str(key)): self.plain(value[key]) for key in sorted(value) if key not in DROPPED_KEYS}
        if field.enum_type is not None:
            name = lambda number: _enum_name(field.enum_type, number)
            return [name(number) for number in value] if field.is_repeated else name(value)
        return [self.plain(item) for item in value] if field.is_repeated else self.plain(value)


def event_name(event: HistoryEvent) -> str:
    """The event's type as the documentation writes it, for example `TimerStarted`."""
    return EventType.Name(event.event_type).removeprefix("EVENT_TYPE_").title().replace("_", "")


def render(value: Any) -> list[str]:
    """Plain data as indented `name: value` lines."""
    if isinstance(value, dict):
        lines = []
        for name, item in value.items():
            inner = render(item)
            short = len(inner) == 1 and not isinstance(item, dict)
            lines += [f"{name}: {inner[0]}"] if short else [f"{name}:"] + indented(inner)
        return lines or ["{}"]
    if isinstance(value, list):
        lines = []
        for item in value:
            first, *rest = render(item)
            lines += [f"- {first}"] + indented(rest)
        return lines or ["[]"]
    return str(value).splitlines() or [""]


def indented(lines: list[str]) -> list[str]:
    """`lines`, each two spaces further in."""
    return ["  " + line for line in lines]


def _enum_name(enum: Any, number: int) -> str:
    found = enum.values_by_number.get(number)
    return found.name if found else f"unknown {number}"
