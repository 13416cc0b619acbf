//! Who may read what. History, sync, search, quotes, push and bots all ask here.

use hoopoe_db::{DbError, ReadTx, WriteTx};
use hoopoe_kernel::{AppNo, Uid};
use hoopoe_wire::{ConversationId, Time};
use smallvec::SmallVec;

use crate::marks;

/// Since when a member may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteGate {
    /// Always.
    Open,
    /// From this time on (a timed mute).
    After(Time),
    /// Not at all.
    Closed,
}

impl WriteGate {
    /// Whether somebody may write at this time.
    pub fn is_open(self, now: Time) -> bool {
        self.to_us() <= now.0
    }

    fn from_us(us: i64) -> Self {
        match us {
            0 => Self::Open,
            i64::MAX => Self::Closed,
            us => Self::After(Time(us)),
        }
    }

    pub(crate) fn to_us(self) -> i64 {
        match self {
            Self::Open => 0,
            Self::After(time) => time.0,
            Self::Closed => i64::MAX,
        }
    }
}

/// Seqs that somebody may read: from, to (inclusive, `i64::MAX` while open).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spans(SmallVec<[(i64, i64); 2]>);

impl Spans {
    /// From ranges in the order of their beginnings. Those that meet become one: who comes back to
    /// a conversation that now shows its whole history may read the old stay twice over.
    pub fn new(ranges: impl IntoIterator<Item = (i64, i64)>) -> Self {
        let mut spans = Self::default();
        ranges.into_iter().for_each(|(from, to)| spans.add(from, to));
        spans
    }

    fn add(&mut self, from: i64, to: i64) {
        match self.0.last_mut() {
            _ if to < from => {}
            Some((_, end)) if from <= end.saturating_add(1) => *end = to.max(*end),
            _ => self.0.push((from, to)),
        }
    }

    /// Takes single seqs out; they come in ascending order.
    fn cut_out(&mut self, holes: &[i64]) {
        if holes.is_empty() {
            return;
        }
        let whole = std::mem::take(&mut self.0);
        for (mut from, to) in whole {
            let first = holes.partition_point(|hole| *hole < from);
            for hole in holes[first..].iter().take_while(|hole| **hole <= to) {
                if from < *hole {
                    self.0.push((from, hole - 1));
                }
                from = hole + 1;
            }
            if from <= to {
                self.0.push((from, to));
            }
        }
    }

    /// Whether there is nothing at all to read.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the last span is open.
    pub fn is_member(&self) -> bool {
        self.0.last().is_some_and(|(_, to)| *to == i64::MAX)
    }

    /// Whether this message may be read.
    pub fn may_read(&self, seq: i64) -> bool {
        self.0.iter().any(|(from, to)| (*from..=*to).contains(&seq))
    }

    /// The ranges, ascending.
    pub fn ranges(&self) -> &[(i64, i64)] {
        &self.0
    }
}

const READABLE: &str = "SELECT from_seq, to_seq, 0 FROM spans \
        WHERE conversation = $1 AND uid = $2 AND app = $3 \
    UNION ALL SELECT seq, seq, 1 FROM hidden \
        WHERE conversation = $1 AND uid = $2 AND app = $3 \
    ORDER BY 1";
const READERS: &str = "SELECT uid FROM spans \
    WHERE conversation = $1 AND from_seq <= $2 AND (to_seq IS NULL OR to_seq >= $2)";
const SHARED_FROM: &str = "SELECT MAX(from_seq) FROM spans \
    WHERE conversation = $1 AND to_seq IS NULL";
const HIDE: &str = "INSERT INTO hidden (conversation, uid, seq, app) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (conversation, uid, seq) DO NOTHING";
const IS_HIDDEN: &str = "SELECT seq FROM hidden \
    WHERE conversation = $1 AND uid = $2 AND seq = $3 AND app = $4";
const HIDDEN: &str =
    "SELECT COUNT(*) FROM hidden WHERE conversation = $1 AND uid = $2 AND app = $3";
