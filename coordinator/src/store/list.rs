//! Lists and counts of executions.

use persevere_engine::Time;
use persevere_proto::api::common::v1::{Memo, SearchAttributes};
use prost::Message;
use sqlx::{
    AssertSqlSafe, Row, Sqlite,
    query::Query,
    sqlite::{SqliteArguments, SqliteRow},
};

use super::{ExecutionRow, Filter, ListCursor, Store, StoreError, Value};

impl Store {
    /// Executions of a namespace that meet `filter`, after `after`, at most `limit`: open ones
    /// first, by start, then closed ones by close, newest first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn list(
        &self,
        namespace: &str,
        filter: &Filter,
        after: Option<ListCursor>,
        limit: usize,
    ) -> Result<Vec<ExecutionRow>, StoreError> {
        let condition = condition(filter);
        let after = after.unwrap_or(ListCursor { close: i64::MAX, start: i64::MAX, id: i64::MAX });
        let sql = format!(
            "SELECT * FROM executions WHERE namespace = ? \
             AND (close_order, start_time, id) < (?, ?, ?) {condition} \
             ORDER BY close_order DESC, start_time DESC, id DESC LIMIT ?"
        );
        let query = sqlx::query(AssertSqlSafe(sql))
            .bind(namespace.to_owned())
            .bind(after.close)
            .bind(after.start)
            .bind(after.id);
        let query = bind(query, filter).bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let rows = query.persistent(false).fetch_all(self.readers()).await?;
        rows.iter().map(execution).collect()
    }

    /// How many executions of a namespace meet `filter`.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn count(&self, namespace: &str, filter: &Filter) -> Result<i64, StoreError> {
        let condition = condition(filter);
        let sql = format!("SELECT count(*) FROM executions WHERE namespace = ? {condition}");
        let query = sqlx::query(AssertSqlSafe(sql)).bind(namespace.to_owned());
        let row = bind(query, filter).persistent(false).fetch_one(self.readers()).await?;
        Ok(row.try_get(0)?)
    }

    /// The same by status (the protocol's number).
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn count_by_status(
        &self,
        namespace: &str,
        filter: &Filter,
    ) -> Result<Vec<(i32, i64)>, StoreError> {
        let condition = condition(filter);
        let sql = format!(
            "SELECT status, count(*) FROM executions WHERE namespace = ? {condition} \
             GROUP BY status ORDER BY status"
        );
        let query = sqlx::query(AssertSqlSafe(sql)).bind(namespace.to_owned());
        let rows = bind(query, filter).persistent(false).fetch_all(self.readers()).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }
}

fn condition(filter: &Filter) -> String {
    if filter.sql.is_empty() { String::new() } else { format!("AND ({})", filter.sql) }
}

fn bind<'q>(
    query: Query<'q, Sqlite, SqliteArguments>,
    filter: &Filter,
) -> Query<'q, Sqlite, SqliteArguments> {
    filter.values.iter().fold(query, |query, value| match value {
        Value::Text(text) => query.bind(text.clone()),
        Value::Integer(number) => query.bind(*number),
    })
}

fn execution(row: &SqliteRow) -> Result<ExecutionRow, StoreError> {
    let parent: (Option<String>, Option<String>) =
        (row.try_get("parent_workflow_id")?, row.try_get("parent_run_id")?);
    let start: i64 = row.try_get("start_time")?;
    let close: Option<i64> = row.try_get("close_time")?;
    Ok(ExecutionRow {
        cursor: ListCursor { close: row.try_get("close_order")?, start, id: row.try_get("id")? },
        workflow_id: row.try_get("workflow_id")?,
        run_id: row.try_get("run_id")?,
        workflow_type: row.try_get("workflow_type")?,
        task_queue: row.try_get("task_queue")?,
        status: row.try_get("status")?,
        start_time: Time(start),
        execution_time: Time(row.try_get("execution_time")?),
        close_time: close.map(Time),
        history_length: row.try_get("history_length")?,
        history_bytes: row.try_get("history_bytes")?,
        state_transitions: row.try_get("state_transitions")?,
        parent: parent.0.zip(parent.1),
        root: (row.try_get("root_workflow_id")?, row.try_get("root_run_id")?),
        memo: message::<Memo>(row, "memo")?,
        search_attributes: message::<SearchAttributes>(row, "search_attributes")?,
    })
}

fn message<M: Message + Default>(row: &SqliteRow, column: &str) -> Result<Option<M>, StoreError> {
    let bytes: Option<&[u8]> = row.try_get(column)?;
    let decoded = bytes.map(M::decode).transpose();
    Ok(decoded.map_err(|error| sqlx::Error::Decode(Box::new(error)))?)
}
