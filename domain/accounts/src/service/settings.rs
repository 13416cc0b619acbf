//! What a user decides for themselves: kept in the user state log, the same on all devices.

use hoopoe_db::{DbError, ReadTx};
use hoopoe_kernel::{Ctx, Fail, Uid};
use hoopoe_log::state::{self, Put};
use hoopoe_wire::settings::{PresenceVisibility, Settings, UpdateSettings};

use super::outlive;
use crate::Accounts;

fn read(tx: &mut dyn ReadTx, uid: Uid) -> Result<Settings, DbError> {
    let found = state::get(tx, uid, state::SETTINGS, state::SETTINGS_KEY)?
        .filter(|found| !found.is_removed);
    match found {
        None => Ok(Settings::default()),
        Some(found) => {
            serde_json::from_slice(&found.body).map_err(|_| DbError::decode(4, "settings"))
        }
    }
}

impl Accounts {
    /// Whether a user is seen by nobody, and so sees nobody.
    pub fn hides_presence(tx: &mut dyn ReadTx, uid: Uid) -> Result<bool, DbError> {
        Ok(read(tx, uid)?.presence == PresenceVisibility::Nobody)
    }

    /// The settings of the user who calls; the defaults where nothing was ever set.
    pub async fn get_settings(&self, ctx: &Ctx) -> Result<Settings, Fail> {
        let uid = ctx.user()?.uid;
        self.0.db.read(move |tx| Ok(read(tx, uid)?)).await
    }

    /// Changes what is given, and tells the user's own devices and those who ask for presence.
    pub async fn update_settings(
        &self,
        ctx: &Ctx,
        request: UpdateSettings,
    ) -> Result<Settings, Fail> {
        let (accounts, app, uid, now) = (self.clone(), ctx.app, ctx.user()?.uid, ctx.now());
        outlive(async move {
            let write = accounts.0.db.write(move |tx| {
                let before = read(tx.as_read(), uid)?;
                let settings = Settings { presence: request.presence.unwrap_or(before.presence) };
                if settings != before {
                    let body = serde_json::to_vec(&settings);
                    let body = body.map_err(|error| Fail::internal().caused_by(error))?;
                    let (kind, key) = (state::SETTINGS, state::SETTINGS_KEY);
                    state::put(tx, app, uid, &Put { kind, key, body: &body, at: now })?;
                }
                Ok((before, settings))
            });
            let (before, settings) = write.await?;
            if settings != before {
                accounts.tell_settings(uid, &settings)?;
            }
            Ok(settings)
        })
        .await
    }
}
