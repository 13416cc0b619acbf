//! The one thread that writes: group commit and its failure rules.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{JoinHandle, Thread},
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender, unbounded};
use hoopoe_db::{
    BackendStats, BoxedWrite, DbError, DbErrorKind, Lane, LaneHandle, Verdict, WriteTx,
};
use parking_lot::Mutex;
use rusqlite::Connection;

use crate::{SqliteOptions, checkpoint, checkpoint::Checkpointer, tx::SqliteTx};

/// What one transaction may take before it is counted as slow.
const BUDGET: Duration = Duration::from_millis(5);

enum Request {
    Job(Box<dyn BoxedWrite>),
    Lane(Box<dyn Lane>),
}

struct Shared {
    woken: AtomicBool,
    closing: AtomicBool,
    /// The checkpoint thread lowers it too.
    writable: Arc<AtomicBool>,
    wal_bytes: AtomicU64,
}

pub(crate) struct Writer {
    requests: Sender<Request>,
    shared: Arc<Shared>,
    thread: Thread,
    join: Mutex<Option<JoinHandle<()>>>,
}

struct Wake {
    shared: Arc<Shared>,
    thread: Thread,
}

impl LaneHandle for Wake {
    fn wake(&self) {
        if !self.shared.woken.swap(true, Ordering::AcqRel) {
            self.thread.unpark();
        }
    }
}

impl Writer {
    pub(crate) fn start(options: &SqliteOptions) -> Result<Self, DbError> {
        let shared = Arc::new(Shared {
            woken: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            writable: Arc::new(AtomicBool::new(true)),
            wal_bytes: AtomicU64::new(0),
        });
        let (requests, receiver) = unbounded();
        let loop_state = Loop {
            connection: options.connect_writer()?,
            checkpointer: Checkpointer::start(options, shared.writable.clone())?,
            options: options.clone(),
            shared: shared.clone(),
            receiver,
            lanes: Vec::new(),
            poisoned: None,
        };
        let join = std::thread::Builder::new()
            .name("sqlite-write".to_owned())
            .spawn(move || loop_state.run())
            .map_err(|e| DbError::new(DbErrorKind::Other, e.to_string()))?;
        Ok(Self { requests, shared, thread: join.thread().clone(), join: Mutex::new(Some(join)) })
    }

    pub(crate) fn submit(&self, job: Box<dyn BoxedWrite>) {
        if self.shared.closing.load(Ordering::Acquire) {
            job.settle(Err(closed()));
            return;
        }
        if let Err(error) = self.requests.send(Request::Job(job)) {
            if let Request::Job(job) = error.into_inner() {
                job.settle(Err(closed()));
            }
            return;
        }
        self.wake();
    }

    pub(crate) fn open_lane(&self, lane: Box<dyn Lane>) -> Result<Arc<dyn LaneHandle>, DbError> {
        self.requests.send(Request::Lane(lane)).map_err(|_| closed())?;
        let handle = Wake { shared: self.shared.clone(), thread: self.thread.clone() };
        handle.wake();
        Ok(Arc::new(handle))
    }

