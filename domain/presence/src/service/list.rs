//! Tells who is there, once.

use hoopoe_kernel::{Actor, Ctx, Fail, Uid};
use hoopoe_wire::{
    Time,
    presence::{ListPresence, Presence as Shown, PresenceList, PresenceStatus},
};

use crate::{
    Presence,
    model::{self, watches::Answer, watches::offline},
    store,
};

impl Presence {
    /// The presence of users: for a user of those whom they may see, for the app's backend of all
    /// of the app.
    pub async fn list(&self, ctx: &Ctx, request: ListPresence) -> Result<PresenceList, Fail> {
        model::check_users(&request.users)?;
        let app = ctx.app;
        let viewer = match &ctx.actor {
            Actor::User(user) => Some(user.uid),
            _ => None,
        };
        let named = self.find(app, request.users).await?;
        let (presence, uids) = (self.clone(), named.clone());
        let read = self.0.parts.db.read(move |tx| {
            let mut answers = Vec::with_capacity(uids.len());
            for (_, uid) in &uids {
                answers.push(match (uid, viewer) {
                    (None, _) => Answer { may_see: false, last_seen: None },
                    (Some(uid), Some(viewer)) => presence.judge(tx, app, viewer, *uid)?,
                    (Some(uid), None) => {
                        Answer { may_see: true, last_seen: store::last_seen(tx, app, *uid)? }
                    }
                });
            }
            Ok(answers)
        });
        let answers = read.await?;
        let items = named.into_iter().zip(answers).map(|((user, uid), answer)| {
            match uid.filter(|_| answer.may_see) {
                None => offline(user, None),
                Some(uid) => match self.whereabouts(uid) {
                    Ok(()) => Shown { user, status: PresenceStatus::Online, last_seen_at: None },
                    Err(left_at) => offline(user, answer.last_seen.max(left_at)),
                },
            }
        });
        Ok(PresenceList { items: items.collect() })
    }

    /// Here, or gone at a time that may not be written down yet.
    fn whereabouts(&self, uid: Uid) -> Result<(), Option<Time>> {
        let state = self.state();
        if state.roster.is_online(uid) { Ok(()) } else { Err(state.unwritten.of(uid)) }
    }
}
