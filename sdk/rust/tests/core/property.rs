//! Whatever the line does, the app is told what the server has, and each send is there once.

use std::{collections::VecDeque, time::Duration};

use hoopoe_sdk::{Event, Status, core::Image, wire::ConversationId};
use proptest::prelude::*;
use serde_json::Value;

use crate::{
    rig::{ANN, Rig, conversation},
    server::Server,
};

#[derive(Debug, Clone, Copy)]
enum Op {
    /// The app sends into one of the conversations.
    Send(u8),
    /// Somebody else does, or changes something.
    Other(u8),
    Change(u8),
    /// The server takes the next command.
    Serve,
    /// The client hears the next frame.
    Hear,
    /// An event comes twice, changes places with the next, or is lost.
    Twice(usize),
    Swap(usize),
    Lose(usize),
    /// The line breaks: everything under way in both directions is gone.
    Cut,
    /// The next sends are refused with 503.
    Refuse,
    /// The process ends, and another begins with what its store has.
    Restart,
    Wait(u16),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (0..2_u8).prop_map(Op::Send),
        4 => (0..2_u8).prop_map(Op::Other),
        2 => (0..2_u8).prop_map(Op::Change),
        8 => Just(Op::Serve),
        8 => Just(Op::Hear),
        1 => (0..8_usize).prop_map(Op::Twice),
        2 => (0..8_usize).prop_map(Op::Swap),
        1 => (0..8_usize).prop_map(Op::Lose),
        1 => Just(Op::Cut),
        1 => Just(Op::Refuse),
        1 => Just(Op::Restart),
        1 => (0..2_000_u16).prop_map(Op::Wait),
    ]
}

struct World {
    rig: Rig,
    server: Server,
    /// Frames on their way to the client.
    down: VecDeque<Value>,
    is_open: bool,
    sent: Vec<(ConversationId, String)>,
    /// What the app of this process was told, from where it began.
    began: Vec<(ConversationId, i64, i64)>,
}

impl World {
    fn new() -> Self {
        let mut server = Server::default();
        for number in 0..2 {
            server.change(conversation(number + 1));
        }
        let (rig, down) = (Rig::new(Image::default()), VecDeque::new());
        let mut world =
            Self { rig, server, down, is_open: false, sent: Vec::new(), began: Vec::new() };
        world.connect();
        world
    }

    /// Goes on until a session is started.
    fn connect(&mut self) {
        while !self.is_open {
            if self.rig.tokens_asked > 0 {
                self.rig.tokens_asked = 0;
                self.rig.token("ut_1");
            } else if matches!(self.rig.last_status(), Status::Connecting) {
                self.rig.dialed();
                let start = self.rig.frame();
                self.note_beginning();
                let (reply, _) = self.server.answer(&start);
                self.rig.hear(reply);
                self.is_open = true;
            } else {
                self.rig.wake();
            }
        }
    }

    /// The first session of a process begins at the heads; what is behind them is history.
    fn note_beginning(&mut self) {
        if self.began.is_empty() {
            let begin = |(id, log): (&ConversationId, &crate::server::Log)| {
                (*id, log.messages.len() as i64, log.changes.len() as i64)
            };
            self.began = self.server.logs.iter().map(begin).collect();
        }
    }

    fn tell(&mut self, event: Option<Value>) {
        if self.is_open {
            self.down.extend(event);
        }
    }

    fn serve(&mut self) {
        if let Some(frame) = self.rig.frames.pop_front() {
            let (reply, event) = self.server.answer(&frame);
            // The event may come before the reply.
            self.tell(event);
            self.down.push_back(reply);
        }
    }

    fn cut(&mut self) {
        self.is_open = false;
        self.down.clear();
        self.rig.close(None);
        self.connect();
    }

    fn event_at(&self, nth: usize) -> Option<usize> {
        let events = self.down.iter().enumerate().filter(|(_, frame)| frame["id"].is_null());
        events.map(|(at, _)| at).nth(nth)
    }

