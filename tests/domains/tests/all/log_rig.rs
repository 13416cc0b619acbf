//! Plays scripts on the real log and on the model, and compares what both say.

use std::sync::Arc;

use hoopoe_db::{Db, DbError, ReadTx};
use hoopoe_kernel::{AppNo, Fail, Uid};
use hoopoe_log::{
    AudienceChange, Batch, ClientId, Log, LogTx, Logged, Marks, NewChange, NewMessage, Writing,
    changes,
    consume::{Consumer, Cursor, Lease, Todo},
    heads, marks, messages, moves, redact, spans, state,
};
use hoopoe_testkit::{TestDb, TestEnv, test_env};
use hoopoe_wire::{ConversationId, UserId, codes};
use tokio::sync::mpsc;

use crate::{
    log_consumers::Consumers,
    log_model::{
        APP, Act, Answer, Change, Gate, Message, Model, Send, Told, body_of, mark, notice_id, place,
    },
    log_property::{CONVERSATIONS, Client, Draft, Ending, PEOPLE, Step},
};

const CONSUMER: &str = "test";
const TABLES: &[&str] = &[
    "DELETE FROM heads",
    "DELETE FROM messages",
    "DELETE FROM changes",
    "DELETE FROM client_keys",
    "DELETE FROM spans",
    "DELETE FROM marks",
    "DELETE FROM uncounted",
    "DELETE FROM lanes",
    "DELETE FROM moves",
    "DELETE FROM consumers",
    "DELETE FROM consumer_lanes",
    "DELETE FROM consumer_cursors",
    "DELETE FROM user_heads",
    "DELETE FROM user_state",
];
const KEYS: &str =
    "SELECT client_id, sender, seq, hash, at_us FROM client_keys WHERE conversation = $1";
const COUNTS: &str = "SELECT (SELECT COUNT(*) FROM heads), (SELECT COUNT(*) FROM messages), \
    (SELECT COUNT(*) FROM changes), (SELECT COUNT(*) FROM client_keys)";

/// The real log, the model, and what has been told so far.
pub(crate) struct Rig {
    env: TestEnv,
    log: Log,
    feed: mpsc::Receiver<Arc<Batch>>,
    model: Model,
    sent: Vec<Send>,
    fresh: u64,
    consumers: Consumers,
    todo: Option<Todo>,
}

impl Rig {
    /// An empty log on a database that may have been used before.
    pub(crate) async fn open(db: &TestDb) -> Self {
        let env = test_env();
        let wipe = db.db.write(|tx| {
            for table in TABLES {
                tx.execute(table, &[])?;
            }
            Ok(())
        });
        wipe.await.expect("an empty database");
        let log = Log::open(db.db.clone(), env.env.clone()).await.expect("a log");
        let feed = log.feed();
        let model = Model::at(env.env.clock.now());
        let consumers = Consumers::default();
        Self { env, log, feed, model, sent: Vec::new(), fresh: 0, consumers, todo: None }
    }

    /// Everybody is in every conversation.
    pub(crate) async fn found(&mut self) {
        for conversation in CONVERSATIONS {
            let mut acts = vec![Act::Create(conversation)];
            for uid in PEOPLE {
                let key = conversation.0.to_vec();
                acts.push(Act::Open { conversation, uid, from: 1, gate: Gate::Open });
                acts.push(Act::Put { uid, kind: "membership", key, body: 0 });
            }
            acts.push(Act::Change { conversation, target: None, members: true, data: 0 });
            self.transact(APP, &acts, Ending::Commit).await;
        }
    }

    pub(crate) async fn step(&mut self, db: &mut TestDb, step: &Step) {
        match step {
            Step::Append(drafts) => self.append(drafts).await,
            Step::Transact { app, acts, ending } => self.transact(*app, acts, *ending).await,
            Step::Pass { ms } => {
                let now = self.model.now.plus_ms(*ms);
                self.env.clock.set_wall(now);
                self.model.now = now;
            }
            Step::Reopen { whole } => {
                if *whole {
                    db.reopen().await;
                }
                let opened = Log::open(db.db.clone(), self.env.env.clone()).await;
                self.log = opened.expect("a log that was there before");
                self.feed = self.log.feed();
            }
            Step::Page { .. } | Step::Changes { .. } | Step::Heads { .. } | Step::States { .. } => {
                self.read(step).await;
            }
            _ => self.consume(step).await,
        }
        assert!(self.feed.try_recv().is_err(), "what nobody did was told: {step:?}");
    }

