//! Messages and changes as JSON, spliced from what is stored: the body is never parsed on its way
//! to a reader.

use hoopoe_log::{ClientId, changes::ChangeRow};
use hoopoe_wire::{ConversationId, Time, messages::ReactionCount};
use serde::Serialize;

/// The parts of a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parts<'a> {
    /// Where.
    pub(crate) conversation: ConversationId,
    /// Its number.
    pub(crate) seq: i64,
    /// As the log keeps it.
    pub(crate) client_id: &'a [u8],
    /// The sender's id outside; empty for the server.
    pub(crate) sender: &'a str,
    /// `text`, …
    pub(crate) kind: &'a str,
    /// When it was stored.
    pub(crate) at: Time,
    /// Whether its content is gone.
    pub(crate) is_redacted: bool,
    /// Its content, a JSON object.
    pub(crate) body: &'a [u8],
    /// How people reacted, as the one sees it who asks.
    pub(crate) reactions: &'a [ReactionCount],
}

/// Appends one message as [`hoopoe_wire::messages::Message`] has it.
pub(crate) fn message(out: &mut Vec<u8>, parts: &Parts<'_>) {
    out.push(b'{');
    members(out, parts);
}

/// Appends the reply of a send: the message with its state in front.
pub(crate) fn sent(out: &mut Vec<u8>, parts: &Parts<'_>) {
    out.extend_from_slice(b"{\"state\":\"sent\",");
    members(out, parts);
}

fn members(out: &mut Vec<u8>, parts: &Parts<'_>) {
    out.extend_from_slice(b"\"conversation\":\"");
    parts.conversation.write_to(out);
    out.extend_from_slice(b"\",\"seq\":");
    int(out, parts.seq);
    out.extend_from_slice(b",\"client_id\":");
    client_id(out, parts.client_id);
    if !parts.sender.is_empty() {
        // A user id's alphabet needs no escaping.
        out.extend_from_slice(b",\"sender\":\"");
        out.extend_from_slice(parts.sender.as_bytes());
        out.push(b'"');
    }
    out.extend_from_slice(b",\"kind\":\"");
    out.extend_from_slice(parts.kind.as_bytes());
    out.extend_from_slice(b"\",\"created_at\":\"");
    parts.at.write_to(out);
    out.push(b'"');
    if parts.is_redacted {
        out.extend_from_slice(b",\"deleted\":true");
    }
    rest(out, parts.body);
    if !parts.reactions.is_empty() {
        out.extend_from_slice(b",\"reactions\":");
        value(out, parts.reactions);
    }
    out.push(b'}');
}

/// Goes on with the members of a stored object.
fn rest(out: &mut Vec<u8>, object: &[u8]) {
    if let [b'{', members @ .., b'}'] = object
        && !members.is_empty()
    {
        out.push(b',');
        out.extend_from_slice(members);
    }
}

/// Appends a value of the wire, which has no maps with keys that are no text and so always encodes.
fn value<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    if serde_json::to_writer(&mut *out, value).is_err() {
        out.extend_from_slice(b"null");
    }
}

/// Appends one more member to an object that is written.
pub(crate) fn member<T: Serialize>(object: &mut Vec<u8>, name: &str, member: &T) {
    if object.pop() == Some(b'}') {
        object.extend_from_slice(b",\"");
        object.extend_from_slice(name.as_bytes());
        object.extend_from_slice(b"\":");
        value(object, member);
    }
    object.push(b'}');
}

/// A page of stored bodies, each of them a [`hoopoe_wire::messages::MessageVersion`].
pub(crate) fn bodies<'b>(
    bodies: impl Iterator<Item = &'b [u8]>,
    next_cursor: Option<&str>,
) -> Vec<u8> {
    let mut out = b"{\"items\":[".to_vec();
    for (index, body) in bodies.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(body);
    }
    out.extend_from_slice(b"]}");
    if let Some(cursor) = next_cursor {
        member(&mut out, "next_cursor", &cursor);
    }
    out
}

/// Appends a client id as a JSON text.
fn client_id(out: &mut Vec<u8>, stored: &[u8]) {
    // A packed UUID is hexadecimal; anything else is the client's own text.
    if stored.len() == 17 && stored[0] == 1 {
        out.push(b'"');
        ClientId::write_text(stored, out);
        out.push(b'"');
        return;
    }
    let mut text = Vec::with_capacity(stored.len());
    ClientId::write_text(stored, &mut text);
    let text = String::from_utf8_lossy(&text);
    if serde_json::to_writer(&mut *out, &*text).is_err() {
        out.extend_from_slice(b"\"\"");
    }
}

/// Appends a decimal number.
pub(crate) fn int(out: &mut Vec<u8>, value: i64) {
    let mut digits = itoa::Buffer::new();
    out.extend_from_slice(digits.format(value).as_bytes());
}

