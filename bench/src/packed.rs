//! The same frames as MessagePack: how they are written, and what a bench reads from them.
//!
//! The server turns its compact JSON into MessagePack member by member, so the order of members is
//! the same; a key is a short text with its length in front of it, which no content imitates by
//! chance in what these benches send.

use memchr::memmem::Finder;

use crate::request::{BODY, CLIENT_ID_BYTES};
use crate::scan::{Frame, text};
use crate::socket::push_binary_header;
use crate::trouble::{Outcome, Trouble, incorrect};

/// What the upgrade asks for.
pub(crate) const SUBPROTOCOL: &str = "hoopoe.v1.msgpack";

const EVENT: &[u8] = b"\xa5event";
const CREATED: &[u8] = b"\xafmessage.created";
const CONVERSATION: &[u8] = b"\xacconversation";
const ID: &[u8] = b"\xa2id";
const RESULT: &[u8] = b"\xa6result";
const ERROR: &[u8] = b"\xa5error";

/// Appends a `session.start`.
pub(crate) fn push_start(out: &mut Vec<u8>, id: u64, token: &str) {
    let mut frame = b"\x83\xa2id".to_vec();
    push_uint(&mut frame, id);
    frame.extend_from_slice(b"\xa6method\xadsession.start\xa6params\x81\xa5token");
    push_text(&mut frame, token);
    push_binary_header(out, frame.len());
    out.extend_from_slice(&frame);
}

/// Appends a whole `messages.send`.
pub(crate) fn push_send(
    out: &mut Vec<u8>,
    id: u64,
    conversation: &str,
    client_id: &[u8; CLIENT_ID_BYTES],
) {
    let mut frame = Vec::with_capacity(256);
    frame.extend_from_slice(b"\x83\xa2id");
    push_uint(&mut frame, id);
    frame.extend_from_slice(b"\xa6method\xadmessages.send\xa6params\x84\xacconversation");
    push_text(&mut frame, conversation);
    frame.extend_from_slice(b"\xa9client_id\xd9\x24");
    frame.extend_from_slice(client_id);
    frame.extend_from_slice(b"\xa4kind\xa4text\xa4text");
    push_text(&mut frame, BODY);
    push_binary_header(out, frame.len());
    out.extend_from_slice(&frame);
}

fn push_uint(out: &mut Vec<u8>, value: u64) {
    out.push(0xcf);
    out.extend_from_slice(&value.to_be_bytes());
}

/// A text of at most 255 bytes.
fn push_text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&[0xd9, text.len() as u8]);
    out.extend_from_slice(text.as_bytes());
}

/// Searchers for the keys.
#[derive(Debug)]
pub(crate) struct PackedScanner {
    seq: Finder<'static>,
    client_id: Finder<'static>,
    sent: Finder<'static>,
}

impl PackedScanner {
    pub(crate) fn new() -> Self {
        Self {
            seq: Finder::new(b"\xa3seq"),
            client_id: Finder::new(b"\xa9client_id"),
            sent: Finder::new(b"\xa5state\xa4sent"),
        }
    }

    /// Tells what the payload of a binary frame is.
    pub(crate) fn frame<'a>(&self, payload: &'a [u8]) -> Outcome<Frame<'a>> {
        let members = payload.split_first().filter(|(map, _)| **map & 0xf0 == 0x80);
        let Some((_, members)) = members else {
            return incorrect(format!("a frame that is no map: {}", text(payload)));
        };
        if let Some(rest) = members.strip_prefix(ID)
            && let Some((id, rest)) = uint(rest)
        {
            if rest.starts_with(RESULT) {
                return Ok(Frame::Reply { id, failed: false });
            }
            if rest.starts_with(ERROR) {
                return Ok(Frame::Reply { id, failed: true });
            }
        }
        let Some(rest) = members.strip_prefix(EVENT) else {
            return incorrect(format!("a frame that is not as documented: {}", text(payload)));
        };
        let created = rest.strip_prefix(CREATED).and_then(|rest| rest.strip_prefix(CONVERSATION));
        match created.and_then(short_text).zip(self.seq(payload)) {
            Some((conversation, seq)) => Ok(Frame::Created { conversation, seq }),
            None => Ok(Frame::Other),
        }
    }

    /// The first `seq` in the payload.
    pub(crate) fn seq(&self, payload: &[u8]) -> Option<u64> {
        let at = self.seq.find(payload)? + self.seq.needle().len();
        uint(&payload[at..]).map(|(seq, _)| seq)
    }

    /// The first client id in the payload, as text.
    pub(crate) fn client_id<'a>(&self, payload: &'a [u8]) -> Option<&'a [u8]> {
        let at = self.client_id.find(payload)? + self.client_id.needle().len();
        short_text(&payload[at..])
    }

    /// The seq in the reply to a send, which must say that the message was sent.
    pub(crate) fn sent(&self, payload: &[u8]) -> Outcome<u64> {
        if self.sent.find(payload).is_none() {
            return incorrect(format!("a reply that does not say `sent`: {}", text(payload)));
        }
        self.seq(payload).ok_or_else(|| {
            Trouble::Incorrect(format!("a reply to a send without a seq: {}", text(payload)))
        })
    }
}