    /// Queues all of them before the first is awaited.
    async fn append(&mut self, drafts: &[Draft]) {
        let mut sends = Vec::new();
        for draft in drafts {
            let send = self.resolve_send(draft);
            self.sent.push(send.clone());
            sends.push(send);
        }
        let waiting: Vec<_> = sends.iter().map(|send| self.log.append(new_message(send))).collect();
        let mut real = Vec::new();
        for one in waiting {
            real.push(one.await.map_err(|fail| fail.code().code));
        }
        let (mut expected, mut told) = (Vec::new(), Vec::new());
        let mut moved = Vec::new();
        for send in &sends {
            let answer = self.model.append(send);
            if let Ok((_, Some(one))) = &answer {
                told.push(one.clone());
                moved.push(one.conversation());
            }
            expected.push(answer.map(|(appended, _)| appended));
        }
        assert_eq!(real, expected, "answers to {sends:#?}");
        self.consumers.moved(moved);
        self.hear(&told);
    }

    fn resolve_send(&mut self, draft: &Draft) -> Send {
        let earlier = |index: usize| self.sent.get(index % self.sent.len().max(1)).cloned();
        let head = self.model.rooms.get(&draft.conversation).map_or(0, |room| room.seq());
        let own = |client_id: ClientId| Send {
            app: draft.app,
            conversation: draft.conversation,
            uid: draft.uid,
            client_id,
            content: draft.content,
            quotes: draft.quotes.map(|quoted| place(quoted, head)),
            is_server: draft.is_server,
        };
        let found = match draft.client {
            Client::Fresh => None,
            Client::Again(index) => earlier(index),
            Client::Conflict(index) => {
                earlier(index).map(|send| Send { content: send.content.wrapping_add(1), ..send })
            }
            Client::Borrowed(index) => earlier(index).map(|send| own(send.client_id)),
        };
        found.unwrap_or_else(|| {
            self.fresh += 1;
            let n = self.fresh;
            let text = match n % 2 {
                0 => format!("client-{n}"),
                _ => format!("0199d2f0-7a3b-7cde-8f01-{n:012x}"),
            };
            own(ClientId::parse(&text).expect("a short text"))
        })
    }

    async fn transact(&mut self, app: AppNo, acts: &[Act], ending: Ending) {
        let script = acts.to_vec();
        let real = self.log.write(app, move |log| {
            let answers: Result<Vec<Answer>, Fail> =
                script.iter().map(|act| perform(log, act)).collect();
            assert!(ending != Ending::Panic, "the script wants a panic here");
            if ending == Ending::Refuse {
                return Err(Fail::new(&codes::FORBIDDEN));
            }
            answers
        });
        let real = real.await.map_err(|fail| fail.code().code);
        let mut trial = self.model.clone();
        let expected = trial.transact(app, acts);
        let expected = match ending {
            Ending::Commit => expected,
            Ending::Refuse => Err(codes::FORBIDDEN.code),
            Ending::Panic => Err(codes::INTERNAL.code),
        };
        let answers = expected.as_ref().map(|(answers, _)| answers.clone()).map_err(|code| *code);
        assert_eq!(real, answers, "answers to {acts:#?}");
        if let Ok((_, told)) = expected {
            self.model = trial;
            self.consumers.moved(told.iter().map(Told::conversation));
            self.hear(&told);
        }
    }

    /// Everything is told before it is answered, in order, and nothing else.
    fn hear(&mut self, expected: &[Told]) {
        let mut told = Vec::new();
        while let Ok(batch) = self.feed.try_recv() {
            told.extend(batch.items.iter().map(as_told));
        }
        assert_eq!(told, expected, "the feed");
    }

