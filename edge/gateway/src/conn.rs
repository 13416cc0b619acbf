//! One connection: frames in, replies and events out, heartbeats, and the end.

use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_util::{Sink, Stream, StreamExt, stream::FuturesUnordered};
use hoopoe_kernel::{BoxFuture, Ctx};
use hoopoe_wire::{Time, limits, session::CloseCode};
use tokio::{
    io::AsyncWrite,
    net::TcpStream,
    time::{Instant, Sleep},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message, Utf8Bytes,
        error::{CapacityError, Error as SocketError},
        protocol::CloseFrame,
    },
};

use crate::{
    accept::{Inner, stop_code},
    dispatch::{self, Asked, Done, Running},
    outbox::Outbox,
    start::{self, Refused, Session},
    timing,
};

/// Bytes that are put together for one write.
const WRITE_BYTES: usize = 64 * 1024;
/// Frames read before replies and events get their turn.
const FRAMES_PER_TURN: usize = 64;

type Socket = WebSocketStream<TcpStream>;

thread_local! {
    /// Shared by the connections of a thread, so that an idle one holds no buffer.
    static SCRATCH: RefCell<(Vec<u8>, Vec<u8>)> = const { RefCell::new((Vec::new(), Vec::new())) };
}

/// Serves a socket to its end.
pub(crate) async fn run(inner: Arc<Inner>, mut socket: Socket, address: IpAddr) {
    match start::start(&inner, &mut socket, address).await {
        Ok(Some(session)) => {
            let outbox = session.outbox.clone();
            let mut connection = Connection::new(inner.clone(), socket, session);
            if let Some(code) = stop_code(&inner) {
                connection.outbox.close(code);
            }
            let end = poll_fn(|context| connection.poll(context)).await;
            inner.parts.hub.leave(&outbox);
            let Connection { socket, unwritten, .. } = &mut connection;
            let left = std::mem::take(unwritten);
            match end {
                End::Gone => {}
                End::Closed => answer_close(socket, left).await,
                End::Close(code) => finish(socket, left, code.code(), code.reason()).await,
                End::Protocol(code, reason) => finish(socket, left, code, reason).await,
            }
        }
        Ok(None) => {}
        Err(Refused { frame, code }) => {
            finish(&mut socket, frame, code.code(), code.reason()).await;
        }
    }
}

/// Writes what is left and the close frame, and waits a little for the peer's.
async fn finish(socket: &mut Socket, left: Vec<u8>, code: u16, reason: &'static str) {
    let ending = async {
        tokio::io::AsyncWriteExt::write_all(socket.get_mut(), &left).await?;
        let frame = CloseFrame { code: code.into(), reason: Utf8Bytes::from_static(reason) };
        // The peer may have gone: then there is nobody to tell.
        if socket.close(Some(frame)).await.is_ok() {
            while let Some(Ok(_)) = socket.next().await {}
        }
        Ok::<_, std::io::Error>(())
    };
    drop(tokio::time::timeout(timing::CLOSE_MAX, ending).await);
}

/// Lets the library send the answer that it has prepared.
async fn answer_close(socket: &mut Socket, left: Vec<u8>) {
    let answering = async {
        tokio::io::AsyncWriteExt::write_all(socket.get_mut(), &left).await?;
        while let Some(Ok(_)) = socket.next().await {}
        Ok::<_, std::io::Error>(())
    };
    drop(tokio::time::timeout(timing::CLOSE_MAX, answering).await);
}

enum End {
    /// The connection broke.
    Gone,
    /// The peer closed: its close frame is to be answered.
    Closed,
    /// We close with a code of ours.
    Close(CloseCode),
    /// We close with a code of the protocol.
    Protocol(u16, &'static str),
}

struct Connection {
    inner: Arc<Inner>,
    socket: Socket,
    ctx: Ctx,
    outbox: Arc<Outbox>,
    expires_at: Time,
    running: FuturesUnordered<Running>,
    /// A fence stops reading until everything before it is answered, and then waits for the hub.
    fence: Option<Fence>,
    /// Replies and what a write left over.
    unwritten: Vec<u8>,
    /// A write ended inside a frame. Until that is written the socket is not read, because reading
    /// a ping makes the library write a pong, into the middle of our frame.
    is_mid_frame: bool,
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
        let Session { ctx, outbox, expires_at, first_frame } = session;
        let requests = u128::from_be_bytes(ctx.request_id.0);
        Self {
            inner,
            socket,
            ctx,
            outbox,
            expires_at,
            running: FuturesUnordered::new(),
            fence: None,
            unwritten: first_frame,
            is_mid_frame: false,
            heartbeat: Box::pin(tokio::time::sleep(timing::HEARTBEAT)),
            missed: 0,
            requests,
        }
    }

