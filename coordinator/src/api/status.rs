//! Refusals on the wire: one gRPC status each, with its typed detail (semantics rule 142).

use bytes::Bytes;
use http::HeaderValue;
use persevere_engine::{Rejection, Reply};
use persevere_proto::{
    api::{
        enums::v1::ResourceExhaustedScope,
        errordetails::v1::{
            NamespaceAlreadyExistsFailure, NamespaceNotFoundFailure, NotFoundFailure,
            QueryFailedFailure, ResourceExhaustedFailure, WorkflowExecutionAlreadyStartedFailure,
            WorkflowNotReadyFailure,
        },
    },
    rpc,
    wkt::Any,
};
use prost::Message;
use tonic::{Code, Status};

use crate::{CallError, NamespaceError, StoreError, visibility::FilterError};

/// A request that is wrong in itself.
pub(super) fn invalid(message: impl Into<String>) -> Status {
    Status::invalid_argument(message)
}

/// Something that exists in the protocol but not here (yet). Clients do not retry it.
pub(super) fn unsupported(what: &str) -> Status {
    Status::unimplemented(format!("{what} is not supported by this server"))
}

/// The engine answered another question than was asked: a bug of ours, never the client's.
pub(super) fn unexpected(asked: &str, reply: &Reply) -> Status {
    tracing::error!(?reply, "the reply to {asked} is of another kind");
    Status::internal(format!("the reply to {asked} is of another kind"))
}

/// There is no such namespace.
pub(super) fn namespace_not_found(name: &str) -> Status {
    let detail = NamespaceNotFoundFailure { namespace: name.to_owned() };
    let message = format!("Namespace {name} is not found.");
    detailed(Code::NotFound, message, "NamespaceNotFoundFailure", &detail)
}

/// What is asked for is not there (any more).
pub(super) fn not_found(message: impl Into<String>) -> Status {
    let detail = NotFoundFailure::default();
    detailed(Code::NotFound, message.into(), "NotFoundFailure", &detail)
}

/// The status of a call that had no effect.
pub(super) fn of_call(error: CallError) -> Status {
    let message = error.to_string();
    match error {
        CallError::Rejected(rejection) => of_rejection(rejection),
        CallError::NamespaceNotFound(name) => namespace_not_found(&name),
        CallError::ShuttingDown | CallError::Storage(_) => Status::unavailable(message),
        // Clients retry DATA_LOSS and INTERNAL; this does not get better by itself.
        CallError::Corrupt { .. } | CallError::Defect(_) => Status::failed_precondition(message),
        CallError::DeadlineExceeded => Status::deadline_exceeded(message),
    }
}

/// The status of a command that the engine refused.
pub(super) fn of_rejection(rejection: Rejection) -> Status {
    let message = rejection.to_string();
    match rejection {
        Rejection::NotFound(_) | Rejection::StaleTask(_) => not_found(message),
        Rejection::NamespaceNotFound(name) => namespace_not_found(&name),
        Rejection::InvalidArgument(_) => invalid(message),
        Rejection::FailedPrecondition(_) => Status::failed_precondition(message),
        Rejection::AlreadyStarted { start_request_id, run_id, first_run_id, .. } => {
            let detail = WorkflowExecutionAlreadyStartedFailure {
                start_request_id,
                run_id,
                first_execution_run_id: first_run_id,
            };
            let kind = "WorkflowExecutionAlreadyStartedFailure";
            detailed(Code::AlreadyExists, message, kind, &detail)
        }
        Rejection::WorkflowNotReady(_) => {
            let detail = WorkflowNotReadyFailure::default();
            detailed(Code::FailedPrecondition, message, "WorkflowNotReadyFailure", &detail)
        }
        Rejection::QueryFailed { failure, .. } => {
            let detail = QueryFailedFailure { failure: failure.map(|failure| *failure) };
            detailed(Code::InvalidArgument, message, "QueryFailedFailure", &detail)
        }
        Rejection::ResourceExhausted { cause, .. } => {
            let scope = ResourceExhaustedScope::Namespace as i32;
            let detail = ResourceExhaustedFailure { cause: cause as i32, scope };
            detailed(Code::ResourceExhausted, message, "ResourceExhaustedFailure", &detail)
        }
    }
}

/// The status of a change to a namespace that was not made.
pub(super) fn of_namespace(error: NamespaceError, name: &str) -> Status {
    match error {
        NamespaceError::AlreadyExists => {
            let detail = NamespaceAlreadyExistsFailure::default();
            let message = format!("Namespace \"{name}\" already exists");
            detailed(Code::AlreadyExists, message, "NamespaceAlreadyExistsFailure", &detail)
        }
        NamespaceError::NotFound(name) => namespace_not_found(&name),
        NamespaceError::Storage(_) => Status::unavailable(error.to_string()),
    }
}

