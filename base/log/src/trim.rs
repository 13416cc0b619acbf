//! Removing the oldest messages of a conversation for good.

use hoopoe_db::{DbError, ReadTx, WriteTx};
use hoopoe_kernel::AppNo;
use hoopoe_wire::{ConversationId, Time};

use crate::redact::NOTHING;

const SET_FLOOR: &str = "UPDATE heads SET floor_seq = $1 \
    WHERE conversation = $2 AND app = $3 AND floor_seq < $4 AND seq >= $5";
const DELETE: &str = "DELETE FROM messages WHERE conversation = $1 AND seq <= $2 AND app = $3";
const DELETE_VERSIONS: &str =
    "DELETE FROM versions WHERE conversation = $1 AND seq <= $2 AND app = $3";
const REDACT_CHANGES: &str =
    "UPDATE changes SET data = $1 WHERE conversation = $2 AND target_seq <= $3 AND app = $4";
const DELETE_HIDDEN: &str = "DELETE FROM hidden WHERE conversation = $1 AND seq <= $2 AND app = $3";
const KEYS_AFTER: &str = "SELECT k.client_id, k.conversation, k.sender, k.at_us, k.seq, h.floor_seq \
    FROM client_keys k JOIN heads h ON h.conversation = k.conversation \
    WHERE k.client_id > $1 ORDER BY k.client_id LIMIT $2";
const FORGET_KEY: &str =
    "DELETE FROM client_keys WHERE client_id = $1 AND conversation = $2 AND sender = $3";

pub(crate) const STATEMENTS: &[&str] =
    &[SET_FLOOR, DELETE, DELETE_VERSIONS, REDACT_CHANGES, DELETE_HIDDEN, KEYS_AFTER, FORGET_KEY];

/// Deletes the messages up to `seq`; see [`crate::LogTx::trim`].
pub(crate) fn trim(
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
    let place = [id.into(), seq.into(), app.0.into()];
    tx.execute(DELETE_VERSIONS, &place)?;
    tx.execute(DELETE_HIDDEN, &place)?;
    tx.execute(REDACT_CHANGES, &[NOTHING.into(), place[0], place[1], place[2]])?;
    tx.execute(DELETE, &place)
}

/// A key whose message is trimmed and whose time is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OldKey {
    client_id: Vec<u8>,
    conversation: [u8; 16],
    sender: i64,
}

/// Looks at the `limit` keys behind `after`. Returns those that may be forgotten, and where the look
/// ended; `None` at the end of the table. The table is large: it is looked through piece by piece.
pub(crate) fn old_keys(
    tx: &mut dyn ReadTx,
    after: &[u8],
    limit: usize,
    time: Time,
) -> Result<(Vec<OldKey>, Option<Vec<u8>>), DbError> {
    let (mut old, mut seen, mut last) = (Vec::new(), 0, None);
    let rows = i64::try_from(limit).unwrap_or(i64::MAX);
    tx.query(KEYS_AFTER, &[after.into(), rows.into()], &mut |row| {
        seen += 1;
        if row.int(3)? < time.0 && row.int(4)? <= row.int(5)? {
            old.push(OldKey {
                client_id: row.bytes(0)?.to_owned(),
                conversation: row.id16(1)?,
                sender: row.int(2)?,
            });
        }
        if seen == limit {
            last = Some(row.bytes(0)?.to_owned());
        }
        Ok(())
    })?;
    Ok((old, last))
}

/// Forgets keys.
pub(crate) fn forget_keys(tx: &mut dyn WriteTx, keys: &[OldKey]) -> Result<(), DbError> {
    for key in keys {
        let args = [key.client_id.as_slice().into(), (&key.conversation).into(), key.sender.into()];
        tx.execute(FORGET_KEY, &args)?;
    }
    Ok(())
}
