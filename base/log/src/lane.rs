//! The append lane: many messages, one transaction.

use std::sync::Arc;

use hoopoe_db::{DbError, DbErrorKind, Lane, WriteTx};
use hoopoe_kernel::{Env, Fail, Uid, faults};
use hoopoe_wire::{ConversationId, Time, codes};

use crate::{
    Appended, Head, Logged, LoggedMessage, NewMessage, Writing,
    append::{Item, Queue},
    append_fork,
    cache::{Cache, Entry, Sender, SharedCache},
    feed::Feed,
    heads, marks,
    marks::Marks,
    moves::{self, Move},
    spans,
};

/// Nothing is inserted when the key is there: one descent instead of a look and an insert.
const INSERT_KEY: &str = "INSERT INTO client_keys \
        (client_id, conversation, sender, app, seq, at_us, hash) \
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (client_id, conversation, sender) DO NOTHING";
const FIND_KEY: &str = "SELECT seq, hash, at_us FROM client_keys \
    WHERE client_id = $1 AND conversation = $2 AND sender = $3";
pub(crate) const INSERT_MESSAGE: &str = "INSERT INTO messages \
        (conversation, app, seq, sender, state, kind, client_id, at_us, expires_at_us, body) \
    VALUES ($1, $2, $3, $4, 0, $5, $6, $7, NULL, $8)";
const MOVE_HEAD: &str = "UPDATE heads SET seq = $1, at_us = $2 WHERE conversation = $3";

pub(crate) const STATEMENTS: &[&str] = &[INSERT_KEY, FIND_KEY, INSERT_MESSAGE, MOVE_HEAD];

/// State of one append connection, owned by the driver's writer.
pub(crate) struct AppendLane {
    pub(crate) lane: i64,
    pub(crate) env: Arc<Env>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) cache: SharedCache,
    pub(crate) feed: Arc<Feed>,
    pub(crate) limit: usize,
    pub(crate) conversations_max: usize,
    pub(crate) caches_heads: bool,
    pub(crate) batch: Batch,
    /// Batches stay small for a while after one had to be split.
    pub(crate) small_batches: usize,
}

/// The batch in work.
#[derive(Default)]
pub(crate) struct Batch {
    items: Vec<Item>,
    answers: Vec<Result<Appended, Fail>>,
    touched: Vec<ConversationId>,
    /// Of the newest transaction that is known to be stored.
    n: i64,
    /// Whether this batch has a row of moves; one of repeats and refusals has none.
    has_moves: bool,
    /// The last batch failed, and it may be stored all the same: the answer to its COMMIT was lost.
    is_unsure: bool,
    /// The database lacks what this node has acknowledged.
    new_epoch: Option<i64>,
}

impl Lane for AppendLane {
    fn take(&mut self) -> bool {
        let limit = if self.small_batches > 0 {
            self.small_batches -= 1;
            1
        } else {
            self.limit
        };
        self.queue.take(limit, &mut self.batch.items);
        self.keep_conversations();
        !self.batch.items.is_empty()
    }

    fn run(&mut self, tx: &mut dyn WriteTx) -> Result<(), DbError> {
        let cache = self.cache.clone();
        let mut cache = cache.lock();
        self.forget_touched(&mut cache);
        self.batch.answers.clear();
        self.batch.has_moves = false;
        let now = self.env.clock.now();
        if faults::strikes("swapped_pair") {
            self.swap_pair();
        }
        if !self.caches_heads {
            cache.clear();
            self.lock_heads(tx, &mut cache, now)?;
        }
        for index in 0..self.batch.items.len() {
            let answer = self.append_one(tx, &mut cache, index, now)?;
            self.batch.answers.push(answer);
        }
        self.flush(tx, &mut cache, now)
    }

    fn split(&mut self) -> bool {
        if self.batch.items.len() <= 1 {
            return false;
        }
        let returned = self.batch.items.split_off(1);
        self.small_batches = returned.len();
        self.queue.put_back(returned);
        true
    }

    fn committed(&mut self) {
        let mut cache = self.cache.lock();
        for conversation in self.batch.touched.drain(..) {
            cache.settle(conversation);
        }
        drop(cache);
        if std::mem::take(&mut self.batch.has_moves) {
            self.batch.n += 1;
            self.batch.is_unsure = false;
        }
        let mut logged = Vec::with_capacity(self.batch.items.len());
        let mut replies = Vec::with_capacity(self.batch.items.len());
        for (item, answer) in self.batch.items.drain(..).zip(self.batch.answers.drain(..)) {
            if let Ok(appended) = &answer
                && !appended.is_repeat
            {
                logged.push(Logged::Message(as_logged(item.message, appended)));
            }
            replies.push((item.reply, answer));
        }
        // Told before it is answered: who has the answer and then asks for a fence finds the event
        // in front of it.
        self.feed.publish(logged, self.batch.new_epoch.take());
        // A caller that has gone missed its answer, not its message.
        for (reply, answer) in replies {
            drop(reply.send(answer));
        }
        faults::point("append.after_ack");
    }

