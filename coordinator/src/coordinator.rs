//! A coordinator from start to end: opening, recovering, serving, shutting down.

use std::{
    future::Future, io, net::SocketAddr, panic::AssertUnwindSafe, sync::Arc, time::Duration,
};

use futures_util::FutureExt;
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use tonic::{
    body::Body,
    codegen::http::{Request, Response},
    service::Routes,
    transport::{Channel, server::TcpIncoming},
};

use crate::{
    Clock, Config, Core, Dispatch, Namespaces, OpenError, Shards, Store, StoreError,
    dispatch::Queues,
    entrance::{Entrance, server},
    journal::Journal,
    queries::Queries,
    recovery, retention,
    shard::{Shard, Shared},
    store::Writes,
};

/// A running coordinator. Dropping it ends it at once, like a crash; what was answered is on disk.
#[derive(Debug)]
pub struct Coordinator {
    core: Core,
    shared: Arc<Shared>,
    address: Option<SocketAddr>,
    routes: Routes,
    entrance: Entrance,
    stop_shards: CancellationToken,
    servers: JoinSet<Result<(), tonic::transport::Error>>,
    shards: JoinSet<()>,
    /// The journal, the clock, recovery and retention: ended last.
    background: JoinSet<()>,
    drain: Duration,
}

/// Why a coordinator could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Its database cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its address cannot be listened on.
    #[error("cannot listen on {address}: {source}; choose another address with --listen")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The API cannot describe itself.
    #[error("cannot serve reflection: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
}

impl Coordinator {
    /// Opens the database, takes up what was left undone, and serves.
    ///
    /// # Errors
    /// If the database or the address cannot be had.
    pub async fn open(config: Config) -> Result<Self, StartError> {
        let listener = match config.listen {
            Some(address) => Some(listen(address).await?),
            None => None,
        };
        let address = listener.as_ref().and_then(|listener| listener.local_addr().ok());
        let store = Store::open(&config.storage, config.durability).await?;
        let mut background = JoinSet::new();
        let (shared, shards, stop_shards) = start_shards(&config, store, &mut background).await?;
        let core = core(&config, &shared);

        recovery::watch_deadlines(&shared).await?;
        let owed = shared.clone();
        background.spawn(async move {
            match recovery::hand_on(owed).await {
                Ok(0) => {}
                Ok(executions) => tracing::info!(executions, "took up what was left undone"),
                Err(error) => {
                    tracing::error!(%error, "recovery failed: stopping, to recover again");
                    std::process::abort();
                }
            }
        });
        let clock = shared.clock.clone();
        background.spawn(async move { clock.run().await });
        background.spawn(retention::run(core.clone()));

        // Nobody without an address to call asks what there is.
        let routes = crate::routes(core.clone(), listener.is_some()).await?;
        let (entrance, incoming) = Entrance::new();
        let mut servers = JoinSet::new();
        let closing = shared.closing.clone();
        servers.spawn(
            server()
                .add_routes(routes.clone())
                .serve_with_incoming_shutdown(incoming, closing.clone().cancelled_owned()),
        );
        if let Some(listener) = listener {
            let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
            servers.spawn(
                server()
                    .add_routes(routes.clone())
                    .serve_with_incoming_shutdown(incoming, closing.cancelled_owned()),
            );
        }
        let drain = config.drain;
        Ok(Coordinator {
            core,
            shared,
            address,
            routes,
            entrance,
            stop_shards,
            servers,
            shards,
            background,
            drain,
        })
    }

    /// A channel to it, within the process. It connects when it is first used.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.entrance.channel()
    }

    /// A further entrance, of which every request passes `gate`: it passes it on to the routes
    /// and their response back, or not. For tests.
    pub fn entrance<G, Fut>(&self, gate: G) -> Entrance
    where
        G: Fn(Request<Body>, Routes) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = Response<Body>> + Send + 'static,
    {
        let closing = self.shared.closing.clone().cancelled_owned();
        Entrance::gated(self.routes.clone(), gate, closing)
    }

    /// Where it listens, if it does.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Transactions written since it was opened; each is one sync of the disk.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.shared.journal.commits()
    }

    /// Its parts, for programs that embed it.
    #[must_use]
    pub fn core(&self) -> &Core {
        &self.core
    }

    /// Its clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// Shuts down: polls are answered empty, requests in flight get their time, and the database
    /// is closed with all that was promised in it.
    pub async fn shutdown(mut self) {
        self.shared.closing.cancel();
        let drained = tokio::time::timeout(self.drain, finish(&mut self.servers)).await;
        if drained.is_err() {
            tracing::warn!("requests were still in work when the time for them was over");
            self.servers.shutdown().await;
        }
        self.stop_shards.cancel();
        while self.shards.join_next().await.is_some() {}
        let (done, last) = oneshot::channel();
        let done = Box::new(move || {
            let _ = done.send(());
        });
        self.shared.journal.submit(Writes::default(), done);
        // The journal outlives the shards; what it released last is on disk.
        let _ = last.await;
        self.background.shutdown().await;
        self.shared.store.close().await;
    }
}

impl Drop for Coordinator {
    fn drop(&mut self) {
        self.shared.closing.cancel();
    }
}

async fn finish(servers: &mut JoinSet<Result<(), tonic::transport::Error>>) {
    while let Some(ended) = servers.join_next().await {
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "a server ended"),
            Err(error) => tracing::error!(%error, "a server ended"),
        }
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| StartError::Listen { address, source })
}

async fn start_shards(
    config: &Config,
    store: Store,
    background: &mut JoinSet<()>,
) -> Result<(Arc<Shared>, JoinSet<()>, CancellationToken), StoreError> {
    let (journal, writer) = Journal::new(store.clone(), config.failpoint);
    background.spawn(writer.run());
    let closing = CancellationToken::new();
    let count = config.shards.get();
    let (senders, receivers): (Vec<_>, Vec<_>) =
        (0..count).map(|_| mpsc::unbounded_channel()).unzip();
    let shared = Arc::new(Shared {
        namespaces: Namespaces::open(store.clone(), &config.namespaces).await?,
        last_id: store.last_id().await?.into(),
        store,
        journal,
        queues: Arc::new(Queues::new(config.clock.clone(), closing.clone())),
        queries: Arc::new(Queries::new()),
        limits: Arc::new(config.limits.clone()),
        clock: config.clock.clone(),
        closing,
        shards: senders,
    });
    let warm = (config.warm_executions.div_ceil(count), config.warm_bytes.div_ceil(count));
    let stop = CancellationToken::new();
    let mut shards = JoinSet::new();
    for (index, messages) in receivers.into_iter().enumerate() {
        let shard = Shard::new(shared.clone(), index, messages, warm);
        let stop = stop.clone();
        shards.spawn(async move {
            let run = AssertUnwindSafe(shard.run(stop)).catch_unwind();
            if run.await.is_err() {
                tracing::error!(index, "a shard panicked: stopping, to recover from disk");
                std::process::abort();
            }
        });
    }
    Ok((shared, shards, stop))
}

fn core(config: &Config, shared: &Arc<Shared>) -> Core {
    let shards = Shards::new(shared.clone());
    Core {
        dispatch: Dispatch::new(
            shared.queues.clone(),
            shared.queries.clone(),
            shards.clone(),
            shared.namespaces.clone(),
        ),
        shards,
        store: shared.store.clone(),
        namespaces: shared.namespaces.clone(),
        clock: config.clock.clone(),
        limits: shared.limits.clone(),
    }
}
