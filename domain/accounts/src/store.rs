//! Every SQL statement of the domain.

mod keys;
mod logins;
mod refreshes;

use hoopoe_apps::secret::Hash;
use hoopoe_db::{DbError, ReadTx, Row, Value, WriteTx};
use hoopoe_kernel::{AppNo, Uid};
use hoopoe_wire::{
    SessionId, Time, UserId,
    accounts::{Device, Session, User},
};

use crate::model::{self, Prefix, Profile, TokenIdentity};

pub(crate) use keys::{begin_fill, fill, fill_turn, users_by_key};
pub(crate) use logins::{
    Login, change_password, delete_login, login_by_key, login_by_uid, set_login, use_login,
};
pub(crate) use refreshes::{Family, Next, family, revoke_others, rotate};

const UPSERT_USER: &str = "INSERT INTO users (app, uid, id, id_key, name, name_key, avatar_url, \
    metadata, created_at_us, updated_at_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) \
    ON CONFLICT (app, id_key) WHERE deleted_at_us IS NULL DO UPDATE SET name = excluded.name, \
    name_key = excluded.name_key, avatar_url = excluded.avatar_url, \
    metadata = excluded.metadata, updated_at_us = excluded.updated_at_us \
    RETURNING uid, created_at_us";
const UPDATE_USER: &str = "UPDATE users SET name = COALESCE($1, name), \
    name_key = COALESCE($2, name_key), avatar_url = COALESCE($3, avatar_url), \
    metadata = COALESCE($4, metadata), updated_at_us = $5 \
    WHERE app = $6 AND uid = $7 AND deleted_at_us IS NULL";
const DELETE_USER: &str = "UPDATE users SET deleted_at_us = $1 \
    WHERE app = $2 AND uid = $3 AND deleted_at_us IS NULL";
const UID_BY_ID: &str =
    "SELECT uid FROM users WHERE app = $1 AND id_key = $2 AND deleted_at_us IS NULL";
const ID_BY_UID: &str = "SELECT id FROM users WHERE uid = $1";
const USER_BY_ID: &str = "SELECT uid, id, name, avatar_url, metadata, created_at_us, updated_at_us \
    FROM users WHERE app = $1 AND id_key = $2 AND deleted_at_us IS NULL";
const USER_BY_UID: &str = "SELECT uid, id, name, avatar_url, metadata, created_at_us, \
    updated_at_us FROM users WHERE app = $1 AND uid = $2 AND deleted_at_us IS NULL";
const USERS_BY_ID_KEY: &str = "SELECT uid, id, name, avatar_url, metadata, created_at_us, \
    updated_at_us FROM users WHERE app = $1 AND deleted_at_us IS NULL \
    AND id_key > $2 AND id_key < $3 ORDER BY id_key LIMIT $4";
const USERS_BY_NAME_KEY: &str = "SELECT uid, id, name, avatar_url, metadata, created_at_us, \
    updated_at_us FROM users WHERE app = $1 AND deleted_at_us IS NULL \
    AND name_key > $2 AND name_key < $3 AND NOT (id_key > $4 AND id_key < $3) \
    ORDER BY name_key LIMIT $5";
const INSERT_SESSION: &str = "INSERT INTO sessions (app, uid, id, token_hash, device_id, \
    device_platform, device_name, device_app_version, created_at_us, last_seen_at_us, \
    expires_at_us, token_expires_at_us, ends_at_us, family_hash, refresh_hash) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, $11, $12, $13, $14)";
const SESSION_BY_TOKEN: &str = "SELECT s.app, s.uid, u.id, s.id, s.last_seen_at_us, \
    COALESCE(s.token_expires_at_us, s.expires_at_us) FROM sessions s JOIN users u ON u.app = s.app AND u.uid = s.uid \
    WHERE s.token_hash = $1 AND s.revoked_at_us IS NULL AND u.deleted_at_us IS NULL";
const SESSION: &str = "SELECT id, device_id, device_platform, device_name, device_app_version, \
    created_at_us, last_seen_at_us, expires_at_us FROM sessions \
    WHERE app = $1 AND uid = $2 AND id = $3 AND revoked_at_us IS NULL AND expires_at_us > $4";
const SESSIONS_BEFORE: &str = "SELECT id, device_id, device_platform, device_name, \
    device_app_version, created_at_us, last_seen_at_us, expires_at_us FROM sessions \
    WHERE app = $1 AND uid = $2 AND id < $3 AND revoked_at_us IS NULL AND expires_at_us > $4 \
    ORDER BY id DESC LIMIT $5";
const SEE_SESSION: &str = "UPDATE sessions SET last_seen_at_us = $1 \
    WHERE app = $2 AND uid = $3 AND id = $4 AND revoked_at_us IS NULL";
