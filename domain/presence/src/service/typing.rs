//! Tells the others that somebody writes, or does not any more.

use hoopoe_bus::Notice;
use hoopoe_conversations::{Permission, require};
use hoopoe_db::{DbError, ReadTx};
use hoopoe_kernel::{Ctx, Fail, Uid};
use hoopoe_log::spans;
use hoopoe_wire::{
    ConversationId, UserId, limits,
    page::Empty,
    presence::{SetTyping, TypingState},
};

use crate::{
    Presence, events,
    model::typists::{Ended, Place},
};

/// The members of a conversation, or nobody where there are too many.
fn circle(tx: &mut dyn ReadTx, conversation: ConversationId) -> Result<Vec<Uid>, DbError> {
    let members = spans::some_members(tx, conversation, limits::TYPING_MEMBERS_MAX + 1)?;
    Ok(if members.len() > limits::TYPING_MEMBERS_MAX { Vec::new() } else { members })
}

impl Presence {
    /// For members who may write; 404 for anybody else.
    pub async fn typing(&self, ctx: &Ctx, request: SetTyping) -> Result<Empty, Fail> {
        let (app, user) = (ctx.app, ctx.user()?.clone());
        let SetTyping { conversation, state } = request;
        let (place, now) = ((conversation, user.uid), self.now().age);
        let read =
            self.0.parts.db.read(move |tx| {
                require(tx, app, conversation, user.uid)?.demand(Permission::Write)
            });
        read.await?;
        let is_typing = state == TypingState::Started;
        let is_told = match state {
            TypingState::Started => self.state().typists.started(place, app, &user.id, now),
            TypingState::Stopped => self.state().typists.stopped(place),
        };
        if is_told {
            let members = self.0.parts.db.read(move |tx| Ok(circle(tx, conversation)?)).await?;
            if members.is_empty() {
                self.state().typists.forget(place);
            }
            self.tell_typing(is_typing, place, user.id, members);
        }
        Ok(Empty {})
    }

    /// Those who have said nothing for long are told of as stopped.
    pub(super) async fn end_typing(&self, ended: Vec<Ended>) {
        if ended.is_empty() {
            return;
        }
        let places: Vec<ConversationId> = ended.iter().map(|ended| ended.conversation).collect();
        let read = self.0.parts.db.read(move |tx| {
            let circles: Result<Vec<_>, _> = places.iter().map(|one| circle(tx, *one)).collect();
            Ok(circles?)
        });
        match read.await {
            Ok(circles) => {
                for (Ended { conversation, uid, user, .. }, members) in
                    ended.into_iter().zip(circles)
                {
                    self.tell_typing(false, (conversation, uid), user, members);
                }
            }
            // Clients end it by themselves too.
            Err(fail) => tracing::debug!(%fail, "the end of typing was not told"),
        }
    }

    fn tell_typing(&self, is_typing: bool, place: Place, user: UserId, members: Vec<Uid>) {
        let (conversation, uid) = place;
        let uids: Vec<Uid> = members.into_iter().filter(|member| *member != uid).collect();
        let Some(frame) = events::typing(is_typing, conversation, user) else { return };
        if !uids.is_empty() {
            metrics::counter!("hoopoe_typing_events_total").increment(1);
            self.0.parts.bus.publish(Notice::Members { conversation, uids, frame });
        }
    }
}
