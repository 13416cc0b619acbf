//! The trait that a driver implements, and the typed handle that everybody else uses.

use std::sync::Arc;

use hoopoe_kernel::Fail;
use tokio::sync::oneshot;

use crate::{DbError, DbErrorKind, Row, Value};

/// Which SQL a statement is for, where a `*_fork.rs` file must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// The embedded database.
    Sqlite,
    /// Anything that speaks the PostgreSQL protocol.
    Postgres,
}

/// A consistent view for reading. On the embedded database it lives at most 2 s, because an old
/// reader keeps the write-ahead log from being reused.
pub trait ReadTx {
    /// Runs a query and hands every row to `visit`, in place. An error from `visit` ends it.
    fn query(
        &mut self,
        sql: &'static str,
        args: &[Value<'_>],
        visit: &mut dyn FnMut(&dyn Row) -> Result<(), DbError>,
    ) -> Result<(), DbError>;

    /// Which SQL this is; only `*_fork.rs` files ask.
    fn dialect(&self) -> Dialect;
}

impl dyn ReadTx + '_ {
    /// The first row mapped, or `None` when there is none.
    pub fn first<T>(
        &mut self,
        sql: &'static str,
        args: &[Value<'_>],
        mut map: impl FnMut(&dyn Row) -> Result<T, DbError>,
    ) -> Result<Option<T>, DbError> {
        let mut found = None;
        self.query(sql, args, &mut |row| {
            if found.is_none() {
                found = Some(map(row)?);
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// All rows mapped, in the statement's order.
    pub fn all<T>(
        &mut self,
        sql: &'static str,
        args: &[Value<'_>],
        mut map: impl FnMut(&dyn Row) -> Result<T, DbError>,
    ) -> Result<Vec<T>, DbError> {
        let mut items = Vec::new();
        self.query(sql, args, &mut |row| {
            items.push(map(row)?);
            Ok(())
        })?;
        Ok(items)
    }
}

/// A write transaction (or a savepoint in one). It cannot await, by type; budget 5 ms.
pub trait WriteTx: ReadTx {
    /// Runs a statement and returns how many rows it changed.
    fn execute(&mut self, sql: &'static str, args: &[Value<'_>]) -> Result<u64, DbError>;

    /// The same transaction seen as a reader.
    fn as_read(&mut self) -> &mut dyn ReadTx;
}

/// What a closure says of its own transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Keep what was written.
    Commit,
    /// Undo this closure's own writes; others in the same physical transaction are untouched.
    Rollback,
}

/// A read that a driver runs once on one of its reader connections.
pub trait BoxedRead: Send {
    /// Runs with the view, or is told why there is none.
    fn run(self: Box<Self>, tx: Result<&mut dyn ReadTx, DbError>);
}

/// A write that a driver runs whole: again from its beginning when the database asks for a retry.
/// It outlives its caller.
pub trait BoxedWrite: Send {
    /// One attempt. The driver looks at the verdict, and at the error kept for it, before it
    /// decides to commit, to roll back or to try again.
    fn attempt(&mut self, tx: &mut dyn WriteTx) -> Result<Verdict, DbError>;
    /// Called once: after the commit is on stable storage, or with what prevented it.
    fn settle(self: Box<Self>, outcome: Result<(), DbError>);
}

/// A serial stream of batched writes with state of its own, owned by the driver's writer: the
/// append port of the log. On the embedded database it runs on the writer thread before the
/// closures of the same physical transaction; on PostgreSQL on a thread and connection of its own.
///
/// The driver calls `take`, then `run` (again after a retryable error), then exactly one of
/// `committed` and `failed`.
pub trait Lane: Send {
    /// Moves the next batch out of the lane's queue. `false`: nothing waits.
    fn take(&mut self) -> bool;
    /// Writes the taken batch. It must be repeatable: after an error nothing of it has happened.
    fn run(&mut self, tx: &mut dyn WriteTx) -> Result<(), DbError>;
    /// Asks the lane to try the taken batch in smaller parts after repeated conflicts. `false`:
    /// it cannot be made smaller, and the driver gives up on it with `failed`.
    fn split(&mut self) -> bool;
    /// The batch is committed and on stable storage: answer.
    fn committed(&mut self);
    /// The batch is not stored; cached state is void. Nothing of it may be acknowledged.
    fn failed(&mut self, error: &DbError);
}

/// Wakes a lane after something was put into its queue.
pub trait LaneHandle: Send + Sync {
    /// Cheap and callable from any thread; many calls before a batch count as one.
    fn wake(&self);
}

/// Figures that a driver keeps for health and metrics.
#[derive(Debug, Clone, Copy, Default)]
pub struct BackendStats {
    /// False once an fsync failed or the file could not be reopened: nothing is acknowledged.
    pub writable: bool,
    /// Size of the write-ahead log in bytes (0 where the driver cannot know).
    pub wal_bytes: u64,
}

/// What a driver can do. Everything else is built on it.
pub trait Backend: Send + Sync + 'static {
    /// Which SQL it speaks.
    fn dialect(&self) -> Dialect;
    /// Queues a read.
    fn read(&self, job: Box<dyn BoxedRead>);
    /// Queues a write.
    fn write(&self, job: Box<dyn BoxedWrite>);
    /// Opens a lane; it lives until the back end is closed.
    fn open_lane(&self, lane: Box<dyn Lane>) -> Result<Arc<dyn LaneHandle>, DbError>;
    /// Health figures.
    fn stats(&self) -> BackendStats;
    /// Finishes what is queued, refuses what comes, and closes. Blocks; idempotent.
    fn close(&self);
}

/// A database: cheap to clone, typed, asynchronous outside and synchronous inside.
#[derive(Clone)]
pub struct Db {
    backend: Arc<dyn Backend>,
}

impl Db {
    /// Wraps a driver.
    pub fn new(backend: Arc<dyn Backend>) -> Self {
        Self { backend }
    }

    /// The driver, for lanes, health and shutdown.
    pub fn backend(&self) -> &Arc<dyn Backend> {
        &self.backend
    }

    /// Which SQL it speaks.
    pub fn dialect(&self) -> Dialect {
        self.backend.dialect()
    }

    /// Runs `job` on a reader connection. Dropping the future does not stop it.
    pub async fn read<T, F>(&self, job: F) -> Result<T, Fail>
    where
        T: Send + 'static,
        F: FnOnce(&mut dyn ReadTx) -> Result<T, Fail> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        self.backend.read(Box::new(Reading { job, sender }));
        receiver.await.unwrap_or_else(|_| Err(closed().into()))
    }

    /// Runs `job` as one transaction and returns after it is on stable storage. A `Fail` from it
    /// rolls its own writes back. It may run more than once (PostgreSQL retries `40001`), so it
    /// must have no effect outside the transaction. Dropping the future does not stop it.
    pub async fn write<T, F>(&self, job: F) -> Result<T, Fail>
    where
        T: Send + 'static,
        F: FnMut(&mut dyn WriteTx) -> Result<T, Fail> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        self.backend.write(Box::new(Writing { job, value: None, sender }));
        receiver.await.unwrap_or_else(|_| Err(closed().into()))
    }
}

fn closed() -> DbError {
    DbError::new(DbErrorKind::Unavailable, "the database is closed")
}

struct Reading<F, T> {
    job: F,
    sender: oneshot::Sender<Result<T, Fail>>,
}

impl<F, T> BoxedRead for Reading<F, T>
where
    T: Send,
    F: FnOnce(&mut dyn ReadTx) -> Result<T, Fail> + Send,
{
    fn run(self: Box<Self>, tx: Result<&mut dyn ReadTx, DbError>) {
        let result = match tx {
            Ok(tx) => (self.job)(tx),
            Err(error) => Err(error.into()),
        };
        // The caller may have gone; what it asked for is then nobody's loss.
        drop(self.sender.send(result));
    }
}

struct Writing<F, T> {
    job: F,
    value: Option<Result<T, Fail>>,
    sender: oneshot::Sender<Result<T, Fail>>,
}

impl<F, T> BoxedWrite for Writing<F, T>
where
    T: Send,
    F: FnMut(&mut dyn WriteTx) -> Result<T, Fail> + Send,
{
    fn attempt(&mut self, tx: &mut dyn WriteTx) -> Result<Verdict, DbError> {
        self.value = None;
        let result = (self.job)(tx);
        if let Err(fail) = &result
            && let Some(error) = fail.cause::<DbError>()
        {
            return Err(error.clone());
        }
        let verdict = if result.is_ok() { Verdict::Commit } else { Verdict::Rollback };
        self.value = Some(result);
        Ok(verdict)
    }

    fn settle(self: Box<Self>, outcome: Result<(), DbError>) {
        let result = match (outcome, self.value) {
            (Ok(()), Some(value)) => value,
            (Ok(()), None) => Err(Fail::internal()),
            (Err(_), Some(Err(fail))) => Err(fail),
            (Err(error), _) => Err(error.into()),
        };
        drop(self.sender.send(result));
    }
}