const SET_DEVICE: &str = "UPDATE sessions SET device_id = $1, device_platform = $2, \
    device_name = $3, device_app_version = $4, last_seen_at_us = $5 \
    WHERE app = $6 AND uid = $7 AND id = $8 AND revoked_at_us IS NULL";
const REVOKE_SESSION: &str = "UPDATE sessions SET revoked_at_us = $1 \
    WHERE app = $2 AND uid = $3 AND id = $4 AND revoked_at_us IS NULL AND expires_at_us > $1";
const REVOKE_SESSIONS: &str = "UPDATE sessions SET revoked_at_us = $1 \
    WHERE app = $2 AND uid = $3 AND revoked_at_us IS NULL";
const NTH_OLD_SESSION: &str = "SELECT expires_at_us FROM sessions WHERE expires_at_us <= $1 \
    ORDER BY expires_at_us LIMIT 1 OFFSET $2";
const SWEEP_SESSIONS: &str = "DELETE FROM sessions WHERE expires_at_us <= $1";

/// Every statement, so that a test can prepare them all on both databases.
pub const STATEMENTS: &[&str] = &[
    UPSERT_USER,
    UPDATE_USER,
    DELETE_USER,
    UID_BY_ID,
    ID_BY_UID,
    USER_BY_ID,
    USER_BY_UID,
    USERS_BY_ID_KEY,
    USERS_BY_NAME_KEY,
    INSERT_SESSION,
    SESSION_BY_TOKEN,
    SESSION,
    SESSIONS_BEFORE,
    SEE_SESSION,
    SET_DEVICE,
    REVOKE_SESSION,
    REVOKE_SESSIONS,
    NTH_OLD_SESSION,
    SWEEP_SESSIONS,
    keys::INSERT_KEY,
    keys::DELETE_KEYS,
    keys::KEYS,
    keys::USERS_BY_KEY,
    keys::BEGIN_FILL,
    keys::FILL,
    keys::NEXT_NAMES,
    keys::HOLD_NAME,
    keys::KEEP_FILL,
    logins::INSERT_LOGIN,
    logins::LOGIN_BY_KEY,
    logins::LOGIN_BY_UID,
    logins::USE_LOGIN,
    logins::CHANGE_PASSWORD,
    logins::DELETE_LOGIN,
    refreshes::FAMILY,
    refreshes::ROTATE,
    refreshes::REVOKE_OTHERS,
];

fn user_id(row: &dyn Row, column: usize) -> Result<UserId, DbError> {
    UserId::parse(row.text(column)?).ok_or_else(|| DbError::decode(column, "a user id"))
}

fn user_row(row: &dyn Row) -> Result<(Uid, User), DbError> {
    let metadata = serde_json::from_str(row.text(4)?).map_err(|_| DbError::decode(4, "JSON"))?;
    let avatar_url = row.text(3)?;
    let user = User {
        id: user_id(row, 1)?,
        name: row.text(2)?.to_owned(),
        keys: model::keys::of(row.text(2)?),
        avatar_url: (!avatar_url.is_empty()).then(|| avatar_url.to_owned()),
        metadata,
        created_at: Time(row.int(5)?),
        updated_at: Time(row.int(6)?),
    };
    Ok((Uid(row.int(0)?), user))
}

fn session_row(row: &dyn Row) -> Result<Session, DbError> {
    let text = |column| Ok::<_, DbError>(row.text_opt(column)?.map(str::to_owned));
    Ok(Session {
        id: SessionId(row.id16(0)?),
        device: Device { id: text(1)?, platform: text(2)?, name: text(3)?, app_version: text(4)? },
        created_at: Time(row.int(5)?),
        last_seen_at: Time(row.int(6)?),
        expires_at: Time(row.int(7)?),
        current: false,
    })
}

/// The internal id of the user, `uid` when it is new, and when it was made. A `uid` that another
/// user has is a `Constraint` error.
pub(crate) fn upsert_user(
    tx: &mut dyn WriteTx,
    app: AppNo,
    uid: Uid,
    profile: &Profile,
    now: Time,
) -> Result<(Uid, Time), DbError> {
    let id_key = model::id_key(&profile.id);
    let name_key = model::name_key(&profile.name, &profile.id);
    let args = [
        app.0.into(),
        uid.0.into(),
        profile.id.as_str().into(),
        id_key.as_slice().into(),
        (&profile.name).into(),
        name_key.as_slice().into(),
        (&profile.avatar_url).into(),
        (&profile.metadata_text).into(),
        now.0.into(),
    ];
    let row =
        tx.as_read().first(UPSERT_USER, &args, |row| Ok((Uid(row.int(0)?), Time(row.int(1)?))))?;
    let written = row.ok_or_else(|| DbError::decode(0, "the row that was just written"))?;
    if written.0 != uid {
        keys::delete_keys(tx, app, written.0)?;
    }
    keys::insert_keys(tx, app, written.0, &profile.id, &profile.name)?;
    Ok(written)
}

