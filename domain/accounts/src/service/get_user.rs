//! Shows a user.

use hoopoe_kernel::{Ctx, Fail};
use hoopoe_wire::{UserId, accounts::User, codes};

use crate::{Accounts, store};

impl Accounts {
    /// A user of the app. 404 for one who is not there.
    pub async fn get(&self, ctx: &Ctx, id: UserId) -> Result<User, Fail> {
        let app = ctx.app;
        let read = self.0.db.read(move |tx| Ok(store::user_by_id(tx, app, &id)?));
        let (_, user) = read.await?.ok_or_else(|| Fail::new(&codes::USER_NOT_FOUND))?;
        Ok(user)
    }

    /// The user who calls.
    pub async fn get_me(&self, ctx: &Ctx) -> Result<User, Fail> {
        let (app, uid) = (ctx.app, ctx.user()?.uid);
        let read = self.0.db.read(move |tx| Ok(store::user_by_uid(tx, app, uid)?));
        let (_, user) = read.await?.ok_or_else(|| Fail::new(&codes::USER_NOT_FOUND))?;
        Ok(user)
    }
}