    fn failed(&mut self, error: &DbError) {
        let cache = self.cache.clone();
        self.forget_touched(&mut cache.lock());
        self.batch.answers.clear();
        self.batch.is_unsure = true;
        for item in self.batch.items.drain(..) {
            drop(item.reply.send(Err(error.clone().into())));
        }
    }
}

impl Drop for AppendLane {
    /// The driver has closed: who comes now, or still waits, must not wait for ever.
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl AppendLane {
    /// Gives back what would lock more conversations than a batch may.
    fn keep_conversations(&mut self) {
        if self.conversations_max == usize::MAX {
            return;
        }
        let mut ids: Vec<ConversationId> = Vec::new();
        let cut = self.batch.items.iter().position(|item| {
            if !ids.contains(&item.message.conversation) {
                ids.push(item.message.conversation);
            }
            ids.len() > self.conversations_max
        });
        if let Some(cut) = cut {
            self.queue.put_back(self.batch.items.split_off(cut));
        }
    }

    fn forget_touched(&mut self, cache: &mut Cache) {
        for conversation in self.batch.touched.drain(..) {
            cache.forget(conversation);
        }
    }

    fn lock_heads(
        &mut self,
        tx: &mut dyn WriteTx,
        cache: &mut Cache,
        now: Time,
    ) -> Result<(), DbError> {
        let mut ids: Vec<ConversationId> =
            self.batch.items.iter().map(|item| item.message.conversation).collect();
        ids.sort_unstable();
        ids.dedup();
        let heads = append_fork::lock_many(tx.as_read(), &ids)?;
        let found = |id: &ConversationId| {
            heads.binary_search_by_key(id, |head| head.conversation).ok().map(|at| &heads[at])
        };
        let has_lost = ids.iter().any(|id| self.feed.epoch.has_lost(*id, found(id)));
        self.batch.new_epoch = if has_lost { Some(self.feed.epoch.next(tx, now)?) } else { None };
        for head in heads {
            cache.put(head);
        }
        Ok(())
    }

    /// Everything that can refuse comes before the seq is given. Outer error: the whole batch.
    fn append_one(
        &mut self,
        tx: &mut dyn WriteTx,
        cache: &mut Cache,
        index: usize,
        now: Time,
    ) -> Result<Result<Appended, Fail>, DbError> {
        let message = &self.batch.items[index].message;
        let conversation = message.conversation;
        if cache.get(conversation).is_none() && self.caches_heads {
            let found =
                tx.as_read().first(heads::FIND, &[(&conversation.0).into()], heads::read)?;
            if let Some(head) = found {
                cache.put(head);
            }
        }
        let Some(entry) = cache.get(conversation).filter(|entry| entry.head.app == message.app)
        else {
            return Ok(Err(Fail::new(&codes::CONVERSATION_NOT_FOUND)));
        };
        let mut allowed = may_write(tx, entry, message, now)?;
        if allowed.is_ok() && !may_quote(tx, &entry.head, message)? {
            allowed = Err(Fail::field("/reply_to", "unknown", "there is no message of this seq"));
        }
        if allowed.is_ok()
            && let Some(demand) = &self.batch.items[index].demand
        {
            allowed = demand.check(tx.as_read())?;
        }
        if let Err(refusal) = allowed {
            // What was stored stays stored: whoever asks again is told so, though by now they were
            // muted or removed, or what they quoted was trimmed.
            let repeated = repeat(tx, message, &entry.head)?.and_then(Result::ok);
            return Ok(repeated.ok_or(refusal));
        }
        let seq = entry.head.seq + 1;
        if !insert_key(tx, message, seq, now)? {
            let repeated = repeat(tx, message, &entry.head)?;
            return Ok(repeated.unwrap_or_else(|| Err(Fail::internal())));
        }
        if faults::strikes("early_ack") {
            self.answer_early(index, seq, now);
        }
        self.append_row(tx, cache, index, seq, now)
    }

    fn append_row(
        &mut self,
        tx: &mut dyn WriteTx,
        cache: &mut Cache,
        index: usize,
        seq: i64,
        now: Time,
    ) -> Result<Result<Appended, Fail>, DbError> {
        let message = &self.batch.items[index].message;
        let Some(entry) = cache.get(message.conversation) else {
            return Ok(Err(Fail::internal()));
        };
        let members_rev = entry.head.members_rev;
        let appended = Appended { seq, at: now, members_rev, is_repeat: false };
        if faults::strikes("lost_row") {
            return Ok(Ok(appended));
        }
        insert_message(tx, message, seq, now)?;
        let mut last_seq = seq;
        if faults::strikes("doubled_row") {
            last_seq += 1;
            insert_message(tx, message, last_seq, now)?;
        }
        if faults::strikes("phantom") {
            last_seq += 1;
            let mut phantom = message.clone();
            phantom.client_id = crate::ClientId::from_uuid(self.env.fresh_id());
            phantom.body = (&br#"{"text":"nobody said this"}"#[..]).into();
            insert_message(tx, &phantom, last_seq, now)?;
        }
        if faults::strikes("hole") {
            last_seq += 1;
        }
        count_as_read(tx, entry, message, seq)?;
        entry.head.seq = last_seq;
        entry.head.at = now;
        if !entry.is_touched {
            entry.is_touched = true;
            self.batch.touched.push(message.conversation);
        }
        Ok(Ok(appended))
    }

    /// The seeded bug: two messages of one sender change places.
    fn swap_pair(&mut self) {
        let same = |pair: &[Item]| {
            let (one, other) = (&pair[0].message, &pair[1].message);
            (one.conversation, one.sender) == (other.conversation, other.sender)
        };
        if let Some(at) = self.batch.items.windows(2).position(same) {
            self.batch.items.swap(at, at + 1);
        }
    }

    /// The seeded bug: the answer leaves before the commit.
    fn answer_early(&mut self, index: usize, seq: i64, now: Time) {
        let (unused, _) = tokio::sync::oneshot::channel();
        let reply = std::mem::replace(&mut self.batch.items[index].reply, unused);
        drop(reply.send(Ok(Appended { seq, at: now, members_rev: 1, is_repeat: false })));
    }

    /// Heads and marks once per batch, and the row of moves.
    fn flush(&mut self, tx: &mut dyn WriteTx, cache: &mut Cache, now: Time) -> Result<(), DbError> {
        if self.batch.touched.is_empty() {
            return Ok(());
        }
        let mut moved = Vec::with_capacity(self.batch.touched.len());
        for conversation in &self.batch.touched {
            let Some(entry) = cache.get(*conversation) else { continue };
            let Head { seq, rev, app, .. } = entry.head;
            tx.execute(MOVE_HEAD, &[seq.into(), now.0.into(), (&conversation.0).into()])?;
            moved.push(Move { conversation: *conversation, seq, rev });
            for uid in entry.dirty_senders.drain(..) {
                let Some(sender) = entry.senders.get_mut(&uid) else { continue };
                if std::mem::take(&mut sender.has_read) {
                    let own = Marks { read_seq: sender.read_seq, ..Marks::default() };
                    marks::raise(tx, app, *conversation, uid, own)?;
                }
                let uncounted = std::mem::take(&mut sender.uncounted);
                if uncounted > 0 {
                    marks::add_uncounted(tx, app, *conversation, uid, uncounted)?;
                }
            }
        }
        if self.batch.is_unsure {
            self.batch.n = moves::last(tx.as_read(), self.lane)?.max(self.batch.n);
        }
        self.batch.has_moves = true;
        let inserted = moves::insert(tx, self.lane, self.batch.n + 1, now, moved.into_iter());
        inserted.map_err(|error| match error.kind() {
            // The lost transaction has ended just now: look again.
            DbErrorKind::Constraint if self.batch.is_unsure => {
                DbError::new(DbErrorKind::Retry, error.to_string())
            }
            _ => error,
        })
    }
}

/// Asks, inside the transaction, whether the sender may.
fn may_write(
    tx: &mut dyn WriteTx,
    entry: &mut Entry,
    message: &NewMessage,
    now: Time,
) -> Result<Result<(), Fail>, DbError> {
    let gate_us = gate(tx, entry, message)?;
    Ok(match (message.writing, gate_us) {
        (Writing::AsServer, _) => Ok(()),
        (Writing::AsMember, None) => Err(Fail::new(&codes::CONVERSATION_NOT_FOUND)),
        (Writing::AsMember, Some(gate_us)) if gate_us > now.0 => {
            Err(Fail::new(&codes::MESSAGE_FORBIDDEN))
        }
        (Writing::AsMember, Some(_)) => Ok(()),
    })
}

/// Since when the sender may write; `None`: they are no member. Also remembers them, because a
/// member's own message counts as read whoever sends it for them.
fn gate(
    tx: &mut dyn WriteTx,
    entry: &mut Entry,
    message: &NewMessage,
) -> Result<Option<i64>, DbError> {
    if message.sender == Uid::NONE {
        return Ok(None);
    }
    if let Some(sender) = entry.senders.get(&message.sender) {
        return Ok(Some(sender.gate_us));
    }
    let key = [(&message.conversation.0).into(), message.sender.0.into()];
    let Some(gate_us) = tx.as_read().first(spans::GATE, &key, |row| row.int(0))? else {
        return Ok(None);
    };
    let marks = marks::find(tx.as_read(), message.conversation, message.sender)?;
    let sender = Sender { gate_us, read_seq: marks.read_seq, uncounted: 0, has_read: false };
    entry.senders.insert(message.sender, sender);
    Ok(Some(gate_us))
}

/// A quote stays within the conversation and within what the sender may read.
fn may_quote(tx: &mut dyn WriteTx, head: &Head, message: &NewMessage) -> Result<bool, DbError> {
    let Some(seq) = message.quotes else { return Ok(true) };
    if seq <= head.floor_seq || seq > head.seq {
        return Ok(false);
    }
    if message.writing == Writing::AsServer {
        return Ok(true);
    }
    let spans = spans::readable(tx.as_read(), head.app, head.conversation, message.sender)?;
    Ok(spans.may_read(seq))
}

/// `false`: the key was there.
fn insert_key(
    tx: &mut dyn WriteTx,
    message: &NewMessage,
    seq: i64,
    now: Time,
) -> Result<bool, DbError> {
    let args = [
        message.client_id.as_bytes().into(),
        (&message.conversation.0).into(),
        message.sender.0.into(),
        message.app.0.into(),
        seq.into(),
        now.0.into(),
        (&message.hash).into(),
    ];
    Ok(tx.execute(INSERT_KEY, &args)? == 1)
}

/// The same request again is the same message; another one under its id is refused. `None`: this
/// sender has not used the id here.
fn repeat(
    tx: &mut dyn WriteTx,
    message: &NewMessage,
    head: &Head,
) -> Result<Option<Result<Appended, Fail>>, DbError> {
    let key = [
        message.client_id.as_bytes().into(),
        (&message.conversation.0).into(),
        message.sender.0.into(),
    ];
    let found = tx.as_read().first(FIND_KEY, &key, |row| {
        Ok((row.int(0)?, row.bytes(1)? == message.hash, Time(row.int(2)?)))
    })?;
    Ok(found.map(|(seq, is_same, at)| match is_same {
        true => Ok(Appended { seq, at, members_rev: head.members_rev, is_repeat: true }),
        false => Err(Fail::new(&codes::CLIENT_ID_CONFLICT)),
    }))
}

pub(crate) fn insert_message(
    tx: &mut dyn WriteTx,
    message: &NewMessage,
    seq: i64,
    now: Time,
) -> Result<(), DbError> {
    let args = [
        (&message.conversation.0).into(),
        message.app.0.into(),
        seq.into(),
        message.sender.0.into(),
        message.kind.into(),
        message.client_id.as_bytes().into(),
        now.0.into(),
        (&message.body[..]).into(),
    ];
    tx.execute(INSERT_MESSAGE, &args).map(|_| ())
}

/// Who had read everything has read their own message too; for anyone else it just does not count.
fn count_as_read(
    tx: &mut dyn WriteTx,
    entry: &mut Entry,
    message: &NewMessage,
    seq: i64,
) -> Result<(), DbError> {
    let head = entry.head;
    let Some(sender) = entry.senders.get_mut(&message.sender) else { return Ok(()) };
    let is_known_dirty = sender.has_read || sender.uncounted > 0;
    if sender.read_seq < seq - 1 {
        marks::uncount(tx, head.app, head.conversation, message.sender, seq)?;
        sender.uncounted += 1;
    } else {
        sender.read_seq = seq;
        sender.has_read = true;
    }
    if !is_known_dirty {
        entry.dirty_senders.push(message.sender);
    }
    Ok(())
}

pub(crate) fn as_logged(message: NewMessage, appended: &Appended) -> LoggedMessage {
    LoggedMessage {
        app: message.app,
        conversation: message.conversation,
        seq: appended.seq,
        members_rev: appended.members_rev,
        sender: message.sender,
        sender_id: message.sender_id,
        client_id: message.client_id,
        kind: message.kind.into(),
        is_redacted: false,
        body: message.body,
        at: appended.at,
    }
}
