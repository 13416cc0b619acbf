//! Events: what the server says by itself on the socket, and later in webhooks, under the same
//! names. The list is what the protocol documents are printed from.

use schemars::{Schema, SchemaGenerator};

use crate::{
    accounts::{SessionRevoked, User},
    conversations::{Conversation, MemberRemovedEvent, MemberUpdatedEvent, MembersAddedEvent},
    messages::{
        Message, MessageGone, MessageHidden, MessageUpdated, ReactionChanged, ReceiptUpdated,
        SettingsUpdated,
    },
    presence::{Presence, TypingEvent},
    settings::Settings,
};

/// Where an event stands in its conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// It is an entry of the timeline: the frame carries `seq`.
    Seq,
    /// It is a change: the frame carries `rev`, and names its message, if any, in `data.seq`.
    Rev,
    /// It is a change, or for those who join later a snapshot: then the frame carries no `rev`.
    RevOrSnapshot,
    /// It is not in the log of a conversation: the frame carries neither.
    None,
}

/// One row of the event list.
#[derive(Clone, Copy)]
pub struct EventInfo {
    /// `message.created`.
    pub name: &'static str,
    /// When it is sent, in one sentence or two.
    pub doc: &'static str,
    /// Which counter its frame carries.
    pub position: Position,
    /// The schema of the frame's `data`.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}

macro_rules! events {
    ($($name:literal, $position:ident, $data:ty, $doc:literal;)*) => {
        /// All events, in the order of the list.
        pub const ALL: &[EventInfo] = &[$(EventInfo {
            name: $name,
            doc: $doc,
            position: Position::$position,
            schema: |generator| generator.subschema_for::<$data>(),
        }),*];
    };
}

events! {
    "message.created", Seq, Message,
        "Somebody has written, the receiver itself included.";
    "message.updated", Rev, MessageUpdated,
        "Its author has changed a message.";
    "message.recalled", Rev, MessageGone,
        "A message was taken back: its content is gone for everybody.";
    "message.deleted", Rev, MessageGone,
        "A message was deleted for everybody.";
    "message.hidden", None, MessageHidden,
        "The receiver has deleted a message for themselves, on this device or another.";
    "reaction.added", Rev, ReactionChanged,
        "Somebody has reacted to a message.";
    "reaction.removed", Rev, ReactionChanged,
        "Somebody has taken a reaction back.";
    "conversation.created", RevOrSnapshot, Conversation,
        "The receiver is a member from now on. It precedes every other event of the conversation; \
         for those who join later it is the snapshot at their joining, without a `rev` of its own.";
    "conversation.updated", Rev, Conversation,
        "Name, picture or metadata are others now.";
    "member.added", Rev, MembersAddedEvent,
        "People have joined.";
    "member.removed", Rev, MemberRemovedEvent,
        "Somebody has left or was removed; to them it is the last event of the conversation.";
    "member.updated", Rev, MemberUpdatedEvent,
        "Somebody has another role.";
    "conversation.settings_updated", None, SettingsUpdated,
        "The receiver's own side of a conversation has changed, on this device or another.";
    "receipt.updated", None, ReceiptUpdated,
        "Somebody has received or read further: to the senders of those messages and to the \
         reader's own devices. Above 50 members it is a count, at most once a second.";
    "typing.started", None, TypingEvent,
        "Somebody else writes in a conversation of the receiver. It comes again every few seconds \
         while they do, and ends by itself after 6 s. Not in conversations above 100 members.";
    "typing.stopped", None, TypingEvent,
        "They stopped, or have not said for 6 s that they still do.";
    "presence.updated", None, Presence,
        "Somebody came or went whom this connection has subscribed to; at most one a second for \
         each of them. Who went is told 15 s later, unless they are back by then.";
    "user.settings_updated", None, Settings,
        "The receiver has other settings now.";
    "user.updated", None, User,
        "The receiver's own profile has changed.";
    "session.revoked", None, SessionRevoked,
        "One of the receiver's sessions has ended.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_domain_and_what_happened() {
        let mut seen = std::collections::HashSet::new();
        for event in ALL {
            assert!(seen.insert(event.name) && event.name.contains('.'), "{}", event.name);
        }
    }
}
