//! Every SQL statement of the domain.

use hoopoe_db::{DbError, ReadTx, WriteTx};
use hoopoe_kernel::{AppNo, Uid};
use hoopoe_wire::Time;

/// Two nodes may write of the same user: the later time stays.
const SEE: &str = "INSERT INTO last_seen (uid, app, at_us) VALUES ($1, $2, $3) \
    ON CONFLICT (uid) DO UPDATE SET at_us = CASE WHEN excluded.at_us > last_seen.at_us \
        THEN excluded.at_us ELSE last_seen.at_us END";
const LAST_SEEN: &str = "SELECT at_us FROM last_seen WHERE uid = $1 AND app = $2";

/// Every statement, so that a test can prepare them all on both databases.
pub const STATEMENTS: &[&str] = &[SEE, LAST_SEEN];

/// Notes when a user went.
pub(crate) fn see(tx: &mut dyn WriteTx, app: AppNo, uid: Uid, at: Time) -> Result<(), DbError> {
    tx.execute(SEE, &[uid.0.into(), app.0.into(), at.0.into()]).map(|_| ())
}

/// When a user went last, as far as it was noted.
pub(crate) fn last_seen(
    tx: &mut dyn ReadTx,
    app: AppNo,
    uid: Uid,
) -> Result<Option<Time>, DbError> {
    tx.first(LAST_SEEN, &[uid.0.into(), app.0.into()], |row| Ok(Time(row.int(0)?)))
}
