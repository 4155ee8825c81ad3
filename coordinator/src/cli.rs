//! Command line and environment: what an operator sees, and how the process starts and ends.

use std::{
    env, io::IsTerminal as _, net::SocketAddr, num::NonZeroUsize, path::PathBuf, process::ExitCode,
};

use clap::{Args, Parser, Subcommand, ValueEnum};
use persevere_coordinator::{Config, Coordinator, Durability, Failpoint, Storage};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Durable execution: stores workflow histories in one SQLite file and hands out tasks over
/// Temporal's gRPC API.
#[derive(Debug, Parser)]
#[command(name = "persevere", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs a coordinator until it is told to stop (ctrl-c or SIGTERM).
    Serve(Serve),
}

#[derive(Debug, Args)]
struct Serve {
    /// The database: a file, made if it is not there.
    #[arg(long, env = "PERSEVERE_DB", default_value = "persevere.db", value_name = "FILE")]
    db: PathBuf,
    /// Keep everything in memory, gone when the process ends; `--db` means nothing then.
    #[arg(long, env = "PERSEVERE_IN_MEMORY")]
    in_memory: bool,
    /// Where to listen.
    #[arg(
        long,
        env = "PERSEVERE_LISTEN",
        default_value = "127.0.0.1:7233",
        value_name = "ADDRESS"
    )]
    listen: SocketAddr,
    /// What a commit survives.
    #[arg(long, env = "PERSEVERE_DURABILITY", default_value = "full")]
    durability: DurabilityChoice,
    /// Namespaces that exist from the start; may be given several times.
    #[arg(
        long = "namespace",
        env = "PERSEVERE_NAMESPACE",
        default_value = "default",
        value_delimiter = ',',
        value_name = "NAME"
    )]
    namespaces: Vec<String>,
    /// What to log: a level, or levels by module ("warn,persevere_coordinator=debug").
    #[arg(long, env = "PERSEVERE_LOG", default_value = "info", value_name = "FILTER")]
    log: String,
    /// How to write logs.
    #[arg(long, env = "PERSEVERE_LOG_FORMAT", default_value = "text")]
    log_format: LogFormat,
    /// Loops that own executions; by default one for each core.
    #[arg(long, env = "PERSEVERE_SHARDS", value_name = "COUNT")]
    shards: Option<NonZeroUsize>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum DurabilityChoice {
    /// The loss of power: every commit is synced to the disk.
    Full,
    /// The death of the process, but perhaps not the loss of power.
    Normal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

/// Runs the program.
pub(crate) fn run() -> ExitCode {
    let Command::Serve(serve) = Cli::parse().command;
    match start(serve) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn start(options: Serve) -> Result<(), Box<dyn std::error::Error>> {
    log(&options)?;
    let config = config(&options)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(config))
}

fn log(options: &Serve) -> Result<(), Box<dyn std::error::Error>> {
    let filter = EnvFilter::try_new(&options.log)
        .map_err(|error| format!("--log {:?} is not a filter: {error}", options.log))?;
    let writer = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match options.log_format {
        LogFormat::Text => writer.init(),
        LogFormat::Json => writer.json().init(),
    }
    Ok(())
}

fn config(options: &Serve) -> Result<Config, Box<dyn std::error::Error>> {
    let defaults = Config::default();
    Ok(Config {
        storage: match options.in_memory {
            true => Storage::Memory,
            false => Storage::File(options.db.clone()),
        },
        durability: match options.durability {
            DurabilityChoice::Full => Durability::Full,
            DurabilityChoice::Normal => Durability::Normal,
        },
        listen: Some(options.listen),
        namespaces: options.namespaces.clone(),
        shards: options.shards.unwrap_or(defaults.shards),
        failpoint: failpoint()?,
        ..defaults
    })
}

/// For crash tests only, so not among the options: `before:3` or `after:3`.
fn failpoint() -> Result<Option<Failpoint>, String> {
    let Ok(text) = env::var("PERSEVERE_FAILPOINT") else { return Ok(None) };
    let wrong = || format!("PERSEVERE_FAILPOINT={text:?}: expected before:N or after:N");
    let (when, commit) = text.split_once(':').ok_or_else(wrong)?;
    let commit = commit.parse().map_err(|_| wrong())?;
    match when {
        "before" => Ok(Some(Failpoint::BeforeCommit(commit))),
        "after" => Ok(Some(Failpoint::AfterCommit(commit))),
        _ => Err(wrong()),
    }
}

async fn serve(config: Config) -> Result<(), Box<dyn std::error::Error>> {
    // Before anything is promised to anyone, so that no signal is missed.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let storage = config.storage.clone();
    let coordinator = Coordinator::open(config).await?;
    if let Some(address) = coordinator.address() {
        let version = env!("CARGO_PKG_VERSION");
        match storage {
            Storage::File(path) => {
                tracing::info!(%address, db = %path.display(), version, "serving");
            }
            Storage::Memory => tracing::info!(%address, version, "serving, in memory only"),
        }
    }
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    tracing::info!("shutting down");
    coordinator.shutdown().await;
    tracing::info!("shut down");
    Ok(())
}
