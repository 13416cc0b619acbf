//! What was committed, told to the parts of this node in commit order.

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use hoopoe_kernel::{AppNo, Uid};
use hoopoe_wire::{ConversationId, Time, UserId};
use parking_lot::Mutex;
use tokio::sync::mpsc;

use crate::{ClientId, epoch::Epoch};

/// Committed transactions that a listener may be behind. The writer waits for a listener that is
/// further behind: an event that nobody can take any more must not pile up in memory.
const QUEUE_BATCHES: usize = 256;

/// One committed transaction.
#[derive(Debug)]
pub struct Batch {
    /// The epoch that it belongs to. With another one than before, what was delivered before means
    /// nothing any more.
    pub epoch: i64,
    /// In the order in which they happened.
    pub items: Vec<Logged>,
}

/// A message or a change, committed and on stable storage.
#[derive(Debug, Clone)]
pub enum Logged {
    /// It has a `seq`.
    Message(LoggedMessage),
    /// It has a `rev`.
    Change(LoggedChange),
}

impl Logged {
    /// Where it happened.
    pub fn conversation(&self) -> ConversationId {
        match self {
            Self::Message(message) => message.conversation,
            Self::Change(change) => change.conversation,
        }
    }

    /// The rev of the last change of members before or at it.
    pub fn members_rev(&self) -> i64 {
        match self {
            Self::Message(message) => message.members_rev,
            Self::Change(change) => change.members_rev,
        }
    }
}

/// A message as it was appended.
#[derive(Debug, Clone)]
pub struct LoggedMessage {
    /// Tenant.
    pub app: AppNo,
    /// Where.
    pub conversation: ConversationId,
    /// Its number in the timeline.
    pub seq: i64,
    /// See [`Logged::members_rev`].
    pub members_rev: i64,
    /// Who, inside.
    pub sender: Uid,
    /// Who, outside.
    pub sender_id: UserId,
    /// How the sender recognises it.
    pub client_id: ClientId,
    /// `text`, `system`, …
    pub kind: Cow<'static, str>,
    /// It was read back from the log as a tombstone.
    pub is_redacted: bool,
    /// Its content, a JSON object.
    pub body: Bytes,
    /// When it was appended.
    pub at: Time,
}

/// A change as it was made.
#[derive(Debug, Clone)]
pub struct LoggedChange {
    /// Tenant.
    pub app: AppNo,
    /// Where.
    pub conversation: ConversationId,
    /// Its number among the changes.
    pub rev: i64,
    /// The head when it happened.
    pub at_seq: i64,
    /// See [`Logged::members_rev`].
    pub members_rev: i64,
    /// The same just before it: who has the audience of that time can follow without asking.
    pub members_rev_before: i64,
    /// The event's name.
    pub kind: Cow<'static, str>,
    /// The message that it changes.
    pub target_seq: Option<i64>,
    /// Who did it.
    pub actor: Uid,
    /// The event's `data`, JSON.
    pub data: Bytes,
    /// Whether the audience is another one from here on.
    pub audience: AudienceChange,
    /// When.
    pub at: Time,
}

/// What a change does to the circle of those who hear of a conversation.
#[derive(Debug, Clone)]
pub enum AudienceChange {
    /// Nothing.
    Same,
    /// It is another one; the hub loads it anew.
    Members {
        /// They are told of the conversation first.
        joined: Vec<Uid>,
        /// They hear this change and then nothing more.
        left: Vec<Uid>,
        /// The conversation as `conversation.created` tells it; the same for everyone.
        snapshot: Bytes,
    },
}

/// Hands batches to listeners.
#[derive(Default)]
pub(crate) struct Feed {
    pub(crate) epoch: Epoch,
    listeners: Mutex<Vec<mpsc::Sender<Arc<Batch>>>>,
}

impl Feed {
    pub(crate) fn new(epoch: Epoch) -> Self {
        Self { epoch, listeners: Mutex::default() }
    }

    pub(crate) fn listen(&self) -> mpsc::Receiver<Arc<Batch>> {
        let (sender, receiver) = mpsc::channel(QUEUE_BATCHES);
        self.listeners.lock().push(sender);
        receiver
    }

    /// Called by the thread that committed, with the epoch that the transaction has begun or found.
    /// Waits for a listener that is far behind.
    pub(crate) fn publish(&self, items: Vec<Logged>, new_epoch: Option<i64>) {
        if let Some(epoch) = new_epoch {
            self.epoch.adopt(epoch);
        }
        if items.is_empty() && new_epoch.is_none() {
            return;
        }
        self.epoch.note(&items);
        let batch = Arc::new(Batch { epoch: self.epoch.now(), items });
        self.listeners.lock().retain(|listener| listener.blocking_send(batch.clone()).is_ok());
    }
}
