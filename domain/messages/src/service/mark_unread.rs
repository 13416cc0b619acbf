//! Marking a conversation as unread from a message on.

use hoopoe_kernel::{Answer, Ctx, Fail, Uid};
use hoopoe_log::marks;
use hoopoe_wire::{
    ConversationId,
    messages::{MarkMessages, MarksNow, SettingsUpdated},
};

use super::{Messages, enter, mark::keep_marks};

impl Messages {
    /// Notes from where on the caller wants to read again. The read mark stays where it is, because
    /// it never falls; reading up to here again clears the note.
    pub async fn mark_unread(
        &self,
        ctx: Ctx,
        request: MarkMessages,
    ) -> Result<Answer<MarksNow>, Fail> {
        let MarkMessages { conversation, seq } = request;
        let (app, uid) = (ctx.app, ctx.user()?.uid);
        let marked = self.inner.log.write(app, move |log| {
            let (head, spans) = enter(log.read(), &ctx, conversation)?;
            if seq > head.seq || !spans.may_read(seq) {
                return Err(Fail::field("/seq", "range", "there is no message of this seq"));
            }
            let now = marks::mark_unread(log.tx(), app, conversation, uid, seq)?;
            keep_marks(log, uid, conversation, &now)?;
            let unread = marks::unread(log.read(), conversation, uid, head.seq)?;
            Ok((now, unread))
        });
        let (now, unread) = marked.await?;
        self.tell_unread_from(conversation, uid, now.unread_from);
        Ok(Answer::ok(MarksNow {
            delivered_seq: now.delivered_seq,
            read_seq: now.read_seq,
            unread,
            unread_from: now.unread_from,
        }))
    }

    /// To the caller's own devices.
    pub(super) fn tell_unread_from(
        &self,
        conversation: ConversationId,
        uid: Uid,
        unread_from: Option<i64>,
    ) {
        let data = SettingsUpdated { conversation, unread_from };
        self.tell("conversation.settings_updated", conversation, vec![uid], data);
    }
}
