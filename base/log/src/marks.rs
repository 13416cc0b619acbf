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
        unread_from = CASE WHEN excluded.read_seq >= marks.unread_from \
            THEN NULL ELSE marks.unread_from END \
    RETURNING delivered_seq, read_seq, receipt_seq, unread_from";
const MARK_UNREAD: &str = "INSERT INTO marks \
        (conversation, uid, app, delivered_seq, read_seq, receipt_seq, unread_from) \
    VALUES ($1, $2, $3, 0, 0, 0, $4) \
    ON CONFLICT (conversation, uid) DO UPDATE SET unread_from = excluded.unread_from \
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
const UNCOUNT: &str = "INSERT INTO uncounted (conversation, uid, seq, app) \
    VALUES ($1, $2, $3, $4) ON CONFLICT (conversation, uid, seq) DO NOTHING";
/// The member's own count is beside the mark; what is redacted for all is counted here, without
/// what the member's own count has already.
const UNREAD: &str = "SELECT COALESCE(m.read_seq, 0), COALESCE(m.uncounted_count, 0), \
        (SELECT COUNT(*) FROM uncounted z WHERE z.conversation = h.conversation AND z.uid = 0 \
            AND z.seq > COALESCE(m.read_seq, 0) AND z.seq <= $1 AND NOT EXISTS \
            (SELECT 1 FROM uncounted o WHERE o.conversation = z.conversation AND o.uid = $2 \
                AND o.seq = z.seq)) \
    FROM heads h LEFT JOIN marks m ON m.conversation = h.conversation AND m.uid = $2 \
    WHERE h.conversation = $3";
const ADD_UNCOUNTED: &str = "INSERT INTO marks (conversation, uid, app, delivered_seq, read_seq, \
        receipt_seq, unread_from, uncounted_count) \
    VALUES ($1, $2, $3, 0, 0, 0, NULL, $4) ON CONFLICT (conversation, uid) DO UPDATE SET \
        uncounted_count = marks.uncounted_count + excluded.uncounted_count";

pub(crate) const STATEMENTS: &[&str] =
    &[FIND, RAISE, MARK_UNREAD, OVERWRITE, FORGET_COUNTED, UNCOUNT, UNREAD, ADD_UNCOUNTED];

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
        let forgotten = tx.execute(FORGET_COUNTED, &args)?;
        if forgotten > 0 {
            let forgotten = i64::try_from(forgotten).unwrap_or(i64::MAX);
            add_uncounted(tx, app, conversation, uid, -forgotten)?;
        }
    }
    Ok(now)
}

/// Marks a conversation as unread from a message on, until it is read up to there again. The other
/// marks stay where they are.
pub fn mark_unread(
    tx: &mut dyn WriteTx,
    app: AppNo,
    conversation: ConversationId,
    uid: Uid,
    seq: i64,
) -> Result<Marks, DbError> {
    let args = [conversation.as_bytes().into(), uid.0.into(), app.0.into(), seq.into()];
    Ok(tx.as_read().first(MARK_UNREAD, &args, |row| read_at(row, 0))?.unwrap_or_default())
}

/// Makes a message not count as unread: for one user behind whose read mark it lies, or with
/// [`Uid::NONE`] for all. `false`: it did not count before. For a user, [`add_uncounted`] must
/// follow in the same transaction.
pub(crate) fn uncount(
    tx: &mut dyn WriteTx,
    app: AppNo,
    conversation: ConversationId,
    uid: Uid,
    seq: i64,
) -> Result<bool, DbError> {
    let args = [conversation.as_bytes().into(), uid.0.into(), seq.into(), app.0.into()];
    Ok(tx.execute(UNCOUNT, &args)? > 0)
}

/// Keeps the count of a user's rows beside their mark.
pub(crate) fn add_uncounted(
    tx: &mut dyn WriteTx,
    app: AppNo,
    conversation: ConversationId,
    uid: Uid,
    count: i64,
) -> Result<(), DbError> {
    let args = [conversation.as_bytes().into(), uid.0.into(), app.0.into(), count.into()];
    tx.execute(ADD_UNCOUNTED, &args).map(|_| ())
}

/// How many messages between a member's read mark and `head_seq` count as unread. It takes as long
/// as there are redacted messages among them, however many of their own the member left there.
pub fn unread(
    tx: &mut dyn ReadTx,
    conversation: ConversationId,
    uid: Uid,
    head_seq: i64,
) -> Result<i64, DbError> {
    let args = [head_seq.into(), uid.0.into(), conversation.as_bytes().into()];
    let found = tx.first(UNREAD, &args, |row| Ok(row.int(0)? + row.int(1)? + row.int(2)?))?;
    Ok((head_seq - found.unwrap_or(0)).max(0))
}
