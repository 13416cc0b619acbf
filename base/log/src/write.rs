//! Transactions that change conversations: members, names, settings.

use std::sync::Arc;

use bytes::Bytes;
use hoopoe_db::{BoxedWrite, DbError, ReadTx, Verdict, WriteTx};
use hoopoe_kernel::{AppNo, Env, Fail, Uid};
use hoopoe_wire::{ConversationId, Time};
use tokio::sync::oneshot;

use crate::{
    Appended, AudienceChange, Head, Logged, LoggedChange, Marks, NewMessage, WriteGate,
    append_fork,
    cache::SharedCache,
    epoch::Epoch,
    feed::Feed,
    lane, marks,
    moves::{self, Move},
    spans, state, trim,
};

const CREATE: &str = "INSERT INTO heads \
        (conversation, app, seq, rev, members_rev, floor_seq, at_us) \
    VALUES ($1, $2, 0, 0, 0, 0, $3) ON CONFLICT (conversation) DO NOTHING";
const INSERT_CHANGE: &str = "INSERT INTO changes \
        (conversation, app, rev, at_seq, members_rev, kind, target_seq, actor, at_us, data) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
const SET_HEAD: &str =
    "UPDATE heads SET seq = $1, rev = $2, members_rev = $3, at_us = $4 WHERE conversation = $5";

pub(crate) const STATEMENTS: &[&str] = &[CREATE, INSERT_CHANGE, SET_HEAD];

/// A change to write down.
#[derive(Debug, Clone)]
pub struct NewChange {
    /// Where.
    pub conversation: ConversationId,
    /// The event's name, `member.added`.
    pub kind: &'static str,
    /// The message that it changes.
    pub target_seq: Option<i64>,
    /// Who does it.
    pub actor: Uid,
    /// The event's `data`, JSON, the same for every recipient.
    pub data: Bytes,
    /// What it does to the audience.
    pub audience: AudienceChange,
}

/// One transaction over conversations of one app.
pub struct LogTx<'a> {
    tx: &'a mut dyn WriteTx,
    app: AppNo,
    now: Time,
    cache: &'a SharedCache,
    logged: &'a mut Vec<Logged>,
    moved: Vec<Head>,
    epoch: &'a Epoch,
    new_epoch: &'a mut Option<i64>,
}

