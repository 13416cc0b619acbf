//! Reads what a bench needs from a frame without parsing JSON.
//!
//! Three facts make that safe: the server writes compact JSON; a quote inside a JSON string is
//! always escaped, so `"seq":` with its bare quotes can only be a key; and in an event and in a
//! reply to a send the first `seq` is the message's own (a `seq` in nested data repeats it).
//! A frame that does not begin as documented is parsed properly, slowly.

use std::borrow::Cow;

use memchr::{memchr, memmem};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::load::Tongue;
use crate::packed::PackedScanner;
use crate::request::CLIENT_ID_BYTES;
use crate::trouble::{Outcome, Trouble, incorrect};

const CREATED: &[u8] = b"{\"event\":\"message.created\",\"conversation\":\"";
const EVENT: &[u8] = b"{\"event\":\"";
const MESSAGE_CREATED: &[u8] = b"message.created\"";
const REPLY: &[u8] = b"{\"id\":";

/// What a frame is to a bench.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    /// The reply to request `id`; `failed` when it carries a problem.
    Reply { id: u64, failed: bool },
    /// A message in a conversation.
    Created { conversation: &'a [u8], seq: u64 },
    /// Any other event.
    Other,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    id: Option<u64>,
    #[serde(borrow)]
    event: Option<Cow<'a, str>>,
    conversation: Option<&'a str>,
    seq: Option<u64>,
    error: Option<IgnoredAny>,
}

/// Searchers for the keys; made once, used for every frame.
#[derive(Debug)]
pub(crate) struct Scanner {
    seq: memmem::Finder<'static>,
    client_id: memmem::Finder<'static>,
    sent: memmem::Finder<'static>,
    /// Frames are MessagePack.
    packed: Option<PackedScanner>,
}

impl Scanner {
    /// For frames of this form.
    pub(crate) fn of(tongue: Tongue) -> Scanner {
        let packed = (tongue == Tongue::MessagePack).then(PackedScanner::new);
        Scanner { packed, ..Scanner::new() }
    }

    pub(crate) fn new() -> Scanner {
        Scanner {
            seq: memmem::Finder::new(b"\"seq\":"),
            client_id: memmem::Finder::new(b"\"client_id\":\""),
            sent: memmem::Finder::new(b"\"state\":\"sent\""),
            packed: None,
        }
    }

    /// Tells what the payload of a text frame is.
    pub(crate) fn frame<'a>(&self, payload: &'a [u8]) -> Outcome<Frame<'a>> {
        if let Some(packed) = &self.packed {
            return packed.frame(payload);
        }
        if let Some(rest) = payload.strip_prefix(CREATED)
            && let Some(end) = memchr(b'"', rest)
            && let Some(seq) = self.seq(&rest[end..])
        {
            return Ok(Frame::Created { conversation: &rest[..end], seq });
        }
        if let Some(rest) = payload.strip_prefix(REPLY)
            && let Some((id, digits)) = number(rest)
        {
            let rest = &rest[digits..];
            if rest.starts_with(b",\"result\":") {
                return Ok(Frame::Reply { id, failed: false });
            }
            if rest.starts_with(b",\"error\":") {
                return Ok(Frame::Reply { id, failed: true });
            }
        }
        if let Some(rest) = payload.strip_prefix(EVENT)
            && !rest.starts_with(MESSAGE_CREATED)
        {
            return Ok(Frame::Other);
        }
        slowly(payload)
    }

    /// The first `seq` in the payload.
    pub(crate) fn seq(&self, payload: &[u8]) -> Option<u64> {
        let at = self.seq.find(payload)? + self.seq.needle().len();
        number(&payload[at..]).map(|(seq, _)| seq)
    }

    /// The seqs of all items of a page, in the order of the page.
    pub(crate) fn seqs<'a>(&'a self, payload: &'a [u8]) -> impl Iterator<Item = u64> + 'a {
        self.seq.find_iter(payload).filter_map(move |at| {
            number(&payload[at + self.seq.needle().len()..]).map(|(seq, _)| seq)
        })
    }

    /// The number in the last 48 bits of the first client id in the payload.
    pub(crate) fn client_number(&self, payload: &[u8]) -> Option<u64> {
        let id = match &self.packed {
            Some(packed) => packed.client_id(payload).filter(|id| id.len() == CLIENT_ID_BYTES)?,
            None => {
                let at = self.client_id.find(payload)? + self.client_id.needle().len();
                payload.get(at..at + CLIENT_ID_BYTES)?
            }
        };
        id[CLIENT_ID_BYTES - 12..].iter().try_fold(0, |number, &digit| {
            char::from(digit).to_digit(16).map(|digit| number << 4 | u64::from(digit))
        })
    }

    /// The seq in the reply to a send, which must say that the message was sent.
    pub(crate) fn sent(&self, payload: &[u8]) -> Outcome<u64> {
        if let Some(packed) = &self.packed {
            return packed.sent(payload);
        }
        if self.sent.find(payload).is_none() {
            return incorrect(format!("a reply without \"state\":\"sent\": {}", text(payload)));
        }
        self.seq(payload).ok_or_else(|| {
            Trouble::Incorrect(format!("a reply to a send without a seq: {}", text(payload)))
        })
    }
}

