//! Lists and finds users.

use std::collections::HashSet;

use hoopoe_apps::Apps;
use hoopoe_db::{DbError, ReadTx};
use hoopoe_kernel::{Actor, AppNo, Ctx, Fail};
use hoopoe_wire::{
    UserId,
    accounts::{ListUsers, User},
    apps::Directory,
    codes, limits,
    page::Page,
};

use crate::{
    Accounts,
    model::{self, Cursor, Prefix},
    store,
};

impl Accounts {
    /// A page of users: those whose id begins like `q`, in the order of their ids, then those
    /// whose name does, in the order of their names, then those whose name is typed so. All come
    /// from an index, so that a page costs the same among ten users and ten million. With `ids`
    /// just these. A user who calls must search for something, in an app that allows it.
    pub async fn list(&self, ctx: &Ctx, request: ListUsers) -> Result<Page<User>, Fail> {
        let limit = hoopoe_apps::page_limit(request.limit)?;
        let prefix = Prefix::check(request.q.as_deref())?;
        let cursor = request.cursor.as_deref().map(Cursor::check).transpose()?;
        let (app, is_user) = (ctx.app, matches!(ctx.actor, Actor::User(_)));
        if let Some(ids) = request.ids {
            let ids = check_ids(ids, request.q.is_some() || request.cursor.is_some())?;
            return self.0.db.read(move |tx| Ok(exactly(tx, app, &ids)?)).await;
        }
        if is_user && prefix.is_empty() {
            return Err(Fail::field("/q", "required", "the beginning of an id or a name"));
        }
        let read = self.0.db.read(move |tx| {
            if is_user && Apps::settings(tx, app)?.directory == Directory::Closed {
                return Err(Fail::new(&codes::DIRECTORY_CLOSED));
            }
            Ok(page(tx, app, &prefix, cursor, limit)?)
        });
        read.await
    }
}

/// 422 for none, for too many, and beside a search. Each counts once.
fn check_ids(ids: Vec<UserId>, is_search: bool) -> Result<Vec<UserId>, Fail> {
    let most = limits::USERS_PER_LOOKUP_MAX;
    if is_search {
        return Err(Fail::field("/ids", "invalid", "either `ids`, or `q` and `cursor`"));
    }
    if !(1..=most).contains(&ids.len()) {
        let code = if ids.is_empty() { "too_few" } else { "too_many" };
        return Err(Fail::field("/ids", code, format!("1 to {most} users")));
    }
    let mut seen = HashSet::with_capacity(ids.len());
    Ok(ids.into_iter().filter(|id| !id.is_none() && seen.insert(id.clone())).collect())
}

fn exactly(tx: &mut dyn ReadTx, app: AppNo, ids: &[UserId]) -> Result<Page<User>, DbError> {
    let mut items = Vec::with_capacity(ids.len());
    for id in ids {
        items.extend(store::user_by_id(tx, app, id)?.map(|(_, user)| user));
    }
    Ok(Page { items, next_cursor: None })
}

/// One of the three lists, in the order in which they follow each other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum List {
    Ids,
    Names,
    Keys,
}

fn page(
    tx: &mut dyn ReadTx,
    app: AppNo,
    prefix: &Prefix,
    cursor: Option<Cursor>,
    limit: usize,
) -> Result<Page<User>, DbError> {
    let (first, after) = match cursor {
        None => (List::Ids, Vec::new()),
        Some(Cursor::Id(key)) => (List::Ids, key),
        Some(Cursor::Name(key)) => (List::Names, key),
        Some(Cursor::Key(key)) => (List::Keys, key),
    };
    // Everybody is in the first list already when nothing is searched for.
    let lists: &[List] =
        if prefix.is_empty() { &[List::Ids] } else { &[List::Ids, List::Names, List::Keys] };
    // One more than the page holds tells whether there is a next one.
    let mut found: Vec<(User, Cursor)> = Vec::new();
    for list in lists.iter().copied().filter(|list| *list >= first) {
        let room = limit + 1 - found.len();
        if room == 0 {
            break;
        }
        let from = if list == first {
            after.clone().max(prefix.from.clone())
        } else {
            prefix.from.clone()
        };
        found.extend(part(tx, app, prefix, list, &from, room)?);
    }
    let is_more = found.len() > limit;
    found.truncate(limit);
    let next_cursor = found.last().filter(|_| is_more).map(|(_, cursor)| cursor.text());
    Ok(Page { items: found.into_iter().map(|(user, _)| user).collect(), next_cursor })
}

/// What one of the lists has behind `after`, each with the cursor that begins behind it.
fn part(
    tx: &mut dyn ReadTx,
    app: AppNo,
    prefix: &Prefix,
    list: List,
    after: &[u8],
    limit: usize,
) -> Result<Vec<(User, Cursor)>, DbError> {
    let with = |users: Vec<User>, cursor: fn(&User) -> Cursor| {
        let pair = |user| {
            let at = cursor(&user);
            (user, at)
        };
        users.into_iter().map(pair).collect()
    };
    Ok(match list {
        List::Ids => with(store::users_by_id_key(tx, app, prefix, after, limit)?, |user| {
            Cursor::Id(model::id_key(&user.id))
        }),
        List::Names => with(store::users_by_name_key(tx, app, prefix, after, limit)?, |user| {
            Cursor::Name(model::name_key(&user.name, &user.id))
        }),
        List::Keys => store::users_by_key(tx, app, prefix, after, limit)?
            .into_iter()
            .map(|(user, key)| (user, Cursor::Key(key)))
            .collect(),
    })
}
