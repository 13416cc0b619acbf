//! More people for a group.

use hoopoe_kernel::{Ctx, Fail, Uid, UserActor};
use hoopoe_log::LogTx;
use hoopoe_wire::conversations::{AddMembers, AddedMembers, Role};

use super::{
    enter::{Entered, enter_group, resolve_all},
    join::join,
    view::after_next_change,
};
use crate::{
    Conversations, Permission, Rights,
    events::Scene,
    model::{MemberRow, draft::Wanted, rights},
    store,
};

impl Conversations {
    /// Adds everybody named, or nobody. Who is in it already stays as they are; `true` when
    /// somebody joined.
    pub async fn add_members(
        &self,
        ctx: &Ctx,
        request: AddMembers,
    ) -> Result<(AddedMembers, bool), Fail> {
        let (service, me) = (self.clone(), ctx.user()?.clone());
        let AddMembers { conversation, users } = request;
        if users.is_empty() {
            return Err(Fail::field("/users", "too_few", "name somebody"));
        }
        let wanted = Wanted::of(&users, "/users", None)?;
        let added = self.0.log.write(ctx.app, move |tx| {
            let entered = enter_group(tx, conversation, me.uid)?;
            rights::permit(entered.me.role.may(Permission::AddMembers))?;
            let uids = resolve_all(tx, &wanted)?;
            let (rows, joined) = service.add(tx, entered, &me, &uids)?;
            Ok((AddedMembers { items: service.show_members(tx.read(), &rows)? }, joined))
        });
        added.await
    }

    fn add(
        &self,
        tx: &mut LogTx<'_>,
        entered: Entered,
        me: &UserActor,
        uids: &[Uid],
    ) -> Result<(Vec<MemberRow>, bool), Fail> {
        let Entered { head, mut details, .. } = entered;
        let mut rows = Vec::with_capacity(uids.len());
        for uid in uids {
            rows.push(store::find_member(tx.read(), head.app, details.id, *uid)?);
        }
        let joining: Vec<Uid> =
            uids.iter().zip(&rows).filter(|(_, row)| row.is_none()).map(|(uid, _)| *uid).collect();
        details.demand_room(joining.len())?;
        for (uid, row) in uids.iter().zip(&mut rows).filter(|(_, row)| row.is_none()) {
            *row = Some(join(tx, &head, &mut details, *uid, Role::Member, Some(me.uid))?);
        }
        let any = !joining.is_empty();
        if any {
            store::update(tx.tx(), head.app, &details)?;
            let users = self.0.accounts.names_in(tx.read(), &joining)?;
            let snapshot = self.snapshot_at(tx.read(), &details, &after_next_change(head))?;
            let scene = Scene { conversation: details.id, actor: me, snapshot };
            tx.change(scene.added(joining, users)?)?;
        }
        Ok((rows.into_iter().flatten().collect(), any))
    }
}