/// What a change of a profile gives; the rest stays.
#[derive(Debug, Default)]
pub(crate) struct Patch {
    pub(crate) name: Option<String>,
    pub(crate) avatar_url: Option<String>,
    pub(crate) metadata_text: Option<String>,
}

pub(crate) fn update_user(
    tx: &mut dyn WriteTx,
    app: AppNo,
    uid: Uid,
    id: &UserId,
    patch: &Patch,
    now: Time,
) -> Result<(), DbError> {
    let name_key = patch.name.as_ref().map(|name| model::name_key(name, id));
    let args = [
        patch.name.as_deref().into(),
        name_key.as_deref().into(),
        patch.avatar_url.as_deref().into(),
        patch.metadata_text.as_deref().into(),
        now.0.into(),
        app.0.into(),
        uid.0.into(),
    ];
    tx.execute(UPDATE_USER, &args)?;
    if let Some(name) = &patch.name {
        keys::delete_keys(tx, app, uid)?;
        keys::insert_keys(tx, app, uid, id, name)?;
    }
    Ok(())
}

pub(crate) fn delete_user(
    tx: &mut dyn WriteTx,
    app: AppNo,
    uid: Uid,
    now: Time,
) -> Result<(), DbError> {
    tx.execute(DELETE_USER, &[now.0.into(), app.0.into(), uid.0.into()])?;
    keys::delete_keys(tx, app, uid)
}

/// A living user's internal id.
pub(crate) fn uid_by_id(
    tx: &mut dyn ReadTx,
    app: AppNo,
    id: &UserId,
) -> Result<Option<Uid>, DbError> {
    let key = model::id_key(id);
    tx.first(UID_BY_ID, &[app.0.into(), key.as_slice().into()], |row| Ok(Uid(row.int(0)?)))
}

/// The id of a user, deleted or not. An internal id is unique over all apps, so no app is asked
/// for: who has one got it from a row of the app.
pub(crate) fn id_by_uid(tx: &mut dyn ReadTx, uid: Uid) -> Result<Option<UserId>, DbError> {
    tx.first(ID_BY_UID, &[uid.0.into()], |row| user_id(row, 0))
}

pub(crate) fn user_by_id(
    tx: &mut dyn ReadTx,
    app: AppNo,
    id: &UserId,
) -> Result<Option<(Uid, User)>, DbError> {
    let key = model::id_key(id);
    tx.first(USER_BY_ID, &[app.0.into(), key.as_slice().into()], user_row)
}

pub(crate) fn user_by_uid(
    tx: &mut dyn ReadTx,
    app: AppNo,
    uid: Uid,
) -> Result<Option<(Uid, User)>, DbError> {
    tx.first(USER_BY_UID, &[app.0.into(), uid.0.into()], user_row)
}

/// Users whose id begins like this, behind `after`.
pub(crate) fn users_by_id_key(
    tx: &mut dyn ReadTx,
    app: AppNo,
    prefix: &Prefix,
    after: &[u8],
    limit: usize,
) -> Result<Vec<User>, DbError> {
    let args = [app.0.into(), after.into(), prefix.to.as_slice().into(), count(limit)];
    tx.all(USERS_BY_ID_KEY, &args, |row| Ok(user_row(row)?.1))
}

/// Users whose name begins like this and whose id does not, behind `after`.
pub(crate) fn users_by_name_key(
    tx: &mut dyn ReadTx,
    app: AppNo,
    prefix: &Prefix,
    after: &[u8],
    limit: usize,
) -> Result<Vec<User>, DbError> {
    let args = [
        app.0.into(),
        after.into(),
        prefix.to.as_slice().into(),
        prefix.from.as_slice().into(),
        count(limit),
    ];
    tx.all(USERS_BY_NAME_KEY, &args, |row| Ok(user_row(row)?.1))
}

/// A session that is about to be written.
pub(crate) struct NewSession {
    pub(crate) app: AppNo,
    pub(crate) uid: Uid,
    pub(crate) id: SessionId,
    pub(crate) token_hash: Hash,
    pub(crate) device: Device,
    pub(crate) created_at: Time,
    pub(crate) expires_at: Time,
    /// Where it can be refreshed.
    pub(crate) refresh: Option<NewFamily>,
}

/// How a session is refreshed that is about to be written.
pub(crate) struct NewFamily {
    pub(crate) token_expires_at: Time,
    pub(crate) ends_at: Time,
    pub(crate) family_hash: Hash,
    pub(crate) refresh_hash: Hash,
}