    async fn read(&mut self, step: &Step) {
        match *step {
            Step::Page { app, conversation, uid, at, limit } => {
                let room = self.model.rooms.get(&conversation).filter(|room| room.app == app);
                let expected = room.map(|room| room.page(uid, at, limit));
                let real = self.log.db().read(move |tx| {
                    let Some(head) = heads::find(tx, app, conversation)? else { return Ok(None) };
                    let spans = spans::readable(tx, app, conversation, uid)?;
                    let mut rows = Vec::new();
                    let edges = messages::page(tx, app, &head, &spans, at, limit, &mut |row| {
                        rows.push(as_message(row));
                        Ok(())
                    })?;
                    Ok(Some((rows, edges)))
                });
                assert_eq!(real.await.expect("a page"), expected, "{step:?}");
            }
            Step::Changes { app, conversation, rev, limit } => {
                let real = self
                    .log
                    .db()
                    .read(move |tx| Ok(changes_after(tx, app, conversation, rev, limit)?));
                let expected = self.model.changes_after(app, conversation, rev, limit);
                assert_eq!(real.await.expect("changes"), expected, "{step:?}");
            }
            Step::Heads { uid, since_ms, limit } => {
                let since = since_ms.map(|ms| self.model.now.plus_ms(-ms));
                let db = self.log.db();
                let real = db.read(move |tx| Ok(heads::of_user(tx, uid, since, None, limit)?));
                let expected = self.model.heads_of(uid, since, None, limit);
                let real = real.await.expect("heads");
                assert_eq!(format!("{real:#?}"), format!("{expected:#?}"), "{step:?}");
            }
            Step::States { uid, rev, limit } => {
                let real = self.log.db().read(move |tx| Ok(state::after(tx, uid, rev, limit)?));
                let expected = self.model.states_after(uid, rev, limit);
                assert_eq!(real.await.expect("states"), expected, "{step:?}");
            }
            _ => {}
        }
    }

    async fn consume(&mut self, step: &Step) {
        let consumer = Consumer::new(self.log.clone(), CONSUMER);
        let now = self.model.now;
        let unavailable = |fail: Fail| fail.code().code;
        match *step {
            Step::Lease { holder, ttl_ms } => {
                let real = consumer.lease(holder, ttl_ms).await.expect("an answer");
                let expected = self.consumers.lease(holder, now, now.plus_ms(ttl_ms));
                assert_eq!(real.map(|lease| lease.fence), expected, "{step:?}");
            }
            Step::Todo => {
                let todo = consumer.todo().await.expect("an answer");
                assert_eq!(todo.conversations, self.consumers.todo(), "{step:?}");
                assert!(!todo.has_gap, "no move was forgotten: {todo:?}");
                self.todo = Some(todo);
            }
            Step::Follow { holder } => {
                let Some(todo) = self.todo.clone() else { return };
                let Some(fence) = self.consumers.held(holder) else { return };
                let followed = consumer.follow(Lease { fence }, todo.positions).await;
                let expected = self.consumers.follow(holder);
                assert_eq!(followed.map_err(unavailable), expected, "{step:?}");
            }
            Step::Advance { holder, conversation, seq, rev } => {
                let Some(fence) = self.consumers.held(holder) else { return };
                let Some(room) = self.model.rooms.get(&conversation) else { return };
                let cursor = Cursor { seq: place(seq, room.seq()), rev: place(rev, room.rev()) };
                let real = consumer.advance(Lease { fence }, conversation, cursor).await;
                let expected = self.consumers.advance(holder, conversation, cursor);
                assert_eq!(real.map_err(unavailable), expected, "{step:?}");
                let kept = self.consumers.cursor(conversation);
                let db = self.log.db();
                let real = db.read(move |tx| Ok(consumer.cursor(tx, conversation)?));
                assert_eq!(real.await.expect("a cursor"), kept, "{step:?}");
            }
            Step::Behind { after, limit } => {
                let real = consumer.behind(after, limit).await.expect("an answer");
                let rooms = self.model.rooms.iter();
                let behind = rooms.filter(|(conversation, room)| {
                    let cursor = self.consumers.cursor(**conversation);
                    **conversation > after && (room.seq() > cursor.seq || room.rev() > cursor.rev)
                });
                let behind: Vec<_> = behind.map(|(id, _)| *id).take(limit).collect();
                assert_eq!(real, behind, "{step:?}");
            }
            _ => {}
        }
    }

