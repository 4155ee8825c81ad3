//! The database: rows of executions, histories and namespaces in one SQLite file.

use std::sync::Arc;

use persevere_engine::Time;
use persevere_proto::api::common::v1::{Memo, SearchAttributes};

/// The database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    _inner: Arc<()>,
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
}

impl Store {
    /// Executions of a namespace that meet `filter`, after `after`, at most `limit`.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn list(
        &self,
        _namespace: &str,
        _filter: &Filter,
        _after: Option<ListCursor>,
        _limit: usize,
    ) -> Result<Vec<ExecutionRow>, StoreError> {
        todo!()
    }

    /// How many executions of a namespace meet `filter`.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn count(&self, _namespace: &str, _filter: &Filter) -> Result<i64, StoreError> {
        todo!()
    }

    /// The same by status (the protocol's number).
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn count_by_status(
        &self,
        _namespace: &str,
        _filter: &Filter,
    ) -> Result<Vec<(i32, i64)>, StoreError> {
        todo!()
    }
}
