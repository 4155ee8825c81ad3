"""All scenarios, one file for each concern."""

from . import chain, start, sticky, workflow_task  # noqa: F401
