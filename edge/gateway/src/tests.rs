//! The fan-out by hand: committed batches in any order, and what the sockets are told of them.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use hoopoe_accounts::Accounts;
use hoopoe_apps::Apps;
use hoopoe_bus::LocalBus;
use hoopoe_conversations::Conversations;
use hoopoe_db::{
    Backend, BackendStats, BoxedRead, BoxedWrite, Db, DbError, DbErrorKind, Dialect, Lane,
    LaneHandle,
};
use hoopoe_kernel::{Actor, AppNo, Ctx, Env, Uid, UserActor};
use hoopoe_log::{Batch, ClientId, Log, NewMessage, Writing};
use hoopoe_presence::{Presence, PresenceParts};
use hoopoe_testkit::{
    TestDb, TestEnv, Which,
    harness::{PATIENCE, fingerprint, seed},
    test_env_seeded,
};
use hoopoe_wire::{
    ConversationId, SessionId, UserId,
    accounts::UpsertUser,
    apps::CreateApp,
    conversations::{AddMembers, ConversationKind, CreateConversation, RemoveMember},
    session::CloseCode,
};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::{
    codec::Codec,
    fanout::Fanout,
    hub::{Control, Online, Sources},
    outbox::Outbox,
};

/// A database that can be told not to answer reads.
struct Flaky {
    inner: Arc<dyn Backend>,
    is_down: Arc<AtomicBool>,
}

impl Backend for Flaky {
    fn dialect(&self) -> Dialect {
        self.inner.dialect()
    }

    fn read(&self, job: Box<dyn BoxedRead>) {
        if self.is_down.load(Ordering::SeqCst) {
            return job.run(Err(DbError::new(DbErrorKind::Unavailable, "told to be down")));
        }
        self.inner.read(job);
    }

    fn write(&self, job: Box<dyn BoxedWrite>) {
        self.inner.write(job);
    }

    fn open_lane(&self, lane: Box<dyn Lane>) -> Result<Arc<dyn LaneHandle>, DbError> {
        self.inner.open_lane(lane)
    }

    fn stats(&self) -> BackendStats {
        self.inner.stats()
    }

    fn close(&self) {
        self.inner.close();
    }
}

/// A hub without its task: the test hands it the batches.
struct Bench {
    _db: TestDb,
    env: Arc<Env>,
    app: AppNo,
    log: Log,
    conversations: Conversations,
    fanout: Fanout,
    online: Arc<Mutex<Online>>,
    feed: mpsc::Receiver<Arc<Batch>>,
    is_down: Arc<AtomicBool>,
    _control: (mpsc::UnboundedSender<Control>, mpsc::UnboundedReceiver<Control>),
}

impl Bench {
    async fn new() -> Self {
        let db = TestDb::create(Which::Sqlite).await;
        let is_down = Arc::new(AtomicBool::new(false));
        let inner = db.db.backend().clone();
        let flaky = Db::new(Arc::new(Flaky { inner, is_down: is_down.clone() }));
        let chains = [
            hoopoe_apps::MIGRATIONS,
            hoopoe_accounts::MIGRATIONS,
            hoopoe_log::MIGRATIONS,
            hoopoe_conversations::MIGRATIONS,
            hoopoe_messages::MIGRATIONS,
        ];
        db.migrate(&chains).await;
        let TestEnv { env, .. } = test_env_seeded(1);
        let bus = LocalBus::new();
        let apps = Apps::new(flaky.clone(), env.clone());
        let accounts = Accounts::new(flaky.clone(), env.clone(), apps.clone(), bus.clone());
        let log = Log::open(flaky, env.clone()).await.unwrap();
        let conversations = Conversations::new(log.clone(), accounts.clone());
        let request = CreateApp { name: "tests".to_owned(), metadata: None };
        let system = Ctx::system(&env, AppNo::NONE);
        let (app, ..) = apps.create_with_key(&system, request).await.unwrap();
        for user in ["ann", "bob", "cat"] {
            let request =
                UpsertUser { user: id(user), name: None, avatar_url: None, metadata: None };
            accounts.upsert(&Ctx::system(&env, app), request).await.unwrap();
        }
        let online = Arc::new(Mutex::new(Online::default()));
        let control = mpsc::unbounded_channel();
        let presence = Presence::new(PresenceParts {
            db: log.db().clone(),
            env: env.clone(),
            accounts: accounts.clone(),
            conversations: conversations.clone(),
            bus: bus.clone(),
        });
        let sources = Sources {
            log: log.clone(),
            conversations: conversations.clone(),
            accounts,
            bus: bus.clone(),
            presence,
        };
        let fanout = Fanout::new(sources, online.clone(), control.0.downgrade());
        let feed = log.feed();
        Self {
            _db: db,
            env,
            app,
            log,
            conversations,
            fanout,
            online,
            feed,
            is_down,
            _control: control,
        }
    }

