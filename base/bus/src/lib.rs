//! Hints and ephemeral events between the parts of a node, and later between nodes. Never the
//! truth: what is lost here is found again in the log.

use std::sync::Arc;

use bytes::Bytes;
use hoopoe_kernel::{AppNo, Uid};
use hoopoe_wire::{ConversationId, SessionId, Time};
use tokio::sync::mpsc;

/// Notices that may be lost, and by how many a subscriber may be behind before it loses some.
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

impl Notice {
    /// Whether a subscriber that is behind must hear it all the same. A hint or an event that was
    /// missed is found again or asked for; a socket whose revocation was missed goes on for ever, and
    /// so does the sight of somebody who has hidden.
    pub fn must_arrive(&self) -> bool {
        matches!(self, Self::Revoked { .. } | Self::Visibility { .. })
    }
}

/// Carries notices. At most once, in order per publisher and lane where nothing is lost.
pub trait Bus: Send + Sync + 'static {
    /// Tells everybody. Never blocks: a subscriber whose queue is full loses the notice, unless it
    /// [must arrive](Notice::must_arrive).
    fn publish(&self, notice: Notice);
    /// Listens from now on.
    fn subscribe(&self) -> Subscription;
}

/// What a subscriber has not heard yet. What must arrive overtakes the rest.
pub struct Subscription {
    /// Without a bound, because each of these follows a transaction that was committed: they come
    /// as fast as the disk lets them and no faster.
    urgent: mpsc::UnboundedReceiver<Notice>,
    others: mpsc::Receiver<Notice>,
}

impl Subscription {
    /// The next notice; `None` when the bus is gone and everything has been heard. Nothing is lost
    /// when the future is dropped.
    pub async fn recv(&mut self) -> Option<Notice> {
        tokio::select! {
            biased;
            Some(notice) = self.urgent.recv() => Some(notice),
            Some(notice) = self.others.recv() => Some(notice),
            else => None,
        }
    }

    /// The next notice that is there already.
    ///
    /// # Errors
    /// `Empty` when there is none, `Disconnected` when there will be none.
    pub fn try_recv(&mut self) -> Result<Notice, mpsc::error::TryRecvError> {
        self.urgent.try_recv().or_else(|_| self.others.try_recv())
    }

    /// How many notices wait.
    pub fn len(&self) -> usize {
        self.urgent.len() + self.others.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The bus's ends of a [`Subscription`].
struct Subscriber {
    urgent: mpsc::UnboundedSender<Notice>,
    others: mpsc::Sender<Notice>,
}

impl Subscriber {
    /// False: nobody listens there any more.
    fn tell(&self, notice: Notice) -> bool {
        if notice.must_arrive() {
            return self.urgent.send(notice).is_ok();
        }
        match self.others.try_send(notice) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Full(_)) => {
                metrics::counter!("hoopoe_bus_lost_total").increment(1);
                tracing::debug!("a bus subscriber is behind and lost a notice");
                true
            }
            Err(mpsc::error::TrySendError::Closed(_)) => false,
        }
    }
}

/// The bus of a single node: memory.
#[derive(Default)]
pub struct LocalBus {
    subscribers: std::sync::Mutex<Vec<Subscriber>>,
}

impl LocalBus {
    /// A bus without subscribers.
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    fn subscribers(&self) -> std::sync::MutexGuard<'_, Vec<Subscriber>> {
        self.subscribers.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Bus for LocalBus {
    fn publish(&self, notice: Notice) {
        self.subscribers().retain(|subscriber| subscriber.tell(notice.clone()));
    }

    fn subscribe(&self) -> Subscription {
        let (urgent, urgent_receiver) = mpsc::unbounded_channel();
        let (others, others_receiver) = mpsc::channel(QUEUE_NOTICES);
        self.subscribers().push(Subscriber { urgent, others });
        Subscription { urgent: urgent_receiver, others: others_receiver }
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

    #[tokio::test]
    async fn a_revocation_is_not_lost_behind_a_full_queue() {
        let bus = LocalBus::new();
        let mut behind = bus.subscribe();
        let flood = 2 * QUEUE_NOTICES;
        for n in 0..flood {
            bus.publish(Notice::Hint { lane: 1, n: n as i64 });
        }
        for uid in [7, 8] {
            bus.publish(Notice::Revoked { uid: Uid(uid), session: None });
        }
        assert_eq!(behind.len(), QUEUE_NOTICES + 2);
        for wanted in [7, 8] {
            let heard = behind.recv().await;
            assert!(matches!(heard, Some(Notice::Revoked { uid: Uid(uid), .. }) if uid == wanted));
        }
        for wanted in 0..QUEUE_NOTICES {
            let heard = behind.try_recv();
            assert!(matches!(heard, Ok(Notice::Hint { n, .. }) if n == wanted as i64));
        }
        assert!(behind.try_recv().is_err() && behind.is_empty());
        drop(bus);
        assert!(behind.recv().await.is_none(), "the bus is gone");
    }
}
