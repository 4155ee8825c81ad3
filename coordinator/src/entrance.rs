//! Ways into a coordinator from within its process: channels over pipes instead of sockets.
//!
//! Tests open further entrances, with a gate that every request passes on its way in and every
//! reply on its way out: so requests and replies get lost, without the coordinator or the client
//! knowing how.

use std::{convert::Infallible, future::Future, io, time::Duration};

use futures_util::FutureExt;
use hyper_util::rt::TokioIo;
use tokio::{io::DuplexStream, sync::mpsc};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::{
    body::Body,
    codegen::http::{Request, Response},
    service::Routes,
    transport::{Channel, Endpoint, Server, Uri},
};
use tower::{layer::layer_fn, service_fn};

/// Bytes in flight in one direction of an in-process connection.
const PIPE: usize = 256 << 10;

/// HTTP/2 windows: a page of history fits without waiting for the reader.
const WINDOW: u32 = 4 << 20;

/// Requests at once on one connection: one client may wait for very many workflows.
const STREAMS: u32 = 100_000;

/// How often a silent connection is asked whether it is alive.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// Connections to come.
pub(crate) type Incoming = UnboundedReceiverStream<io::Result<DuplexStream>>;

/// Where in-process channels connect to. Clones are the same entrance.
#[derive(Clone, Debug)]
pub struct Entrance {
    connections: mpsc::UnboundedSender<io::Result<DuplexStream>>,
}

impl Entrance {
    /// An entrance, and what comes in.
    pub(crate) fn new() -> (Self, Incoming) {
        let (connections, incoming) = mpsc::unbounded_channel();
        (Entrance { connections }, UnboundedReceiverStream::new(incoming))
    }

    /// An entrance behind a gate, open until `closing` resolves or nobody can use it any more.
    pub(crate) fn gated<G, Fut>(
        routes: Routes,
        gate: G,
        closing: impl Future<Output = ()> + Send + 'static,
    ) -> Self
    where
        G: Fn(Request<Body>, Routes) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = Response<Body>> + Send + 'static,
    {
        let (entrance, incoming) = Entrance::new();
        let layer = layer_fn(move |routes: Routes| {
            let gate = gate.clone();
            service_fn(move |request| gate(request, routes.clone()).map(Ok::<_, Infallible>))
        });
        let server = server().layer(layer).add_routes(routes);
        tokio::spawn(async move {
            if let Err(error) = server.serve_with_incoming_shutdown(incoming, closing).await {
                tracing::error!(%error, "an entrance was closed");
            }
        });
        entrance
    }

    /// A channel that connects here when it is first used. It belongs to the runtime that it is
    /// made on.
    #[must_use]
    pub fn channel(&self) -> Channel {
        let connections = self.connections.clone();
        let connect = move |_: Uri| {
            let (ours, theirs) = tokio::io::duplex(PIPE);
            let sent = connections.send(Ok(theirs));
            let gone = |_| io::Error::new(io::ErrorKind::ConnectionRefused, "it has shut down");
            std::future::ready(sent.map_err(gone).map(|()| TokioIo::new(ours)))
        };
        Endpoint::from_static("http://in-process")
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(WINDOW)
            .connect_with_connector_lazy(service_fn(connect))
    }
}

/// The settings of every server of the API.
pub(crate) fn server() -> Server {
    Server::builder()
        .max_concurrent_streams(STREAMS)
        // A worker whose machine is gone must not be handed tasks for long.
        .http2_keepalive_interval(Some(KEEP_ALIVE))
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
}
