//! What the server says about itself, and what it does not have.

use persevere_coordinator::{Config, Coordinator};
use persevere_proto::{
    api::{
        operatorservice::v1::ListSearchAttributesRequest,
        workflowservice::v1::{
            GetClusterInfoRequest, GetSystemInfoRequest, ListSchedulesRequest,
            RecordWorkerHeartbeatRequest, StartWorkflowExecutionRequest,
            UpdateWorkflowExecutionRequest,
        },
    },
    operator_service::operator_service_client::OperatorServiceClient,
};
use tonic::{Code, codec::CompressionEncoding, transport::Channel};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

use crate::server::{NAMESPACE, Server, payloads, refusal, start_request};

#[tokio::test]
async fn capabilities_are_claimed_only_for_what_works() {
    let mut server = Server::open().await;
    let info = server.service.get_system_info(GetSystemInfoRequest {}).await.expect("answers");
    let info = info.into_inner();
    assert!(info.server_version.starts_with("1."), "clients want semver 1.x");
    let flags = info.capabilities.expect("are stated");
    assert!(flags.signal_and_query_header && flags.internal_error_differentiation);
    assert!(flags.activity_failure_include_heartbeat && flags.encoded_failure_attributes);
    assert!(flags.upsert_memo && flags.eager_workflow_start && flags.sdk_metadata);
    assert!(flags.count_group_by_execution_status);
    assert!(!flags.supports_schedules && !flags.nexus && !flags.build_id_based_versioning);
}

#[tokio::test]
async fn what_is_not_there_says_so_by_name() {
    let mut server = Server::open().await;
    let update = UpdateWorkflowExecutionRequest::default();
    let update = server.service.update_workflow_execution(update).await.expect_err("is absent");
    let text = "UpdateWorkflowExecution is not supported by this server";
    assert_eq!(refusal(&update), (Code::Unimplemented, text, None));
    let list = server.service.list_schedules(ListSchedulesRequest::default()).await;
    assert_eq!(list.expect_err("is absent").code(), Code::Unimplemented);
}

#[tokio::test]
async fn one_cluster_describes_itself() {
    let mut server = Server::open().await;
    let info = server.service.get_cluster_info(GetClusterInfoRequest {}).await.expect("answers");
    let info = info.into_inner();
    assert_eq!((info.cluster_name.as_str(), info.persistence_store.as_str()), ("active", "sqlite"));
    assert!(!info.cluster_id.is_empty());
    assert_eq!(info.supported_clients["temporal-cli"], "<2.0.0");
}

#[tokio::test]
async fn search_attributes_of_the_system_are_listed_with_their_types() {
    let server = Server::open().await;
    let mut operator = OperatorServiceClient::new(server.coordinator.channel());
    let request = ListSearchAttributesRequest { namespace: NAMESPACE.into() };
    let listed = operator.list_search_attributes(request).await.expect("answers").into_inner();
    assert_eq!(listed.system_attributes.len(), 33);
    assert_eq!(listed.system_attributes["WorkflowId"], 2, "is a keyword");
}

#[tokio::test]
async fn worker_heartbeats_are_taken() {
    let mut server = Server::open().await;
    let heartbeat =
        RecordWorkerHeartbeatRequest { namespace: NAMESPACE.into(), ..Default::default() };
    server.service.record_worker_heartbeat(heartbeat).await.expect("is taken");
}

#[tokio::test]
async fn health_is_told_for_the_server_and_its_service() {
    let server = Server::open().await;
    let mut health = HealthClient::new(server.coordinator.channel());
    for service in ["", "temporal.api.workflowservice.v1.WorkflowService"] {
        let check = HealthCheckRequest { service: service.into() };
        let answer = health.check(check).await.expect("answers").into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving, "{service}");
    }
    let unknown = health.check(HealthCheckRequest { service: "other".into() }).await;
    assert_eq!(unknown.expect_err("is unknown").code(), Code::NotFound);
}

#[tokio::test]
async fn whoever_calls_by_address_can_ask_what_there_is() {
    let config = Config { listen: Some(([127, 0, 0, 1], 0).into()), ..Config::default() };
    let coordinator = Coordinator::open(config).await.expect("opens in memory");
    let address = format!("http://{}", coordinator.address().expect("it listens"));
    let channel = Channel::from_shared(address).expect("is a URI").connect().await;
    let mut reflection = ServerReflectionClient::new(channel.expect("it listens"));
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let answers = reflection.server_reflection_info(tokio_stream::once(request)).await;
    let answer = answers.expect("answers").into_inner().message().await.expect("answers");
    let Some(MessageResponse::ListServicesResponse(listed)) =
        answer.and_then(|answer| answer.message_response)
    else {
        panic!("not a list of services");
    };
    let names: Vec<&str> = listed.service.iter().map(|service| service.name.as_str()).collect();
    assert!(names.contains(&"temporal.api.workflowservice.v1.WorkflowService"), "{names:?}");
    assert!(names.contains(&"grpc.health.v1.Health"), "{names:?}");
}

#[tokio::test]
async fn compressed_requests_are_taken_and_answered_so() {
    let server = Server::open().await;
    let mut service = server
        .service
        .clone()
        .send_compressed(CompressionEncoding::Gzip)
        .accept_compressed(CompressionEncoding::Gzip);
    let started = service.start_workflow_execution(start_request("zipped")).await.expect("starts");
    assert_eq!(started.metadata().get("grpc-encoding").map(|e| e.as_bytes()), Some(&b"gzip"[..]));
}

/// Semantics rule 49. Workers take a refusal for this one if it is said in these words.
#[tokio::test]
async fn a_request_over_4_mib_is_refused_in_the_words_that_workers_know() {
    let server = Server::open().await;
    let plain = server.service.clone();
    let zipped = server.service.clone().send_compressed(CompressionEncoding::Gzip);
    for (id, mut service) in [("plain", plain), ("zipped", zipped)] {
        let input = Some(payloads(&"x".repeat(4 << 20)));
        let request = StartWorkflowExecutionRequest { input, ..start_request(id) };
        let refused = service.start_workflow_execution(request).await.expect_err("is refused");
        let text = "grpc: received message larger than max";
        assert_eq!(refusal(&refused), (Code::ResourceExhausted, text, None));
        service.start_workflow_execution(start_request(id)).await.expect("the server lives on");
    }
}
