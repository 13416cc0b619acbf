//! A conversation as the app holds it.

use hoopoe_wire::{
    ConversationId, Metadata, UserId,
    conversations::{self, ConversationRef},
    messages::{ListMessages, MarkMessages, MarksNow, SendKind, SendRequest},
};
use serde::Deserialize;
use tokio::sync::oneshot;

use super::{actor::Command, client::Client, clock, error::Error};
use crate::core::{Item, Message, SendFailure, Stop};

/// What is to be sent. A text is one.
#[derive(Debug, Clone)]
pub struct Draft {
    kind: SendKind,
    text: Option<String>,
    reply_to: Option<i64>,
    mentions: Vec<UserId>,
    metadata: Metadata,
}

impl Draft {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { kind: SendKind::Text, text: Some(text.into()), ..Self::custom(Metadata::new()) }
    }

    /// The app's own kind of message, which is what its metadata says.
    pub fn custom(metadata: Metadata) -> Self {
        let (reply_to, mentions) = (None, Vec::new());
        Self { kind: SendKind::Custom, text: None, reply_to, mentions, metadata }
    }

    /// It answers the message of this `seq`.
    #[must_use]
    pub fn reply_to(mut self, seq: i64) -> Self {
        self.reply_to = Some(seq);
        self
    }

    /// It speaks to this member.
    #[must_use]
    pub fn mention(mut self, user: UserId) -> Self {
        self.mentions.push(user);
        self
    }

    /// The app's own data beside it.
    #[must_use]
    pub fn metadata(mut self, metadata: Metadata) -> Self {
        self.metadata = metadata;
        self
    }

    fn into_request(self, conversation: ConversationId, client_id: String) -> SendRequest {
        let Self { kind, text, reply_to, mentions, metadata } = self;
        SendRequest { conversation, client_id, kind, text, reply_to, mentions, metadata }
    }
}

impl<T: Into<String>> From<T> for Draft {
    fn from(text: T) -> Self {
        Self::text(text)
    }
}

/// A message that the server has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// As [`Queued::client_id`].
    pub client_id: String,
    /// Its place in the timeline, where it has one.
    pub seq: Option<i64>,
}

/// What becomes of a send.
pub(super) type Outcome = Result<Sent, SendFailure>;

/// A send that the outbox keeps. Dropping this changes nothing: it is sent all the same.
#[derive(Debug)]
pub struct Queued {
    client: Client,
    client_id: String,
    outcome: oneshot::Receiver<Outcome>,
}

impl Queued {
    /// How the message is recognised when it comes as an event.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Waits until the server has it.
    ///
    /// # Errors
    /// When it was given up, or the client ended before.
    pub async fn sent(self) -> Result<Sent, Error> {
        match self.outcome.await {
            Ok(outcome) => Ok(outcome?),
            Err(_) => Err(self.client.explain(Error::Stopped(Stop::Closed))),
        }
    }
}

/// A page of history.
#[derive(Debug, Clone, Deserialize)]
pub struct History {
    /// Ascending.
    pub items: Vec<Message>,
    /// Older ones exist.
    pub has_before: bool,
}

/// A handle of a conversation. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Conversation {
    client: Client,
    id: ConversationId,
}

impl Conversation {
    pub(super) fn new(client: Client, id: ConversationId) -> Self {
        Self { client, id }
    }

    /// Which.
    pub fn id(&self) -> ConversationId {
        self.id
    }

    /// Puts a message into the outbox and returns once the store has it. It is sent when there is a
    /// line, behind what was sent here before, and again until the server has it or refuses it.
    ///
    /// # Errors
    /// When the outbox is full or cannot be written, or the client has stopped.
    pub async fn send(&self, draft: impl Into<Draft>) -> Result<Queued, Error> {
        let queued_at_ms = clock::wall_ms();
        let client_id = client_id(queued_at_ms)?;
        let request = draft.into().into_request(self.id, client_id.clone());
        let item = Item { request, queued_at_ms };
        let outcome = self.client.ask(|reply| Command::Send { item, reply }).await??;
        Ok(Queued { client: self.client.clone(), client_id, outcome })
    }

    /// Messages before a `seq`, or the newest: at most `limit`, 1 to 100.
    ///
    /// A page of the newest may hold messages that also wait in the stream of events; their `seq`
    /// tells.
    ///
    /// # Errors
    /// When the user is no member, or no answer comes.
    pub async fn history(&self, before: Option<i64>, limit: usize) -> Result<History, Error> {
        let (conversation, limit) = (self.id, Some(limit));
        let request = ListMessages { conversation, before, after: None, around: None, limit };
        self.client.call("messages.list", &request).await
    }

    /// The conversation as it is now.
    ///
    /// # Errors
    /// When the user is no member, or no answer comes.
    pub async fn get(&self) -> Result<conversations::Conversation, Error> {
        let request = ConversationRef { conversation: self.id };
        self.client.call("conversations.get", &request).await
    }

    /// Says that the user has read up to here.
    ///
    /// # Errors
    /// When the user is no member, or no answer comes.
    pub async fn mark_read(&self, seq: i64) -> Result<MarksNow, Error> {
        let request = MarkMessages { conversation: self.id, seq };
        self.client.call("messages.read", &request).await
    }
}

/// A UUID of version 7: the server keeps those cheapest.
fn client_id(now_ms: i64) -> Result<String, Error> {
    let mut random = [0; 10];
    getrandom::fill(&mut random).map_err(|error| Error::Setup(error.to_string()))?;
    let ms = u64::try_from(now_ms).unwrap_or(0);
    Ok(uuid::Builder::from_unix_timestamp_millis(ms, &random).into_uuid().to_string())
}
