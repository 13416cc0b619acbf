//! Every SQL statement of the domain.

use hoopoe_db::{DbError, ReadTx, Row, Value, WriteTx};
use hoopoe_kernel::{AppNo, Scopes};
use hoopoe_wire::{
    AppId, KeyId, Time,
    apps::{App, AppSettings, Key},
};

use crate::{
    model::{self, KeyIdentity, SettingsPatch},
    secret::Hash,
};

const LAST_APP: &str = "SELECT app FROM apps ORDER BY app DESC LIMIT 1";
const INSERT_APP: &str = "INSERT INTO apps (app, id, name, metadata, created_at_us, updated_at_us) \
    VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT DO NOTHING";
const APP_BY_ID: &str = "SELECT app, id, name, metadata, created_at_us, updated_at_us, \
        recall_window_s, edit_window_s, directory FROM apps WHERE id = $1";
const APP_BY_NAME: &str = "SELECT app, id, name, metadata, created_at_us, updated_at_us, \
        recall_window_s, edit_window_s, directory FROM apps WHERE name = $1";
const APP_BY_NO: &str = "SELECT app, id, name, metadata, created_at_us, updated_at_us, \
        recall_window_s, edit_window_s, directory FROM apps WHERE app = $1";
const APPS_AFTER: &str = "SELECT app, id, name, metadata, created_at_us, updated_at_us, \
        recall_window_s, edit_window_s, directory FROM apps \
    WHERE id > $1 ORDER BY id LIMIT $2";
const UPDATE_APP: &str = "UPDATE apps SET name = COALESCE($1, name), \
    metadata = COALESCE($2, metadata), recall_window_s = COALESCE($3, recall_window_s), \
    edit_window_s = COALESCE($4, edit_window_s), directory = COALESCE($5, directory), \
    updated_at_us = $6 WHERE app = $7";
const SETTINGS: &str = "SELECT recall_window_s, edit_window_s, directory FROM apps WHERE app = $1";
const INSERT_KEY: &str = "INSERT INTO keys (app, id, secret_hash, label, scopes, created_at_us) \
    VALUES ($1, $2, $3, $4, $5, $6)";
const KEY_BY_ID: &str = "SELECT id, label, scopes, created_at_us, expires_at_us, revoked_at_us \
    FROM keys WHERE app = $1 AND id = $2";
const KEYS_AFTER: &str = "SELECT id, label, scopes, created_at_us, expires_at_us, revoked_at_us \
    FROM keys WHERE app = $1 AND id > $2 ORDER BY id LIMIT $3";
const KEY_BY_SECRET: &str = "SELECT app, id, scopes, expires_at_us FROM keys \
    WHERE secret_hash = $1 AND revoked_at_us IS NULL";
const EXPIRE_KEY: &str = "UPDATE keys SET expires_at_us = $1 WHERE app = $2 AND id = $3";
const REVOKE_KEY: &str = "UPDATE keys SET revoked_at_us = $1 \
    WHERE app = $2 AND id = $3 AND revoked_at_us IS NULL";
const CLAIM_REPLY: &str = "INSERT INTO replies \
    (app, caller, idempotency_key, request_hash, claim, at_us) VALUES ($1, $2, $3, $4, $5, $6) \
    ON CONFLICT (app, caller, idempotency_key) DO UPDATE SET \
    request_hash = excluded.request_hash, claim = excluded.claim, status = NULL, body = NULL, \
    at_us = excluded.at_us \
    WHERE replies.at_us <= $7 OR (replies.status IS NULL AND replies.at_us <= $8)";
const FIND_REPLY: &str = "SELECT request_hash, status, body FROM replies \
    WHERE app = $1 AND caller = $2 AND idempotency_key = $3";
const KEEP_REPLY: &str = "UPDATE replies SET status = $1, body = $2 \
    WHERE app = $3 AND caller = $4 AND idempotency_key = $5 AND claim = $6 AND status IS NULL";
const FREE_REPLY: &str = "DELETE FROM replies \
    WHERE app = $1 AND caller = $2 AND idempotency_key = $3 AND claim = $4 AND status IS NULL";
const NTH_OLD_REPLY: &str = "SELECT at_us FROM replies WHERE at_us <= $1 \
    ORDER BY at_us LIMIT 1 OFFSET $2";
const SWEEP_REPLIES: &str = "DELETE FROM replies WHERE at_us <= $1";

/// Every statement, so that a test can prepare them all on both databases.
pub const STATEMENTS: &[&str] = &[
    LAST_APP,
    INSERT_APP,
    APP_BY_ID,
    APP_BY_NAME,
    APP_BY_NO,
    APPS_AFTER,
    UPDATE_APP,
    SETTINGS,
    INSERT_KEY,
    KEY_BY_ID,
    KEYS_AFTER,
    KEY_BY_SECRET,
    EXPIRE_KEY,
    REVOKE_KEY,
    CLAIM_REPLY,
    FIND_REPLY,
    KEEP_REPLY,
    FREE_REPLY,
    NTH_OLD_REPLY,
    SWEEP_REPLIES,
];

