//! The typed port for sends: values in, one answer each after they are on stable storage.

use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use hoopoe_db::{DbError, ReadTx};
use hoopoe_kernel::{AppNo, Fail, Uid};
use hoopoe_wire::{ConversationId, Time, UserId};
use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::ClientId;

/// Messages that may wait for the writer. A queue this long is more than a second of work; who
/// comes then is told to try again.
pub(crate) const QUEUE_MESSAGES_MAX: usize = 64 * 1024;

/// Who is asked, inside the transaction, whether the sender may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writing {
    /// An open span whose gate is open.
    AsMember,
    /// The server itself: nobody is asked.
    AsServer,
}

/// A message to append.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// Tenant.
    pub app: AppNo,
    /// Where.
    pub conversation: ConversationId,
    /// Who, inside.
    pub sender: Uid,
    /// Who, outside.
    pub sender_id: UserId,
    /// How the sender recognises it.
    pub client_id: ClientId,
    /// Of the request as it was submitted: what a repeat is compared with.
    pub hash: [u8; 16],
    /// `text`, `system`, …
    pub kind: &'static str,
    /// Its content, a JSON object.
    pub body: Bytes,
    /// A message that it quotes, which the sender must be able to read.
    pub quotes: Option<i64>,
    /// Who is asked.
    pub writing: Writing,
}

/// A message that is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Its number.
    pub seq: i64,
    /// When it was appended.
    pub at: Time,
    /// The newest change of members before it.
    pub members_rev: i64,
    /// It was there already: this is where.
    pub is_repeat: bool,
}

/// What a message depends on beside the rules of the log: asked inside the transaction, where
/// nothing can change any more.
pub trait Demand: Send + Sync {
    /// `Ok(Err(…))` refuses the message. It only reads, and runs again when the transaction does.
    fn check(&self, tx: &mut dyn ReadTx) -> Result<Result<(), Fail>, DbError>;
}

pub(crate) struct Item {
    pub(crate) message: NewMessage,
    pub(crate) demand: Option<Box<dyn Demand>>,
    pub(crate) reply: oneshot::Sender<Result<Appended, Fail>>,
}

/// What waits for the lane.
#[derive(Default)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    items: VecDeque<Item>,
    /// The lane has ended: nobody would take what is put in.
    is_closed: bool,
}

impl Queue {
    /// Puts a message in; `Err` gives it back when the queue is full or closed.
    #[expect(clippy::result_large_err, reason = "what is refused is given back, to be answered")]
    pub(crate) fn push(&self, item: Item) -> Result<(), Item> {
        let mut waiting = self.waiting.lock();
        if waiting.is_closed || waiting.items.len() >= QUEUE_MESSAGES_MAX {
            return Err(item);
        }
        waiting.items.push_back(item);
        Ok(())
    }

    /// Moves up to `limit` messages out, first come first served.
    pub(crate) fn take(&self, limit: usize, into: &mut Vec<Item>) {
        let items = &mut self.waiting.lock().items;
        let count = items.len().min(limit);
        into.extend(items.drain(..count));
    }

    /// Puts messages back in front, in their order.
    pub(crate) fn put_back(&self, returned: Vec<Item>) {
        let items = &mut self.waiting.lock().items;
        for item in returned.into_iter().rev() {
            items.push_front(item);
        }
    }

    /// Takes nothing in any more and refuses what waits.
    pub(crate) fn close(&self) {
        let mut waiting = self.waiting.lock();
        waiting.is_closed = true;
        let refused = std::mem::take(&mut waiting.items);
        drop(waiting);
        for item in refused {
            drop(item.reply.send(Err(Fail::unavailable())));
        }
    }
}

/// A message on its way. The message is queued already; dropping this does not call it back.
pub struct Appending {
    receiver: oneshot::Receiver<Result<Appended, Fail>>,
}

impl Appending {
    pub(crate) fn start(
        queue: &Arc<Queue>,
        message: NewMessage,
        demand: Option<Box<dyn Demand>>,
        wake: impl FnOnce(),
    ) -> Self {
        let (reply, receiver) = oneshot::channel();
        match queue.push(Item { message, demand, reply }) {
            Ok(()) => wake(),
            Err(item) => drop(item.reply.send(Err(Fail::unavailable()))),
        }
        Self { receiver }
    }
}

impl Future for Appending {
    type Output = Result<Appended, Fail>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let received = Pin::new(&mut self.receiver).poll(context);
        received.map(|answer| answer.unwrap_or_else(|_| Err(Fail::unavailable())))
    }
}
