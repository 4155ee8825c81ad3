//! The database: rows of executions, histories and namespaces in one SQLite file.
//!
//! One connection writes, a few read. All writes of executions come from the journal, each commit
//! in one call ([`commit`]); reads of executions come from shards, behind the journal.
//!
//! Deliberately not here: tables of tasks, timers or messages. They are derived from executions,
//! and two columns (`deadline`, `owing`) only help to find those.

mod commit;
mod list;
mod load;
mod namespace;
mod open;
mod schema;

use std::{fs::File, sync::Arc};

use persevere_engine::{PersistError, Time};
use persevere_proto::api::common::v1::{Memo, SearchAttributes};
use sqlx::SqlitePool;

pub(crate) use commit::{BatchRow, ListingRow, StateRow, Writes, history_key};
pub(crate) use load::{Located, StoredBatch, StoredRun};
pub use open::OpenError;

use crate::{Durability, Storage};

/// The database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    writer: SqlitePool,
    readers: SqlitePool,
    /// Held, not used: it keeps other processes out.
    _lock: Option<File>,
}

/// A condition on the table `executions`, as SQL with `?` for each value.
///
/// Columns: `workflow_id`, `run_id`, `workflow_type`, `task_queue` (text), `status` (integer, the
/// protocol's number), `start_time`, `execution_time`, `close_time` (integer nanoseconds since the
/// epoch; `close_time` null while open), `history_length`, `history_bytes`, `state_transitions`
/// (integer, as of the close, null while open), `parent_workflow_id`, `parent_run_id` (text, null
/// without a parent), `root_workflow_id`, `root_run_id` (text).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// The condition, empty for all; `?` for each of `values`, in order.
    pub sql: String,
    /// Its values.
    pub values: Vec<Value>,
}

/// A value in a [`Filter`].
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text.
    Text(String),
    /// A number, a time in nanoseconds, or a status.
    Integer(i64),
}

/// An execution as it is listed.
#[derive(Clone, Debug, PartialEq)]
pub struct ExecutionRow {
    /// Place in the list: where the next page begins.
    pub cursor: ListCursor,
    /// Workflow id.
    pub workflow_id: String,
    /// Run id.
    pub run_id: String,
    /// Workflow type.
    pub workflow_type: String,
    /// Task queue of the workflow.
    pub task_queue: String,
    /// The protocol's number of the status.
    pub status: i32,
    /// When the run started.
    pub start_time: Time,
    /// When its first workflow task was due.
    pub execution_time: Time,
    /// When it was closed.
    pub close_time: Option<Time>,
    /// Events, once closed.
    pub history_length: Option<i64>,
    /// Bytes of history, once closed.
    pub history_bytes: Option<i64>,
    /// Transitions, once closed.
    pub state_transitions: Option<i64>,
    /// Workflow id and run id of the parent.
    pub parent: Option<(String, String)>,
    /// Workflow id and run id of the root.
    pub root: (String, String),
    /// Memo.
    pub memo: Option<Memo>,
    /// Search attributes.
    pub search_attributes: Option<SearchAttributes>,
}

/// A place in a list: open executions first, by start, then closed ones by close, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListCursor {
    /// Close time in nanoseconds; `i64::MAX` while open.
    pub close: i64,
    /// Start time in nanoseconds.
    pub start: i64,
    /// Number of the execution in the database.
    pub id: i64,
}

/// A failed read or write.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite says no.
    #[error("database error: {0}")]
    Database(#[from] sqlx::Error),
    /// What is stored makes no sense.
    #[error("workflow {workflow_id} is corrupt: {source}")]
    Corrupt {
        /// The workflow.
        workflow_id: String,
        /// What is wrong.
        source: PersistError,
    },
}

impl Store {
    /// Opens a database, or makes it.
    ///
    /// # Errors
    /// If it is in use, not ours, from a newer version, or cannot be opened.
    pub async fn open(storage: &Storage, durability: Durability) -> Result<Self, OpenError> {
        let open::Opened { writer, readers, lock } = open::open(storage, durability).await?;
        Ok(Store { inner: Arc::new(Inner { writer, readers, _lock: lock }) })
    }

    /// Commits what transitions leave; durable when it returns.
    pub(crate) async fn commit(&self, writes: Writes) -> Result<(), StoreError> {
        Ok(writes.commit(&self.inner.writer).await?)
    }

    /// Empties the log into the file and closes it.
    pub(crate) async fn close(&self) {
        self.inner.readers.close().await;
        self.inner.writer.close().await;
    }

    fn readers(&self) -> &SqlitePool {
        &self.inner.readers
    }
}
