//! Turns requests, replies and events, as JSON, into lines of the [journal](crate::journal).

use serde_json::Value;

use crate::{
    harness::fingerprint,
    journal::{Asked, Head, Journal, Mark, Name, Path, Row, What, Who},
};

/// Writes down what one connection (or one HTTP caller) does and sees.
#[derive(Clone)]
pub struct Recorder {
    journal: Journal,
    who: Who,
    path: Path,
}

/// A request that was written down and waits for its reply.
#[derive(Debug, Clone)]
pub struct Ticket {
    /// Its number in the journal.
    pub request: u64,
    asked_us: u64,
    method: String,
    params: Value,
}

impl Recorder {
    /// A recorder for a new connection.
    pub fn new(journal: &Journal, user: &str, device: &str, path: Path) -> Self {
        Self { journal: journal.clone(), who: journal.connection(user, device), path }
    }

    /// Who is recorded.
    pub fn who(&self) -> &Who {
        &self.who
    }

    fn write(&self, what: What) {
        self.journal.write(&self.who, what);
    }

    /// A request is about to be handed over.
    pub fn asked(&self, method: &str, params: &Value) -> Ticket {
        let request = self.journal.request();
        let conversation = || name(&params["conversation"]);
        match method {
            "messages.send" => self.write(What::SendStart {
                request,
                conversation: conversation(),
                client_id: name(&params["client_id"]),
                body: body(params),
            }),
            "messages.read" | "messages.delivered" => self.write(What::MarkStart {
                request,
                conversation: conversation(),
                mark: mark(method),
                seq: number(&params["seq"]),
            }),
            "members.add" => self.write(What::AddStart {
                request,
                conversation: conversation(),
                users: names(&params["users"]),
            }),
            "members.remove" => self.write(What::RemoveStart {
                request,
                conversation: conversation(),
                users: vec![name(&params["user"])],
            }),
            "conversations.leave" => self.write(What::RemoveStart {
                request,
                conversation: conversation(),
                users: vec![self.who.user.clone()],
            }),
            _ => {}
        }
        let asked_us = self.journal.now_us();
        Ticket { request, asked_us, method: method.to_owned(), params: params.clone() }
    }

    /// The request's last byte is in the socket.
    pub fn flushed(&self, ticket: &Ticket) {
        if ticket.method == "messages.send" {
            self.write(What::SendEnd { request: ticket.request });
        }
    }

    /// The request was answered with success.
    pub fn answered(&self, ticket: &Ticket, result: &Value) {
        let request = ticket.request;
        let conversation = || name(&ticket.params["conversation"]);
        match &*ticket.method {
            "messages.send" => {
                let (conversation, row) = (conversation(), row(result));
                self.write(What::Ack { request, conversation, row });
            }
            "messages.read" | "messages.delivered" => self.write(What::MarkAck {
                request,
                conversation: conversation(),
                mark: mark(&ticket.method),
                seq: marked(ticket, result),
            }),
            "messages.list" => self.page(ticket, result),
            "members.add" => self.write(What::AddAck { request }),
            "members.remove" | "conversations.leave" => self.write(What::RemoveAck { request }),
            "conversations.create" => {
                let mut members = names(&ticket.params["members"]);
                members.push(self.who.user.clone());
                self.write(What::Created { conversation: name(&result["id"]), members });
            }
            "conversations.get" => self.seen(ticket, result, false),
            "conversations.list" => {
                items(&result["items"]).for_each(|item| self.seen(ticket, item, false));
            }
            "session.start" => {
                items(&result["heads"]).for_each(|item| self.seen(ticket, item, true));
            }
            _ => {}
        }
    }

    /// The request was refused.
    pub fn refused(&self, ticket: &Ticket, status: u16, code: &str, retry_after: bool) {
        let (request, code) = (ticket.request, code.into());
        self.write(What::Refused { request, status, code, retry_after });
    }

    /// An event arrived.
    pub fn event(&self, frame: &Value) {
        let data = &frame["data"];
        let conversation = match &frame["conversation"] {
            Value::Null => name(&data["conversation"]),
            told => name(told),
        };
        if let Some(seq) = frame["skip"].as_u64() {
            return self.write(What::Skip { conversation, seq });
        }
        match frame["event"].as_str() {
            Some("message.created") => {
                let members_rev =
                    frame["members_rev"].as_u64().or_else(|| data["members_rev"].as_u64());
                let mut row = row(data);
                row.seq = number(&frame["seq"]);
                self.write(What::Push { conversation, row, members_rev });
            }
            Some("receipt.updated") => self.receipts(&conversation, data),
            Some("typing.started" | "typing.stopped") => {
                self.write(What::Typing { conversation, user: name(&data["user"]) });
            }
            Some(event) => {
                if let Some(rev) = frame["rev"].as_u64() {
                    let mut users = names(&data["users"]);
                    users.extend(data["user"].as_str().map(Name::from));
                    users.extend(items(&data["members"]).filter_map(user_of));
                    let (event, target) = (event.into(), data["seq"].as_u64());
                    self.write(What::Change { conversation, rev, event, users, target });
                }
            }
            None => {}
        }
    }

