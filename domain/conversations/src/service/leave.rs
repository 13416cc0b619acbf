//! The end of a membership: leaving, and what removing shares with it.

use hoopoe_kernel::{Ctx, Fail, UserActor};
use hoopoe_log::LogTx;
use hoopoe_wire::{
    codes,
    conversations::{ConversationRef, MemberRemovedEvent, RemovalReason, Role},
    page::Empty,
};

use super::{
    enter::{Entered, enter_group},
    join::MEMBERSHIP,
    view::after_next_change,
};
use crate::{
    Conversations,
    events::Scene,
    model::{Details, MemberRow},
    store,
};

/// 409 when this owner is the only one and somebody else would be left.
pub(super) fn spare_owner(
    tx: &mut LogTx<'_>,
    details: &Details,
    member: &MemberRow,
) -> Result<(), Fail> {
    if member.role != Role::Owner {
        return Ok(());
    }
    let app = tx.app();
    if store::count_role(tx.read(), app, details.id, Role::Owner)? > 1 {
        return Ok(());
    }
    Err(Fail::new(&codes::LAST_OWNER))
}

impl Conversations {
    /// Leaves a group. The last owner stays while others do.
    pub async fn leave(&self, ctx: &Ctx, request: ConversationRef) -> Result<Empty, Fail> {
        let (service, me) = (self.clone(), ctx.user()?.clone());
        let left = self.0.log.write(ctx.app, move |tx| {
            let entered = enter_group(tx, request.conversation, me.uid)?;
            let target = entered.me;
            service.take_out(tx, entered, &me, &target)
        });
        left.await?;
        Ok(Empty {})
    }

    /// Ends a membership: the row, the span, the user's own list, and everybody is told.
    pub(super) fn take_out(
        &self,
        tx: &mut LogTx<'_>,
        entered: Entered,
        me: &UserActor,
        target: &MemberRow,
    ) -> Result<(), Fail> {
        let Entered { head, mut details, .. } = entered;
        if details.member_count > 1 {
            spare_owner(tx, &details, target)?;
        }
        let user = self.0.accounts.names_in(tx.read(), &[target.uid])?;
        let user = user.into_iter().next().ok_or_else(Fail::internal)?;
        let reason =
            if target.uid == me.uid { RemovalReason::Left } else { RemovalReason::Removed };
        details.member_count -= 1;
        store::delete_member(tx.tx(), head.app, details.id, target.uid)?;
        store::update(tx.tx(), head.app, &details)?;
        tx.close_span(details.id, target.uid)?;
        tx.remove_state(target.uid, MEMBERSHIP, details.id.as_bytes())?;
        let snapshot = self.snapshot_at(tx.read(), &details, &after_next_change(head))?;
        let scene = Scene { conversation: details.id, actor: me, snapshot };
        let event = MemberRemovedEvent { user, by: me.id.clone(), reason };
        tx.change(scene.removed(target.uid, &event)?)?;
        Ok(())
    }
}
