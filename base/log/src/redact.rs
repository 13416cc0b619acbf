//! Forgetting a body: the message stays as a tombstone, its words are gone from every row.

use hoopoe_db::{DbError, WriteTx};
use hoopoe_kernel::{AppNo, Uid};
use hoopoe_wire::ConversationId;

use crate::marks;

const REDACT: &str = "UPDATE messages SET state = 1, body = $1 \
    WHERE conversation = $2 AND seq = $3 AND app = $4 AND state <> 1";
/// Words stand in the changes that told of them too.
const REDACT_CHANGES: &str =
    "UPDATE changes SET data = $1 WHERE conversation = $2 AND target_seq = $3 AND app = $4";
const DELETE_VERSIONS: &str =
    "DELETE FROM versions WHERE conversation = $1 AND seq = $2 AND app = $3";

pub(crate) const STATEMENTS: &[&str] = &[REDACT, REDACT_CHANGES, DELETE_VERSIONS];

/// What is left of a body.
pub(crate) const NOTHING: &[u8] = b"{}";

/// Redacts a message, its earlier versions and every change of it. It no longer counts as unread for anybody. Its key stays,
/// so that a late repeat is still recognised. `false`: there was nothing to redact.
pub fn redact(
    tx: &mut dyn WriteTx,
    app: AppNo,
    conversation: ConversationId,
    seq: i64,
) -> Result<bool, DbError> {
    redact_to(tx, app, conversation, seq, NOTHING)
}

/// The same, with a tombstone that says `rest`, a JSON object, instead of nothing.
pub fn redact_to(
    tx: &mut dyn WriteTx,
    app: AppNo,
    conversation: ConversationId,
    seq: i64,
    rest: &[u8],
) -> Result<bool, DbError> {
    let place = [(&conversation.0).into(), seq.into(), app.0.into()];
    if tx.execute(REDACT, &[rest.into(), place[0], place[1], place[2]])? == 0 {
        return Ok(false);
    }
    tx.execute(REDACT_CHANGES, &[NOTHING.into(), place[0], place[1], place[2]])?;
    tx.execute(DELETE_VERSIONS, &place)?;
    marks::uncount(tx, app, conversation, Uid::NONE, seq)?;
    Ok(true)
}
