//! Every statement over conversations and members.

use hoopoe_db::{DbError, DbErrorKind, ReadTx, Row, Value, WriteTx};
use hoopoe_kernel::{AppNo, Uid};
use hoopoe_wire::{
    ConversationId, Time,
    conversations::{ConversationKind, History, Role},
};

use crate::model::{Details, MemberRow};

const INSERT: &str = "INSERT INTO conversations \
        (conversation, app, kind, name, avatar_url, metadata, history, created_by, \
        created_at_us, updated_at_us, member_count, join_count) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
const FIND: &str = "SELECT kind, name, avatar_url, metadata, history, created_by, created_at_us, \
        updated_at_us, member_count, join_count \
    FROM conversations WHERE conversation = $1 AND app = $2";
const UPDATE: &str = "UPDATE conversations SET name = $1, avatar_url = $2, metadata = $3, \
        updated_at_us = $4, member_count = $5, join_count = $6 \
    WHERE conversation = $7 AND app = $8";

const INSERT_MEMBER: &str = "INSERT INTO members \
        (conversation, uid, app, ordinal, role, joined_at_us, invited_by, joined_seq) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const FIND_MEMBER: &str = "SELECT uid, ordinal, role, joined_at_us, invited_by, joined_seq \
    FROM members \
    WHERE conversation = $1 AND uid = $2 AND app = $3";
const MEMBERS_AFTER: &str = "SELECT uid, ordinal, role, joined_at_us, invited_by, joined_seq \
    FROM members \
    WHERE conversation = $1 AND ordinal > $2 AND app = $3 ORDER BY ordinal LIMIT $4";
const MEMBERS_BEFORE: &str = "SELECT uid, ordinal FROM members \
    WHERE conversation = $1 AND joined_seq < $2 AND app = $3 ORDER BY ordinal";
const COUNT_ROLE: &str =
    "SELECT COUNT(*) FROM members WHERE conversation = $1 AND role = $2 AND app = $3";
const STANDING: &str = "SELECT c.kind, m.role FROM members m \
    JOIN conversations c ON c.conversation = m.conversation AND c.app = m.app \
    WHERE m.conversation = $1 AND m.uid = $2 AND m.app = $3";
const SHARE: &str = "SELECT s.key FROM user_state s \
    JOIN user_state t ON t.kind = s.kind AND t.key = s.key AND t.removed = 0 \
    JOIN conversations c ON c.conversation = s.key AND c.app = s.app \
    WHERE s.uid = $1 AND s.kind = 'membership' AND s.removed = 0 AND s.app = $2 \
        AND t.uid = $3 AND c.member_count <= $4 LIMIT 1";
const SET_ROLE: &str =
    "UPDATE members SET role = $1 WHERE conversation = $2 AND uid = $3 AND app = $4";
const DELETE_MEMBER: &str = "DELETE FROM members WHERE conversation = $1 AND uid = $2 AND app = $3";

/// For the test that prepares every statement on both databases.
pub const STATEMENTS: &[&str] = &[
    INSERT,
    FIND,
    UPDATE,
    INSERT_MEMBER,
    FIND_MEMBER,
    MEMBERS_AFTER,
    MEMBERS_BEFORE,
    COUNT_ROLE,
    STANDING,
    SHARE,
    SET_ROLE,
    DELETE_MEMBER,
];

pub(crate) fn insert(tx: &mut dyn WriteTx, app: AppNo, details: &Details) -> Result<(), DbError> {
    let args = [
        details.id.as_bytes().into(),
        app.0.into(),
        details.kind.as_str().into(),
        details.name.as_ref().into(),
        details.avatar_url.as_ref().into(),
        (&details.metadata).into(),
        details.history.as_str().into(),
        details.created_by.0.into(),
        details.created_at.0.into(),
        details.updated_at.0.into(),
        details.member_count.into(),
        details.join_count.into(),
    ];
    tx.execute(INSERT, &args).map(|_| ())
}

/// Writes what may change.
pub(crate) fn update(tx: &mut dyn WriteTx, app: AppNo, details: &Details) -> Result<(), DbError> {
    let args = [
        details.name.as_ref().into(),
        details.avatar_url.as_ref().into(),
        (&details.metadata).into(),
        details.updated_at.0.into(),
        details.member_count.into(),
        details.join_count.into(),
        details.id.as_bytes().into(),
        app.0.into(),
    ];
    tx.execute(UPDATE, &args).map(|_| ())
}

pub(crate) fn find(
    tx: &mut dyn ReadTx,
    app: AppNo,
    id: ConversationId,
) -> Result<Option<Details>, DbError> {
    tx.first(FIND, &[id.as_bytes().into(), app.0.into()], |row| {
        Ok(Details {
            id,
            kind: kind(row.text(0)?)?,
            name: row.text_opt(1)?.map(str::to_owned),
            avatar_url: row.text_opt(2)?.map(str::to_owned),
            metadata: row.text(3)?.to_owned(),
            history: history(row.text(4)?)?,
            created_by: Uid(row.int(5)?),
            created_at: Time(row.int(6)?),
            updated_at: Time(row.int(7)?),
            member_count: row.int(8)?,
            join_count: row.int(9)?,
        })
    })
}

