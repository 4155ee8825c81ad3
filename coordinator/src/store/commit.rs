//! One commit: rows of many transitions in one transaction, in one call of the database driver.
//!
//! A call costs far more than a row, so the whole transaction is one text with bound values. To
//! keep the texts few (the driver caches them prepared), row counts are rounded up to powers of
//! two; the rows that fill up are null, and skipped by the statement itself.

use std::collections::BTreeMap;

use sqlx::{
    Arguments as _, AssertSqlSafe,
    sqlite::{SqliteArguments, SqlitePool},
};

/// What transitions leave in the database.
#[derive(Debug, Default)]
pub(crate) struct Writes {
    pub(crate) batches: Vec<BatchRow>,
    pub(crate) states: Vec<StateRow>,
    pub(crate) executions: Vec<ListingRow>,
    /// Numbers of executions to remove.
    pub(crate) removed: Vec<i64>,
}

/// Events added to a history.
#[derive(Debug)]
pub(crate) struct BatchRow {
    pub(crate) key: i64,
    pub(crate) batch: Vec<u8>,
}

/// What is rewritten of an execution.
#[derive(Debug)]
pub(crate) struct StateRow {
    pub(crate) id: i64,
    pub(crate) overlay: Vec<u8>,
    pub(crate) transitions: i64,
    pub(crate) deadline: Option<i64>,
    pub(crate) owing: bool,
}

/// An execution as it is listed: the columns of `executions`.
#[derive(Debug)]
pub(crate) struct ListingRow {
    pub(crate) id: i64,
    pub(crate) namespace: String,
    pub(crate) workflow_id: String,
    pub(crate) run_id: String,
    pub(crate) workflow_type: String,
    pub(crate) task_queue: String,
    pub(crate) status: i32,
    pub(crate) start_time: i64,
    pub(crate) execution_time: i64,
    /// Close time, events, bytes of history.
    pub(crate) closed: Option<(i64, i64, i64)>,
    pub(crate) transitions: i64,
    pub(crate) parent: Option<(String, String)>,
    pub(crate) root: (String, String),
    pub(crate) memo: Option<Vec<u8>>,
    pub(crate) search_attributes: Option<Vec<u8>>,
}

const LISTING_COLUMNS: &str = "id, namespace, workflow_id, run_id, workflow_type, task_queue, \
     status, start_time, execution_time, close_time, close_order, history_length, history_bytes, \
     state_transitions, parent_workflow_id, parent_run_id, root_workflow_id, root_run_id, memo, \
     search_attributes";
const LISTING_WIDTH: usize = 20;

impl Writes {
    /// Whether there is nothing to write.
    pub(crate) fn is_empty(&self) -> bool {
        self.batches.is_empty()
            && self.states.is_empty()
            && self.executions.is_empty()
            && self.removed.is_empty()
    }

    /// Rows, for bounding a commit.
    pub(crate) fn rows(&self) -> usize {
        self.batches.len() + self.states.len() + self.executions.len() + self.removed.len()
    }

    /// Adds later writes.
    pub(crate) fn append(&mut self, mut later: Writes) {
        self.batches.append(&mut later.batches);
        self.states.append(&mut later.states);
        self.executions.append(&mut later.executions);
        self.removed.append(&mut later.removed);
    }

    /// Commits them.
    pub(super) async fn commit(self, writer: &SqlitePool) -> Result<(), sqlx::Error> {
        let states = latest(self.states, |row| row.id);
        let executions = latest(self.executions, |row| row.id);
        let size = rounded(self.batches.len().max(states.len()));
        let listed = rounded(executions.len());
        let mut values = SqliteArguments::default();
        bind_batches(&mut values, self.batches, size)
            .and_then(|()| bind_states(&mut values, states, size))
            .and_then(|()| bind_listings(&mut values, executions, listed))
            .map_err(sqlx::Error::Encode)?;
        let sql = transaction(size, listed, &self.removed);
        // A text with numbers in it will not come again.
        let cached = self.removed.is_empty();
        sqlx::query_with(AssertSqlSafe(sql), values).persistent(cached).execute(writer).await?;
        Ok(())
    }
}

/// Rows are written in the order in which they came; of several with one number, only the last.
fn latest<R>(rows: Vec<R>, id: impl Fn(&R) -> i64) -> Vec<R> {
    if rows.len() < 2 {
        return rows;
    }
    rows.into_iter().map(|row| (id(&row), row)).collect::<BTreeMap<_, _>>().into_values().collect()
}

fn rounded(rows: usize) -> usize {
    if rows == 0 { 0 } else { rows.next_power_of_two() }
}

