//! A worker in a process of its own, that can be killed and started again.

use std::path::PathBuf;

use crate::{
    coordinator::Coordinator,
    ledger::Ledger,
    process::{Cast, Process},
};

/// See the module.
#[derive(Debug)]
pub struct Worker {
    cast: Cast,
    name: String,
    address: String,
    directory: PathBuf,
    process: Option<Process>,
}

impl Worker {
    /// Starts one that runs [`crate::payment`] for this coordinator. It is up when it takes its
    /// first task.
    #[must_use]
    pub fn start(cast: Cast, name: &str, coordinator: &Coordinator) -> Self {
        let mut worker = Self {
            cast,
            name: name.into(),
            address: coordinator.address(),
            directory: coordinator.directory().into(),
            process: None,
        };
        worker.restart();
        worker
    }

    /// The ledger that all workers of a coordinator share.
    #[must_use]
    pub fn ledger(coordinator: &Coordinator) -> Ledger {
        Ledger::at(coordinator.directory().join("ledger.jsonl"))
    }

    /// Kills it with SIGKILL.
    pub fn kill(&mut self) {
        self.process.take().expect("killed only while it runs").kill();
    }

    /// Starts it again.
    pub fn restart(&mut self) {
        assert!(self.process.is_none(), "started only while it does not run");
        let mut command = self.cast.part("worker");
        command.arg("--address").arg(&self.address).arg("--name").arg(&self.name);
        command.arg("--ledger").arg(self.directory.join("ledger.jsonl"));
        let log = self.directory.join(format!("{}.log", self.name));
        self.process = Some(Process::spawn(command, &log).expect("the worker's program starts"));
    }

    /// Fails the test, with what the worker has written, if it has ended by itself: without it
    /// there is nothing to wait for.
    ///
    /// # Panics
    /// It has ended.
    pub fn assert_alive(&mut self) {
        if let Some(status) = self.process.as_mut().and_then(Process::ended) {
            panic!("{} ended by itself ({status}); its log:\n{}", self.name, self.log());
        }
    }

    /// What it has written so far.
    #[must_use]
    pub fn log(&self) -> String {
        let log = self.directory.join(format!("{}.log", self.name));
        std::fs::read_to_string(log).unwrap_or_default()
    }
}
