//! Copies the write-ahead log back into the database beside the writer.

use std::{
    cell::Cell,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use crossbeam_channel::{Sender, bounded};
use hoopoe_db::{DbError, DbErrorKind};
use rusqlite::Connection;

use crate::{SqliteOptions, options::BUSY_TIMEOUT, tx};

const PAGE_BYTES: u64 = 4_096;
/// The checkpoint thread works beside the writer whenever this much has not been copied back yet.
const PASSIVE_EVERY_BYTES: u64 = 16 * 1024 * 1024;
/// From this size on the writer itself finishes the work between two batches: a passive checkpoint
/// alone never catches up with a writer that does not pause.
const RESTART_FROM_BYTES: u64 = 64 * 1024 * 1024;
/// A reader may keep the log from being begun anew; the writer does not ask at every batch.
const RESTART_EVERY: Duration = Duration::from_millis(50);

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
    shared: Arc<Shared>,
    last_restart: Cell<Option<Instant>>,
}

struct Shared {
    /// Lowered when a checkpoint's fsync fails. The next one would copy and sync the same pages
    /// once more, but what a disk says after that is not to be believed.
    writable: Arc<AtomicBool>,
    /// A checkpoint is asked for or under way. The writer keeps out of its way: waiting for it
    /// would be a sleep of up to 100 ms in the busy handler.
    is_busy: AtomicBool,
    /// What the last one has copied back, from the beginning of the log.
    copied_bytes: AtomicU64,
}

impl Checkpointer {
    pub(crate) fn start(
        options: &SqliteOptions,
        writable: Arc<AtomicBool>,
    ) -> Result<Self, DbError> {
        let connection = options.connect()?;
        let (requests, receiver) = bounded::<()>(1);
        let (is_busy, copied_bytes) = (AtomicBool::new(false), AtomicU64::new(0));
        let shared = Arc::new(Shared { writable, is_busy, copied_bytes });
        let told = shared.clone();
        let thread = std::thread::Builder::new()
            .name("sqlite-checkpoint".to_owned())
            .spawn(move || {
                while receiver.recv().is_ok() {
                    hoopoe_kernel::faults::point("checkpoint");
                    told.note(run(&connection, "PRAGMA wal_checkpoint(PASSIVE)"));
                    told.is_busy.store(false, Ordering::Release);
                }
            })
            .map_err(|e| DbError::new(DbErrorKind::Other, e.to_string()))?;
        let (requests, thread) = (Some(requests), Some(thread));
        Ok(Self { requests, thread, shared, last_restart: Cell::new(None) })
    }

    /// After a commit, on the writer's thread, outside any transaction.
    pub(crate) fn tend(&self, writer: &Connection) {
        let bytes = wal_bytes();
        if bytes < PASSIVE_EVERY_BYTES || self.shared.is_busy.load(Ordering::Acquire) {
            return;
        }
        let copied = self.shared.copied_bytes.load(Ordering::Relaxed);
        // The log has begun anew since: nothing of it is copied.
        let left = if copied > bytes { bytes } else { bytes - copied };
        if bytes >= RESTART_FROM_BYTES {
            self.restart(writer);
        } else if left >= PASSIVE_EVERY_BYTES
            && let Some(requests) = &self.requests
        {
            self.shared.is_busy.store(true, Ordering::Release);
            // It is idle and alive as long as this is, so there is room for one request.
            if requests.try_send(()).is_err() {
                self.shared.is_busy.store(false, Ordering::Release);
            }
        }
    }

    fn restart(&self, writer: &Connection) {
        let now = Instant::now();
        if self.last_restart.get().is_some_and(|last| now - last < RESTART_EVERY) {
            return;
        }
        self.last_restart.set(Some(now));
        // Readers are not waited for: the next batches go on and ask again.
        if let Err(error) = writer.busy_timeout(Duration::ZERO) {
            tracing::warn!(%error, "a checkpoint might wait");
        }
        self.shared.note(run(writer, "PRAGMA wal_checkpoint(RESTART)"));
        if let Err(error) = writer.busy_timeout(BUSY_TIMEOUT) {
            tracing::warn!(%error, "the writer might give up early");
        }
    }
}

impl Shared {
    fn note(&self, outcome: rusqlite::Result<u64>) {
        match outcome {
            Ok(copied) => self.copied_bytes.store(copied, Ordering::Relaxed),
            Err(error) if tx::is_sync_failure(&error) => {
                tracing::error!(%error, "a checkpoint could not be synced");
                self.writable.store(false, Ordering::Release);
            }
            Err(error) => tracing::warn!(%error, "a checkpoint failed; the next one tries again"),
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

/// Runs a checkpoint and returns how much of the log it has copied back. A busy one did what it
/// could, and says so in its row.
fn run(connection: &Connection, sql: &str) -> rusqlite::Result<u64> {
    let copied = connection.query_row(sql, [], |row| row.get::<_, i64>(2))?;
    Ok(u64::try_from(copied).unwrap_or(0) * PAGE_BYTES)
}
