//! Measures any server of the protocol: throughput, latency, CPU, memory, disk and commits for
//! each workflow, server and worker apart.
//!
//! ```text
//! cargo run --release -p persevere-bench                              # Persevere, over TCP
//! cargo run --release -p persevere-bench -- --in-process              # ... and inside one process
//! cargo run --release -p persevere-bench -- --reference temporal      # ... beside the reference
//! cargo run --release -p persevere-bench -- --address host:7233       # any other server
//! ```
//!
//! Server and worker run as processes of their own, so that their CPU time can be told apart; the
//! client that starts the workflows is this process and is not counted. Compare figures of one
//! run with one another, not with those of another day.

mod process;
mod report;
mod run;
mod scenario;
mod server;
mod workflows;

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

/// Throughput, latency, CPU, memory and disk per workflow.
#[derive(Parser, Debug)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    role: Option<Role>,
    #[command(flatten)]
    plan: run::Plan,
}

/// What the bench program starts itself as.
#[derive(Subcommand, Debug)]
enum Role {
    /// A coordinator that stops when its standard input closes, and then says what it did.
    #[command(hide = true)]
    Serve {
        #[arg(long)]
        db: PathBuf,
        #[arg(long)]
        listen: SocketAddr,
    },
    /// A worker that stops when its standard input closes.
    #[command(hide = true)]
    Work {
        #[arg(long)]
        address: String,
        #[arg(long)]
        queue: String,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.role {
        Some(Role::Serve { db, listen }) => server::serve(db, listen).await,
        Some(Role::Work { address, queue }) => run::work(&address, &queue).await,
        None => run::run(arguments.plan).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
