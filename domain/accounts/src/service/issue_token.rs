//! Opens a session for a user: what the app's backend does after it knows who the person is.

use hoopoe_apps::secret::{self, USER_TOKEN};
use hoopoe_kernel::{Ctx, Fail};
use hoopoe_wire::{
    SessionId,
    accounts::{IssueToken, Token},
    codes,
};

use crate::{
    Accounts, model,
    store::{self, NewSession},
};

impl Accounts {
    /// Makes a session and its token. 404 for a user who is not there.
    pub async fn issue_token(&self, ctx: &Ctx, request: IssueToken) -> Result<Token, Fail> {
        let IssueToken { user, ttl_s, device } = request;
        let ttl_s = model::check_ttl(ttl_s)?;
        model::check_device(device.as_ref())?;
        let (app, now) = (ctx.app, ctx.now());
        let token = secret::fresh(USER_TOKEN, ctx.env());
        let token_hash = secret::hash(&token.0);
        let session = SessionId(ctx.fresh_id());
        let expires_at = now.plus_s(ttl_s);
        let device = device.unwrap_or_default();
        let write = self.0.db.write(move |tx| {
            let uid = store::uid_by_id(tx.as_read(), app, &user)?
                .ok_or_else(|| Fail::new(&codes::USER_NOT_FOUND))?;
            let row = NewSession {
                app,
                uid,
                id: session,
                token_hash,
                device: device.clone(),
                created_at: now,
                expires_at,
                refresh: None,
            };
            store::insert_session(tx, &row)?;
            Ok(())
        });
        write.await?;
        Ok(Token { token, expires_at, session })
    }
}
