//! One connection: frames in, replies and events out, heartbeats, and the end.

use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_util::{Sink, Stream, StreamExt, stream::FuturesUnordered};
use hoopoe_kernel::{BoxFuture, Ctx};
use hoopoe_wire::{Time, limits, session::CloseCode};
use tokio::{
    io::AsyncWrite,
    time::{Instant, Sleep},
};
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};

use crate::{
    accept::{Inner, stop_code},
    codec::Codec,
    dispatch::{self, Asked, Done, Running},
    ending::End,
    hub::Seat,
    line::Line,
    start::{self, Refused, Session},
    text_frame,
    timing::MISSED_MAX,
};

/// Bytes that are put together for one write.
const WRITE_BYTES: usize = 64 * 1024;
/// Frames read before replies and events get their turn.
const FRAMES_PER_TURN: usize = 64;

type Socket = WebSocketStream<Line>;

thread_local! {
    /// Shared by the connections of a thread, so that an idle one holds no buffer.
    static SCRATCH: RefCell<(Vec<u8>, Vec<u8>)> = const { RefCell::new((Vec::new(), Vec::new())) };
}

/// Serves a socket to its end. What happens at its beginning and at its end only lies in boxes of its
/// own: an idle connection pays for what it waits in, and for nothing larger.
pub(crate) async fn run(inner: Arc<Inner>, mut socket: Socket, address: IpAddr, codec: Codec) {
    let close_max = inner.parts.timing.close_max;
    match Box::pin(start::start(&inner, &mut socket, address, codec)).await {
        Ok(session) => {
            let mut connection = Connection::new(inner.clone(), socket, session);
            if let Some(code) = stop_code(&inner) {
                connection.seat.outbox().close(code);
            }
            let end = poll_fn(|context| connection.poll(context)).await;
            connection.seat.leave();
            let Connection { socket, unwritten, .. } = &mut connection;
            Box::pin(end.carry_out(socket, unwritten, close_max)).await;
        }
        Err(Refused { frame, end }) => {
            Box::pin(end.carry_out(&mut socket, &frame, close_max)).await;
        }
    }
}

struct Connection {
    inner: Arc<Inner>,
    socket: Socket,
    ctx: Ctx,
    seat: Seat,
    expires_at: Time,
    running: FuturesUnordered<Running>,
    /// A fence stops reading until everything before it is answered, and then waits for the hub.
    fence: Option<Fence>,
    /// Replies and what a write left over.
    unwritten: Vec<u8>,
    /// A write ended inside a frame. Until that is written the socket is not read, because reading
    /// a ping makes the library write a pong, into the middle of our frame.
    is_mid_frame: bool,
    /// The library may have a pong to write. Until that is written whole, nothing is read or
    /// written beside it.
    has_pong: bool,
    /// What was written may lie in a buffer of TLS, which a full line leaves there.
    is_unflushed: bool,
    heartbeat: Pin<Box<Sleep>>,
    missed: u32,
    requests: u128,
}

struct Fence {
    id: u64,
    passing: Option<BoxFuture<()>>,
}

impl Connection {
    fn new(inner: Arc<Inner>, socket: Socket, session: Session) -> Self {
        let Session { ctx, seat, expires_at, first_frame } = session;
        let requests = u128::from_be_bytes(ctx.request_id.0);
        let heartbeat = Box::pin(tokio::time::sleep(inner.parts.timing.heartbeat));
        Self {
            inner,
            socket,
            ctx,
            seat,
            expires_at,
            running: FuturesUnordered::new(),
            fence: None,
            unwritten: first_frame,
            is_mid_frame: false,
            has_pong: true,
            is_unflushed: false,
            heartbeat,
            missed: 0,
            requests,
        }
    }

