"""All scenarios, one file for each concern."""

from . import activity, chain, child, close, external, signal, start, sticky, timer, workflow_task  # noqa: F401
