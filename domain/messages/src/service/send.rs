//! Sending a message.

use hoopoe_kernel::{Answer, Ctx, Fail, UserActor};
use hoopoe_log::{Appended, NewMessage, Writing};
use hoopoe_wire::{
    ConversationId,
    messages::{SendRequest, SentMessage},
};

use super::{Messages, mention::Mentioned, rows};
use crate::model::{
    Draft,
    encode::{self, Parts},
};

impl Messages {
    /// Stores a message and answers after it is on stable storage. It is queued the first time that
    /// this is polled, so that the sends of one connection keep their order.
    pub async fn send(&self, ctx: Ctx, request: SendRequest) -> Result<Answer<SentMessage>, Fail> {
        let user = ctx.user()?;
        let conversation = request.conversation;
        let draft = Draft::check(request)?;
        let message = NewMessage {
            app: ctx.app,
            conversation,
            sender: user.uid,
            sender_id: user.id.clone(),
            client_id: draft.client_id.clone(),
            hash: draft.hash,
            kind: draft.kind,
            body: draft.body.clone(),
            quotes: draft.quotes,
            writing: Writing::AsMember,
        };
        let demand = Mentioned::of(ctx.app, conversation, draft.mentions.clone());
        let appended = self.inner.log.append_if(message, demand).await?;
        if appended.is_repeat {
            return self.sent_before(&ctx, conversation, appended.seq).await;
        }
        Ok(answer(conversation, user, &draft, appended))
    }

    /// The answer to a repeat: the message as it is now.
    async fn sent_before(
        &self,
        ctx: &Ctx,
        conversation: ConversationId,
        seq: i64,
    ) -> Result<Answer<SentMessage>, Fail> {
        let (app, viewer) = (ctx.app, ctx.user()?.uid);
        let accounts = self.inner.accounts.clone();
        // Missing when it was trimmed since: the key outlives the row.
        let json = self.inner.log.db().read(move |tx| {
            rows::show(tx, &accounts, app, (conversation, seq), viewer, encode::sent)
        });
        Ok(Answer::encoded(200, json.await?.into()))
    }
}

fn answer(
    conversation: ConversationId,
    user: &UserActor,
    draft: &Draft,
    appended: Appended,
) -> Answer<SentMessage> {
    let mut out = Vec::with_capacity(draft.body.len() + 256);
    let parts = Parts {
        conversation,
        seq: appended.seq,
        client_id: draft.client_id.as_bytes(),
        sender: user.id.as_str(),
        kind: draft.kind,
        at: appended.at,
        is_redacted: false,
        body: &draft.body,
        reactions: &[],
    };
    encode::sent(&mut out, &parts);
    Answer::encoded(201, out.into())
}
