//! Somebody is taken out of a group.

use hoopoe_kernel::{Ctx, Fail};
use hoopoe_wire::{conversations::RemoveMember, page::Empty};

use super::enter::{enter_group, find_member};
use crate::{Conversations, Rights, model::rights};

impl Conversations {
    /// Removes a member of a lower role; oneself is leaving.
    pub async fn remove_member(&self, ctx: &Ctx, request: RemoveMember) -> Result<Empty, Fail> {
        let (service, me) = (self.clone(), ctx.user()?.clone());
        let RemoveMember { conversation, user } = request;
        let removed = self.0.log.write(ctx.app, move |tx| {
            let entered = enter_group(tx, conversation, me.uid)?;
            let target = find_member(tx, conversation, &user)?;
            if target.uid != me.uid {
                rights::permit(entered.me.role.may_remove(target.role))?;
            }
            service.take_out(tx, entered, &me, &target)
        });
        removed.await?;
        Ok(Empty {})
    }
}