    /// Row by row, after the last step.
    pub(crate) async fn compare_everything(&mut self, db: &TestDb) {
        for conversation in CONVERSATIONS {
            self.compare_conversation(&db.db, conversation).await;
        }
        for uid in PEOPLE {
            let states = self.model.states_after(uid, 0, usize::MAX);
            let listed = self.model.heads_of(uid, None, None, usize::MAX);
            let read = db.db.read(move |tx| {
                let mut pages = Vec::new();
                loop {
                    let after = pages
                        .last()
                        .map(|one: &heads::HeadOfUser| (one.head.at, one.head.conversation));
                    let page = heads::of_user(tx, uid, None, after, 1)?;
                    if page.is_empty() {
                        break;
                    }
                    pages.extend(page);
                }
                let mut positions = Vec::new();
                heads::positions(tx, uid, &mut |conversation, seq, rev| {
                    positions.push((conversation, seq, rev));
                })?;
                let states = state::after(tx, uid, 0, usize::MAX)?;
                Ok((pages, positions, states, state::head(tx, uid)?))
            });
            let (pages, positions, real_states, rev) = read.await.expect("a user's lists");
            assert_eq!(format!("{pages:#?}"), format!("{listed:#?}"), "page by page");
            let mut expected: Vec<_> = listed
                .iter()
                .map(|one| (one.head.conversation, one.head.seq, one.head.rev))
                .collect();
            expected.sort_unstable();
            assert_eq!(positions, expected);
            assert_eq!((real_states, rev), (states, self.model.state_rev(uid)));
        }
        self.compare_moves(&db.db).await;
        let rooms = || self.model.rooms.values();
        let expected = [
            rooms().count(),
            rooms().map(|room| room.kept().len()).sum(),
            rooms().map(|room| room.changes.len()).sum(),
            rooms().map(|room| room.keys.len()).sum(),
        ];
        let counted = db.db.read(|tx| {
            Ok(tx.first(COUNTS, &[], |row| {
                Ok([row.int(0)?, row.int(1)?, row.int(2)?, row.int(3)?])
            })?)
        });
        let counted = counted.await.expect("counts").unwrap_or_default();
        assert_eq!(counted, expected.map(|count| count as i64), "rows and nothing beside them");
    }

    async fn compare_conversation(&self, db: &Db, conversation: ConversationId) {
        let Some(room) = self.model.rooms.get(&conversation) else { return };
        let app = room.app;
        let real = db.read(move |tx| {
            let head = heads::find(tx, app, conversation)?;
            let mut rows = Vec::new();
            if let Some(head) = &head {
                let all = spans::Spans::new([(1, i64::MAX)]);
                let at = messages::At::After(0);
                messages::page(tx, app, head, &all, at, 1_000, &mut |row| {
                    rows.push(as_message(row));
                    Ok(())
                })?;
            }
            let mut members = spans::members(tx, conversation)?;
            members.sort_unstable();
            let keys = tx.all(KEYS, &[conversation.as_bytes().into()], |row| {
                let key = (row.bytes(0)?.to_owned(), Uid(row.int(1)?));
                Ok((key, row.int(2)?, row.bytes(3)?.to_owned(), row.int(4)?))
            })?;
            Ok((head, rows, changes_after(tx, app, conversation, 0, 1_000)?, members, keys))
        });
        let (head, rows, changes, members, mut keys) = real.await.expect("a conversation");
        assert_eq!(head, Some(room.head(conversation)));
        assert_eq!(rows, room.kept());
        assert_eq!(changes, room.changes);
        assert_eq!(members, room.members());
        keys.sort_unstable();
        let expected = room.keys.iter();
        let expected: Vec<_> =
            expected.map(|(id, key)| (id.clone(), key.seq, key.hash.to_vec(), key.at.0)).collect();
        assert_eq!(keys, expected);
        for uid in PEOPLE {
            let head = room.seq();
            let real = db.read(move |tx| {
                let spans = spans::readable(tx, app, conversation, uid)?;
                let marks = marks::find(tx, conversation, uid)?;
                Ok((spans, marks, marks::unread(tx, conversation, uid, head)?))
            });
            let (spans, marks, unread) = real.await.expect("what a member has");
            assert_eq!((marks, unread), (room.marks(uid), room.unread(uid)), "{uid:?}");
            assert_eq!(spans.is_member(), room.is_member(uid), "{uid:?} {spans:?}");
            assert_eq!(spans.is_empty(), !room.may_read_anything(uid), "{uid:?} {spans:?}");
            for seq in 0..=head + 1 {
                assert_eq!(spans.may_read(seq), room.may_read(uid, seq), "{uid:?} {seq} {spans:?}");
            }
        }
    }

