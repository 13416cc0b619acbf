//! Deleting a message: for everybody, or for oneself.

use hoopoe_conversations::require;
use hoopoe_kernel::{AppNo, Ctx, Fail, UserActor};
use hoopoe_log::{LogTx, messages, spans};
use hoopoe_wire::{
    codes, limits,
    messages::{DeleteMessage, DeleteScope, MessageHidden},
    page::Empty,
};

use super::{
    Messages,
    reach::By,
    recall::{Gone, take_back},
};
use crate::store::Place;

impl Messages {
    /// Deletes a message for everybody, where the caller could also recall it, or for the caller
    /// alone. A repeat changes nothing.
    pub async fn delete(&self, ctx: Ctx, request: DeleteMessage) -> Result<Empty, Fail> {
        let place = (request.conversation, request.seq);
        match request.scope {
            DeleteScope::All => {
                let by = By::of(&ctx)?;
                let deleted = self.inner.log.write(ctx.app, move |log| {
                    take_back(log, &by, place, Gone::Deleted).map(|_| ())
                });
                deleted.await?;
            }
            DeleteScope::Me => self.hide(ctx.app, ctx.user()?.clone(), place).await?,
        }
        Ok(Empty {})
    }

    async fn hide(&self, app: AppNo, user: UserActor, place: Place) -> Result<(), Fail> {
        let uid = user.uid;
        let hidden = self.inner.log.write(app, move |log| hide(log, &user, place));
        if hidden.await? {
            let (conversation, seq) = place;
            let data = MessageHidden { conversation, seq };
            self.tell("message.hidden", conversation, vec![uid], data);
        }
        Ok(())
    }
}

/// `false`: it was hidden before.
fn hide(log: &mut LogTx<'_>, user: &UserActor, (conversation, seq): Place) -> Result<bool, Fail> {
    let (app, uid) = (log.app(), user.uid);
    let membership = require(log.read(), app, conversation, uid)?;
    if spans::is_hidden(log.read(), app, conversation, uid, seq)? {
        return Ok(false);
    }
    let is_there = membership.spans.may_read(seq)
        && messages::find(log.read(), app, conversation, seq, &mut |_| Ok(()))?;
    if !is_there {
        return Err(Fail::new(&codes::MESSAGE_NOT_FOUND));
    }
    let count = spans::hidden(log.read(), app, conversation, uid)?;
    if usize::try_from(count).unwrap_or(usize::MAX) >= limits::HIDDEN_PER_CONVERSATION_MAX {
        return Err(Fail::new(&codes::TOO_MANY_HIDDEN));
    }
    Ok(spans::hide(log.tx(), app, conversation, uid, seq)?)
}
