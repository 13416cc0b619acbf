//! Makes server keys and administration keys.

use hoopoe_db::WriteTx;
use hoopoe_kernel::{Actor, AppNo, Ctx, Fail, Scopes};
use hoopoe_wire::{
    KeyId,
    apps::{CreateKey, Key, NewKey, Secret},
    codes, limits,
};

use super::find_app::reach;
use crate::{
    Apps, model,
    secret::{self, Hash},
    store,
};

impl Apps {
    /// Makes a server key. 403 when a key would hand on scopes that it does not have itself.
    pub async fn create_key(&self, ctx: &Ctx, request: CreateKey) -> Result<NewKey, Fail> {
        let scopes = model::check_scopes(request.scopes.as_deref())?;
        let label = request.label.unwrap_or_default();
        model::check_text("/label", &label, 0, limits::NAME_CHARS_MAX)?;
        check_hand_on(ctx, &scopes)?;
        let draft = Draft::server(ctx, label, scopes);
        let ctx = ctx.clone();
        self.0
            .db
            .write(move |tx| {
                let (no, _) = reach(tx.as_read(), &ctx, request.app)?;
                draft.insert(tx, no)
            })
            .await
    }

    /// Makes a key for the operator of the server.
    pub async fn create_admin_key(&self, ctx: &Ctx, label: &str) -> Result<NewKey, Fail> {
        model::check_text("/label", label, 0, limits::NAME_CHARS_MAX)?;
        let draft = Draft::new(ctx, secret::ADMIN_KEY, label.to_owned(), Scopes::ALL);
        self.0.db.write(move |tx| draft.insert(tx, AppNo::NONE)).await
    }
}

/// A server key gives no rights that it does not have: not to a new key, not by a new secret.
pub(super) fn check_hand_on(ctx: &Ctx, wanted: &Scopes) -> Result<(), Fail> {
    match &ctx.actor {
        Actor::Server { scopes, .. } if !scopes.cover(wanted) => Err(Fail::new(&codes::FORBIDDEN)
            .with_detail("a key cannot give scopes that it does not have")),
        _ => Ok(()),
    }
}

/// A key that is about to be written.
pub(super) struct Draft {
    key: Key,
    scopes: Scopes,
    secret: Secret,
    hash: Hash,
}

impl Draft {
    /// A server key.
    pub(super) fn server(ctx: &Ctx, label: String, scopes: Scopes) -> Self {
        Self::new(ctx, secret::SERVER_KEY, label, scopes)
    }

    fn new(ctx: &Ctx, prefix: &str, label: String, scopes: Scopes) -> Self {
        let secret = secret::fresh(prefix, ctx.env());
        let key = Key {
            id: KeyId(ctx.fresh_id()),
            label,
            scopes: scopes.names().into_iter().map(str::to_owned).collect(),
            created_at: ctx.now(),
            expires_at: None,
            revoked_at: None,
        };
        Self { key, scopes, hash: secret::hash(&secret.0), secret }
    }

    /// Writes it; the reply is the only place that has the secret.
    pub(super) fn insert(&self, tx: &mut dyn WriteTx, no: AppNo) -> Result<NewKey, Fail> {
        store::insert_key(tx, no, &self.key, &self.hash, &self.scopes)?;
        Ok(NewKey { key: self.key.clone(), secret: self.secret.clone() })
    }
}
