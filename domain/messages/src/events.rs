//! The events of this domain: those of the log as the socket tells them, and the changes that it
//! writes into the log itself. Each change has a `rev`, names its message in `data.seq`, and holds
//! nothing that depends on who hears it.

use hoopoe_kernel::{Fail, Uid};
use hoopoe_log::{AudienceChange, Logged, LoggedChange, LoggedMessage, NewChange};
use hoopoe_wire::ConversationId;
use serde::Serialize;

use crate::model::encode::{self, Parts};

/// The change that tells of something done to a message.
pub(crate) fn change<T: Serialize>(
    kind: &'static str,
    (conversation, seq): (ConversationId, i64),
    actor: Uid,
    data: &T,
) -> Result<NewChange, Fail> {
    let data = serde_json::to_vec(data).map_err(|error| Fail::internal().caused_by(error))?;
    Ok(NewChange {
        conversation,
        kind,
        target_seq: Some(seq),
        actor,
        data: data.into(),
        audience: AudienceChange::Same,
    })
}

/// Appends the event of something logged: the same bytes for every recipient.
pub fn frame(out: &mut Vec<u8>, logged: &Logged) {
    match logged {
        Logged::Message(message) => message_created(out, message),
        Logged::Change(change) => changed(out, change, false),
    }
}

/// Appends the event of a change for those who may not read the message that it is about: they learn
/// its `rev` and which message it was, and nothing of what the message says.
pub fn bare_frame(out: &mut Vec<u8>, change: &LoggedChange) {
    changed(out, change, true);
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
        is_redacted: message.is_redacted,
        body: &message.body,
        reactions: &[],
    };
    encode::message(out, &parts);
    out.push(b'}');
}

fn changed(out: &mut Vec<u8>, change: &LoggedChange, is_bare: bool) {
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
    encode::data(out, &change.data, change.target_seq, is_bare);
    out.push(b'}');
}
