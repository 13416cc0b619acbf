//! High-water marks: how far a member has received and read. They never fall.

use hoopoe_db::{DbError, ReadTx, Row, Value, WriteTx};
use hoopoe_kernel::{AppNo, Uid, faults};
use hoopoe_wire::ConversationId;

/// Where a member stands in a conversation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Marks {
    /// Received on some device.
    pub delivered_seq: i64,
    /// Read; private.
    pub read_seq: i64,
    /// Read, as others are shown.
    pub receipt_seq: i64,
    /// Marked as unread from here on.
    pub unread_from: Option<i64>,
}

const FIND: &str = "SELECT delivered_seq, read_seq, receipt_seq, unread_from FROM marks \
    WHERE conversation = $1 AND uid = $2";
/// The marks as they are after the statement: `RETURNING` sees the row that won.
const RAISE: &str = "INSERT INTO marks \
        (conversation, uid, app, delivered_seq, read_seq, receipt_seq, unread_from) \
    VALUES ($1, $2, $3, $4, $5, $6, NULL) \
    ON CONFLICT (conversation, uid) DO UPDATE SET \
        delivered_seq = CASE WHEN excluded.delivered_seq > marks.delivered_seq \
            THEN excluded.delivered_seq ELSE marks.delivered_seq END, \
        read_seq = CASE WHEN excluded.read_seq > marks.read_seq \
            THEN excluded.read_seq ELSE marks.read_seq END, \
        receipt_seq = CASE WHEN excluded.receipt_seq > marks.receipt_seq \
            THEN excluded.receipt_seq ELSE marks.receipt_seq END, \
        unread_from = CASE WHEN excluded.read_seq > marks.read_seq \
            THEN NULL ELSE marks.unread_from END \
    RETURNING delivered_seq, read_seq, receipt_seq, unread_from";
/// The seeded bug: a late report overwrites a newer one.
const OVERWRITE: &str = "INSERT INTO marks \
        (conversation, uid, app, delivered_seq, read_seq, receipt_seq, unread_from) \
    VALUES ($1, $2, $3, $4, $5, $6, NULL) \
    ON CONFLICT (conversation, uid) DO UPDATE SET delivered_seq = excluded.delivered_seq, \
        read_seq = excluded.read_seq, receipt_seq = excluded.receipt_seq \
    RETURNING delivered_seq, read_seq, receipt_seq, unread_from";
const FORGET_COUNTED: &str =
    "DELETE FROM uncounted WHERE conversation = $1 AND uid = $2 AND seq <= $3";
pub(crate) const UNCOUNT: &str = "INSERT INTO uncounted (conversation, uid, seq, app) \
    VALUES ($1, $2, $3, $4) ON CONFLICT (conversation, uid, seq) DO NOTHING";
/// A message may be left out twice: the user's own, and redacted for all.
const COUNT_UNCOUNTED: &str = "SELECT COUNT(DISTINCT seq) FROM uncounted \
    WHERE conversation = $1 AND uid IN ($2, 0) AND seq > $3 AND seq <= $4";

pub(crate) const STATEMENTS: &[&str] =
    &[FIND, RAISE, OVERWRITE, FORGET_COUNTED, UNCOUNT, COUNT_UNCOUNTED];

/// Four columns from `column` on, all `NULL` where a left join found nothing.
pub(crate) fn read_at(row: &dyn Row, column: usize) -> Result<Marks, DbError> {
    Ok(Marks {
        delivered_seq: row.int_opt(column)?.unwrap_or(0),
        read_seq: row.int_opt(column + 1)?.unwrap_or(0),
        receipt_seq: row.int_opt(column + 2)?.unwrap_or(0),
        unread_from: row.int_opt(column + 3)?,
    })
}

/// The marks of a member; zeros when there are none yet.
pub fn find(tx: &mut dyn ReadTx, conversation: ConversationId, uid: Uid) -> Result<Marks, DbError> {
    let args = [conversation.as_bytes().into(), uid.0.into()];
    Ok(tx.first(FIND, &args, |row| read_at(row, 0))?.unwrap_or_default())
}

/// Raises the marks to at least these and returns them as they are now.
pub(crate) fn raise(
    tx: &mut dyn WriteTx,
    app: AppNo,
    conversation: ConversationId,
    uid: Uid,
    marks: Marks,
) -> Result<Marks, DbError> {
    let statement = if faults::strikes("falling_cursor") { OVERWRITE } else { RAISE };
    let args: [Value<'_>; 6] = [
        conversation.as_bytes().into(),
        uid.0.into(),
        app.0.into(),
        marks.delivered_seq.into(),
        marks.read_seq.into(),
        marks.receipt_seq.into(),
    ];
    let now = tx.as_read().first(statement, &args, |row| read_at(row, 0))?.unwrap_or(marks);
    if marks.read_seq > 0 {
        let args = [conversation.as_bytes().into(), uid.0.into(), now.read_seq.into()];
        tx.execute(FORGET_COUNTED, &args)?;
    }
    Ok(now)
}

/// Makes a message not count as unread: for one user, or with [`Uid::NONE`] for all.
pub fn uncount(
    tx: &mut dyn WriteTx,
    app: AppNo,
    conversation: ConversationId,
    uid: Uid,
    seq: i64,
) -> Result<(), DbError> {
    let args = [conversation.as_bytes().into(), uid.0.into(), seq.into(), app.0.into()];
    tx.execute(UNCOUNT, &args).map(|_| ())
}

/// How many messages behind `read_seq` count as unread.
pub fn unread(
    tx: &mut dyn ReadTx,
    conversation: ConversationId,
    uid: Uid,
    head_seq: i64,
    read_seq: i64,
) -> Result<i64, DbError> {
    let args = [conversation.as_bytes().into(), uid.0.into(), read_seq.into(), head_seq.into()];
    let uncounted = tx.first(COUNT_UNCOUNTED, &args, |row| row.int(0))?.unwrap_or(0);
    Ok((head_seq - read_seq - uncounted).max(0))
}