    /// The connection ended.
    pub fn closed(&self, code: Option<u16>) {
        self.write(What::Closed { code });
    }

    /// What a client holds of a conversation at the end of a test.
    pub fn timeline(&self, conversation: &str, (after, upto): (u64, u64), rows: Vec<Row>) {
        self.write(What::Timeline { conversation: conversation.into(), after, upto, rows });
    }

    fn page(&self, ticket: &Ticket, result: &Value) {
        let params = &ticket.params;
        let asked = [
            ("after", Asked::After as fn(u64) -> Asked),
            ("before", Asked::Before),
            ("around", Asked::Around),
        ];
        let asked = asked
            .iter()
            .find_map(|(field, asked)| params[*field].as_u64().map(asked))
            .unwrap_or(Asked::Newest);
        self.write(What::Page {
            conversation: name(&params["conversation"]),
            asked_us: ticket.asked_us,
            asked,
            path: self.path,
            rows: items(&result["items"]).map(row).collect(),
            has_after: result["has_after"].as_bool().unwrap_or(false),
        });
    }

    fn seen(&self, ticket: &Ticket, item: &Value, start: bool) {
        self.write(What::Seen { asked_us: ticket.asked_us, head: head(item), start });
    }

    fn receipts(&self, conversation: &Name, data: &Value) {
        let Some(user) = data["user"].as_str() else { return };
        for (field, mark) in [("read_seq", Mark::Read), ("delivered_seq", Mark::Delivered)] {
            if let Some(seq) = data[field].as_u64() {
                let (conversation, user) = (conversation.clone(), user.into());
                self.write(What::Receipt { conversation, user, mark, seq });
            }
        }
    }
}

/// A message in JSON, as a row of the journal.
pub fn row(message: &Value) -> Row {
    let optional = |field: &str| message[field].as_str().filter(|t| !t.is_empty()).map(Name::from);
    let tells = |field: &str| match &message[field] {
        Value::Bool(yes) => *yes,
        other => !other.is_null(),
    };
    Row {
        seq: number(&message["seq"]),
        sender: optional("sender"),
        client_id: optional("client_id"),
        body: body(message),
        gone: ["deleted", "recalled", "redacted", "deleted_at", "recalled_at"]
            .into_iter()
            .any(tells),
        edited: tells("edited_at"),
    }
}

/// A conversation, or an item of a session's heads, as a head of the journal.
pub fn head(item: &Value) -> Head {
    let id = if item["conversation"].is_string() { &item["conversation"] } else { &item["id"] };
    let me = if item["me"].is_object() { &item["me"] } else { item };
    Head {
        conversation: name(id),
        head_seq: number(&item["head_seq"]),
        head_rev: number(&item["head_rev"]),
        read_seq: me["read_seq"].as_u64(),
        delivered_seq: me["delivered_seq"].as_u64(),
        unread: me["unread"].as_u64(),
    }
}

fn body(message: &Value) -> u64 {
    let kind = message["kind"].as_str().unwrap_or("text");
    fingerprint(&[kind, message["text"].as_str().unwrap_or_default()])
}

fn mark(method: &str) -> Mark {
    if method == "messages.read" { Mark::Read } else { Mark::Delivered }
}

/// Where the mark stands by the reply; a reply that does not tell acknowledges what was asked.
fn marked(ticket: &Ticket, result: &Value) -> u64 {
    let field = match mark(&ticket.method) {
        Mark::Read => "read_seq",
        Mark::Delivered => "delivered_seq",
    };
    result[field].as_u64().unwrap_or_else(|| number(&ticket.params["seq"]))
}

fn name(value: &Value) -> Name {
    value.as_str().unwrap_or_default().into()
}

fn names(value: &Value) -> Vec<Name> {
    items(value).filter_map(Value::as_str).map(Name::from).collect()
}

