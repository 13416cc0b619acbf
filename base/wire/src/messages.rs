//! Messages, receipts and changes.

mod acts;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ConversationId, Metadata, Time, UserId};

pub use acts::*;

/// What a client may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SendKind {
    /// Plain text.
    Text,
    /// Whatever the app puts into `metadata`.
    Custom,
}

impl SendKind {
    /// As on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Custom => "custom",
        }
    }
}

/// The request of `messages.send`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendRequest {
    /// Where.
    pub conversation: ConversationId,
    /// 1 to 64 bytes by which the sender recognises the message; a repeat stores nothing new.
    /// UUIDs of version 7 are the cheapest.
    #[schemars(regex(pattern = r"^[\s\S]{1,64}$"))]
    pub client_id: String,
    /// What it is.
    pub kind: SendKind,
    /// The text, at most 16 KiB; needed for `text`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The `seq` of a message of this conversation that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<i64>,
    /// Members that it speaks to, at most 50; somebody else is refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<UserId>,
    /// The app's own data.
    #[serde(
        default,
        deserialize_with = "crate::strict::metadata",
        skip_serializing_if = "Metadata::is_empty"
    )]
    pub metadata: Metadata,
}

/// What a message says: the part of it that is the same in every place where it stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Content {
    /// The text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The message that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<i64>,
    /// Members that it speaks to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<UserId>,
    /// The app's own data.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
}

/// A message, the same for every recipient.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Message {
    /// Where.
    pub conversation: ConversationId,
    /// Its number in the conversation, from 1 without a gap.
    pub seq: i64,
    /// How its sender recognises it.
    pub client_id: String,
    /// Who wrote it; absent for what the server writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<UserId>,
    /// `text`, `custom`, `system`, …
    pub kind: String,
    /// When it was stored.
    pub created_at: Time,
    /// Its content is gone: only the place is left.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    /// Its content is gone because it was recalled.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub recalled: bool,
    /// What it says.
    #[serde(flatten)]
    pub content: Content,
    /// When its author changed it last; absent when never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Time>,
    /// How people reacted, in the order in which each emoji came first. Only in replies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<ReactionCount>,
}

/// What became of a send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SendState {
    /// Stored: it has its `seq` and is on stable storage.
    Sent,
}

/// The reply of `messages.send`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SentMessage {
    /// What became of it.
    pub state: SendState,
    /// The message; after a repeat, as it is now.
    #[serde(flatten)]
    pub message: Message,
}

/// The request of `messages.list`. At most one of `before`, `after` and `around`; none: the newest.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListMessages {
    /// Where.
    pub conversation: ConversationId,
    /// Messages before this `seq`, exclusive.
    #[serde(default)]
    pub before: Option<i64>,
    /// Messages after this `seq`, exclusive.
    #[serde(default)]
    pub after: Option<i64>,
    /// Messages on both sides of this `seq`, and itself.
    #[serde(default)]
    pub around: Option<i64>,
    /// How many, 1 to 100; 50 unless said otherwise.
    #[serde(default)]
    pub limit: Option<usize>,
}

/// A page of messages, ascending.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MessagePage {
    /// By ascending `seq`; deleted ones as tombstones.
    pub items: Vec<Message>,
    /// Older ones exist.
    pub has_before: bool,
    /// Newer ones exist.
    pub has_after: bool,
}

/// The request of `messages.get`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetMessage {
    /// Where.
    pub conversation: ConversationId,
    /// Which.
    pub seq: i64,
}

/// The request of `messages.read` and `messages.delivered`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkMessages {
    /// Where.
    pub conversation: ConversationId,
    /// Up to here; a mark never falls, and never passes the newest message.
    pub seq: i64,
}

/// Where the caller stands after a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MarksNow {
    /// Received up to here.
    pub delivered_seq: i64,
    /// Read up to here.
    pub read_seq: i64,
    /// Messages behind it that count as unread.
    pub unread: i64,
    /// The caller has marked the conversation as unread from this message on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread_from: Option<i64>,
}

/// The data of `receipt.updated`: somebody has received or read further.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ReceiptUpdated {
    /// Where.
    pub conversation: ConversationId,
    /// Who; absent above 50 members, where only the count is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// Received up to here.
    pub delivered_seq: i64,
    /// Read up to here.
    pub read_seq: i64,
    /// Above 50 members: how many have read up to `read_seq`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_count: Option<i64>,
}

/// The request of `messages.changes`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListChanges {
    /// Where.
    pub conversation: ConversationId,
    /// Changes behind this `rev`, exclusive; 0: from the first.
    #[serde(default)]
    pub after: i64,
    /// How many, 1 to 100; 50 unless said otherwise.
    #[serde(default)]
    pub limit: Option<usize>,
}

/// A change of a conversation, as its event told it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// The event's name.
    pub event: String,
    /// Where.
    pub conversation: ConversationId,
    /// Its number among the changes, from 1 without a gap.
    pub rev: i64,
    /// The newest message when it happened.
    pub at_seq: i64,
    /// The newest change of members at it.
    pub members_rev: i64,
    /// When it happened.
    pub at: Time,
    /// The event's data. Only `seq` is left of it when the message that it is about is gone since,
    /// or is none that the caller may read.
    pub data: serde_json::Value,
}

/// A page of changes, ascending.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ChangePage {
    /// By ascending `rev`.
    pub items: Vec<Change>,
    /// Newer ones exist.
    pub has_after: bool,
}
