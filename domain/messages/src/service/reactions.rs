//! Who reacted to a message.

use hoopoe_apps::page_limit;
use hoopoe_conversations::{decode_number, encode_number};
use hoopoe_kernel::{Ctx, Fail};
use hoopoe_wire::messages::{ListReactions, Reaction, ReactionPage};

use super::{
    Messages,
    reach::{By, reach},
};
use crate::{model::emoji, store};

impl Messages {
    /// A page of the reactions to a message that the caller may read, the oldest first.
    pub async fn reactions(&self, ctx: Ctx, request: ListReactions) -> Result<ReactionPage, Fail> {
        let user = ctx.user()?;
        let by = By::User(user.uid, user.id.clone());
        let limit = page_limit(request.limit)?;
        let after = request.cursor.map(|text| decode_number("/cursor", &text)).transpose()?;
        let (place, only) = ((request.conversation, request.seq), request.emoji);
        only.as_deref().map_or(Ok(()), emoji::check)?;
        let accounts = self.inner.accounts.clone();
        let page = self.inner.log.db().read(move |tx| {
            reach(tx, ctx.app, &by, place)?;
            let after = after.unwrap_or(0);
            let only = only.as_deref();
            let mut rows = store::reactions_after(tx, ctx.app, place, only, after, limit + 1)?;
            let has_more = rows.len() > limit;
            rows.truncate(limit);
            let next_cursor = rows.last().filter(|_| has_more).map(|row| encode_number(row.rev));
            let mut items = Vec::with_capacity(rows.len());
            for row in rows {
                let user = accounts.name_in(tx, row.uid)?;
                items.push(Reaction { emoji: row.emoji, user, created_at: row.at });
            }
            Ok(ReactionPage { items, next_cursor })
        });
        page.await
    }
}
