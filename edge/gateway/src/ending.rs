//! How a connection ends.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt, stream::FusedStream};
use hoopoe_wire::session::CloseCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Utf8Bytes,
        error::{CapacityError, Error as SocketError, ProtocolError},
        protocol::CloseFrame,
    },
};

use crate::{guard::Breach, line::Line};

type Socket = WebSocketStream<Line>;

/// Why a connection is over.
#[derive(Debug)]
pub(crate) enum End {
    /// It broke.
    Gone,
    /// The peer closed: its close frame is to be answered.
    Closed,
    /// We close with a code of ours.
    Close(CloseCode),
    /// We close with a code of the protocol.
    Protocol(u16, &'static str),
}

impl End {
    /// Of a read that failed: with the protocol's own code where it has one.
    pub(crate) fn of(error: &SocketError) -> Self {
        match error {
            SocketError::Capacity(CapacityError::MessageTooLong { .. }) => {
                Self::Protocol(1009, "too_large")
            }
            SocketError::Utf8(_) => Self::Protocol(1007, "not_utf8"),
            SocketError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Self::Gone,
            SocketError::Protocol(_) => Self::Protocol(1002, "protocol"),
            SocketError::Io(error) => match error.get_ref().and_then(|e| e.downcast_ref()) {
                Some(breach) => Self::breach(*breach),
                None => Self::Gone,
            },
            _ => Self::Gone,
        }
    }

    /// Of a client that does too much of something.
    pub(crate) fn breach(breach: Breach) -> Self {
        match breach {
            Breach::Fragments => Self::Protocol(1008, "too_many_fragments"),
            Breach::Unfinished => Self::Protocol(1008, "unfinished_message"),
            Breach::Flood => Self::Close(CloseCode::Rate),
        }
    }

    /// Writes what is left and says good-bye; whatever of it takes longer than `limit` is dropped.
    pub(crate) async fn carry_out(self, socket: &mut Socket, left: &[u8], limit: Duration) {
        let ending = async {
            match self {
                Self::Gone => Ok(()),
                Self::Closed => answer(socket, left).await,
                Self::Close(code) => say_goodbye(socket, left, code.code(), code.reason()).await,
                Self::Protocol(code, reason) => say_goodbye(socket, left, code, reason).await,
            }
        };
        // The peer may have gone: then there is nobody to tell.
        drop(tokio::time::timeout(limit, ending).await);
    }
}

/// Lets the library send the answer to the peer's close frame.
async fn answer(socket: &mut Socket, left: &[u8]) -> Result<(), SocketError> {
    socket.get_mut().write_all(left).await?;
    while let Some(Ok(_)) = socket.next().await {}
    Ok(())
}

/// Writes what is left and the close frame, and waits a little for the peer to go.
async fn say_goodbye(
    socket: &mut Socket,
    left: &[u8],
    code: u16,
    reason: &'static str,
) -> Result<(), SocketError> {
    let can_read = !socket.is_terminated();
    // A pong that the library has begun is finished first, so that frames never mix.
    socket.flush().await?;
    socket.get_mut().write_all(left).await?;
    let frame = CloseFrame { code: code.into(), reason: Utf8Bytes::from_static(reason) };
    socket.close(Some(frame)).await?;
    if can_read {
        // Up to the peer's own close frame.
        while let Some(Ok(_)) = socket.next().await {}
        return Ok(());
    }
    socket.get_mut().shutdown().await?;
    // What came behind the bytes that broke it is thrown away: closing over unread bytes resets the
    // connection, and a reset may overtake the close frame.
    let mut unread = [0; 4_096];
    while socket.get_mut().below().read(&mut unread).await? > 0 {}
    Ok(())
}
