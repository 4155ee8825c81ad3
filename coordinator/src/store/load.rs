//! Reading executions back: by name, by number, and those that are owed something.

use persevere_engine::{
    Execution, PersistError, RunKey, Time, decode_batch, decode_overlay, fold_batches,
};
use persevere_proto::api::history::v1::HistoryEvent;
use sqlx::{Row, sqlite::SqliteRow};

use super::{Store, StoreError, commit::history_key};

/// A run as it is loaded.
#[derive(Debug)]
pub(crate) struct StoredRun {
    pub(crate) id: i64,
    pub(crate) transitions: i64,
    pub(crate) execution: Execution,
    /// Its last batches, newest last.
    pub(crate) recent: Vec<StoredBatch>,
}

/// One row of a history.
#[derive(Debug)]
pub(crate) struct StoredBatch {
    pub(crate) events: Vec<HistoryEvent>,
    pub(crate) bytes: usize,
}

/// Where an execution is to be found.
#[derive(Debug)]
pub(crate) struct Located {
    pub(crate) id: i64,
    pub(crate) run: RunKey,
    pub(crate) deadline: Option<i64>,
}

const LATEST: &str = "SELECT id, run_id, overlay, transitions \
     FROM executions JOIN states USING (id) \
     WHERE namespace = ? AND workflow_id = ? ORDER BY id DESC LIMIT 1";
const BY_RUN: &str = "SELECT id, run_id, overlay, transitions \
     FROM executions INDEXED BY executions_by_run JOIN states USING (id) \
     WHERE namespace = ? AND workflow_id = ? AND run_id = ?";

/// Batches read at once when a page of history is put together.
const BATCHES: i64 = 128;

impl Store {
    /// The latest run of a workflow id, or the run of this id; `None` if there is none.
    /// `recent_bytes` bounds the batches that are returned with it.
    pub(crate) async fn load(
        &self,
        namespace: &str,
        workflow_id: &str,
        run_id: Option<&str>,
        recent_bytes: usize,
    ) -> Result<Option<StoredRun>, StoreError> {
        let query = match run_id {
            None => sqlx::query(LATEST).bind(namespace.to_owned()).bind(workflow_id.to_owned()),
            Some(run_id) => sqlx::query(BY_RUN)
                .bind(namespace.to_owned())
                .bind(workflow_id.to_owned())
                .bind(run_id.to_owned()),
        };
        let Some(row) = query.fetch_optional(self.readers()).await? else { return Ok(None) };
        let id: i64 = row.try_get("id")?;
        let overlay: Vec<u8> = row.try_get("overlay")?;
        let key = RunKey {
            namespace: namespace.to_owned(),
            workflow_id: workflow_id.to_owned(),
            run_id: row.try_get("run_id")?,
        };
        let (first, last) = (history_key(id, 0), history_key(id + 1, 0) - 1);
        let rows = sqlx::query("SELECT batch FROM history WHERE key BETWEEN ? AND ? ORDER BY key")
            .bind(first)
            .bind(last)
            .fetch_all(self.readers())
            .await?;
        let batches =
            rows.iter().map(|row| row.try_get::<&[u8], _>(0)).collect::<Result<Vec<_>, _>>()?;
        let corrupt = |source| StoreError::Corrupt { workflow_id: workflow_id.into(), source };
        Ok(Some(StoredRun {
            id,
            transitions: row.try_get("transitions")?,
            execution: Execution::restore(
                key,
                fold_batches(batches.iter().copied()).map_err(corrupt)?,
                decode_overlay(&overlay).map_err(corrupt)?,
            ),
            recent: recent(&batches, recent_bytes).map_err(corrupt)?,
        }))
    }

    /// Batches of a history that hold events from `from` and below `to`, in order.
    /// Fewer than there are, if there are many: at least one, if there is one.
    pub(crate) async fn batches(
        &self,
        id: i64,
        from: i64,
        to: i64,
    ) -> Result<Vec<StoredBatch>, StoreError> {
        const SQL: &str = "SELECT batch FROM history WHERE key >= \
             coalesce((SELECT max(key) FROM history WHERE key BETWEEN ? AND ?), 0) \
             AND key < ? ORDER BY key LIMIT ?";
        let rows = sqlx::query(SQL)
            .bind(history_key(id, 0))
            .bind(history_key(id, from))
            .bind(history_key(id, to))
            .bind(BATCHES)
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(batch_of).collect()
    }

