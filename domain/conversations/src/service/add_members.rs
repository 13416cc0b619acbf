//! More people for a group.

use hoopoe_kernel::{Ctx, Fail, Uid, UserActor};
use hoopoe_log::LogTx;
use hoopoe_wire::conversations::{AddMembers, AddedMembers, Role};

use super::{
    enter::{Entered, enter_group, resolve_all},
    join::{Joining, join},
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
            let items = service.show_members(tx.read(), &rows)?;
            Ok((AddedMembers { items }, joined))
        });
        added.await
    }

    /// Whoever is not in it yet joins. Answers everybody as the member that they are now, and
    /// whether anybody joined.
    fn add(
        &self,
        tx: &mut LogTx<'_>,
        entered: Entered,
        me: &UserActor,
        uids: &[Uid],
    ) -> Result<(Vec<MemberRow>, bool), Fail> {
        let Entered { head, mut details, .. } = entered;
        let (mut found, mut joining) = (Vec::with_capacity(uids.len()), Vec::new());
        for uid in uids {
            let row = store::find_member(tx.read(), head.app, details.id, *uid)?;
            if row.is_none() {
                joining.push(Joining { uid: *uid, role: Role::Member, invited_by: Some(me.uid) });
            }
            found.push(row);
        }
        details.demand_room(joining.len())?;
        let joined = join(tx, &head, &mut details, &joining)?;
        if !joined.is_empty() {
            store::update(tx.tx(), head.app, &details)?;
            let uids: Vec<Uid> = joined.iter().map(|member| member.uid).collect();
            let users = self.0.accounts.names_in(tx.read(), &uids)?;
            let snapshot = self.snapshot_at(tx.read(), &details, &after_next_change(head))?;
            let scene = Scene { conversation: details.id, actor: me, snapshot };
            tx.change(scene.added(uids, users)?)?;
        }
        let mut new = joined.iter().copied();
        let rows = found.into_iter().filter_map(|row| row.or_else(|| new.next())).collect();
        Ok((rows, !joined.is_empty()))
    }
}
