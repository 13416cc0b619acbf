//! Where each conversation stands.

use hoopoe_db::{DbError, ReadTx, Row};
use hoopoe_kernel::{AppNo, Uid};
use hoopoe_wire::{ConversationId, Time};

use crate::{Marks, marks};

/// The counters of a conversation at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Which.
    pub conversation: ConversationId,
    /// Whose tenant.
    pub app: AppNo,
    /// The newest message.
    pub seq: i64,
    /// The newest change.
    pub rev: i64,
    /// The newest change of who may read or write.
    pub members_rev: i64,
    /// Messages up to here are trimmed away.
    pub floor_seq: i64,
    /// When anything happened last.
    pub at: Time,
}

/// A conversation in somebody's list.
#[derive(Debug, Clone, Copy)]
pub struct HeadOfUser {
    /// Where it stands.
    pub head: Head,
    /// Where the user stands.
    pub marks: Marks,
    /// How many messages are unread.
    pub unread: i64,
}

pub(crate) const FIND: &str = "SELECT conversation, app, seq, rev, members_rev, floor_seq, at_us \
    FROM heads WHERE conversation = $1";

/// Memberships joined with narrow heads; newest first, ties by id.
const OF_USER: &str = "SELECT h.conversation, h.app, h.seq, h.rev, h.members_rev, h.floor_seq, \
        h.at_us, m.delivered_seq, m.read_seq, m.receipt_seq, m.unread_from, \
        COALESCE(m.uncounted_count, 0) + \
            (SELECT COUNT(*) FROM uncounted z WHERE z.conversation = h.conversation AND z.uid = 0 \
                AND z.seq > COALESCE(m.read_seq, 0) AND z.seq <= h.seq AND NOT EXISTS \
                (SELECT 1 FROM uncounted o WHERE o.conversation = z.conversation \
                    AND o.uid = s.uid AND o.seq = z.seq)) \
    FROM user_state s \
    JOIN heads h ON h.conversation = s.key \
    LEFT JOIN marks m ON m.conversation = h.conversation AND m.uid = s.uid \
    WHERE s.uid = $1 AND s.kind = 'membership' AND s.removed = 0 AND h.at_us >= $2 \
        AND (h.at_us < $3 OR (h.at_us = $3 AND h.conversation < $4)) \
    ORDER BY h.at_us DESC, h.conversation DESC LIMIT $5";

const POSITIONS: &str = "SELECT h.conversation, h.seq, h.rev FROM user_state s \
    JOIN heads h ON h.conversation = s.key \
    WHERE s.uid = $1 AND s.kind = 'membership' AND s.removed = 0 ORDER BY h.conversation";

pub(crate) const STATEMENTS: &[&str] = &[FIND, OF_USER, POSITIONS];

pub(crate) fn read(row: &dyn Row) -> Result<Head, DbError> {
    Ok(Head {
        conversation: ConversationId(row.id16(0)?),
        app: AppNo(row.int(1)?),
        seq: row.int(2)?,
        rev: row.int(3)?,
        members_rev: row.int(4)?,
        floor_seq: row.int(5)?,
        at: Time(row.int(6)?),
    })
}

/// The head, or `None` when the conversation does not exist or is another app's.
pub fn find(
    tx: &mut dyn ReadTx,
    app: AppNo,
    conversation: ConversationId,
) -> Result<Option<Head>, DbError> {
    let head = tx.first(FIND, &[conversation.as_bytes().into()], read)?;
    Ok(head.filter(|head| head.app == app))
}

/// The conversations of a user that moved at or after `since`, newest first, from behind `after`.
pub fn of_user(
    tx: &mut dyn ReadTx,
    uid: Uid,
    since: Option<Time>,
    after: Option<(Time, ConversationId)>,
    limit: usize,
) -> Result<Vec<HeadOfUser>, DbError> {
    let since = since.map_or(i64::MIN, |time| time.0);
    let (before_us, before_id) = after.map_or((i64::MAX, [0xff; 16]), |(at, id)| (at.0, id.0));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let args = [uid.0.into(), since.into(), before_us.into(), (&before_id).into(), limit.into()];
    tx.all(OF_USER, &args, |row| {
        let head = read(row)?;
        let marks = marks::read_at(row, 7)?;
        let unread = (head.seq - marks.read_seq.max(0) - row.int(11)?).max(0);
        Ok(HeadOfUser { head, marks, unread })
    })
}

/// (conversation, seq, rev) of all memberships in the order of ids: what a digest is made over.
pub fn positions(
    tx: &mut dyn ReadTx,
    uid: Uid,
    visit: &mut dyn FnMut(ConversationId, i64, i64),
) -> Result<(), DbError> {
    tx.query(POSITIONS, &[uid.0.into()], &mut |row| {
        visit(ConversationId(row.id16(0)?), row.int(1)?, row.int(2)?);
        Ok(())
    })
}
