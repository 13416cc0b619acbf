//! Subscribes a connection to users, and ends that.

use hoopoe_kernel::{Ctx, Fail, Uid};
use hoopoe_wire::{
    UserId, codes,
    page::Empty,
    presence::{PresenceList, SubscribePresence, UnsubscribePresence},
};

use crate::{
    Presence,
    model::{self, watches::Socket, watches::offline},
};

fn socket(ctx: &Ctx) -> Result<Socket, Fail> {
    let connection = ctx.connection.ok_or_else(|| Fail::new(&codes::PRESENCE_SOCKET_ONLY))?;
    Ok((ctx.user()?.uid, connection))
}

impl Presence {
    /// Tells how things stand and, from then on, what changes. Who may not be seen is offline, and
    /// comes into sight when that changes.
    pub async fn subscribe(
        &self,
        ctx: &Ctx,
        request: SubscribePresence,
    ) -> Result<PresenceList, Fail> {
        model::check_users(&request.users)?;
        let (app, socket) = (ctx.app, socket(ctx)?);
        let named = self.find(app, request.users).await?;
        let users: Vec<(Uid, UserId)> =
            named.iter().filter_map(|(id, uid)| Some(((*uid)?, id.clone()))).collect();
        let asked = {
            let state = &mut *self.state();
            let roster = &state.roster;
            state.watches.watch(app, socket, &users, |uid| roster.is_online(uid))
        };
        let asked = asked.ok_or_else(|| Fail::new(&codes::PRESENCE_TOO_MANY))?;
        let asked_for: Vec<Uid> = asked.iter().map(|question| question.target).collect();
        let answered = self.ask(asked).await;
        // From here on without waiting: the connection's own task writes this reply before it
        // takes the next event out of its queue.
        let state = &mut *self.state();
        let mut answers = match answered {
            Ok(answers) => answers,
            Err(fail) => {
                state.watches.unwatch(socket, Some(&asked_for));
                return Err(fail);
            }
        };
        for (question, answer) in &mut answers {
            if answer.may_see {
                answer.last_seen = answer.last_seen.max(state.unwritten.of(question.target));
            }
        }
        // What it would tell stands in the reply.
        drop(state.watches.settle(&answers));
        let items = named.into_iter().map(|(id, uid)| match uid {
            Some(uid) => state.watches.view(socket, uid, &id),
            None => offline(id, None),
        });
        Ok(PresenceList { items: items.collect() })
    }

    /// Ends it, for some or for all.
    pub async fn unsubscribe(
        &self,
        ctx: &Ctx,
        request: UnsubscribePresence,
    ) -> Result<Empty, Fail> {
        let socket = socket(ctx)?;
        let Some(users) = request.users else {
            self.state().watches.unwatch(socket, None);
            return Ok(Empty {});
        };
        model::check_users(&users)?;
        let named = self.find(ctx.app, users).await?;
        let uids: Vec<Uid> = named.into_iter().filter_map(|(_, uid)| uid).collect();
        self.state().watches.unwatch(socket, Some(&uids));
        Ok(Empty {})
    }
}
