//! Every statement of this domain.

use hoopoe_db::{DbError, ReadTx, WriteTx};
use hoopoe_kernel::{AppNo, Uid};
use hoopoe_wire::{ConversationId, Time, messages::ReactionCount};
use rustc_hash::{FxHashMap, FxHashSet};

/// How many members have read up to a message: what a large group is told instead of names.
const READERS: &str = "SELECT COUNT(*) FROM marks \
    WHERE conversation = $1 AND receipt_seq >= $2 AND app = $3";
/// How far everybody has come, as far as others are shown.
const SHOWN_MARKS: &str =
    "SELECT uid, delivered_seq, receipt_seq FROM marks WHERE conversation = $1 AND app = $2";

const INSERT_REACTION: &str = "INSERT INTO reactions \
        (conversation, uid, seq, emoji, app, rev, at_us) VALUES ($1, $2, $3, $4, $5, $6, $7)";
const DELETE_REACTION: &str = "DELETE FROM reactions \
    WHERE conversation = $1 AND uid = $2 AND seq = $3 AND emoji = $4 AND app = $5";
const COUNT_UP: &str = "INSERT INTO reaction_counts \
        (conversation, seq, emoji, app, count, first_rev) VALUES ($1, $2, $3, $4, 1, $5) \
    ON CONFLICT (conversation, seq, emoji) DO UPDATE SET count = reaction_counts.count + 1";
const COUNT_DOWN: &str = "UPDATE reaction_counts SET count = count - 1 \
    WHERE conversation = $1 AND seq = $2 AND emoji = $3 AND app = $4";
const DELETE_EMPTY: &str = "DELETE FROM reaction_counts \
    WHERE conversation = $1 AND seq = $2 AND emoji = $3 AND app = $4 AND count <= 0";
const COUNTS: &str = "SELECT seq, emoji, count FROM reaction_counts \
    WHERE conversation = $1 AND seq BETWEEN $2 AND $3 AND app = $4 ORDER BY seq, first_rev";
const OWN: &str = "SELECT seq, emoji FROM reactions \
    WHERE conversation = $1 AND uid = $2 AND seq BETWEEN $3 AND $4 AND app = $5";
const REACTIONS: &str = "SELECT rev, emoji, uid, at_us FROM reactions \
    WHERE conversation = $1 AND seq = $2 AND rev > $3 AND app = $4 ORDER BY rev LIMIT $5";
const REACTIONS_OF: &str = "SELECT rev, emoji, uid, at_us FROM reactions \
    WHERE conversation = $1 AND seq = $2 AND rev > $3 AND app = $4 AND emoji = $5 \
    ORDER BY rev LIMIT $6";
const FORGET_REACTIONS: &str =
    "DELETE FROM reactions WHERE conversation = $1 AND seq = $2 AND app = $3";
const FORGET_COUNTS: &str =
    "DELETE FROM reaction_counts WHERE conversation = $1 AND seq = $2 AND app = $3";

/// For the test that prepares them on both databases.
pub(crate) const STATEMENTS: &[&str] = &[
    READERS,
    SHOWN_MARKS,
    INSERT_REACTION,
    DELETE_REACTION,
    COUNT_UP,
    COUNT_DOWN,
    DELETE_EMPTY,
    COUNTS,
    OWN,
    REACTIONS,
    REACTIONS_OF,
    FORGET_REACTIONS,
    FORGET_COUNTS,
];

/// A message by what identifies it.
pub(crate) type Place = (ConversationId, i64);

pub(crate) fn readers(
    tx: &mut dyn ReadTx,
    app: AppNo,
    conversation: ConversationId,
    seq: i64,
) -> Result<i64, DbError> {
    let args = [conversation.as_bytes().into(), seq.into(), app.0.into()];
    Ok(tx.first(READERS, &args, |row| row.int(0))?.unwrap_or(0))
}

/// By user: received up to, and read up to as others are shown.
pub(crate) fn shown_marks(
    tx: &mut dyn ReadTx,
    app: AppNo,
    conversation: ConversationId,
) -> Result<FxHashMap<Uid, (i64, i64)>, DbError> {
    let mut marks = FxHashMap::default();
    let args = [conversation.as_bytes().into(), app.0.into()];
    tx.query(SHOWN_MARKS, &args, &mut |row| {
        marks.insert(Uid(row.int(0)?), (row.int(1)?, row.int(2)?));
        Ok(())
    })?;
    Ok(marks)
}

