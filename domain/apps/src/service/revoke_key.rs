//! Ends a key at once.

use hoopoe_kernel::{AppNo, Ctx, Fail};
use hoopoe_wire::{KeyId, apps::RevokeKey, codes};

use super::find_app::reach;
use crate::{Apps, store};

impl Apps {
    /// Revokes a server key. 404 when the app has no such key, or it is revoked already.
    pub async fn revoke_key(&self, ctx: &Ctx, request: RevokeKey) -> Result<(), Fail> {
        let (ctx, now) = (ctx.clone(), ctx.now());
        let written = self
            .0
            .db
            .write(move |tx| {
                let (no, _) = reach(tx.as_read(), &ctx, request.app)?;
                found(store::revoke_key(tx, no, request.key, now)?)
            })
            .await;
        self.0.keys.changed();
        written
    }

    /// Revokes an administration key. 404 when there is no such key, or it is revoked already.
    pub async fn revoke_admin_key(&self, ctx: &Ctx, key: KeyId) -> Result<(), Fail> {
        let now = ctx.now();
        let revoke = self.0.db.write(move |tx| {
            let revoked = store::revoke_key(tx, AppNo::NONE, key, now)?;
            found(revoked)
        });
        let written = revoke.await;
        self.0.keys.changed();
        written
    }
}

fn found(revoked: bool) -> Result<(), Fail> {
    if revoked { Ok(()) } else { Err(Fail::new(&codes::KEY_NOT_FOUND)) }
}
