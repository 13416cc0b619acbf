//! Sending a message.

use hoopoe_kernel::{Answer, Ctx, Fail, UserActor};
use hoopoe_log::{Appended, NewMessage, Writing, messages};
use hoopoe_wire::{
    ConversationId, codes,
    messages::{SendRequest, SentMessage},
};

use super::Messages;
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
        let appended = self.inner.log.append(message).await?;
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
        let (app, sender) = (ctx.app, ctx.user()?.id.clone());
        let json = self.inner.log.db().read(move |tx| {
            let mut out = Vec::new();
            let found = messages::find(tx, app, conversation, seq, &mut |row| {
                let parts = Parts {
                    conversation,
                    seq: row.seq,
                    client_id: row.client_id,
                    sender: sender.as_str(),
                    kind: row.kind,
                    at: row.at,
                    is_redacted: row.is_redacted,
                    body: row.body,
                };
                encode::sent(&mut out, &parts);
                Ok(())
            })?;
            // Trimmed since: the key outlives the row.
            if found { Ok(out) } else { Err(Fail::new(&codes::MESSAGE_NOT_FOUND)) }
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
    };
    encode::sent(&mut out, &parts);
    Answer::encoded(201, out.into())
}
