//! The threads that run reads and writes.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use hoopoe_db::{BoxedRead, BoxedWrite, DbError, DbErrorKind, Verdict, WriteTx};
use hoopoe_kernel::faults;

use crate::{
    error::from_panic,
    session::{CommitFailure, Session, Shared},
    tx::Tx,
};

/// How often a write is run again when the database asks for it.
const REPEATS_MAX: u32 = 5;
/// The pause before the first repetition; doubled each time.
pub(crate) const REPEAT_PAUSE: Duration = Duration::from_millis(2);
/// What one transaction may take before it is counted as slow.
const BUDGET: Duration = Duration::from_millis(5);
/// How often an idle driver looks whether the server is there, and how often when it is not.
const PROBE_EVERY: Duration = Duration::from_secs(5);
const PROBE_EVERY_WHEN_LOST: Duration = Duration::from_millis(500);

/// A job and when it was queued.
pub(crate) struct Queued<J: ?Sized> {
    pub(crate) job: Box<J>,
    pub(crate) at: Instant,
}

impl<J: ?Sized> Queued<J> {
    pub(crate) fn new(job: Box<J>) -> Self {
        Self { job, at: Instant::now() }
    }

    fn is_too_old(&self, shared: &Shared) -> bool {
        self.at.elapsed() > shared.options.queue_wait_max
    }
}

pub(crate) fn closed() -> DbError {
    DbError::new(DbErrorKind::Unavailable, "the database is closed")
}

pub(crate) fn overloaded() -> DbError {
    DbError::new(DbErrorKind::Unavailable, "too much waits for the database")
}

/// Serves reads until the queue is closed and empty.
pub(crate) fn read_loop(mut session: Session, queue: &Receiver<Queued<dyn BoxedRead>>) {
    while let Ok(queued) = queue.recv() {
        if queued.is_too_old(session.shared()) {
            queued.job.run(Err(overloaded()));
            continue;
        }
        let mut tx = Tx::reading(&mut session);
        let work = AssertUnwindSafe(|| queued.job.run(Ok(&mut tx)));
        if let Err(payload) = catch_unwind(work) {
            drop(from_panic(&*payload));
        }
        // The caller has its answer; nobody waits for the end of the snapshot.
        if tx.has_begun() {
            session.rollback();
        }
    }
}

/// Serves writes until the queue is closed and empty. One of the threads also watches the server's
/// health while it has nothing to do.
pub(crate) fn write_loop(
    mut session: Session,
    queue: &Receiver<Queued<dyn BoxedWrite>>,
    is_watcher: bool,
) {
    while let Some(queued) = next(&mut session, queue, is_watcher) {
        if queued.is_too_old(session.shared()) {
            queued.job.settle(Err(overloaded()));
        } else {
            write(&mut session, queued.job);
        }
    }
}

fn next(
    session: &mut Session,
    queue: &Receiver<Queued<dyn BoxedWrite>>,
    is_watcher: bool,
) -> Option<Queued<dyn BoxedWrite>> {
    if !is_watcher {
        return queue.recv().ok();
    }
    loop {
        let is_reachable = session.shared().is_reachable.load(Ordering::Relaxed);
        let pause = if is_reachable { PROBE_EVERY } else { PROBE_EVERY_WHEN_LOST };
        match queue.recv_timeout(pause) {
            Ok(queued) => return Some(queued),
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => session.probe(),
        }
    }
}

fn write(session: &mut Session, mut job: Box<dyn BoxedWrite>) {
    let mut attempts = Attempts::default();
    let outcome = loop {
        match transact(session, |tx| job.attempt(tx)) {
            Ok(()) => break Ok(()),
            Err(failure) => {
                if let Err(error) = attempts.again(session, failure) {
                    break Err(error);
                }
            }
        }
    };
    if catch_unwind(AssertUnwindSafe(|| job.settle(outcome))).is_err() {
        tracing::error!("a write panicked while it answered");
    }
}

/// How often one piece of work has been tried.
#[derive(Default)]
struct Attempts {
    repeats: u32,
    reconnects: u32,
}

impl Attempts {
    /// Pauses and returns when the work is to be run again, or gives the error to end with.
    fn again(&mut self, session: &Session, failure: CommitFailure) -> Result<(), DbError> {
        let error = match failure {
            CommitFailure::Final(error) => return Err(error),
            CommitFailure::Again(error) => error,
        };
        if error.is_retryable() && self.repeats < REPEATS_MAX {
            metrics::counter!("hoopoe_db_retries_total").increment(1);
            session.sleep(session.shared().pause(REPEAT_PAUSE, self.repeats));
            self.repeats += 1;
            return Ok(());
        }
        if error.kind() == DbErrorKind::Unavailable && self.reconnects == 0 {
            self.reconnects += 1;
            return Ok(());
        }
        Err(error)
    }
}

/// One attempt at a transaction. A panic in `work`, its error and its verdict all leave the
/// connection without an open transaction.
pub(crate) fn transact(
    session: &mut Session,
    work: impl FnOnce(&mut dyn WriteTx) -> Result<Verdict, DbError>,
) -> Result<(), CommitFailure> {
    // Nothing has run yet, and `begin_write` has tried a fresh connection already.
    session.begin_write().map_err(CommitFailure::Final)?;
    let began = Instant::now();
    let mut tx = Tx::writing(session);
    let ran = catch_unwind(AssertUnwindSafe(|| work(&mut tx)));
    let doom = tx.into_doom();
    if began.elapsed() > BUDGET {
        metrics::counter!("hoopoe_slow_transactions_total").increment(1);
    }
    let verdict = match (ran.unwrap_or_else(|payload| Err(from_panic(&*payload))), doom) {
        (Ok(Verdict::Commit), Some(error)) => Err(error),
        // It decided on what a failed transaction showed it.
        (Ok(Verdict::Rollback), Some(error)) if may_repeat(session, &error) => Err(error),
        (other, _) => other,
    };
    match verdict {
        Ok(Verdict::Commit) => {
            faults::point("append.before_commit");
            session.commit()?;
            faults::point("append.after_commit");
            metrics::histogram!("hoopoe_commit_seconds").record(began.elapsed().as_secs_f64());
            Ok(())
        }
        Ok(Verdict::Rollback) => {
            session.rollback();
            Ok(())
        }
        Err(error) => {
            let may_repeat = may_repeat(session, &error);
            session.rollback();
            Err(if may_repeat { CommitFailure::Again(error) } else { CommitFailure::Final(error) })
        }
    }
}

/// Nothing has been committed: a conflict, or a connection that was lost, may go better next time.
fn may_repeat(session: &Session, error: &DbError) -> bool {
    error.is_retryable() || (error.kind() == DbErrorKind::Unavailable && session.is_lost())
}

/// Starts a named thread with a session of its own.
pub(crate) fn spawn(
    name: String,
    shared: &Arc<Shared>,
    work: impl FnOnce(Session) + Send + 'static,
) -> Result<std::thread::JoinHandle<()>, DbError> {
    let shared = shared.clone();
    let thread = std::thread::Builder::new().name(name).spawn(move || match Session::new(shared) {
        Ok(session) => work(session),
        Err(error) => tracing::error!(%error, "a thread of the database driver did not start"),
    });
    thread.map_err(|e| DbError::new(DbErrorKind::Other, format!("no thread: {e}")))
}
