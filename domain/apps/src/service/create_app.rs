//! Makes an app.

use hoopoe_db::WriteTx;
use hoopoe_kernel::{AppNo, Ctx, Fail, Scopes};
use hoopoe_wire::{
    AppId,
    apps::{App, CreateApp, NewKey},
    codes, limits,
};

use super::create_key::Draft;
use crate::{Apps, model, store};

/// How often a number that somebody else took at the same moment is tried again. Each time somebody
/// else has an app by it, so that more would mean as many apps made during this one transaction.
const ATTEMPTS: usize = 64;

impl Apps {
    /// Makes an app without a key. 409 when the name is taken.
    pub async fn create(&self, ctx: &Ctx, request: CreateApp) -> Result<(AppNo, App), Fail> {
        let (no, app, _) = self.create_app(ctx, request, None).await?;
        Ok((no, app))
    }

    /// Makes an app and its first server key, both or neither. 409 when the name is taken.
    pub async fn create_with_key(
        &self,
        ctx: &Ctx,
        request: CreateApp,
    ) -> Result<(AppNo, App, NewKey), Fail> {
        let draft = Draft::server(ctx, "first key".to_owned(), Scopes::ALL);
        let (no, app, key) = self.create_app(ctx, request, Some(draft)).await?;
        Ok((no, app, key.ok_or_else(Fail::internal)?))
    }

    async fn create_app(
        &self,
        ctx: &Ctx,
        request: CreateApp,
        draft: Option<Draft>,
    ) -> Result<(AppNo, App, Option<NewKey>), Fail> {
        model::check_text("/name", &request.name, 1, limits::NAME_CHARS_MAX)?;
        let metadata = request.metadata.unwrap_or_default();
        let metadata_text = model::metadata_text("/metadata", &metadata)?;
        let now = ctx.now();
        let app = App {
            id: AppId(ctx.fresh_id()),
            name: request.name,
            metadata,
            settings: model::settings(None, None, None),
            created_at: now,
            updated_at: now,
        };
        self.0
            .db
            .write(move |tx| {
                let no = insert(tx, &app, &metadata_text)?;
                let key = match &draft {
                    Some(draft) => Some(draft.insert(tx, no)?),
                    None => None,
                };
                Ok((no, app.clone(), key))
            })
            .await
    }
}

/// Takes the next number. On a database with many writers another app may take it first.
fn insert(tx: &mut dyn WriteTx, app: &App, metadata: &str) -> Result<AppNo, Fail> {
    for _ in 0..ATTEMPTS {
        let no = AppNo(store::last_app(tx.as_read())? + 1);
        if store::insert_app(tx, no, app, metadata)? {
            return Ok(no);
        }
        if store::app_by_name(tx.as_read(), &app.name)?.is_some() {
            return Err(Fail::new(&codes::APP_EXISTS));
        }
    }
    Err(Fail::unavailable())
}
