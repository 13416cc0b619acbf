//! What waits to be written to one socket: bounded, shared bytes, woken once.

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
};

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use hoopoe_kernel::Uid;
use hoopoe_wire::{SessionId, Time, limits, session::CloseCode};
use parking_lot::Mutex;

use crate::codec::Codec;

/// The number of the next connection of this process.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// Room for this many chunks is kept by an empty queue.
const IDLE_CHUNKS_MAX: usize = 64;

/// The queue between the hub and a connection.
pub(crate) struct Outbox {
    pub(crate) uid: Uid,
    pub(crate) session: SessionId,
    /// No other connection of this node has it.
    pub(crate) number: u64,
    pub(crate) codec: Codec,
    /// Until when the session's newest token is good, when it has had more than the first.
    renewed_until_us: AtomicI64,
    queue: Mutex<Queue>,
    waker: AtomicWaker,
}

#[derive(Default)]
struct Queue {
    chunks: VecDeque<Bytes>,
    bytes: usize,
    close: Option<CloseCode>,
}

impl Outbox {
    pub(crate) fn new(uid: Uid, session: SessionId, codec: Codec) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let (queue, waker) = (Mutex::default(), AtomicWaker::new());
        let renewed_until_us = AtomicI64::new(0);
        Self { uid, session, number, codec, renewed_until_us, queue, waker }
    }

    /// The session has a new token.
    pub(crate) fn renew(&self, until: Time) {
        self.renewed_until_us.fetch_max(until.0, Ordering::Relaxed);
    }

    /// Until when the newest token that was heard of is good.
    pub(crate) fn renewed_until(&self) -> Time {
        Time(self.renewed_until_us.load(Ordering::Relaxed))
    }

    /// Adds whole frames, ready to be written. A connection that is too far behind is closed: it
    /// resumes by its cursors, and nothing is lost.
    pub(crate) fn push(&self, frames: Bytes) {
        let mut queue = self.queue.lock();
        if queue.close.is_some() {
            return;
        }
        if queue.bytes + frames.len() > limits::CONNECTION_QUEUE_BYTES_MAX && queue.bytes > 0 {
            queue.chunks = VecDeque::new();
            queue.bytes = 0;
            queue.close = Some(CloseCode::Resync);
            metrics::counter!("hoopoe_resyncs_total").increment(1);
        } else {
            queue.bytes += frames.len();
            queue.chunks.push_back(frames);
        }
        drop(queue);
        self.waker.wake();
    }

    /// Closes the connection after what is queued already.
    pub(crate) fn close(&self, code: CloseCode) {
        let mut queue = self.queue.lock();
        queue.close = queue.close.or(Some(code));
        drop(queue);
        self.waker.wake();
    }

    /// Nobody takes anything out any more: what waits is freed, and nothing comes in.
    pub(crate) fn abandon(&self) {
        let mut queue = self.queue.lock();
        queue.close = queue.close.or(Some(CloseCode::Resync));
        queue.chunks = VecDeque::new();
        queue.bytes = 0;
    }

    /// Bytes that wait.
    pub(crate) fn queued_bytes(&self) -> usize {
        self.queue.lock().bytes
    }

    /// Registers who is woken by the next push.
    pub(crate) fn register(&self, waker: &std::task::Waker) {
        self.waker.register(waker);
    }

    /// Moves queued frames to the end of `into` until that holds `limit` bytes. When the connection
    /// is to be closed, moves all that is left in front of the close frame and returns its code.
    pub(crate) fn drain(&self, into: &mut Vec<u8>, limit: usize) -> Option<CloseCode> {
        let mut queue = self.queue.lock();
        while queue.close.is_some() || into.len() < limit {
            let Some(chunk) = queue.chunks.pop_front() else { break };
            queue.bytes -= chunk.len();
            into.extend_from_slice(&chunk);
        }
        if queue.chunks.is_empty() && queue.chunks.capacity() > IDLE_CHUNKS_MAX {
            queue.chunks = VecDeque::new();
        }
        queue.close
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_reader_is_closed_and_its_queue_freed() {
        let outbox = Outbox::new(Uid(1), SessionId::NONE, Codec::Json);
        let chunk = Bytes::from(vec![0; limits::CONNECTION_QUEUE_BYTES_MAX / 2]);
        for _ in 0..3 {
            outbox.push(chunk.clone());
        }
        let mut out = Vec::new();
        assert_eq!(outbox.drain(&mut out, usize::MAX), Some(CloseCode::Resync));
        assert!(out.is_empty());
    }

    #[test]
    fn a_close_comes_after_what_was_queued() {
        let outbox = Outbox::new(Uid(1), SessionId::NONE, Codec::Json);
        outbox.push(Bytes::from_static(b"one"));
        outbox.close(CloseCode::Drain);
        outbox.push(Bytes::from_static(b"late"));
        let mut out = Vec::new();
        assert_eq!(outbox.drain(&mut out, 1), Some(CloseCode::Drain));
        assert_eq!(out, b"one");
    }
}