impl LogTx<'_> {
    /// The transaction itself, for the domain's own statements.
    pub fn tx(&mut self) -> &mut dyn WriteTx {
        self.tx
    }

    /// The same, for reading.
    pub fn read(&mut self) -> &mut dyn ReadTx {
        self.tx.as_read()
    }

    /// The tenant.
    pub fn app(&self) -> AppNo {
        self.app
    }

    /// One time for the whole transaction.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Creates the head of a conversation. `false`: it was there; its lock is taken then.
    pub fn create(&mut self, conversation: ConversationId) -> Result<bool, Fail> {
        let args = [(&conversation.0).into(), self.app.0.into(), self.now.0.into()];
        let created = self.tx.execute(CREATE, &args)? == 1;
        self.lock(conversation)?;
        Ok(created)
    }

    /// Takes the head lock. `None`: there is no such conversation in this app.
    pub fn lock(&mut self, conversation: ConversationId) -> Result<Option<Head>, Fail> {
        if let Some(head) = self.moved.iter().find(|head| head.conversation == conversation) {
            return Ok(Some(*head));
        }
        self.cache.lock().forget(conversation);
        let head = append_fork::lock(self.tx.as_read(), conversation)?;
        if self.epoch.has_lost(conversation, head.as_ref()) {
            *self.new_epoch = Some(self.epoch.next(self.tx, self.now)?);
        }
        Ok(head.filter(|head| head.app == self.app))
    }

    /// Writes a change down and gives it the next `rev`. Takes the head lock.
    pub fn change(&mut self, change: NewChange) -> Result<Head, Fail> {
        let mut head = self.lock(change.conversation)?.ok_or_else(Fail::internal)?;
        let members_rev_before = head.members_rev;
        head.rev += 1;
        head.at = self.now;
        if matches!(change.audience, AudienceChange::Members { .. }) {
            head.members_rev = head.rev;
        }
        let args = [
            (&change.conversation.0).into(),
            self.app.0.into(),
            head.rev.into(),
            head.seq.into(),
            head.members_rev.into(),
            change.kind.into(),
            change.target_seq.into(),
            change.actor.0.into(),
            self.now.0.into(),
            (&change.data[..]).into(),
        ];
        self.tx.execute(INSERT_CHANGE, &args)?;
        self.set_head(head)?;
        self.logged.push(Logged::Change(LoggedChange {
            app: self.app,
            conversation: change.conversation,
            rev: head.rev,
            at_seq: head.seq,
            members_rev: head.members_rev,
            members_rev_before,
            kind: change.kind.into(),
            target_seq: change.target_seq,
            actor: change.actor,
            data: change.data,
            audience: change.audience,
            at: self.now,
        }));
        Ok(head)
    }

    /// Appends a message of the server (kind `system`) in the same transaction.
    pub fn say(&mut self, notice: NewMessage) -> Result<Head, Fail> {
        let mut head = self.lock(notice.conversation)?.ok_or_else(Fail::internal)?;
        head.seq += 1;
        head.at = self.now;
        lane::insert_message(self.tx, &notice, head.seq, self.now)?;
        self.set_head(head)?;
        let appended = Appended {
            seq: head.seq,
            at: self.now,
            members_rev: head.members_rev,
            is_repeat: false,
        };
        self.logged.push(Logged::Message(lane::as_logged(notice, &appended)));
        Ok(head)
    }

    fn set_head(&mut self, head: Head) -> Result<(), Fail> {
        let args = [
            head.seq.into(),
            head.rev.into(),
            head.members_rev.into(),
            head.at.0.into(),
            (&head.conversation.0).into(),
        ];
        self.tx.execute(SET_HEAD, &args)?;
        self.cache.lock().forget(head.conversation);
        match self.moved.iter_mut().find(|moved| moved.conversation == head.conversation) {
            Some(moved) => *moved = head,
            None => self.moved.push(head),
        }
        Ok(())
    }

    /// Lets a user read from `from_seq` on, and write as the gate says. Hold the head lock.
    pub fn open_span(
        &mut self,
        conversation: ConversationId,
        uid: Uid,
        from_seq: i64,
        gate: WriteGate,
    ) -> Result<(), Fail> {
        let args = [
            (&conversation.0).into(),
            uid.0.into(),
            from_seq.into(),
            self.app.0.into(),
            gate.to_us().into(),
        ];
        self.tx.execute(spans::OPEN, &args)?;
        Ok(())
    }

    /// Ends a user's reading at the head as it is now. `false`: they were no member.
    pub fn close_span(&mut self, conversation: ConversationId, uid: Uid) -> Result<bool, Fail> {
        let head = self.lock(conversation)?.ok_or_else(Fail::internal)?;
        let args = [head.seq.into(), (&conversation.0).into(), uid.0.into()];
        Ok(self.tx.execute(spans::CLOSE, &args)? > 0)
    }

    /// Changes since when a member may write. Hold the head lock.
    pub fn set_gate(
        &mut self,
        conversation: ConversationId,
        uid: Uid,
        gate: WriteGate,
    ) -> Result<(), Fail> {
        let args = [gate.to_us().into(), (&conversation.0).into(), uid.0.into()];
        self.tx.execute(spans::SET_GATE, &args)?;
        self.cache.lock().forget(conversation);
        Ok(())
    }

    /// Raises a member's marks and returns them as they are now.
    pub fn raise_marks(
        &mut self,
        conversation: ConversationId,
        uid: Uid,
        marks: Marks,
    ) -> Result<Marks, Fail> {
        self.cache.lock().forget_sender(conversation, uid);
        Ok(marks::raise(self.tx, self.app, conversation, uid, marks)?)
    }

    /// Deletes the messages up to `seq` for good. Their keys stay: a repeat is recognised for 90 days
    /// more. Returns how many rows went; 0 when `seq` is beyond the head or was trimmed before. Takes
    /// the head lock.
    pub fn trim(&mut self, conversation: ConversationId, seq: i64) -> Result<u64, Fail> {
        if self.lock(conversation)?.is_none() {
            return Ok(0);
        }
        let count = trim::trim(self.tx, self.app, conversation, seq)?;
        if count > 0
            && let Some(moved) = self.moved.iter_mut().find(|one| one.conversation == conversation)
        {
            moved.floor_seq = seq;
        }
        Ok(count)
    }

    /// Puts a value into the user state log and returns its rev there.
    pub fn put_state(
        &mut self,
        uid: Uid,
        kind: &str,
        key: &[u8],
        body: &[u8],
    ) -> Result<i64, Fail> {
        Ok(state::put(self.tx, self.app, uid, &state::Put { kind, key, body, at: self.now })?)
    }

    /// Removes a value from the user state log, leaving a tombstone. `false`: it was not there.
    pub fn remove_state(&mut self, uid: Uid, kind: &str, key: &[u8]) -> Result<bool, Fail> {
        Ok(state::remove(self.tx, self.app, uid, kind, key, self.now)?)
    }
}

