//! The caller's conversations.

use hoopoe_apps::page_limit;
use hoopoe_db::{DbError, DbErrorKind, ReadTx};
use hoopoe_kernel::{AppNo, Ctx, Fail, Uid};
use hoopoe_log::heads::{self, HeadOfUser};
use hoopoe_wire::conversations::{Conversation, ConversationPage, ListConversations};

use super::view::own_side;
use crate::{Conversations, model::cursor::ActivityCursor, store};

impl Conversations {
    /// A page of the caller's conversations, newest activity first.
    pub async fn list(
        &self,
        ctx: &Ctx,
        request: ListConversations,
    ) -> Result<ConversationPage, Fail> {
        let (service, app, uid) = (self.clone(), ctx.app, ctx.user()?.uid);
        let limit = page_limit(request.limit)?;
        let cursor = request.cursor.map(|text| ActivityCursor::decode("/cursor", &text));
        let after = cursor.transpose()?.map(ActivityCursor::key);
        let page = self.0.log.db().read(move |tx| {
            let mut found = heads::of_user(tx, uid, None, after, limit + 1)?;
            let has_more = found.len() > limit;
            found.truncate(limit);
            let next_cursor =
                found.last().filter(|_| has_more).map(|last| cursor_of(last).encode());
            let items: Result<Vec<_>, _> =
                found.iter().map(|item| service.list_item(tx, app, uid, item)).collect();
            Ok(ConversationPage { items: items?, next_cursor })
        });
        page.await
    }

    fn list_item(
        &self,
        tx: &mut dyn ReadTx,
        app: AppNo,
        uid: Uid,
        item: &HeadOfUser,
    ) -> Result<Conversation, Fail> {
        let id = item.head.conversation;
        let torn = || DbError::new(DbErrorKind::Corrupt, "a membership without its conversation");
        let details = store::find(tx, app, id)?.ok_or_else(torn)?;
        let member = store::find_member(tx, app, id, uid)?.ok_or_else(torn)?;
        let shown = self.view(tx, &details, &item.head)?;
        Ok(Conversation { me: Some(own_side(&member, &item.marks, item.unread)), ..shown })
    }
}

/// The place of an item in the list.
pub(super) fn cursor_of(item: &HeadOfUser) -> ActivityCursor {
    ActivityCursor { at: item.head.at, conversation: item.head.conversation }
}
