//! Reader connections: one thread each, one snapshot per job, at most two seconds.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender, unbounded};
use hoopoe_db::{BoxedRead, DbError, DbErrorKind};
use parking_lot::Mutex;
use rusqlite::Connection;

use crate::{SqliteOptions, tx, tx::SqliteTx};

/// A reader older than this keeps the write-ahead log from being reused.
const READ_MAX: Duration = Duration::from_secs(2);
/// Virtual machine steps between two looks at the clock: well under a millisecond of work.
const STEPS_PER_LOOK: i32 = 20_000;

pub(crate) struct Readers {
    sender: Mutex<Option<Sender<Box<dyn BoxedRead>>>>,
    threads: Mutex<Vec<JoinHandle<Reader>>>,
}

impl Readers {
    pub(crate) fn start(options: &SqliteOptions) -> Result<Self, DbError> {
        let (sender, receiver) = unbounded();
        let mut threads = Vec::new();
        for number in 0..options.readers.max(1) {
            let reader = Reader::open(options)?;
            let receiver = receiver.clone();
            let thread = std::thread::Builder::new()
                .name(format!("sqlite-read-{number}"))
                .spawn(move || {
                    reader.serve(&receiver);
                    reader
                })
                .map_err(|e| DbError::new(DbErrorKind::Other, e.to_string()))?;
            threads.push(thread);
        }
        Ok(Self { sender: Mutex::new(Some(sender)), threads: Mutex::new(threads) })
    }

    pub(crate) fn submit(&self, job: Box<dyn BoxedRead>) {
        let sender = self.sender.lock();
        let refused = match sender.as_ref() {
            Some(sender) => sender.send(job).err().map(|error| error.into_inner()),
            None => Some(job),
        };
        drop(sender);
        if let Some(job) = refused {
            job.run(Err(DbError::new(DbErrorKind::Unavailable, "the database is closed")));
        }
    }

    pub(crate) fn close(&self) {
        drop(self.sender.lock().take());
        for thread in self.threads.lock().drain(..) {
            // The connections are closed here, one after the other: of two that close at once, each
            // takes the other for one that stays, and nobody copies the write-ahead log back. A
            // reader that panicked has reported its panic already.
            drop(thread.join());
        }
    }
}

struct Reader {
    connection: Connection,
    began: Instant,
    deadline_ms: Arc<AtomicU64>,
}

impl Reader {
    fn open(options: &SqliteOptions) -> Result<Self, DbError> {
        let mut connection = options.connect_reader()?;
        let began = Instant::now();
        let deadline_ms = Arc::new(AtomicU64::new(u64::MAX));
        let seen = deadline_ms.clone();
        connection
            .progress_handler(
                STEPS_PER_LOOK,
                Some(move || elapsed_ms(began) > seen.load(Ordering::Relaxed)),
            )
            .map_err(tx::error)?;
        Ok(Self { connection, began, deadline_ms })
    }

    fn serve(&self, jobs: &Receiver<Box<dyn BoxedRead>>) {
        while let Ok(job) = jobs.recv() {
            let deadline = elapsed_ms(self.began) + READ_MAX.as_millis() as u64;
            self.deadline_ms.store(deadline, Ordering::Relaxed);
            let work = std::panic::AssertUnwindSafe(|| self.serve_one(job));
            if std::panic::catch_unwind(work).is_err() {
                tracing::error!("a read panicked; its caller is told that the database is closed");
            }
            self.deadline_ms.store(u64::MAX, Ordering::Relaxed);
            if !self.connection.is_autocommit() {
                drop(self.connection.execute_batch("ROLLBACK"));
            }
        }
    }

    fn serve_one(&self, job: Box<dyn BoxedRead>) {
        let mut view = SqliteTx::reading(&self.connection);
        match view.control("BEGIN") {
            Ok(()) => job.run(Ok(&mut view)),
            Err(error) => job.run(Err(error)),
        }
        if let Err(error) = view.control("COMMIT") {
            tracing::debug!(%error, "a read's snapshot was given back early");
        }
    }
}

fn elapsed_ms(since: Instant) -> u64 {
    since.elapsed().as_millis() as u64
}