    async fn uid(&self, user: &str) -> Uid {
        let (app, ids) = (self.app, [id(user)]);
        let found = self.log.db().read(move |tx| Ok(Accounts::resolve(tx, app, &ids)?)).await;
        found.unwrap()[0].unwrap()
    }

    async fn ctx(&self, user: &str) -> Ctx {
        let actor = UserActor::signed_in(self.uid(user).await, id(user), SessionId::NONE);
        Ctx::new(&self.env, self.app, Actor::User(actor))
    }

    /// A connection of a user.
    async fn join(&self, user: &str) -> Arc<Outbox> {
        let outbox = Arc::new(Outbox::new(self.uid(user).await, SessionId::NONE, Codec::Json));
        self.online.lock().add(&outbox);
        outbox
    }

    /// The batch of what was just committed.
    async fn batch(&mut self) -> Arc<Batch> {
        tokio::time::timeout(PATIENCE, self.feed.recv()).await.unwrap().unwrap()
    }

    /// A group of Ann and Bob whose newcomers do not see what was said before.
    async fn group(&mut self) -> (ConversationId, Arc<Batch>) {
        let request = CreateConversation {
            kind: ConversationKind::Group,
            name: Some("Trip".to_owned()),
            avatar_url: None,
            members: vec![id("bob")],
            history: None,
            metadata: None,
        };
        let created = self.conversations.create(&self.ctx("ann").await, request).await.unwrap();
        (created.0.id, self.batch().await)
    }

    async fn say(&mut self, conversation: ConversationId, words: &str) -> Arc<Batch> {
        let message = NewMessage {
            app: self.app,
            conversation,
            sender: self.uid("ann").await,
            sender_id: id("ann"),
            client_id: ClientId::from_uuid(self.env.fresh_id()),
            hash: [0; 16],
            kind: "text",
            body: format!("{{\"text\":\"{words}\"}}").into(),
            quotes: None,
            writing: Writing::AsMember,
        };
        self.log.append(message).await.unwrap();
        self.batch().await
    }

    async fn add(&mut self, conversation: ConversationId, user: &str) -> Arc<Batch> {
        let request = AddMembers { conversation, users: vec![id(user)] };
        self.conversations.add_members(&self.ctx("ann").await, request).await.unwrap();
        self.batch().await
    }

    async fn remove(&mut self, conversation: ConversationId, user: &str) -> Arc<Batch> {
        let request = RemoveMember { conversation, user: id(user) };
        self.conversations.remove_member(&self.ctx("ann").await, request).await.unwrap();
        self.batch().await
    }

    async fn deliver(&mut self, batches: &[&Arc<Batch>]) {
        for batch in batches {
            self.fanout.deliver(batch).await;
        }
    }
}

fn id(text: &str) -> UserId {
    UserId::parse(text).unwrap()
}

/// What a connection was told since it was last asked: texts of messages, names of changes, and
/// the close at the end.
fn told(outbox: &Outbox) -> Vec<String> {
    let mut bytes = Vec::new();
    let close = outbox.drain(&mut bytes, usize::MAX);
    let mut left = &bytes[..];
    let mut told = Vec::new();
    while let [0x81, length, rest @ ..] = left {
        let (header, length) = match length {
            126 => (2, usize::from(u16::from_be_bytes([rest[0], rest[1]]))),
            short => (0, usize::from(*short)),
        };
        let (payload, behind) = rest[header..].split_at(length);
        let event: Value = serde_json::from_slice(payload).unwrap();
        let words = event["data"]["text"].as_str().or(event["event"].as_str());
        told.push(words.unwrap().to_owned());
        left = behind;
    }
    assert!(left.is_empty(), "half a frame");
    told.extend(close.map(|code| code.reason().to_owned()));
    told
}

