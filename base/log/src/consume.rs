//! Consumers of the log: push, search, webhooks and their like. At least once, in order per
//! conversation, restartable, one holder at a time.

use std::collections::{BTreeMap, BTreeSet};

use hoopoe_db::{DbError, ReadTx, WriteTx};
use hoopoe_kernel::Fail;
use hoopoe_wire::{ConversationId, Time};

use crate::{Log, meta, moves};

/// Moves read from one lane at a time.
const MOVES_PER_LOOK: usize = 1_000;

const LEASE: &str = "INSERT INTO consumers (consumer, holder, fence, until_us) \
    VALUES ($1, $2, 1, $3) ON CONFLICT (consumer) DO UPDATE SET \
        fence = CASE WHEN consumers.holder = $2 THEN consumers.fence ELSE consumers.fence + 1 END, \
        holder = $2, until_us = $3 \
    WHERE consumers.holder = $2 OR consumers.until_us < $4 RETURNING fence";
const FENCE: &str = "SELECT fence FROM consumers WHERE consumer = $1";
const LANES: &str = "SELECT lane, n FROM consumer_lanes WHERE consumer = $1";
const FOLLOW: &str = "INSERT INTO consumer_lanes (consumer, lane, n) VALUES ($1, $2, $3) \
    ON CONFLICT (consumer, lane) DO UPDATE SET n = excluded.n";
const CURSOR: &str =
    "SELECT seq, rev FROM consumer_cursors WHERE consumer = $1 AND conversation = $2";
const ADVANCE: &str = "INSERT INTO consumer_cursors (consumer, conversation, seq, rev) \
    VALUES ($1, $2, $3, $4) ON CONFLICT (consumer, conversation) DO UPDATE SET \
        seq = CASE WHEN excluded.seq > consumer_cursors.seq \
            THEN excluded.seq ELSE consumer_cursors.seq END, \
        rev = CASE WHEN excluded.rev > consumer_cursors.rev \
            THEN excluded.rev ELSE consumer_cursors.rev END";
const BEHIND: &str = "SELECT h.conversation FROM heads h LEFT JOIN consumer_cursors c \
        ON c.consumer = $1 AND c.conversation = h.conversation \
    WHERE h.conversation > $2 AND (h.seq > COALESCE(c.seq, 0) OR h.rev > COALESCE(c.rev, 0)) \
    ORDER BY h.conversation LIMIT $3";

pub(crate) const STATEMENTS: &[&str] = &[LEASE, FENCE, LANES, FOLLOW, CURSOR, ADVANCE, BEHIND];

/// The right to consume, with the number that fences off whoever held it before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// Grows with every change of holder.
    pub fence: i64,
}

/// Where a consumer is in a conversation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The last message that it has dealt with.
    pub seq: i64,
    /// The last change.
    pub rev: i64,
}

/// How far a consumer has followed each lane. Lanes are positive; under 0 stands when it looked, in
/// microseconds since 1970: moves that were forgotten after that it has seen.
pub type Positions = BTreeMap<i64, i64>;

const LOOKED_AT: i64 = 0;
/// A transaction may commit this long after the time that it bears.
const SETTLED_S: i64 = 60;

/// What there is to do: look at these, then remember these positions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Todo {
    /// Conversations that moved.
    pub conversations: BTreeSet<ConversationId>,
    /// Give it to [`Consumer::follow`] after they are dealt with.
    pub positions: Positions,
    /// Moves were forgotten before this consumer saw them: ask [`Consumer::behind`] once.
    pub has_gap: bool,
}

/// A named reader of the whole log.
#[derive(Clone)]
pub struct Consumer {
    log: Log,
    name: &'static str,
}

impl Consumer {
    /// A handle; nothing happens before a lease.
    pub fn new(log: Log, name: &'static str) -> Self {
        Self { log, name }
    }

    /// Takes or prolongs the lease for `ttl_ms`. `None`: another holder has it.
    pub async fn lease(&self, holder: i64, ttl_ms: i64) -> Result<Option<Lease>, Fail> {
        let now = self.log.env().clock.now();
        let (name, until) = (self.name, now.plus_ms(ttl_ms));
        let fence = self.log.db().write(move |tx| {
            let args = [name.into(), holder.into(), until.0.into(), now.0.into()];
            Ok(tx.as_read().first(LEASE, &args, |row| row.int(0))?)
        });
        Ok(fence.await?.map(|fence| Lease { fence }))
    }