    /// Gapless in each lane, never backwards, and together they lead to every head.
    async fn compare_moves(&self, db: &Db) {
        let read = db.read(|tx| {
            let lanes = moves::lanes(tx)?;
            let rows: Result<Vec<_>, DbError> =
                lanes.iter().map(|lane| moves::after(tx, *lane, 0, usize::MAX)).collect();
            Ok(rows?)
        });
        let mut reached = std::collections::BTreeMap::new();
        for lane in read.await.expect("moves") {
            let mut own = std::collections::BTreeMap::new();
            for (n, moved) in (1..).zip(lane) {
                assert_eq!(moved.n, n, "gapless");
                assert!(!moved.moves.is_empty());
                for one in moved.moves {
                    let before = own.insert(one.conversation, (one.seq, one.rev));
                    let now = (one.seq, one.rev);
                    assert!(
                        before.is_none_or(|was| was.0 <= now.0 && was.1 <= now.1 && was != now)
                    );
                    let (seq, rev) = reached.entry(one.conversation).or_insert((0, 0));
                    (*seq, *rev) = ((*seq).max(one.seq), (*rev).max(one.rev));
                }
            }
        }
        let moved = self.model.rooms.iter().map(|(id, room)| (*id, (room.seq(), room.rev())));
        let expected: std::collections::BTreeMap<_, _> =
            moved.filter(|(_, position)| *position != (0, 0)).collect();
        assert_eq!(reached, expected, "every head is reached by the moves");
    }
}

fn perform(log: &mut LogTx<'_>, act: &Act) -> Result<Answer, Fail> {
    let conversation = act.conversation();
    let (app, now) = (log.app(), log.now());
    match act {
        Act::Create(conversation) => return log.create(*conversation).map(Answer::Flag),
        Act::Put { uid, kind, key, body } => {
            return log.put_state(*uid, kind, key, &body_of(*body)).map(Answer::Number);
        }
        Act::Remove { uid, kind, key } => {
            return log.remove_state(*uid, kind, key).map(Answer::Flag);
        }
        _ => {}
    }
    // What changes no counter and nobody's rights is done without the head lock.
    let is_light = matches!(act, Act::Redact { .. } | Act::Trim { .. } | Act::Raise { .. });
    let found = match is_light {
        true => heads::find(log.read(), app, conversation)?,
        false => log.lock(conversation)?,
    };
    let Some(head) = found.map(|head| head.seq) else { return Ok(Answer::Missing) };
    Ok(match *act {
        Act::Open { uid, from, gate, .. } => {
            if spans::readable(log.read(), app, conversation, uid)?.is_member() {
                return Ok(Answer::Flag(false));
            }
            log.open_span(conversation, uid, place(from, head).max(1), gate.at(now))?;
            Answer::Flag(true)
        }
        Act::Close { uid, .. } => Answer::Flag(log.close_span(conversation, uid)?),
        Act::SetGate { uid, gate, .. } => {
            log.set_gate(conversation, uid, gate.at(now))?;
            Answer::Nothing
        }
        Act::Change { target, members, data, .. } => {
            let target = target.map(|target| place(target, head));
            Answer::Head(log.change(new_change(conversation, target, members, data))?)
        }
        Act::Say { data, .. } => Answer::Head(log.say(notice(app, conversation, data))?),
        Act::Redact { seq, .. } => {
            Answer::Flag(redact::redact(log.tx(), app, conversation, place(seq, head))?)
        }
        Act::Trim { seq, .. } => {
            let count = log.trim(conversation, place(seq, head))?;
            Answer::Number(i64::try_from(count).unwrap_or(i64::MAX))
        }
        Act::Raise { uid, delivered, read, shown, .. } => {
            let [delivered_seq, read_seq, receipt_seq] =
                [delivered, read, shown].map(|place| mark(place, head));
            let wanted = Marks { delivered_seq, read_seq, receipt_seq, unread_from: None };
            Answer::Marks(log.raise_marks(conversation, uid, wanted)?)
        }
        Act::Create(_) | Act::Put { .. } | Act::Remove { .. } => Answer::Nothing,
    })
}