fn user_of(member: &Value) -> Option<Name> {
    member.as_str().or_else(|| member["user"].as_str()).map(Name::from)
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn recorder() -> (Journal, Recorder) {
        let journal = Journal::new();
        let recorder = Recorder::new(&journal, "ann", "phone", Path::Socket);
        (journal, recorder)
    }

    fn lines(journal: &Journal) -> Vec<What> {
        journal.entries().into_iter().map(|entry| entry.what).collect()
    }

    #[test]
    fn a_send_is_followed_from_start_to_ack() {
        let (journal, recorder) = recorder();
        let params = json!({"conversation": "c", "client_id": "1", "kind": "text", "text": "hi"});
        let ticket = recorder.asked("messages.send", &params);
        recorder.flushed(&ticket);
        let reply = json!({"state": "sent", "conversation": "c", "seq": 7, "client_id": "1",
            "sender": "ann", "kind": "text", "text": "hi"});
        recorder.answered(&ticket, &reply);
        let body = fingerprint(&["text", "hi"]);
        let request = ticket.request;
        let lines = lines(&journal);
        assert_eq!(
            lines[0],
            What::SendStart { request, conversation: "c".into(), client_id: "1".into(), body }
        );
        assert_eq!(lines[1], What::SendEnd { request });
        let row = Row {
            seq: 7,
            sender: Some("ann".into()),
            client_id: Some("1".into()),
            body,
            gone: false,
            edited: false,
        };
        assert_eq!(lines[2], What::Ack { request, conversation: "c".into(), row });
    }

    #[test]
    fn events_become_pushes_skips_changes_and_receipts() {
        let (journal, recorder) = recorder();
        recorder.event(&json!({"event": "message.created", "conversation": "c", "seq": 3,
            "members_rev": 2, "data": {"seq": 3, "sender": "bob", "text": "x", "kind": "text"}}));
        recorder.event(&json!({"conversation": "c", "skip": 4}));
        recorder.event(&json!({"event": "member.removed", "conversation": "c", "rev": 9,
            "data": {"user": "cat"}}));
        recorder.event(&json!({"event": "receipt.updated", "conversation": "c",
            "data": {"user": "bob", "read_seq": 3}}));
        recorder.event(&json!({"event": "typing.started", "conversation": "c",
            "data": {"conversation": "c", "user": "bob"}}));
        recorder.event(&json!({"event": "presence.updated", "data": {"user": "bob"}}));
        recorder.event(&json!({"event": "message.recalled", "conversation": "c", "rev": 10,
            "data": {"seq": 3, "by": "ann"}}));
        let lines = lines(&journal);
        assert!(
            matches!(&lines[0], What::Push { row, members_rev: Some(2), .. } if row.seq == 3),
            "{lines:?}"
        );
        assert_eq!(lines[1], What::Skip { conversation: "c".into(), seq: 4 });
        assert!(
            matches!(&lines[2], What::Change { rev: 9, users, .. } if users == &["cat".into()])
        );
        assert!(matches!(&lines[3], What::Receipt { mark: Mark::Read, seq: 3, .. }));
        assert_eq!(lines[4], What::Typing { conversation: "c".into(), user: "bob".into() });
        assert!(matches!(&lines[5], What::Change { rev: 10, target: Some(3), .. }));
        assert_eq!(lines.len(), 6);
    }

    #[test]
    fn tombstones_and_heads_are_understood() {
        assert!(row(&json!({"seq": 1, "recalled_at": "2026-01-01T00:00:00.000Z"})).gone);
        assert!(!row(&json!({"seq": 1, "text": "x", "deleted": false})).gone);
        let own = head(&json!({"id": "c", "head_seq": 5, "head_rev": 2,
            "me": {"read_seq": 3, "delivered_seq": 4, "unread": 2}}));
        assert_eq!((own.read_seq, own.delivered_seq, own.unread), (Some(3), Some(4), Some(2)));
        let start = head(&json!({"conversation": "c", "head_seq": 5, "head_rev": 2,
            "read_seq": 3}));
        assert_eq!((&*start.conversation, start.read_seq, start.unread), ("c", Some(3), None));
    }

    #[test]
    fn pages_remember_what_was_asked() {
        let (journal, recorder) = recorder();
        for (params, asked) in [
            (json!({"conversation": "c"}), Asked::Newest),
            (json!({"conversation": "c", "after": 0}), Asked::After(0)),
            (json!({"conversation": "c", "before": 9}), Asked::Before(9)),
        ] {
            let ticket = recorder.asked("messages.list", &params);
            recorder.answered(&ticket, &json!({"items": [], "has_after": false}));
            let last = lines(&journal).pop();
            assert!(matches!(last, Some(What::Page { asked: found, .. }) if found == asked));
        }
    }
}
