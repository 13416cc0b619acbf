//! Reacting to a message, and taking a reaction back.

use hoopoe_db::ReadTx;
use hoopoe_kernel::{Answer, AppNo, Ctx, Fail, Uid};
use hoopoe_log::{LogTx, replace};
use hoopoe_wire::{
    codes, limits,
    messages::{React, ReactionChanged, ReactionCount, ReactionSummary},
};

use super::{
    Messages,
    reach::{By, Target, demand_voice, reach_locked},
};
use crate::{
    events,
    model::emoji,
    store::{self, Place},
};

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reacting {
    /// Adds the caller's reaction.
    Add,
    /// Takes it back.
    Remove,
}

impl Messages {
    /// Adds or removes the caller's reaction and answers all of them; one that is there, or is not,
    /// stays so, and nobody is told. Unread counts stay as they are.
    pub(crate) async fn react(
        &self,
        ctx: Ctx,
        request: React,
        way: Reacting,
    ) -> Result<Answer<ReactionSummary>, Fail> {
        let user = ctx.user()?;
        let by = By::User(user.uid, user.id.clone());
        let React { conversation, seq, emoji } = request;
        emoji::check(&emoji)?;
        let place = (conversation, seq);
        let reacted = self.inner.log.write(ctx.app, move |log| {
            let target = reach_locked(log, &by, place)?;
            target.demand_content()?;
            demand_voice(log, conversation, by.uid())?;
            let moved = match way {
                Reacting::Add => add(log, &by, place, &target, &emoji)?,
                Reacting::Remove => remove(log, &by, place, &emoji)?,
            };
            let app = log.app();
            Ok((summary(log.read(), app, place, by.uid())?, moved))
        });
        let (reactions, moved) = reacted.await?;
        let summary = ReactionSummary { seq, reactions };
        Ok(match moved && way == Reacting::Add {
            true => Answer::created(summary),
            false => Answer::ok(summary),
        })
    }
}

fn summary(
    tx: &mut dyn ReadTx,
    app: AppNo,
    (conversation, seq): Place,
    uid: Uid,
) -> Result<Vec<ReactionCount>, Fail> {
    let found = store::counts(tx, app, conversation, (seq, seq), uid)?;
    Ok(found.into_iter().map(|(_, count)| count).collect())
}

/// `false`: it was there.
fn add(
    log: &mut LogTx<'_>,
    by: &By,
    place: Place,
    target: &Target,
    emoji: &str,
) -> Result<bool, Fail> {
    let (app, now, uid) = (log.app(), log.now(), by.uid());
    let there = summary(log.read(), app, place, uid)?;
    let same = there.iter().find(|one| one.emoji == emoji);
    if same.is_some_and(|one| one.me) {
        return Ok(false);
    }
    if same.is_none() && there.len() >= limits::REACTIONS_PER_MESSAGE_MAX {
        return Err(Fail::new(&codes::TOO_MANY_REACTIONS));
    }
    let count = same.map_or(0, |one| one.count) + 1;
    let head = tell(log, "reaction.added", by, place, (emoji, count))?;
    store::add_reaction(log.tx(), app, place, (uid, emoji), head, now)?;
    if !target.is_decorated {
        replace::decorate(log.tx(), app, place.0, place.1, true)?;
    }
    Ok(true)
}

/// `false`: it was not there.
fn remove(log: &mut LogTx<'_>, by: &By, place: Place, emoji: &str) -> Result<bool, Fail> {
    let (app, uid) = (log.app(), by.uid());
    if !store::remove_reaction(log.tx(), app, place, (uid, emoji))? {
        return Ok(false);
    }
    let left = summary(log.read(), app, place, uid)?;
    let count = left.iter().find(|one| one.emoji == emoji).map_or(0, |one| one.count);
    if left.is_empty() {
        replace::decorate(log.tx(), app, place.0, place.1, false)?;
    }
    tell(log, "reaction.removed", by, place, (emoji, count))?;
    Ok(true)
}

/// Writes the change and answers its rev.
fn tell(
    log: &mut LogTx<'_>,
    kind: &'static str,
    by: &By,
    place: Place,
    (emoji, count): (&str, i64),
) -> Result<i64, Fail> {
    let data = ReactionChanged {
        seq: place.1,
        user: by.id().cloned(),
        emoji: Some(emoji.to_owned()),
        count: Some(count),
    };
    Ok(log.change(events::change(kind, place, by.uid(), &data)?)?.rev)
}
