//! The parts that run as processes of their own: `cast coordinator`, `cast worker`.

use std::{net::SocketAddr, path::PathBuf};

use clap::Parser;
use persevere_coordinator::{Config, Coordinator, Failpoint};
use persevere_tests::process::end_with_parent;

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
    }
}
