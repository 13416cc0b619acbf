//! Deletes a user.

use hoopoe_kernel::{Ctx, Fail};
use hoopoe_wire::{UserId, codes};

use super::outlive;
use crate::{Accounts, store};

impl Accounts {
    /// Deletes a user, the password too, and ends all sessions. The row stays, because messages name it; the internal
    /// id is never used again, while the app's own id is free for a new user, who inherits
    /// nothing. 404 for a user who is not there.
    pub async fn delete(&self, ctx: &Ctx, id: UserId) -> Result<(), Fail> {
        let (accounts, app, now) = (self.clone(), ctx.app, ctx.now());
        outlive(async move {
            let write = accounts.0.db.write(move |tx| {
                let uid = store::uid_by_id(tx.as_read(), app, &id)?
                    .ok_or_else(|| Fail::new(&codes::USER_NOT_FOUND))?;
                store::delete_user(tx, app, uid, now)?;
                store::delete_login(tx, app, uid)?;
                store::revoke_sessions(tx, app, uid, now)?;
                Ok(uid)
            });
            let uid = write.await?;
            accounts.0.acting.changed();
            accounts.tell_all_revoked(uid);
            Ok(())
        })
        .await
    }
}
