//! Which conversations each committed transaction moved, per lane, gapless and in commit order.

use hoopoe_db::{DbError, ReadTx, WriteTx};
use hoopoe_wire::{ConversationId, Time};

use crate::meta;

/// A conversation as a transaction left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// Which.
    pub conversation: ConversationId,
    /// Its newest message.
    pub seq: i64,
    /// Its newest change.
    pub rev: i64,
}

/// One committed transaction of a lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Its number in the lane.
    pub n: i64,
    /// What it moved.
    pub moves: Vec<Move>,
}

const RECORD_BYTES: usize = 32;

const INSERT: &str = "INSERT INTO moves (lane, n, at_us, body) VALUES ($1, $2, $3, $4)";
const AFTER: &str = "SELECT n, body FROM moves WHERE lane = $1 AND n > $2 ORDER BY n LIMIT $3";
const LAST: &str = "SELECT COALESCE(MAX(n), 0) FROM moves WHERE lane = $1";
const OPEN_LANE: &str =
    "INSERT INTO lanes (lane, n, opened_at_us, seen_at_us) VALUES ($1, 0, $2, $3)";
const NEXT: &str = "UPDATE lanes SET n = n + 1, seen_at_us = $1 WHERE lane = $2 RETURNING n";
const LANES: &str = "SELECT lane FROM lanes ORDER BY lane";
/// The newest of a lane's oldest 500 that is over age; in a lane, age follows the number.
const OVER_AGE: &str = "SELECT MAX(n) FROM \
    (SELECT n, at_us FROM moves WHERE lane = $1 ORDER BY n LIMIT 500) AS oldest WHERE at_us < $2";
const FORGET: &str = "DELETE FROM moves WHERE lane = $1 AND n <= $2";
const FORGET_LANES: &str = "DELETE FROM lanes WHERE seen_at_us < $1 \
    AND NOT EXISTS (SELECT 1 FROM moves WHERE moves.lane = lanes.lane)";
const SEEN: &str = "UPDATE lanes SET seen_at_us = $1 WHERE lane = $2";

pub(crate) const STATEMENTS: &[&str] =
    &[INSERT, AFTER, LAST, OPEN_LANE, NEXT, LANES, OVER_AGE, FORGET, FORGET_LANES, SEEN];

/// Opens a lane: one per append connection of one node's life.
pub(crate) fn open_lane(tx: &mut dyn WriteTx, lane: i64, now: Time) -> Result<(), DbError> {
    tx.execute(OPEN_LANE, &[lane.into(), now.0.into(), now.0.into()]).map(|_| ())
}

/// Says that a lane is still alive.
pub(crate) fn touch_lane(tx: &mut dyn WriteTx, lane: i64, now: Time) -> Result<(), DbError> {
    tx.execute(SEEN, &[now.0.into(), lane.into()]).map(|_| ())
}

/// The next number of a lane that many transactions share; the row lock puts them in order.
pub(crate) fn next_shared(tx: &mut dyn WriteTx, lane: i64, now: Time) -> Result<i64, DbError> {
    let n = tx.as_read().first(NEXT, &[now.0.into(), lane.into()], |row| row.int(0))?;
    n.ok_or_else(|| DbError::new(hoopoe_db::DbErrorKind::Other, "the lane's row is gone"))
}

/// Writes the row of one transaction.
pub(crate) fn insert(
    tx: &mut dyn WriteTx,
    lane: i64,
    n: i64,
    now: Time,
    moves: impl Iterator<Item = Move>,
) -> Result<(), DbError> {
    let mut body = Vec::with_capacity(moves.size_hint().0 * RECORD_BYTES);
    for moved in moves {
        body.extend_from_slice(&moved.conversation.0);
        body.extend_from_slice(&moved.seq.to_be_bytes());
        body.extend_from_slice(&moved.rev.to_be_bytes());
    }
    let args = [lane.into(), n.into(), now.0.into(), body.as_slice().into()];
    tx.execute(INSERT, &args).map(|_| ())
}

/// The newest number of a lane that is stored and not forgotten; 0 for none.
pub(crate) fn last(tx: &mut dyn ReadTx, lane: i64) -> Result<i64, DbError> {
    Ok(tx.first(LAST, &[lane.into()], |row| row.int(0))?.unwrap_or(0))
}

/// The lanes that are known, those of ended nodes too.
pub fn lanes(tx: &mut dyn ReadTx) -> Result<Vec<i64>, DbError> {
    tx.all(LANES, &[], |row| row.int(0))
}

/// The transactions of a lane behind `n`. A gap means that moves were forgotten: compare cursors
/// with heads instead.
pub fn after(tx: &mut dyn ReadTx, lane: i64, n: i64, limit: usize) -> Result<Vec<Moved>, DbError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    tx.all(AFTER, &[lane.into(), n.into(), limit.into()], |row| {
        Ok(Moved { n: row.int(0)?, moves: decode(row.bytes(1)?)? })
    })
}

/// Forgets some of what is older, so little at a time that the writer is never held up for long, and
/// lanes that ended before and have nothing left. Returns how many rows went: call it until that is 0.
pub fn forget_before(tx: &mut dyn WriteTx, time: Time) -> Result<u64, DbError> {
    let mut count = 0;
    for lane in lanes(tx.as_read())? {
        let args = [lane.into(), time.0.into()];
        let newest = tx.as_read().first(OVER_AGE, &args, |row| row.int_opt(0))?.flatten();
        if let Some(n) = newest {
            count += tx.execute(FORGET, &[lane.into(), n.into()])?;
        }
    }
    if count > 0 {
        meta::put_time(tx, meta::MOVES_FORGOTTEN, time)?;
    }
    tx.execute(FORGET_LANES, &[time.0.into()])?;
    Ok(count)
}

fn decode(body: &[u8]) -> Result<Vec<Move>, DbError> {
    let (records, rest) = body.as_chunks::<RECORD_BYTES>();
    if !rest.is_empty() {
        return Err(DbError::decode(1, "whole records of moves"));
    }
    let int = |bytes: &[u8]| bytes.iter().fold(0_i64, |value, byte| value << 8 | i64::from(*byte));
    let decoded = records.iter().map(|record| {
        let mut id = [0; 16];
        id.copy_from_slice(&record[..16]);
        Move {
            conversation: ConversationId(id),
            seq: int(&record[16..24]),
            rev: int(&record[24..]),
        }
    });
    Ok(decoded.collect())
}