    /// What moved since the positions that were followed.
    pub async fn todo(&self) -> Result<Todo, Fail> {
        let (name, now) = (self.name, self.now());
        self.log.db().read(move |tx| Ok(todo(tx, name, now)?)).await
    }

    /// Conversations whose cursor is behind their head, in the order of ids from behind `after`.
    pub async fn behind(
        &self,
        after: ConversationId,
        limit: usize,
    ) -> Result<Vec<ConversationId>, Fail> {
        let name = self.name;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.log
            .db()
            .read(move |tx| {
                let args = [name.into(), (&after.0).into(), limit.into()];
                Ok(tx.all(BEHIND, &args, |row| Ok(ConversationId(row.id16(0)?)))?)
            })
            .await
    }

    /// Where this consumer is in a conversation.
    pub fn cursor(
        &self,
        tx: &mut dyn ReadTx,
        conversation: ConversationId,
    ) -> Result<Cursor, DbError> {
        let args = [self.name.into(), (&conversation.0).into()];
        let found =
            tx.first(CURSOR, &args, |row| Ok(Cursor { seq: row.int(0)?, rev: row.int(1)? }));
        Ok(found?.unwrap_or_default())
    }

    /// Moves the cursor forward. Refused with 503 when the lease has gone to somebody else.
    pub async fn advance(
        &self,
        lease: Lease,
        conversation: ConversationId,
        cursor: Cursor,
    ) -> Result<(), Fail> {
        let name = self.name;
        self.log
            .db()
            .write(move |tx| {
                check(tx, name, lease)?;
                let id = &conversation.0;
                let args = [name.into(), id.into(), cursor.seq.into(), cursor.rev.into()];
                tx.execute(ADVANCE, &args)?;
                Ok(())
            })
            .await
    }

    /// Remembers how far the lanes were followed. Refused like [`Consumer::advance`].
    pub async fn follow(&self, lease: Lease, positions: Positions) -> Result<(), Fail> {
        let name = self.name;
        self.log
            .db()
            .write(move |tx| {
                check(tx, name, lease)?;
                for (lane, n) in &positions {
                    tx.execute(FOLLOW, &[name.into(), (*lane).into(), (*n).into()])?;
                }
                Ok(())
            })
            .await
    }

    /// The log's time, for callers that schedule.
    pub fn now(&self) -> Time {
        self.log.env().clock.now()
    }
}

fn check(tx: &mut dyn WriteTx, name: &str, lease: Lease) -> Result<(), Fail> {
    let fence = tx.as_read().first(FENCE, &[name.into()], |row| row.int(0))?;
    if fence == Some(lease.fence) { Ok(()) } else { Err(Fail::unavailable()) }
}

fn todo(tx: &mut dyn ReadTx, name: &str, now: Time) -> Result<Todo, DbError> {
    let mut positions = Positions::new();
    tx.query(LANES, &[name.into()], &mut |row| {
        positions.insert(row.int(0)?, row.int(1)?);
        Ok(())
    })?;
    let mut todo = Todo::default();
    // A lane that was forgotten whole leaves no hole behind, so time tells of it.
    let seen_until = Time(positions.get(&LOOKED_AT).copied().unwrap_or(0)).plus_s(-SETTLED_S);
    let forgotten = meta::time(tx, meta::MOVES_FORGOTTEN)?;
    todo.has_gap = forgotten.is_some_and(|forgotten| forgotten > seen_until);
    todo.positions.insert(LOOKED_AT, now.0);
    for lane in moves::lanes(tx)? {
        let mut n = positions.get(&lane).copied().unwrap_or(0);
        for moved in moves::after(tx, lane, n, MOVES_PER_LOOK)? {
            todo.has_gap |= moved.n != n + 1;
            n = moved.n;
            todo.conversations.extend(moved.moves.iter().map(|one| one.conversation));
        }
        todo.positions.insert(lane, n);
    }
    Ok(todo)
}
