//! What a socket stands on: a TCP stream, bare or behind TLS, with a guard that looks at what comes.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
pub use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use crate::guard::{Breach, Guard};

/// A stream that something lies upon.
pub trait Secure: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Secure for S {}

/// The stream below an HTTP connection.
pub enum Stream {
    /// Bare.
    Tcp(TcpStream),
    /// Behind TLS.
    Secure(Box<dyn Secure>),
}

/// A stream, and what was read ahead of it.
pub type Lowered = (Stream, Bytes);

/// Takes the stream out of an upgraded connection, with what was read ahead, so that a socket costs
/// no more than itself. `None`: it is none that this listener makes.
pub type Lower = fn(Upgraded) -> Option<Lowered>;

/// [`Lower`] for a listener without TLS, which serves `TokioIo<TcpStream>`.
pub fn lower_tcp(upgraded: Upgraded) -> Option<Lowered> {
    let parts = upgraded.downcast::<TokioIo<TcpStream>>().ok()?;
    Some((Stream::Tcp(parts.io.into_inner()), parts.read_buf))
}

/// A stream and its guard.
pub(crate) struct Line {
    stream: Stream,
    pub(crate) guard: Guard,
    breach: Option<Breach>,
}

impl Line {
    /// A line on which this much has been read already.
    pub(crate) fn new(stream: Stream, early: &[u8]) -> Self {
        let mut guard = Guard::default();
        let breach = guard.scan(early).err();
        Self { stream, guard, breach }
    }

    /// The stream below, past the guard.
    pub(crate) fn below(&mut self) -> Pin<&mut (dyn Secure + 'static)> {
        match &mut self.stream {
            Stream::Tcp(stream) => Pin::new(stream as &mut dyn Secure),
            Stream::Secure(stream) => Pin::new(&mut **stream),
        }
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        if self.breach.is_none() {
            ready!(match &mut self.stream {
                Stream::Tcp(stream) => Pin::new(stream).poll_read(context, buffer),
                Stream::Secure(stream) => Pin::new(stream).poll_read(context, buffer),
            })?;
            self.breach = self.guard.scan(&buffer.filled()[before..]).err();
        }
        match self.breach {
            None => Poll::Ready(Ok(())),
            Some(breach) => {
                buffer.set_filled(before);
                Poll::Ready(Err(io::Error::other(breach)))
            }
        }
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Secure(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.below().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.below().poll_shutdown(context)
    }
}
