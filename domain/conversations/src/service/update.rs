//! Name, picture and metadata of a group.

use hoopoe_apps::metadata_text;
use hoopoe_kernel::{Ctx, Fail};
use hoopoe_wire::conversations::{Conversation, UpdateConversation};

use super::{
    enter::{Entered, enter_group},
    view::after_next_change,
};
use crate::{
    Conversations, Permission, Rights,
    events::Scene,
    model::{Details, draft, rights},
    store,
};

/// What is to be different, checked. An outer `None` stays as it is.
struct Edit {
    name: Option<Option<String>>,
    avatar_url: Option<Option<String>>,
    metadata: Option<String>,
}

impl Edit {
    fn of(request: &UpdateConversation) -> Result<Self, Fail> {
        let UpdateConversation { conversation: _, name, avatar_url, metadata } = request;
        let metadata = metadata.as_ref().map(|metadata| metadata_text("/metadata", metadata));
        Ok(Self {
            name: name.as_deref().map(draft::check_name).transpose()?,
            avatar_url: avatar_url.as_deref().map(draft::check_picture).transpose()?,
            metadata: metadata.transpose()?,
        })
    }

    /// Whether anything became different.
    fn apply(&self, details: &mut Details) -> bool {
        let was = (details.name.clone(), details.avatar_url.clone(), details.metadata.clone());
        if let Some(name) = &self.name {
            details.name.clone_from(name);
        }
        if let Some(avatar_url) = &self.avatar_url {
            details.avatar_url.clone_from(avatar_url);
        }
        if let Some(metadata) = &self.metadata {
            details.metadata.clone_from(metadata);
        }
        (&was.0, &was.1, &was.2) != (&details.name, &details.avatar_url, &details.metadata)
    }
}

impl Conversations {
    /// Changes a group's name, picture or metadata. What makes no difference makes no event.
    pub async fn update(
        &self,
        ctx: &Ctx,
        request: UpdateConversation,
    ) -> Result<Conversation, Fail> {
        let (service, me) = (self.clone(), ctx.user()?.clone());
        let edit = Edit::of(&request)?;
        let id = request.conversation;
        let updated = self.0.log.write(ctx.app, move |tx| {
            let Entered { mut head, mut details, me: mine } = enter_group(tx, id, me.uid)?;
            rights::permit(mine.role.may(Permission::Update))?;
            if edit.apply(&mut details) {
                details.updated_at = tx.now();
                store::update(tx.tx(), head.app, &details)?;
                let snapshot =
                    service.snapshot_at(tx.read(), &details, &after_next_change(head))?;
                let scene = Scene { conversation: id, actor: &me, snapshot };
                head = tx.change(scene.updated())?;
            }
            service.view_for(tx.read(), &details, &head, &mine)
        });
        updated.await
    }
}
