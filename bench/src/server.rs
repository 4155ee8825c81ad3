//! The servers under test, as child processes with files of their own.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use persevere::{Client, client::ConnectOptions, prelude::*};
use persevere_coordinator::{Config, Coordinator};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, Command},
    time::timeout,
};

use crate::process::{Usage, bytes_in};

/// A server to measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Our coordinator, in a process of its own.
    Persevere,
    /// The reference server, by the path of its binary.
    Reference(PathBuf),
    /// A server that somebody else runs.
    Address(String),
}

impl Kind {
    /// As the report calls it.
    pub(crate) fn title(&self) -> &str {
        match self {
            Kind::Persevere => "persevere",
            Kind::Reference(_) => "reference",
            Kind::Address(address) => address,
        }
    }
}

/// What our coordinator says when it stops.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Epitaph {
    /// Transactions committed, each synced once.
    pub(crate) commits: u64,
}

/// A running server.
pub(crate) struct Server {
    /// Where it listens.
    pub(crate) address: String,
    child: Option<Child>,
    folder: TempDir,
}

impl Server {
    /// Starts a server and waits until it answers.
    pub(crate) async fn start(kind: &Kind) -> Result<Server> {
        let folder = TempDir::new()?;
        let port = free_port()?;
        let address = format!("127.0.0.1:{port}");
        let (address, child) = match kind {
            Kind::Address(address) => (address.clone(), None),
            Kind::Persevere => {
                let program = std::env::current_exe()?;
                let arguments = ["serve", "--listen", &address, "--db"];
                (address.clone(), Some(spawn(&program, &arguments, &folder)?))
            }
            Kind::Reference(program) => {
                let port = port.to_string();
                let arguments =
                    ["server", "start-dev", "--headless", "--port", &port, "--db-filename"];
                (address.clone(), Some(spawn(program, &arguments, &folder)?))
            }
        };
        let server = Server { address, child, folder };
        timeout(Duration::from_secs(60), server.answers())
            .await
            .map_err(|_| Error::new(format!("{} did not start within a minute", kind.title())))?;
        Ok(server)
    }

    async fn answers(&self) {
        while connect(&self.address).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What it has used so far, if it is ours to look at.
    pub(crate) fn usage(&self) -> Option<Usage> {
        Usage::of(self.child.as_ref()?.id()?).ok()
    }

    /// Bytes of its files, if they are ours to look at.
    pub(crate) fn bytes_on_disk(&self) -> Option<u64> {
        self.child.as_ref()?;
        bytes_in(self.folder.path()).ok()
    }

    /// Stops it; our coordinator then tells what it did.
    pub(crate) async fn stop(mut self) -> Result<Option<Epitaph>> {
        let Some(mut child) = self.child.take() else { return Ok(None) };
        drop(child.stdin.take());
        let mut said = String::new();
        if let Some(mut output) = child.stdout.take() {
            let read = timeout(Duration::from_secs(10), output.read_to_string(&mut said));
            if read.await.is_err() {
                child.start_kill()?;
            }
        }
        child.kill().await?;
        Ok(said.lines().last().and_then(|line| serde_json::from_str(line).ok()))
    }
}

fn spawn(program: &Path, arguments: &[&str], folder: &TempDir) -> Result<Child> {
    let child = Command::new(program)
        .args(arguments)
        .arg(folder.path().join("bench.db"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    Ok(child)
}

/// A client of the server at `address`.
pub(crate) async fn connect(address: &str) -> Result<Client> {
    Ok(Client::connect(ConnectOptions::new(address)).await?)
}

/// A port that was free a moment ago; servers of others cannot be given an open socket.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// The role `serve`: a coordinator until standard input closes.
pub(crate) async fn serve(db: PathBuf, listen: SocketAddr) -> Result<()> {
    let coordinator =
        Coordinator::open(Config { listen: Some(listen), ..Config::file(db) }).await?;
    let _ = tokio::io::stdin().read(&mut [0]).await;
    let epitaph = Epitaph { commits: coordinator.commits() };
    coordinator.shutdown().await;
    let mut line = serde_json::to_string(&epitaph)?;
    line.push('\n');
    tokio::io::stdout().write_all(line.as_bytes()).await?;
    tokio::io::stdout().flush().await?;
    Ok(())
}
