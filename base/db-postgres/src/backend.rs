//! The driver as the rest of the server sees it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use hoopoe_db::{
    Backend, BackendStats, BoxedRead, BoxedWrite, DbError, DbErrorKind, Dialect, Lane, LaneHandle,
};
use parking_lot::{Mutex, RwLock};
use tokio::sync::oneshot;

use crate::{
    PostgresOptions,
    lane::{Wake, lane_loop},
    options,
    session::{Session, Shared, setting},
    work::{Queued, closed, overloaded, read_loop, spawn, write_loop},
};

/// A database on a PostgreSQL server.
pub struct Postgres {
    shared: Arc<Shared>,
    queues: RwLock<Option<Queues>>,
    lanes: Mutex<Vec<Sender<()>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

struct Queues {
    reads: Sender<Queued<dyn BoxedRead>>,
    writes: Sender<Queued<dyn BoxedWrite>>,
}

impl Postgres {
    /// Connects once, looks whether the server keeps what it acknowledges, and starts the threads.
    ///
    /// Refuses a server whose `synchronous_commit` is `off` or `local`, a URL that cannot be read
    /// or asks for TLS, and a server that cannot be reached within the connect timeout.
    pub async fn connect(url: &str, options: PostgresOptions) -> Result<Arc<Self>, DbError> {
        let config = options::config(url, &options)?;
        let (readers, writers) = (options.readers.max(1), options.writers.max(1));
        let (reads, read_queue) = bounded(options.queue_jobs_max);
        let (writes, write_queue) = bounded(options.queue_jobs_max);
        let shared = Arc::new(Shared {
            config,
            options,
            is_reachable: AtomicBool::new(true),
            is_closing: AtomicBool::new(false),
        });
        let (sender, first) = oneshot::channel();
        let mut threads = vec![first_writer(&shared, write_queue.clone(), sender)?];
        first.await.unwrap_or_else(|_| Err(closed()))?;
        for number in 1..writers {
            let queue = write_queue.clone();
            let work = move |session| write_loop(session, &queue, false);
            threads.push(spawn(format!("pg-write-{number}"), &shared, work)?);
        }
        for number in 0..readers {
            let queue = read_queue.clone();
            let work = move |session| read_loop(session, &queue);
            threads.push(spawn(format!("pg-read-{number}"), &shared, work)?);
        }
        Ok(Arc::new(Self {
            shared,
            queues: RwLock::new(Some(Queues { reads, writes })),
            lanes: Mutex::default(),
            threads: Mutex::new(threads),
        }))
    }

    /// Asks all threads to end when they have finished what is queued.
    fn begin_close(&self) {
        self.shared.is_closing.store(true, Ordering::Release);
        drop(self.queues.write().take());
        for lane in self.lanes.lock().drain(..) {
            Wake(lane).wake();
        }
    }
}

/// The first thread connects at once and says what became of it.
fn first_writer(
    shared: &Arc<Shared>,
    queue: Receiver<Queued<dyn BoxedWrite>>,
    sender: oneshot::Sender<Result<(), DbError>>,
) -> Result<JoinHandle<()>, DbError> {
    spawn("pg-write-0".to_owned(), shared, move |mut session| {
        let outcome = inspect(&mut session);
        let is_connected = outcome.is_ok();
        if sender.send(outcome).is_ok() && is_connected {
            write_loop(session, &queue, true);
        }
    })
}

/// Says plainly what the server's settings mean for acknowledged messages. What would break the
/// promise is refused by each new connection.
fn inspect(session: &mut Session) -> Result<(), DbError> {
    let names = ["synchronous_standby_names", "fsync", "server_encoding"];
    let [standbys, fsync, encoding] = session.with_client(async |client| {
        let mut values = [const { String::new() }; 3];
        for (value, name) in values.iter_mut().zip(names) {
            *value = setting(client, name).await?;
        }
        Ok(values)
    })?;
    if encoding != "UTF8" {
        let words = format!("the database's encoding is {encoding}; it must be UTF8");
        return Err(DbError::new(DbErrorKind::Other, words));
    }
    if standbys.is_empty() {
        tracing::warn!(
            "the database server has no synchronous standby: if its disk is lost, acknowledged \
             messages are lost with it (see synchronous_standby_names)"
        );
    }
    if fsync == "off" {
        tracing::warn!("fsync is off on the database server: a power cut loses everything");
    }
    Ok(())
}

impl Backend for Postgres {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn read(&self, job: Box<dyn BoxedRead>) {
        let queued = Queued::new(job);
        let refused = match &*self.queues.read() {
            None => Some((queued, closed())),
            Some(queues) => refusal(queues.reads.try_send(queued)),
        };
        if let Some((queued, error)) = refused {
            queued.job.run(Err(error));
        }
    }

    fn write(&self, job: Box<dyn BoxedWrite>) {
        let queued = Queued::new(job);
        let refused = match &*self.queues.read() {
            None => Some((queued, closed())),
            Some(queues) => refusal(queues.writes.try_send(queued)),
        };
        if let Some((queued, error)) = refused {
            queued.job.settle(Err(error));
        }
    }

    fn open_lane(&self, lane: Box<dyn Lane>) -> Result<Arc<dyn LaneHandle>, DbError> {
        let (sender, wakes) = bounded(1);
        let mut lanes = self.lanes.lock();
        if self.shared.is_closing.load(Ordering::Acquire) {
            return Err(closed());
        }
        let name = format!("pg-lane-{}", lanes.len());
        let thread = spawn(name, &self.shared, move |session| lane_loop(session, lane, &wakes))?;
        lanes.push(sender.clone());
        self.threads.lock().push(thread);
        Ok(Arc::new(Wake(sender)))
    }

    fn stats(&self) -> BackendStats {
        let writable = self.shared.is_reachable.load(Ordering::Relaxed);
        BackendStats { writable, wal_bytes: 0 }
    }

    fn close(&self) {
        self.begin_close();
        let threads = std::mem::take(&mut *self.threads.lock());
        for thread in threads {
            // Panics of jobs and lanes are caught where they run.
            drop(thread.join());
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Without waiting: the last handle may fall on a thread that must not block.
        self.begin_close();
    }
}

fn refusal<J: ?Sized>(result: Result<(), TrySendError<Queued<J>>>) -> Option<(Queued<J>, DbError)> {
    match result {
        Ok(()) => None,
        Err(TrySendError::Full(queued)) => Some((queued, overloaded())),
        Err(TrySendError::Disconnected(queued)) => Some((queued, closed())),
    }
}
