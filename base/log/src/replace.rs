//! Another body for a message: the earlier one is kept until the message is redacted or trimmed.
//! And the sign that something of a domain's hangs on a message, so that pages without it cost no
//! query more.

use hoopoe_db::{DbError, ReadTx, WriteTx};
use hoopoe_kernel::AppNo;
use hoopoe_wire::ConversationId;

use crate::messages::{STATE_DECORATED, STATE_PLAIN};

const KEEP: &str = "INSERT INTO versions (conversation, seq, rev, app, body) \
    SELECT conversation, seq, CAST($1 AS BIGINT), app, body FROM messages \
    WHERE conversation = $2 AND seq = $3 AND app = $4 AND state <> 1";
const REPLACE: &str = "UPDATE messages SET body = $1 \
    WHERE conversation = $2 AND seq = $3 AND app = $4 AND state <> 1";
const VERSIONS: &str = "SELECT rev, body FROM versions \
    WHERE conversation = $1 AND seq = $2 AND rev > $3 AND app = $4 ORDER BY rev LIMIT $5";
const COUNT: &str =
    "SELECT COUNT(*) FROM versions WHERE conversation = $1 AND seq = $2 AND app = $3";
const SET_STATE: &str = "UPDATE messages SET state = $1 \
    WHERE conversation = $2 AND seq = $3 AND app = $4 AND state = $5";

pub(crate) const STATEMENTS: &[&str] = &[KEEP, REPLACE, VERSIONS, COUNT, SET_STATE];

/// Replaces a body. The earlier one stays as a version under `rev`, the change that tells of it.
/// Under the head lock. `false`: there is no such message, or it is redacted.
pub fn replace(
    tx: &mut dyn WriteTx,
    app: AppNo,
    (conversation, seq): (ConversationId, i64),
    rev: i64,
    body: &[u8],
) -> Result<bool, DbError> {
    let place = [(&conversation.0).into(), seq.into(), app.0.into()];
    if tx.execute(KEEP, &[rev.into(), place[0], place[1], place[2]])? == 0 {
        return Ok(false);
    }
    tx.execute(REPLACE, &[body.into(), place[0], place[1], place[2]])?;
    Ok(true)
}

/// Visits the earlier bodies that were replaced behind `rev`, the oldest first.
pub fn versions(
    tx: &mut dyn ReadTx,
    app: AppNo,
    (conversation, seq): (ConversationId, i64),
    rev: i64,
    limit: usize,
    visit: &mut dyn FnMut(i64, &[u8]),
) -> Result<(), DbError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let args = [conversation.as_bytes().into(), seq.into(), rev.into(), app.0.into(), limit.into()];
    tx.query(VERSIONS, &args, &mut |row| {
        visit(row.int(0)?, row.bytes(1)?);
        Ok(())
    })
}

/// How often a body was replaced.
pub fn count(
    tx: &mut dyn ReadTx,
    app: AppNo,
    conversation: ConversationId,
    seq: i64,
) -> Result<i64, DbError> {
    let args = [conversation.as_bytes().into(), seq.into(), app.0.into()];
    Ok(tx.first(COUNT, &args, |row| row.int(0))?.unwrap_or(0))
}

/// Notes that something of a domain's hangs on a message, or no longer does. Under the head lock.
pub fn decorate(
    tx: &mut dyn WriteTx,
    app: AppNo,
    conversation: ConversationId,
    seq: i64,
    is_decorated: bool,
) -> Result<(), DbError> {
    let (now, before) = match is_decorated {
        true => (STATE_DECORATED, STATE_PLAIN),
        false => (STATE_PLAIN, STATE_DECORATED),
    };
    let args = [now.into(), (&conversation.0).into(), seq.into(), app.0.into(), before.into()];
    tx.execute(SET_STATE, &args).map(|_| ())
}
