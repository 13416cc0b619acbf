//! What a conversation is: its row, its members, who hears of it. Rules are in the folder beside.
//! No I/O, no clock.

pub(crate) mod cursor;
pub(crate) mod draft;
pub(crate) mod rights;

use hoopoe_kernel::{Fail, Uid};
use hoopoe_log::Spans;
use hoopoe_wire::{
    ConversationId, Time, codes,
    conversations::{ConversationKind, History, Role},
    limits,
};

pub use rights::{Permission, Rights};

/// A caller's standing in a conversation that they are a member of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// Of which kind the conversation is.
    pub kind: ConversationKind,
    /// The caller's role.
    pub role: Role,
    /// What the caller may read.
    pub spans: Spans,
}

impl Membership {
    /// 403 unless the role includes it.
    pub fn demand(&self, permission: Permission) -> Result<(), Fail> {
        rights::permit(self.role.may(permission))
    }
}

/// Who hears of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audience {
    /// The change of members that this is the outcome of.
    pub members_rev: i64,
    /// Who is a member, in no particular order.
    pub uids: Vec<Uid>,
    /// The first message that all of them may read.
    pub shared_from: i64,
}

/// A conversation as the database keeps it.
#[derive(Debug, Clone)]
pub(crate) struct Details {
    pub(crate) id: ConversationId,
    pub(crate) kind: ConversationKind,
    pub(crate) name: Option<String>,
    pub(crate) avatar_url: Option<String>,
    pub(crate) metadata: String,
    pub(crate) history: History,
    pub(crate) created_by: Uid,
    pub(crate) created_at: Time,
    pub(crate) updated_at: Time,
    /// Members now.
    pub(crate) member_count: i64,
    /// Members ever: the ordinal of the latest.
    pub(crate) join_count: i64,
}

impl Details {
    /// 409 for a direct conversation, whose members and settings are fixed.
    pub(crate) fn demand_group(&self) -> Result<(), Fail> {
        match self.kind {
            ConversationKind::Group => Ok(()),
            ConversationKind::Direct => Err(Fail::new(&codes::DIRECT_IS_FIXED)),
        }
    }

    /// The first message that somebody reads who joins when the head is at `head_seq`.
    pub(crate) fn first_seq(&self, head_seq: i64) -> i64 {
        match self.history {
            History::All => 1,
            History::Joined => head_seq + 1,
        }
    }

    /// 422 when so many more do not fit.
    pub(crate) fn demand_room(&self, joining: usize) -> Result<(), Fail> {
        let now = usize::try_from(self.member_count).unwrap_or(usize::MAX);
        if now.saturating_add(joining) <= limits::GROUP_MEMBERS_MAX {
            return Ok(());
        }
        Err(Fail::new(&codes::TOO_MANY_MEMBERS))
    }
}

/// A member as the database keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MemberRow {
    pub(crate) uid: Uid,
    /// 1 for the first who ever joined, and so on; a rejoin gets a new one.
    pub(crate) ordinal: i64,
    pub(crate) role: Role,
    pub(crate) joined_at: Time,
    pub(crate) invited_by: Option<Uid>,
    /// The newest message when they joined.
    pub(crate) joined_seq: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(history: History, member_count: i64) -> Details {
        Details {
            id: ConversationId([1; 16]),
            kind: ConversationKind::Group,
            name: None,
            avatar_url: None,
            metadata: "{}".to_owned(),
            history,
            created_by: Uid(1),
            created_at: Time(0),
            updated_at: Time(0),
            member_count,
            join_count: member_count,
        }
    }

    #[test]
    fn a_group_is_full_at_the_limit_and_not_before() {
        let max = i64::try_from(limits::GROUP_MEMBERS_MAX).unwrap();
        assert!(group(History::Joined, max - 2).demand_room(2).is_ok());
        let fail = group(History::Joined, max - 2).demand_room(3).expect_err("one too many");
        assert!(fail.is(&codes::TOO_MANY_MEMBERS));
        assert!(group(History::Joined, max).demand_room(0).is_ok());
    }

    #[test]
    fn later_members_read_what_the_history_setting_says() {
        assert_eq!(group(History::Joined, 1).first_seq(41), 42);
        assert_eq!(group(History::All, 1).first_seq(41), 1);
    }

    #[test]
    fn only_groups_can_be_changed() {
        let mut details = group(History::All, 2);
        assert!(details.demand_group().is_ok());
        details.kind = ConversationKind::Direct;
        assert!(details.demand_group().is_err_and(|fail| fail.is(&codes::DIRECT_IS_FIXED)));
    }
}
