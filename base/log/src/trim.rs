//! Removing the oldest messages of a conversation for good.

use hoopoe_db::{DbError, WriteTx};
use hoopoe_kernel::AppNo;
use hoopoe_wire::{ConversationId, Time};

const SET_FLOOR: &str = "UPDATE heads SET floor_seq = $1 \
    WHERE conversation = $2 AND app = $3 AND floor_seq < $4 AND seq >= $5";
const DELETE: &str = "DELETE FROM messages WHERE conversation = $1 AND seq <= $2 AND app = $3";
const FORGET_KEYS: &str = "DELETE FROM keys WHERE at_us < $1 AND EXISTS (SELECT 1 FROM heads \
    WHERE heads.conversation = keys.conversation AND heads.floor_seq >= keys.seq)";

pub(crate) const STATEMENTS: &[&str] = &[SET_FLOOR, DELETE, FORGET_KEYS];

/// Deletes the messages up to `seq`. Their keys stay: a repeat is recognised for 90 days more.
/// Returns how many rows went; 0 when `seq` is beyond the head or was trimmed before.
pub fn trim(
    tx: &mut dyn WriteTx,
    app: AppNo,
    conversation: ConversationId,
    seq: i64,
) -> Result<u64, DbError> {
    let id = &conversation.0;
    let args = [seq.into(), id.into(), app.0.into(), seq.into(), seq.into()];
    if tx.execute(SET_FLOOR, &args)? == 0 {
        return Ok(0);
    }
    tx.execute(DELETE, &[id.into(), seq.into(), app.0.into()])
}

/// Forgets the keys of trimmed messages that are older than `time`.
pub fn forget_keys(tx: &mut dyn WriteTx, time: Time) -> Result<u64, DbError> {
    tx.execute(FORGET_KEYS, &[time.0.into()])
}
