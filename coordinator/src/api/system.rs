//! What this server is and can do (semantics rule 140): clients adapt to it, so a flag is true
//! only for what works.

use std::collections::HashMap;

use persevere_proto::api::{
    enums::v1::IndexedValueType,
    workflowservice::v1::{
        GetClusterInfoRequest, GetClusterInfoResponse, GetSearchAttributesRequest,
        GetSearchAttributesResponse, GetSystemInfoRequest, GetSystemInfoResponse,
        get_system_info_response::Capabilities,
    },
};
use tonic::{Request, Status};

use crate::{Core, visibility::SYSTEM_FIELDS};

/// The version of Temporal's server whose behaviour this server follows; clients refuse to talk
/// to servers outside of `>=1.0.0 <2.0.0`.
const SERVER_VERSION: &str = "1.32.0";
/// There is one cluster, of one node.
pub(super) const CLUSTER_NAME: &str = "active";
/// Clients that the reference server of that version supports.
const SUPPORTED_CLIENTS: [(&str, &str); 8] = [
    ("temporal-cli", "<2.0.0"),
    ("temporal-go", "<2.0.0"),
    ("temporal-java", "<2.0.0"),
    ("temporal-php", "<2.0.0"),
    ("temporal-server", "<2.0.0"),
    ("temporal-typescript", "<2.0.0"),
    ("temporal-ui", "<3.0.0"),
    ("Nexus-go-sdk", "<2.0.0"),
];

/// See the protocol.
pub(super) async fn get_system_info(
    _core: &Core,
    _request: Request<GetSystemInfoRequest>,
) -> Result<GetSystemInfoResponse, Status> {
    let capabilities = Capabilities {
        signal_and_query_header: true,
        internal_error_differentiation: true,
        activity_failure_include_heartbeat: true,
        encoded_failure_attributes: true,
        upsert_memo: true,
        eager_workflow_start: true,
        sdk_metadata: true,
        count_group_by_execution_status: true,
        ..Capabilities::default()
    };
    Ok(GetSystemInfoResponse {
        server_version: SERVER_VERSION.to_owned(),
        capabilities: Some(capabilities),
    })
}

/// See the protocol.
pub(super) async fn get_cluster_info(
    core: &Core,
    _request: Request<GetClusterInfoRequest>,
) -> Result<GetClusterInfoResponse, Status> {
    let clients = SUPPORTED_CLIENTS.into_iter();
    Ok(GetClusterInfoResponse {
        supported_clients: clients.map(|(name, range)| (name.into(), range.into())).collect(),
        server_version: SERVER_VERSION.to_owned(),
        cluster_id: cluster_id(core),
        cluster_name: CLUSTER_NAME.to_owned(),
        history_shard_count: 1,
        persistence_store: "sqlite".to_owned(),
        visibility_store: "sqlite".to_owned(),
        initial_failover_version: 1,
        failover_version_increment: 10,
        ..GetClusterInfoResponse::default()
    })
}

/// See the protocol.
pub(super) async fn get_search_attributes(
    _core: &Core,
    _request: Request<GetSearchAttributesRequest>,
) -> Result<GetSearchAttributesResponse, Status> {
    Ok(GetSearchAttributesResponse { keys: search_attributes() })
}

/// All search attributes, by name.
pub(super) fn search_attributes() -> HashMap<String, i32> {
    let fields = SYSTEM_FIELDS.iter();
    fields.map(|(name, kind): &(_, IndexedValueType)| ((*name).to_owned(), *kind as i32)).collect()
}

/// Names the database: the id of its first namespace is drawn when the database is made.
pub(super) fn cluster_id(core: &Core) -> String {
    let namespaces = core.namespaces.all();
    namespaces.iter().map(|namespace| namespace.id.clone()).min().unwrap_or_default()
}
