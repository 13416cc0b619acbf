//! Finds apps, for everybody who has one in hand by name or by id.

use hoopoe_db::ReadTx;
use hoopoe_kernel::{Actor, AppNo, Ctx, Fail};
use hoopoe_wire::{
    AppId,
    apps::{App, CurrentApp, ListApps},
    codes,
    page::Page,
};

use crate::{Apps, model, store};

impl Apps {
    /// The app of this name, or of this id (`app_…`): the name wins.
    pub async fn find(&self, name_or_id: &str) -> Result<Option<(AppNo, App)>, Fail> {
        let text = name_or_id.to_owned();
        self.0
            .db
            .read(move |tx| {
                if let Some(found) = store::app_by_name(tx, &text)? {
                    return Ok(Some(found));
                }
                let Ok(id) = text.parse() else { return Ok(None) };
                Ok(store::app_by_id(tx, id)?)
            })
            .await
    }

    /// One app. 404 when there is none, or when the caller's key belongs to another.
    pub async fn get(&self, ctx: &Ctx, id: AppId) -> Result<(AppNo, App), Fail> {
        let ctx = ctx.clone();
        self.0.db.read(move |tx| reach(tx, &ctx, id)).await
    }

    /// The app of the caller, as far as its users may know it.
    pub async fn current(&self, ctx: &Ctx) -> Result<CurrentApp, Fail> {
        let no = ctx.app;
        let found = self.0.db.read(move |tx| Ok(store::app_by_no(tx, no)?)).await?;
        let App { id, name, settings, .. } =
            found.ok_or_else(|| Fail::new(&codes::APP_NOT_FOUND))?;
        Ok(CurrentApp { id, name, settings })
    }

    /// The app of a server that has one and no other.
    pub async fn only(&self) -> Result<Option<App>, Fail> {
        let found = self.0.db.read(|tx| Ok(store::apps_after(tx, AppId::NONE, 2)?)).await?;
        Ok(<[App; 1]>::try_from(found).ok().map(|[app]| app))
    }

    /// A page of apps in the order in which they were made.
    pub async fn list(&self, _: &Ctx, request: ListApps) -> Result<Page<App>, Fail> {
        let limit = model::page_limit(request.limit)?;
        let after = cursor_id(request.cursor, AppId::NONE)?;
        let items = self.0.db.read(move |tx| Ok(store::apps_after(tx, after, limit + 1)?)).await?;
        Ok(page(items, limit, |app| app.id.to_string()))
    }
}

/// The app that a command is about: a server key reaches its own only.
pub(super) fn reach(tx: &mut dyn ReadTx, ctx: &Ctx, id: AppId) -> Result<(AppNo, App), Fail> {
    let found = store::app_by_id(tx, id)?;
    let reached = found.filter(|(no, _)| match &ctx.actor {
        Actor::Admin { .. } | Actor::System => true,
        Actor::Server { .. } => *no == ctx.app,
        Actor::Anonymous | Actor::User(_) => false,
    });
    reached.ok_or_else(|| Fail::new(&codes::APP_NOT_FOUND))
}

/// Where a page begins, for lists whose cursor is the id of the last item.
pub(super) fn cursor_id<T: std::str::FromStr>(cursor: Option<String>, first: T) -> Result<T, Fail> {
    let Some(cursor) = cursor else { return Ok(first) };
    let wrong = |_| Fail::field("/cursor", "invalid", "not a cursor of this list");
    cursor.parse().map_err(wrong)
}

/// Makes a page of what was read: up to `limit` items and one more that tells of a next page.
pub(super) fn page<T>(mut items: Vec<T>, limit: usize, cursor: impl Fn(&T) -> String) -> Page<T> {
    let more = items.len() > limit;
    items.truncate(limit);
    let next_cursor = items.last().filter(|_| more).map(cursor);
    Page { items, next_cursor }
}
