//! How names are typed: the third index by which users are found, and its making.

use hoopoe_db::{DbError, ReadTx, WriteTx};
use hoopoe_kernel::{AppNo, Uid};
use hoopoe_wire::{UserId, accounts::User};

use super::{count, user_id, user_row};
use crate::model::{self, Prefix};

pub(super) const INSERT_KEY: &str = "INSERT INTO user_keys (app, search_key, uid) \
    VALUES ($1, $2, $3) ON CONFLICT (app, search_key) DO UPDATE SET uid = excluded.uid";
pub(super) const DELETE_KEYS: &str = "DELETE FROM user_keys WHERE app = $1 AND uid = $2";
pub(super) const KEYS: &str =
    "SELECT search_key FROM user_keys WHERE app = $1 AND uid = $2 ORDER BY search_key";
pub(super) const USERS_BY_KEY: &str = "SELECT u.uid, u.id, u.name, u.avatar_url, u.metadata, \
    u.created_at_us, u.updated_at_us, k.search_key FROM user_keys k \
    JOIN users u ON u.app = k.app AND u.uid = k.uid AND u.deleted_at_us IS NULL \
    WHERE k.app = $1 AND k.search_key > $2 AND k.search_key < $3 \
    AND NOT (u.id_key > $4 AND u.id_key < $3) AND NOT (u.name_key > $4 AND u.name_key < $3) \
    AND NOT EXISTS (SELECT 1 FROM user_keys e WHERE e.app = k.app AND e.uid = k.uid \
        AND e.search_key > $4 AND e.search_key < k.search_key) \
    ORDER BY k.search_key LIMIT $5";
pub(super) const BEGIN_FILL: &str = "INSERT INTO user_key_fills (app, version, after_uid, is_done) \
    VALUES (0, $1, 0, 0) ON CONFLICT (app) DO UPDATE SET version = excluded.version, \
    after_uid = 0, is_done = 0 WHERE user_key_fills.version <> excluded.version";
pub(super) const FILL: &str =
    "SELECT after_uid, is_done FROM user_key_fills WHERE app = 0 AND version = $1";
pub(super) const NEXT_NAMES: &str = "SELECT app, uid, id, name FROM users \
    WHERE uid > $1 AND deleted_at_us IS NULL ORDER BY uid LIMIT $2";
pub(super) const HOLD_NAME: &str = "UPDATE users SET name_key = name_key \
    WHERE app = $1 AND uid = $2 AND name = $3 AND deleted_at_us IS NULL";
pub(super) const KEEP_FILL: &str =
    "UPDATE user_key_fills SET after_uid = $1, is_done = $2 WHERE app = 0 AND version = $3";

/// Users of whose keys one begins like this, while neither id nor name does, behind `after`: each
/// once, at the first of the keys, which stands beside.
pub(crate) fn users_by_key(
    tx: &mut dyn ReadTx,
    app: AppNo,
    prefix: &Prefix,
    after: &[u8],
    limit: usize,
) -> Result<Vec<(User, Vec<u8>)>, DbError> {
    let args = [
        app.0.into(),
        after.into(),
        prefix.to.as_slice().into(),
        prefix.from.as_slice().into(),
        count(limit),
    ];
    tx.all(USERS_BY_KEY, &args, |row| Ok((user_row(row)?.1, row.bytes(7)?.to_vec())))
}

/// Writes the keys of a name that a user did not have before.
pub(super) fn insert_keys(
    tx: &mut dyn WriteTx,
    app: AppNo,
    uid: Uid,
    id: &UserId,
    name: &str,
) -> Result<(), DbError> {
    for key in model::keys::of(name) {
        let key = model::search_key(&key, id);
        tx.execute(INSERT_KEY, &[app.0.into(), key.as_slice().into(), uid.0.into()])?;
    }
    Ok(())
}

pub(super) fn delete_keys(tx: &mut dyn WriteTx, app: AppNo, uid: Uid) -> Result<(), DbError> {
    tx.execute(DELETE_KEYS, &[app.0.into(), uid.0.into()]).map(|_| ())
}

/// How far the fill by the rules of today has come: behind which user, and whether to the end.
/// `None`: it has not begun.
pub(crate) fn fill(tx: &mut dyn ReadTx) -> Result<Option<(Uid, bool)>, DbError> {
    let version = model::keys::VERSION.into();
    tx.first(FILL, &[version], |row| Ok((Uid(row.int(0)?), row.int(1)? == 1)))
}

/// Begins the fill, unless somebody else has.
pub(crate) fn begin_fill(tx: &mut dyn WriteTx) -> Result<(), DbError> {
    tx.execute(BEGIN_FILL, &[model::keys::VERSION.into()]).map(|_| ())
}

/// Writes the keys of up to `turn` users behind `after`, where they are not there yet, and how far
/// it came. `false`: there is nobody left.
pub(crate) fn fill_turn(
    tx: &mut dyn WriteTx,
    after: Uid,
    turn: usize,
) -> Result<(Uid, bool), DbError> {
    let users = tx.as_read().all(NEXT_NAMES, &[after.0.into(), count(turn)], |row| {
        let name = row.text(3)?;
        let name = model::keys::has_any(name).then(|| name.to_owned());
        Ok((AppNo(row.int(0)?), Uid(row.int(1)?), user_id(row, 2)?, name))
    })?;
    let is_more = users.len() == turn;
    let last = users.last().map_or(after, |(_, uid, ..)| *uid);
    for (app, uid, id, name) in users {
        if let Some(name) = name {
            fill_one(tx, app, uid, &id, &name)?;
        }
    }
    let args = [last.0.into(), i64::from(!is_more).into(), model::keys::VERSION.into()];
    tx.execute(KEEP_FILL, &args)?;
    Ok((last, is_more))
}

fn fill_one(
    tx: &mut dyn WriteTx,
    app: AppNo,
    uid: Uid,
    id: &UserId,
    name: &str,
) -> Result<(), DbError> {
    let mut wanted: Vec<Vec<u8>> =
        model::keys::of(name).iter().map(|key| model::search_key(key, id)).collect();
    wanted.sort();
    let there =
        tx.as_read().all(KEYS, &[app.0.into(), uid.0.into()], |row| Ok(row.bytes(0)?.to_vec()))?;
    // Where many write, somebody may be changing the name: whoever does holds the row, and writes
    // the keys of the new one.
    if there == wanted || tx.execute(HOLD_NAME, &[app.0.into(), uid.0.into(), name.into()])? == 0 {
        return Ok(());
    }
    delete_keys(tx, app, uid)?;
    insert_keys(tx, app, uid, id, name)
}
