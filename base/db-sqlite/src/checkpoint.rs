//! Copies the write-ahead log back into the database beside the writer.

use std::{cell::Cell, thread::JoinHandle};

use crossbeam_channel::{Sender, TrySendError, bounded};
use hoopoe_db::{DbError, DbErrorKind};
use rusqlite::Connection;

use crate::{SqliteOptions, tx};

const PAGE_BYTES: u64 = 4_096;
/// From this size on the checkpoint thread works beside the writer.
const PASSIVE_FROM_BYTES: u64 = 16 * 1024 * 1024;
/// From this size on the writer itself finishes the work between two batches: a passive checkpoint
/// alone never catches up with a writer that does not pause.
const RESTART_FROM_BYTES: u64 = 64 * 1024 * 1024;

thread_local! {
    static WAL_PAGES: Cell<u64> = const { Cell::new(0) };
}

/// Lets this thread know, after each commit on the connection, how long the log is.
pub(crate) fn watch(connection: &mut Connection) {
    WAL_PAGES.set(0);
    if let Err(error) = connection.wal_hook(Some(note)) {
        tracing::warn!(%error, "the length of the write-ahead log is not known");
    }
}

fn note(_wal: &mut rusqlite::hooks::Wal, pages: std::ffi::c_int) -> rusqlite::Result<()> {
    WAL_PAGES.set(u64::try_from(pages).unwrap_or(0));
    Ok(())
}

/// Length of the log after this thread's last commit.
pub(crate) fn wal_bytes() -> u64 {
    WAL_PAGES.get() * PAGE_BYTES
}

pub(crate) struct Checkpointer {
    requests: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    pub(crate) fn start(options: &SqliteOptions) -> Result<Self, DbError> {
        let connection = options.connect()?;
        let (requests, receiver) = bounded::<()>(1);
        let thread = std::thread::Builder::new()
            .name("sqlite-checkpoint".to_owned())
            .spawn(move || {
                while receiver.recv().is_ok() {
                    hoopoe_kernel::faults::point("checkpoint");
                    if let Err(error) = run(&connection, "PRAGMA wal_checkpoint(PASSIVE)") {
                        tracing::warn!(%error, "a checkpoint failed; the next one tries again");
                    }
                }
            })
            .map_err(|e| DbError::new(DbErrorKind::Other, e.to_string()))?;
        Ok(Self { requests: Some(requests), thread: Some(thread) })
    }

    /// After a commit, on the writer's thread, outside any transaction.
    pub(crate) fn tend(&self, writer: &Connection) {
        let bytes = wal_bytes();
        if bytes >= RESTART_FROM_BYTES {
            if let Err(error) = run(writer, "PRAGMA wal_checkpoint(RESTART)") {
                tracing::warn!(%error, "a checkpoint failed; the next one tries again");
            }
        } else if bytes >= PASSIVE_FROM_BYTES
            && let Some(requests) = &self.requests
        {
            // Full: one is waiting already, which will see these pages too.
            match requests.try_send(()) {
                Ok(()) | Err(TrySendError::Full(()) | TrySendError::Disconnected(())) => {}
            }
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        drop(self.requests.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn run(connection: &Connection, sql: &str) -> Result<(), DbError> {
    connection.query_row(sql, [], |_| Ok(())).map_err(tx::error)
}
