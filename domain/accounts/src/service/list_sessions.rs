//! Lists where a user is signed in.

use hoopoe_kernel::{Ctx, Fail};
use hoopoe_wire::{
    SessionId,
    accounts::{ListSessions, Session},
    page::Page,
};

use crate::{Accounts, store};

/// Behind every session.
const LAST: SessionId = SessionId([0xFF; 16]);

impl Accounts {
    /// A page of the caller's living sessions, the youngest first.
    pub async fn list_sessions(
        &self,
        ctx: &Ctx,
        request: ListSessions,
    ) -> Result<Page<Session>, Fail> {
        let limit = hoopoe_apps::page_limit(request.limit)?;
        let before = match request.cursor {
            None => LAST,
            Some(cursor) => cursor
                .parse()
                .map_err(|_| Fail::field("/cursor", "invalid", "not a cursor of this list"))?,
        };
        let (app, now, user) = (ctx.app, ctx.now(), ctx.user()?);
        let (uid, own) = (user.uid, user.session);
        let read = self
            .0
            .db
            .read(move |tx| Ok(store::sessions_before(tx, app, uid, before, now, limit + 1)?));
        let mut items = read.await?;
        let more = items.len() > limit;
        items.truncate(limit);
        for session in &mut items {
            session.current = Some(session.id) == own;
        }
        let next_cursor = items.last().filter(|_| more).map(|session| session.id.to_string());
        Ok(Page { items, next_cursor })
    }
}
