//! Makes an account for somebody who comes by themselves.

use std::sync::Arc;

use hoopoe_db::WriteTx;
use hoopoe_kernel::{AppNo, Ctx, Fail, Uid};
use hoopoe_wire::{
    Time, UserId,
    accounts::User,
    codes, ids,
    signin::{Register, SignedIn},
};

use super::{
    sign_in::Opening,
    upsert_users::{ATTEMPTS, is_taken},
};
use crate::{
    Accounts,
    model::{
        self, Profile,
        password::{LoginName, Plain},
        settings::Registration,
    },
    store,
};

/// Everything that a registration writes.
struct Draft {
    profile: Profile,
    login: LoginName,
    password_hash: String,
    opening: Opening,
}

impl Accounts {
    /// Makes a user with a login name and a password, and signs them in. The user's id is made
    /// here: if people could choose it, one could take the id that the app's backend is going to
    /// give to somebody else. 403 when registration is closed, 409 for a name that is taken.
    pub async fn register(&self, ctx: &Ctx, request: Register) -> Result<SignedIn, Fail> {
        let settings = &self.0.settings;
        if settings.registration == Registration::Closed {
            return Err(Fail::new(&codes::REGISTRATION_CLOSED));
        }
        let Register { app, login, password, name, device } = request;
        let login = LoginName::check("/login", &login)?;
        let least = settings.password_chars_min;
        let plain = Plain::chosen("/password", &password, least, &login)?;
        model::check_device(device.as_ref())?;
        let name = name.unwrap_or_else(|| login.text.clone());
        let profile = Profile::check("", fresh_user_id(ctx)?, Some(name), None, None)?;
        let found = self.0.apps.find(&app).await?;
        let (app, _) = found.ok_or_else(|| Fail::new(&codes::APP_NOT_FOUND))?;
        self.check_free(app, &login).await?;
        let password_hash = self.0.hasher.hash(plain).await?;
        let opening = Opening::new(ctx, settings, device);
        let draft = Arc::new(Draft { profile, login, password_hash, opening });
        let user = self.write_account(ctx, app, &draft).await?;
        Ok(draft.opening.reply(user))
    }

    /// A name that is taken is refused before its password costs anything.
    async fn check_free(&self, app: AppNo, login: &LoginName) -> Result<(), Fail> {
        let login = login.clone();
        let taken = self.0.db.read(move |tx| Ok(store::login_by_key(tx, app, &login)?));
        match taken.await? {
            Some(_) => Err(Fail::new(&codes::LOGIN_TAKEN)),
            None => Ok(()),
        }
    }

    async fn write_account(&self, ctx: &Ctx, app: AppNo, draft: &Arc<Draft>) -> Result<User, Fail> {
        let now = ctx.now();
        for _ in 0..ATTEMPTS {
            let mut random = [0; 4];
            ctx.env().entropy.fill(&mut random);
            let uid = model::uid(now, u32::from_le_bytes(random), 0);
            let written = draft.clone();
            let write = self.0.db.write(move |tx| insert(tx, app, uid, &written, now));
            match write.await {
                // The internal id, or the name by somebody who was faster: look again.
                Err(fail) if is_taken(&fail) => {}
                outcome => return outcome.map(|()| draft.profile.to_user(now, now)),
            }
        }
        Err(Fail::unavailable())
    }
}

fn insert(
    tx: &mut dyn WriteTx,
    app: AppNo,
    uid: Uid,
    draft: &Draft,
    now: Time,
) -> Result<(), Fail> {
    if store::login_by_key(tx.as_read(), app, &draft.login)?.is_some() {
        return Err(Fail::new(&codes::LOGIN_TAKEN));
    }
    store::upsert_user(tx, app, uid, &draft.profile, now)?;
    store::set_login(tx, app, uid, &draft.login, &draft.password_hash, now)?;
    store::insert_session(tx, &draft.opening.row(app, uid))?;
    Ok(())
}

/// `usr_` and 22 digits, which is a legal id.
fn fresh_user_id(ctx: &Ctx) -> Result<UserId, Fail> {
    let mut text = "usr_".to_owned();
    text.extend(ids::base62(ctx.fresh_id()).map(char::from));
    UserId::parse(&text).ok_or_else(Fail::internal)
}
