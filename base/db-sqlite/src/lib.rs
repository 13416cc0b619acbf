//! The embedded database: one writer thread with group commit, a few reader connections, and a
//! thread that copies the write-ahead log back.
//!
//! Many transactions run as savepoints of one physical transaction with one fsync
//! (`journal_mode=WAL`, `synchronous=FULL`); all are answered after it.

mod checkpoint;
mod lock;
mod options;
mod reader;
mod torn;
mod tx;
mod writer;

use std::sync::Arc;

use hoopoe_db::{
    Backend, BackendStats, BoxedRead, BoxedWrite, DbError, DbErrorKind, Dialect, Lane, LaneHandle,
};

pub use lock::DataLock;
pub use options::SqliteOptions;

#[doc(hidden)]
pub mod bench {
    //! A door for the instruction-count benches: one transaction on this thread.
    use hoopoe_db::{DbError, WriteTx};

    use crate::{SqliteOptions, tx::SqliteTx};

    /// A writer connection without its thread.
    pub struct HandWriter(rusqlite::Connection);

    impl HandWriter {
        /// Opens the file.
        pub fn open(options: &SqliteOptions) -> Result<Self, DbError> {
            options.connect_writer().map(Self)
        }

        /// Runs and commits.
        pub fn transaction(
            &self,
            work: impl FnOnce(&mut dyn WriteTx) -> Result<(), DbError>,
        ) -> Result<(), DbError> {
            let mut tx = SqliteTx::writing(&self.0);
            tx.control("BEGIN IMMEDIATE")?;
            work(&mut tx)?;
            tx.control("COMMIT")
        }
    }
}

/// The driver. One process opens a file; see [`DataLock`].
pub struct Sqlite {
    readers: reader::Readers,
    writer: writer::Writer,
    options: SqliteOptions,
    has_lost: bool,
}

impl Sqlite {
    /// Opens or creates the file and starts the threads. Refuses, as corrupt, a write-ahead log of
    /// which nothing can be read.
    pub fn open(options: SqliteOptions) -> Result<Arc<Self>, DbError> {
        let has_lost = match torn::examine(&options.path)? {
            torn::Wal::Sound => false,
            torn::Wal::Torn { at_byte } => {
                tracing::error!(
                    at_byte,
                    "the write-ahead log is damaged: what stands behind that byte is lost"
                );
                true
            }
            torn::Wal::Headless => {
                let wal = torn::wal_of(&options.path);
                let words = format!(
                    "the header of {} is damaged, so that nothing in it can be read: restore a \
                     backup, or move the file away to go on without what it holds",
                    wal.display()
                );
                return Err(DbError::new(DbErrorKind::Corrupt, words));
            }
        };
        let writer = writer::Writer::start(&options)?;
        let readers = reader::Readers::start(&options)?;
        Ok(Arc::new(Self { readers, writer, options, has_lost }))
    }

    /// Whether the file was found damaged in such a way that transactions are lost which may have
    /// been acknowledged. Whoever remembers them must be told.
    pub fn has_lost(&self) -> bool {
        self.has_lost
    }

    /// Copies the database to `target` while it is being written to (the online backup).
    pub fn backup(&self, target: &std::path::Path) -> Result<(), DbError> {
        let source = self.options.connect()?;
        let mut copy = rusqlite::Connection::open(target).map_err(tx::error)?;
        let backup = rusqlite::backup::Backup::new(&source, &mut copy).map_err(tx::error)?;
        // All pages in one step: a reader of a write-ahead log does not hold the writer up.
        match backup.step(-1).map_err(tx::error)? {
            rusqlite::backup::StepResult::Done => Ok(()),
            other => Err(DbError::new(DbErrorKind::Other, format!("backup ended with {other:?}"))),
        }
    }

    /// The database's own check of its file: empty when it is sound.
    pub fn integrity_check(&self) -> Result<Vec<String>, DbError> {
        let connection = self.options.connect()?;
        let mut statement = connection.prepare("PRAGMA integrity_check").map_err(tx::error)?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).map_err(tx::error)?;
        let findings: Result<Vec<_>, _> = rows.collect();
        Ok(findings.map_err(tx::error)?.into_iter().filter(|line| line != "ok").collect())
    }
}

impl Backend for Sqlite {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn read(&self, job: Box<dyn BoxedRead>) {
        self.readers.submit(job);
    }

    fn write(&self, job: Box<dyn BoxedWrite>) {
        self.writer.submit(job);
    }

    fn open_lane(&self, lane: Box<dyn Lane>) -> Result<Arc<dyn LaneHandle>, DbError> {
        self.writer.open_lane(lane)
    }

    fn stats(&self) -> BackendStats {
        self.writer.stats()
    }

    fn close(&self) {
        self.writer.close();
        self.readers.close();
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.close();
    }
}
