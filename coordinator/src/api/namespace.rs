//! Namespaces: register, describe, list, update (semantics rules 141 and 146).

use std::{sync::Arc, time::Duration};

use persevere_engine::{Limits, duration, span};
use persevere_proto::{
    api::{
        enums::v1::{ArchivalState, NamespaceState, ReplicationState},
        namespace::v1::{
            BadBinaries, NamespaceConfig, NamespaceInfo,
            namespace_info::{Capabilities, Limits as ClientLimits},
        },
        replication::v1::{ClusterReplicationConfig, NamespaceReplicationConfig},
        workflowservice::v1::{
            DescribeNamespaceRequest, DescribeNamespaceResponse, ListNamespacesRequest,
            ListNamespacesResponse, RegisterNamespaceRequest, RegisterNamespaceResponse,
            UpdateNamespaceRequest, UpdateNamespaceResponse,
        },
    },
    state::NamespacePageToken,
};
use prost::Message;
use tonic::{Request, Status};

use super::{
    check,
    status::{invalid, namespace_not_found, of_namespace, unsupported},
    system::CLUSTER_NAME,
    token,
};
use crate::{Core, Namespace};

/// How long closed runs are kept where the operator does not say.
const DEFAULT_RETENTION: Duration = Duration::from_secs(24 * 3600);
/// Shortest retention that may be asked for.
const SHORTEST_RETENTION: Duration = Duration::from_secs(24 * 3600);
/// Namespaces on a page, unless the client wants fewer.
const PAGE: usize = 100;

/// A namespace with a fresh id and default settings.
#[must_use]
pub fn new_namespace(name: &str) -> Namespace {
    let id = uuid::Uuid::new_v4().to_string();
    let description = DescribeNamespaceResponse {
        namespace_info: Some(NamespaceInfo {
            name: name.to_owned(),
            state: NamespaceState::Registered as i32,
            id: id.clone(),
            ..NamespaceInfo::default()
        }),
        config: Some(NamespaceConfig {
            workflow_execution_retention_ttl: Some(duration(DEFAULT_RETENTION)),
            bad_binaries: Some(BadBinaries::default()),
            history_archival_state: ArchivalState::Disabled as i32,
            visibility_archival_state: ArchivalState::Disabled as i32,
            ..NamespaceConfig::default()
        }),
        replication_config: Some(NamespaceReplicationConfig {
            active_cluster_name: CLUSTER_NAME.to_owned(),
            clusters: vec![ClusterReplicationConfig {
                cluster_name: CLUSTER_NAME.to_owned(),
                ..ClusterReplicationConfig::default()
            }],
            state: ReplicationState::Normal as i32,
        }),
        ..DescribeNamespaceResponse::default()
    };
    Namespace { name: name.to_owned(), id, description }
}

/// See the protocol.
pub(super) async fn register_namespace(
    core: &Core,
    request: Request<RegisterNamespaceRequest>,
) -> Result<RegisterNamespaceResponse, Status> {
    let request = request.into_inner();
    check::required(&request.namespace, "Namespace not set on request.")?;
    check::namespace_name(&request.namespace)?;
    let retention = request.workflow_execution_retention_period.as_ref();
    if span(retention).is_none_or(|retention| retention < SHORTEST_RETENTION) {
        return Err(invalid("A valid retention period is not set on request."));
    }
    if request.is_global_namespace {
        return Err(unsupported("is_global_namespace"));
    }
    let mut namespace = new_namespace(&request.namespace);
    if let Some(config) = &mut namespace.description.config {
        config.workflow_execution_retention_ttl = retention.copied();
    }
    if let Some(info) = &mut namespace.description.namespace_info {
        info.description = request.description;
        info.owner_email = request.owner_email;
        info.data = request.data;
    }
    let registered = core.namespaces.register(namespace).await;
    registered.map_err(|error| of_namespace(error, &request.namespace))?;
    Ok(RegisterNamespaceResponse {})
}

/// See the protocol.
pub(super) async fn describe_namespace(
    core: &Core,
    request: Request<DescribeNamespaceRequest>,
) -> Result<DescribeNamespaceResponse, Status> {
    let request = request.into_inner();
    let namespace = find(core, &request.namespace, &request.id)?;
    Ok(described(&namespace, &core.limits))
}

