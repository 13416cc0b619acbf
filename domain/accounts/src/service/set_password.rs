//! Gives a user a password: their own change of it, or what the app's backend and the operator do.

use hoopoe_kernel::{Ctx, Fail};
use hoopoe_wire::{
    SessionId, codes,
    signin::{PasswordSet, SetMyPassword, SetPassword},
};

use super::{hashing::Verdict, outlive, upsert_users::is_taken};
use crate::{
    Accounts,
    model::password::{LoginName, Plain},
    store,
};

/// What becomes of the user's sessions when somebody else gives the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sessions {
    /// All end.
    End,
    /// They go on.
    Keep,
}

impl Accounts {
    /// Changes the caller's password and ends their other sessions. 403 for a wrong current one,
    /// 409 for a user without a password; guessing waits as at `login`.
    pub async fn set_my_password(&self, ctx: &Ctx, request: SetMyPassword) -> Result<(), Fail> {
        let SetMyPassword { current, password } = request;
        let user = ctx.user()?;
        let (app, uid) = (ctx.app, user.uid);
        let own = user.session.unwrap_or(SessionId::NONE);
        let current = Plain::claimed("/current", &current)?;
        let found = self.0.db.read(move |tx| Ok(store::login_by_uid(tx, app, uid)?)).await?;
        let found = found.ok_or_else(|| Fail::new(&codes::NO_PASSWORD))?;
        let login = LoginName::check("/login", &found.login).map_err(|_| Fail::internal())?;
        let least = self.0.settings.password_chars_min;
        let chosen = Plain::chosen("/password", &password, least, &login)?;
        let attempt = self.0.throttle.begin(ctx, app, &login)?;
        match self.0.hasher.verify(current, Some(found.password_hash.clone())).await {
            Ok(Verdict::Right { .. }) => attempt.succeeded(),
            Ok(Verdict::Wrong) => return Err(Fail::new(&codes::WRONG_PASSWORD)),
            Err(fail) => {
                attempt.withdraw();
                return Err(fail);
            }
        }
        let password_hash = self.0.hasher.hash(chosen).await?;
        let (accounts, now) = (self.clone(), ctx.now());
        outlive(async move {
            let write = accounts.0.db.write(move |tx| {
                if !store::change_password(tx, app, &found, &password_hash, now)? {
                    return Err(Fail::new(&codes::WRONG_PASSWORD));
                }
                Ok(store::revoke_others(tx, app, uid, own, now)?)
            });
            let ended = write.await?;
            ended.into_iter().try_for_each(|session| accounts.tell_revoked(uid, session))
        })
        .await
    }

    /// Gives a user a password, and a login name where they have none or another one is named: for
    /// the app's backend and the operator. 404 for a user who is not there, 409 for a name that
    /// somebody else has.
    pub async fn set_password(
        &self,
        ctx: &Ctx,
        request: SetPassword,
        sessions: Sessions,
    ) -> Result<PasswordSet, Fail> {
        let SetPassword { user, login, password } = request;
        let (app, id) = (ctx.app, user.clone());
        let read = self.0.db.read(move |tx| {
            let Some(uid) = store::uid_by_id(tx, app, &id)? else { return Ok(None) };
            Ok(Some((uid, store::login_by_uid(tx, app, uid)?)))
        });
        let found = read.await?;
        let (uid, had) = found.ok_or_else(|| Fail::new(&codes::USER_NOT_FOUND))?;
        let name = login.or_else(|| had.map(|had| had.login));
        let login = LoginName::check("/login", name.as_deref().unwrap_or(user.as_str()))?;
        let least = self.0.settings.password_chars_min;
        let chosen = Plain::chosen("/password", &password, least, &login)?;
        let password_hash = self.0.hasher.hash(chosen).await?;
        let (accounts, now) = (self.clone(), ctx.now());
        let reply = PasswordSet { login: login.text.clone() };
        outlive(async move {
            let write = accounts.0.db.write(move |tx| {
                let living = store::uid_by_id(tx.as_read(), app, &user)?;
                if living != Some(uid) {
                    return Err(Fail::new(&codes::USER_NOT_FOUND));
                }
                let owner = store::login_by_key(tx.as_read(), app, &login)?;
                if owner.is_some_and(|owner| owner.uid != uid) {
                    return Err(Fail::new(&codes::LOGIN_TAKEN));
                }
                store::set_login(tx, app, uid, &login, &password_hash, now)?;
                if sessions == Sessions::End {
                    store::revoke_sessions(tx, app, uid, now)?;
                }
                Ok(())
            });
            match write.await {
                // Somebody took the name at the same moment.
                Err(fail) if is_taken(&fail) => return Err(Fail::new(&codes::LOGIN_TAKEN)),
                outcome => outcome?,
            }
            if sessions == Sessions::End {
                accounts.tell_all_revoked(uid);
            }
            Ok(())
        })
        .await?;
        Ok(reply)
    }
}
