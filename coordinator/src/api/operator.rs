//! The part of OperatorService that operators need with one cluster (semantics rule 146).

use persevere_proto::api::operatorservice::v1::{
    ClusterMetadata, ListClustersRequest, ListClustersResponse, ListNexusEndpointsRequest,
    ListNexusEndpointsResponse, ListSearchAttributesRequest, ListSearchAttributesResponse,
};
use tonic::{Request, Status};

use super::{check, system};
use crate::Core;

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
