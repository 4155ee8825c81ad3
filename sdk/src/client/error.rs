//! What can go wrong with a call, by what the caller would do about it.

use persevere_proto::{
    api::{
        enums::v1::WorkflowExecutionStatus,
        errordetails::v1::{
            NamespaceNotFoundFailure, QueryFailedFailure, WorkflowExecutionAlreadyStartedFailure,
            WorkflowNotReadyFailure,
        },
        failure::v1::Failure,
    },
    rpc,
};
use prost::{Message, Name};
use tonic::{Code, Status};

use super::{options::chain, retry::is_too_large};

/// A client could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The address is no address.
    #[error("`{address}` is not an address of the form host:port: {message}")]
    Address {
        /// What was given.
        address: String,
        /// What is wrong with it.
        message: String,
    },
    /// Certificates, keys or the API key cannot be used.
    #[error("the TLS or API key settings do not work: {message}")]
    Credentials {
        /// What is wrong with them.
        message: String,
    },
    /// The configuration file or an environment variable cannot be used.
    #[error("{origin}: {message}")]
    Configuration {
        /// The file or variable.
        origin: String,
        /// What is wrong with it.
        message: String,
    },
    /// Somebody is there, but the two sides do not agree on how to talk.
    #[error("no connection to the server at {address}: {message}")]
    Handshake {
        /// Where.
        address: String,
        /// What is wrong and what to do.
        message: String,
    },
    /// The server answers, and will not have this client.
    #[error("the server at {address} refuses the client: {source}")]
    Refused {
        /// Where.
        address: String,
        /// What it said.
        source: ClientError,
    },
    /// Nobody answers there.
    #[error("cannot reach a server at {address}: {message}; is one running there?")]
    Unreachable {
        /// Where.
        address: String,
        /// What happened.
        message: String,
    },
}

/// A call to the server failed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// There is no such workflow, run or other thing, or it has closed.
    #[error("{operation}: not found: {message}")]
    NotFound {
        /// The call.
        operation: &'static str,
        /// What the server said.
        message: String,
    },
    /// A workflow with this id exists and the policies do not allow another.
    #[error("{operation}: {message} (run {run_id})")]
    AlreadyStarted {
        /// The call.
        operation: &'static str,
        /// What the server said.
        message: String,
        /// The run that has the id.
        run_id: String,
    },
    /// The namespace does not exist.
    #[error("{operation}: namespace `{namespace}` does not exist; create it or choose another")]
    NamespaceNotFound {
        /// The call.
        operation: &'static str,
        /// The namespace.
        namespace: String,
    },
    /// The request itself is wrong.
    #[error("{operation}: {message}")]
    InvalidArgument {
        /// The call.
        operation: &'static str,
        /// What the server said.
        message: String,
    },
    /// The workflow answered the query with a failure.
    #[error("query failed: {}", failure.message)]
    QueryFailed {
        /// The failure.
        failure: Box<Failure>,
    },
    /// The query was not put to the workflow because of its status.
    #[error("query rejected: the workflow is {}", status.as_str_name())]
    QueryRejected {
        /// The status.
        status: WorkflowExecutionStatus,
    },
    /// The workflow cannot answer yet.
    #[error("{operation}: the workflow is not ready: {message}")]
    NotReady {
        /// The call.
        operation: &'static str,
        /// What the server said.
        message: String,
    },
    /// The server does not accept who is calling.
    #[error("{operation}: not allowed: {message}; check the API key or certificate")]
    NotAllowed {
        /// The call.
        operation: &'static str,
        /// What the server said.
        message: String,
    },
    /// The request is larger than the server takes in one message.
    #[error(
        "{operation}: too large for the server: {message}; store large data elsewhere and pass a \
         reference to it"
    )]
    TooLarge {
        /// The call.
        operation: &'static str,
        /// What the server said.
        message: String,
        /// The status code.
        code: Code,
    },
    /// Anything else.
    #[error("{operation}: {code:?}: {message}")]
    Rpc {
        /// The call.
        operation: &'static str,
        /// The status code.
        code: Code,
        /// What the server said.
        message: String,
    },
}

impl ClientError {
    /// The status code of the answer.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::NotFound { .. } | Self::NamespaceNotFound { .. } => Code::NotFound,
            Self::AlreadyStarted { .. } => Code::AlreadyExists,
            Self::InvalidArgument { .. } | Self::QueryFailed { .. } => Code::InvalidArgument,
            Self::QueryRejected { .. } => Code::Ok,
            Self::NotReady { .. } => Code::FailedPrecondition,
            Self::NotAllowed { .. } => Code::PermissionDenied,
            Self::TooLarge { code, .. } | Self::Rpc { code, .. } => *code,
        }
    }

    pub(crate) fn from_status(operation: &'static str, status: &Status) -> Self {
        let message = in_words(status);
        match status.code() {
            Code::NotFound => match detail::<NamespaceNotFoundFailure>(status) {
                Some(NamespaceNotFoundFailure { namespace }) => {
                    Self::NamespaceNotFound { operation, namespace }
                }
                None => Self::NotFound { operation, message },
            },
            Code::AlreadyExists => match detail::<WorkflowExecutionAlreadyStartedFailure>(status) {
                Some(already) => {
                    Self::AlreadyStarted { operation, message, run_id: already.run_id }
                }
                None => Self::Rpc { operation, code: Code::AlreadyExists, message },
            },
            Code::InvalidArgument => match detail::<QueryFailedFailure>(status) {
                Some(QueryFailedFailure { failure }) => {
                    let failure = failure.unwrap_or(Failure { message, ..Default::default() });
                    Self::QueryFailed { failure: Box::new(failure) }
                }
                None => Self::InvalidArgument { operation, message },
            },
            Code::FailedPrecondition if detail::<WorkflowNotReadyFailure>(status).is_some() => {
                Self::NotReady { operation, message }
            }
            Code::PermissionDenied | Code::Unauthenticated => {
                Self::NotAllowed { operation, message }
            }
            code if is_too_large(status) => Self::TooLarge { operation, message, code },
            code => Self::Rpc { operation, code, message },
        }
    }
}

/// The server's words; or those of this side if the call was lost on the way.
fn in_words(status: &Status) -> String {
    match std::error::Error::source(status) {
        Some(cause) => chain(cause),
        None => status.message().to_owned(),
    }
}

/// The typed detail of a status, if it has one of this type.
pub(crate) fn detail<M: Message + Name + Default>(status: &Status) -> Option<M> {
    let envelope = rpc::Status::decode(status.details()).ok()?;
    let wanted = M::full_name();
    // Type URLs differ in what precedes the last slash.
    let any =
        envelope.details.iter().find(|any| any.type_url.rsplit('/').next() == Some(&wanted))?;
    M::decode(any.value.as_slice()).ok()
}
