//! Who may read what. History, sync, search, quotes, push and bots all ask here.

use hoopoe_db::{DbError, ReadTx};
use hoopoe_kernel::{AppNo, Uid};
use hoopoe_wire::{ConversationId, Time};
use smallvec::SmallVec;

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

const READABLE: &str = "SELECT from_seq, to_seq FROM spans \
    WHERE conversation = $1 AND uid = $2 AND app = $3 ORDER BY from_seq";
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

pub(crate) const STATEMENTS: &[&str] =
    &[READABLE, MEMBERS, SOME_MEMBERS, GATE, OPEN, CLOSE, SET_GATE];

/// What a user may read of a conversation of this app; empty when it is none of theirs.
pub fn readable(
    tx: &mut dyn ReadTx,
    app: AppNo,
    conversation: ConversationId,
    uid: Uid,
) -> Result<Spans, DbError> {
    let mut spans = Spans::default();
    let args = [conversation.as_bytes().into(), uid.0.into(), app.0.into()];
    tx.query(READABLE, &args, &mut |row| {
        spans.add(row.int(0)?, row.int_opt(1)?.unwrap_or(i64::MAX));
        Ok(())
    })?;
    Ok(spans)
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
    fn stays_that_meet_are_one() {
        let back_with_all_history = Spans::new([(1, i64::MAX), (5, 9)]);
        assert_eq!(back_with_all_history.ranges(), [(1, i64::MAX)]);
        assert!(back_with_all_history.is_member());
        assert_eq!(Spans::new([(1, 4), (3, 6), (7, 8)]).ranges(), [(1, 8)]);
        assert_eq!(Spans::new([(1, 4), (6, 8)]).ranges(), [(1, 4), (6, 8)]);
        assert!(Spans::new([(5, 4)]).is_empty(), "left before anything was said");
    }
}