/// A number in one of the forms of a non-negative integer, and what follows it.
fn uint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let width = match first {
        0..=0x7f => return Some((u64::from(first), rest)),
        0xcc => 1,
        0xcd => 2,
        0xce => 4,
        0xcf => 8,
        _ => return None,
    };
    let (digits, rest) = rest.split_at_checked(width)?;
    Some((digits.iter().fold(0, |value, &byte| value << 8 | u64::from(byte)), rest))
}

/// A text of at most 255 bytes.
fn short_text(bytes: &[u8]) -> Option<&[u8]> {
    let (length, rest) = match bytes {
        [short @ 0xa0..=0xbf, rest @ ..] => (usize::from(short & 0x1f), rest),
        [0xd9, length, rest @ ..] => (usize::from(*length), rest),
        _ => return None,
    };
    rest.get(..length)
}

#[cfg(test)]
mod tests {
    use hoopoe_wire::msgpack;

    use super::*;

    fn packed(json: &str) -> Vec<u8> {
        let mut out = Vec::new();
        msgpack::from_json(json.as_bytes(), &mut out).unwrap();
        out
    }

    #[test]
    fn frames_of_the_server_are_understood() {
        let scanner = PackedScanner::new();
        let event = packed(
            r#"{"event":"message.created","conversation":"cnv_0123456789012345678901","seq":70000,
                "members_rev":3,"client_id":"01990000-0000-7000-8000-00000000ab0f",
                "data":{"seq":70000,"text":"a"}}"#,
        );
        let expected = Frame::Created { conversation: b"cnv_0123456789012345678901", seq: 70_000 };
        assert_eq!(scanner.frame(&event).unwrap(), expected);
        let client_id = scanner.client_id(&event).unwrap();
        assert_eq!(client_id, b"01990000-0000-7000-8000-00000000ab0f");
        let reply = packed(r#"{"id":300,"result":{"state":"sent","seq":5}}"#);
        assert_eq!(scanner.frame(&reply).unwrap(), Frame::Reply { id: 300, failed: false });
        assert_eq!(scanner.sent(&reply).unwrap(), 5);
        let failed = packed(r#"{"id":3,"error":{"status":404}}"#);
        assert_eq!(scanner.frame(&failed).unwrap(), Frame::Reply { id: 3, failed: true });
        assert!(scanner.sent(&packed(r#"{"id":3,"result":{"state":"held"}}"#)).is_err());
        let renamed = packed(r#"{"event":"conversation.updated","conversation":"cnv_x","rev":4}"#);
        assert_eq!(scanner.frame(&renamed).unwrap(), Frame::Other);
        assert!(scanner.frame(b"hello").is_err());
    }

    #[test]
    fn what_is_sent_is_the_documented_frame() {
        let client_id = *b"01990000-0000-7000-8000-00000000ab0f";
        let mut out = Vec::new();
        push_send(&mut out, 41, "cnv_0123456789012345678901", &client_id);
        let mut json = Vec::new();
        // A masked frame of 126 to 65,535 bytes: 4 bytes of header and 4 of mask.
        msgpack::to_json(&out[8..], &mut json).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!((&json["id"], &json["method"]), (&41.into(), &"messages.send".into()));
        assert_eq!(json["params"]["text"], BODY);
        assert_eq!(json["params"]["client_id"], "01990000-0000-7000-8000-00000000ab0f");
        assert_eq!(json["params"].as_object().unwrap().len(), 4);
        out.clear();
        push_start(&mut out, 1, "ut_x");
        json_of(&out[6..], "session.start");
    }

    fn json_of(payload: &[u8], method: &str) {
        let mut json = Vec::new();
        msgpack::to_json(payload, &mut json).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(json["method"], method);
    }
}