/// A transaction on its way through the driver. It outlives its caller: what it changed is told
/// after the commit whether anyone still waits or not.
pub(crate) struct Changing<F, T> {
    pub(crate) work: F,
    pub(crate) app: AppNo,
    pub(crate) lane: i64,
    pub(crate) env: Arc<Env>,
    pub(crate) cache: SharedCache,
    pub(crate) feed: Arc<Feed>,
    pub(crate) logged: Vec<Logged>,
    /// The database lacks what this node has acknowledged.
    pub(crate) new_epoch: Option<i64>,
    pub(crate) value: Option<Result<T, Fail>>,
    pub(crate) reply: oneshot::Sender<Result<T, Fail>>,
}

impl<F, T> Changing<F, T>
where
    F: FnMut(&mut LogTx<'_>) -> Result<T, Fail> + Send,
{
    fn run(&mut self, tx: &mut dyn WriteTx) -> Result<T, Fail> {
        let now = self.env.clock.now();
        let mut log = LogTx {
            tx,
            app: self.app,
            now,
            cache: &self.cache,
            logged: &mut self.logged,
            moved: Vec::new(),
            epoch: &self.feed.epoch,
            new_epoch: &mut self.new_epoch,
        };
        let value = (self.work)(&mut log)?;
        let moved = std::mem::take(&mut log.moved);
        if !moved.is_empty() {
            let n = moves::next_shared(tx, self.lane, now)?;
            let rows = moved.iter().map(|head| Move {
                conversation: head.conversation,
                seq: head.seq,
                rev: head.rev,
            });
            moves::insert(tx, self.lane, n, now, rows)?;
        }
        Ok(value)
    }
}

impl<F, T> BoxedWrite for Changing<F, T>
where
    T: Send,
    F: FnMut(&mut LogTx<'_>) -> Result<T, Fail> + Send,
{
    fn attempt(&mut self, tx: &mut dyn WriteTx) -> Result<Verdict, DbError> {
        self.value = None;
        self.new_epoch = None;
        self.logged.clear();
        let result = self.run(tx);
        if let Err(fail) = &result {
            self.logged.clear();
            if let Some(error) = fail.cause::<DbError>() {
                return Err(error.clone());
            }
        }
        let verdict = if result.is_ok() { Verdict::Commit } else { Verdict::Rollback };
        self.value = Some(result);
        Ok(verdict)
    }

    fn settle(self: Box<Self>, outcome: Result<(), DbError>) {
        let result = match (outcome, self.value) {
            (Ok(()), Some(value)) => value,
            (Err(_), Some(Err(fail))) => Err(fail),
            (Err(error), _) => Err(error.into()),
            (Ok(()), None) => Err(Fail::internal()),
        };
        if result.is_ok() {
            self.feed.publish(self.logged, self.new_epoch);
        }
        drop(self.reply.send(result));
    }
}
