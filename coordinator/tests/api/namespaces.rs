//! Namespaces: registered, described, listed, updated; and what is refused.

use persevere_proto::{
    api::{
        namespace::v1::UpdateNamespaceInfo,
        operatorservice::v1::DeleteNamespaceRequest,
        workflowservice::v1::{
            DescribeNamespaceRequest, ListNamespacesRequest, ListWorkflowExecutionsRequest,
            RegisterNamespaceRequest, StartWorkflowExecutionRequest, UpdateNamespaceRequest,
        },
    },
    operator_service::operator_service_client::OperatorServiceClient,
    wkt::Duration,
};
use tonic::Code;

use crate::server::{Server, refusal, start_request};

fn register(name: &str, days: i64) -> RegisterNamespaceRequest {
    RegisterNamespaceRequest {
        namespace: name.into(),
        workflow_execution_retention_period: (days > 0)
            .then(|| Duration { seconds: days * 86_400, nanos: 0 }),
        description: "for tests".into(),
        ..Default::default()
    }
}

fn describe(name: &str) -> DescribeNamespaceRequest {
    DescribeNamespaceRequest { namespace: name.into(), ..Default::default() }
}

#[tokio::test]
async fn default_exists_and_states_its_limits() {
    let mut server = Server::open().await;
    let found = server.service.describe_namespace(describe("default")).await.expect("exists");
    let info = found.into_inner().namespace_info.expect("is there");
    assert_eq!(info.name, "default");
    let capabilities = info.capabilities.expect("are stated");
    assert!(capabilities.eager_workflow_start);
    assert!(!capabilities.sync_update && !capabilities.async_update);
    assert!(!capabilities.worker_heartbeats && !capabilities.poller_autoscaling);
    assert_eq!(info.limits.expect("are stated").blob_size_limit_error, 2 << 20);
}

#[tokio::test]
async fn a_registered_namespace_is_described_by_name_and_by_id() {
    let mut server = Server::open().await;
    server.service.register_namespace(register("payments", 3)).await.expect("registers");
    let found = server.service.describe_namespace(describe("payments")).await.expect("exists");
    let found = found.into_inner();
    let info = found.namespace_info.clone().expect("is there");
    assert_eq!((info.name.as_str(), info.description.as_str()), ("payments", "for tests"));
    let retention = found.config.expect("is there").workflow_execution_retention_ttl;
    assert_eq!(retention.map(|span| span.seconds), Some(3 * 86_400));
    let by_id = DescribeNamespaceRequest { id: info.id.clone(), ..Default::default() };
    let by_id = server.service.describe_namespace(by_id).await.expect("exists").into_inner();
    assert_eq!(by_id.namespace_info, Some(info));
}

#[tokio::test]
async fn an_update_changes_what_it_names_only() {
    let mut server = Server::open().await;
    server.service.register_namespace(register("payments", 3)).await.expect("registers");
    let update = UpdateNamespaceRequest {
        namespace: "payments".into(),
        update_info: Some(UpdateNamespaceInfo {
            owner_email: "ada@example.com".into(),
            data: [("team".to_owned(), "red".to_owned())].into(),
            ..Default::default()
        }),
        ..Default::default()
    };
    server.service.update_namespace(update).await.expect("updates");
    let found = server.service.describe_namespace(describe("payments")).await.expect("exists");
    let found = found.into_inner();
    let info = found.namespace_info.expect("is there");
    assert_eq!(
        (info.description.as_str(), info.owner_email.as_str()),
        ("for tests", "ada@example.com")
    );
    assert_eq!(info.data["team"], "red");
    let retention = found.config.expect("is there").workflow_execution_retention_ttl;
    assert_eq!(retention.map(|span| span.seconds), Some(3 * 86_400));
}

#[tokio::test]
async fn a_list_goes_through_all_pages() {
    let mut server = Server::open().await;
    for name in ["a", "b", "c"] {
        server.service.register_namespace(register(name, 1)).await.expect("registers");
    }
    let (mut names, mut next_page_token) = (Vec::new(), Vec::new());
    loop {
        let request = ListNamespacesRequest { page_size: 2, next_page_token, ..Default::default() };
        let page = server.service.list_namespaces(request).await.expect("lists").into_inner();
        names.extend(page.namespaces.into_iter().filter_map(|found| found.namespace_info));
        next_page_token = page.next_page_token;
        if next_page_token.is_empty() {
            break;
        }
    }
    let names: Vec<&str> = names.iter().map(|info| info.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c", "default"]);
}

#[tokio::test]
async fn a_deleted_namespace_is_gone_with_its_executions() {
    let mut server = Server::open().await;
    server.service.register_namespace(register("payments", 3)).await.expect("registers");
    let start =
        || StartWorkflowExecutionRequest { namespace: "payments".into(), ..start_request("w") };
    server.service.start_workflow_execution(start()).await.expect("starts");
    let mut operator = OperatorServiceClient::new(server.coordinator.channel());
    let delete = || DeleteNamespaceRequest { namespace: "payments".into(), ..Default::default() };
    operator.delete_namespace(delete()).await.expect("deletes");

    let describe = server.service.describe_namespace(describe("payments")).await;
    assert_eq!(describe.expect_err("is gone").code(), Code::NotFound);
    let again = operator.delete_namespace(delete()).await.expect_err("is gone");
    assert_eq!(again.code(), Code::NotFound);
    let start_in_it = server.service.start_workflow_execution(start()).await;
    assert_eq!(start_in_it.expect_err("is gone").code(), Code::NotFound);

    server.service.register_namespace(register("payments", 3)).await.expect("is free again");
    let list = ListWorkflowExecutionsRequest { namespace: "payments".into(), ..Default::default() };
    let listed = server.service.list_workflow_executions(list).await.expect("lists");
    assert!(listed.into_inner().executions.is_empty(), "an execution came back");
}

#[tokio::test]
async fn namespaces_that_make_no_sense_are_refused() {
    let mut server = Server::open().await;
    let retention = "A valid retention period is not set on request.";
    let table = [
        (register("", 1), Code::InvalidArgument, "Namespace not set on request.", None),
        (register("new", 0), Code::InvalidArgument, retention, None),
        (
            register("default", 1),
            Code::AlreadyExists,
            "Namespace \"default\" already exists",
            Some("NamespaceAlreadyExistsFailure".to_owned()),
        ),
    ];
    for (request, code, message, kind) in table {
        let status = server.service.register_namespace(request).await.expect_err("is refused");
        assert_eq!(refusal(&status), (code, message, kind));
    }
    for name in ["new", "nowhere"] {
        let status =
            server.service.describe_namespace(describe(name)).await.expect_err("is absent");
        let message = format!("Namespace {name} is not found.");
        let kind = Some("NamespaceNotFoundFailure".to_owned());
        assert_eq!(refusal(&status), (Code::NotFound, message.as_str(), kind));
    }
    let update = UpdateNamespaceRequest { namespace: "nowhere".into(), ..Default::default() };
    let status = server.service.update_namespace(update).await.expect_err("is absent");
    assert_eq!(status.code(), Code::NotFound);
}
