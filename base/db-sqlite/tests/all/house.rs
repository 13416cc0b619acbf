//! A log on a file of its own, and a way to decide what stands in one batch.

use std::{
    fmt, fs,
    future::Future,
    path::{Path, PathBuf},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    task::{Context, Waker},
};

use hoopoe_db::{Backend, Db, DbError, DbErrorKind};
use hoopoe_db_sqlite::{Sqlite, SqliteOptions};
use hoopoe_kernel::{AppNo, Entropy, Fail, Uid};
use hoopoe_log::{
    Appended, AudienceChange, ClientId, Log, NewChange, NewMessage, WriteGate, Writing, changes,
    heads, messages, spans,
};
use hoopoe_testkit::{
    FakeEntropy,
    harness::{PATIENCE, within},
    test_env_seeded,
};
use hoopoe_wire::{ConversationId, UserId};
use tempfile::TempDir;

pub(crate) const APP: AppNo = AppNo(1);
pub(crate) const ROOM: ConversationId = ConversationId([9; 16]);
pub(crate) const HALL: ConversationId = ConversationId([10; 16]);
pub(crate) const ANN: Uid = Uid(21);

const MAKE_THINGS: &str = "CREATE TABLE things (id BIGINT NOT NULL PRIMARY KEY)";
const ADD_THING: &str = "INSERT INTO things (id) VALUES ($1)";
const THINGS: &str = "SELECT id FROM things ORDER BY id";

/// Every life of a log has lanes of its own, so its entropy has a seed of its own.
static LIVES: AtomicU64 = AtomicU64::new(1);

/// An open file with a log in it.
pub(crate) struct House {
    pub(crate) sqlite: Arc<Sqlite>,
    pub(crate) db: Db,
    pub(crate) log: Log,
    options: SqliteOptions,
}

/// A folder that goes away with the test, and the file in it.
pub(crate) fn place() -> (TempDir, SqliteOptions) {
    let folder = tempfile::tempdir().expect("a folder");
    let options = SqliteOptions::new(folder.path().join("log.db"));
    (folder, options)
}

impl House {
    /// Opens the file; a new one gets its tables, two conversations with [`ANN`] in them, and a
    /// table of things.
    pub(crate) async fn open(options: &SqliteOptions) -> Self {
        let is_new = !options.path.exists();
        let sqlite = Sqlite::open(options.clone()).expect("a file");
        let db = Db::new(sqlite.clone());
        let migrated = hoopoe_db::migrate(&db, &[hoopoe_log::MIGRATIONS]);
        migrated.await.expect("tables");
        let env = test_env_seeded(LIVES.fetch_add(1, Ordering::Relaxed)).env;
        let log = Log::open(db.clone(), env).await.expect("a log");
        let house = Self { sqlite, db, log, options: options.clone() };
        if is_new {
            house.db.write(|tx| Ok(tx.execute(MAKE_THINGS, &[])?)).await.expect("a table");
            house.found(ROOM).await;
            house.found(HALL).await;
        }
        house
    }

    async fn found(&self, conversation: ConversationId) {
        let founded = self.log.write(APP, move |log| {
            log.create(conversation)?;
            log.open_span(conversation, ANN, 1, WriteGate::Open)?;
            log.change(change(conversation))
        });
        founded.await.expect("a conversation");
    }

    /// Closes the file and opens it anew, as a restart does.
    pub(crate) async fn reopen(self) -> Self {
        self.close().await;
        Self::open(&self.options).await
    }

    pub(crate) async fn close(&self) {
        let sqlite = self.sqlite.clone();
        let closing = tokio::task::spawn_blocking(move || sqlite.close());
        within(PATIENCE, "the close", closing).await.expect("no panic");
    }

    pub(crate) async fn send(&self, message: NewMessage) -> Result<Appended, Fail> {
        within(PATIENCE, "an answer", self.log.append(message)).await
    }

    /// Sends what has to be stored, and returns its seq.
    pub(crate) async fn say(&self, client: &str) -> i64 {
        self.send(message(ROOM, client)).await.expect("a good disk").seq
    }

    pub(crate) async fn head_seq(&self, conversation: ConversationId) -> i64 {
        let read = self.db.read(move |tx| Ok(heads::find(tx, APP, conversation)?));
        read.await.expect("reads go on").expect("a conversation").seq
    }

    /// The client ids that are stored, in the order of their seqs, which are gapless.
    pub(crate) async fn stored(&self, conversation: ConversationId) -> Vec<String> {
        let read = self.db.read(move |tx| {
            let head = heads::find(tx, APP, conversation)?.expect("a conversation");
            let (mut seqs, mut clients) = (Vec::new(), Vec::new());
            let all = spans::Spans::new([(1, i64::MAX)]);
            let at = messages::At::After(0);
            messages::page(tx, APP, &head, &all, at, 1_000_000, &mut |row| {
                let mut text = Vec::new();
                ClientId::write_text(row.client_id, &mut text);
                clients.push(String::from_utf8(text).expect("client ids here are texts"));
                seqs.push(row.seq);
                Ok(())
            })?;
            assert_eq!(seqs, (1..=head.seq).collect::<Vec<_>>(), "gapless");
            let mut revs = Vec::new();
            changes::after(tx, APP, conversation, 0, 1_000_000, &mut |row| {
                revs.push(row.rev);
                Ok(())
            })?;
            assert_eq!(revs, (1..=head.rev).collect::<Vec<_>>(), "gapless");
            Ok(clients)
        });
        within(PATIENCE, "a page", read).await.expect("reads go on")
    }

