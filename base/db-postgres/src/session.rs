//! One connection on the thread that uses it: opened when it is needed, opened anew after it was
//! lost, with the statements that it has prepared.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::{TryStreamExt, future::join};
use hoopoe_db::{DbError, DbErrorKind, Row, Value};
use rustc_hash::FxHashMap;
use tokio::{runtime::Runtime, task::JoinHandle};
use tokio_postgres::{
    AsyncMessage, Client, Config, NoTls, RowStream, SimpleQueryMessage, Statement, error::Severity,
};

use crate::{
    PostgresOptions,
    error::{from_connect, from_driver, is_stale_plan},
    value::{Arg, Columns},
};

const BEGIN_WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
/// A transaction that is older is not committed any more: consumers read the moves of a lane that
/// seems dead until 60 s have passed, and what commits later they would never see.
const TRANSACTION_MAX: Duration = Duration::from_secs(25);
/// A node that cannot reach the server asks again after this, doubled up to [`RECONNECT_MAX`].
const RECONNECT_MIN: Duration = Duration::from_millis(25);
const RECONNECT_MAX: Duration = Duration::from_secs(1);
/// A server that says nothing for this long is not there.
const PROBE_MAX: Duration = Duration::from_secs(5);
/// A connection that is given up may take this long to say good-bye.
const FAREWELL: Duration = Duration::from_secs(1);

/// What all threads of a driver share.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) options: PostgresOptions,
    /// Whether the last attempt to reach the server succeeded.
    pub(crate) is_reachable: AtomicBool,
    pub(crate) is_closing: AtomicBool,
}

impl Shared {
    /// A pause before the nth repetition: doubled each time, and spread over its second half so
    /// that two that collided do not collide again.
    pub(crate) fn pause(&self, base: Duration, nth: u32) -> Duration {
        let mut byte = [0];
        self.options.entropy.fill(&mut byte);
        let full = base * 2u32.saturating_pow(nth.min(16));
        full / 2 + full * u32::from(byte[0]) / 512
    }
}

/// How a transaction ended, as far as it is known.
pub(crate) enum CommitFailure {
    /// The server says that nothing was committed, and that it may work when run again.
    Again(DbError),
    /// Refused, or nobody knows: the connection went before the answer came.
    Final(DbError),
}

/// A connection that belongs to one thread.
pub(crate) struct Session {
    shared: Arc<Shared>,
    runtime: Runtime,
    live: Option<Live>,
    /// When the open write transaction began.
    began: Option<Instant>,
    failures: u32,
    retry_at: Option<Instant>,
}

struct Live {
    client: Client,
    connection: JoinHandle<()>,
    /// By address and length of the text, which is static.
    statements: FxHashMap<(usize, usize), Statement>,
    /// The server warned since this was last cleared.
    was_warned: Arc<AtomicBool>,
}