    /// Does all that can be done now. Ready: the connection is over.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<End> {
        self.outbox.register(context.waker());
        self.borrow_buffer();
        let turn = self.turn(context);
        if self.unwritten.is_empty() {
            self.give_back_buffer();
        }
        turn
    }

    fn turn(&mut self, context: &mut Context<'_>) -> Poll<End> {
        loop {
            self.answer(context);
            let mut has_read = false;
            if self.may_read() {
                match self.read(context) {
                    Poll::Ready(Some(end)) => return Poll::Ready(end),
                    Poll::Ready(None) => has_read = true,
                    Poll::Pending => {}
                }
                // A command that was refused, or was quick, goes out with this write.
                self.answer(context);
            }
            match self.write(context) {
                Poll::Ready(Some(end)) => return Poll::Ready(end),
                Poll::Ready(None) => {}
                // The peer does not take what it has: what it sends waits too.
                Poll::Pending => break,
            }
            if !has_read {
                break;
            }
        }
        self.beat(context)
    }

    fn may_read(&self) -> bool {
        self.fence.is_none()
            && !self.is_mid_frame
            && self.running.len() < limits::IN_FLIGHT_PER_CONNECTION_MAX
            && self.unwritten.len() < WRITE_BYTES
    }

    /// Moves finished commands into the write buffer.
    fn answer(&mut self, context: &mut Context<'_>) {
        SCRATCH.with_borrow_mut(|(_, scratch)| {
            while let Poll::Ready(Some(done)) = self.running.poll_next_unpin(context) {
                dispatch::write_done(&mut self.unwritten, scratch, &done);
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
        let done = Done { id: fence.id, request_id: self.ctx.request_id, result };
        self.fence = None;
        // What the hub queued before the fence stands in front of the answer.
        self.outbox.drain(&mut self.unwritten, usize::MAX);
        dispatch::write_done(&mut self.unwritten, &mut Vec::new(), &done);
        // Reading went to sleep with the fence.
        context.waker().wake_by_ref();
    }

    /// Reads a turn's worth of frames. Ready(None): there may be more.
    fn read(&mut self, context: &mut Context<'_>) -> Poll<Option<End>> {
        for _ in 0..FRAMES_PER_TURN {
            if !self.may_read() {
                return Poll::Ready(None);
            }
            let message = match ready!(Pin::new(&mut self.socket).poll_next(context)) {
                Some(Ok(message)) => message,
                Some(Err(error)) => return Poll::Ready(Some(ending(&error))),
                None => return Poll::Ready(Some(End::Gone)),
            };
            self.missed = 0;
            match message {
                Message::Text(text) => {
                    if let Some(end) = self.take(context, &text) {
                        return Poll::Ready(Some(end));
                    }
                }
                Message::Binary(_) => return Poll::Ready(Some(End::Close(CloseCode::BadFrame))),
                Message::Close(_) => return Poll::Ready(Some(End::Closed)),
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
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
                dispatch::write_done(&mut self.unwritten, &mut Vec::new(), &done);
            }
            Asked::Nonsense => return Some(End::Close(CloseCode::BadFrame)),
        }
        None
    }

    /// Writes everything that waits, many frames at a time. Ready(None): nothing waits.
    fn write(&mut self, context: &mut Context<'_>) -> Poll<Option<End>> {
        loop {
            // Pongs and pings of the protocol itself come first, so that frames never mix.
            if !self.is_mid_frame && ready!(Pin::new(&mut self.socket).poll_flush(context)).is_err()
            {
                return Poll::Ready(Some(End::Gone));
            }
            // Whether the peer takes it or not: what is left has a deadline of its own then.
            if let Some(code) = self.outbox.drain(&mut self.unwritten, WRITE_BYTES) {
                return Poll::Ready(Some(End::Close(code)));
            }
            if self.unwritten.is_empty() {
                return Poll::Ready(None);
            }
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

    fn beat(&mut self, context: &mut Context<'_>) -> Poll<End> {
        while self.heartbeat.as_mut().poll(context).is_ready() {
            if self.ctx.now() >= self.expires_at {
                return Poll::Ready(End::Close(CloseCode::Token));
            }
            if self.missed >= timing::MISSED_MAX {
                return Poll::Ready(End::Close(CloseCode::Heartbeat));
            }
            self.missed += 1;
            self.heartbeat.as_mut().reset(Instant::now() + timing::HEARTBEAT);
            if self.ping(context).is_err() {
                return Poll::Ready(End::Gone);
            }
        }
        Poll::Pending
    }

    fn ping(&mut self, context: &mut Context<'_>) -> Result<(), SocketError> {
        let mut socket = Pin::new(&mut self.socket);
        if self.unwritten.is_empty() && socket.as_mut().poll_ready(context)?.is_ready() {
            socket.as_mut().start_send(Message::Ping(Bytes::new()))?;
            // Pending: the next turn flushes it.
            let _ = socket.poll_flush(context)?;
        }
        Ok(())
    }
}

/// How a broken read ends: with the protocol's own code where it has one.
fn ending(error: &SocketError) -> End {
    match error {
        SocketError::Capacity(CapacityError::MessageTooLong { .. }) => {
            End::Protocol(1009, "too_large")
        }
        SocketError::Utf8(_) => End::Protocol(1007, "not_utf8"),
        SocketError::Protocol(_) => End::Protocol(1002, "protocol"),
        _ => End::Gone,
    }
}
