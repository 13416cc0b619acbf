//! Conversations, their members and the heads that a client synchronises by.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ConversationId, Metadata, Time, UserId, page::Page, settings::Settings};

/// What sort of conversation it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConversationKind {
    /// Two people; there is at most one of them for each pair, and its members are fixed.
    Direct,
    /// Up to 2,000 people with roles.
    Group,
}

impl ConversationKind {
    /// As on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Group => "group",
        }
    }
}

/// A member's role. What each may do is the matrix in the reference of the conversations domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything, other owners and admins included. A group keeps at least one.
    Owner,
    /// Settings, members and roles below admin.
    Admin,
    /// Writes, and removes members and guests.
    Moderator,
    /// Reads and writes.
    Member,
    /// Reads only.
    Guest,
}

impl Role {
    /// Every role, the most powerful one first.
    pub const ALL: [Self; 5] =
        [Self::Owner, Self::Admin, Self::Moderator, Self::Member, Self::Guest];

    /// As on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Moderator => "moderator",
            Self::Member => "member",
            Self::Guest => "guest",
        }
    }
}

/// How much of the past somebody sees who joins a group later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum History {
    /// What is said from their joining on.
    #[default]
    Joined,
    /// Everything, from the first message on.
    All,
}

impl History {
    /// As on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Joined => "joined",
            Self::All => "all",
        }
    }
}

/// A conversation. In events and snapshots it is the same for every recipient; a reply adds `me`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// Direct or group.
    pub kind: ConversationKind,
    /// A group's name, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A group's picture, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
    /// The app's own data.
    pub metadata: Metadata,
    /// How much of the past later members see.
    pub history: History,
    /// Who created it.
    pub created_by: UserId,
    /// When.
    pub created_at: Time,
    /// When its name, picture or metadata changed last.
    pub updated_at: Time,
    /// The `seq` of its newest message; 0 when nobody has written yet.
    pub head_seq: i64,
    /// The `rev` of its newest change; its creation is 1.
    pub head_rev: i64,
    /// How many members it has now.
    pub member_count: i64,
    /// Both people of a direct conversation, its creator first; a group's are at `members.list`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<UserId>>,
    /// What concerns the caller alone. Only in replies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub me: Option<ConversationMe>,
}

/// The caller's own side of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConversationMe {
    /// The caller's role.
    pub role: Role,
    /// Up to where the caller has read.
    pub read_seq: i64,
    /// Up to where the caller's devices have received.
    pub delivered_seq: i64,
    /// Messages after `read_seq` that count as unread.
    pub unread: i64,
    /// The caller has marked the conversation as unread from this message on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread_from: Option<i64>,
    /// When the caller joined; for who left and came back, the last time.
    pub joined_at: Time,
}

/// A member of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Member {
    /// Who.
    pub user: UserId,
    /// What they may do.
    pub role: Role,
    /// Since when.
    pub joined_at: Time,
    /// Who added them; absent for the creator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invited_by: Option<UserId>,
}

/// The request of `conversations.create`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateConversation {
    /// Direct or group.
    pub kind: ConversationKind,
    /// Direct: exactly the other person. Group: who joins beside the caller; the caller and
    /// repeats are passed over.
    #[serde(default)]
    pub members: Vec<UserId>,
    /// Group only: at most 100 characters in one line.
    #[serde(default)]
    pub name: Option<String>,
    /// Group only: an `http` or `https` address.
    #[serde(default)]
    pub avatar_url: Option<String>,
    /// The app's own data, at most 4 KiB. For a direct conversation that exists it is passed over.
    #[serde(default, deserialize_with = "crate::strict::optional")]
    pub metadata: Option<Metadata>,
    /// Group only: how much of the past later members see; `joined` when left out. It stays.
    #[serde(default)]
    pub history: Option<History>,
}

/// A request that names a conversation and nothing else.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConversationRef {
    /// Which.
    pub conversation: ConversationId,
}

/// The request of `conversations.list`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListConversations {
    /// `next_cursor` of the page before; absent for the newest.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Items on the page, 1 to 100; 50 when left out.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// The reply of `conversations.list`, newest activity first.
pub type ConversationPage = Page<Conversation>;

/// The request of `conversations.update`. What is left out stays as it is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateConversation {
    /// Which.
    pub conversation: ConversationId,
    /// The new name; an empty text removes it.
    #[serde(default)]
    pub name: Option<String>,
    /// The new picture; an empty text removes it.
    #[serde(default)]
    pub avatar_url: Option<String>,
    /// The app's own data, whole: it replaces what was there.
    #[serde(default, deserialize_with = "crate::strict::optional")]
    pub metadata: Option<Metadata>,
}

/// The request of `members.list`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListMembers {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// `next_cursor` of the page before; absent for the first.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Items on the page, 1 to 100; 50 when left out.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// The reply of `members.list`, in the order of joining.
pub type MemberPage = Page<Member>;

/// The request of `members.add`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddMembers {
    /// To which group.
    pub conversation: ConversationId,
    /// Whom; who is a member already is passed over.
    pub users: Vec<UserId>,
}

/// The reply of `members.add`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AddedMembers {
    /// The users named, each once, as the members that they are now.
    pub items: Vec<Member>,
}

/// The request of `members.update`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateMember {
    /// In which group.
    pub conversation: ConversationId,
    /// Whose role.
    pub user: UserId,
    /// The new role.
    pub role: Role,
}

/// The request of `members.remove`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveMember {
    /// From which group.
    pub conversation: ConversationId,
    /// Whom; oneself is the same as `conversations.leave`.
    pub user: UserId,
}