    /// The batches that end a history before event `to`, newest first.
    pub(crate) async fn batches_before(
        &self,
        id: i64,
        to: i64,
    ) -> Result<Vec<StoredBatch>, StoreError> {
        const SQL: &str =
            "SELECT batch FROM history WHERE key BETWEEN ? AND ? ORDER BY key DESC LIMIT ?";
        let rows = sqlx::query(SQL)
            .bind(history_key(id, 0))
            .bind(history_key(id, to - 1))
            .bind(BATCHES)
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(batch_of).collect()
    }

    /// Executions with a deadline, by number, after this number.
    pub(crate) async fn with_deadline(
        &self,
        after: i64,
        limit: i64,
    ) -> Result<Vec<Located>, StoreError> {
        const SQL: &str = "SELECT states.id, namespace, workflow_id, run_id, deadline \
             FROM states JOIN executions USING (id) \
             WHERE deadline IS NOT NULL AND states.id > ? ORDER BY states.id LIMIT ?";
        let rows = sqlx::query(SQL).bind(after).bind(limit).fetch_all(self.readers()).await?;
        rows.iter().map(located).collect()
    }

    /// Executions with tasks or messages to hand on, by number, after this number.
    pub(crate) async fn owing(&self, after: i64, limit: i64) -> Result<Vec<Located>, StoreError> {
        const SQL: &str = "SELECT states.id, namespace, workflow_id, run_id, deadline \
             FROM states INDEXED BY states_owing JOIN executions USING (id) \
             WHERE owing = 1 AND states.id > ? ORDER BY states.id LIMIT ?";
        let rows = sqlx::query(SQL).bind(after).bind(limit).fetch_all(self.readers()).await?;
        rows.iter().map(located).collect()
    }

    /// Closed executions of a namespace that owe nothing and were closed before `time`, oldest
    /// first, without the first `passed_over`.
    pub(crate) async fn closed_before(
        &self,
        namespace: &str,
        time: Time,
        passed_over: usize,
        limit: usize,
    ) -> Result<Vec<Located>, StoreError> {
        const SQL: &str = "SELECT executions.id, namespace, workflow_id, run_id, deadline \
             FROM executions INDEXED BY executions_by_close JOIN states USING (id) \
             WHERE namespace = ? AND close_order < ? AND owing = 0 \
             ORDER BY close_order LIMIT ? OFFSET ?";
        let rows = sqlx::query(SQL)
            .bind(namespace.to_owned())
            .bind(time.0)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .bind(i64::try_from(passed_over).unwrap_or(i64::MAX))
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(located).collect()
    }

    /// The execution of this number.
    pub(crate) async fn locate(&self, id: i64) -> Result<Option<Located>, StoreError> {
        const SQL: &str = "SELECT states.id, namespace, workflow_id, run_id, deadline \
             FROM states JOIN executions USING (id) WHERE states.id = ?";
        let row = sqlx::query(SQL).bind(id).fetch_optional(self.readers()).await?;
        row.as_ref().map(located).transpose()
    }

    /// The highest number of an execution; 0 if there is none.
    pub(crate) async fn last_id(&self) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT coalesce(max(id), 0) FROM executions";
        Ok(sqlx::query_scalar(SQL).fetch_one(self.readers()).await?)
    }
}

fn located(row: &SqliteRow) -> Result<Located, StoreError> {
    let run = RunKey {
        namespace: row.try_get("namespace")?,
        workflow_id: row.try_get("workflow_id")?,
        run_id: row.try_get("run_id")?,
    };
    Ok(Located { id: row.try_get("id")?, run, deadline: row.try_get("deadline")? })
}

fn batch_of(row: &SqliteRow) -> Result<StoredBatch, StoreError> {
    let corrupt = |source| StoreError::Corrupt { workflow_id: "of this history".into(), source };
    stored(row.try_get(0)?).map_err(corrupt)
}

fn stored(bytes: &[u8]) -> Result<StoredBatch, PersistError> {
    Ok(StoredBatch { events: decode_batch(bytes)?.events, bytes: bytes.len() })
}

/// The last batches, of at most so many bytes.
fn recent(batches: &[&[u8]], bytes: usize) -> Result<Vec<StoredBatch>, PersistError> {
    let mut left = bytes;
    let kept = batches.iter().rev().take_while(|batch| match left.checked_sub(batch.len()) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    });
    let skipped = batches.len() - kept.count();
    batches[skipped..].iter().map(|batch| stored(batch)).collect()
}
