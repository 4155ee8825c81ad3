//! The gRPC surface: Temporal's public API, in front of a [`Core`].
//!
//! Each RPC is one function: check the request's form ([`check`]), translate, ask the core,
//! translate back. One file a family; which function answers which RPC, and which RPCs nothing
//! answers yet, is one table ([`services`]). What a refusal looks like on the wire is one mapping
//! ([`status`]).
//!
//! Deliberately not here: any rule about executions. Whether a start is a duplicate, a task stale
//! or a query allowed is for the engine to say.

mod activity_report;
mod activity_task;
mod check;
mod deadline;
mod describe;
mod history;
mod list;
mod namespace;
mod operator;
mod query;
mod services;
mod start;
mod status;
mod system;
mod task_queue;
mod token;
mod workflow;
mod workflow_task;

pub use namespace::new_namespace;

use persevere_proto::{
    DESCRIPTOR_SET, operator_service::operator_service_server::OperatorServiceServer,
    workflow_service::workflow_service_server::WorkflowServiceServer,
};
use tonic::{codec::CompressionEncoding, service::Routes};
use tower::util::MapResponseLayer;

use crate::Core;

/// Largest request taken, in bytes, uncompressed: that of the reference server, so that what works
/// here works there. Workers know the refusal and fail the workflow task (semantics rule 49).
const MAX_REQUEST_BYTES: usize = 4 << 20;

/// All services of a coordinator, ready to serve on any transport.
///
/// Requests may come compressed by gzip, and are answered so where the client asks for it. With
/// `reflection`, generic clients are told what there is; that takes a while to prepare.
///
/// # Errors
/// If the descriptors for reflection cannot be read: a broken build.
pub async fn routes(
    core: Core,
    reflection: bool,
) -> Result<Routes, tonic_reflection::server::Error> {
    let services = services::Services { core };
    let workflow = WorkflowServiceServer::new(services.clone())
        .max_decoding_message_size(MAX_REQUEST_BYTES)
        .accept_compressed(CompressionEncoding::Gzip)
        .send_compressed(CompressionEncoding::Gzip);
    let operator = OperatorServiceServer::new(services)
        .max_decoding_message_size(MAX_REQUEST_BYTES)
        .accept_compressed(CompressionEncoding::Gzip)
        .send_compressed(CompressionEncoding::Gzip);

    // Some clients compress whatever they send, so these take it as well.
    let (health_reporter, health) = tonic_health::server::health_reporter();
    let health = health.accept_compressed(CompressionEncoding::Gzip);
    health_reporter.set_serving::<WorkflowServiceServer<services::Services>>().await;
    health_reporter.set_serving::<OperatorServiceServer<services::Services>>().await;

    let descriptors = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let mut routes = Routes::builder();
    routes.add_service(workflow).add_service(operator).add_service(health);
    if reflection {
        let (v1, v1alpha) = (descriptors().build_v1()?, descriptors().build_v1alpha()?);
        routes
            .add_service(v1.accept_compressed(CompressionEncoding::Gzip))
            .add_service(v1alpha.accept_compressed(CompressionEncoding::Gzip));
    }
    let oversize = MapResponseLayer::new(status::oversize);
    Ok(Routes::from(routes.routes().into_axum_router().layer(oversize)))
}
