//! Reading the changes.

use hoopoe_db::{DbError, ReadTx};
use hoopoe_kernel::{AppNo, Uid};
use hoopoe_wire::{ConversationId, Time};

/// A change, lent for the length of a visit.
#[derive(Debug, Clone, Copy)]
pub struct ChangeRow<'a> {
    /// Its number.
    pub rev: i64,
    /// The head when it happened.
    pub at_seq: i64,
    /// The newest change of members at it.
    pub members_rev: i64,
    /// The event's name.
    pub kind: &'a str,
    /// The message that it changes.
    pub target_seq: Option<i64>,
    /// Who did it.
    pub actor: Uid,
    /// When.
    pub at: Time,
    /// The event's `data`, JSON.
    pub data: &'a [u8],
}

const AFTER: &str = "SELECT rev, at_seq, members_rev, kind, target_seq, actor, at_us, data \
    FROM changes WHERE conversation = $1 AND rev > $2 AND app = $3 ORDER BY rev LIMIT $4";

pub(crate) const STATEMENTS: &[&str] = &[AFTER];

/// Visits the changes behind `rev`, ascending.
pub fn after(
    tx: &mut dyn ReadTx,
    app: AppNo,
    conversation: ConversationId,
    rev: i64,
    limit: usize,
    visit: &mut dyn FnMut(&ChangeRow<'_>) -> Result<(), DbError>,
) -> Result<(), DbError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let args = [conversation.as_bytes().into(), rev.into(), app.0.into(), limit.into()];
    tx.query(AFTER, &args, &mut |row| {
        visit(&ChangeRow {
            rev: row.int(0)?,
            at_seq: row.int(1)?,
            members_rev: row.int(2)?,
            kind: row.text(3)?,
            target_seq: row.int_opt(4)?,
            actor: Uid(row.int(5)?),
            at: Time(row.int(6)?),
            data: row.bytes(7)?,
        })
    })
}
