//! The wire contract: Temporal's public API as messages and service stubs, and the schema of
//! what the coordinator persists.
//!
//! Messages are those of [`temporalio_protos`], re-exported under [`api`]. The stubs are generated
//! here, from the descriptor set which that crate exports, because it ships without servers.

pub use temporalio_protos::temporal::api;

/// `google.protobuf.{Timestamp, Duration, Any, FieldMask}` as the API's messages use them.
pub use prost_wkt_types as wkt;

/// `google.rpc.Status`, which carries typed error details.
pub use temporalio_protos::google::rpc;

/// Encoded `FileDescriptorSet` of the whole API: for reflection and for JSON.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/temporal_api.bin"));

/// What the coordinator persists, and the tokens it hands out: `persevere.state.v1`.
///
/// The schema is in `proto/schema`; its comments say what each field means.
#[allow(missing_docs, clippy::all, reason = "generated")]
pub mod state {
    include!(concat!(env!("OUT_DIR"), "/persevere.state.v1.rs"));
}

/// `temporal.api.workflowservice.v1.WorkflowService`: client and server stubs.
#[allow(missing_docs, clippy::all, reason = "generated")]
#[cfg(any(feature = "client", feature = "server"))]
pub mod workflow_service {
    include!(concat!(env!("OUT_DIR"), "/temporal.api.workflowservice.v1.rs"));
}

/// `temporal.api.operatorservice.v1.OperatorService`: client and server stubs.
#[allow(missing_docs, clippy::all, reason = "generated")]
#[cfg(any(feature = "client", feature = "server"))]
pub mod operator_service {
    include!(concat!(env!("OUT_DIR"), "/temporal.api.operatorservice.v1.rs"));
}

/// `temporal.api.testservice.v1.TestService`: client and server stubs.
#[allow(missing_docs, clippy::all, reason = "generated")]
#[cfg(any(feature = "client", feature = "server"))]
pub mod test_service {
    include!(concat!(env!("OUT_DIR"), "/temporal.api.testservice.v1.rs"));
}