    /// Does all that can be done now. Ready: the connection is over.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<End> {
        self.seat.outbox().register(context.waker());
        self.borrow_buffer();
        let turn = self.turn(context);
        if self.unwritten.is_empty() {
            self.give_back_buffer();
        }
        turn
    }

    fn turn(&mut self, context: &mut Context<'_>) -> Poll<End> {
        if let Some(end) = self.beat(context) {
            return Poll::Ready(end);
        }
        loop {
            self.answer(context);
            let mut is_drained = false;
            if self.may_read() {
                match self.read(context) {
                    Poll::Ready(Some(end)) => return Poll::Ready(end),
                    Poll::Ready(None) => {}
                    Poll::Pending => is_drained = true,
                }
                // A command that was refused, or was quick, goes out with this write.
                self.answer(context);
            }
            match self.write(context) {
                Poll::Ready(Some(end)) => return Poll::Ready(end),
                Poll::Ready(None) => {}
                // The peer does not take what it has: what it sends waits too, until it does.
                Poll::Pending => return Poll::Pending,
            }
            // To sleep only where something wakes us: the peer's next bytes, or the command or
            // fence that reading waits for. What a write held up is read now.
            if is_drained || !self.may_read() {
                return Poll::Pending;
            }
        }
    }

    fn codec(&self) -> Codec {
        self.seat.outbox().codec
    }

    fn may_read(&self) -> bool {
        self.fence.is_none()
            && !self.is_mid_frame
            && !self.has_pong
            && self.running.len() < limits::IN_FLIGHT_PER_CONNECTION_MAX
            && self.unwritten.len() < WRITE_BYTES
    }

    /// Moves finished commands into the write buffer.
    fn answer(&mut self, context: &mut Context<'_>) {
        let codec = self.codec();
        SCRATCH.with_borrow_mut(|(_, scratch)| {
            while let Poll::Ready(Some(done)) = self.running.poll_next_unpin(context) {
                dispatch::write_done(&mut self.unwritten, scratch, &done, codec);
            }
        });
        self.pass_fence(context);
    }

    fn pass_fence(&mut self, context: &mut Context<'_>) {
        let Some(fence) = &mut self.fence else { return };
        if !self.running.is_empty() {
            return;
        }
        let hub = &self.inner.parts.hub;
        let passing = fence.passing.get_or_insert_with(|| {
            let hub = hub.clone();
            Box::pin(async move { hub.fence().await })
        });
        if passing.as_mut().poll(context).is_pending() {
            return;
        }
        let result = dispatch::encode_reply(&hoopoe_wire::page::Empty {});
        let codec = self.seat.outbox().codec;
        let done = Done { id: fence.id, request_id: self.ctx.request_id, result };
        self.fence = None;
        // What the hub queued before the fence stands in front of the answer.
        self.seat.outbox().drain(&mut self.unwritten, usize::MAX);
        dispatch::write_done(&mut self.unwritten, &mut Vec::new(), &done, codec);
    }

    /// Reads a turn's worth of frames. Ready(None): there may be more.
    fn read(&mut self, context: &mut Context<'_>) -> Poll<Option<End>> {
        for _ in 0..FRAMES_PER_TURN {
            if !self.may_read() {
                return Poll::Ready(None);
            }
            let message = match ready!(Pin::new(&mut self.socket).poll_next(context)) {
                Some(Ok(message)) => message,
                Some(Err(error)) => return Poll::Ready(Some(End::of(&error))),
                None => return Poll::Ready(Some(End::Gone)),
            };
            self.missed = 0;
            match self.codec().read(&message) {
                Some(Ok(frame)) => {
                    if let Some(end) = self.take(context, frame.text()) {
                        return Poll::Ready(Some(end));
                    }
                    continue;
                }
                Some(Err(end)) => return Poll::Ready(Some(end)),
                None => {}
            }
            match message {
                Message::Close(_) => return Poll::Ready(Some(End::Closed)),
                Message::Ping(_) => self.has_pong = true,
                _ => {}
            }
        }
        Poll::Ready(None)
    }

    fn take(&mut self, context: &mut Context<'_>, text: &str) -> Option<End> {
        self.requests = self.requests.wrapping_add(1);
        self.ctx.request_id.0 = self.requests.to_be_bytes();
        match dispatch::dispatch(&self.inner.parts.registry, &self.ctx, text) {
            Asked::Command(running) => {
                self.running.push(running);
                // The first poll queues an ordered command's work before the next is read.
                self.answer(context);
            }
            Asked::Fence(id) => self.fence = Some(Fence { id, passing: None }),
            Asked::Refused(done) => {
                let codec = self.codec();
                dispatch::write_done(&mut self.unwritten, &mut Vec::new(), &done, codec);
            }
            Asked::Nonsense => return Some(End::Close(CloseCode::BadFrame)),
        }
        None
    }

    /// Writes everything that waits, many frames at a time. Ready(None): nothing waits.
    fn write(&mut self, context: &mut Context<'_>) -> Poll<Option<End>> {
        loop {
            // Whether the peer takes it or not: what is left has a deadline of its own then.
            if let Some(code) = self.seat.outbox().drain(&mut self.unwritten, WRITE_BYTES) {
                return Poll::Ready(Some(End::Close(code)));
            }
            if self.has_pong && !self.is_mid_frame {
                if ready!(Pin::new(&mut self.socket).poll_flush(context)).is_err() {
                    return Poll::Ready(Some(End::Gone));
                }
                self.has_pong = false;
            }
            if self.unwritten.is_empty() {
                if self.is_unflushed {
                    let stream = Pin::new(self.socket.get_mut());
                    if ready!(stream.poll_flush(context)).is_err() {
                        return Poll::Ready(Some(End::Gone));
                    }
                    self.is_unflushed = false;
                }
                return Poll::Ready(None);
            }
            self.is_unflushed = true;
            let stream = Pin::new(self.socket.get_mut());
            match ready!(stream.poll_write(context, &self.unwritten)) {
                Ok(0) | Err(_) => return Poll::Ready(Some(End::Gone)),
                Ok(count) if count == self.unwritten.len() => {
                    self.unwritten.clear();
                    self.is_mid_frame = false;
                }
                Ok(count) => {
                    self.unwritten.drain(..count);
                    self.is_mid_frame = true;
                }
            }
        }
    }

    /// An idle connection keeps no buffer; a busy one finds a warm one at its thread.
    fn give_back_buffer(&mut self) {
        self.unwritten.clear();
        SCRATCH.with_borrow_mut(|(spare, _)| {
            if spare.capacity() < self.unwritten.capacity() {
                std::mem::swap(spare, &mut self.unwritten);
            }
        });
        self.unwritten = Vec::new();
    }

    /// Borrows the thread's buffer when this connection has none of its own.
    fn borrow_buffer(&mut self) {
        if self.unwritten.capacity() == 0 {
            SCRATCH.with_borrow_mut(|(spare, _)| std::mem::swap(spare, &mut self.unwritten));
        }
    }

    /// Counts what went unanswered, and asks again.
    fn beat(&mut self, context: &mut Context<'_>) -> Option<End> {
        while self.heartbeat.as_mut().poll(context).is_ready() {
            if self.ctx.now() >= self.expires_at.max(self.seat.outbox().renewed_until()) {
                return Some(End::Close(CloseCode::Token));
            }
            if self.missed >= MISSED_MAX {
                return Some(End::Close(CloseCode::Heartbeat));
            }
            if let Err(breach) = self.socket.get_mut().guard.beat() {
                return Some(End::breach(breach));
            }
            self.missed += 1;
            self.heartbeat.as_mut().reset(Instant::now() + self.inner.parts.timing.heartbeat);
            // Behind whole frames, as one more of them.
            self.unwritten.extend_from_slice(&text_frame::PING);
        }
        None
    }
}
