"""All scenarios, one file for each concern."""

from . import activity, bad_input, chain, child, cli, close, external, history, limits, namespace, poll, query, sdk, signal, start, sticky, timer, visibility, workflow_task  # noqa: F401
