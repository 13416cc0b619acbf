//! Events of the log as the socket tells them.

use hoopoe_log::{Logged, LoggedChange, LoggedMessage};

use crate::model::encode::{self, Parts};

/// Appends the event of something logged: the same bytes for every recipient.
pub fn frame(out: &mut Vec<u8>, logged: &Logged) {
    match logged {
        Logged::Message(message) => message_created(out, message),
        Logged::Change(change) => changed(out, change),
    }
}

fn message_created(out: &mut Vec<u8>, message: &LoggedMessage) {
    out.extend_from_slice(b"{\"event\":\"message.created\",\"conversation\":\"");
    message.conversation.write_to(out);
    out.extend_from_slice(b"\",\"seq\":");
    encode::int(out, message.seq);
    out.extend_from_slice(b",\"members_rev\":");
    encode::int(out, message.members_rev);
    out.extend_from_slice(b",\"data\":");
    let parts = Parts {
        conversation: message.conversation,
        seq: message.seq,
        client_id: message.client_id.as_bytes(),
        sender: message.sender_id.as_str(),
        kind: &message.kind,
        at: message.at,
        is_redacted: false,
        body: &message.body,
    };
    encode::message(out, &parts);
    out.push(b'}');
}

fn changed(out: &mut Vec<u8>, change: &LoggedChange) {
    out.extend_from_slice(b"{\"event\":\"");
    out.extend_from_slice(change.kind.as_bytes());
    out.extend_from_slice(b"\",\"conversation\":\"");
    change.conversation.write_to(out);
    out.extend_from_slice(b"\",\"rev\":");
    encode::int(out, change.rev);
    out.extend_from_slice(b",\"at_seq\":");
    encode::int(out, change.at_seq);
    out.extend_from_slice(b",\"members_rev\":");
    encode::int(out, change.members_rev);
    out.extend_from_slice(b",\"data\":");
    out.extend_from_slice(if change.data.is_empty() { b"{}" } else { &change.data });
    out.push(b'}');
}