fn app_row(row: &dyn Row) -> Result<(AppNo, App), DbError> {
    let metadata = serde_json::from_str(row.text(3)?).map_err(|_| DbError::decode(3, "JSON"))?;
    let app = App {
        id: AppId(row.id16(1)?),
        name: row.text(2)?.to_owned(),
        metadata,
        settings: model::settings(row.int_opt(6)?, row.int_opt(7)?, row.text_opt(8)?),
        created_at: Time(row.int(4)?),
        updated_at: Time(row.int(5)?),
    };
    Ok((AppNo(row.int(0)?), app))
}

fn key_row(row: &dyn Row) -> Result<Key, DbError> {
    let scopes = model::scopes_of(row.text(2)?);
    Ok(Key {
        id: KeyId(row.id16(0)?),
        label: row.text(1)?.to_owned(),
        scopes: scopes.names().into_iter().map(str::to_owned).collect(),
        created_at: Time(row.int(3)?),
        expires_at: row.int_opt(4)?.map(Time),
        revoked_at: row.int_opt(5)?.map(Time),
    })
}

/// The number of the youngest app; 0 when there is none.
pub(crate) fn last_app(tx: &mut dyn ReadTx) -> Result<i64, DbError> {
    Ok(tx.first(LAST_APP, &[], |row| row.int(0))?.unwrap_or(0))
}

/// `false`: the number, the id or the name is taken.
pub(crate) fn insert_app(
    tx: &mut dyn WriteTx,
    no: AppNo,
    app: &App,
    metadata: &str,
) -> Result<bool, DbError> {
    let args = [
        no.0.into(),
        app.id.as_bytes().into(),
        (&app.name).into(),
        metadata.into(),
        app.created_at.0.into(),
    ];
    Ok(tx.execute(INSERT_APP, &args)? == 1)
}

pub(crate) fn app_by_id(tx: &mut dyn ReadTx, id: AppId) -> Result<Option<(AppNo, App)>, DbError> {
    tx.first(APP_BY_ID, &[id.as_bytes().into()], app_row)
}

pub(crate) fn app_by_name(
    tx: &mut dyn ReadTx,
    name: &str,
) -> Result<Option<(AppNo, App)>, DbError> {
    tx.first(APP_BY_NAME, &[name.into()], app_row)
}

pub(crate) fn app_by_no(tx: &mut dyn ReadTx, no: AppNo) -> Result<Option<App>, DbError> {
    tx.first(APP_BY_NO, &[no.0.into()], |row| Ok(app_row(row)?.1))
}

/// Apps in the order in which they were made.
pub(crate) fn apps_after(
    tx: &mut dyn ReadTx,
    after: AppId,
    limit: usize,
) -> Result<Vec<App>, DbError> {
    let args = [after.as_bytes().into(), count(limit)];
    tx.all(APPS_AFTER, &args, |row| Ok(app_row(row)?.1))
}

/// Changes what is given.
pub(crate) fn update_app(
    tx: &mut dyn WriteTx,
    no: AppNo,
    name: Option<&str>,
    metadata: Option<&str>,
    settings: &SettingsPatch,
    now: Time,
) -> Result<(), DbError> {
    let args = [
        name.into(),
        metadata.into(),
        settings.recall_window_s.into(),
        settings.edit_window_s.into(),
        settings.directory.into(),
        now.0.into(),
        no.0.into(),
    ];
    tx.execute(UPDATE_APP, &args).map(|_| ())
}

/// The settings of an app, defaults filled in; the defaults for an app that is not there.
pub(crate) fn settings(tx: &mut dyn ReadTx, no: AppNo) -> Result<AppSettings, DbError> {
    let found = tx.first(SETTINGS, &[no.0.into()], |row| {
        Ok(model::settings(row.int_opt(0)?, row.int_opt(1)?, row.text_opt(2)?))
    })?;
    Ok(found.unwrap_or_else(|| model::settings(None, None, None)))
}

pub(crate) fn insert_key(
    tx: &mut dyn WriteTx,
    no: AppNo,
    key: &Key,
    hash: &Hash,
    scopes: &Scopes,
) -> Result<(), DbError> {
    let scopes = model::scopes_text(scopes);
    let args = [
        no.0.into(),
        key.id.as_bytes().into(),
        hash.into(),
        (&key.label).into(),
        (&scopes).into(),
        key.created_at.0.into(),
    ];
    tx.execute(INSERT_KEY, &args).map(|_| ())
}

pub(crate) fn key_by_id(tx: &mut dyn ReadTx, no: AppNo, id: KeyId) -> Result<Option<Key>, DbError> {
    tx.first(KEY_BY_ID, &[no.0.into(), id.as_bytes().into()], key_row)
}

/// Keys in the order in which they were made, dead ones too.
pub(crate) fn keys_after(
    tx: &mut dyn ReadTx,
    no: AppNo,
    after: KeyId,
    limit: usize,
) -> Result<Vec<Key>, DbError> {
    tx.all(KEYS_AFTER, &[no.0.into(), after.as_bytes().into(), count(limit)], key_row)
}

