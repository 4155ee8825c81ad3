//! What an operator or an embedding program may choose; every choice has a default that works.

use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf, time::Duration};

use persevere_engine::Limits;

use crate::Clock;

/// How to run a coordinator.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where executions are kept. Default: in memory.
    pub storage: Storage,
    /// What a commit survives. Default: [`Durability::Full`].
    pub durability: Durability,
    /// Address to serve on; `None` (the default) serves in-process channels only.
    pub listen: Option<SocketAddr>,
    /// Namespaces that exist from the start. Default: `default`.
    pub namespaces: Vec<String>,
    /// Loops that own executions. Default: the number of cores.
    pub shards: NonZeroUsize,
    /// Limits of one execution.
    pub limits: Limits,
    /// Executions kept in memory, over all shards; the others are loaded when needed.
    /// Default: 4096.
    pub warm_executions: usize,
    /// Bytes of recent history kept in memory for them. Default: 32 MiB.
    pub warm_bytes: usize,
    /// Where time comes from. Default: the machine.
    pub clock: Clock,
    /// How long a graceful shutdown waits for requests in flight. Default: 5 s.
    pub drain: Duration,
    /// Aborts the process at a commit: for crash tests.
    pub failpoint: Option<Failpoint>,
}

/// Where executions are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Storage {
    /// In memory: gone with the coordinator.
    Memory,
    /// In this file, which is made if it is not there.
    File(PathBuf),
}

/// What a commit survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The loss of power: every commit is synced to the disk.
    Full,
    /// The death of the process, but perhaps not the loss of power.
    Normal,
}

/// Where a crash test wants the process to die: at the commit of this number, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failpoint {
    /// Just before it.
    BeforeCommit(u64),
    /// Just after it, before anyone is told.
    AfterCommit(u64),
}

impl Default for Config {
    fn default() -> Self {
        Config {
            storage: Storage::Memory,
            durability: Durability::Full,
            listen: None,
            namespaces: vec!["default".to_owned()],
            shards: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            limits: Limits::default(),
            warm_executions: 4096,
            warm_bytes: 32 << 20,
            clock: Clock::real(),
            drain: Duration::from_secs(5),
            failpoint: None,
        }
    }
}

impl Config {
    /// On a file, with defaults for the rest.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Config { storage: Storage::File(path.into()), ..Config::default() }
    }
}