impl Session {
    /// Not connected yet. Call it on the thread that will use it.
    pub(crate) fn new(shared: Arc<Shared>) -> Result<Self, DbError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|e| {
            DbError::new(DbErrorKind::Other, format!("no runtime for a connection: {e}"))
        })?;
        Ok(Self { shared, runtime, live: None, began: None, failures: 0, retry_at: None })
    }

    /// Whether there is no connection: before the first use, and after one was lost.
    pub(crate) fn is_lost(&self) -> bool {
        self.live.is_none()
    }

    /// What the threads share.
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Waits on this thread.
    pub(crate) fn sleep(&self, pause: Duration) {
        // Inside the runtime, because the timer asks for it when it is made.
        self.runtime.block_on(async { tokio::time::sleep(pause).await });
    }

    /// Looks whether the server is there, for health, and connects when it was lost.
    pub(crate) fn probe(&mut self) {
        let alive = self.live.as_ref().is_some_and(|live| {
            let look =
                async { tokio::time::timeout(PROBE_MAX, live.client.batch_execute("")).await };
            matches!(self.runtime.block_on(look), Ok(Ok(())))
        });
        if !alive {
            self.give_up();
            // The outcome is kept in `is_reachable`, which is what was asked for.
            drop(self.connect());
        }
    }

    /// Runs `ask` with a connected client, outside of any transaction.
    pub(crate) fn with_client<T>(
        &mut self,
        ask: impl AsyncFnOnce(&Client) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, DbError> {
        self.connect()?;
        let live = self.live.as_ref().expect("`connect` has just succeeded");
        self.runtime.block_on(ask(&live.client)).map_err(|e| from_driver(&e, "(a setting)"))
    }

    /// Connects when it is not, no oftener than the pause between attempts allows.
    fn connect(&mut self) -> Result<(), DbError> {
        if self.live.as_ref().is_some_and(|live| !live.client.is_closed()) {
            return Ok(());
        }
        self.give_up();
        if self.retry_at.is_some_and(|at| Instant::now() < at) {
            let words = "the database could not be reached a moment ago";
            return Err(DbError::new(DbErrorKind::Unavailable, words));
        }
        match self.runtime.block_on(open(&self.shared)) {
            Ok(live) => {
                self.live = Some(live);
                (self.failures, self.retry_at) = (0, None);
                self.shared.is_reachable.store(true, Ordering::Relaxed);
                Ok(())
            }
            Err(error) => {
                let pause = self.shared.pause(RECONNECT_MIN, self.failures).min(RECONNECT_MAX);
                self.failures += 1;
                self.retry_at = Some(Instant::now() + pause);
                if self.shared.is_reachable.swap(false, Ordering::Relaxed) {
                    tracing::error!(%error, "the database cannot be reached");
                }
                Err(error)
            }
        }
    }

    /// Begins a write transaction; a connection that turns out to be dead is replaced once.
    pub(crate) fn begin_write(&mut self) -> Result<(), DbError> {
        let had_connection = self.live.is_some();
        self.connect()?;
        if let Err(error) = self.control(BEGIN_WRITE) {
            if !had_connection || self.live.is_some() {
                return Err(error);
            }
            self.connect()?;
            self.control(BEGIN_WRITE)?;
        }
        self.began = Some(Instant::now());
        Ok(())
    }

    /// Commits. `Ok` only when the server has said so without a warning: it warns when it was
    /// told not to wait for its standbys any longer.
    pub(crate) fn commit(&mut self) -> Result<(), CommitFailure> {
        let Some(live) = self.live.as_ref().filter(|live| !live.client.is_closed()) else {
            return Err(CommitFailure::Again(lost()));
        };
        if self.began.take().is_none_or(|began| began.elapsed() > TRANSACTION_MAX) {
            self.give_up();
            let words = "the transaction took so long that its node may count as dead";
            return Err(CommitFailure::Final(DbError::new(DbErrorKind::Unavailable, words)));
        }
        live.was_warned.store(false, Ordering::Relaxed);
        let was_warned = live.was_warned.clone();
        let result = self.runtime.block_on(live.client.batch_execute("COMMIT"));
        match result {
            Ok(()) if was_warned.load(Ordering::Relaxed) => {
                let words = "the server committed with a warning; what is stored is not known";
                Err(CommitFailure::Final(DbError::new(DbErrorKind::Unknown, words)))
            }
            Ok(()) => Ok(()),
            Err(error) => {
                let error = self.fault(&error, "COMMIT");
                if error.is_retryable() && !self.is_lost() {
                    return Err(CommitFailure::Again(error));
                }
                // Whatever the connection's state is now, it is not needed any more.
                self.give_up();
                Err(CommitFailure::Final(match error.kind() {
                    // Its last words came from the connection, not from the transaction.
                    DbErrorKind::Unavailable => {
                        DbError::new(DbErrorKind::Unknown, error.to_string())
                    }
                    _ => error,
                }))
            }
        }
    }

    /// Undoes the open transaction, if any; what cannot be undone is undone by hanging up.
    pub(crate) fn rollback(&mut self) {
        if self.live.is_some() && self.control("ROLLBACK").is_err() {
            self.give_up();
        }
    }

    fn control(&mut self, sql: &'static str) -> Result<(), DbError> {
        let live = self.live.as_ref().ok_or_else(lost)?;
        let result = self.runtime.block_on(live.client.batch_execute(sql));
        result.map_err(|error| self.fault(&error, sql))
    }

    /// Runs a query and visits its rows. With `begin`, which connects first, both leave in one
    /// write.
    pub(crate) fn query(
        &mut self,
        begin: Option<&'static str>,
        sql: &'static str,
        args: &[Value<'_>],
        visit: &mut dyn FnMut(&dyn Row) -> Result<(), DbError>,
    ) -> Result<(), Trouble> {
        if begin.is_some() {
            self.connect()?;
        }
        // Never connects inside a transaction: the statement would commit alone.
        let live = self.live.as_mut().ok_or_else(lost)?;
        let result = self.runtime.block_on(async {
            let Live { client, statements, .. } = live;
            let rows = match begin {
                None => start(client, statements, sql, args).await?,
                Some(begin) => {
                    // Polled in this order, hence sent in this order.
                    let both =
                        join(client.batch_execute(begin), start(client, statements, sql, args));
                    let (begun, rows) = both.await;
                    begun?;
                    rows?
                }
            };
            let mut rows = pin!(rows);
            while let Some(row) = rows.try_next().await? {
                visit(&Columns(&row)).map_err(Failure::Visit)?;
            }
            Ok(())
        });
        self.sort_out(result, sql)
    }

    /// Runs a statement in the open transaction and returns how many rows it changed.
    pub(crate) fn execute(
        &mut self,
        sql: &'static str,
        args: &[Value<'_>],
    ) -> Result<u64, Trouble> {
        let live = self.live.as_mut().ok_or_else(lost)?;
        let result = self.runtime.block_on(async {
            let statement = prepared(&live.client, &mut live.statements, sql).await?;
            let args = args.iter().map(|value| Arg(*value));
            Ok(live.client.execute_raw(&statement, args).await?)
        });
        self.sort_out(result, sql)
    }

    fn sort_out<T>(&mut self, result: Result<T, Failure>, sql: &'static str) -> Result<T, Trouble> {
        result.map_err(|failure| match failure {
            Failure::Driver(error) => Trouble::Statement(self.fault(&error, sql)),
            Failure::Visit(error) => Trouble::Visit(error),
        })
    }

    /// Classifies an error and lets go of a connection or of statements that are of no use any
    /// more.
    fn fault(&mut self, error: &tokio_postgres::Error, sql: &str) -> DbError {
        let found = from_driver(error, sql);
        if is_stale_plan(error)
            && let Some(live) = &mut self.live
        {
            live.statements.clear();
        }
        let is_fatal = error.as_db_error().is_some_and(|db| {
            matches!(db.parsed_severity(), Some(Severity::Fatal | Severity::Panic))
        });
        let is_closed = self.live.as_ref().is_none_or(|live| live.client.is_closed());
        let is_broken = error.as_db_error().is_none() && found.kind() == DbErrorKind::Unavailable;
        if is_fatal || is_closed || is_broken {
            self.give_up();
            return DbError::new(DbErrorKind::Unavailable, found.to_string());
        }
        found
    }

    /// Hangs up. The server rolls back what was open.
    pub(crate) fn give_up(&mut self) {
        let Some(Live { client, connection, .. }) = self.live.take() else { return };
        drop(client);
        self.runtime.block_on(async {
            let abort = connection.abort_handle();
            if tokio::time::timeout(FAREWELL, connection).await.is_err() {
                abort.abort();
            }
        });
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.give_up();
    }
}

fn lost() -> DbError {
    DbError::new(DbErrorKind::Unavailable, "the connection was lost in the transaction")
}

/// What went wrong with a statement.
pub(crate) enum Trouble {
    /// The statement failed, and with it the transaction: the server refuses what follows.
    Statement(DbError),
    /// The visitor did not like a row; the transaction is as it was.
    Visit(DbError),
}

impl From<DbError> for Trouble {
    fn from(error: DbError) -> Self {
        Self::Statement(error)
    }
}

enum Failure {
    Driver(tokio_postgres::Error),
    Visit(DbError),
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Driver(error)
    }
}

type Statements = FxHashMap<(usize, usize), Statement>;

async fn start(
    client: &Client,
    statements: &mut Statements,
    sql: &'static str,
    args: &[Value<'_>],
) -> Result<RowStream, tokio_postgres::Error> {
    let statement = prepared(client, statements, sql).await?;
    client.query_raw(&statement, args.iter().map(|value| Arg(*value))).await
}

async fn prepared(
    client: &Client,
    statements: &mut Statements,
    sql: &'static str,
) -> Result<Statement, tokio_postgres::Error> {
    let key = (sql.as_ptr() as usize, sql.len());
    if let Some(statement) = statements.get(&key) {
        return Ok(statement.clone());
    }
    let statement = client.prepare(sql).await?;
    statements.insert(key, statement.clone());
    Ok(statement)
}

async fn open(shared: &Shared) -> Result<Live, DbError> {
    let connecting = tokio::time::timeout(shared.options.connect_timeout, async {
        let (client, mut connection) = shared.config.connect(NoTls).await?;
        let was_warned = Arc::new(AtomicBool::new(false));
        let flag = was_warned.clone();
        let connection = tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|cx| connection.poll_message(cx)).await {
                let AsyncMessage::Notice(notice) = message else { continue };
                if notice.parsed_severity() == Some(Severity::Warning) {
                    flag.store(true, Ordering::Relaxed);
                    tracing::warn!(notice = %notice, "the database warns");
                }
            }
        });
        let setting = setting(&client, "synchronous_commit").await?;
        let statements = Statements::default();
        Ok((Live { client, connection, statements, was_warned }, setting))
    });
    let opened = connecting.await.map_err(|_| {
        let words = format!("no connection within {:?}", shared.options.connect_timeout);
        DbError::new(DbErrorKind::Unavailable, words)
    })?;
    let (live, setting) = opened.map_err(|error: tokio_postgres::Error| from_connect(&error))?;
    if matches!(setting.as_str(), "off" | "local") {
        let words = format!(
            "synchronous_commit is {setting} on the database server: it would acknowledge \
             messages that a crash or a fail-over loses; set it to on, remote_write or remote_apply"
        );
        return Err(DbError::new(DbErrorKind::Other, words));
    }
    Ok(live)
}

/// The value of a server setting in this session, empty when it is unset.
pub(crate) async fn setting(client: &Client, name: &str) -> Result<String, tokio_postgres::Error> {
    let answer = client.simple_query(&format!("SHOW {name}")).await?;
    let value = answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    Ok(value.unwrap_or_default().to_owned())
}
