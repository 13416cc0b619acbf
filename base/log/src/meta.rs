//! Facts about the whole database.

use hoopoe_db::{DbError, ReadTx, WriteTx};
use hoopoe_wire::Time;

const GET: &str = "SELECT value FROM log_meta WHERE key = $1";
const PUT: &str = "INSERT INTO log_meta (key, value) VALUES ($1, $2) \
    ON CONFLICT (key) DO UPDATE SET value = excluded.value";
const PUT_ONCE: &str =
    "INSERT INTO log_meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING";

pub(crate) const STATEMENTS: &[&str] = &[GET, PUT, PUT_ONCE];

pub(crate) const EPOCH: &str = "epoch";
pub(crate) const DIRECT_SECRET: &str = "direct_secret";
/// Moves from before this time may be gone.
pub(crate) const MOVES_FORGOTTEN: &str = "moves_forgotten";

pub(crate) fn get(tx: &mut dyn ReadTx, key: &str) -> Result<Option<Vec<u8>>, DbError> {
    tx.first(GET, &[key.into()], |row| Ok(row.bytes(0)?.to_owned()))
}

/// Keeps a value unless there is one, and returns the one that is kept.
pub(crate) fn get_or_put(
    tx: &mut dyn WriteTx,
    key: &str,
    value: &[u8],
) -> Result<Vec<u8>, DbError> {
    tx.execute(PUT_ONCE, &[key.into(), value.into()])?;
    Ok(get(tx.as_read(), key)?.unwrap_or_else(|| value.to_owned()))
}

/// The database's epoch: another one means that cursors from before are void.
pub(crate) fn epoch(tx: &mut dyn ReadTx) -> Result<i64, DbError> {
    let bytes = get(tx, EPOCH)?.and_then(|bytes| <[u8; 8]>::try_from(bytes).ok());
    Ok(bytes.map_or(1, i64::from_be_bytes))
}

/// Begins a new epoch and returns it: its second, so that two copies of one backup that are
/// restored one after the other do not have the same.
pub(crate) fn begin_epoch(tx: &mut dyn WriteTx, now: Time) -> Result<i64, DbError> {
    let next = (epoch(tx.as_read())? + 1).max(now.0.div_euclid(1_000_000));
    tx.execute(PUT, &[EPOCH.into(), (&next.to_be_bytes()).into()])?;
    Ok(next)
}

/// Keeps a time.
pub(crate) fn put_time(tx: &mut dyn WriteTx, key: &str, time: Time) -> Result<(), DbError> {
    tx.execute(PUT, &[key.into(), (&time.0.to_be_bytes()).into()]).map(|_| ())
}

/// A time that was kept.
pub(crate) fn time(tx: &mut dyn ReadTx, key: &str) -> Result<Option<Time>, DbError> {
    let bytes = get(tx, key)?.and_then(|bytes| <[u8; 8]>::try_from(bytes).ok());
    Ok(bytes.map(|bytes| Time(i64::from_be_bytes(bytes))))
}
