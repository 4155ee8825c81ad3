//! One connection to a server, shared by clients and workers: headers, deadlines, retries.
//!
//! Calls are multiplexed over one HTTP/2 connection, which is made lazily and again when it breaks.

use std::{future::Future, sync::Arc, time::Duration};

use persevere_proto::workflow_service::workflow_service_client::WorkflowServiceClient;
use tokio::time::Instant;
use tonic::{
    Code, Request, Response, Status,
    metadata::{Ascii, MetadataKey, MetadataMap, MetadataValue},
    transport::Channel,
};

use super::{
    error::{ClientError, ConnectError},
    options::ConnectOptions,
    retry::{self, Backoff, is_retryable, is_too_large},
};

/// The stub that calls are made on.
pub(crate) type Service = WorkflowServiceClient<Channel>;

/// The function that makes one call of this method: what [`Connection::call`] repeats.
macro_rules! rpc {
    ($method:ident) => {
        |mut service: $crate::client::Service, request| async move { service.$method(request).await }
    };
}
pub(crate) use rpc;

/// Histories come in pages of at most a few MiB, but one page holds whole batches of events.
const LARGEST_MESSAGE: usize = 256 << 20;

/// One connection with everything that every call needs; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    service: Service,
    /// How long a failed call waits before it is made again, the first time.
    first_wait: Duration,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    namespace: String,
    identity: String,
    headers: MetadataMap,
}

/// How long a call may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// One try.
    pub(crate) attempt: Duration,
    /// All tries together.
    pub(crate) total: Duration,
}

impl Limits {
    /// Ordinary calls.
    pub(crate) const CALL: Self =
        Self { attempt: Duration::from_secs(10), total: Duration::from_secs(60) };
    /// Waiting for what the server has not got yet: it answers at least every minute, and one that is
    /// away for ten is given up.
    pub(crate) const WAIT: Self =
        Self { attempt: Duration::from_secs(70), total: Duration::from_secs(600) };
    /// Calls that the server answers when it has something: it holds them for up to a minute.
    pub(crate) const LONG_POLL: Self =
        Self { attempt: Duration::from_secs(70), total: Duration::from_secs(70) };
}

impl Connection {
    /// A connection over a channel, which may lead to another process or stay in this one.
    pub(crate) fn new(channel: Channel, options: &ConnectOptions) -> Result<Self, ConnectError> {
        let service = WorkflowServiceClient::new(channel)
            .max_decoding_message_size(LARGEST_MESSAGE)
            .max_encoding_message_size(LARGEST_MESSAGE);
        let shared = Shared {
            namespace: options.namespace.clone(),
            identity: options.identity.clone(),
            headers: headers(options)?,
        };
        Ok(Self { service, first_wait: retry::FIRST_WAIT, shared: Arc::new(shared) })
    }

    /// The same with another first wait: for tests, where the server is near.
    #[cfg(feature = "embedded")]
    pub(crate) fn retrying_after(self, first_wait: Duration) -> Self {
        Self { first_wait, ..self }
    }

    pub(crate) fn namespace(&self) -> &str {
        &self.shared.namespace
    }

    pub(crate) fn identity(&self) -> &str {
        &self.shared.identity
    }

    /// Makes a call, and again while that can help and the limits allow.
    pub(crate) async fn call<Req, Resp, Fut>(
        &self,
        operation: &'static str,
        limits: Limits,
        request: Req,
        rpc: impl Fn(Service, Request<Req>) -> Fut,
    ) -> Result<Resp, ClientError>
    where
        Req: Clone,
        Fut: Future<Output = Result<Response<Resp>, Status>>,
    {
        let result = self.try_call(limits, request, rpc).await;
        result.map_err(|status| ClientError::from_status(operation, &status))
    }

    /// [`Self::call`] with the status of the last try as it came.
    pub(crate) async fn try_call<Req, Resp, Fut>(
        &self,
        limits: Limits,
        request: Req,
        rpc: impl Fn(Service, Request<Req>) -> Fut,
    ) -> Result<Resp, Status>
    where
        Req: Clone,
        Fut: Future<Output = Result<Response<Resp>, Status>>,
    {
        let deadline = Instant::now() + limits.total;
        let mut backoff = Backoff::from(self.first_wait);
        loop {
            let status = match self.once(limits.attempt, request.clone(), &rpc).await {
                Ok(response) => return Ok(response),
                Err(status) => status,
            };
            let wait = backoff.next(status.code());
            let hopeless = !is_retryable(status.code()) || is_too_large(&status);
            if hopeless || Instant::now() + wait >= deadline {
                return Err(status);
            }
            tracing::debug!(code = ?status.code(), message = status.message(), ?wait, "retrying");
            tokio::time::sleep(wait).await;
        }
    }

    /// Makes a call once.
    pub(crate) async fn once<Req, Resp, Fut>(
        &self,
        timeout: Duration,
        request: Req,
        rpc: &impl Fn(Service, Request<Req>) -> Fut,
    ) -> Result<Resp, Status>
    where
        Fut: Future<Output = Result<Response<Resp>, Status>>,
    {
        let mut request = Request::new(request);
        *request.metadata_mut() = self.shared.headers.clone();
        // Travels as a header and is enforced on this side, too.
        request.set_timeout(timeout);
        rpc(self.service.clone(), request).await.map(Response::into_inner)
    }
}

fn headers(options: &ConnectOptions) -> Result<MetadataMap, ConnectError> {
    let mut headers = MetadataMap::new();
    let mut add = |name: &str, value: &str| -> Result<(), ConnectError> {
        let bad = |message: String| ConnectError::Configuration {
            origin: format!("header `{name}`"),
            message,
        };
        let key: MetadataKey<Ascii> = name
            .to_lowercase()
            .parse()
            .map_err(|_| bad("this is not a valid header name".into()))?;
        let value: MetadataValue<Ascii> = value
            .parse()
            .map_err(|_| bad("its value holds characters that a header cannot".into()))?;
        headers.insert(key, value);
        Ok(())
    };
    add("client-name", "persevere-rust")?;
    add("client-version", env!("CARGO_PKG_VERSION"))?;
    add("supported-server-versions", ">=1.0.0 <2.0.0")?;
    add("temporal-namespace", &options.namespace)?;
    if let Some(key) = &options.api_key {
        add("authorization", &format!("Bearer {key}"))?;
    }
    for (name, value) in &options.headers {
        add(name, value)?;
    }
    Ok(headers)
}

/// Whether a status says that whatever the call was about is gone.
pub(crate) fn is_gone(status: &Status) -> bool {
    status.code() == Code::NotFound
}
