//! Forgetting a body: the message stays as a tombstone, its words are gone from every row.

use hoopoe_db::{DbError, WriteTx};
use hoopoe_kernel::{AppNo, Uid};
use hoopoe_wire::ConversationId;

use crate::marks;

const REDACT: &str = "UPDATE messages SET state = 1, body = $1 \
    WHERE conversation = $2 AND seq = $3 AND app = $4 AND state = 0";
/// Earlier versions live in the changes that replaced them.
const REDACT_CHANGES: &str =
    "UPDATE changes SET data = $1 WHERE conversation = $2 AND target_seq = $3 AND app = $4";

pub(crate) const STATEMENTS: &[&str] = &[REDACT, REDACT_CHANGES];

/// What is left of a body.
const NOTHING: &[u8] = b"{}";

/// Redacts a message and every edit of it. It no longer counts as unread for anybody. Its key stays,
/// so that a late repeat is still recognised. `false`: there was nothing to redact.
pub fn redact(
    tx: &mut dyn WriteTx,
    app: AppNo,
    conversation: ConversationId,
    seq: i64,
) -> Result<bool, DbError> {
    let args = [NOTHING.into(), (&conversation.0).into(), seq.into(), app.0.into()];
    if tx.execute(REDACT, &args)? == 0 {
        return Ok(false);
    }
    tx.execute(REDACT_CHANGES, &args)?;
    marks::uncount(tx, app, conversation, Uid::NONE, seq)?;
    Ok(true)
}
