//! Who is there, and who is writing: what is told at once and never kept.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ConversationId, Time, UserId};

/// Whether somebody is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PresenceStatus {
    /// At least one of the user's devices is connected, or was some seconds ago.
    Online,
    /// None is, or the caller may not know.
    Offline,
}

/// The presence of a user: all devices together. The data of `presence.updated`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Presence {
    /// Who.
    pub user: UserId,
    /// Whether they are there. Who may not be seen, and who does not exist, is offline.
    pub status: PresenceStatus,
    /// When the last device went, where somebody is offline who may be seen and was ever there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen_at: Option<Time>,
}

/// The request of `presence.list`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListPresence {
    /// Whose, 1 to 100.
    pub users: Vec<UserId>,
}

/// The reply of `presence.list` and `presence.subscribe`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PresenceList {
    /// In the order of the request.
    pub items: Vec<Presence>,
}

/// The request of `presence.subscribe`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubscribePresence {
    /// Whose changes this connection wants to hear, 1 to 100 to a call.
    pub users: Vec<UserId>,
}

/// The request of `presence.unsubscribe`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnsubscribePresence {
    /// Whose changes it no longer wants to hear, up to 100; everybody's when left out.
    #[serde(default)]
    pub users: Option<Vec<UserId>>,
}

/// Whether somebody writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TypingState {
    /// They do. Say so again every few seconds: it ends by itself after 6 s.
    Started,
    /// They do not any more.
    Stopped,
}

/// The request of `messages.typing`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetTyping {
    /// Where.
    pub conversation: ConversationId,
    /// Started or stopped.
    pub state: TypingState,
}

/// The data of `typing.started` and `typing.stopped`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TypingEvent {
    /// Where.
    pub conversation: ConversationId,
    /// Who.
    pub user: UserId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_there_has_not_been_seen_last() {
        let user = UserId::parse("ann").unwrap();
        let there = Presence { user, status: PresenceStatus::Online, last_seen_at: None };
        let json = serde_json::to_string(&there).unwrap();
        assert_eq!(json, r#"{"user":"ann","status":"online"}"#);
    }
}
