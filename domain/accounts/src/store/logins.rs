//! Login names and the hashes of passwords.

use hoopoe_db::{DbError, ReadTx, Row, WriteTx};
use hoopoe_kernel::{AppNo, Uid};
use hoopoe_wire::Time;

use crate::model::password::LoginName;

pub(super) const INSERT_LOGIN: &str = "INSERT INTO logins (app, uid, login, login_key, password_hash, \
    created_at_us, changed_at_us, used_at_us) VALUES ($1, $2, $3, $4, $5, $6, $6, $6) \
    ON CONFLICT (app, uid) DO UPDATE SET login = excluded.login, login_key = excluded.login_key, \
    password_hash = excluded.password_hash, changed_at_us = excluded.changed_at_us";
pub(super) const LOGIN_BY_KEY: &str = "SELECT l.uid, l.login, l.password_hash FROM logins l \
    JOIN users u ON u.app = l.app AND u.uid = l.uid \
    WHERE l.app = $1 AND l.login_key = $2 AND u.deleted_at_us IS NULL";
pub(super) const LOGIN_BY_UID: &str =
    "SELECT uid, login, password_hash FROM logins WHERE app = $1 AND uid = $2";
pub(super) const USE_LOGIN: &str = "UPDATE logins SET used_at_us = $1, \
    password_hash = COALESCE($2, password_hash) \
    WHERE app = $3 AND uid = $4 AND password_hash = $5";
pub(super) const CHANGE_PASSWORD: &str = "UPDATE logins SET password_hash = $1, changed_at_us = $2 \
    WHERE app = $3 AND uid = $4 AND password_hash = $5";
pub(super) const DELETE_LOGIN: &str = "DELETE FROM logins WHERE app = $1 AND uid = $2";

/// Somebody who signs in with a password.
#[derive(Clone)]
pub(crate) struct Login {
    pub(crate) uid: Uid,
    pub(crate) login: String,
    pub(crate) password_hash: String,
}

fn login_row(row: &dyn Row) -> Result<Login, DbError> {
    Ok(Login {
        uid: Uid(row.int(0)?),
        login: row.text(1)?.to_owned(),
        password_hash: row.text(2)?.to_owned(),
    })
}

/// Writes a login name and a hash over what the user had. Somebody else's login name is a
/// `Constraint` error.
pub(crate) fn set_login(
    tx: &mut dyn WriteTx,
    app: AppNo,
    uid: Uid,
    login: &LoginName,
    password_hash: &str,
    now: Time,
) -> Result<(), DbError> {
    let args = [
        app.0.into(),
        uid.0.into(),
        (&login.text).into(),
        login.key.as_slice().into(),
        password_hash.into(),
        now.0.into(),
    ];
    tx.execute(INSERT_LOGIN, &args).map(|_| ())
}

/// The living user of a login name.
pub(crate) fn login_by_key(
    tx: &mut dyn ReadTx,
    app: AppNo,
    login: &LoginName,
) -> Result<Option<Login>, DbError> {
    tx.first(LOGIN_BY_KEY, &[app.0.into(), login.key.as_slice().into()], login_row)
}

pub(crate) fn login_by_uid(
    tx: &mut dyn ReadTx,
    app: AppNo,
    uid: Uid,
) -> Result<Option<Login>, DbError> {
    tx.first(LOGIN_BY_UID, &[app.0.into(), uid.0.into()], login_row)
}

/// Notes a sign-in, and a new hash of the same password where there is one. `false`: the password
/// that was compared is not the user's any more. It holds the row, so that whoever changes the
/// password waits for the session that is written next, and ends it.
pub(crate) fn use_login(
    tx: &mut dyn WriteTx,
    app: AppNo,
    login: &Login,
    rehashed: Option<&str>,
    now: Time,
) -> Result<bool, DbError> {
    let args = [
        now.0.into(),
        rehashed.into(),
        app.0.into(),
        login.uid.0.into(),
        (&login.password_hash).into(),
    ];
    Ok(tx.execute(USE_LOGIN, &args)? == 1)
}

/// `false`: the password that was compared is not the user's any more.
pub(crate) fn change_password(
    tx: &mut dyn WriteTx,
    app: AppNo,
    login: &Login,
    password_hash: &str,
    now: Time,
) -> Result<bool, DbError> {
    let args = [
        password_hash.into(),
        now.0.into(),
        app.0.into(),
        login.uid.0.into(),
        (&login.password_hash).into(),
    ];
    Ok(tx.execute(CHANGE_PASSWORD, &args)? == 1)
}

pub(crate) fn delete_login(tx: &mut dyn WriteTx, app: AppNo, uid: Uid) -> Result<(), DbError> {
    tx.execute(DELETE_LOGIN, &[app.0.into(), uid.0.into()]).map(|_| ())
}
