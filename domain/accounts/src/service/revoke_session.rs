//! Ends sessions: one's own, another of one's own, or all of a user's.

use hoopoe_kernel::{Ctx, Fail, Uid};
use hoopoe_wire::{SessionId, UserId, codes};

use super::outlive;
use crate::{Accounts, store};

impl Accounts {
    /// Ends the session that calls. 404 for a server key that acts for a user: it has none.
    pub async fn logout(&self, ctx: &Ctx) -> Result<(), Fail> {
        let user = ctx.user()?;
        let session = user.session.ok_or_else(|| Fail::new(&codes::SESSION_NOT_FOUND))?;
        self.end(ctx, user.uid, session).await
    }

    /// Ends one of the caller's sessions. 404 for another user's, or one that is over.
    pub async fn delete_session(&self, ctx: &Ctx, session: SessionId) -> Result<(), Fail> {
        let uid = ctx.user()?.uid;
        self.end(ctx, uid, session).await
    }

    /// Ends all sessions of a user, for the app's backend. 404 for a user who is not there.
    pub async fn revoke_all(&self, ctx: &Ctx, id: UserId) -> Result<(), Fail> {
        let (accounts, app, now) = (self.clone(), ctx.app, ctx.now());
        outlive(async move {
            let write = accounts.0.db.write(move |tx| {
                let uid = store::uid_by_id(tx.as_read(), app, &id)?
                    .ok_or_else(|| Fail::new(&codes::USER_NOT_FOUND))?;
                store::revoke_sessions(tx, app, uid, now)?;
                Ok(uid)
            });
            let uid = write.await?;
            accounts.tell_all_revoked(uid);
            Ok(())
        })
        .await
    }

    /// Ends all sessions of the caller but the one that calls; all of them when a server key acts
    /// for the user.
    pub async fn delete_other_sessions(&self, ctx: &Ctx) -> Result<(), Fail> {
        let user = ctx.user()?;
        let (uid, own) = (user.uid, user.session.unwrap_or(SessionId::NONE));
        let (accounts, app, now) = (self.clone(), ctx.app, ctx.now());
        outlive(async move {
            let write =
                accounts.0.db.write(move |tx| Ok(store::revoke_others(tx, app, uid, own, now)?));
            let ended = write.await?;
            ended.into_iter().try_for_each(|session| accounts.tell_revoked(uid, session))
        })
        .await
    }

    async fn end(&self, ctx: &Ctx, uid: Uid, session: SessionId) -> Result<(), Fail> {
        let (accounts, app, now) = (self.clone(), ctx.app, ctx.now());
        outlive(async move {
            let write = accounts.0.db.write(move |tx| {
                if store::revoke_session(tx, app, uid, session, now)? {
                    return Ok(());
                }
                Err(Fail::new(&codes::SESSION_NOT_FOUND))
            });
            write.await?;
            accounts.tell_revoked(uid, session)
        })
        .await
    }
}