/// Appends the data of a change. Of one whose message was redacted since, and of a `bare` one for
/// who may not read the message, only its seq is left.
pub(crate) fn data(out: &mut Vec<u8>, data: &[u8], target_seq: Option<i64>, is_bare: bool) {
    let is_empty = matches!(data, b"" | b"{}");
    match target_seq {
        Some(seq) if is_bare || is_empty => {
            out.extend_from_slice(b"{\"seq\":");
            int(out, seq);
            out.push(b'}');
        }
        _ if is_empty => out.extend_from_slice(b"{}"),
        _ => out.extend_from_slice(data),
    }
}

/// Appends one change as [`hoopoe_wire::messages::Change`] has it.
pub(crate) fn change(
    out: &mut Vec<u8>,
    conversation: ConversationId,
    row: &ChangeRow<'_>,
    is_bare: bool,
) {
    out.extend_from_slice(b"{\"event\":\"");
    out.extend_from_slice(row.kind.as_bytes());
    out.extend_from_slice(b"\",\"conversation\":\"");
    conversation.write_to(out);
    out.extend_from_slice(b"\",\"rev\":");
    int(out, row.rev);
    out.extend_from_slice(b",\"at_seq\":");
    int(out, row.at_seq);
    out.extend_from_slice(b",\"members_rev\":");
    int(out, row.members_rev);
    out.extend_from_slice(b",\"at\":\"");
    row.at.write_to(out);
    out.extend_from_slice(b"\",\"data\":");
    data(out, row.data, row.target_seq, is_bare);
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use hoopoe_wire::messages::{Message, SentMessage};

    use super::*;

    fn parts<'a>(client_id: &'a ClientId, body: &'a [u8]) -> Parts<'a> {
        Parts {
            conversation: ConversationId([7; 16]),
            seq: 42,
            client_id: client_id.as_bytes(),
            sender: "ann",
            kind: "text",
            at: Time(1_795_411_809_123_000),
            is_redacted: false,
            body,
            reactions: &[],
        }
    }

    #[test]
    fn what_is_spliced_is_what_the_schema_says() {
        for id in ["0199d2f0-7a3b-7cde-8f01-23456789abcd", "mine \"quoted\"", "\u{1}控"] {
            let id = ClientId::parse(id).expect("a legal id");
            let mut out = Vec::new();
            message(&mut out, &parts(&id, br#"{"text":"hi","reply_to":3}"#));
            let read: Message = serde_json::from_slice(&out).expect("JSON");
            assert_eq!(read.content.text.as_deref(), Some("hi"));
            assert_eq!((read.seq, read.content.reply_to), (42, Some(3)));
            let again = serde_json::to_vec(&read).expect("JSON");
            assert_eq!(String::from_utf8_lossy(&again), String::from_utf8_lossy(&out));
        }
    }

    #[test]
    fn edits_and_reactions_stand_where_the_schema_has_them() {
        let id = ClientId::parse("x").expect("a legal id");
        let reactions = [ReactionCount { emoji: "👍".into(), count: 2, me: true }];
        let body = br#"{"text":"hi","edited_at":"2026-01-01T00:00:00.000Z"}"#;
        let mut out = Vec::new();
        message(&mut out, &Parts { reactions: &reactions, ..parts(&id, body) });
        let read: Message = serde_json::from_slice(&out).expect("JSON");
        assert!(read.edited_at.is_some() && read.reactions == reactions);
        let again = serde_json::to_vec(&read).expect("JSON");
        assert_eq!(String::from_utf8_lossy(&again), String::from_utf8_lossy(&out));
        let mut out = Vec::new();
        let gone = br#"{"recalled":true}"#;
        message(&mut out, &Parts { is_redacted: true, ..parts(&id, gone) });
        let read: Message = serde_json::from_slice(&out).expect("JSON");
        assert!(read.deleted && read.recalled);
        let again = serde_json::to_vec(&read).expect("JSON");
        assert_eq!(String::from_utf8_lossy(&again), String::from_utf8_lossy(&out));
    }

    #[test]
    fn what_is_left_of_a_change_names_its_message() {
        let written = |given: &[u8], target, is_bare| {
            let mut out = Vec::new();
            data(&mut out, given, target, is_bare);
            String::from_utf8(out).expect("UTF-8")
        };
        assert_eq!(written(b"{}", Some(3), false), r#"{"seq":3}"#);
        assert_eq!(written(br#"{"seq":3,"text":"x"}"#, Some(3), true), r#"{"seq":3}"#);
        assert_eq!(written(br#"{"a":1}"#, Some(3), false), r#"{"a":1}"#);
        assert_eq!(written(br#"{"a":1}"#, None, true), r#"{"a":1}"#);
        assert_eq!(written(b"", None, false), "{}");
    }

    #[test]
    fn a_tombstone_has_no_content() {
        let id = ClientId::parse("x").expect("a legal id");
        let mut out = Vec::new();
        sent(&mut out, &Parts { is_redacted: true, ..parts(&id, b"{}") });
        let read: SentMessage = serde_json::from_slice(&out).expect("JSON");
        assert!(read.message.deleted && read.message.content.text.is_none());
    }
}