impl From<CallError> for Status {
    fn from(error: CallError) -> Self {
        of_call(error)
    }
}

impl From<StoreError> for Status {
    fn from(error: StoreError) -> Self {
        Status::unavailable(error.to_string())
    }
}

impl From<FilterError> for Status {
    fn from(error: FilterError) -> Self {
        invalid(error.to_string())
    }
}

/// What begins the message of a request beyond the receive limit. Workers know it by this text: they
/// do not send the request again.
const OVERSIZE: &str = "grpc: received message larger than max";

/// A request beyond the receive limit is `RESOURCE_EXHAUSTED`, as in every other gRPC server. Tonic
/// says `OUT_OF_RANGE`, or that too if it was compressed. We have no use for the one ourselves, and
/// never say the other without a detail.
pub(super) fn oversize<B>(mut response: http::Response<B>) -> http::Response<B> {
    let code = |code: Code| HeaderValue::from(code as i32);
    let headers = response.headers_mut();
    let said = headers.get(Status::GRPC_STATUS).cloned();
    let detailed = headers.contains_key(Status::GRPC_STATUS_DETAILS);
    if said == Some(code(Code::OutOfRange))
        || (said == Some(code(Code::ResourceExhausted)) && !detailed)
    {
        headers.insert(Status::GRPC_STATUS, code(Code::ResourceExhausted));
        headers.insert(Status::GRPC_MESSAGE, HeaderValue::from_static(OVERSIZE));
    }
    response
}

/// A status whose detail travels as `google.rpc.Status` in `grpc-status-details-bin`.
fn detailed(code: Code, message: String, kind: &str, detail: &impl Message) -> Status {
    let any = Any {
        type_url: format!("type.googleapis.com/temporal.api.errordetails.v1.{kind}"),
        value: detail.encode_to_vec(),
    };
    let whole = rpc::Status { code: code as i32, message: message.clone(), details: vec![any] };
    Status::with_details(code, message, Bytes::from(whole.encode_to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use persevere_proto::api::enums::v1::ResourceExhaustedCause;

    /// Code and type of the detail of a status, read back from the bytes that are sent.
    fn shown(status: &Status) -> (Code, Option<String>) {
        let details = rpc::Status::decode(status.details()).expect("details decode");
        let kind = details.details.first().map(|any| any.type_url.clone());
        (status.code(), kind.map(|url| url.rsplit('.').next().unwrap_or_default().to_owned()))
    }

    #[test]
    fn every_rejection_has_one_code_and_its_typed_detail() {
        let exhausted = Rejection::ResourceExhausted {
            cause: ResourceExhaustedCause::BusyWorkflow,
            message: "busy".into(),
        };
        let taken = Rejection::AlreadyStarted {
            message: "taken".into(),
            start_request_id: "request".into(),
            run_id: "run".into(),
            first_run_id: "first".into(),
        };
        let failed = Rejection::QueryFailed { message: "no".into(), failure: None };
        let table = [
            (Rejection::NotFound("gone".into()), Code::NotFound, Some("NotFoundFailure")),
            (Rejection::StaleTask("old"), Code::NotFound, Some("NotFoundFailure")),
            (Rejection::InvalidArgument("bad".into()), Code::InvalidArgument, None),
            (Rejection::FailedPrecondition("not so".into()), Code::FailedPrecondition, None),
            (taken, Code::AlreadyExists, Some("WorkflowExecutionAlreadyStartedFailure")),
            (
                Rejection::WorkflowNotReady("wait".into()),
                Code::FailedPrecondition,
                Some("WorkflowNotReadyFailure"),
            ),
            (failed, Code::InvalidArgument, Some("QueryFailedFailure")),
            (exhausted, Code::ResourceExhausted, Some("ResourceExhaustedFailure")),
        ];
        for (rejection, code, kind) in table {
            let message = rejection.to_string();
            let status = of_rejection(rejection);
            assert_eq!(shown(&status), (code, kind.map(str::to_owned)));
            assert_eq!(status.message(), message);
        }
    }

    #[test]
    fn an_unknown_namespace_is_named_in_text_and_detail() {
        let status = of_call(CallError::NamespaceNotFound("nope".into()));
        assert_eq!(status.message(), "Namespace nope is not found.");
        let whole = rpc::Status::decode(status.details()).expect("details decode");
        let detail = NamespaceNotFoundFailure::decode(whole.details[0].value.as_slice());
        assert_eq!(detail.expect("detail decodes").namespace, "nope");
    }

    #[test]
    fn permanent_conditions_are_not_reported_with_codes_that_clients_retry() {
        let corrupt = CallError::Corrupt {
            workflow_id: "w".into(),
            run_id: "r".into(),
            problem: "event 7".into(),
        };
        assert_eq!(of_call(corrupt).code(), Code::FailedPrecondition);
        assert_eq!(of_call(CallError::ShuttingDown).code(), Code::Unavailable);
    }
}
