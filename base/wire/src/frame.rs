//! Frames of the socket: JSON as text, or the same as MessagePack in binary frames.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

/// The subprotocol of JSON in text frames; also what a client gets that asks for none.
pub const JSON_PROTOCOL: &str = "hoopoe.v1.json";
/// The subprotocol of MessagePack in binary frames: maps with the names that JSON has.
pub const MSGPACK_PROTOCOL: &str = "hoopoe.v1.msgpack";

/// What a client sends: one command.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientFrame<'a> {
    /// Chosen by the client; comes back with the reply.
    pub id: u64,
    /// A command's name, `messages.send`.
    #[serde(borrow)]
    pub method: Cow<'a, str>,
    /// The request, an object; `{}` when left out.
    #[serde(borrow, default)]
    pub params: Option<&'a RawValue>,
}

impl<'a> ClientFrame<'a> {
    /// Reads a frame; `None`: it is none. Its params are not looked into.
    pub fn read(text: &'a str) -> Option<Self> {
        // A list of the fields' values in their order would do otherwise.
        let is_object = text.trim_ascii_start().starts_with('{');
        is_object.then(|| serde_json::from_str(text).ok()).flatten()
    }
}

/// Appends `{"id":7,"result":BODY}`.
pub fn write_result(out: &mut Vec<u8>, id: u64, body: &[u8]) {
    write_reply(out, id, b",\"result\":", body);
}

/// Appends `{"id":7,"error":PROBLEM}`.
pub fn write_error(out: &mut Vec<u8>, id: u64, problem: &[u8]) {
    write_reply(out, id, b",\"error\":", problem);
}

fn write_reply(out: &mut Vec<u8>, id: u64, member: &[u8], body: &[u8]) {
    let mut digits = itoa::Buffer::new();
    out.extend_from_slice(b"{\"id\":");
    out.extend_from_slice(digits.format(id).as_bytes());
    out.extend_from_slice(member);
    out.extend_from_slice(body);
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_read_without_copying_its_params() {
        let text = r#"{"id":7,"method":"messages.send","params":{"text":"hi"}}"#;
        let frame = ClientFrame::read(text).unwrap();
        assert_eq!((frame.id, &*frame.method), (7, "messages.send"));
        assert_eq!(frame.params.map(RawValue::get), Some(r#"{"text":"hi"}"#));
        assert!(matches!(frame.method, Cow::Borrowed(_)));
        assert!(ClientFrame::read(r#"[7,"messages.send",{}]"#).is_none());
    }

    #[test]
    fn replies_carry_the_id() {
        let mut out = Vec::new();
        write_result(&mut out, 7, b"{}");
        assert_eq!(out, br#"{"id":7,"result":{}}"#);
    }
}
