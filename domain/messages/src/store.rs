//! Every statement of this domain.

use hoopoe_db::{DbError, ReadTx};
use hoopoe_kernel::AppNo;
use hoopoe_wire::ConversationId;

/// How many members have read up to a message: what a large group is told instead of names.
const READERS: &str = "SELECT COUNT(*) FROM marks \
    WHERE conversation = $1 AND receipt_seq >= $2 AND app = $3";

/// For the test that prepares them on both databases.
pub(crate) const STATEMENTS: &[&str] = &[READERS];

pub(crate) fn readers(
    tx: &mut dyn ReadTx,
    app: AppNo,
    conversation: ConversationId,
    seq: i64,
) -> Result<i64, DbError> {
    let args = [conversation.as_bytes().into(), seq.into(), app.0.into()];
    Ok(tx.first(READERS, &args, |row| row.int(0))?.unwrap_or(0))
}
