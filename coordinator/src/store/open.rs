//! Opening the database: one process at a time, at the right version, as durable as asked.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    ConnectOptions as _, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::schema;
use crate::{Durability, Storage};

/// Readers of a file; they share its page cache in the operating system.
const READERS: u32 = 2;

/// Distinct statements kept prepared: a commit has a few shapes for each power of two of rows.
const STATEMENTS: usize = 256;

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("{} is in use by another coordinator; stop that one, or choose another file with --db", .0.display())]
    InUse(PathBuf),
    /// Its lock file cannot be made.
    #[error("cannot lock {}: {source}", path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A later version of this program wrote it.
    #[error(
        "{file} was written by a newer version of Persevere (schema {found}, this program knows \
         up to {known}); run that version, or choose another file"
    )]
    Newer {
        /// The file.
        file: String,
        /// Its schema version.
        found: i32,
        /// The latest that this program knows.
        known: i32,
    },
    /// It is a database, but not ours.
    #[error("{file} is a SQLite database of another program; choose another file")]
    Foreign {
        /// The file.
        file: String,
    },
    /// SQLite says no.
    #[error("cannot open the database: {0}")]
    Database(#[from] sqlx::Error),
}

/// An open database: who writes, who reads, and what keeps others out.
pub(super) struct Opened {
    pub(super) writer: SqlitePool,
    pub(super) readers: SqlitePool,
    pub(super) lock: Option<File>,
}

pub(super) async fn open(storage: &Storage, durability: Durability) -> Result<Opened, OpenError> {
    let common = SqliteConnectOptions::new()
        .statement_cache_capacity(STATEMENTS)
        .busy_timeout(Duration::from_secs(10))
        // The journal logs what goes wrong; texts of statements are of no use to anyone else.
        .disable_statement_logging()
        .pragma("temp_store", "memory");
    match storage {
        Storage::Memory => {
            let options = common.in_memory(true).synchronous(SqliteSynchronous::Off);
            let writer = pool(1, options).await?;
            schema::migrate(&mut *writer.acquire().await?, "the database in memory").await?;
            Ok(Opened { readers: writer.clone(), writer, lock: None })
        }
        Storage::File(path) => {
            let lock = lock(path)?;
            let synchronous = match durability {
                Durability::Full => SqliteSynchronous::Full,
                Durability::Normal => SqliteSynchronous::Normal,
            };
            let options = common
                .filename(path)
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(synchronous)
                // A log that has grown in a burst is cut back to this size.
                .pragma("journal_size_limit", (16 << 20).to_string());
            let writer = pool(1, options.clone()).await?;
            let file = path.display().to_string();
            schema::migrate(&mut *writer.acquire().await?, &file).await?;
            let readers = pool(READERS, options.create_if_missing(false)).await?;
            Ok(Opened { writer, readers, lock: Some(lock) })
        }
    }
}

async fn pool(size: u32, options: SqliteConnectOptions) -> Result<SqlitePool, sqlx::Error> {
    SqlitePoolOptions::new()
        .max_connections(size)
        .min_connections(1)
        // Connections are threads of this process: they do not go stale, and one in memory must
        // not be closed while the coordinator runs.
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(Duration::from_secs(60))
        .connect_with(options)
        .await
}

/// SQLite lets several processes share a file; a coordinator's memory does not.
fn lock(database: &Path) -> Result<File, OpenError> {
    let mut path = database.as_os_str().to_owned();
    path.push(".lock");
    let path = PathBuf::from(path);
    let failed = |source| OpenError::Lock { path: path.clone(), source };
    let file =
        File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(database.to_owned())),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}
