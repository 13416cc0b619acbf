//! An engine, clocks that are moved by hand, and everything that it said.

use std::{collections::VecDeque, time::Duration};

use hoopoe_sdk::{
    Event, Status,
    core::{Config, Delivery, Engine, Image, Item, Now, OutboxUpdate, Output},
    wire::{
        ConversationId, Metadata, codes,
        messages::{SendKind, SendRequest},
    },
};
use serde_json::{Value, json};

use crate::server::digest;

pub(crate) const ANN: &str = "ann";

pub(crate) fn conversation(number: u8) -> ConversationId {
    ConversationId([number; 16])
}

pub(crate) struct Rig {
    pub(crate) engine: Engine,
    pub(crate) now: Now,
    pub(crate) frames: VecDeque<Value>,
    pub(crate) events: Vec<Event>,
    pub(crate) statuses: Vec<Status>,
    pub(crate) replies: Vec<(u64, Result<String, String>)>,
    pub(crate) kept: Image,
    pub(crate) tokens_asked: usize,
    pub(crate) dials: usize,
    pub(crate) hangups: usize,
}

impl Rig {
    pub(crate) fn new(image: Image) -> Self {
        let now = Now { mono: Duration::ZERO, wall_ms: 1_795_000_000_000 };
        Self::at(image, now)
    }

    pub(crate) fn at(image: Image, now: Now) -> Self {
        let engine = Engine::new(Config { device: None, seed: 7 }, image.clone(), now);
        let mut rig = Self {
            engine,
            now,
            frames: VecDeque::new(),
            events: Vec::new(),
            statuses: Vec::new(),
            replies: Vec::new(),
            kept: image,
            tokens_asked: 0,
            dials: 0,
            hangups: 0,
        };
        rig.engine.start(now);
        rig.pump();
        rig
    }

    /// Takes everything that the engine says.
    pub(crate) fn pump(&mut self) {
        self.take_outputs();
        while let Some(event) = self.engine.poll_event() {
            self.events.push(event);
        }
        self.take_outputs();
    }

    pub(crate) fn take_outputs(&mut self) {
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::NeedToken => self.tokens_asked += 1,
                Output::Dial => self.dials += 1,
                Output::Frame(text) => self.frames.push_back(serde_json::from_str(&text).unwrap()),
                Output::Hangup => {
                    self.hangups += 1;
                    self.frames.clear();
                }
                Output::Status(status) => self.statuses.push(status),
                Output::Keep(record) => self.kept.apply(record),
                Output::Settled(_) => {}
                Output::Reply(tag, outcome) => {
                    self.replies.push((tag, outcome.map_err(|error| error.to_string())));
                }
            }
        }
    }

    pub(crate) fn frame(&mut self) -> Value {
        self.frames.pop_front().expect("the engine sent a frame")
    }

    /// The next frame, which is this command: its id and params.
    pub(crate) fn asked(&mut self, method: &str) -> (u64, Value) {
        let frame = self.frame();
        assert_eq!(frame["method"], method, "{frame}");
        (frame["id"].as_u64().unwrap(), frame["params"].clone())
    }

    pub(crate) fn token(&mut self, token: &str) {
        self.engine.handle_token(Ok(token.to_owned()), self.now);
        self.pump();
    }

    pub(crate) fn dialed(&mut self) {
        self.engine.handle_dialed(self.now);
        self.pump();
    }

    pub(crate) fn hear(&mut self, frame: Value) {
        self.engine.handle_frame(&frame.to_string(), self.now);
        self.pump();
    }

    pub(crate) fn reply(&mut self, id: u64, result: Value) {
        self.hear(json!({"id": id, "result": result}));
    }

    pub(crate) fn refuse(&mut self, id: u64, code: &str) {
        self.hear(json!({"id": id, "error": problem(code)}));
    }

    pub(crate) fn close(&mut self, code: Option<u16>) {
        self.frames.clear();
        let reason = if code == Some(4503) { "{\"retry_after_ms\":1000}" } else { "" };
        self.engine.handle_closed(code, reason, self.now);
        self.pump();
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        self.now.mono += by;
        self.now.wall_ms += i64::try_from(by.as_millis()).unwrap();
        self.engine.handle_timeout(self.now);
        self.pump();
    }

    /// Moves the time to where the engine wants to be woken.
    pub(crate) fn wake(&mut self) -> Duration {
        let at = self.engine.poll_timeout().expect("the engine waits for something");
        let by = at.saturating_sub(self.now.mono);
        self.advance(by);
        by
    }

    /// From nothing to a session with these heads, of epoch 1: (conversation, seq, rev).
    pub(crate) fn start(&mut self, heads: &[(ConversationId, i64, i64)]) {
        self.token("ut_1");
        self.dialed();
        let (id, _) = self.asked("session.start");
        self.reply(id, started(1, heads));
    }

    /// From a lost line to the next session.
    pub(crate) fn resume(&mut self, epoch: i64, heads: &[(ConversationId, i64, i64)]) {
        while self.dials == 0 || !matches!(self.statuses.last(), Some(Status::Connecting)) {
            self.wake();
        }
        self.dialed();
        let (id, params) = self.asked("session.start");
        assert_eq!(params["cursor"], "c1", "{params}");
        self.reply(id, started(epoch, heads));
    }

    pub(crate) fn send(&mut self, to: ConversationId, client_id: &str) {
        let item = item(to, client_id, self.now.wall_ms);
        self.kept.apply(hoopoe_sdk::core::Record::Queued(item.clone()));
        self.engine.handle_send(item, self.now);
        self.pump();
    }

    /// The `seq` of each message that the app was told of a conversation.
    pub(crate) fn told(&self, of: ConversationId) -> Vec<i64> {
        let told = |event: &Event| match event {
            Event::Message(message) if message.conversation == of => Some(message.seq),
            _ => None,
        };
        self.events.iter().filter_map(told).collect()
    }

    /// How each send stands that the app was told of: client id and state, in order.
    pub(crate) fn deliveries(&self) -> Vec<(String, String)> {
        let told = |event: &Event| match event {
            Event::Outbox(OutboxUpdate { request, delivery }) => {
                let state = match delivery {
                    Delivery::Pending => "pending".to_owned(),
                    Delivery::Sent { seq } => format!("sent {}", seq.unwrap()),
                    Delivery::Failed(failure) => format!("{failure:?}"),
                };
                Some((request.client_id.clone(), state))
            }
            _ => None,
        };
        self.events.iter().filter_map(told).collect()
    }

    pub(crate) fn last_status(&self) -> &Status {
        self.statuses.last().unwrap()
    }
}