const GATE_IN: &str = "SELECT gate_us FROM spans \
    WHERE conversation = $1 AND uid = $2 AND to_seq IS NULL AND app = $3";
const MEMBERS: &str = "SELECT uid FROM spans WHERE conversation = $1 AND to_seq IS NULL";
const SOME_MEMBERS: &str =
    "SELECT uid FROM spans WHERE conversation = $1 AND to_seq IS NULL LIMIT $2";
pub(crate) const GATE: &str = "SELECT gate_us FROM spans \
    WHERE conversation = $1 AND uid = $2 AND to_seq IS NULL";
pub(crate) const OPEN: &str = "INSERT INTO spans \
        (conversation, uid, from_seq, app, to_seq, gate_us) VALUES ($1, $2, $3, $4, NULL, $5) \
    ON CONFLICT (conversation, uid, from_seq) DO UPDATE SET to_seq = NULL, gate_us = $5";
pub(crate) const CLOSE: &str = "UPDATE spans SET to_seq = $1 \
    WHERE conversation = $2 AND uid = $3 AND to_seq IS NULL";
pub(crate) const SET_GATE: &str = "UPDATE spans SET gate_us = $1 \
    WHERE conversation = $2 AND uid = $3 AND to_seq IS NULL";

pub(crate) const STATEMENTS: &[&str] = &[
    READABLE,
    READERS,
    SHARED_FROM,
    HIDE,
    IS_HIDDEN,
    HIDDEN,
    GATE_IN,
    MEMBERS,
    SOME_MEMBERS,
    GATE,
    OPEN,
    CLOSE,
    SET_GATE,
];

/// What a user may read of a conversation of this app; empty when it is none of theirs. What they
/// have hidden from themselves is not in it.
pub fn readable(
    tx: &mut dyn ReadTx,
    app: AppNo,
    conversation: ConversationId,
    uid: Uid,
) -> Result<Spans, DbError> {
    let (mut spans, mut holes) = (Spans::default(), Vec::new());
    let args = [conversation.as_bytes().into(), uid.0.into(), app.0.into()];
    tx.query(READABLE, &args, &mut |row| {
        match row.flag(2)? {
            true => holes.push(row.int(0)?),
            false => spans.add(row.int(0)?, row.int_opt(1)?.unwrap_or(i64::MAX)),
        }
        Ok(())
    })?;
    spans.cut_out(&holes);
    Ok(spans)
}

/// Since when a member may write; `None` for who is no member.
pub fn gate(
    tx: &mut dyn ReadTx,
    app: AppNo,
    conversation: ConversationId,
    uid: Uid,
) -> Result<Option<WriteGate>, DbError> {
    let args = [conversation.as_bytes().into(), uid.0.into(), app.0.into()];
    tx.first(GATE_IN, &args, |row| Ok(WriteGate::from_us(row.int(0)?)))
}

/// Whose spans hold a message, members or not, in no particular order; somebody with two stays may
/// stand there twice.
pub fn readers(
    tx: &mut dyn ReadTx,
    conversation: ConversationId,
    seq: i64,
) -> Result<Vec<Uid>, DbError> {
    let args = [conversation.as_bytes().into(), seq.into()];
    tx.all(READERS, &args, |row| Ok(Uid(row.int(0)?)))
}

/// The first seq that all members of now may read.
pub fn shared_from(tx: &mut dyn ReadTx, conversation: ConversationId) -> Result<i64, DbError> {
    let found = tx.first(SHARED_FROM, &[conversation.as_bytes().into()], |row| row.int_opt(0))?;
    Ok(found.flatten().unwrap_or(1))
}

/// Hides a message from one user, and does not count it as unread for them any more. `false`: it
/// was hidden before.
pub fn hide(
    tx: &mut dyn WriteTx,
    app: AppNo,
    conversation: ConversationId,
    uid: Uid,
    seq: i64,
) -> Result<bool, DbError> {
    let args = [conversation.as_bytes().into(), uid.0.into(), seq.into(), app.0.into()];
    if tx.execute(HIDE, &args)? == 0 {
        return Ok(false);
    }
    // Raising nothing keeps the mark from moving until this is decided.
    let now = marks::raise(tx, app, conversation, uid, marks::Marks::default())?;
    if seq > now.read_seq && marks::uncount(tx, app, conversation, uid, seq)? {
        marks::add_uncounted(tx, app, conversation, uid, 1)?;
    }
    Ok(true)
}

