//! Messages and changes as JSON, spliced from what is stored: the body is never parsed on its way
//! to a reader.

use hoopoe_log::{ClientId, changes::ChangeRow};
use hoopoe_wire::{ConversationId, Time};

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
}

/// Goes on with the members of a stored object, and closes.
fn rest(out: &mut Vec<u8>, object: &[u8]) {
    match object {
        [b'{', b'}'] | [] => out.push(b'}'),
        [b'{', members @ ..] => {
            out.push(b',');
            out.extend_from_slice(members);
        }
        _ => out.push(b'}'),
    }
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

/// Appends one change as [`hoopoe_wire::messages::Change`] has it.
pub(crate) fn change(out: &mut Vec<u8>, conversation: ConversationId, row: &ChangeRow<'_>) {
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
    out.extend_from_slice(if row.data.is_empty() { b"{}" } else { row.data });
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
    fn a_tombstone_has_no_content() {
        let id = ClientId::parse("x").expect("a legal id");
        let mut out = Vec::new();
        sent(&mut out, &Parts { is_redacted: true, ..parts(&id, b"{}") });
        let read: SentMessage = serde_json::from_slice(&out).expect("JSON");
        assert!(read.message.deleted && read.message.content.text.is_none());
    }
}
