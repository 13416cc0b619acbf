//! Sessions that are refreshed.

use hoopoe_apps::secret::Hash;
use hoopoe_db::{DbError, ReadTx, Row, WriteTx};
use hoopoe_kernel::{AppNo, Uid};
use hoopoe_wire::{SessionId, Time};

use crate::model::refresh::Nonce;

pub(super) const FAMILY: &str = "SELECT s.app, s.uid, s.id, s.refresh_hash, s.previous_hash, \
    s.refresh_nonce, s.attempt_hash, s.token_expires_at_us, s.expires_at_us, s.ends_at_us \
    FROM sessions s JOIN users u ON u.app = s.app AND u.uid = s.uid \
    WHERE s.family_hash = $1 AND s.revoked_at_us IS NULL AND s.expires_at_us > $2 \
    AND u.deleted_at_us IS NULL";
pub(super) const ROTATE: &str = "UPDATE sessions SET token_hash = $1, token_expires_at_us = $2, \
    refresh_hash = $3, previous_hash = refresh_hash, refresh_nonce = $4, attempt_hash = $5, \
    expires_at_us = $6, last_seen_at_us = $7 \
    WHERE app = $8 AND uid = $9 AND id = $10 AND refresh_hash = $11 AND revoked_at_us IS NULL";
pub(super) const REVOKE_OTHERS: &str = "UPDATE sessions SET revoked_at_us = $1 \
    WHERE app = $2 AND uid = $3 AND id <> $4 AND revoked_at_us IS NULL AND expires_at_us > $1 \
    RETURNING id";

/// Where the refresh tokens of a session stand.
pub(crate) struct Family {
    pub(crate) app: AppNo,
    pub(crate) uid: Uid,
    pub(crate) session: SessionId,
    pub(crate) newest: Hash,
    pub(crate) last: Option<Rotation>,
    pub(crate) token_expires_at: Time,
    pub(crate) expires_at: Time,
    pub(crate) ends_at: Time,
}

/// The last use of a refresh token.
pub(crate) struct Rotation {
    pub(crate) previous: Hash,
    pub(crate) nonce: Nonce,
    pub(crate) attempt: Option<Hash>,
}

fn hash(row: &dyn Row, column: usize) -> Result<Option<Hash>, DbError> {
    let Some(bytes) = row.bytes_opt(column)? else { return Ok(None) };
    bytes.try_into().map(Some).map_err(|_| DbError::decode(column, "32 bytes"))
}

fn family_row(row: &dyn Row) -> Result<Family, DbError> {
    let last = match hash(row, 4)? {
        None => None,
        Some(previous) => Some(Rotation { previous, nonce: row.id16(5)?, attempt: hash(row, 6)? }),
    };
    Ok(Family {
        app: AppNo(row.int(0)?),
        uid: Uid(row.int(1)?),
        session: SessionId(row.id16(2)?),
        newest: hash(row, 3)?.ok_or_else(|| DbError::decode(3, "32 bytes"))?,
        last,
        token_expires_at: Time(row.int(7)?),
        expires_at: Time(row.int(8)?),
        ends_at: Time(row.int(9)?),
    })
}

/// The living session of a family.
pub(crate) fn family(
    tx: &mut dyn ReadTx,
    hash: &Hash,
    now: Time,
) -> Result<Option<Family>, DbError> {
    tx.first(FAMILY, &[hash.into(), now.0.into()], family_row)
}

/// What a session's tokens become.
pub(crate) struct Next {
    pub(crate) token_hash: Hash,
    pub(crate) token_expires_at: Time,
    pub(crate) refresh_hash: Hash,
    pub(crate) nonce: Nonce,
    pub(crate) attempt: Option<Hash>,
    pub(crate) expires_at: Time,
}

/// `false`: somebody else was faster, with the same token, or the session has been revoked.
pub(crate) fn rotate(
    tx: &mut dyn WriteTx,
    family: &Family,
    next: &Next,
    now: Time,
) -> Result<bool, DbError> {
    let args = [
        (&next.token_hash).into(),
        next.token_expires_at.0.into(),
        (&next.refresh_hash).into(),
        (&next.nonce).into(),
        next.attempt.as_ref().into(),
        next.expires_at.0.into(),
        now.0.into(),
        family.app.0.into(),
        family.uid.0.into(),
        family.session.as_bytes().into(),
        (&family.newest).into(),
    ];
    Ok(tx.execute(ROTATE, &args)? == 1)
}

/// Ends the living sessions of a user but one, and says which they were.
pub(crate) fn revoke_others(
    tx: &mut dyn WriteTx,
    app: AppNo,
    uid: Uid,
    but: SessionId,
    now: Time,
) -> Result<Vec<SessionId>, DbError> {
    let args = [now.0.into(), app.0.into(), uid.0.into(), but.as_bytes().into()];
    tx.as_read().all(REVOKE_OTHERS, &args, |row| Ok(SessionId(row.id16(0)?)))
}
