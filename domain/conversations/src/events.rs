//! The events of this domain, as changes of the log: each has a `rev`, is stored with what it
//! tells of, and holds nothing that depends on who hears it. The domain consumes no log.

use bytes::Bytes;
use hoopoe_kernel::{Fail, Uid, UserActor};
use hoopoe_log::{AudienceChange, NewChange};
use hoopoe_wire::{
    ConversationId, UserId,
    conversations::{MemberRemovedEvent, MemberUpdatedEvent, MembersAddedEvent},
};
use serde::Serialize;

/// JSON that is sent as it is.
pub(crate) fn encode<T: Serialize>(value: &T) -> Result<Bytes, Fail> {
    Ok(serde_json::to_vec(value).map_err(|e| Fail::internal().caused_by(e))?.into())
}

/// A change of a conversation: where, by whom, and the conversation as it is after it.
pub(crate) struct Scene<'a> {
    pub(crate) conversation: ConversationId,
    pub(crate) actor: &'a UserActor,
    pub(crate) snapshot: Bytes,
}

impl Scene<'_> {
    /// `conversation.created`, to everybody who is in it.
    pub(crate) fn created(self, members: Vec<Uid>) -> NewChange {
        let data = self.snapshot.clone();
        self.with_members("conversation.created", data, members, Vec::new())
    }

    /// `conversation.updated`
    pub(crate) fn updated(self) -> NewChange {
        let data = self.snapshot.clone();
        self.with_audience("conversation.updated", data, AudienceChange::Same)
    }

    /// `member.added`; who joins is told of the conversation first.
    pub(crate) fn added(self, uids: Vec<Uid>, users: Vec<UserId>) -> Result<NewChange, Fail> {
        let data = encode(&MembersAddedEvent { users, by: self.actor.id.clone() })?;
        Ok(self.with_members("member.added", data, uids, Vec::new()))
    }

    /// `member.removed`; the last that the removed one hears.
    pub(crate) fn removed(self, uid: Uid, event: &MemberRemovedEvent) -> Result<NewChange, Fail> {
        let data = encode(event)?;
        Ok(self.with_members("member.removed", data, Vec::new(), vec![uid]))
    }

    /// `member.updated`; `regated` when the member may write now and could not, or the reverse.
    pub(crate) fn role_changed(
        self,
        event: &MemberUpdatedEvent,
        regated: bool,
    ) -> Result<NewChange, Fail> {
        let data = encode(event)?;
        Ok(if regated {
            self.with_members("member.updated", data, Vec::new(), Vec::new())
        } else {
            self.with_audience("member.updated", data, AudienceChange::Same)
        })
    }

    fn with_members(
        self,
        kind: &'static str,
        data: Bytes,
        joined: Vec<Uid>,
        left: Vec<Uid>,
    ) -> NewChange {
        let snapshot = self.snapshot.clone();
        self.with_audience(kind, data, AudienceChange::Members { joined, left, snapshot })
    }

    fn with_audience(self, kind: &'static str, data: Bytes, audience: AudienceChange) -> NewChange {
        let Self { conversation, actor, .. } = self;
        NewChange { conversation, kind, target_seq: None, actor: actor.uid, data, audience }
    }
}
