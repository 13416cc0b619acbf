//! A log with members in it, for tests that need nothing else.

use std::sync::Arc;

use hoopoe_db::Db;
use hoopoe_kernel::{AppNo, Fail, Uid};
use hoopoe_log::{
    Appended, AudienceChange, ClientId, Head, Log, LogTx, Logged, Marks, NewChange, NewMessage,
    WriteGate, Writing, changes, heads, marks, messages, spans,
};
use hoopoe_testkit::{
    TestDb, TestEnv,
    harness::{PATIENCE, within},
    test_env_seeded,
};
use hoopoe_wire::{ConversationId, UserId};
use parking_lot::Mutex;
use tokio::sync::watch;

pub(crate) const APP: AppNo = AppNo(1);
pub(crate) const ROOM: ConversationId = ConversationId([9; 16]);
pub(crate) const ANN: Uid = Uid(21);
pub(crate) const BOB: Uid = Uid(22);

/// A log and what it needs.
pub(crate) struct House {
    pub(crate) log: Log,
    pub(crate) env: TestEnv,
}

impl House {
    /// A migrated log in which [`ROOM`] has [`ANN`] and [`BOB`].
    pub(crate) async fn open(db: &TestDb) -> Self {
        db.migrate(&[hoopoe_log::MIGRATIONS]).await;
        let house = Self::node(db.db.clone(), 1).await;
        house.found(ROOM, &[ANN, BOB]).await;
        house
    }

    /// One node of a cluster, or the only one.
    pub(crate) async fn node(db: Db, seed: u64) -> Self {
        let env = test_env_seeded(seed);
        let log = Log::open(db, env.env.clone()).await.expect("a log");
        Self { log, env }
    }

    /// Creates a conversation with members that may write.
    pub(crate) async fn found(&self, conversation: ConversationId, members: &[Uid]) {
        let members = members.to_vec();
        self.write(move |log| {
            log.create(conversation)?;
            for uid in &members {
                log.open_span(conversation, *uid, 1, WriteGate::Open)?;
            }
            log.change(members_change(conversation)).map(|_| ())
        })
        .await;
    }

    /// A transaction that has to succeed.
    pub(crate) async fn write<T, F>(&self, work: F) -> T
    where
        T: Send + 'static,
        F: FnMut(&mut LogTx<'_>) -> Result<T, Fail> + Send + 'static,
    {
        let written = self.log.write(APP, work);
        within(PATIENCE, "a transaction", written).await.expect("a transaction that is allowed")
    }

    /// Sends with a deadline.
    pub(crate) async fn send(&self, message: NewMessage) -> Result<Appended, Fail> {
        within(PATIENCE, "an answer", self.log.append(message)).await
    }

    /// The code of a refusal, or the seq.
    pub(crate) async fn outcome(&self, message: NewMessage) -> Result<i64, &'static str> {
        let sent = self.send(message).await;
        sent.map(|appended| appended.seq).map_err(|fail| fail.code().code)
    }

    /// Sends as a member who may.
    pub(crate) async fn say(&self, uid: Uid, client: &str) -> Appended {
        self.send(message(ROOM, uid, client)).await.expect("a message that is allowed")
    }

    pub(crate) async fn head(&self, conversation: ConversationId) -> Head {
        let read = self.log.db().read(move |tx| Ok(heads::find(tx, APP, conversation)?));
        read.await.expect("a head").expect("a conversation")
    }

    /// What somebody has not read: what the list says and what the conversation says are one.
    pub(crate) async fn unread(&self, uid: Uid) -> (Marks, i64) {
        let read = self.log.db().read(move |tx| {
            let head = heads::find(tx, APP, ROOM)?.map_or(0, |head| head.seq);
            let marks = marks::find(tx, ROOM, uid)?;
            Ok((marks, marks::unread(tx, ROOM, uid, head)?))
        });
        read.await.expect("marks")
    }

    /// The messages that somebody may read, with their senders, and whether they are a member.
    pub(crate) async fn readable(&self, uid: Uid) -> (Vec<i64>, bool) {
        let read = self.log.db().read(move |tx| {
            let spans = spans::readable(tx, APP, ROOM, uid)?;
            let head = heads::find(tx, APP, ROOM)?.expect("a conversation");
            let mut seqs = Vec::new();
            let at = messages::At::After(0);
            messages::page(tx, APP, &head, &spans, at, 1_000, &mut |row| {
                seqs.push(row.seq);
                Ok(())
            })?;
            Ok((seqs, spans.is_member()))
        });
        read.await.expect("a page")
    }
}

