//! Who is connected here, and the task that tells them what was committed.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use hoopoe_accounts::Accounts;
use hoopoe_bus::{Bus, Notice, Subscription};
use hoopoe_conversations::Conversations;
use hoopoe_kernel::{AppNo, Uid};
use hoopoe_log::{Batch, Log};
use hoopoe_presence::Presence;
use hoopoe_wire::{ConversationId, SessionId, session::CloseCode};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use tokio::sync::{mpsc, oneshot};

use crate::{fanout::Fanout, frames::Frames, outbox::Outbox};

/// How long something that came early waits for what is missing before the log is read.
const EARLY_WAIT: Duration = Duration::from_millis(20);

/// The connections of this node.
#[derive(Clone)]
pub struct Hub {
    online: Arc<Mutex<Online>>,
    control: mpsc::UnboundedSender<Control>,
    presence: Presence,
}

/// Outboxes by user.
#[derive(Default)]
pub(crate) struct Online {
    by_user: FxHashMap<Uid, SmallVec<[Arc<Outbox>; 1]>>,
    /// Grows with every coming and going: whoever resolved an audience before must do it again.
    generation: u64,
    count: usize,
}

impl Online {
    pub(crate) fn of(&self, uid: Uid) -> &[Arc<Outbox>] {
        self.by_user.get(&uid).map_or(&[], |outboxes| outboxes)
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether it is the user's first.
    pub(crate) fn add(&mut self, outbox: &Arc<Outbox>) -> bool {
        let outboxes = self.by_user.entry(outbox.uid).or_default();
        outboxes.push(outbox.clone());
        self.generation += 1;
        self.count += 1;
        outboxes.len() == 1
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Outbox>> {
        self.by_user.values().flatten()
    }
}

pub(crate) enum Control {
    /// Answer when everything committed so far is queued at the sockets.
    Fence(oneshot::Sender<()>),
    /// Something came early in this conversation and has waited long enough.
    Fill(ConversationId),
}

/// What the hub reads from.
pub struct Sources {
    /// Committed messages and changes, and where missed ones are read.
    pub log: Log,
    /// Audiences.
    pub conversations: Conversations,
    /// Names.
    pub accounts: Accounts,
    /// Ephemeral events and revocations.
    pub bus: Arc<dyn Bus>,
    /// Is told who is connected.
    pub presence: Presence,
}

impl Hub {
    /// Starts the fan-out task; it ends when the last handle is gone.
    pub fn start(sources: Sources) -> Self {
        let online = Arc::new(Mutex::new(Online::default()));
        let (control, receiver) = mpsc::unbounded_channel();
        let feed = sources.log.feed();
        let notices = sources.bus.subscribe();
        let presence = sources.presence.clone();
        let fanout = Fanout::new(sources, online.clone(), control.downgrade());
        let task = Task {
            fanout,
            feed,
            notices,
            control: receiver,
            online: online.clone(),
            presence: presence.clone(),
        };
        tokio::spawn(task.run());
        Self { online, control, presence }
    }

    /// From now on this connection hears everything.
    pub(crate) fn join(&self, app: AppNo, outbox: Outbox) -> Seat {
        let outbox = Arc::new(outbox);
        let mut online = self.online.lock();
        if online.add(&outbox) {
            // Under the lock, so that coming and going are told in their order.
            self.presence.connected(app, outbox.uid);
        }
        metrics::gauge!("hoopoe_connections").set(online.count as f64);
        drop(online);
        Seat { hub: self.clone(), outbox }
    }

    fn leave(&self, outbox: &Arc<Outbox>) {
        let mut online = self.online.lock();
        let Some(outboxes) = online.by_user.get_mut(&outbox.uid) else { return };
        let before = outboxes.len();
        outboxes.retain(|one| !Arc::ptr_eq(one, outbox));
        let removed = before - outboxes.len();
        if removed == 0 {
            return;
        }
        if outboxes.is_empty() {
            online.by_user.remove(&outbox.uid);
            self.presence.disconnected(outbox.uid);
        }
        online.generation += 1;
        online.count -= removed;
        metrics::gauge!("hoopoe_connections").set(online.count as f64);
        drop(online);
        self.presence.closed(outbox.uid, outbox.number);
        // Rooms that nobody writes in keep the outbox itself for long.
        outbox.abandon();
    }

    /// Returns when everything that was committed before the call is queued at the sockets.
    pub(crate) async fn fence(&self) {
        let (sender, receiver) = oneshot::channel();
        if self.control.send(Control::Fence(sender)).is_ok() {
            // The task has ended: there is nothing left that could be told.
            drop(receiver.await);
        }
    }

    /// Closes every connection, as the server goes down.
    pub fn drain(&self) {
        for outbox in self.online.lock().all() {
            outbox.close(CloseCode::Drain);
        }
    }

    /// Bytes that wait for all connections, and for the one that is furthest behind.
    pub fn queued_bytes(&self) -> (usize, usize) {
        let online = self.online.lock();
        let queues = online.all().map(|outbox| outbox.queued_bytes());
        queues.fold((0, 0), |(sum, most), bytes| (sum + bytes, most.max(bytes)))
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        self.online.lock().count
    }
}

/// A connection's place in the hub. However the connection ends, a panic too, it is given up.
pub(crate) struct Seat {
    hub: Hub,
    outbox: Arc<Outbox>,
}

impl Seat {
    /// What waits for the connection.
    pub(crate) fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// From now on it hears nothing more.
    pub(crate) fn leave(&self) {
        self.hub.leave(&self.outbox);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.leave();
    }
}

struct Task {
    fanout: Fanout,
    feed: mpsc::Receiver<Arc<Batch>>,
    notices: Subscription,
    control: mpsc::UnboundedReceiver<Control>,
    online: Arc<Mutex<Online>>,
    presence: Presence,
}

impl Task {
    async fn run(mut self) {
        loop {
            // In no fixed order: a feed that never rests must not hold back a revocation.
            tokio::select! {
                batch = self.feed.recv() => match batch {
                    Some(batch) => self.fanout.deliver(&batch).await,
                    None => break,
                },
                notice = self.notices.recv() => match notice {
                    Some(notice) => self.notify(notice),
                    None => break,
                },
                control = self.control.recv() => match control {
                    Some(control) => self.obey(control).await,
                    None => break,
                },
            }
        }
    }

    async fn obey(&mut self, control: Control) {
        match control {
            Control::Fill(conversation) => self.fanout.fill(conversation).await,
            Control::Fence(passed) => {
                // What stands in the queues now; what comes later may come after the fence.
                for _ in 0..self.feed.len() {
                    let Ok(batch) = self.feed.try_recv() else { break };
                    self.fanout.deliver(&batch).await;
                }
                for _ in 0..self.notices.len() {
                    let Ok(notice) = self.notices.try_recv() else { break };
                    self.notify(notice);
                }
                self.fanout.fill_all().await;
                // Who asked may have gone.
                passed.send(()).unwrap_or_default();
            }
        }
    }

    fn notify(&self, notice: Notice) {
        match notice {
            Notice::Hint { .. } => {}
            Notice::Users { uids, frame } => {
                self.tell(&uids, &frame);
            }
            Notice::Members { conversation, mut uids, frame } => {
                self.fanout.keep_members(conversation, &mut uids);
                self.tell(&uids, &frame);
            }
            Notice::Connections { to, frame } => {
                let frames = Frames::of_json(&frame);
                let online = self.online.lock();
                for (uid, number) in to {
                    let outbox = online.of(uid).iter().find(|outbox| outbox.number == number);
                    if let Some(outbox) = outbox {
                        frames.send_to(outbox);
                    }
                }
            }
            Notice::Visibility { .. } | Notice::Whereabouts { .. } => self.presence.hear(&notice),
            Notice::Renewed { uid, session, expires_at } => {
                let online = self.online.lock();
                for outbox in online.of(uid).iter().filter(|one| one.session == session) {
                    outbox.renew(expires_at);
                }
            }
            Notice::Revoked { uid, session } => self.revoke(uid, session),
        }
    }

    fn tell(&self, uids: &[Uid], frame: &Bytes) {
        let frames = Frames::of_json(frame);
        let online = self.online.lock();
        for outbox in uids.iter().flat_map(|uid| online.of(*uid)) {
            frames.send_to(outbox);
        }
    }

    fn revoke(&self, uid: Uid, session: Option<SessionId>) {
        let online = self.online.lock();
        let named = |outbox: &&Arc<Outbox>| session.is_none_or(|one| one == outbox.session);
        for outbox in online.of(uid).iter().filter(named) {
            outbox.close(CloseCode::Revoked);
        }
    }
}

/// Has [`Control::Fill`] come after a while.
pub(crate) fn fill_later(
    control: &mpsc::WeakUnboundedSender<Control>,
    conversation: ConversationId,
) {
    let control = control.clone();
    tokio::spawn(async move {
        tokio::time::sleep(EARLY_WAIT).await;
        if let Some(control) = control.upgrade() {
            // The task has ended: nobody waits for the missing part any more.
            drop(control.send(Control::Fill(conversation)));
        }
    });
}