    pub(crate) async fn things(&self) -> Vec<i64> {
        let read = self.db.read(|tx| Ok(tx.all(THINGS, &[], |row| row.int(0))?));
        read.await.expect("reads go on")
    }

    /// The database's own word on its file.
    pub(crate) fn assert_sound(&self) {
        assert_eq!(self.sqlite.integrity_check().expect("a readable file"), [""; 0]);
    }

    pub(crate) fn wal(&self) -> PathBuf {
        let mut name = self.options.path.clone().into_os_string();
        name.push("-wal");
        name.into()
    }

    pub(crate) fn wal_bytes(&self) -> u64 {
        size_bytes(&self.wal())
    }

    /// A change of the room, asked for now.
    pub(crate) fn ask_change(&self) -> Asked<Result<i64, Fail>> {
        let log = self.log.clone();
        ask(async move { log.write(APP, |log| Ok(log.change(change(ROOM))?.rev)).await })
    }

    /// Keeps the writer busy: everything that is asked for until the release stands in one batch.
    pub(crate) async fn hold(&self) -> Hold {
        let (entered, has_entered) = tokio::sync::oneshot::channel();
        let (release, released) = mpsc::channel::<()>();
        let mut entered = Some(entered);
        let db = self.db.clone();
        let holding = tokio::spawn(async move {
            db.write(move |_| {
                if let Some(entered) = entered.take() {
                    entered.send(()).expect("the test waits");
                }
                // Nothing is ever sent: the other end goes away, or the test has failed.
                assert!(released.recv_timeout(PATIENCE).is_err());
                Ok(())
            })
            .await
        });
        within(PATIENCE, "the writer", has_entered).await.expect("the writer runs");
        Hold { release, holding }
    }
}

/// See [`House::hold`].
pub(crate) struct Hold {
    release: mpsc::Sender<()>,
    holding: tokio::task::JoinHandle<Result<(), Fail>>,
}

impl Hold {
    pub(crate) async fn release(self) {
        drop(self.release);
        self.holding.await.expect("no panic").expect("nothing was written");
    }
}

pub(crate) fn size_bytes(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

pub(crate) fn add_thing(tx: &mut dyn hoopoe_db::WriteTx, id: i64) -> Result<(), DbError> {
    tx.execute(ADD_THING, &[id.into()]).map(|_| ())
}

/// A small message.
pub(crate) fn message(conversation: ConversationId, client: &str) -> NewMessage {
    sized(conversation, client, 20)
}

/// A message with a body of some size.
pub(crate) fn sized(conversation: ConversationId, client: &str, size_bytes: usize) -> NewMessage {
    let text = "x".repeat(size_bytes);
    NewMessage {
        app: APP,
        conversation,
        sender: ANN,
        sender_id: UserId::parse("ann").expect("a legal id"),
        client_id: ClientId::parse(client).expect("a legal client id"),
        hash: [size_bytes as u8; 16],
        kind: "text",
        body: format!("{{\"text\":\"{text}\"}}").into_bytes().into(),
        quotes: None,
        writing: Writing::AsMember,
    }
}

pub(crate) fn change(conversation: ConversationId) -> NewChange {
    NewChange {
        conversation,
        kind: "conversation.updated",
        target_seq: None,
        actor: ANN,
        data: "{}".into(),
        audience: AudienceChange::Same,
    }
}

/// The codes of refusals, and the seqs of what was stored.
pub(crate) async fn outcomes<F>(waiting: Vec<F>) -> Vec<Result<i64, &'static str>>
where
    F: Future<Output = Result<Appended, Fail>>,
{
    let mut outcomes = Vec::new();
    for one in waiting {
        let answer = within(PATIENCE, "an answer", one).await;
        outcomes.push(answer.map(|appended| appended.seq).map_err(|fail| fail.code().code));
    }
    outcomes
}

pub(crate) fn kind_of<T>(result: &Result<T, Fail>) -> Option<DbErrorKind> {
    result.as_ref().err().and_then(|fail| fail.cause::<DbError>().map(DbError::kind))
}

/// A question that is on its way.
pub(crate) type Asked<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Asks now, while the writer is held: writes are queued by the first poll.
pub(crate) fn ask<T>(question: impl Future<Output = T> + Send + 'static) -> Asked<T> {
    let mut asked: Asked<T> = Box::pin(question);
    let mut context = Context::from_waker(Waker::noop());
    assert!(asked.as_mut().poll(&mut context).is_pending(), "the writer is held");
    asked
}

/// Runs the body of a test on two threads.
pub(crate) fn run<F: Future>(body: F) -> F::Output {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).enable_all().build().expect("threads");
    runtime.block_on(Box::pin(body))
}

/// Chance that a seed decides.
pub(crate) struct Dice(FakeEntropy);

impl Dice {
    pub(crate) fn of(seed: u64) -> Self {
        Self(FakeEntropy::new(seed))
    }

    pub(crate) fn below(&self, limit: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes) % limit
    }
}

impl fmt::Debug for House {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("House").field("path", &self.options.path).finish_non_exhaustive()
    }
}
