//! A coordinator in a process of its own, on one SQLite file, that can be killed and started
//! again at the same address.
//!
//! With `PERSEVERE_TEST_SERVER` set to a command with `{db}` and `{port}` in it, that command is
//! the server instead: the way to see whether a test states the protocol or our own habits. For
//! the reference server:
//! `temporal server start-dev --headless --db-filename {db} --port {port}`.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{
    process::{Cast, Process},
    rpc::Rpc,
};

/// How long a server may take to answer after its start; generous, for loaded machines.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// Pause between two looks at another process, which cannot be waited for otherwise.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// See the module.
#[derive(Debug)]
pub struct Coordinator {
    cast: Cast,
    directory: TempDir,
    port: u16,
    process: Option<Process>,
}

impl Coordinator {
    /// Starts one on a new, empty file, and waits until it answers.
    pub async fn start(cast: Cast) -> Self {
        Self::start_with(cast, &[]).await
    }

    /// Starts one on a new file with variables in its environment, and waits until it answers or
    /// has died.
    pub async fn start_with(cast: Cast, environment: &[(&str, String)]) -> Self {
        let directory = tempfile::tempdir().expect("the system can make a temporary folder");
        let mut coordinator = Self { cast, directory, port: free_port(), process: None };
        coordinator.run(environment).await;
        coordinator
    }

    /// The address of its API, as a URL.
    #[must_use]
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A folder that lives as long as this coordinator, for what goes with it.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The SQLite file.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.directory.path().join("persevere.db")
    }

    /// A new connection to it.
    pub async fn rpc(&self) -> Rpc {
        Rpc::connect(&self.address()).await.expect("the coordinator has answered before")
    }

    /// Kills it with SIGKILL.
    pub fn kill(&mut self) {
        self.process.take().expect("killed only while it runs").kill();
    }

    /// Starts it on the same file and address, and waits until it answers.
    pub async fn restart(&mut self) {
        self.run(&[]).await;
    }

    async fn run(&mut self, environment: &[(&str, String)]) {
        assert!(self.process.is_none(), "started only while it does not run");
        let mut command = self.command();
        command.envs(environment.iter().map(|(name, value)| (*name, value.as_str())));
        let log = self.directory.path().join("coordinator.log");
        let mut process = Process::spawn(command, &log).expect("the server's program starts");
        let deadline = Instant::now() + READY_WITHIN;
        while process.ended().is_none() && !answers(&self.address()).await {
            assert!(Instant::now() < deadline, "no answer; its log:\n{}", self.log());
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        self.process = Some(process);
    }

    /// Whether it has died by itself.
    pub fn died(&mut self) -> bool {
        self.process.as_mut().is_some_and(|process| process.ended().is_some())
    }

    /// What it has written so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("coordinator.log")).unwrap_or_default()
    }

    fn command(&self) -> Command {
        let (database, port) = (self.database(), self.port.to_string());
        if let Ok(template) = std::env::var("PERSEVERE_TEST_SERVER") {
            let filled =
                template.replace("{db}", &database.to_string_lossy()).replace("{port}", &port);
            let mut words = filled.split_whitespace();
            let mut command = Command::new(words.next().expect("the command has a program"));
            command.args(words);
            return command;
        }
        let mut command = self.cast.part("coordinator");
        command.arg("--db").arg(database).arg("--listen").arg(format!("127.0.0.1:{port}"));
        command
    }
}

async fn answers(address: &str) -> bool {
    match Rpc::connect(address).await {
        Ok(mut rpc) => rpc.namespace_is_ready().await,
        Err(_) => false,
    }
}

/// A port that was free a moment ago. Taken from below the range that systems draw the local ends
/// of connections from, because it must still be free when a killed coordinator comes back.
#[must_use]
pub fn free_port() -> u16 {
    loop {
        let port = fastrand::u16(15_000..30_000);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
