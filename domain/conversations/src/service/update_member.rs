//! A member's role.

use hoopoe_kernel::{Ctx, Fail};
use hoopoe_wire::conversations::{Member, MemberUpdatedEvent, Role, UpdateMember};

use super::{
    enter::{Entered, enter_group, find_member},
    join::put_membership,
    leave::spare_owner,
    view::after_next_change,
};
use crate::{
    Conversations, Rights,
    events::Scene,
    model::{MemberRow, rights},
    store,
};

impl Conversations {
    /// Gives a member another role. The same role again changes nothing and makes no event.
    pub async fn update_member(&self, ctx: &Ctx, request: UpdateMember) -> Result<Member, Fail> {
        let (service, me) = (self.clone(), ctx.user()?.clone());
        let UpdateMember { conversation, user, role } = request;
        let updated = self.0.log.write(ctx.app, move |tx| {
            let Entered { head, details, me: mine } = enter_group(tx, conversation, me.uid)?;
            let was = find_member(tx, conversation, &user)?;
            rights::permit(mine.role.may_appoint(was.role, role))?;
            let now = MemberRow { role, ..was };
            if now != was {
                if role != Role::Owner {
                    spare_owner(tx, &details, &was)?;
                }
                store::set_role(tx.tx(), head.app, conversation, was.uid, role)?;
                put_membership(tx, conversation, &now)?;
                let (gate, regated) =
                    (rights::gate(role), rights::gate(role) != rights::gate(was.role));
                if regated {
                    tx.set_gate(conversation, was.uid, gate)?;
                }
                let snapshot =
                    service.snapshot_at(tx.read(), &details, &after_next_change(head))?;
                let scene = Scene { conversation, actor: &me, snapshot };
                let event = MemberUpdatedEvent { user: user.clone(), role, by: me.id.clone() };
                tx.change(scene.role_changed(&event, regated)?)?;
            }
            let shown = service.show_members(tx.read(), &[now])?;
            shown.into_iter().next().ok_or_else(Fail::internal)
        });
        updated.await
    }
}
