//! A server in a hundred lines: what the real one promises, without a database.

use std::collections::BTreeMap;

use hoopoe_sdk::wire::ConversationId;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::rig::{ANN, message, problem};

/// As the protocol describes it at `Sync`.
pub(crate) fn digest(heads: &[(ConversationId, i64, i64)]) -> String {
    let mut heads = heads.to_vec();
    heads.sort();
    let mut bytes = Vec::new();
    for (conversation, seq, rev) in heads {
        bytes.extend_from_slice(&conversation.0);
        bytes.extend_from_slice(&seq.to_be_bytes());
        bytes.extend_from_slice(&rev.to_be_bytes());
    }
    Sha256::digest(&bytes)[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[derive(Default)]
pub(crate) struct Log {
    pub(crate) messages: Vec<Value>,
    pub(crate) changes: Vec<Value>,
}

#[derive(Default)]
pub(crate) struct Server {
    pub(crate) logs: BTreeMap<ConversationId, Log>,
    /// Sends that are refused before the next is taken.
    pub(crate) refusals: usize,
}

impl Server {
    fn heads(&self) -> Vec<(ConversationId, i64, i64)> {
        let head = |(id, log): (&ConversationId, &Log)| {
            (*id, log.messages.len() as i64, log.changes.len() as i64)
        };
        self.logs.iter().map(head).collect()
    }

    /// Stores a message, once; the message and the event, if there is one.
    pub(crate) fn store(
        &mut self,
        of: ConversationId,
        sender: &str,
        client_id: &str,
    ) -> (Value, Option<Value>) {
        let log = self.logs.entry(of).or_default();
        let is_it = |m: &&Value| m["client_id"] == client_id && m["sender"] == sender;
        if let Some(there) = log.messages.iter().find(is_it) {
            return (there.clone(), None);
        }
        let seq = log.messages.len() as i64 + 1;
        let stored = message(of, seq, sender, client_id);
        log.messages.push(stored.clone());
        let event = json!({"event": "message.created", "conversation": of, "seq": seq,
            "members_rev": 1, "data": stored});
        (stored, Some(event))
    }

    pub(crate) fn change(&mut self, of: ConversationId) -> Value {
        let log = self.logs.entry(of).or_default();
        let (rev, at_seq) = (log.changes.len() as i64 + 1, log.messages.len() as i64);
        let change = json!({"event": "conversation.updated", "conversation": of, "rev": rev,
            "at_seq": at_seq, "members_rev": 1, "at": "2026-11-23T05:30:09.123Z", "data": {}});
        log.changes.push(change.clone());
        change
    }

    /// Answers a command; the event that it makes is beside the reply.
    pub(crate) fn answer(&mut self, frame: &Value) -> (Value, Option<Value>) {
        let (id, params) = (&frame["id"], &frame["params"]);
        let of = || params["conversation"].as_str().unwrap().parse::<ConversationId>().unwrap();
        let number = |field: &str| params[field].as_i64();
        let result = match frame["method"].as_str().unwrap() {
            "session.start" => crate::rig::started(1, &self.heads()),
            "messages.send" if self.refusals > 0 => {
                self.refusals -= 1;
                return (json!({"id": id, "error": problem("server.unavailable")}), None);
            }
            "messages.send" => {
                let client_id = params["client_id"].as_str().unwrap();
                let (mut stored, event) = self.store(of(), ANN, client_id);
                stored["state"] = "sent".into();
                return (json!({"id": id, "result": stored}), event);
            }
            "messages.list" => {
                let (all, limit) = (&self.logs[&of()].messages, limit(params));
                let from = match number("after") {
                    Some(after) => (after as usize).min(all.len()),
                    None => all.len().saturating_sub(limit),
                };
                let to = (from + limit).min(all.len());
                json!({"items": all[from..to], "has_before": from > 0, "has_after": to < all.len()})
            }
            "messages.changes" => {
                let (all, limit) = (&self.logs[&of()].changes, limit(params));
                let from = (number("after").unwrap() as usize).min(all.len());
                let to = (from + limit).min(all.len());
                json!({"items": all[from..to], "has_after": to < all.len()})
            }
            other => panic!("{other} was not expected"),
        };
        (json!({"id": id, "result": result}), None)
    }
}

/// Pages are small, so that a gap takes several.
fn limit(params: &Value) -> usize {
    let asked = params["limit"].as_u64().unwrap();
    asked.min(3) as usize
}
