//! Changing a message. The last edit wins; what it replaced can be read as a version.

use hoopoe_apps::Apps;
use hoopoe_kernel::{Answer, Ctx, Fail};
use hoopoe_log::{LogTx, replace};
use hoopoe_wire::{
    codes, limits,
    messages::{Message, MessageUpdated, UpdateMessage},
};

use super::{
    Messages, mention,
    reach::{By, Target, demand_voice, reach_locked},
    rows,
};
use crate::{
    events,
    model::{
        edit::{Edit, is_in_time},
        encode,
    },
    store::Place,
};

impl Messages {
    /// Changes a message of the caller's own, and answers it as it is then. What changes nothing
    /// makes no event.
    pub async fn update(&self, ctx: Ctx, request: UpdateMessage) -> Result<Answer<Message>, Fail> {
        let user = ctx.user()?;
        let by = By::User(user.uid, user.id.clone());
        let place = (request.conversation, request.seq);
        let edit = Edit::check(request)?;
        let accounts = self.inner.accounts.clone();
        let json = self.inner.log.write(ctx.app, move |log| {
            let target = reach_locked(log, &by, place)?;
            apply(log, &by, place, &target, &edit)?;
            let app = log.app();
            rows::show(log.read(), &accounts, app, place, by.uid(), encode::message)
        });
        Ok(Answer::encoded(200, json.await?.into()))
    }
}

fn apply(
    log: &mut LogTx<'_>,
    by: &By,
    place: Place,
    target: &Target,
    edit: &Edit,
) -> Result<(), Fail> {
    let (app, now, conversation) = (log.app(), log.now(), place.0);
    if !target.is_own() {
        let words = "only its author changes a message";
        return Err(Fail::new(&codes::MESSAGE_FORBIDDEN).with_detail(words));
    }
    demand_voice(log, conversation, by.uid())?;
    target.demand_content()?;
    let window_s = Apps::settings(log.read(), app)?.edit_window_s;
    if !is_in_time(target.at, window_s, now) {
        return Err(Fail::new(&codes::MESSAGE_TOO_LATE));
    }
    let before = target.version()?.content;
    let Some(after) = edit.apply(&target.kind, &before, now)? else { return Ok(()) };
    if let Some(mentions) = &edit.mentions {
        // Who was mentioned before may have gone since.
        let mut new = mentions.clone();
        new.retain(|user| !before.mentions.contains(user));
        mention::are_members(log.read(), app, conversation, &new)??;
    }
    let edits = replace::count(log.read(), app, conversation, place.1)?;
    if usize::try_from(edits).unwrap_or(usize::MAX) >= limits::EDITS_PER_MESSAGE_MAX {
        return Err(Fail::new(&codes::TOO_MANY_EDITS));
    }
    let body = serde_json::to_vec(&after).map_err(|error| Fail::internal().caused_by(error))?;
    let data = MessageUpdated {
        seq: place.1,
        client_id: Some(target.client_id()),
        sender: by.id().cloned(),
        content: after.content,
        edited_at: after.edited_at,
    };
    let head = log.change(events::change("message.updated", place, by.uid(), &data)?)?;
    replace::replace(log.tx(), app, place, head.rev, &body)?;
    Ok(())
}
