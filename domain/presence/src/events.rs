//! The frames of this domain's events. None is in a log, and the domain consumes no log.

use bytes::Bytes;
use hoopoe_wire::{ConversationId, UserId, presence::Presence, presence::TypingEvent};
use serde::Serialize;

#[derive(Serialize)]
struct Frame<'a, T> {
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation: Option<ConversationId>,
    data: &'a T,
}

impl<T: Serialize> Frame<'_, T> {
    /// Nothing where it cannot be encoded: an ephemeral event may be lost.
    fn encode(&self) -> Option<Bytes> {
        match serde_json::to_vec(self) {
            Ok(json) => Some(json.into()),
            Err(error) => {
                tracing::error!(event = self.event, %error, "an event could not be encoded");
                None
            }
        }
    }
}

/// `presence.updated`
pub(crate) fn updated(presence: &Presence) -> Option<Bytes> {
    Frame { event: "presence.updated", conversation: None, data: presence }.encode()
}

/// `typing.started` or `typing.stopped`
pub(crate) fn typing(is_typing: bool, conversation: ConversationId, user: UserId) -> Option<Bytes> {
    let event = if is_typing { "typing.started" } else { "typing.stopped" };
    let data = TypingEvent { conversation, user };
    Frame { event, conversation: Some(conversation), data: &data }.encode()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_what_clients_expect() {
        let (conversation, user) = (ConversationId([7; 16]), UserId::parse("ann").unwrap());
        let frame = typing(true, conversation, user).unwrap();
        let wanted = format!(
            "{{\"event\":\"typing.started\",\"conversation\":\"{conversation}\",\
             \"data\":{{\"conversation\":\"{conversation}\",\"user\":\"ann\"}}}}"
        );
        assert_eq!(frame, wanted.as_bytes());
    }
}
