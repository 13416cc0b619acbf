//! Lists and finds users.

use hoopoe_db::{DbError, ReadTx};
use hoopoe_kernel::{AppNo, Ctx, Fail};
use hoopoe_wire::{
    accounts::{ListUsers, User},
    page::Page,
};

use crate::{
    Accounts,
    model::{self, Cursor, Prefix},
    store,
};

impl Accounts {
    /// A page of users: those whose id begins like `q`, in the order of their ids, then those
    /// whose name does, in the order of their names. Both come from an index, so that a page costs
    /// the same among ten users and ten million.
    pub async fn list(&self, ctx: &Ctx, request: ListUsers) -> Result<Page<User>, Fail> {
        let limit = hoopoe_apps::page_limit(request.limit)?;
        let prefix = Prefix::check(request.q.as_deref())?;
        let cursor = request.cursor.as_deref().map(Cursor::check).transpose()?;
        let app = ctx.app;
        let read = self.0.db.read(move |tx| Ok(page(tx, app, &prefix, cursor, limit)?));
        read.await
    }
}

fn page(
    tx: &mut dyn ReadTx,
    app: AppNo,
    prefix: &Prefix,
    cursor: Option<Cursor>,
    limit: usize,
) -> Result<Page<User>, DbError> {
    let (by_id, by_name) = match cursor {
        None => (Some(prefix.from.clone()), prefix.from.clone()),
        Some(Cursor::Id(key)) => (Some(key.max(prefix.from.clone())), prefix.from.clone()),
        Some(Cursor::Name(key)) => (None, key.max(prefix.from.clone())),
    };
    // One more than the page holds tells whether there is a next one.
    let mut items = match by_id {
        Some(after) => store::users_by_id_key(tx, app, prefix, &after, limit + 1)?,
        None => Vec::new(),
    };
    let by_id_count = items.len();
    if by_id_count <= limit && !prefix.is_empty() {
        let rest = limit + 1 - by_id_count;
        items.extend(store::users_by_name_key(tx, app, prefix, &by_name, rest)?);
    }
    let more = items.len() > limit;
    items.truncate(limit);
    let next_cursor = items.last().filter(|_| more).map(|user| {
        let cursor = if items.len() <= by_id_count {
            Cursor::Id(model::id_key(&user.id))
        } else {
            Cursor::Name(model::name_key(&user.name, &user.id))
        };
        cursor.text()
    });
    Ok(Page { items, next_cursor })
}