/// A message whose content follows from its client id.
pub(crate) fn message(conversation: ConversationId, uid: Uid, client: &str) -> NewMessage {
    let mut hash = [0; 16];
    let bytes = client.as_bytes();
    let length = bytes.len().min(16);
    hash[..length].copy_from_slice(&bytes[..length]);
    NewMessage {
        app: APP,
        conversation,
        sender: uid,
        sender_id: UserId::parse("somebody").expect("a legal id"),
        client_id: ClientId::parse(client).expect("a legal client id"),
        hash,
        kind: "text",
        body: format!("{{\"text\":\"{client}\"}}").into_bytes().into(),
        quotes: None,
        writing: Writing::AsMember,
    }
}

/// A change of who is a member.
pub(crate) fn members_change(conversation: ConversationId) -> NewChange {
    let audience =
        AudienceChange::Members { joined: Vec::new(), left: Vec::new(), snapshot: "{}".into() };
    NewChange {
        conversation,
        kind: "members.changed",
        target_seq: None,
        actor: Uid::NONE,
        data: "{}".into(),
        audience,
    }
}

/// What the log keeps of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) head: Head,
    /// Seq, sender, client id, body.
    pub(crate) messages: Vec<(i64, Uid, Vec<u8>, Vec<u8>)>,
    /// Rev, at_seq, kind.
    pub(crate) changes: Vec<(i64, i64, String)>,
}

/// Reads all of it.
pub(crate) async fn kept(db: &Db, conversation: ConversationId) -> Kept {
    let read = db.read(move |tx| {
        let head = heads::find(tx, APP, conversation)?.expect("a conversation");
        let (mut rows, mut revs) = (Vec::new(), Vec::new());
        let all = spans::Spans::new([(1, i64::MAX)]);
        let at = messages::At::After(0);
        messages::page(tx, APP, &head, &all, at, 1_000_000, &mut |row| {
            rows.push((row.seq, row.sender, row.client_id.to_owned(), row.body.to_owned()));
            Ok(())
        })?;
        changes::after(tx, APP, conversation, 0, 1_000_000, &mut |row| {
            revs.push((row.rev, row.at_seq, row.kind.to_owned()));
            Ok(())
        })?;
        Ok(Kept { head, messages: rows, changes: revs })
    });
    let kept = read.await.expect("a conversation");
    let seqs: Vec<i64> = kept.messages.iter().map(|row| row.0).collect();
    assert_eq!(seqs, (1..=kept.head.seq).collect::<Vec<_>>(), "seqs are gapless");
    let revs: Vec<i64> = kept.changes.iter().map(|row| row.0).collect();
    assert_eq!(revs, (1..=kept.head.rev).collect::<Vec<_>>(), "revs are gapless");
    kept
}

/// Writes down everything that logs tell, as it comes, and which of them told it.
pub(crate) struct Ear {
    told: Arc<Mutex<Vec<(usize, Logged)>>>,
    count: watch::Receiver<usize>,
}

impl Ear {
    pub(crate) fn at<'a>(logs: impl IntoIterator<Item = &'a Log>) -> Self {
        let told = Arc::new(Mutex::new(Vec::new()));
        let (counter, count) = watch::channel(0);
        let counter = Arc::new(counter);
        for (node, log) in logs.into_iter().enumerate() {
            let (mut feed, told, counter) = (log.feed(), told.clone(), counter.clone());
            tokio::spawn(async move {
                while let Some(batch) = feed.recv().await {
                    let mut told = told.lock();
                    told.extend(batch.items.iter().map(|logged| (node, logged.clone())));
                    counter.send_replace(told.len());
                }
            });
        }
        Self { told, count }
    }

    /// Everything so far, once there are `count`.
    pub(crate) async fn heard(&mut self, count: usize) -> Vec<(usize, Logged)> {
        let waiting = self.count.wait_for(|heard| *heard >= count);
        let waited = within(PATIENCE, "the feed", waiting).await.map(|_| ());
        waited.expect("the log is open");
        self.told.lock().clone()
    }
}
