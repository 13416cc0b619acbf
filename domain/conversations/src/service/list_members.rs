//! Who is in it.

use hoopoe_apps::page_limit;
use hoopoe_kernel::{Ctx, Fail};
use hoopoe_wire::{
    codes,
    conversations::{ListMembers, MemberPage},
};

use crate::{
    Conversations, Permission, Rights,
    model::{cursor, rights},
    store,
};

impl Conversations {
    /// A page of a conversation's members in the order of joining.
    pub async fn list_members(&self, ctx: &Ctx, request: ListMembers) -> Result<MemberPage, Fail> {
        let (service, app, uid) = (self.clone(), ctx.app, ctx.user()?.uid);
        let limit = page_limit(request.limit)?;
        let after = request.cursor.map(|text| cursor::decode_number("/cursor", &text));
        let (id, after) = (request.conversation, after.transpose()?.unwrap_or(0));
        let page = self.0.log.db().read(move |tx| {
            let (_, role) = store::standing(tx, app, id, uid)?
                .ok_or_else(|| Fail::new(&codes::CONVERSATION_NOT_FOUND))?;
            rights::permit(role.may(Permission::Read))?;
            let mut rows = store::members_after(tx, app, id, after, limit + 1)?;
            let has_more = rows.len() > limit;
            rows.truncate(limit);
            let last = rows.last().filter(|_| has_more);
            let next_cursor = last.map(|row| cursor::encode_number(row.ordinal));
            Ok(MemberPage { items: service.show_members(tx, &rows)?, next_cursor })
        });
        page.await
    }
}