pub(crate) fn insert_session(tx: &mut dyn WriteTx, session: &NewSession) -> Result<(), DbError> {
    let device = &session.device;
    let refresh = session.refresh.as_ref();
    let args = [
        session.app.0.into(),
        session.uid.0.into(),
        session.id.as_bytes().into(),
        (&session.token_hash).into(),
        device.id.as_deref().into(),
        device.platform.as_deref().into(),
        device.name.as_deref().into(),
        device.app_version.as_deref().into(),
        session.created_at.0.into(),
        session.expires_at.0.into(),
        refresh.map(|new| new.token_expires_at.0).into(),
        refresh.map(|new| new.ends_at.0).into(),
        refresh.map(|new| &new.family_hash).into(),
        refresh.map(|new| &new.refresh_hash).into(),
    ];
    tx.execute(INSERT_SESSION, &args).map(|_| ())
}

/// The session of a token, unless it or its user is gone; whether it has expired is for the
/// caller to see.
pub(crate) fn session_by_token(
    tx: &mut dyn ReadTx,
    hash: &Hash,
) -> Result<Option<TokenIdentity>, DbError> {
    tx.first(SESSION_BY_TOKEN, &[hash.into()], |row| {
        Ok(TokenIdentity {
            app: AppNo(row.int(0)?),
            uid: Uid(row.int(1)?),
            id: user_id(row, 2)?,
            session: SessionId(row.id16(3)?),
            last_seen_at: Time(row.int(4)?),
            expires_at: Time(row.int(5)?),
        })
    })
}

/// One living session of a user.
pub(crate) fn session(
    tx: &mut dyn ReadTx,
    app: AppNo,
    uid: Uid,
    id: SessionId,
    now: Time,
) -> Result<Option<Session>, DbError> {
    let args = [app.0.into(), uid.0.into(), id.as_bytes().into(), now.0.into()];
    tx.first(SESSION, &args, session_row)
}

/// Living sessions of a user, the youngest first.
pub(crate) fn sessions_before(
    tx: &mut dyn ReadTx,
    app: AppNo,
    uid: Uid,
    before: SessionId,
    now: Time,
    limit: usize,
) -> Result<Vec<Session>, DbError> {
    let args = [app.0.into(), uid.0.into(), before.as_bytes().into(), now.0.into(), count(limit)];
    tx.all(SESSIONS_BEFORE, &args, session_row)
}

/// Notes that a session is in use. `false`: it has been revoked.
pub(crate) fn see_session(
    tx: &mut dyn WriteTx,
    app: AppNo,
    uid: Uid,
    id: SessionId,
    now: Time,
) -> Result<bool, DbError> {
    let args = [now.0.into(), app.0.into(), uid.0.into(), id.as_bytes().into()];
    Ok(tx.execute(SEE_SESSION, &args)? == 1)
}

/// Notes what a session runs on, and that it is in use. `false`: it has been revoked.
pub(crate) fn set_device(
    tx: &mut dyn WriteTx,
    app: AppNo,
    uid: Uid,
    id: SessionId,
    device: &Device,
    now: Time,
) -> Result<bool, DbError> {
    let args = [
        device.id.as_deref().into(),
        device.platform.as_deref().into(),
        device.name.as_deref().into(),
        device.app_version.as_deref().into(),
        now.0.into(),
        app.0.into(),
        uid.0.into(),
        id.as_bytes().into(),
    ];
    Ok(tx.execute(SET_DEVICE, &args)? == 1)
}

/// `false`: the user has no such session, or it is over already.
pub(crate) fn revoke_session(
    tx: &mut dyn WriteTx,
    app: AppNo,
    uid: Uid,
    id: SessionId,
    now: Time,
) -> Result<bool, DbError> {
    let args = [now.0.into(), app.0.into(), uid.0.into(), id.as_bytes().into()];
    Ok(tx.execute(REVOKE_SESSION, &args)? == 1)
}

pub(crate) fn revoke_sessions(
    tx: &mut dyn WriteTx,
    app: AppNo,
    uid: Uid,
    now: Time,
) -> Result<(), DbError> {
    tx.execute(REVOKE_SESSIONS, &[now.0.into(), app.0.into(), uid.0.into()]).map(|_| ())
}

/// Deletes about `turn` of the oldest expired sessions: those of the same microsecond go together. Says how
/// many it were, and whether there are more.
pub(crate) fn sweep_sessions(
    tx: &mut dyn WriteTx,
    until: Time,
    turn: usize,
) -> Result<(u64, bool), DbError> {
    let nth =
        tx.as_read().first(NTH_OLD_SESSION, &[until.0.into(), count(turn)], |row| row.int(0))?;
    let rows = tx.execute(SWEEP_SESSIONS, &[nth.unwrap_or(until.0).into()])?;
    Ok((rows, nth.is_some()))
}

fn count(limit: usize) -> Value<'static> {
    Value::Int(i64::try_from(limit).unwrap_or(i64::MAX))
}
