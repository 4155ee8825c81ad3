//! Talks to a server about workflows: start, signal, query, cancel, wait for results, read histories.
//!
//! Untyped: values are payloads and failures are failures, as they travel; typed handles are built
//! on top. Calls that may safely be repeated are retried with the same request id within their
//! deadline. A [`Client`] is cheap to clone; all clones share one connection.

mod activity;
mod connection;
mod env;
mod error;
mod handshake;
mod history;
mod list;
mod options;
mod result;
pub(crate) mod retry;
mod start;
mod workflow;

use std::error::Error;

use persevere_proto::api::workflowservice::v1::GetSystemInfoRequest;
use tonic::{Request, Response, Status, transport::Channel};

pub(crate) use self::connection::{Connection, Limits, Service, is_gone, rpc};
use self::handshake::Stage;
pub use self::{
    activity::ActivityRef,
    error::{ClientError, ConnectError},
    list::ExecutionPage,
    options::{ConnectOptions, DEFAULT_ADDRESS, DEFAULT_NAMESPACE, TlsOptions},
    result::ResultError,
    start::{SignalSpec, StartOptions, StartSpec, StartedRun},
    workflow::WorkflowRef,
};

/// A connection to a server and a namespace in it.
#[derive(Clone, Debug)]
pub struct Client {
    connection: Connection,
}

impl Client {
    /// Connects and checks that a server of the protocol answers.
    ///
    /// # Errors
    /// The options are wrong or nobody answers.
    pub async fn connect(options: ConnectOptions) -> Result<Self, ConnectError> {
        let failed = |stage, error: &_| handshake::explain(&options, stage, error);
        let connected = options.endpoint()?.connect().await;
        let channel = connected.map_err(|error| failed(Stage::Connecting, &error))?;
        let client = Self::from_channel(channel, &options)?;
        client.first_call(&options).await?;
        Ok(client)
    }

    /// Finds out whether the server has accepted the connection, which only a call can tell. A call
    /// that is lost with the connection is not repeated: nothing would be different.
    async fn first_call(&self, options: &ConnectOptions) -> Result<(), ConnectError> {
        let rpc = rpc!(get_system_info);
        let request = GetSystemInfoRequest {};
        match self.connection.once(options.connect_timeout, request, &rpc).await {
            Ok(_) => Ok(()),
            Err(status) if status.source().is_some() => {
                Err(handshake::explain(options, Stage::FirstCall, &status))
            }
            Err(_) => self.system_info().await.map(drop).map_err(|source| ConnectError::Refused {
                address: options.address.clone(),
                source,
            }),
        }
    }

    /// Connects as the environment says: `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`,
    /// `TEMPORAL_API_KEY`, `TEMPORAL_TLS*`, `TEMPORAL_GRPC_META_*`, and the profile
    /// `TEMPORAL_PROFILE` of the file `TEMPORAL_CONFIG_FILE`.
    ///
    /// # Errors
    /// A setting is wrong or nobody answers.
    pub async fn connect_env() -> Result<Self, ConnectError> {
        Self::connect(Self::options_from_env()?).await
    }

    /// The options that [`Client::connect_env`] uses, to be changed before connecting.
    ///
    /// # Errors
    /// A variable or the file is wrong.
    pub fn options_from_env() -> Result<ConnectOptions, ConnectError> {
        env::from_process()
    }

    /// A client over a channel that exists, such as one into a coordinator in this process. Of the
    /// options only namespace, identity, API key and headers count. Nothing is sent yet.
    ///
    /// # Errors
    /// A header cannot be sent.
    pub fn from_channel(channel: Channel, options: &ConnectOptions) -> Result<Self, ConnectError> {
        Ok(Self { connection: Connection::new(channel, options)? })
    }

    /// The namespace that calls are made in.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.connection.namespace()
    }

    /// How this client names itself.
    #[must_use]
    pub fn identity(&self) -> &str {
        self.connection.identity()
    }

    /// See [`Connection::retrying_after`].
    #[cfg(feature = "embedded")]
    pub(crate) fn retrying_after(self, first_wait: std::time::Duration) -> Self {
        Self { connection: self.connection.retrying_after(first_wait) }
    }

    /// Makes an ordinary call, and again while that can help.
    async fn call<Req: Clone, Resp, Fut>(
        &self,
        operation: &'static str,
        request: Req,
        rpc: impl Fn(Service, Request<Req>) -> Fut,
    ) -> Result<Resp, ClientError>
    where
        Fut: Future<Output = Result<Response<Resp>, Status>>,
    {
        self.connection.call(operation, Limits::CALL, request, rpc).await
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }
}
