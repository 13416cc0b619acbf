//! What a socket speaks: JSON in text frames, or the same as MessagePack in binary frames.

use hoopoe_wire::{frame, msgpack};
use http::{HeaderMap, header};
use tokio_tungstenite::tungstenite::Message;

use crate::ending::End;
use hoopoe_wire::session::CloseCode;

/// One of the two, settled by `Sec-WebSocket-Protocol` for the life of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    /// Text frames.
    Json,
    /// Binary frames.
    MessagePack,
}

impl Codec {
    /// The first of the client's choices that is one of ours, and its name for the answer. Without
    /// one it is JSON and the answer names none: a browser that offered only others then hangs up.
    pub(crate) fn negotiate(headers: &HeaderMap) -> (Self, Option<&'static str>) {
        let lines = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
        let words = lines.filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
        let known = words.map(str::trim).find_map(|word| match word {
            frame::JSON_PROTOCOL => Some((Self::Json, Some(frame::JSON_PROTOCOL))),
            frame::MSGPACK_PROTOCOL => Some((Self::MessagePack, Some(frame::MSGPACK_PROTOCOL))),
            _ => None,
        });
        known.unwrap_or((Self::Json, None))
    }

    /// A data frame of the client as JSON text. `None`: it is no data frame; an end: it is not of
    /// the kind that was settled, or no value that JSON has too.
    pub(crate) fn read(self, message: &Message) -> Option<Result<Frame<'_>, End>> {
        match (self, message) {
            (Self::Json, Message::Text(text)) => Some(Ok(Frame::Text(text.as_str()))),
            (Self::MessagePack, Message::Binary(packed)) => {
                let mut json = Vec::with_capacity(packed.len() + packed.len() / 4);
                let read = msgpack::to_json(packed, &mut json).ok();
                let text = read.and_then(|()| String::from_utf8(json).ok()).map(Frame::Read);
                Some(text.ok_or(End::Close(CloseCode::BadFrame)))
            }
            (_, Message::Text(_) | Message::Binary(_)) => {
                Some(Err(End::Close(CloseCode::BadFrame)))
            }
            _ => None,
        }
    }
}

/// A client's frame as JSON.
pub(crate) enum Frame<'m> {
    /// As it came.
    Text(&'m str),
    /// Out of MessagePack.
    Read(String),
}

impl Frame<'_> {
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Read(text) => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(lines: &[&str]) -> (Codec, Option<&'static str>) {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::SEC_WEBSOCKET_PROTOCOL, line.parse().unwrap());
        }
        Codec::negotiate(&headers)
    }

    #[test]
    fn the_first_choice_that_is_known_wins() {
        let json = (Codec::Json, Some("hoopoe.v1.json"));
        let packed = (Codec::MessagePack, Some("hoopoe.v1.msgpack"));
        assert_eq!(settled(&[]), (Codec::Json, None));
        assert_eq!(settled(&["hoopoe.v1.json"]), json);
        assert_eq!(settled(&["hoopoe.v1.msgpack"]), packed);
        assert_eq!(settled(&["hoopoe.v9.x, hoopoe.v1.msgpack,hoopoe.v1.json"]), packed);
        assert_eq!(settled(&["hoopoe.v9.x", "hoopoe.v1.json"]), json);
        for unknown in ["", ",", "mqtt", "HOOPOE.V1.JSON", "hoopoe.v1"] {
            assert_eq!(settled(&[unknown]), (Codec::Json, None), "{unknown}");
        }
    }
}
