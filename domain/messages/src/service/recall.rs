//! Taking a message back, for everybody: nothing of it is kept, in any row.

use hoopoe_apps::Apps;
use hoopoe_kernel::{Answer, Ctx, Fail};
use hoopoe_log::{LogTx, redact};
use hoopoe_wire::{
    ConversationId, codes,
    messages::{Content, MessageGone, MessageRef, RecalledMessage},
};

use super::{
    Messages,
    reach::{By, Target, reach_locked},
    rows,
};
use crate::{
    events,
    model::{edit::is_in_time, encode},
    store::{self, Place},
};

/// Why the content goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gone {
    Recalled,
    Deleted,
}

impl Gone {
    fn event(self) -> &'static str {
        match self {
            Self::Recalled => "message.recalled",
            Self::Deleted => "message.deleted",
        }
    }

    /// What the tombstone says.
    fn rest(self) -> &'static [u8] {
        match self {
            Self::Recalled => b"{\"recalled\":true}",
            Self::Deleted => b"{}",
        }
    }
}

impl Messages {
    /// Recalls a message. Its author gets what it said, to write it anew: in this reply and nowhere
    /// else. A repeat answers the tombstone.
    pub async fn recall(
        &self,
        ctx: Ctx,
        request: MessageRef,
    ) -> Result<Answer<RecalledMessage>, Fail> {
        let (by, place) = (By::of(&ctx)?, (request.conversation, request.seq));
        let accounts = self.inner.accounts.clone();
        let json = self.inner.log.write(ctx.app, move |log| {
            let content = take_back(log, &by, place, Gone::Recalled)?;
            let app = log.app();
            let mut out = rows::show(log.read(), &accounts, app, place, by.uid(), encode::message)?;
            if let Some(content) = content {
                encode::member(&mut out, "recalled_content", &content);
            }
            Ok(out)
        });
        Ok(Answer::encoded(200, json.await?.into()))
    }

    /// Redacts a message with everything that hangs on it, in the caller's transaction: what every
    /// way of forgetting (recall, expiry, erasure) has to do. `rest` is the JSON object that the
    /// tombstone says. `false`: there was nothing to redact. Take the head lock first.
    pub fn redact(
        log: &mut LogTx<'_>,
        conversation: ConversationId,
        seq: i64,
        rest: &[u8],
    ) -> Result<bool, Fail> {
        let app = log.app();
        if !redact::redact_to(log.tx(), app, conversation, seq, rest)? {
            return Ok(false);
        }
        store::forget_reactions(log.tx(), app, (conversation, seq))?;
        Ok(true)
    }
}

/// Takes a message back, if the one who acts may. Answers what it said when they are its author.
pub(super) fn take_back(
    log: &mut LogTx<'_>,
    by: &By,
    place: Place,
    gone: Gone,
) -> Result<Option<Content>, Fail> {
    let target = reach_locked(log, by, place)?;
    permit(log, &target)?;
    if target.is_redacted {
        return Ok(None);
    }
    let content = if target.is_own() { Some(target.version()?.content) } else { None };
    Messages::redact(log, place.0, place.1, gone.rest())?;
    let data =
        MessageGone { seq: place.1, client_id: Some(target.client_id()), by: by.id().cloned() };
    log.change(events::change(gone.event(), place, by.uid(), &data)?)?;
    Ok(content)
}

fn permit(log: &mut LogTx<'_>, target: &Target) -> Result<(), Fail> {
    if target.may_take_back() {
        return Ok(());
    }
    if !target.is_own() {
        return Err(Fail::new(&codes::MESSAGE_FORBIDDEN));
    }
    // A late repeat of what was done in time is no refusal.
    let (app, now) = (log.app(), log.now());
    let window_s = Apps::settings(log.read(), app)?.recall_window_s;
    if target.is_redacted || is_in_time(target.at, window_s, now) {
        return Ok(());
    }
    Err(Fail::new(&codes::MESSAGE_TOO_LATE))
}
