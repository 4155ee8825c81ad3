//! The tables, as a list of migrations: the n-th brings a file from version n-1 to n.
//!
//! Applied migrations are never edited; a new version is a new entry. The version is SQLite's
//! `user_version`; the `application_id` tells our files from those of others.

use sqlx::{AssertSqlSafe, Row, SqliteConnection};

use super::OpenError;

/// "PRSV".
const APPLICATION_ID: i32 = 0x5052_5356;

const MIGRATIONS: [&str; 1] = [include_str!("schema/001_initial.sql")];

/// Brings a database to the version of this program.
pub(super) async fn migrate(
    connection: &mut SqliteConnection,
    file: &str,
) -> Result<(), OpenError> {
    let version = pragma(connection, "user_version").await?;
    let application = pragma(connection, "application_id").await?;
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema")
        .fetch_one(&mut *connection)
        .await?;
    if application != APPLICATION_ID && (version != 0 || tables != 0) {
        return Err(OpenError::Foreign { file: file.to_owned() });
    }
    let known = i32::try_from(MIGRATIONS.len()).expect("a handful of migrations");
    let applied = usize::try_from(version).ok().filter(|applied| *applied <= MIGRATIONS.len());
    let Some(applied) = applied else {
        return Err(OpenError::Newer { file: file.to_owned(), found: version, known });
    };
    for (number, migration) in MIGRATIONS.iter().enumerate().skip(applied) {
        let sql = format!(
            "BEGIN IMMEDIATE; {migration}; PRAGMA application_id = {APPLICATION_ID}; \
             PRAGMA user_version = {}; COMMIT",
            number + 1
        );
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *connection).await?;
    }
    Ok(())
}

async fn pragma(connection: &mut SqliteConnection, name: &str) -> Result<i32, sqlx::Error> {
    let sql = format!("PRAGMA {name}");
    sqlx::query(AssertSqlSafe(sql)).fetch_one(connection).await?.try_get(0)
}
