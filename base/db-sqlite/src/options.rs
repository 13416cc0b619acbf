//! How the file is opened.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use hoopoe_db::DbError;
use rusqlite::{Connection, OpenFlags, config::DbConfig};

use crate::tx;

/// How long a connection waits for another one's lock.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Settings of the embedded database. The defaults are the durable ones.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// The database file; the write-ahead log stands beside it.
    pub path: PathBuf,
    /// Reader connections, each with its thread and page cache.
    pub readers: usize,
    /// Page cache of the writer in KiB.
    pub writer_cache_kib: u32,
    /// Page cache of each reader in KiB.
    pub reader_cache_kib: u32,
    /// Largest database in pages of 4 KiB; `None`: as large as the disk. Tests fill a disk with it.
    pub pages_max: Option<u32>,
    /// Work items that one physical transaction may hold.
    pub batch_jobs_max: usize,
}

impl SqliteOptions {
    /// Defaults for a file.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().to_owned(),
            readers: 2,
            writer_cache_kib: 64 * 1024,
            reader_cache_kib: 16 * 1024,
            pages_max: None,
            batch_jobs_max: 512,
        }
    }

    /// A connection with the settings that all share.
    pub(crate) fn connect(&self) -> Result<Connection, DbError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags).map_err(tx::error)?;
        connection.set_prepared_statement_cache_capacity(512);
        let settings = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; \
             PRAGMA wal_autocheckpoint=0; PRAGMA temp_store=MEMORY; \
             PRAGMA secure_delete=ON; PRAGMA trusted_schema=OFF;";
        connection.busy_timeout(BUSY_TIMEOUT).map_err(tx::error)?;
        // A plan must not depend on what is bound: a statement would be prepared anew for every
        // value, which is half of what a short read costs.
        let stable_plans = DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG;
        connection.set_db_config(stable_plans, true).map_err(tx::error)?;
        connection.execute_batch(settings).map_err(tx::error)?;
        Ok(connection)
    }

    pub(crate) fn connect_writer(&self) -> Result<Connection, DbError> {
        let connection = self.connect()?;
        set(&connection, "cache_size", -i64::from(self.writer_cache_kib))?;
        if let Some(pages) = self.pages_max {
            set(&connection, "max_page_count", i64::from(pages))?;
        }
        Ok(connection)
    }

    pub(crate) fn connect_reader(&self) -> Result<Connection, DbError> {
        let connection = self.connect()?;
        set(&connection, "cache_size", -i64::from(self.reader_cache_kib))?;
        set(&connection, "query_only", 1)?;
        Ok(connection)
    }
}

fn set(connection: &Connection, name: &str, value: i64) -> Result<(), DbError> {
    // Some settings answer with a row, others do not.
    connection
        .pragma_update_and_check(None, name, value, |_| Ok(()))
        .or_else(|error| match error {
            rusqlite::Error::QueryReturnedNoRows => Ok(()),
            other => Err(other),
        })
        .map_err(tx::error)
}
