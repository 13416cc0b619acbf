//! What can be done to a message after it was sent: changing, taking back, hiding, reacting, asking
//! who has read it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Content, Message};
use crate::{ConversationId, Metadata, Time, UserId, page::Page};

/// A request that names a message and nothing else.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageRef {
    /// Where.
    pub conversation: ConversationId,
    /// Which.
    pub seq: i64,
}

/// The request of `messages.update`. What is left out stays as it is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateMessage {
    /// Where.
    pub conversation: ConversationId,
    /// Which.
    pub seq: i64,
    /// The new text, at most 16 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The new mentions, all of them; at most 50.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mentions: Option<Vec<UserId>>,
    /// The app's own data, whole: it replaces what was there.
    #[serde(
        default,
        deserialize_with = "crate::strict::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub metadata: Option<Metadata>,
}

/// For whom a message is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeleteScope {
    /// For the caller alone, on all of their devices.
    #[default]
    Me,
    /// For everybody.
    All,
}

/// The request of `messages.delete`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteMessage {
    /// Where.
    pub conversation: ConversationId,
    /// Which.
    pub seq: i64,
    /// For whom; for the caller alone unless said otherwise.
    #[serde(default)]
    pub scope: DeleteScope,
}

/// The reply of `messages.recall`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RecalledMessage {
    /// What is left of the message.
    #[serde(flatten)]
    pub message: Message,
    /// What it said, for its author to write anew. Only the call that recalled it gets it, and only
    /// the author: the server keeps nothing of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recalled_content: Option<Content>,
}

/// The request of `messages.edits`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListEdits {
    /// Where.
    pub conversation: ConversationId,
    /// Of which message.
    pub seq: i64,
    /// `next_cursor` of the page before; absent for the first.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Items on the page, 1 to 100; 50 when left out.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// A message as it was at one time.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MessageVersion {
    /// What it said.
    #[serde(flatten)]
    pub content: Content,
    /// Since when; absent for the message as it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Time>,
}

/// The reply of `messages.edits`: as it was sent first, as it is now last. Empty for a message whose
/// content is gone.
pub type EditPage = Page<MessageVersion>;

/// The request of `messages.react` and `messages.unreact`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct React {
    /// Where.
    pub conversation: ConversationId,
    /// To which message.
    pub seq: i64,
    /// An emoji, or the `:name:` of one, at most 32 bytes.
    pub emoji: String,
}

/// How many reacted with one emoji.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReactionCount {
    /// Which.
    pub emoji: String,
    /// How many people.
    pub count: i64,
    /// Whether the caller is one of them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub me: bool,
}

/// The reply of `messages.react` and `messages.unreact`: the reactions as they are now.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ReactionSummary {
    /// Of which message.
    pub seq: i64,
    /// In the order in which each emoji came first.
    pub reactions: Vec<ReactionCount>,
}

/// The request of `messages.reactions`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListReactions {
    /// Where.
    pub conversation: ConversationId,
    /// Of which message.
    pub seq: i64,
    /// With this emoji only.
    #[serde(default)]
    pub emoji: Option<String>,
    /// `next_cursor` of the page before; absent for the first.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Items on the page, 1 to 100; 50 when left out.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// Somebody's reaction.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Reaction {
    /// With what.
    pub emoji: String,
    /// Who.
    pub user: UserId,
    /// When.
    pub created_at: Time,
}

/// The reply of `messages.reactions`, the oldest first.
pub type ReactionPage = Page<Reaction>;

/// Which part of a message's receipts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptState {
    /// Who has read it.
    Read,
    /// Who has not.
    Unread,
    /// Who has received it, readers included.
    Delivered,
    /// Who has not.
    Undelivered,
}

/// The request of `messages.receipts`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListReceipts {
    /// Where.
    pub conversation: ConversationId,
    /// Of which message.
    pub seq: i64,
    /// Only these; everybody when left out.
    #[serde(default)]
    pub state: Option<ReceiptState>,
    /// `next_cursor` of the page before; absent for the first.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Items on the page, 1 to 100; 50 when left out.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// How far a message has come with one member.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MemberReceipt {
    /// Who.
    pub user: UserId,
    /// Received on some device.
    pub delivered: bool,
    /// Read.
    pub read: bool,
}

/// The reply of `messages.receipts`: those who are members now and were when the message was sent,
/// without its sender, in the order of joining.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Receipts {
    /// Of which message.
    pub seq: i64,
    /// How many people it is about.
    pub member_count: i64,
    /// How many of them have received it.
    pub delivered_count: i64,
    /// How many of them have read it.
    pub read_count: i64,
    /// The page.
    pub items: Vec<MemberReceipt>,
    /// Opaque; give it back as `cursor`. Absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// The data of `message.updated`: what the message says now. Only `seq` for who may not read it, and
/// for who asks after it is gone.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MessageUpdated {
    /// Which message.
    pub seq: i64,
    /// How its sender recognises it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Who wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<UserId>,
    /// What it says, whole.
    #[serde(flatten)]
    pub content: Content,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Time>,
}

/// The data of `message.recalled` and `message.deleted`: the content is gone for everybody.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MessageGone {
    /// Which message.
    pub seq: i64,
    /// How its sender recognises it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Who did it; absent for the app's backend.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
}

/// The data of `message.hidden`: the receiver has deleted a message for themselves.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MessageHidden {
    /// Where.
    pub conversation: ConversationId,
    /// Which message.
    pub seq: i64,
}

/// The data of `reaction.added` and `reaction.removed`. Only `seq` for who may not read the message,
/// and for who asks after it is gone.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ReactionChanged {
    /// To which message.
    pub seq: i64,
    /// Who.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// With what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emoji: Option<String>,
    /// How many people have this emoji there now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<i64>,
}

/// The data of `conversation.settings_updated`: the receiver's own side has changed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SettingsUpdated {
    /// Where.
    pub conversation: ConversationId,
    /// Marked as unread from this message on; absent when it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread_from: Option<i64>,
}
