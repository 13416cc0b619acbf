//! Renames an app, replaces its metadata, or changes its settings.

use hoopoe_db::{DbError, DbErrorKind};
use hoopoe_kernel::{Ctx, Fail};
use hoopoe_wire::{
    apps::{App, UpdateApp},
    codes, limits,
};

use super::find_app::reach;
use crate::{Apps, model, store};

impl Apps {
    /// Changes what is given. 404 for an app that is not there, 409 for a name that is taken.
    pub async fn update(&self, ctx: &Ctx, request: UpdateApp) -> Result<App, Fail> {
        let UpdateApp { app: id, name, metadata, settings } = request;
        if let Some(name) = &name {
            model::check_text("/name", name, 1, limits::NAME_CHARS_MAX)?;
        }
        let metadata = match &metadata {
            Some(metadata) => Some(model::metadata_text("/metadata", metadata)?),
            None => None,
        };
        let settings = model::check_settings(&settings.unwrap_or_default())?;
        let (ctx, now) = (ctx.clone(), ctx.now());
        let written = self
            .0
            .db
            .write(move |tx| {
                let (no, _) = reach(tx.as_read(), &ctx, id)?;
                if let Some(name) = &name
                    && let Some((other, _)) = store::app_by_name(tx.as_read(), name)?
                    && other != no
                {
                    return Err(Fail::new(&codes::APP_EXISTS));
                }
                store::update_app(tx, no, name.as_deref(), metadata.as_deref(), &settings, now)?;
                let (_, app) = reach(tx.as_read(), &ctx, id)?;
                Ok(app)
            })
            .await;
        // Where many write, somebody may have taken the name after it was looked for.
        written.map_err(|fail| match fail.cause::<DbError>() {
            Some(error) if error.kind() == DbErrorKind::Constraint => Fail::new(&codes::APP_EXISTS),
            _ => fail,
        })
    }
}