/// Whether a user has hidden a message.
pub fn is_hidden(
    tx: &mut dyn ReadTx,
    app: AppNo,
    conversation: ConversationId,
    uid: Uid,
    seq: i64,
) -> Result<bool, DbError> {
    let args = [conversation.as_bytes().into(), uid.0.into(), seq.into(), app.0.into()];
    Ok(tx.first(IS_HIDDEN, &args, |_| Ok(()))?.is_some())
}

/// How many messages of a conversation a user has hidden.
pub fn hidden(
    tx: &mut dyn ReadTx,
    app: AppNo,
    conversation: ConversationId,
    uid: Uid,
) -> Result<i64, DbError> {
    let args = [conversation.as_bytes().into(), uid.0.into(), app.0.into()];
    Ok(tx.first(HIDDEN, &args, |row| row.int(0))?.unwrap_or(0))
}

/// Who is a member now, in no particular order.
pub fn members(tx: &mut dyn ReadTx, conversation: ConversationId) -> Result<Vec<Uid>, DbError> {
    tx.all(MEMBERS, &[conversation.as_bytes().into()], |row| Ok(Uid(row.int(0)?)))
}

/// The same, at most `limit` of them: to tell a small circle from a large one.
pub fn some_members(
    tx: &mut dyn ReadTx,
    conversation: ConversationId,
    limit: usize,
) -> Result<Vec<Uid>, DbError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    tx.all(SOME_MEMBERS, &[conversation.as_bytes().into(), limit.into()], |row| {
        Ok(Uid(row.int(0)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_between_two_stays_is_not_read() {
        let spans = Spans::new([(1, 4), (9, i64::MAX)]);
        let readable: Vec<i64> = (0..12).filter(|seq| spans.may_read(*seq)).collect();
        assert_eq!(readable, [1, 2, 3, 4, 9, 10, 11]);
        assert!(spans.is_member());
        assert!(!Spans::new([(1, 4)]).is_member());
        assert!(Spans::default().is_empty());
    }

    #[test]
    fn what_is_hidden_is_a_hole() {
        let mut spans = Spans::new([(1, 4), (9, i64::MAX)]);
        spans.cut_out(&[1, 3, 6, 9, 10, 12]);
        assert_eq!(spans.ranges(), [(2, 2), (4, 4), (11, 11), (13, i64::MAX)]);
        assert!(spans.is_member());
        let mut all = Spans::new([(5, 6)]);
        all.cut_out(&[5, 6]);
        assert!(all.is_empty());
    }

    #[test]
    fn a_gate_survives_the_database() {
        for gate in [WriteGate::Open, WriteGate::After(Time(7)), WriteGate::Closed] {
            assert_eq!(WriteGate::from_us(gate.to_us()), gate);
        }
        assert!(WriteGate::After(Time(7)).is_open(Time(7)));
        assert!(!WriteGate::After(Time(7)).is_open(Time(6)) && !WriteGate::Closed.is_open(Time(9)));
    }

    #[test]
    fn stays_that_meet_are_one() {
        let back_with_all_history = Spans::new([(1, i64::MAX), (5, 9)]);
        assert_eq!(back_with_all_history.ranges(), [(1, i64::MAX)]);
        assert!(back_with_all_history.is_member());
        assert_eq!(Spans::new([(1, 4), (3, 6), (7, 8)]).ranges(), [(1, 8)]);
        assert_eq!(Spans::new([(1, 4), (6, 8)]).ranges(), [(1, 4), (6, 8)]);
        assert!(Spans::new([(5, 4)]).is_empty(), "left before anything was said");
    }
}
