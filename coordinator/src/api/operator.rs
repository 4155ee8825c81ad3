//! The part of OperatorService that operators need with one cluster (semantics rule 146).

use std::sync::Arc;

use persevere_proto::api::enums::v1::NamespaceState;
use persevere_proto::api::operatorservice::v1::{
    ClusterMetadata, DeleteNamespaceRequest, DeleteNamespaceResponse, ListClustersRequest,
    ListClustersResponse, ListNexusEndpointsRequest, ListNexusEndpointsResponse,
    ListSearchAttributesRequest, ListSearchAttributesResponse,
};
use tonic::{Request, Status};

use super::{check, namespace, status::of_namespace, system};
use crate::{Core, Filter, Namespace, Target};

/// Executions that are deleted before the next ones are looked up.
const DELETION_PAGE: usize = 100;

/// See the protocol.
pub(super) async fn list_search_attributes(
    core: &Core,
    request: Request<ListSearchAttributesRequest>,
) -> Result<ListSearchAttributesResponse, Status> {
    check::namespace(core, &request.into_inner().namespace)?;
    Ok(ListSearchAttributesResponse {
        system_attributes: system::search_attributes(),
        ..ListSearchAttributesResponse::default()
    })
}

/// See the protocol: one cluster, this one.
pub(super) async fn list_clusters(
    core: &Core,
    _request: Request<ListClustersRequest>,
) -> Result<ListClustersResponse, Status> {
    let cluster = ClusterMetadata {
        cluster_name: system::CLUSTER_NAME.to_owned(),
        cluster_id: system::cluster_id(core),
        initial_failover_version: 1,
        history_shard_count: 1,
        is_connection_enabled: true,
        ..ClusterMetadata::default()
    };
    Ok(ListClustersResponse { clusters: vec![cluster], ..ListClustersResponse::default() })
}

/// See the protocol: there are none, and none can be made.
pub(super) async fn list_nexus_endpoints(
    _core: &Core,
    _request: Request<ListNexusEndpointsRequest>,
) -> Result<ListNexusEndpointsResponse, Status> {
    Ok(ListNexusEndpointsResponse::default())
}

/// See the protocol. From the first step on nobody finds the namespace; a deletion that was cut
/// short by a crash is taken up by asking again.
pub(super) async fn delete_namespace(
    core: &Core,
    request: Request<DeleteNamespaceRequest>,
) -> Result<DeleteNamespaceResponse, Status> {
    let request = request.into_inner();
    let namespace = namespace::find(core, &request.namespace, &request.namespace_id)?;
    let deleted_namespace = namespace.name.clone();
    // A task of its own: it goes on although the client may not wait for it.
    let deletion = tokio::spawn(delete(core.clone(), Arc::unwrap_or_clone(namespace)));
    deletion.await.map_err(|error| Status::internal(error.to_string()))??;
    Ok(DeleteNamespaceResponse { deleted_namespace })
}

async fn delete(core: Core, mut namespace: Namespace) -> Result<(), Status> {
    let name = namespace.name.clone();
    let info = namespace.description.namespace_info.get_or_insert_default();
    info.state = NamespaceState::Deleted as i32;
    let marked = core.namespaces.update(namespace).await;
    marked.map_err(|error| of_namespace(error, &name))?;
    loop {
        let rows = core.store.list(&name, &Filter::default(), None, DELETION_PAGE).await?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            core.shards.delete(Target::new(&name, row.workflow_id, row.run_id)).await?;
        }
    }
    core.namespaces.remove(&name).await.map_err(|error| of_namespace(error, &name))
}
