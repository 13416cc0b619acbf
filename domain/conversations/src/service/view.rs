//! How conversations and members are shown.

use bytes::Bytes;
use hoopoe_db::ReadTx;
use hoopoe_kernel::{AppNo, Fail, Uid};
use hoopoe_log::{Head, Marks, heads, marks};
use hoopoe_wire::{
    ConversationId,
    conversations::{Conversation, ConversationKind, ConversationMe, Member},
};

use crate::{
    Conversations, events,
    model::{Details, MemberRow},
    store,
};

/// People in a direct conversation.
const DIRECT_MEMBERS: usize = 2;

/// The head as it is when the next change has been written: what a change's own snapshot shows.
pub(super) fn after_next_change(head: Head) -> Head {
    Head { rev: head.rev + 1, ..head }
}

/// A member's own side of a conversation.
pub(super) fn own_side(member: &MemberRow, marks: &Marks, unread: i64) -> ConversationMe {
    ConversationMe {
        role: member.role,
        read_seq: marks.read_seq,
        delivered_seq: marks.delivered_seq,
        unread,
        unread_from: marks.unread_from,
        joined_at: member.joined_at,
    }
}

impl Conversations {
    /// The conversation as everybody sees it, encoded, or `None` when this app has none such.
    pub fn snapshot(
        &self,
        tx: &mut dyn ReadTx,
        app: AppNo,
        conversation: ConversationId,
    ) -> Result<Option<Bytes>, Fail> {
        let Some(head) = heads::find(tx, app, conversation)? else { return Ok(None) };
        let Some(details) = store::find(tx, app, conversation)? else { return Ok(None) };
        Ok(Some(self.snapshot_at(tx, &details, &head)?))
    }

    pub(super) fn snapshot_at(
        &self,
        tx: &mut dyn ReadTx,
        details: &Details,
        head: &Head,
    ) -> Result<Bytes, Fail> {
        events::encode(&self.view(tx, details, head)?)
    }

    /// As everybody sees it.
    pub(super) fn view(
        &self,
        tx: &mut dyn ReadTx,
        details: &Details,
        head: &Head,
    ) -> Result<Conversation, Fail> {
        let mut uids = vec![details.created_by];
        if details.kind == ConversationKind::Direct {
            let members = store::members_after(tx, head.app, details.id, 0, DIRECT_MEMBERS)?;
            uids.extend(members.iter().map(|member| member.uid));
        }
        let mut names = self.0.accounts.names_in(tx, &uids)?.into_iter();
        let created_by = names.next().ok_or_else(Fail::internal)?;
        let is_direct = details.kind == ConversationKind::Direct;
        let metadata = serde_json::from_str(&details.metadata)
            .map_err(|error| Fail::internal().caused_by(error))?;
        Ok(Conversation {
            id: details.id,
            kind: details.kind,
            name: details.name.clone(),
            avatar_url: details.avatar_url.clone(),
            metadata,
            history: details.history,
            created_by,
            created_at: details.created_at,
            updated_at: details.updated_at,
            head_seq: head.seq,
            head_rev: head.rev,
            member_count: details.member_count,
            members: is_direct.then(|| names.collect()),
            me: None,
        })
    }

    /// As one member sees it.
    pub(super) fn view_for(
        &self,
        tx: &mut dyn ReadTx,
        details: &Details,
        head: &Head,
        member: &MemberRow,
    ) -> Result<Conversation, Fail> {
        let marks = marks::find(tx, details.id, member.uid)?;
        let unread = marks::unread(tx, details.id, member.uid, head.seq)?;
        let shown = self.view(tx, details, head)?;
        Ok(Conversation { me: Some(own_side(member, &marks, unread)), ..shown })
    }

    /// A conversation as one of its members sees it; `None` for anybody else.
    pub(super) fn look(
        &self,
        tx: &mut dyn ReadTx,
        app: AppNo,
        conversation: ConversationId,
        uid: Uid,
    ) -> Result<Option<Conversation>, Fail> {
        let Some(head) = heads::find(tx, app, conversation)? else { return Ok(None) };
        let Some(details) = store::find(tx, app, conversation)? else { return Ok(None) };
        let Some(member) = store::find_member(tx, app, conversation, uid)? else {
            return Ok(None);
        };
        Ok(Some(self.view_for(tx, &details, &head, &member)?))
    }

    /// Members as everybody sees them, in the order of the rows.
    pub(super) fn show_members(
        &self,
        tx: &mut dyn ReadTx,
        rows: &[MemberRow],
    ) -> Result<Vec<Member>, Fail> {
        let inviters = rows.iter().filter_map(|row| row.invited_by);
        let uids: Vec<Uid> = rows.iter().map(|row| row.uid).chain(inviters).collect();
        let names = self.0.accounts.names_in(tx, &uids)?;
        let (users, inviters) = names.split_at_checked(rows.len()).ok_or_else(Fail::internal)?;
        let mut inviters = inviters.iter();
        let shown = rows.iter().zip(users).map(|(row, user)| Member {
            user: user.clone(),
            role: row.role,
            joined_at: row.joined_at,
            invited_by: row.invited_by.and_then(|_| inviters.next().cloned()),
        });
        Ok(shown.collect())
    }
}