fn new_change(
    conversation: ConversationId,
    target_seq: Option<i64>,
    members: bool,
    data: u8,
) -> NewChange {
    let (kind, audience) = if members {
        let audience = AudienceChange::Members {
            joined: vec![Uid(i64::from(data))],
            left: Vec::new(),
            snapshot: body_of(data).into(),
        };
        ("members.changed", audience)
    } else {
        ("message.edited", AudienceChange::Same)
    };
    let actor = Uid(i64::from(data));
    NewChange { conversation, kind, target_seq, actor, data: body_of(data).into(), audience }
}

fn notice(app: AppNo, conversation: ConversationId, data: u8) -> NewMessage {
    NewMessage {
        app,
        conversation,
        sender: Uid::NONE,
        sender_id: UserId::none(),
        client_id: notice_id(data),
        hash: [data; 16],
        kind: "system",
        body: body_of(data).into(),
        quotes: None,
        writing: Writing::AsServer,
    }
}

fn new_message(send: &Send) -> NewMessage {
    NewMessage {
        app: send.app,
        conversation: send.conversation,
        sender: send.uid,
        sender_id: UserId::none(),
        client_id: send.client_id.clone(),
        hash: send.hash(),
        kind: "text",
        body: send.body().into(),
        quotes: send.quotes,
        writing: if send.is_server { Writing::AsServer } else { Writing::AsMember },
    }
}

fn as_message(row: &messages::MessageRow<'_>) -> Message {
    Message {
        seq: row.seq,
        sender: row.sender,
        is_redacted: row.is_redacted,
        kind: row.kind.to_owned(),
        client_id: row.client_id.to_owned(),
        at: row.at,
        body: row.body.to_owned(),
    }
}

fn changes_after(
    tx: &mut dyn ReadTx,
    app: AppNo,
    conversation: ConversationId,
    rev: i64,
    limit: usize,
) -> Result<Vec<Change>, DbError> {
    let mut found = Vec::new();
    changes::after(tx, app, conversation, rev, limit, &mut |row| {
        found.push(Change {
            rev: row.rev,
            at_seq: row.at_seq,
            members_rev: row.members_rev,
            kind: row.kind.to_owned(),
            target_seq: row.target_seq,
            actor: row.actor,
            at: row.at,
            data: row.data.to_owned(),
        });
        Ok(())
    })?;
    Ok(found)
}

fn as_told(logged: &Logged) -> Told {
    match logged {
        Logged::Message(message) => Told::Message(
            message.conversation,
            message.members_rev,
            Message {
                seq: message.seq,
                sender: message.sender,
                is_redacted: false,
                kind: message.kind.clone().into_owned(),
                client_id: message.client_id.as_bytes().to_owned(),
                at: message.at,
                body: message.body.to_vec(),
            },
        ),
        Logged::Change(change) => Told::Change(
            change.conversation,
            Change {
                rev: change.rev,
                at_seq: change.at_seq,
                members_rev: change.members_rev,
                kind: change.kind.clone().into_owned(),
                target_seq: change.target_seq,
                actor: change.actor,
                at: change.at,
                data: change.data.to_vec(),
            },
        ),
    }
}
