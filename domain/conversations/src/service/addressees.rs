//! To whom a message was sent: those who were members then and still are.

use hoopoe_db::{DbError, ReadTx};
use hoopoe_kernel::{AppNo, Uid};
use hoopoe_wire::ConversationId;

use crate::store;

/// The members of now who joined before the message `seq` was sent, in the order of joining, each
/// with the ordinal that it follows. Who could be refused was refused before.
pub fn addressees(
    tx: &mut dyn ReadTx,
    app: AppNo,
    conversation: ConversationId,
    seq: i64,
) -> Result<Vec<(Uid, i64)>, DbError> {
    store::members_before(tx, app, conversation, seq)
}
