//! The processes of the demonstration: a coordinator, workers, and this one, which is a client.

use std::{
    net::Ipv4Addr,
    path::Path,
    time::{Duration, Instant},
};

use persevere::{
    client::{ConnectError, ConnectOptions},
    prelude::*,
};
use persevere_coordinator::{Config, Coordinator};

use crate::{diary, workflow::Ledger};

/// The task queue of payments.
pub(crate) const QUEUE: &str = "payments";

/// How long a coordinator may take to come up.
const UP_WITHIN: Duration = Duration::from_secs(30);

/// Stores histories in a file and hands out tasks. It has never heard of payments.
pub(crate) async fn coordinator(directory: &Path, port: u16) -> Result<()> {
    let mut config = Config::file(directory.join("persevere.db"));
    config.listen = Some((Ipv4Addr::LOCALHOST, port).into());
    let _running = Coordinator::open(config).await?;
    std::future::pending().await
}

/// Runs workflows and activities. It stores nothing.
pub(crate) async fn worker(name: &str, directory: &Path, port: u16) -> Result<()> {
    diary::keep();
    Worker::new(client(name, port).await?, QUEUE)
        .provide(Ledger::in_directory(directory, name))
        .all()
        .run_until(ctrl_c())
        .await?;
    Ok(())
}

/// A connection to the coordinator, once it is up.
pub(crate) async fn client(name: &str, port: u16) -> Result<Client> {
    let options = ConnectOptions {
        identity: name.to_owned(),
        ..ConnectOptions::new(format!("127.0.0.1:{port}"))
    };
    let give_up = Instant::now() + UP_WITHIN;
    loop {
        match Client::connect(options.clone()).await {
            Err(ConnectError::Unreachable { .. }) if Instant::now() < give_up => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            other => return Ok(other?),
        }
    }
}
