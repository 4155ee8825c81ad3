//! The parts that run as processes of their own: `cast coordinator`, `cast worker`.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::Parser;
use persevere::{
    Client, Worker,
    client::{ConnectError, ConnectOptions},
};
use persevere_coordinator::{Config, Coordinator, Failpoint};
use persevere_tests::{ledger::Ledger, payment, process::end_with_parent};

#[derive(Debug, Parser)]
enum Part {
    /// Stores histories and hands out tasks.
    Coordinator {
        /// The SQLite file.
        #[arg(long)]
        db: PathBuf,
        /// Where to serve.
        #[arg(long)]
        listen: SocketAddr,
        /// Abort just before this commit, counted from 1.
        #[arg(long, env = "CAST_BEFORE_COMMIT")]
        before_commit: Option<u64>,
        /// Abort just after this commit, before anyone is told.
        #[arg(long, env = "CAST_AFTER_COMMIT", conflicts_with = "before_commit")]
        after_commit: Option<u64>,
    },
    /// Runs payments.
    Worker {
        /// Where the coordinator serves.
        #[arg(long)]
        address: String,
        /// Where activities write what they do.
        #[arg(long)]
        ledger: PathBuf,
        /// The identity under which it appears in histories.
        #[arg(long)]
        name: String,
    },
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    end_with_parent();
    tracing_subscriber::fmt().with_ansi(false).with_writer(std::io::stderr).init();
    match Part::parse() {
        Part::Coordinator { db, listen, before_commit, after_commit } => {
            let mut config = Config::file(db);
            config.listen = Some(listen);
            config.failpoint = before_commit
                .map(Failpoint::BeforeCommit)
                .or(after_commit.map(Failpoint::AfterCommit));
            let _running = Coordinator::open(config).await?;
            std::future::pending().await
        }
        Part::Worker { address, ledger, name } => {
            let options = ConnectOptions { identity: name, ..ConnectOptions::new(address) };
            let worker = Worker::new(connect(options).await?, payment::QUEUE);
            worker
                .provide(Ledger::at(ledger))
                .all()
                .run_until(std::future::pending::<()>())
                .await?;
            Ok(())
        }
    }
}

/// Connects, however long the coordinator is away: it is killed as often as the workers.
async fn connect(options: ConnectOptions) -> Result<Client, ConnectError> {
    loop {
        match Client::connect(options.clone()).await {
            Err(ConnectError::Unreachable { .. }) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            other => return other,
        }
    }
}
