//! What an app is told.

use std::ops::Deref;

use hoopoe_wire::{
    ConversationId, UserId,
    messages::{self, ReceiptUpdated, SendRequest},
};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::frame::Refusal;

/// Something that happened. More kinds will come.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// A message of the timeline, the own ones included: each once, in the order of `seq`.
    Message(Message),
    /// A change of a conversation: each once, in the order of `rev`, behind the messages that it
    /// came after.
    Change(Change),
    /// Somebody has received or read further.
    Receipt(ReceiptUpdated),
    /// An event that is not in the log of a conversation, or that this SDK has no type for.
    Other(Other),
    /// A send of this client goes on.
    Outbox(OutboxUpdate),
    /// More happened than is told one by one: the app asks for what it wants to show.
    Missed(Missed),
    /// What was shown of a conversation is void, because the server was restored from a backup:
    /// here is how it stands now.
    Refetched(Refetched),
    /// The user is no longer a member of this conversation.
    Removed(ConversationId),
    /// Everything that happened while the client was away has been told.
    CaughtUp,
}

/// A message, and the text in which the server sent it.
#[derive(Debug, Clone)]
pub struct Message {
    known: messages::Message,
    raw: Box<RawValue>,
}

impl Message {
    pub(super) fn parse(raw: &RawValue) -> Result<Self, serde_json::Error> {
        let known = serde_json::from_str(raw.get())?;
        Ok(Self { known, raw: raw.to_owned() })
    }

    /// The message as JSON, with what this SDK does not know yet.
    pub fn raw(&self) -> &str {
        self.raw.get()
    }

    /// Its text; empty where it has none.
    pub fn text(&self) -> &str {
        self.known.content.text.as_deref().unwrap_or_default()
    }

    /// Who wrote it; empty for what the server writes.
    pub fn sender_name(&self) -> &str {
        self.known.sender.as_ref().map_or("", UserId::as_str)
    }
}

impl Deref for Message {
    type Target = messages::Message;

    fn deref(&self) -> &messages::Message {
        &self.known
    }
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let known = serde_json::from_str(raw.get()).map_err(serde::de::Error::custom)?;
        Ok(Self { known, raw })
    }
}

/// A change of a conversation: a name, a member, a role, and what later servers add.
#[derive(Debug, Clone)]
pub struct Change {
    /// `member.added`, …
    pub event: String,
    /// Where.
    pub conversation: ConversationId,
    /// Its number among the changes; 0 for the `conversation.created` of those who join later,
    /// which is a snapshot.
    pub rev: i64,
    /// The newest message when it happened.
    pub at_seq: i64,
    /// The event's data.
    pub data: Value,
}

/// An event without a place in a log, as it came.
#[derive(Debug, Clone)]
pub struct Other {
    /// `session.revoked`, …
    pub event: String,
    /// Where, if it is of a conversation.
    pub conversation: Option<ConversationId>,
    /// The event's data.
    pub data: Value,
}

/// How a send of this client stands.
#[derive(Debug, Clone)]
pub struct OutboxUpdate {
    /// What was asked for: what an app shows of it until the message itself comes.
    pub request: SendRequest,
    /// How far it is.
    pub delivery: Delivery,
}

/// How far a send is.
#[derive(Debug, Clone)]
pub enum Delivery {
    /// It is kept, and sent as soon as there is a line.
    Pending,
    /// The server has it.
    Sent {
        /// Its place in the timeline, where it has one.
        seq: Option<i64>,
    },
    /// It was given up and is not in the outbox any more.
    Failed(SendFailure),
}

/// Why a send was given up.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum SendFailure {
    /// The server does not want it.
    Refused(Refusal),
    /// It could not be sent for 30 days: the server may have forgotten its client id, and could
    /// store it twice.
    Expired,
}

/// Numbers that were passed over. Pages of history have the messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missed {
    /// Where.
    pub conversation: ConversationId,
    /// Messages behind the first and before the second number, both exclusive.
    pub seqs: Option<(i64, i64)>,
    /// Changes behind the first and before the second number, both exclusive: what is known of the
    /// conversation, its members and its older messages is old.
    pub revs: Option<(i64, i64)>,
}

/// A conversation after the server lost some of its past.
#[derive(Debug, Clone)]
pub struct Refetched {
    /// Which.
    pub conversation: ConversationId,
    /// Its newest messages, ascending.
    pub messages: Vec<Message>,
    /// Older ones exist.
    pub has_before: bool,
}
