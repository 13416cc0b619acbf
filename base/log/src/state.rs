//! The user state log: one row per (user, kind, key) with its latest `rev`. Bounded by what a user
//! has, not by how often it changed.

use hoopoe_db::{DbError, DbErrorKind, ReadTx, WriteTx};
use hoopoe_kernel::{AppNo, Uid};
use hoopoe_wire::Time;

/// The kind of a user's settings; the key is [`SETTINGS_KEY`].
pub const SETTINGS: &str = "settings";
/// All settings are one value.
pub const SETTINGS_KEY: &[u8] = b"me";
/// The kind of a read mark that moved in a conversation in which nothing had happened for a while;
/// the key is the conversation's.
pub const READ: &str = "read";

/// A value to keep.
pub struct Put<'a> {
    /// `membership`, `draft`, …
    pub kind: &'a str,
    /// Which one.
    pub key: &'a [u8],
    /// Its value, JSON.
    pub body: &'a [u8],
    /// When.
    pub at: Time,
}

/// A value of the user state log, or the tombstone of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// `membership`, `draft`, …
    pub kind: String,
    /// Which one.
    pub key: Vec<u8>,
    /// When it changed last, in the user's own count.
    pub rev: i64,
    /// Whether it was removed.
    pub is_removed: bool,
    /// Its value, JSON; empty when removed.
    pub body: Vec<u8>,
}

const NEXT: &str = "INSERT INTO user_heads (uid, app, rev) VALUES ($1, $2, 1) \
    ON CONFLICT (uid) DO UPDATE SET rev = user_heads.rev + 1 RETURNING rev";
const PUT: &str = "INSERT INTO user_state (uid, kind, key, app, rev, removed, at_us, body) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (uid, kind, key) DO UPDATE SET \
    rev = excluded.rev, removed = excluded.removed, at_us = excluded.at_us, body = excluded.body";
const GET: &str = "SELECT kind, key, rev, removed, body FROM user_state \
    WHERE uid = $1 AND kind = $2 AND key = $3";
const AFTER: &str = "SELECT kind, key, rev, removed, body FROM user_state \
    WHERE uid = $1 AND rev > $2 ORDER BY rev LIMIT $3";
const HEAD: &str = "SELECT rev FROM user_heads WHERE uid = $1";

pub(crate) const STATEMENTS: &[&str] = &[NEXT, PUT, GET, AFTER, HEAD];

fn next(tx: &mut dyn WriteTx, app: AppNo, uid: Uid) -> Result<i64, DbError> {
    let rev = tx.as_read().first(NEXT, &[uid.0.into(), app.0.into()], |row| row.int(0))?;
    rev.ok_or_else(|| DbError::new(DbErrorKind::Other, "an upsert returned no row"))
}

/// Puts a value and returns its rev in the user's own count.
pub fn put(tx: &mut dyn WriteTx, app: AppNo, uid: Uid, put: &Put<'_>) -> Result<i64, DbError> {
    write(tx, app, uid, put, false)
}

fn write(
    tx: &mut dyn WriteTx,
    app: AppNo,
    uid: Uid,
    put: &Put<'_>,
    is_removed: bool,
) -> Result<i64, DbError> {
    let rev = next(tx, app, uid)?;
    let args = [
        uid.0.into(),
        put.kind.into(),
        put.key.into(),
        app.0.into(),
        rev.into(),
        is_removed.into(),
        put.at.0.into(),
        put.body.into(),
    ];
    tx.execute(PUT, &args)?;
    Ok(rev)
}

pub(crate) fn remove(
    tx: &mut dyn WriteTx,
    app: AppNo,
    uid: Uid,
    kind: &str,
    key: &[u8],
    at: Time,
) -> Result<bool, DbError> {
    let held = get(tx.as_read(), uid, kind, key)?.is_some_and(|state| !state.is_removed);
    if held {
        write(tx, app, uid, &Put { kind, key, body: b"", at }, true)?;
    }
    Ok(held)
}

/// One value, or its tombstone.
pub fn get(
    tx: &mut dyn ReadTx,
    uid: Uid,
    kind: &str,
    key: &[u8],
) -> Result<Option<State>, DbError> {
    tx.first(GET, &[uid.0.into(), kind.into(), key.into()], read)
}

/// What changed behind `rev`, in the order of change.
pub fn after(tx: &mut dyn ReadTx, uid: Uid, rev: i64, limit: usize) -> Result<Vec<State>, DbError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    tx.all(AFTER, &[uid.0.into(), rev.into(), limit.into()], read)
}

/// The user's newest rev.
pub fn head(tx: &mut dyn ReadTx, uid: Uid) -> Result<i64, DbError> {
    Ok(tx.first(HEAD, &[uid.0.into()], |row| row.int(0))?.unwrap_or(0))
}

fn read(row: &dyn hoopoe_db::Row) -> Result<State, DbError> {
    Ok(State {
        kind: row.text(0)?.to_owned(),
        key: row.bytes(1)?.to_owned(),
        rev: row.int(2)?,
        is_removed: row.flag(3)?,
        body: row.bytes(4)?.to_owned(),
    })
}
