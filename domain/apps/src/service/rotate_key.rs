//! Replaces a key: the new one works at once, the old one for a while longer.

use hoopoe_kernel::{Ctx, Fail};
use hoopoe_wire::{
    apps::{NewKey, RotateKey},
    codes,
};

use super::{
    create_key::{Draft, check_hand_on},
    find_app::reach,
};
use crate::{Apps, model, store};

impl Apps {
    /// Makes a key with the label and the scopes of the old one, which expires after the grace
    /// period (or when it would have anyway). 404 for a key that does not work any more.
    pub async fn rotate_key(&self, ctx: &Ctx, request: RotateKey) -> Result<NewKey, Fail> {
        let grace_s = model::check_grace(request.grace_s)?;
        let (ctx, now) = (ctx.clone(), ctx.now());
        let written = self
            .0
            .db
            .write(move |tx| {
                let (no, _) = reach(tx.as_read(), &ctx, request.app)?;
                let old = store::key_by_id(tx.as_read(), no, request.key)?
                    .filter(|key| key.revoked_at.is_none())
                    .filter(|key| key.expires_at.is_none_or(|at| now < at))
                    .ok_or_else(|| Fail::new(&codes::KEY_NOT_FOUND))?;
                let scopes = model::key_scopes(&old);
                check_hand_on(&ctx, &scopes)?;
                let until = now.plus_s(grace_s);
                store::expire_key(tx, no, old.id, old.expires_at.unwrap_or(until).min(until))?;
                Draft::server(&ctx, old.label, scopes).insert(tx, no)
            })
            .await;
        self.0.keys.changed();
        written
    }
}
