//! Reader connections: one thread each, one snapshot per job, at most two seconds.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use hoopoe_db::{BoxedRead, DbError, DbErrorKind};
use parking_lot::{Condvar, Mutex};
use rusqlite::Connection;

use crate::{SqliteOptions, tx, tx::SqliteTx};

/// A reader older than this keeps the write-ahead log from being reused.
const READ_MAX: Duration = Duration::from_secs(2);
/// Virtual machine steps between two looks at the clock: well under a millisecond of work.
const STEPS_PER_LOOK: i32 = 20_000;

/// Reads that wait for a thread. A channel would have its receivers spin and yield before they
/// sleep, and the scheduler makes who has yielded wait for others' whole time slices when work
/// comes: milliseconds on a busy machine.
#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    came: Condvar,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Box<dyn BoxedRead>>,
    is_closed: bool,
}

impl Queue {
    /// Gives the job back when nobody takes any more.
    fn push(&self, job: Box<dyn BoxedRead>) -> Result<(), Box<dyn BoxedRead>> {
        let mut waiting = self.waiting.lock();
        if waiting.is_closed {
            return Err(job);
        }
        waiting.jobs.push_back(job);
        drop(waiting);
        self.came.notify_one();
        Ok(())
    }

    /// `None`: the queue is closed and empty.
    fn pop(&self) -> Option<Box<dyn BoxedRead>> {
        let mut waiting = self.waiting.lock();
        loop {
            if let Some(job) = waiting.jobs.pop_front() {
                return Some(job);
            }
            if waiting.is_closed {
                return None;
            }
            self.came.wait(&mut waiting);
        }
    }

    fn close(&self) {
        self.waiting.lock().is_closed = true;
        self.came.notify_all();
    }
}

pub(crate) struct Readers {
    queue: Arc<Queue>,
    threads: Mutex<Vec<JoinHandle<Reader>>>,
}

impl Readers {
    pub(crate) fn start(options: &SqliteOptions) -> Result<Self, DbError> {
        let queue = Arc::new(Queue::default());
        let mut threads = Vec::new();
        for number in 0..options.readers.max(1) {
            let reader = Reader::open(options)?;
            let queue = queue.clone();
            let thread = std::thread::Builder::new()
                .name(format!("sqlite-read-{number}"))
                .spawn(move || {
                    reader.serve(&queue);
                    reader
                })
                .map_err(|e| DbError::new(DbErrorKind::Other, e.to_string()))?;
            threads.push(thread);
        }
        Ok(Self { queue, threads: Mutex::new(threads) })
    }

    pub(crate) fn submit(&self, job: Box<dyn BoxedRead>) {
        if let Err(job) = self.queue.push(job) {
            job.run(Err(DbError::new(DbErrorKind::Unavailable, "the database is closed")));
        }
    }

    pub(crate) fn close(&self) {
        self.queue.close();
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

    fn serve(&self, queue: &Queue) {
        while let Some(job) = queue.pop() {
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
