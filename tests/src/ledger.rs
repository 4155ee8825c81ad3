//! The ledger: what activities really did, written before they answer.
//!
//! One line for each execution of an activity, appended and synced before the execution goes on,
//! so that it survives whatever kills the process. A history tells what the coordinator believes;
//! the ledger tells what happened; the checker compares them.

use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use serde::{Deserialize, Serialize};

/// Every line has this length, filled up with spaces. So none crosses a page of memory, and a write
/// that is killed, or a read beside it, has all of a line or nothing; and appended in one write, it
/// does not interleave with those of other processes.
const LINE_BYTES: usize = 512;

/// One execution of an activity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The run that asked for it.
    pub run_id: String,
    /// The activity's id in that run.
    pub activity_id: String,
    /// The activity type.
    pub activity: String,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// Unlike that of any other execution; it is also what the activity returns, so that a result
    /// names the execution which it came from.
    pub execution: String,
}

/// A handle to the file; cheap to clone, usable from many processes at once.
#[derive(Clone, Debug)]
pub struct Ledger {
    path: PathBuf,
}

impl Ledger {
    /// The ledger at this path; the file is made by the first entry.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes down that an execution has begun; when this returns it is on disk.
    pub fn record(&self, entry: &Entry) -> io::Result<()> {
        let line = serde_json::to_string(entry)?;
        assert!(line.len() < LINE_BYTES, "an entry is short: {line}");
        let line = format!("{line:0$}\n", LINE_BYTES - 1);
        let mut file = File::options().create(true).append(true).open(&self.path)?;
        file.write_all(line.as_bytes())?;
        file.sync_data()
    }

    /// Everything written so far.
    pub fn entries(&self) -> io::Result<Vec<Entry>> {
        let text = match std::fs::read_to_string(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
    }
}

/// A name for one execution that no other has, in this or any other process of this test.
#[must_use]
pub fn new_execution() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("{}.{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}