    pub(crate) fn stats(&self) -> BackendStats {
        BackendStats {
            writable: self.shared.writable.load(Ordering::Relaxed),
            wal_bytes: self.shared.wal_bytes.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn close(&self) {
        self.shared.closing.store(true, Ordering::Release);
        self.wake();
        if let Some(join) = self.join.lock().take() {
            drop(join.join());
        }
    }

    fn wake(&self) {
        if !self.shared.woken.swap(true, Ordering::AcqRel) {
            self.thread.unpark();
        }
    }
}

struct Loop {
    connection: Connection,
    checkpointer: Checkpointer,
    options: SqliteOptions,
    shared: Arc<Shared>,
    receiver: Receiver<Request>,
    lanes: Vec<Box<dyn Lane>>,
    /// Set after an fsync error: nothing is acknowledged until the process starts anew.
    poisoned: Option<DbError>,
}

/// What one physical transaction holds.
struct Batch {
    /// Indices of the lanes that took work, and what prevented it.
    lanes: Vec<(usize, Result<(), DbError>)>,
    jobs: Vec<(Box<dyn BoxedWrite>, Result<(), DbError>)>,
}

impl Loop {
    fn run(mut self) {
        checkpoint::watch(&mut self.connection);
        loop {
            while !self.shared.woken.swap(false, Ordering::AcqRel) {
                std::thread::park();
            }
            // Everything that was asked for before the wake is seen now; a close ends the loop
            // only when nothing waits any more.
            loop {
                let mut batch = self.collect();
                if batch.lanes.is_empty() && batch.jobs.is_empty() {
                    break;
                }
                self.commit(&mut batch);
                self.answer(batch);
                if self.poisoned.is_none() {
                    self.checkpointer.tend(&self.connection);
                }
                self.shared.wal_bytes.store(checkpoint::wal_bytes(), Ordering::Relaxed);
            }
            if self.shared.closing.load(Ordering::Acquire) {
                break;
            }
        }
    }

    fn collect(&mut self) -> Batch {
        let mut jobs = Vec::new();
        while jobs.len() < self.options.batch_jobs_max {
            match self.receiver.try_recv() {
                Ok(Request::Job(job)) => jobs.push((job, Ok(()))),
                Ok(Request::Lane(lane)) => self.lanes.push(lane),
                Err(_) => break,
            }
        }
        let mut lanes = Vec::new();
        for (index, lane) in self.lanes.iter_mut().enumerate() {
            if lane.take() {
                lanes.push((index, Ok(())));
            }
        }
        Batch { lanes, jobs }
    }

    /// Runs and commits a batch, leaving in it what became of every part.
    fn commit(&mut self, batch: &mut Batch) {
        if self.poisoned.is_none() && !self.shared.writable.load(Ordering::Acquire) {
            self.poison();
        }
        if let Some(error) = &self.poisoned {
            batch.fail_all(error);
            return;
        }
        let began = Instant::now();
        let mut tx = SqliteTx::writing(&self.connection);
        let result = tx.control("BEGIN IMMEDIATE").and_then(|()| {
            run_parts(&mut tx, &mut self.lanes, batch)?;
            hoopoe_kernel::faults::point("append.before_commit");
            tx.control("COMMIT")
        });
        let sync_failed = tx.sync_failed;
        if let Err(mut error) = result {
            if sync_failed {
                // All of it is written, and only the disk knows whether it stays.
                error = DbError::new(DbErrorKind::Unknown, error.to_string());
            }
            batch.fail_all(&error);
            self.recover(&error, sync_failed);
        } else {
            hoopoe_kernel::faults::point("append.after_commit");
        }
        metrics::histogram!("hoopoe_commit_seconds").record(began.elapsed().as_secs_f64());
    }

    fn answer(&mut self, batch: Batch) {
        for (index, result) in batch.lanes {
            let lane = &mut self.lanes[index];
            let answered = catch_unwind(AssertUnwindSafe(|| match &result {
                Ok(()) => lane.committed(),
                Err(error) => lane.failed(error),
            }));
            if answered.is_err() {
                tracing::error!("a lane panicked while it answered");
            }
        }
        for (job, result) in batch.jobs {
            if catch_unwind(AssertUnwindSafe(|| job.settle(result))).is_err() {
                tracing::error!("a write panicked while it answered");
            }
        }
    }

    /// After a batch that could not be committed: the connection and all that it cached are given
    /// up. After a failed fsync nobody knows what is on the disk, and asking again may lie.
    fn recover(&mut self, error: &DbError, sync_failed: bool) {
        tracing::error!(%error, "a batch was not committed; the connection is opened anew");
        metrics::counter!("hoopoe_batches_lost_total").increment(1);
        if !self.connection.is_autocommit() {
            drop(self.connection.execute_batch("ROLLBACK"));
        }
        if sync_failed {
            self.poison();
            return;
        }
        match self.options.connect_writer() {
            Ok(connection) => {
                self.connection = connection;
                checkpoint::watch(&mut self.connection);
            }
            Err(error) => tracing::warn!(%error, "the old connection is kept"),
        }
    }

    fn poison(&mut self) {
        self.shared.writable.store(false, Ordering::Release);
        let words = "an fsync failed; nothing is acknowledged until the server starts anew";
        let error = DbError::new(DbErrorKind::Io, words);
        tracing::error!(%error, "writing has stopped");
        self.poisoned = Some(error);
    }
}

impl Batch {
    /// Nothing of it is stored. What failed on its own keeps its own reason.
    fn fail_all(&mut self, error: &DbError) {
        let lanes = self.lanes.iter_mut().map(|(_, result)| result);
        let jobs = self.jobs.iter_mut().map(|(_, result)| result);
        for result in lanes.chain(jobs).filter(|result| result.is_ok()) {
            *result = Err(error.clone());
        }
    }
}

/// Runs every part so that it can be undone alone. An error here loses the whole batch.
fn run_parts(
    tx: &mut SqliteTx<'_>,
    lanes: &mut [Box<dyn Lane>],
    batch: &mut Batch,
) -> Result<(), DbError> {
    let mut is_first = true;
    for (index, result) in &mut batch.lanes {
        let lane = &mut lanes[*index];
        loop {
            *result = part(tx, is_first, |tx| lane.run(tx).map(|()| Verdict::Commit))?;
            // A poisonous item meets its own end only: the lane takes less and less with it.
            if result.is_ok() || !lane.split() {
                break;
            }
        }
        is_first &= result.is_err();
    }
    for (job, result) in &mut batch.jobs {
        let began = Instant::now();
        let mut undone = false;
        *result = part(tx, is_first, |tx| {
            let verdict = job.attempt(tx);
            undone = !matches!(verdict, Ok(Verdict::Commit));
            verdict
        })?;
        is_first &= undone || result.is_err();
        if began.elapsed() > BUDGET {
            metrics::counter!("hoopoe_slow_transactions_total").increment(1);
        }
    }
    Ok(())
}

/// Outer error: the whole batch is lost. Inner error: only this part, which is undone.
///
/// A part in which a statement failed is undone even if it says that all is well, as PostgreSQL does:
/// a closure that swallows an error must not mean one thing here and another there.
///
/// While nothing stands before it, a part needs no savepoint: undoing it is undoing everything. A
/// savepoint costs a copy of every page that the part touches.
fn part(
    tx: &mut SqliteTx<'_>,
    is_first: bool,
    work: impl FnOnce(&mut dyn WriteTx) -> Result<Verdict, DbError>,
) -> Result<Result<(), DbError>, DbError> {
    if !is_first {
        tx.control("SAVEPOINT part")?;
    }
    tx.begin_part();
    let mut outcome = guarded(|| work(tx));
    if let Some(error) = tx.lost_to() {
        return Err(error.clone());
    }
    if let (Ok(Verdict::Commit), Some(error)) = (&outcome, tx.doom()) {
        outcome = Err(error.clone());
    }
    let keep = matches!(outcome, Ok(Verdict::Commit));
    match (is_first, keep) {
        (true, true) => {}
        (true, false) => {
            tx.control("ROLLBACK")?;
            tx.control("BEGIN IMMEDIATE")?;
        }
        (false, true) => tx.control("RELEASE part")?,
        (false, false) => {
            tx.control("ROLLBACK TO part")?;
            tx.control("RELEASE part")?;
        }
    }
    Ok(outcome.map(|_| ()))
}

fn guarded<T>(work: impl FnOnce() -> Result<T, DbError>) -> Result<T, DbError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| Err(panicked(&*payload)))
}

fn panicked(payload: &(dyn Any + Send)) -> DbError {
    let words = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without words".to_owned());
    tracing::error!(panic = %words, "a transaction panicked; its own writes are undone");
    DbError::new(DbErrorKind::Panic, words)
}

fn closed() -> DbError {
    DbError::new(DbErrorKind::Unavailable, "the database is closed")
}