const RESYNC: &str = "resync";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_out_of_order_is_told_in_order() {
    let mut bench = Bench::new().await;
    let (group, created) = bench.group().await;
    let (ann, bob) = (bench.join("ann").await, bench.join("bob").await);
    let one = bench.say(group, "one").await;
    let two = bench.say(group, "two").await;
    let three = bench.say(group, "three").await;
    bench.deliver(&[&created, &one, &three]).await;
    assert_eq!(told(&bob), ["conversation.created", "one"]);
    bench.deliver(&[&two, &two, &three, &one]).await;
    assert_eq!(told(&bob), ["two", "three"], "once each");
    assert_eq!(told(&ann), ["conversation.created", "one", "two", "three"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_never_comes_is_read_from_the_log() {
    let mut bench = Bench::new().await;
    let (group, created) = bench.group().await;
    let bob = bench.join("bob").await;
    let one = bench.say(group, "one").await;
    let two = bench.say(group, "two").await;
    let three = bench.say(group, "three").await;
    let four = bench.say(group, "four").await;
    bench.deliver(&[&created, &one, &four]).await;
    // As a fence does, and a timer otherwise.
    bench.fanout.fill_all().await;
    assert_eq!(told(&bob), ["conversation.created", "one", "two", "three", "four"]);
    bench.deliver(&[&two, &three]).await;
    assert_eq!(told(&bob), [""; 0], "they were told");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_that_is_told_may_not_be_the_first() {
    let mut bench = Bench::new().await;
    let (group, _) = bench.group().await;
    let bob = bench.join("bob").await;
    let one = bench.say(group, "one").await;
    let two = bench.say(group, "two").await;
    bench.deliver(&[&two, &one, &one]).await;
    assert_eq!(told(&bob), ["two", "one"], "late is better than never, and once is enough");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_waits_for_the_change_that_says_who_hears_it() {
    let mut bench = Bench::new().await;
    let (group, created) = bench.group().await;
    let (bob, cat) = (bench.join("bob").await, bench.join("cat").await);
    let one = bench.say(group, "one").await;
    let added = bench.add(group, "cat").await;
    let two = bench.say(group, "two").await;
    let removed = bench.remove(group, "cat").await;
    let three = bench.say(group, "three").await;
    bench.deliver(&[&created, &one, &two, &three]).await;
    assert_eq!(told(&bob), ["conversation.created", "one"]);
    bench.deliver(&[&added]).await;
    assert_eq!(told(&bob), ["member.added", "two"]);
    bench.deliver(&[&removed]).await;
    assert_eq!(told(&bob), ["member.removed", "three"]);
    let wanted = ["conversation.created", "member.added", "two", "member.removed"];
    assert_eq!(told(&cat), wanted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_read_from_the_log_is_told_to_who_may_read_it() {
    let mut bench = Bench::new().await;
    let (group, created) = bench.group().await;
    let (ann, cat) = (bench.join("ann").await, bench.join("cat").await);
    let bob = bench.join("bob").await;
    let one = bench.say(group, "one").await;
    bench.say(group, "before cat").await;
    bench.add(group, "cat").await;
    bench.remove(group, "bob").await;
    bench.say(group, "after bob").await;
    let last = bench.say(group, "last").await;
    bench.deliver(&[&created, &one, &last]).await;
    bench.fanout.fill_all().await;
    let heard = told(&ann);
    let wanted = ["conversation.created", "one", "before cat", "member.added", "member.removed"];
    assert_eq!(heard[..5], wanted);
    assert_eq!(heard[5..], ["after bob", "last"]);
    // The log does not keep the snapshot that a newcomer is owed, nor whose last word it is.
    assert_eq!(told(&cat), [RESYNC]);
    let heard = told(&bob);
    assert_eq!(heard[..2], ["conversation.created", "one"]);
    assert_eq!(heard.last().map(String::as_str), Some(RESYNC));
    assert!(!heard.iter().any(|words| words == "after bob" || words == "last"), "{heard:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_miss_something_resumes() {
    let mut bench = Bench::new().await;
    let (group, created) = bench.group().await;
    let (bob, cat) = (bench.join("bob").await, bench.join("cat").await);
    let one = bench.say(group, "one").await;
    let two = bench.say(group, "two").await;
    let three = bench.say(group, "three").await;
    bench.deliver(&[&created, &one, &three]).await;
    bench.is_down.store(true, Ordering::SeqCst);
    bench.fanout.fill_all().await;
    assert_eq!(told(&bob), ["conversation.created", "one", RESYNC], "what is missing is not known");
    assert_eq!(told(&cat), [""; 0], "it is no business of hers");
    // Nobody knows any more who is in the group.
    bench.deliver(&[&two]).await;
    assert_eq!(told(&cat), [RESYNC]);
    bench.is_down.store(false, Ordering::SeqCst);
    let back = bench.join("bob").await;
    bench.deliver(&[&three]).await;
    assert_eq!(told(&back), ["three"]);
}

/// Another server removes somebody, and this one does not hear of it: the next message says that the
/// audience known here is too old.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_that_missed_a_removal_tells_nothing_to_who_was_removed() {
    let mut bench = Bench::new().await;
    let (group, created) = bench.group().await;
    let added = bench.add(group, "cat").await;
    let (bob, cat) = (bench.join("bob").await, bench.join("cat").await);
    let one = bench.say(group, "one").await;
    bench.deliver(&[&created, &added, &one]).await;
    assert_eq!(told(&cat).last().map(String::as_str), Some("one"));
    bench.remove(group, "cat").await;
    let two = bench.say(group, "two").await;
    bench.deliver(&[&two]).await;
    assert_eq!(told(&cat), [""; 0], "nobody knows here yet who may hear it");
    bench.fanout.fill_all().await;
    assert_eq!(told(&cat), [RESYNC]);
    assert_eq!(told(&bob)[3..], ["member.removed", "two"]);
}

/// The same when the database does not answer: rather nobody hears it than somebody who may not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_audience_that_cannot_be_read_anew_is_told_nothing() {
    let mut bench = Bench::new().await;
    let (group, created) = bench.group().await;
    let added = bench.add(group, "cat").await;
    let (bob, cat) = (bench.join("bob").await, bench.join("cat").await);
    bench.deliver(&[&created, &added]).await;
    bench.remove(group, "cat").await;
    let two = bench.say(group, "two").await;
    bench.is_down.store(true, Ordering::SeqCst);
    bench.deliver(&[&two]).await;
    bench.fanout.fill_all().await;
    for outbox in [&bob, &cat] {
        let heard = told(outbox);
        assert_eq!(heard.last().map(String::as_str), Some(RESYNC), "{heard:?}");
        assert!(!heard.iter().any(|words| words == "two"), "{heard:?}");
    }
}

/// A message that was missed is read from the log after the change of members that followed it has
/// been told: it was not said to who came with that change.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_missed_from_before_a_change_of_members_is_not_told_to_who_came_with_it() {
    let mut bench = Bench::new().await;
    let (group, created) = bench.group().await;
    let (bob, cat) = (bench.join("bob").await, bench.join("cat").await);
    let one = bench.say(group, "one").await;
    bench.say(group, "before cat").await;
    let added = bench.add(group, "cat").await;
    let with = bench.say(group, "with cat").await;
    bench.deliver(&[&created, &one, &added, &with]).await;
    bench.fanout.fill_all().await;
    let wanted = ["conversation.created", "one", "member.added", "before cat", "with cat"];
    assert_eq!(told(&bob), wanted);
    assert_eq!(told(&cat), ["conversation.created", "member.added", "with cat"]);
}

/// Cat comes, goes, comes back and goes, with something said in each time, on other servers: of all
/// that, this one hears any part, in any order. She hears nothing from the times when she was out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_hub_misses_a_removed_member_hears_nothing_of_the_time_outside() {
    const ROUNDS: usize = 48;
    let seed = seed();
    println!("HOOPOE_SEED={seed}");
    let mut bench = Bench::new().await;
    let mut told_inside = 0;
    for round in 0..ROUNDS {
        let dice = fingerprint(&[&seed.to_string(), &round.to_string()]);
        let (group, created) = bench.group().await;
        let (ann, cat) = (bench.join("ann").await, bench.join("cat").await);
        let mut batches = vec![created];
        for (outside, inside) in [("out 1", "in 1"), ("out 2", "in 2")] {
            batches.push(bench.say(group, outside).await);
            batches.push(bench.add(group, "cat").await);
            batches.push(bench.say(group, inside).await);
            batches.push(bench.remove(group, "cat").await);
        }
        batches.push(bench.say(group, "out 3").await);
        let mut heard = Vec::new();
        for (index, batch) in batches.iter().enumerate() {
            // The last one comes: without it nothing tells that anything is missing.
            let is_missed = dice >> index & 9 == 9 && index + 1 < batches.len();
            let is_swapped = dice >> (index + 20) & 3 == 3;
            if is_swapped && let Some(next) = batches.get(index + 1) {
                bench.deliver(&[next]).await;
            }
            if !is_missed {
                bench.deliver(&[batch]).await;
            }
            if dice >> (index + 40) & 3 == 3 {
                bench.fanout.fill_all().await;
            }
            heard.extend(told(&cat));
        }
        bench.fanout.fill_all().await;
        heard.extend(told(&cat));
        let leaked = heard.iter().find(|words| words.starts_with("out"));
        assert_eq!(leaked, None, "HOOPOE_SEED={seed}, round {round}: {heard:?}");
        told_inside += heard.iter().filter(|words| words.starts_with("in")).count();
        let all = told(&ann);
        let hears_the_last = all.iter().any(|words| words == "out 3" || words == RESYNC);
        assert!(hears_the_last, "HOOPOE_SEED={seed}, round {round}: {all:?}");
    }
    assert!(told_inside > 0, "she hears what is hers");
}

#[test]
fn a_connection_that_has_left_keeps_nothing() {
    let outbox = Outbox::new(Uid(1), SessionId::NONE, Codec::Json);
    outbox.push(bytes::Bytes::from_static(b"frame"));
    outbox.abandon();
    outbox.push(bytes::Bytes::from_static(b"frame"));
    let mut out = Vec::new();
    assert_eq!(outbox.drain(&mut out, usize::MAX), Some(CloseCode::Resync));
    assert!(out.is_empty());
}
