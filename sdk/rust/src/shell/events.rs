//! Events as a stream.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use futures_util::Stream;
use tokio::sync::mpsc;

use crate::core::Event;

type Queue = mpsc::Receiver<Event>;

/// Where the queue is while nobody takes events.
#[derive(Debug, Clone)]
pub(super) struct Seat(Arc<Mutex<Option<Queue>>>);

impl Seat {
    pub(super) fn new(queue: Queue) -> Self {
        Self(Arc::new(Mutex::new(Some(queue))))
    }

    fn swap(&self, queue: Option<Queue>) -> Option<Queue> {
        let mut seat = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *seat, queue)
    }

    pub(super) fn take(&self) -> Events {
        Events { queue: self.swap(None), seat: self.clone() }
    }
}

/// What happens, in order. Dropping it and asking the client for another goes on where it stood.
///
/// Events are kept while nobody takes them: a thousand, then messages and changes stay with the
/// server until there is room again, and receipts and other events without a place in a log are
/// dropped.
#[derive(Debug)]
pub struct Events {
    queue: Option<Queue>,
    seat: Seat,
}

impl Events {
    /// The next event; nothing when the client is closed, or when the client's other stream is in
    /// use.
    pub async fn next(&mut self) -> Option<Event> {
        self.queue.as_mut()?.recv().await
    }
}

impl Stream for Events {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Event>> {
        match &mut self.queue {
            Some(queue) => queue.poll_recv(context),
            None => Poll::Ready(None),
        }
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        if let Some(queue) = self.queue.take() {
            self.seat.swap(Some(queue));
        }
    }
}