/// The decimal number at the front of `bytes`, and how many digits it has.
fn number(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0_u64;
    let mut digits = 0;
    for byte in bytes.iter().take_while(|byte| byte.is_ascii_digit()) {
        value = value.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
        digits += 1;
    }
    (digits > 0).then_some((value, digits))
}

fn slowly(payload: &[u8]) -> Outcome<Frame<'_>> {
    let envelope: Envelope<'_> = serde_json::from_slice(payload).map_err(|error| {
        Trouble::Incorrect(format!("a frame that is not as documented, {error}: {}", text(payload)))
    })?;
    Ok(match envelope {
        Envelope { id: Some(id), error, .. } => Frame::Reply { id, failed: error.is_some() },
        Envelope {
            event: Some(event), conversation: Some(conversation), seq: Some(seq), ..
        } if event == "message.created" => {
            Frame::Created { conversation: conversation.as_bytes(), seq }
        }
        _ => Frame::Other,
    })
}

/// The beginning of a payload, for messages to people.
pub(crate) fn text(payload: &[u8]) -> String {
    let shown = &payload[..payload.len().min(600)];
    String::from_utf8_lossy(shown).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT_FRAME: &[u8] = concat!(
        r#"{"event":"message.created","conversation":"cnv_abc","seq":42,"members_rev":3,"#,
        r#""client_id":"01990000-0000-7000-8000-00000000ab0f","#,
        r#""data":{"seq":42,"text":"say \"seq\":7 and \"state\":\"sent\""}}"#,
    )
    .as_bytes();

    #[test]
    fn an_event_gives_conversation_seq_and_number() {
        let scanner = Scanner::new();
        let expected = Frame::Created { conversation: b"cnv_abc", seq: 42 };
        assert_eq!(scanner.frame(EVENT_FRAME).unwrap(), expected);
        assert_eq!(scanner.client_number(EVENT_FRAME), Some(0xab0f));
    }

    #[test]
    fn keys_inside_of_strings_are_not_keys() {
        let scanner = Scanner::new();
        let tricky = br#"{"id":7,"result":{"text":"\"seq\":9 \"state\":\"sent\"","seq":10}}"#;
        assert_eq!(scanner.seq(tricky), Some(10));
        assert!(scanner.sent(tricky).is_err(), "the state is only in the text");
    }

    #[test]
    fn replies_give_their_id_and_whether_they_failed() {
        let scanner = Scanner::new();
        let good = br#"{"id":18446744073709551615,"result":{"state":"sent","seq":5}}"#;
        assert_eq!(scanner.frame(good).unwrap(), Frame::Reply { id: u64::MAX, failed: false });
        assert_eq!(scanner.sent(good).unwrap(), 5);
        let bad = br#"{"id":3,"error":{"status":404}}"#;
        assert_eq!(scanner.frame(bad).unwrap(), Frame::Reply { id: 3, failed: true });
        assert!(scanner.sent(br#"{"id":3,"result":{"state":"held"}}"#).is_err());
        assert!(scanner.sent(br#"{"id":3,"result":{"state":"sent"}}"#).is_err());
    }

    #[test]
    fn another_order_of_keys_is_read_the_slow_way() {
        let scanner = Scanner::new();
        let event =
            br#"{"conversation":"cnv_x","data":{"seq":4},"seq":4,"event":"message.created"}"#;
        let expected = Frame::Created { conversation: b"cnv_x", seq: 4 };
        assert_eq!(scanner.frame(event).unwrap(), expected);
        let reply = br#"{ "error": {}, "id": 9 }"#;
        assert_eq!(scanner.frame(reply).unwrap(), Frame::Reply { id: 9, failed: true });
    }

    #[test]
    fn other_events_and_skips_are_other_and_rubbish_is_an_error() {
        let scanner = Scanner::new();
        let renamed = br#"{"event":"conversation.updated","conversation":"cnv_x","rev":4}"#;
        assert_eq!(scanner.frame(renamed).unwrap(), Frame::Other);
        assert_eq!(scanner.frame(br#"{"conversation":"cnv_x","skip":4}"#).unwrap(), Frame::Other);
        assert!(scanner.frame(b"hello").is_err());
        assert!(scanner.frame(br#"{"id":99999999999999999999,"result":{}}"#).is_err());
    }

    #[test]
    fn the_seqs_of_a_page_come_in_order() {
        let scanner = Scanner::new();
        let page =
            br#"{"id":1,"result":{"items":[{"seq":7,"text":"a"},{"seq":8}],"has_before":true}}"#;
        assert_eq!(scanner.seqs(page).collect::<Vec<_>>(), [7, 8]);
    }
}