/// The key of a secret, unless it is revoked; whether it has expired is for the caller to see.
pub(crate) fn key_by_secret(
    tx: &mut dyn ReadTx,
    hash: &Hash,
) -> Result<Option<KeyIdentity>, DbError> {
    tx.first(KEY_BY_SECRET, &[hash.into()], |row| {
        let app = AppNo(row.int(0)?);
        Ok(KeyIdentity {
            app,
            key: KeyId(row.id16(1)?),
            scopes: model::scopes_of(row.text(2)?),
            admin: app == AppNo::NONE,
            expires_at_us: row.int_opt(3)?,
        })
    })
}

pub(crate) fn expire_key(
    tx: &mut dyn WriteTx,
    no: AppNo,
    id: KeyId,
    at: Time,
) -> Result<(), DbError> {
    let args = [at.0.into(), no.0.into(), id.as_bytes().into()];
    tx.execute(EXPIRE_KEY, &args).map(|_| ())
}

/// `false`: there is no such key, or it is revoked already.
pub(crate) fn revoke_key(
    tx: &mut dyn WriteTx,
    no: AppNo,
    id: KeyId,
    now: Time,
) -> Result<bool, DbError> {
    let args = [now.0.into(), no.0.into(), id.as_bytes().into()];
    Ok(tx.execute(REVOKE_KEY, &args)? == 1)
}

/// Where a reply is kept: whose, and under which key.
pub(crate) struct ReplySlot {
    pub(crate) app: AppNo,
    pub(crate) caller: String,
    pub(crate) key: Vec<u8>,
    /// The request that works on it.
    pub(crate) claim: [u8; 16],
}

/// What stands in a slot.
pub(crate) struct KeptReply {
    pub(crate) request_hash: Vec<u8>,
    /// Status and body; `None` while it is being worked on.
    pub(crate) reply: Option<(i64, Vec<u8>)>,
}

/// Takes a slot that is free: empty, older than `expired`, or left by a crash before `stale`.
pub(crate) fn claim_reply(
    tx: &mut dyn WriteTx,
    slot: &ReplySlot,
    request_hash: &[u8; 32],
    now: Time,
    expired: Time,
    stale: Time,
) -> Result<bool, DbError> {
    let args = [
        slot.app.0.into(),
        (&slot.caller).into(),
        slot.key.as_slice().into(),
        request_hash.into(),
        (&slot.claim).into(),
        now.0.into(),
        expired.0.into(),
        stale.0.into(),
    ];
    Ok(tx.execute(CLAIM_REPLY, &args)? == 1)
}

pub(crate) fn find_reply(
    tx: &mut dyn ReadTx,
    slot: &ReplySlot,
) -> Result<Option<KeptReply>, DbError> {
    let args = [slot.app.0.into(), (&slot.caller).into(), slot.key.as_slice().into()];
    tx.first(FIND_REPLY, &args, |row| {
        let body = row.bytes_opt(2)?.unwrap_or_default().to_vec();
        Ok(KeptReply {
            request_hash: row.bytes(0)?.to_vec(),
            reply: row.int_opt(1)?.map(|status| (status, body)),
        })
    })
}

/// Keeps the reply, unless somebody else has the slot by now.
pub(crate) fn keep_reply(
    tx: &mut dyn WriteTx,
    slot: &ReplySlot,
    status: u16,
    body: &[u8],
) -> Result<(), DbError> {
    let args = [
        i64::from(status).into(),
        body.into(),
        slot.app.0.into(),
        (&slot.caller).into(),
        slot.key.as_slice().into(),
        (&slot.claim).into(),
    ];
    tx.execute(KEEP_REPLY, &args).map(|_| ())
}

/// Frees the slot, unless somebody else has it by now.
pub(crate) fn free_reply(tx: &mut dyn WriteTx, slot: &ReplySlot) -> Result<(), DbError> {
    let args = [
        slot.app.0.into(),
        (&slot.caller).into(),
        slot.key.as_slice().into(),
        (&slot.claim).into(),
    ];
    tx.execute(FREE_REPLY, &args).map(|_| ())
}

/// Deletes about `turn` of the oldest replies: those of the same microsecond go together. Says how
/// many it were, and whether there are more.
pub(crate) fn sweep_replies(
    tx: &mut dyn WriteTx,
    until: Time,
    turn: usize,
) -> Result<(u64, bool), DbError> {
    let nth =
        tx.as_read().first(NTH_OLD_REPLY, &[until.0.into(), count(turn)], |row| row.int(0))?;
    let rows = tx.execute(SWEEP_REPLIES, &[nth.unwrap_or(until.0).into()])?;
    Ok((rows, nth.is_some()))
}

fn count(limit: usize) -> Value<'static> {
    Value::Int(i64::try_from(limit).unwrap_or(i64::MAX))
}
