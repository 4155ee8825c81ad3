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
use tokio::time::Instant;
use tonic::{Request, Response, Status, transport::Channel};

pub(crate) use self::connection::{Connection, Limits, Service, is_gone, rpc};
pub use self::{
    activity::ActivityRef,
    error::{ClientError, ConnectError},
    list::ExecutionPage,
    options::{ConnectOptions, DEFAULT_ADDRESS, DEFAULT_NAMESPACE, TlsOptions},
    result::ResultError,
    start::{SignalSpec, StartOptions, StartSpec, StartedRun},
    workflow::WorkflowRef,
};
use self::{handshake::Stage, retry::Backoff};

/// How many connections may be lost under their first call until that is a refusal: a server that
/// dies at that moment looks the same, but not again and again.
const CONNECTIONS: u32 = 3;

/// Why the first call on a connection failed.
enum FirstCallError {
    /// The connection was lost under it: the server has refused it, or died.
    Lost(Status),
    /// The server has said why.
    Refused(ConnectError),
}

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
        let give_up_at = Instant::now() + options.connect_timeout;
        let mut backoff = Backoff::default();
        let mut left = CONNECTIONS;
        loop {
            let client = Self::reach(&options).await?;
            match client.first_call(&options).await {
                Ok(()) => return Ok(client),
                Err(FirstCallError::Refused(error)) => return Err(error),
                Err(FirstCallError::Lost(status)) => {
                    left -= 1;
                    let wait = backoff.next(status.code());
                    if left == 0 || Instant::now() + wait >= give_up_at {
                        return Err(handshake::explain(&options, Stage::FirstCall, &status));
                    }
                    tokio::time::sleep(wait).await;
                }
            }
        }
    }

    /// A connection that stands, but that the server may yet refuse.
    async fn reach(options: &ConnectOptions) -> Result<Self, ConnectError> {
        let connected = options.endpoint()?.connect().await;
        let channel =
            connected.map_err(|error| handshake::explain(options, Stage::Connecting, &error))?;
        Self::from_channel(channel, options)
    }

    /// Finds out whether the server has accepted the connection, which only a call can tell.
    async fn first_call(&self, options: &ConnectOptions) -> Result<(), FirstCallError> {
        let rpc = rpc!(get_system_info);
        let request = GetSystemInfoRequest {};
        match self.connection.once(options.connect_timeout, request, &rpc).await {
            Ok(_) => Ok(()),
            Err(status) if handshake::is_certain(&status) => {
                Err(FirstCallError::Refused(handshake::explain(options, Stage::FirstCall, &status)))
            }
            Err(status) if status.source().is_some() => Err(FirstCallError::Lost(status)),
            Err(_) => self.system_info().await.map(drop).map_err(|source| {
                let address = options.address.clone();
                FirstCallError::Refused(ConnectError::Refused { address, source })
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