/// The text of a transaction with so many rows.
fn transaction(size: usize, listed: usize, removed: &[i64]) -> String {
    let mut sql = String::from("BEGIN IMMEDIATE;");
    if size > 0 {
        // Batches under one key follow one another: concatenated messages are a merged message.
        sql += &format!(
            "INSERT INTO history (key, batch) SELECT * FROM ({}) WHERE column1 IS NOT NULL \
             ON CONFLICT DO UPDATE SET batch = CAST(batch || excluded.batch AS BLOB);",
            values_clause(size, 2)
        );
        sql += &format!(
            "INSERT INTO states (id, overlay, transitions, deadline, owing) \
             SELECT * FROM ({}) WHERE column1 IS NOT NULL \
             ON CONFLICT DO UPDATE SET overlay = excluded.overlay, \
             transitions = excluded.transitions, deadline = excluded.deadline, \
             owing = excluded.owing;",
            values_clause(size, 5)
        );
    }
    if listed > 0 {
        sql += &format!(
            "INSERT INTO executions ({LISTING_COLUMNS}) SELECT * FROM ({}) \
             WHERE column1 IS NOT NULL ON CONFLICT DO UPDATE SET status = excluded.status, \
             close_time = excluded.close_time, close_order = excluded.close_order, \
             history_length = excluded.history_length, history_bytes = excluded.history_bytes, \
             state_transitions = excluded.state_transitions, memo = excluded.memo, \
             search_attributes = excluded.search_attributes;",
            values_clause(listed, LISTING_WIDTH)
        );
    }
    for id in removed {
        let (first, last) = (history_key(*id, 0), history_key(id + 1, 0) - 1);
        sql += &format!(
            "DELETE FROM history WHERE key BETWEEN {first} AND {last};\
             DELETE FROM states WHERE id = {id}; DELETE FROM executions WHERE id = {id};"
        );
    }
    sql + "COMMIT"
}

fn values_clause(rows: usize, width: usize) -> String {
    let row = format!("({})", vec!["?"; width].join(","));
    format!("VALUES {}", vec![row; rows].join(","))
}

/// Bits of a history key that hold an event id: 16 million events for each run.
const EVENT_BITS: u32 = 24;

/// Where the batch that begins with `event_id` is stored.
pub(crate) fn history_key(id: i64, event_id: i64) -> i64 {
    (id << EVENT_BITS) | event_id
}

type Bound = Result<(), sqlx::error::BoxDynError>;

fn bind_batches(values: &mut SqliteArguments, rows: Vec<BatchRow>, size: usize) -> Bound {
    let missing = size - rows.len();
    for row in rows {
        values.add(row.key)?;
        values.add(row.batch)?;
    }
    bind_nulls(values, missing * 2)
}

fn bind_states(values: &mut SqliteArguments, rows: Vec<StateRow>, size: usize) -> Bound {
    let missing = size - rows.len();
    for row in rows {
        values.add(row.id)?;
        values.add(row.overlay)?;
        values.add(row.transitions)?;
        values.add(row.deadline)?;
        values.add(row.owing)?;
    }
    bind_nulls(values, missing * 5)
}

fn bind_listings(values: &mut SqliteArguments, rows: Vec<ListingRow>, size: usize) -> Bound {
    let missing = size - rows.len();
    for row in rows {
        let (close, length, bytes) =
            row.closed.map_or((None, None, None), |(close, len, bytes)| {
                (Some(close), Some(len), Some(bytes))
            });
        let (parent_workflow, parent_run) = row.parent.unzip();
        values.add(row.id)?;
        values.add(row.namespace)?;
        values.add(row.workflow_id)?;
        values.add(row.run_id)?;
        values.add(row.workflow_type)?;
        values.add(row.task_queue)?;
        values.add(row.status)?;
        values.add(row.start_time)?;
        values.add(row.execution_time)?;
        values.add(close)?;
        values.add(close.unwrap_or(i64::MAX))?;
        values.add(length)?;
        values.add(bytes)?;
        values.add(close.map(|_| row.transitions))?;
        values.add(parent_workflow)?;
        values.add(parent_run)?;
        values.add(row.root.0)?;
        values.add(row.root.1)?;
        values.add(row.memo)?;
        values.add(row.search_attributes)?;
    }
    bind_nulls(values, missing * LISTING_WIDTH)
}

fn bind_nulls(values: &mut SqliteArguments, count: usize) -> Bound {
    (0..count).try_for_each(|_| values.add(None::<i64>))
}
