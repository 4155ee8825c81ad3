"""All scenarios, one file for each concern."""

from . import start, workflow_task  # noqa: F401
