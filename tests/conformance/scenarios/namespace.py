"""Namespaces and what the server says about itself."""

import asyncio

import grpc
from temporalio.api.namespace.v1 import NamespaceConfig, UpdateNamespaceInfo
from temporalio.api.workflowservice import v1 as api

from ..commands import seconds
from ..driver import NAMESPACE, Driver
from ..scenario import scenario


@scenario(rules="142", slow=True)
async def namespace_life(d: Driver) -> None:
    """A namespace is registered, described, updated and used; a second of its name is refused."""
    name = d.name().replace("~", "-")
    request = api.RegisterNamespaceRequest(
        namespace=name, description="first", owner_email="a@b.c", data={"k": "v"},
        workflow_execution_retention_period=seconds(86400 * 3))
    d.record("registered", await d.stub.RegisterNamespace(request))
    await d.refused(d.stub.RegisterNamespace(request), "registered twice")
    _record_namespace(d, "described", await _described(d, name))
    updated = await d.stub.UpdateNamespace(api.UpdateNamespaceRequest(
        namespace=name, update_info=UpdateNamespaceInfo(description="second", data={"l": "w"}),
        config=NamespaceConfig(workflow_execution_retention_ttl=seconds(86400 * 5))))
    _record_namespace(d, "updated", updated)
    await _usable(d, name)
    await d.refused(d.stub.DescribeWorkflowExecution(api.DescribeWorkflowExecutionRequest(
        namespace=NAMESPACE, execution={"workflow_id": d.name("in-it")})), "not in default")


@scenario(rules="142")
async def namespace_refused(d: Driver) -> None:
    """An unknown namespace is not found; one without a name or with a senseless retention is refused."""
    await d.refused(d.stub.DescribeNamespace(api.DescribeNamespaceRequest(namespace="no-such-namespace")), "unknown")
    await d.refused(d.stub.DescribeNamespace(api.DescribeNamespaceRequest()), "no name")
    await d.refused(d.stub.UpdateNamespace(api.UpdateNamespaceRequest(namespace="no-such-namespace")), "update unknown")
    register = api.RegisterNamespaceRequest
    await d.refused(d.stub.RegisterNamespace(register(workflow_execution_retention_period=seconds(86400))),
                    "register without a name", naming="namespace")
    await d.refused(d.stub.RegisterNamespace(register(namespace=d.name("x")[:30].replace("~", "-"))),
                    "register without retention", naming="retention")


@scenario(rules="142")
async def default_namespace(d: Driver) -> None:
    """The namespace `default` is there, and listed."""
    described = await d.stub.DescribeNamespace(api.DescribeNamespaceRequest(namespace=NAMESPACE))
    d.record("name and state", [described.namespace_info.name, described.namespace_info.state])
    listed = await d.stub.ListNamespaces(api.ListNamespacesRequest(page_size=100))
    d.record("listed", NAMESPACE in [entry.namespace_info.name for entry in listed.namespaces])


@scenario(rules="142")
async def what_the_server_says_of_itself(d: Driver) -> None:
    """System and cluster information answer with a version that clients accept."""
    system = await d.stub.GetSystemInfo(api.GetSystemInfoRequest())
    d.record("semantic version", len(system.server_version.split(".")) >= 3)
    capabilities = system.capabilities
    for flag in ("signal_and_query_header", "internal_error_differentiation", "activity_failure_include_heartbeat",
                 "encoded_failure_attributes", "upsert_memo", "sdk_metadata", "count_group_by_execution_status"):
        d.record(flag, getattr(capabilities, flag))
    cluster = await d.stub.GetClusterInfo(api.GetClusterInfoRequest())
    d.record("cluster", [bool(cluster.cluster_id), bool(cluster.cluster_name), cluster.history_shard_count > 0,
                         "temporal-cli" in cluster.supported_clients])


@scenario(rules="142")
async def health(d: Driver) -> None:
    """The health service reports the workflow service as serving."""
    check = d.channel.unary_unary("/grpc.health.v1.Health/Check")
    service = b"temporal.api.workflowservice.v1.WorkflowService"
    d.record("status", await check(b"\x0a" + bytes([len(service)]) + service))
    await d.refused(check(b"\x0a\x03abc"), "unknown service")


def _record_namespace(d: Driver, label: str, described) -> None:
    """What a client set, without the server's own housekeeping."""
    info, config = described.namespace_info, described.config
    d.record(label, {"name": info.name.replace("-", ""), "state": info.state, "description": info.description,
                     "owner": info.owner_email, "data": dict(sorted(info.data.items())),
                     "retention": config.workflow_execution_retention_ttl})


async def _described(d: Driver, name: str):
    return await d.stub.DescribeNamespace(api.DescribeNamespaceRequest(namespace=name))


async def _usable(d: Driver, name: str) -> None:
    """Starts a run in a new namespace, as soon as the server lets it: the reference looks for new ones now and then."""
    for _ in range(300):
        try:
            await d.stub.StartWorkflowExecution(d.start_request("in-it", namespace=name))
            d.record("started in it", True)
            return
        except grpc.aio.AioRpcError as error:
            assert error.code() == grpc.StatusCode.NOT_FOUND, error
        await asyncio.sleep(0.2)
    raise AssertionError("the new namespace cannot be used")
