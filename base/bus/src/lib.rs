//! Hints and ephemeral events between the parts of a node, and later between nodes. Never the
//! truth: what is lost here is found again in the log.

use std::sync::Arc;

use bytes::Bytes;
use hoopoe_kernel::{AppNo, Uid};
use hoopoe_wire::{ConversationId, SessionId, Time};
use tokio::sync::mpsc;

/// Notices that a subscriber may be behind before it loses some.
const QUEUE_NOTICES: usize = 4_096;

/// Something that happened, told to whoever listens.
#[derive(Debug, Clone)]
pub enum Notice {
    /// Transaction `n` of an append lane has committed: there is something to read in the log.
    Hint {
        /// The lane.
        lane: i64,
        /// Its counter, gapless, so that a lost hint shows.
        n: i64,
    },
    /// An event for all connections of these users, as the JSON text of its frame.
    Users {
        /// Who.
        uids: Vec<Uid>,
        /// `{"event":…,"data":…}`.
        frame: Bytes,
    },
    /// An event for some connections of this node: it need not leave the node.
    Connections {
        /// Whose connection, and its number.
        to: Vec<(Uid, u64)>,
        /// The same as in `Users`.
        frame: Bytes,
    },
    /// An ephemeral event for members of a conversation. Who is no member any more when it is
    /// delivered is not told.
    Members {
        /// Which.
        conversation: ConversationId,
        /// Whom, as of when it was published.
        uids: Vec<Uid>,
        /// The same as in `Users`.
        frame: Bytes,
    },
    /// A user has decided anew who sees them.
    Visibility {
        /// Who.
        uid: Uid,
    },
    /// A node tells the others who is connected to it.
    Whereabouts {
        /// The node, or rather this life of it: a number that no other has.
        life: i64,
        /// Counts what this life has told, without a gap, so that a lost one shows.
        n: u64,
        /// What it tells.
        told: Whereabouts,
    },
    /// A session has a new token: its sockets may stay open until this one expires.
    Renewed {
        /// Whose.
        uid: Uid,
        /// Which.
        session: SessionId,
        /// Until when.
        expires_at: Time,
    },
    /// A session ended: its sockets are closed with 4403. `None`: all sessions of the user.
    Revoked {
        /// Whose.
        uid: Uid,
        /// Which.
        session: Option<SessionId>,
    },
}

/// What a node tells of its connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whereabouts {
    /// Who has come and who has gone since it spoke last; nobody: it only says that it lives.
    Moved {
        /// Now connected.
        came: Vec<(AppNo, Uid)>,
        /// Connected no more.
        gone: Vec<Uid>,
    },
    /// Everybody who is connected: the answer to `Asked`.
    All(Vec<(AppNo, Uid)>),
    /// It has missed something, or has just begun: every node answers with all of its own.
    Asked,
}

/// Carries notices. At most once, in order per publisher where nothing is lost.
pub trait Bus: Send + Sync + 'static {
    /// Tells everybody. Never blocks: a subscriber whose queue is full loses the notice.
    fn publish(&self, notice: Notice);
    /// Listens from now on.
    fn subscribe(&self) -> mpsc::Receiver<Notice>;
}

/// The bus of a single node: memory.
#[derive(Default)]
pub struct LocalBus {
    subscribers: std::sync::Mutex<Vec<mpsc::Sender<Notice>>>,
}

impl LocalBus {
    /// A bus without subscribers.
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    fn subscribers(&self) -> std::sync::MutexGuard<'_, Vec<mpsc::Sender<Notice>>> {
        self.subscribers.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Bus for LocalBus {
    fn publish(&self, notice: Notice) {
        self.subscribers().retain(|subscriber| match subscriber.try_send(notice.clone()) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Full(_)) => {
                tracing::warn!("a bus subscriber is behind and lost a notice");
                true
            }
            Err(mpsc::error::TrySendError::Closed(_)) => false,
        });
    }

    fn subscribe(&self) -> mpsc::Receiver<Notice> {
        let (sender, receiver) = mpsc::channel(QUEUE_NOTICES);
        self.subscribers().push(sender);
        receiver
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn everybody_who_listens_is_told() {
        let bus = LocalBus::new();
        let (mut one, mut two) = (bus.subscribe(), bus.subscribe());
        bus.publish(Notice::Hint { lane: 1, n: 2 });
        for receiver in [&mut one, &mut two] {
            assert!(matches!(receiver.recv().await, Some(Notice::Hint { lane: 1, n: 2 })));
        }
        drop(one);
        bus.publish(Notice::Hint { lane: 1, n: 3 });
        assert!(matches!(two.recv().await, Some(Notice::Hint { n: 3, .. })));
        assert_eq!(bus.subscribers().len(), 1);
    }
}