pub(crate) fn item(to: ConversationId, client_id: &str, queued_at_ms: i64) -> Item {
    let request = SendRequest {
        conversation: to,
        client_id: client_id.to_owned(),
        kind: SendKind::Text,
        text: Some(format!("text of {client_id}")),
        reply_to: None,
        mentions: Vec::new(),
        metadata: Metadata::new(),
    };
    Item { request, queued_at_ms }
}

pub(crate) fn started(epoch: i64, heads: &[(ConversationId, i64, i64)]) -> Value {
    let items: Vec<Value> = heads
        .iter()
        .map(|(c, seq, rev)| {
            json!({"conversation": c, "head_seq": seq, "head_rev": rev, "read_seq": 0})
        })
        .collect();
    json!({"user": ANN, "session": "ses_0000000000000000000001", "epoch": epoch, "cursor": "c1",
        "heads": items, "digest": digest(heads), "more": false, "capabilities": []})
}

pub(crate) fn problem(code: &str) -> Value {
    let row = codes::find(code).unwrap();
    json!({"type": "x", "title": row.title, "status": row.status, "code": row.code,
        "request_id": "req_0000000000000000000001", "retryable": row.retryable})
}

pub(crate) fn message(of: ConversationId, seq: i64, sender: &str, client_id: &str) -> Value {
    json!({"conversation": of, "seq": seq, "client_id": client_id, "sender": sender,
        "kind": "text", "text": format!("text of {client_id}"),
        "created_at": "2026-11-23T05:30:09.123Z", "of_later": {"x": 1}})
}

pub(crate) fn created(of: ConversationId, seq: i64, sender: &str, client_id: &str) -> Value {
    json!({"event": "message.created", "conversation": of, "seq": seq, "members_rev": 1,
        "data": message(of, seq, sender, client_id)})
}

pub(crate) fn page(of: ConversationId, seqs: std::ops::RangeInclusive<i64>, more: bool) -> Value {
    let before = *seqs.start() > 1;
    let items: Vec<Value> = seqs.map(|seq| message(of, seq, "bob", &format!("b{seq}"))).collect();
    json!({"items": items, "has_before": before, "has_after": more})
}