/// See the protocol.
pub(super) async fn list_namespaces(
    core: &Core,
    request: Request<ListNamespacesRequest>,
) -> Result<ListNamespacesResponse, Status> {
    let request = request.into_inner();
    let after: Option<NamespacePageToken> = token::read_page(&request.next_page_token)?;
    let limit = usize::try_from(request.page_size).ok().filter(|size| (1..=PAGE).contains(size));
    let limit = limit.unwrap_or(PAGE);
    let all = core.namespaces.all();
    let deleted_too = request.namespace_filter.is_some_and(|filter| filter.include_deleted);
    let rest = all
        .iter()
        .filter(|namespace| deleted_too || !namespace.is_deleted())
        .filter(|namespace| after.as_ref().is_none_or(|after| namespace.name > after.name));
    let page: Vec<_> = rest.take(limit + 1).collect();
    let next = page
        .get(limit)
        .and_then(|_| page.get(limit - 1))
        .map(|last| NamespacePageToken { name: last.name.clone() }.encode_to_vec());
    let page = page.into_iter().take(limit);
    Ok(ListNamespacesResponse {
        namespaces: page.map(|namespace| described(namespace, &core.limits)).collect(),
        next_page_token: next.unwrap_or_default(),
    })
}

/// See the protocol: what is not set in the request stays as it is.
pub(super) async fn update_namespace(
    core: &Core,
    request: Request<UpdateNamespaceRequest>,
) -> Result<UpdateNamespaceResponse, Status> {
    let request = request.into_inner();
    check::required(&request.namespace, "Namespace not set on request.")?;
    let mut namespace = Arc::unwrap_or_clone(check::namespace(core, &request.namespace)?);
    if request.promote_namespace {
        return Err(unsupported("promote_namespace"));
    }
    let info = namespace.description.namespace_info.get_or_insert_default();
    if let Some(update) = request.update_info {
        replace(&mut info.description, update.description);
        replace(&mut info.owner_email, update.owner_email);
        info.data.extend(update.data);
    }
    let config = namespace.description.config.get_or_insert_default();
    if let Some(update) = request.config {
        let retention = update.workflow_execution_retention_ttl;
        if let Some(retention) = retention {
            if span(Some(&retention)).is_none_or(|span| span < SHORTEST_RETENTION) {
                return Err(invalid("A valid retention period is not set on request."));
            }
            config.workflow_execution_retention_ttl = Some(retention);
        }
        config.custom_search_attribute_aliases.extend(update.custom_search_attribute_aliases);
    }
    let updated = core.namespaces.update(namespace.clone()).await;
    updated.map_err(|error| of_namespace(error, &request.namespace))?;
    let described = described(&namespace, &core.limits);
    Ok(UpdateNamespaceResponse {
        namespace_info: described.namespace_info,
        config: described.config,
        replication_config: described.replication_config,
        failover_version: described.failover_version,
        is_global_namespace: described.is_global_namespace,
    })
}

/// A namespace by its name or, without a name, by its id; also one that is being deleted.
pub(super) fn find(core: &Core, name: &str, id: &str) -> Result<Arc<Namespace>, Status> {
    check::namespace_name(name)?;
    let (found, asked) = match (name, id) {
        ("", "") => return Err(invalid("Namespace not set on request.")),
        ("", id) => (core.namespaces.by_id(id), id),
        (name, _) => (core.namespaces.get(name), name),
    };
    found.ok_or_else(|| namespace_not_found(asked))
}

fn replace(old: &mut String, new: String) {
    if !new.is_empty() {
        *old = new;
    }
}

/// What is stored of a namespace, with what this version of the server can do (semantics rule
/// 141): that is a property of the program, not of the stored namespace.
fn described(namespace: &Namespace, limits: &Limits) -> DescribeNamespaceResponse {
    let mut description = namespace.description.clone();
    let info = description.namespace_info.get_or_insert_default();
    let blob = i64::try_from(limits.blob_size).unwrap_or(i64::MAX);
    info.capabilities = Some(Capabilities { eager_workflow_start: true, ..Default::default() });
    info.limits = Some(ClientLimits {
        blob_size_limit_error: blob,
        memo_size_limit_error: blob,
        workflow_task_completion_size_limit_error: super::MAX_REQUEST_BYTES as i64,
    });
    info.supports_schedules = false;
    description
}