/// Writes a reaction that is not there yet, told by the change `rev`.
pub(crate) fn add_reaction(
    tx: &mut dyn WriteTx,
    app: AppNo,
    (conversation, seq): Place,
    (uid, emoji): (Uid, &str),
    rev: i64,
    at: Time,
) -> Result<(), DbError> {
    let id = conversation.as_bytes().into();
    let args = [id, uid.0.into(), seq.into(), emoji.into(), app.0.into(), rev.into(), at.0.into()];
    tx.execute(INSERT_REACTION, &args)?;
    tx.execute(COUNT_UP, &[id, seq.into(), emoji.into(), app.0.into(), rev.into()]).map(|_| ())
}

/// Deletes a reaction. `false`: it was not there.
pub(crate) fn remove_reaction(
    tx: &mut dyn WriteTx,
    app: AppNo,
    (conversation, seq): Place,
    (uid, emoji): (Uid, &str),
) -> Result<bool, DbError> {
    let id = conversation.as_bytes().into();
    let args = [id, uid.0.into(), seq.into(), emoji.into(), app.0.into()];
    if tx.execute(DELETE_REACTION, &args)? == 0 {
        return Ok(false);
    }
    let args = [id, seq.into(), emoji.into(), app.0.into()];
    tx.execute(COUNT_DOWN, &args)?;
    tx.execute(DELETE_EMPTY, &args)?;
    Ok(true)
}

/// The reactions of messages from one seq to another, each by its seq, as `uid` sees them.
pub(crate) fn counts(
    tx: &mut dyn ReadTx,
    app: AppNo,
    conversation: ConversationId,
    (from, to): (i64, i64),
    uid: Uid,
) -> Result<Vec<(i64, ReactionCount)>, DbError> {
    let id = conversation.as_bytes().into();
    let args = [id, uid.0.into(), from.into(), to.into(), app.0.into()];
    let own = tx.all(OWN, &args, |row| Ok((row.int(0)?, row.text(1)?.to_owned())))?;
    let own: FxHashSet<(i64, String)> = own.into_iter().collect();
    tx.all(COUNTS, &[id, from.into(), to.into(), app.0.into()], |row| {
        let key = (row.int(0)?, row.text(1)?.to_owned());
        let me = own.contains(&key);
        let (seq, emoji) = key;
        Ok((seq, ReactionCount { emoji, count: row.int(2)?, me }))
    })
}

/// A reaction as it is kept.
pub(crate) struct ReactionRow {
    pub(crate) rev: i64,
    pub(crate) emoji: String,
    pub(crate) uid: Uid,
    pub(crate) at: Time,
}

/// The reactions of a message behind `rev`, the oldest first; with one emoji only, when it is given.
pub(crate) fn reactions_after(
    tx: &mut dyn ReadTx,
    app: AppNo,
    (conversation, seq): Place,
    emoji: Option<&str>,
    rev: i64,
    limit: usize,
) -> Result<Vec<ReactionRow>, DbError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let (id, seq, rev, app) =
        (conversation.as_bytes().into(), seq.into(), rev.into(), app.0.into());
    let read = |row: &dyn hoopoe_db::Row| {
        Ok(ReactionRow {
            rev: row.int(0)?,
            emoji: row.text(1)?.to_owned(),
            uid: Uid(row.int(2)?),
            at: Time(row.int(3)?),
        })
    };
    match emoji {
        None => tx.all(REACTIONS, &[id, seq, rev, app, limit.into()], read),
        Some(emoji) => tx.all(REACTIONS_OF, &[id, seq, rev, app, emoji.into(), limit.into()], read),
    }
}

/// Deletes all reactions of a message.
pub(crate) fn forget_reactions(
    tx: &mut dyn WriteTx,
    app: AppNo,
    (conversation, seq): Place,
) -> Result<(), DbError> {
    let args = [conversation.as_bytes().into(), seq.into(), app.0.into()];
    tx.execute(FORGET_REACTIONS, &args)?;
    tx.execute(FORGET_COUNTS, &args).map(|_| ())
}
