//! A new conversation, or the direct one that exists.

use hoopoe_accounts::Accounts;
use hoopoe_kernel::{AppNo, Ctx, Fail, Uid, UserActor};
use hoopoe_log::LogTx;
use hoopoe_wire::{
    ConversationId,
    conversations::{Conversation, ConversationKind, CreateConversation, Role},
};

use super::{
    enter::resolve_all,
    join::{Joining, join},
    view::after_next_change,
};
use crate::{
    Conversations,
    events::Scene,
    model::{Details, draft::Draft},
    store,
};

impl Conversations {
    /// Creates a conversation with everybody named in it, or nothing at all. `true` when it is
    /// new; a direct conversation that exists is returned as it is.
    pub async fn create(
        &self,
        ctx: &Ctx,
        request: CreateConversation,
    ) -> Result<(Conversation, bool), Fail> {
        let me = ctx.user()?.clone();
        let draft = Draft::of(request, &me.id)?;
        match draft.kind {
            ConversationKind::Direct => self.create_direct(ctx.app, me, draft).await,
            ConversationKind::Group => {
                let (service, id) = (self.clone(), ConversationId(ctx.fresh_id()));
                let created = self.0.log.write(ctx.app, move |tx| {
                    let others = resolve_all(tx, &draft.others)?;
                    if !tx.create(id)? {
                        // An id of 74 random bits that was given out before.
                        return Err(Fail::internal());
                    }
                    service.open(tx, id, &me, &draft, &others)
                });
                Ok((created.await?, true))
            }
        }
    }

    async fn create_direct(
        &self,
        app: AppNo,
        me: UserActor,
        draft: Draft,
    ) -> Result<(Conversation, bool), Fail> {
        // Opening a chat asks for its conversation every time: the common case only reads.
        let (service, wanted, uid) = (self.clone(), draft.others.clone(), me.uid);
        let existing = self.0.log.db().read(move |tx| {
            let found = Accounts::resolve(tx, app, &wanted.ids)?;
            let other = only(&wanted.all_found(&found)?)?;
            service.look(tx, app, service.0.log.direct_id(uid, other), uid)
        });
        if let Some(conversation) = existing.await? {
            return Ok((conversation, false));
        }
        let service = self.clone();
        let created = self.0.log.write(app, move |tx| {
            let others = resolve_all(tx, &draft.others)?;
            let id = service.0.log.direct_id(me.uid, only(&others)?);
            if tx.create(id)? {
                return Ok((service.open(tx, id, &me, &draft, &others)?, true));
            }
            let existing = service.look(tx.read(), app, id, me.uid)?;
            Ok((existing.ok_or_else(Fail::internal)?, false))
        });
        created.await
    }

    /// Fills a conversation whose head was just created.
    fn open(
        &self,
        tx: &mut LogTx<'_>,
        id: ConversationId,
        me: &UserActor,
        draft: &Draft,
        others: &[Uid],
    ) -> Result<Conversation, Fail> {
        let head = tx.lock(id)?.ok_or_else(Fail::internal)?;
        let mut details = Details {
            id,
            kind: draft.kind,
            name: draft.name.clone(),
            avatar_url: draft.avatar_url.clone(),
            metadata: draft.metadata.clone(),
            history: draft.history,
            created_by: me.uid,
            created_at: tx.now(),
            updated_at: tx.now(),
            member_count: 0,
            join_count: 0,
        };
        let role = match draft.kind {
            ConversationKind::Direct => Role::Member,
            ConversationKind::Group => Role::Owner,
        };
        let mut people = vec![Joining { uid: me.uid, role, invited_by: None }];
        people.extend(others.iter().map(|uid| Joining {
            uid: *uid,
            role: Role::Member,
            invited_by: Some(me.uid),
        }));
        let rows = join(tx, &head, &mut details, &people)?;
        let mine = rows.first().ok_or_else(Fail::internal)?;
        store::insert(tx.tx(), head.app, &details)?;
        let snapshot = self.snapshot_at(tx.read(), &details, &after_next_change(head))?;
        let scene = Scene { conversation: id, actor: me, snapshot };
        let members = rows.iter().map(|member| member.uid).collect();
        let head = tx.change(scene.created(members))?;
        self.view_for(tx.read(), &details, &head, mine)
    }
}

/// The other person; [`Draft`] lets exactly one through.
fn only(others: &[Uid]) -> Result<Uid, Fail> {
    match others {
        [other] => Ok(*other),
        _ => Err(Fail::internal()),
    }
}
