//! A TLS server in front of a coordinator: it ends the encryption, notes the headers of every call,
//! and passes the call on.

use std::{
    convert::Infallible,
    future::Future,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use http::{HeaderMap, Request, Response};
use persevere_coordinator::{Config, Coordinator};
use tonic::{
    Status,
    body::Body,
    server::NamedService,
    transport::{Certificate, Channel, Identity, Server, ServerTlsConfig, server::TcpIncoming},
};
use tower::Service;

use crate::authority::Pair;

/// The gate and what is behind it.
pub(crate) struct Gate {
    address: SocketAddr,
    seen: Seen,
    /// Ends with the gate.
    coordinator: Coordinator,
}

type Seen = Arc<Mutex<Vec<(String, HeaderMap)>>>;

impl Gate {
    /// A server with this certificate, which lets in whoever comes.
    pub(crate) async fn open(server: &Pair) -> Self {
        Self::serve(tls(server)).await
    }

    /// A server that lets in only clients with a certificate of this authority.
    pub(crate) async fn for_members(server: &Pair, authority: &[u8]) -> Self {
        Self::serve(tls(server).client_ca_root(Certificate::from_pem(authority))).await
    }

    async fn serve(tls: ServerTlsConfig) -> Self {
        let coordinator = Coordinator::open(Config::default()).await.unwrap();
        let incoming = TcpIncoming::bind(([127, 0, 0, 1], 0).into()).unwrap();
        let address = incoming.local_addr().unwrap();
        let seen = Seen::default();
        let forward = Forward { channel: coordinator.channel(), seen: seen.clone() };
        let server = Server::builder().tls_config(tls).unwrap().add_service(forward);
        tokio::spawn(async move { server.serve_with_incoming(incoming).await.unwrap() });
        Self { address, seen, coordinator }
    }

    /// Where it listens, by address.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Where it listens, by the name that the certificate has to have.
    pub(crate) fn at_localhost(&self) -> String {
        format!("localhost:{}", self.address.port())
    }

    /// The method and the headers of every call so far.
    pub(crate) fn seen(&self) -> Vec<(String, HeaderMap)> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) async fn close(self) {
        self.coordinator.shutdown().await;
    }
}

fn tls(server: &Pair) -> ServerTlsConfig {
    ServerTlsConfig::new().identity(Identity::from_pem(&server.cert, &server.key))
}

#[derive(Clone)]
struct Forward {
    channel: Channel,
    seen: Seen,
}

impl NamedService for Forward {
    const NAME: &'static str = "temporal.api.workflowservice.v1.WorkflowService";
}

impl Service<Request<Body>> for Forward {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let method = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
        self.seen.lock().unwrap().push((method, request.headers().clone()));
        let mut channel = self.channel.clone();
        Box::pin(async move {
            let ready = std::future::poll_fn(|cx| channel.poll_ready(cx)).await;
            let answer = match ready {
                Ok(()) => channel.call(request).await,
                Err(error) => Err(error),
            };
            Ok(answer.unwrap_or_else(|error| Status::from_error(error.into()).into_http()))
        })
    }
}
