//! Signs somebody in by name and password.

use std::sync::Arc;

use hoopoe_kernel::{AppNo, Ctx, Fail};
use hoopoe_wire::{
    codes,
    signin::{Login, SignedIn},
};

use super::{hashing::Verdict, sign_in::Opening};
use crate::{
    Accounts,
    model::{
        self,
        password::{LoginName, Plain},
    },
    store,
};

impl Accounts {
    /// Opens a session. An unknown app, an unknown name and a wrong password are one 401, after
    /// the same work; 429 when somebody guesses, or when too many sign in at once.
    pub async fn login(&self, ctx: &Ctx, request: Login) -> Result<SignedIn, Fail> {
        let Login { app, login, password, device } = request;
        let login = LoginName::check("/login", &login)?;
        let plain = Plain::claimed("/password", &password)?;
        model::check_device(device.as_ref())?;
        let (app, found) = self.find_login(&app, &login).await?;
        let attempt = self.0.throttle.begin(ctx, app, &login)?;
        let kept = found.as_ref().map(|found| found.password_hash.clone());
        let refused = || Fail::new(&codes::INVALID_CREDENTIALS);
        let rehashed = match self.0.hasher.verify(plain, kept).await {
            Ok(Verdict::Right { rehashed }) => rehashed,
            Ok(Verdict::Wrong) => return Err(refused()),
            Err(fail) => {
                attempt.withdraw();
                return Err(fail);
            }
        };
        attempt.succeeded();
        let found = found.ok_or_else(refused)?;
        let opening = Arc::new(Opening::new(ctx, &self.0.settings, device));
        let (now, row) = (ctx.now(), opening.row(app, found.uid));
        let write = self.0.db.write(move |tx| {
            // The password may have been changed while this one was compared.
            if !store::use_login(tx, app, &found, rehashed.as_deref(), now)? {
                return Err(Fail::new(&codes::INVALID_CREDENTIALS));
            }
            store::insert_session(tx, &row)?;
            let user = store::user_by_uid(tx.as_read(), app, found.uid)?;
            user.ok_or_else(|| Fail::new(&codes::INVALID_CREDENTIALS))
        });
        let (_, user) = write.await?;
        Ok(opening.reply(user))
    }

    /// The app, [`AppNo::NONE`] for one that is not there, and who has the name.
    async fn find_login(
        &self,
        app: &str,
        login: &LoginName,
    ) -> Result<(AppNo, Option<store::Login>), Fail> {
        let app = self.0.apps.find(app).await?.map_or(AppNo::NONE, |(no, _)| no);
        let login = login.clone();
        let read = self.0.db.read(move |tx| Ok(store::login_by_key(tx, app, &login)?));
        Ok((app, read.await?))
    }
}