/// The `data` of `member.added`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MembersAddedEvent {
    /// Who joined.
    pub users: Vec<UserId>,
    /// Who added them.
    pub by: UserId,
}

/// Why somebody is no longer a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RemovalReason {
    /// Somebody with the right removed them.
    Removed,
    /// They left.
    Left,
}

/// The `data` of `member.removed`; who was removed gets it as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MemberRemovedEvent {
    /// Who is gone.
    pub user: UserId,
    /// Who did it.
    pub by: UserId,
    /// Removed or left.
    pub reason: RemovalReason,
}

/// The `data` of `member.updated`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MemberUpdatedEvent {
    /// Whose role.
    pub user: UserId,
    /// The new role.
    pub role: Role,
    /// Who changed it.
    pub by: UserId,
}

/// Where a conversation stands: what a client compares with what it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HeadItem {
    /// Which.
    pub conversation: ConversationId,
    /// The `seq` of its newest message.
    pub head_seq: i64,
    /// The `rev` of its newest change.
    pub head_rev: i64,
    /// Up to where the caller has read.
    pub read_seq: i64,
    /// Marked as unread from here on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread_from: Option<i64>,
}

/// Something of the caller's own that has changed: on another device, or by somebody else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StateItem {
    /// Its number among the changes of the caller's own state.
    pub rev: i64,
    /// What it is now.
    #[serde(flatten)]
    pub state: UserState,
}

/// A value of the caller's own state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum UserState {
    /// The caller is a member of a conversation, or no longer.
    Membership {
        /// Which.
        conversation: ConversationId,
        /// No longer.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        removed: bool,
    },
    /// The caller has read what had been there for some time, or marked it as unread. A mark never
    /// falls: it counts where it is higher than that of the head. Where the same reply has the
    /// conversation's head, that says whether it is marked as unread.
    Read {
        /// Where.
        conversation: ConversationId,
        /// Up to here.
        read_seq: i64,
        /// Marked as unread from here on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unread_from: Option<i64>,
    },
    /// The caller's settings.
    Settings {
        /// All of them.
        settings: Settings,
    },
}

/// The request of `sync.get`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetSync {
    /// The cursor of an earlier `sync.get` or `session.start`: only what has moved since is given.
    /// Absent: the full list of heads, in the order of their ids.
    #[serde(default)]
    pub cursor: Option<String>,
    /// `next_page` of the page before, together with the same `cursor`.
    #[serde(default)]
    pub page: Option<String>,
}

/// The reply of `sync.get`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sync {
    /// The database's epoch. When it is another one than the client knows, `seq` and `rev` of
    /// before mean nothing any more.
    pub epoch: i64,
    /// Whether the cursor was of another epoch or unreadable, so that everything is given.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reset: bool,
    /// Give this back the next time. Of several pages, keep the first one's.
    pub cursor: String,
    /// Heads: with a cursor the newest first, without one in the order of their ids.
    pub heads: Vec<HeadItem>,
    /// Over all memberships; on the first page only.
    ///
    /// Each membership gives 32 bytes: the 16 bytes of the conversation's id, `head_seq` and
    /// `head_rev` as 64-bit big-endian numbers. They are sorted, joined and hashed with SHA-256;
    /// the digest is the first 8 bytes of the hash as 16 lower-case hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Opaque; give it back as `page` for the rest. Absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_page: Option<String>,
    /// What has changed of the caller's own state since the cursor, in the order of change, at most
    /// 100; on the first page only. Without a cursor nothing: the heads say it, and `settings.get`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub state: Vec<StateItem>,
    /// More of it has changed: ask again with the cursor of this reply.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub state_more: bool,
}

/// What `session.start` tells of the caller's conversations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StartPage {
    /// The database's epoch.
    pub epoch: i64,
    /// Whether the cursor was of another epoch or unreadable, so that everything is given.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reset: bool,
    /// Give this back the next time.
    pub cursor: String,
    /// Heads that moved since the cursor, the newest first, at most 100.
    pub heads: Vec<HeadItem>,
    /// Over all memberships, as in `sync.get`.
    pub digest: String,
    /// Whether more have moved than are given: `sync.get` lists them all.
    pub more: bool,
    /// What has changed of the caller's own state, as in `sync.get`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub state: Vec<StateItem>,
    /// More of it has changed, as in `sync.get`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub state_more: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_the_database_are_names_on_the_wire() {
        for role in Role::ALL {
            assert_eq!(serde_json::to_string(&role).unwrap(), format!("\"{}\"", role.as_str()));
        }
        for kind in [ConversationKind::Direct, ConversationKind::Group] {
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{}\"", kind.as_str()));
        }
        for history in [History::Joined, History::All] {
            let text = serde_json::to_string(&history).unwrap();
            assert_eq!(text, format!("\"{}\"", history.as_str()));
        }
    }

    #[test]
    fn what_concerns_nobody_is_left_out() {
        let conversation = Conversation {
            id: ConversationId([1; 16]),
            kind: ConversationKind::Group,
            name: None,
            avatar_url: None,
            metadata: Metadata::new(),
            history: History::Joined,
            created_by: UserId::parse("ann").unwrap(),
            created_at: Time(0),
            updated_at: Time(0),
            head_seq: 0,
            head_rev: 1,
            member_count: 1,
            members: None,
            me: None,
        };
        let json = serde_json::to_value(&conversation).unwrap();
        for absent in ["name", "avatar_url", "members", "me"] {
            assert!(json.get(absent).is_none(), "{absent}");
        }
        assert_eq!(json["metadata"], serde_json::json!({}));
    }
}
