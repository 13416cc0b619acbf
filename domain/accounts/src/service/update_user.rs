//! Changes some of a profile.

use hoopoe_db::{DbError, WriteTx};
use hoopoe_kernel::{AppNo, Ctx, Fail, Uid};
use hoopoe_wire::{
    UserId,
    accounts::{UpdateMe, UpdateUser, User},
    codes,
};

use crate::{
    Accounts, model,
    store::{self, Patch},
};

/// Whose profile.
enum Who {
    Named(UserId),
    Caller(Uid),
}

impl Who {
    fn find(&self, tx: &mut dyn WriteTx, app: AppNo) -> Result<Option<(Uid, User)>, DbError> {
        match self {
            Self::Named(id) => store::user_by_id(tx.as_read(), app, id),
            Self::Caller(uid) => store::user_by_uid(tx.as_read(), app, *uid),
        }
    }
}

impl Accounts {
    /// Changes what is given, for the app's backend. 404 for a user who is not there.
    pub async fn update(&self, ctx: &Ctx, request: UpdateUser) -> Result<User, Fail> {
        let UpdateUser { user, name, avatar_url, metadata } = request;
        let metadata_text = match &metadata {
            Some(metadata) => Some(hoopoe_apps::metadata_text("/metadata", metadata)?),
            None => None,
        };
        let patch = Patch { name, avatar_url, metadata_text };
        self.change(ctx, Who::Named(user), patch).await
    }

    /// Changes what is given, for the user who calls.
    pub async fn update_me(&self, ctx: &Ctx, request: UpdateMe) -> Result<User, Fail> {
        let who = Who::Caller(ctx.user()?.uid);
        let UpdateMe { name, avatar_url } = request;
        self.change(ctx, who, Patch { name, avatar_url, metadata_text: None }).await
    }

    async fn change(&self, ctx: &Ctx, who: Who, patch: Patch) -> Result<User, Fail> {
        if let Some(name) = &patch.name {
            model::check_name("/name", name)?;
        }
        if let Some(url) = &patch.avatar_url {
            model::check_avatar_url("/avatar_url", url)?;
        }
        let (app, now) = (ctx.app, ctx.now());
        let write = self.0.db.write(move |tx| {
            let missing = || Fail::new(&codes::USER_NOT_FOUND);
            let (uid, user) = who.find(tx, app)?.ok_or_else(missing)?;
            store::update_user(tx, app, uid, &user.id, &patch, now)?;
            store::user_by_uid(tx.as_read(), app, uid)?.ok_or_else(missing)
        });
        let (uid, user) = write.await?;
        self.tell_updated(uid, &user)?;
        Ok(user)
    }
}