    fn run(&mut self, op: Op) {
        match op {
            Op::Send(number) => {
                let client_id = format!("a{}", self.sent.len());
                self.sent.push((conversation(number + 1), client_id.clone()));
                self.rig.send(conversation(number + 1), &client_id);
            }
            Op::Other(number) => {
                let client_id =
                    format!("b{}", self.server.logs[&conversation(number + 1)].messages.len());
                let (_, event) = self.server.store(conversation(number + 1), "bob", &client_id);
                self.tell(event);
            }
            Op::Change(number) => {
                let event = self.server.change(conversation(number + 1));
                self.tell(Some(event));
            }
            Op::Serve => self.serve(),
            Op::Hear => {
                if let Some(frame) = self.down.pop_front() {
                    self.rig.hear(frame);
                }
            }
            Op::Twice(nth) => {
                if let Some(at) = self.event_at(nth) {
                    let again = self.down[at].clone();
                    self.down.push_back(again);
                }
            }
            Op::Swap(nth) => {
                if let (Some(one), Some(other)) = (self.event_at(nth), self.event_at(nth + 1)) {
                    self.down.swap(one, other);
                }
            }
            Op::Lose(nth) => {
                if let Some(at) = self.event_at(nth) {
                    self.down.remove(at);
                }
            }
            Op::Cut => self.cut(),
            Op::Refuse => self.server.refusals += 2,
            Op::Restart => {
                self.check_order();
                let (kept, now) = (self.rig.kept.clone(), self.rig.now);
                self.rig = Rig::at(kept, now);
                (self.is_open, self.began) = (false, Vec::new());
                self.down.clear();
                self.connect();
            }
            Op::Wait(ms) => self.rig.advance(Duration::from_millis(ms.into())),
        }
    }

    /// Lets everything come to rest.
    fn settle(&mut self) {
        self.cut();
        for _ in 0..10_000 {
            if let Some(frame) = self.down.pop_front() {
                self.rig.hear(frame);
            } else if !self.rig.frames.is_empty() {
                self.serve();
            } else if self.rig.engine.unsent() > 0 {
                self.rig.wake();
            } else {
                return;
            }
        }
        panic!("it does not come to rest: {} unsent", self.rig.engine.unsent());
    }

    fn told(&self, of: ConversationId) -> (Vec<i64>, Vec<i64>) {
        let (mut seqs, mut revs) = (Vec::new(), Vec::new());
        for event in &self.rig.events {
            match event {
                Event::Message(message) if message.conversation == of => seqs.push(message.seq),
                Event::Change(change) if change.conversation == of => revs.push(change.rev),
                _ => {}
            }
        }
        (seqs, revs)
    }

    /// Nothing twice, nothing out of order, no hole.
    fn check_order(&self) {
        for (of, seq, rev) in &self.began {
            let (seqs, revs) = self.told(*of);
            let run =
                |from: i64, count: usize| (from + 1..=from + count as i64).collect::<Vec<_>>();
            assert_eq!(seqs, run(*seq, seqs.len()));
            assert_eq!(revs, run(*rev, revs.len()));
        }
    }

    fn check(&self) {
        self.check_order();
        for (of, seq, rev) in &self.began {
            let (seqs, revs) = self.told(*of);
            let log = &self.server.logs[of];
            assert_eq!(seqs.len() as i64 + seq, log.messages.len() as i64, "all messages");
            assert_eq!(revs.len() as i64 + rev, log.changes.len() as i64, "all changes");
            let stored: Vec<&str> = log
                .messages
                .iter()
                .filter(|message| message["sender"] == ANN)
                .map(|message| message["client_id"].as_str().unwrap())
                .collect();
            let sent: Vec<&str> =
                self.sent.iter().filter(|(to, _)| to == of).map(|(_, id)| &**id).collect();
            assert_eq!(stored, sent, "each send once, in the order of sending");
        }
        assert!(self.rig.kept.queued.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..<_>::default() })]

    #[test]
    fn every_line_leads_to_the_same_end(ops in prop::collection::vec(op(), 1..160)) {
        let mut world = World::new();
        ops.into_iter().for_each(|op| world.run(op));
        world.settle();
        world.check();
    }
}