pub(crate) fn insert_member(
    tx: &mut dyn WriteTx,
    app: AppNo,
    conversation: ConversationId,
    member: &MemberRow,
) -> Result<(), DbError> {
    let args: [Value<'_>; 8] = [
        conversation.as_bytes().into(),
        member.uid.0.into(),
        app.0.into(),
        member.ordinal.into(),
        member.role.as_str().into(),
        member.joined_at.0.into(),
        member.invited_by.map(|uid| uid.0).into(),
        member.joined_seq.into(),
    ];
    tx.execute(INSERT_MEMBER, &args).map(|_| ())
}

pub(crate) fn find_member(
    tx: &mut dyn ReadTx,
    app: AppNo,
    conversation: ConversationId,
    uid: Uid,
) -> Result<Option<MemberRow>, DbError> {
    let args = [conversation.as_bytes().into(), uid.0.into(), app.0.into()];
    tx.first(FIND_MEMBER, &args, member)
}

/// Members in the order of joining, from behind an ordinal.
pub(crate) fn members_after(
    tx: &mut dyn ReadTx,
    app: AppNo,
    conversation: ConversationId,
    ordinal: i64,
    limit: usize,
) -> Result<Vec<MemberRow>, DbError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let args = [conversation.as_bytes().into(), ordinal.into(), app.0.into(), limit.into()];
    tx.all(MEMBERS_AFTER, &args, member)
}

/// Those who joined before a message, in the order of joining, with their ordinals.
pub(crate) fn members_before(
    tx: &mut dyn ReadTx,
    app: AppNo,
    conversation: ConversationId,
    seq: i64,
) -> Result<Vec<(Uid, i64)>, DbError> {
    let args = [conversation.as_bytes().into(), seq.into(), app.0.into()];
    tx.all(MEMBERS_BEFORE, &args, |row| Ok((Uid(row.int(0)?), row.int(1)?)))
}

pub(crate) fn count_role(
    tx: &mut dyn ReadTx,
    app: AppNo,
    conversation: ConversationId,
    role: Role,
) -> Result<i64, DbError> {
    let args = [conversation.as_bytes().into(), role.as_str().into(), app.0.into()];
    Ok(tx.first(COUNT_ROLE, &args, |row| row.int(0))?.unwrap_or(0))
}

/// The conversation's kind and the member's role; `None` for who is no member.
pub(crate) fn standing(
    tx: &mut dyn ReadTx,
    app: AppNo,
    conversation: ConversationId,
    uid: Uid,
) -> Result<Option<(ConversationKind, Role)>, DbError> {
    let args = [conversation.as_bytes().into(), uid.0.into(), app.0.into()];
    tx.first(STANDING, &args, |row| Ok((kind(row.text(0)?)?, role(row.text(1)?)?)))
}

/// Whether both are members of one conversation of at most so many members.
pub(crate) fn share(
    tx: &mut dyn ReadTx,
    app: AppNo,
    one: Uid,
    other: Uid,
    members_max: i64,
) -> Result<bool, DbError> {
    let args = [one.0.into(), app.0.into(), other.0.into(), members_max.into()];
    Ok(tx.first(SHARE, &args, |_| Ok(()))?.is_some())
}

pub(crate) fn set_role(
    tx: &mut dyn WriteTx,
    app: AppNo,
    conversation: ConversationId,
    uid: Uid,
    role: Role,
) -> Result<(), DbError> {
    let args = [role.as_str().into(), conversation.as_bytes().into(), uid.0.into(), app.0.into()];
    tx.execute(SET_ROLE, &args).map(|_| ())
}

pub(crate) fn delete_member(
    tx: &mut dyn WriteTx,
    app: AppNo,
    conversation: ConversationId,
    uid: Uid,
) -> Result<(), DbError> {
    let args = [conversation.as_bytes().into(), uid.0.into(), app.0.into()];
    tx.execute(DELETE_MEMBER, &args).map(|_| ())
}

fn member(row: &dyn Row) -> Result<MemberRow, DbError> {
    Ok(MemberRow {
        uid: Uid(row.int(0)?),
        ordinal: row.int(1)?,
        role: role(row.text(2)?)?,
        joined_at: Time(row.int(3)?),
        invited_by: row.int_opt(4)?.map(Uid),
        joined_seq: row.int(5)?,
    })
}

fn kind(text: &str) -> Result<ConversationKind, DbError> {
    let kinds = [ConversationKind::Direct, ConversationKind::Group];
    kinds.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| foreign("kind"))
}

fn role(text: &str) -> Result<Role, DbError> {
    Role::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| foreign("role"))
}

fn history(text: &str) -> Result<History, DbError> {
    let all = [History::Joined, History::All];
    all.into_iter().find(|history| history.as_str() == text).ok_or_else(|| foreign("history"))
}

fn foreign(what: &str) -> DbError {
    DbError::new(DbErrorKind::Decode, format!("a {what} that this version does not know"))
}
