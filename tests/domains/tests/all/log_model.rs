//! A log that is nothing but maps and lists: what the real one is put beside.

use std::collections::{BTreeMap, BTreeSet};

use hoopoe_kernel::{AppNo, Uid};
use hoopoe_log::{
    Appended, ClientId, Head, Marks, WriteGate,
    heads::HeadOfUser,
    messages::{At, Edges},
    state::State,
};
use hoopoe_wire::{ConversationId, ErrorCode, Time, codes};

/// Whose conversations a test has, and who is a stranger to them.
pub(crate) const APP: AppNo = AppNo(7);
pub(crate) const STRANGER: AppNo = AppNo(8);
/// What a redacted body or change is.
const NOTHING: &[u8] = b"{}";

/// A stored message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) seq: i64,
    pub(crate) sender: Uid,
    pub(crate) is_redacted: bool,
    pub(crate) kind: String,
    pub(crate) client_id: Vec<u8>,
    pub(crate) at: Time,
    pub(crate) body: Vec<u8>,
}

/// A stored change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) rev: i64,
    pub(crate) at_seq: i64,
    pub(crate) members_rev: i64,
    pub(crate) kind: String,
    pub(crate) target_seq: Option<i64>,
    pub(crate) actor: Uid,
    pub(crate) at: Time,
    pub(crate) data: Vec<u8>,
}

/// What the feed tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    Message(ConversationId, i64, Message),
    Change(ConversationId, Change),
}

/// A key that makes a repeat a repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) seq: i64,
    pub(crate) hash: [u8; 16],
    pub(crate) at: Time,
}

#[derive(Debug, Clone, Copy)]
struct Span {
    to: Option<i64>,
    gate_us: i64,
}

/// A conversation.
#[derive(Debug, Clone)]
pub(crate) struct Room {
    pub(crate) app: AppNo,
    /// All that were ever appended, trimmed ones too.
    pub(crate) messages: Vec<Message>,
    pub(crate) changes: Vec<Change>,
    pub(crate) keys: BTreeMap<(Vec<u8>, Uid), Key>,
    members_rev: i64,
    floor: i64,
    at: Time,
    spans: BTreeMap<(Uid, i64), Span>,
    marks: BTreeMap<Uid, Marks>,
    uncounted: BTreeSet<(Uid, i64)>,
}

/// A message to send.
#[derive(Debug, Clone)]
pub(crate) struct Send {
    pub(crate) app: AppNo,
    pub(crate) conversation: ConversationId,
    pub(crate) uid: Uid,
    pub(crate) client_id: ClientId,
    pub(crate) content: u8,
    pub(crate) quotes: Option<i64>,
    pub(crate) is_server: bool,
}

impl Send {
    pub(crate) fn hash(&self) -> [u8; 16] {
        [self.content; 16]
    }

    pub(crate) fn body(&self) -> Vec<u8> {
        format!("{{\"content\":{}}}", self.content).into_bytes()
    }
}

/// One thing done inside a transaction. Seqs come as places, which [`place`] makes seqs of.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    Create(ConversationId),
    Open { conversation: ConversationId, uid: Uid, from: u8, gate: Gate },
    Close { conversation: ConversationId, uid: Uid },
    SetGate { conversation: ConversationId, uid: Uid, gate: Gate },
    Change { conversation: ConversationId, target: Option<u8>, members: bool, data: u8 },
    Say { conversation: ConversationId, data: u8 },
    Redact { conversation: ConversationId, seq: u8 },
    Trim { conversation: ConversationId, seq: u8 },
    Raise { conversation: ConversationId, uid: Uid, delivered: u8, read: u8, shown: u8 },
    Put { uid: Uid, kind: &'static str, key: Vec<u8>, body: u8 },
    Remove { uid: Uid, kind: &'static str, key: Vec<u8> },
}

/// Since when a member may write, as a script says it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Gate {
    Open,
    Closed,
    /// Milliseconds from now on.
    After(i64),
}

impl Gate {
    pub(crate) fn at(self, now: Time) -> WriteGate {
        match self {
            Self::Open => WriteGate::Open,
            Self::Closed => WriteGate::Closed,
            Self::After(ms) => WriteGate::After(now.plus_ms(ms)),
        }
    }

    fn us(self, now: Time) -> i64 {
        match self {
            Self::Open => 0,
            Self::Closed => i64::MAX,
            Self::After(ms) => now.plus_ms(ms).0,
        }
    }
}

/// What an act answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    Missing,
    Nothing,
    Flag(bool),
    Number(i64),
    Head(Head),
    Marks(Marks),
}

/// A seq near or before the head: 0, a message, or the one that is not there yet.
pub(crate) fn place(place: u8, head: i64) -> i64 {
    i64::from(place) % (head + 2)
}

/// A mark: every other one is where the head is.
pub(crate) fn mark(place: u8, head: i64) -> i64 {
    if place.is_multiple_of(2) { head } else { i64::from(place) % (head + 1) }
}

impl Room {
    fn new(app: AppNo, at: Time) -> Self {
        Self {
            app,
            messages: Vec::new(),
            changes: Vec::new(),
            keys: BTreeMap::new(),
            members_rev: 0,
            floor: 0,
            at,
            spans: BTreeMap::new(),
            marks: BTreeMap::new(),
            uncounted: BTreeSet::new(),
        }
    }

    pub(crate) fn seq(&self) -> i64 {
        self.messages.len() as i64
    }

    pub(crate) fn rev(&self) -> i64 {
        self.changes.len() as i64
    }

    pub(crate) fn head(&self, conversation: ConversationId) -> Head {
        Head {
            conversation,
            app: self.app,
            seq: self.seq(),
            rev: self.rev(),
            members_rev: self.members_rev,
            floor_seq: self.floor,
            at: self.at,
        }
    }

    /// What is not trimmed.
    pub(crate) fn kept(&self) -> &[Message] {
        &self.messages[self.floor as usize..]
    }

    fn open_span(&self, uid: Uid) -> Option<&Span> {
        let spans = self.spans.iter().filter(|((who, _), _)| *who == uid);
        spans.map(|(_, span)| span).find(|span| span.to.is_none())
    }

    pub(crate) fn is_member(&self, uid: Uid) -> bool {
        self.open_span(uid).is_some()
    }

    pub(crate) fn members(&self) -> Vec<Uid> {
        let open = self.spans.iter().filter(|(_, span)| span.to.is_none());
        open.map(|((uid, _), _)| *uid).collect()
    }

    pub(crate) fn may_read(&self, uid: Uid, seq: i64) -> bool {
        let mut spans = self.spans.iter().filter(|((who, _), _)| *who == uid);
        spans.any(|((_, from), span)| *from <= seq && span.to.is_none_or(|to| seq <= to))
    }

    /// Whether there is anything to read, now or when it is said.
    pub(crate) fn may_read_anything(&self, uid: Uid) -> bool {
        (1..=self.seq() + 1).any(|seq| self.may_read(uid, seq))
    }

    pub(crate) fn marks(&self, uid: Uid) -> Marks {
        self.marks.get(&uid).copied().unwrap_or_default()
    }

    pub(crate) fn unread(&self, uid: Uid) -> i64 {
        let counts = |seq: &i64| {
            !self.uncounted.contains(&(uid, *seq)) && !self.uncounted.contains(&(Uid::NONE, *seq))
        };
        (self.marks(uid).read_seq + 1..=self.seq()).filter(counts).count() as i64
    }

    pub(crate) fn page(&self, uid: Uid, at: At, limit: usize) -> (Vec<Message>, Edges) {
        let readable: Vec<i64> =
            (self.floor + 1..=self.seq()).filter(|seq| self.may_read(uid, *seq)).collect();
        let split = |seq: i64| readable.partition_point(|one| *one < seq);
        let (from, to) = match at {
            At::Newest => (readable.len().saturating_sub(limit), readable.len()),
            At::Before(seq) => (split(seq).saturating_sub(limit), split(seq)),
            At::After(seq) => {
                let from = readable.partition_point(|one| *one <= seq);
                (from, readable.len().min(from + limit))
            }
            At::Around(seq) => {
                let (before, after) = (split(seq), readable.len() - split(seq));
                let newer = after.min(limit.div_ceil(2));
                let older = before.min(limit - newer);
                let newer = after.min(limit - older);
                (before - older, before + newer)
            }
        };
        if from == to {
            return (Vec::new(), Edges::default());
        }
        let rows = readable[from..to].iter().map(|seq| self.messages[*seq as usize - 1].clone());
        let edges = Edges { has_before: from > 0, has_after: to < readable.len() };
        (rows.collect(), edges)
    }

    fn push(&mut self, message: Message) -> Told {
        self.at = message.at;
        self.messages.push(message.clone());
        Told::Message(ConversationId::NONE, self.members_rev, message)
    }

    fn refusal(&self, send: &Send, now: Time) -> Option<&'static ErrorCode> {
        if !send.is_server {
            match self.open_span(send.uid) {
                None => return Some(&codes::CONVERSATION_NOT_FOUND),
                Some(span) if span.gate_us > now.0 => return Some(&codes::MESSAGE_FORBIDDEN),
                Some(_) => {}
            }
        }
        let may_quote = |seq: i64| {
            (self.floor + 1..=self.seq()).contains(&seq)
                && (send.is_server || self.may_read(send.uid, seq))
        };
        send.quotes.is_some_and(|seq| !may_quote(seq)).then_some(&codes::INVALID)
    }

    /// Who has read all before has read their own message too; else it just does not count.
    fn count_own(&mut self, uid: Uid, seq: i64) {
        if !self.is_member(uid) {
            return;
        }
        let marks = self.marks.entry(uid).or_default();
        if marks.read_seq >= seq - 1 {
            marks.read_seq = seq;
        } else {
            self.uncounted.insert((uid, seq));
        }
    }
}

/// The whole log.
#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    pub(crate) rooms: BTreeMap<ConversationId, Room>,
    pub(crate) now: Time,
    states: BTreeMap<Uid, BTreeMap<(String, Vec<u8>), State>>,
    state_revs: BTreeMap<Uid, i64>,
}

impl Model {
    /// An empty log.
    pub(crate) fn at(now: Time) -> Self {
        Self { now, ..Self::default() }
    }

    fn room(&self, app: AppNo, conversation: ConversationId) -> Option<&Room> {
        self.rooms.get(&conversation).filter(|room| room.app == app)
    }

    /// A message through the append port.
    pub(crate) fn append(&mut self, send: &Send) -> Result<(Appended, Option<Told>), &'static str> {
        let now = self.now;
        let room = self.rooms.get_mut(&send.conversation).filter(|room| room.app == send.app);
        let room = room.ok_or(codes::CONVERSATION_NOT_FOUND.code)?;
        let members_rev = room.members_rev;
        let key = (send.client_id.as_bytes().to_owned(), send.uid);
        if let Some(held) = room.keys.get(&key) {
            if held.hash == send.hash() {
                let Key { seq, at, .. } = *held;
                return Ok((Appended { seq, at, members_rev, is_repeat: true }, None));
            }
            let refusal = room.refusal(send, now).unwrap_or(&codes::CLIENT_ID_CONFLICT);
            return Err(refusal.code);
        }
        if let Some(code) = room.refusal(send, now) {
            return Err(code.code);
        }
        let seq = room.seq() + 1;
        room.keys.insert(key, Key { seq, hash: send.hash(), at: now });
        let told = room.push(Message {
            seq,
            sender: send.uid,
            is_redacted: false,
            kind: "text".into(),
            client_id: send.client_id.as_bytes().to_owned(),
            at: now,
            body: send.body(),
        });
        room.count_own(send.uid, seq);
        let appended = Appended { seq, at: now, members_rev, is_repeat: false };
        Ok((appended, Some(told.of(send.conversation))))
    }

    /// A whole transaction that is committed: its answers and what the feed tells of it. A code:
    /// it is not, and nothing has happened.
    pub(crate) fn transact(
        &mut self,
        app: AppNo,
        acts: &[Act],
    ) -> Result<(Vec<Answer>, Vec<Told>), &'static str> {
        let before = self.clone();
        let mut told = Vec::new();
        let answers: Result<Vec<Answer>, &'static str> =
            acts.iter().map(|act| self.act(app, act, &mut told)).collect();
        if answers.is_err() {
            *self = before;
        }
        Ok((answers?, told))
    }

    fn act(&mut self, app: AppNo, act: &Act, told: &mut Vec<Told>) -> Result<Answer, &'static str> {
        match act {
            Act::Create(conversation) => {
                let now = self.now;
                let is_new = !self.rooms.contains_key(conversation);
                self.rooms.entry(*conversation).or_insert_with(|| Room::new(app, now));
                Ok(Answer::Flag(is_new))
            }
            Act::Put { uid, kind, key, body } => {
                let rev = self.put_state(*uid, kind, key, Some(*body));
                Ok(Answer::Number(rev))
            }
            Act::Remove { uid, kind, key } => {
                let held = self.state(*uid, kind, key).is_some_and(|state| !state.is_removed);
                if held {
                    self.put_state(*uid, kind, key, None);
                }
                Ok(Answer::Flag(held))
            }
            _ => self.act_in_room(app, act, told),
        }
    }

    fn act_in_room(
        &mut self,
        app: AppNo,
        act: &Act,
        told: &mut Vec<Told>,
    ) -> Result<Answer, &'static str> {
        let (now, conversation) = (self.now, act.conversation());
        let room = self.rooms.get_mut(&conversation).filter(|room| room.app == app);
        let Some(room) = room else { return Ok(Answer::Missing) };
        let head = room.seq();
        Ok(match *act {
            Act::Open { uid, from, gate, .. } => {
                if room.is_member(uid) {
                    return Ok(Answer::Flag(false));
                }
                let span = Span { to: None, gate_us: gate.us(now) };
                room.spans.insert((uid, place(from, head).max(1)), span);
                Answer::Flag(true)
            }
            Act::Close { uid, .. } => {
                let open = room.spans.iter_mut().filter(|((who, _), _)| *who == uid);
                let ended = open.filter(|(_, span)| span.to.is_none()).map(|(_, span)| {
                    span.to = Some(head);
                });
                Answer::Flag(ended.count() > 0)
            }
            Act::SetGate { uid, gate, .. } => {
                let open = room.spans.iter_mut().filter(|((who, _), _)| *who == uid);
                open.filter(|(_, span)| span.to.is_none())
                    .for_each(|(_, span)| span.gate_us = gate.us(now));
                Answer::Nothing
            }
            Act::Change { target, members, data, .. } => {
                let target_seq = target.map(|target| place(target, head));
                told.push(room.change(target_seq, members, data, now).of(conversation));
                Answer::Head(room.head(conversation))
            }
            Act::Say { data, .. } => {
                told.push(room.say(data, now).of(conversation));
                Answer::Head(room.head(conversation))
            }
            Act::Redact { seq, .. } => Answer::Flag(room.redact(place(seq, head))),
            Act::Trim { seq, .. } => Answer::Number(room.trim(place(seq, head))),
            Act::Raise { uid, delivered, read, shown, .. } => {
                let wanted = [delivered, read, shown].map(|place| mark(place, head));
                Answer::Marks(room.raise(uid, wanted))
            }
            Act::Create(_) | Act::Put { .. } | Act::Remove { .. } => Answer::Nothing,
        })
    }

    fn put_state(&mut self, uid: Uid, kind: &str, key: &[u8], body: Option<u8>) -> i64 {
        let rev = self.state_revs.entry(uid).or_default();
        *rev += 1;
        let state = State {
            kind: kind.to_owned(),
            key: key.to_owned(),
            rev: *rev,
            is_removed: body.is_none(),
            body: body.map_or_else(Vec::new, body_of),
        };
        self.states.entry(uid).or_default().insert((kind.to_owned(), key.to_owned()), state);
        *rev
    }

    pub(crate) fn state(&self, uid: Uid, kind: &str, key: &[u8]) -> Option<&State> {
        self.states.get(&uid)?.get(&(kind.to_owned(), key.to_owned()))
    }

    pub(crate) fn state_rev(&self, uid: Uid) -> i64 {
        self.state_revs.get(&uid).copied().unwrap_or(0)
    }

    pub(crate) fn states_after(&self, uid: Uid, rev: i64, limit: usize) -> Vec<State> {
        let mut states: Vec<State> =
            self.states.get(&uid).into_iter().flat_map(BTreeMap::values).cloned().collect();
        states.retain(|state| state.rev > rev);
        states.sort_unstable_by_key(|state| state.rev);
        states.truncate(limit);
        states
    }

    /// The conversations of somebody's list, newest first.
    pub(crate) fn heads_of(
        &self,
        uid: Uid,
        since: Option<Time>,
        after: Option<(Time, ConversationId)>,
        limit: usize,
    ) -> Vec<HeadOfUser> {
        let is_listed = |conversation: &ConversationId| {
            let state = self.state(uid, "membership", &conversation.0);
            state.is_some_and(|state| !state.is_removed)
        };
        let listed = self.rooms.iter().filter(|(conversation, _)| is_listed(conversation));
        let mut found: Vec<HeadOfUser> = listed
            .map(|(conversation, room)| HeadOfUser {
                head: room.head(*conversation),
                marks: room.marks(uid),
                unread: room.unread(uid),
            })
            .filter(|one| since.is_none_or(|since| one.head.at >= since))
            .filter(|one| after.is_none_or(|after| (one.head.at, one.head.conversation) < after))
            .collect();
        found.sort_by_key(|one| std::cmp::Reverse((one.head.at, one.head.conversation)));
        found.truncate(limit);
        found
    }

    pub(crate) fn changes_after(
        &self,
        app: AppNo,
        conversation: ConversationId,
        rev: i64,
        limit: usize,
    ) -> Vec<Change> {
        let changes = self.room(app, conversation).into_iter().flat_map(|room| &room.changes);
        changes.filter(|change| change.rev > rev).take(limit).cloned().collect()
    }
}

impl Room {
    fn change(&mut self, target_seq: Option<i64>, members: bool, data: u8, now: Time) -> Told {
        let rev = self.rev() + 1;
        if members {
            self.members_rev = rev;
        }
        self.at = now;
        let change = Change {
            rev,
            at_seq: self.seq(),
            members_rev: self.members_rev,
            kind: if members { "members.changed" } else { "message.edited" }.into(),
            target_seq,
            actor: Uid(i64::from(data)),
            at: now,
            data: body_of(data),
        };
        self.changes.push(change.clone());
        Told::Change(ConversationId::NONE, change)
    }

    fn say(&mut self, data: u8, now: Time) -> Told {
        self.push(Message {
            seq: self.seq() + 1,
            sender: Uid::NONE,
            is_redacted: false,
            kind: "system".into(),
            client_id: notice_id(data).as_bytes().to_owned(),
            at: now,
            body: body_of(data),
        })
    }

    fn redact(&mut self, seq: i64) -> bool {
        if seq <= self.floor || seq > self.seq() || self.messages[seq as usize - 1].is_redacted {
            return false;
        }
        let message = &mut self.messages[seq as usize - 1];
        message.is_redacted = true;
        message.body = NOTHING.to_owned();
        for change in self.changes.iter_mut().filter(|change| change.target_seq == Some(seq)) {
            change.data = NOTHING.to_owned();
        }
        self.uncounted.insert((Uid::NONE, seq));
        true
    }

    fn trim(&mut self, seq: i64) -> i64 {
        if seq <= self.floor || seq > self.seq() {
            return 0;
        }
        for change in self.changes.iter_mut().filter(|one| one.target_seq.is_some_and(|t| t <= seq))
        {
            change.data = NOTHING.to_owned();
        }
        seq - std::mem::replace(&mut self.floor, seq)
    }

    fn raise(&mut self, uid: Uid, [delivered, read, shown]: [i64; 3]) -> Marks {
        let marks = self.marks.entry(uid).or_default();
        marks.delivered_seq = marks.delivered_seq.max(delivered);
        marks.read_seq = marks.read_seq.max(read);
        marks.receipt_seq = marks.receipt_seq.max(shown);
        *marks
    }
}

impl Act {
    /// Where it happens.
    pub(crate) fn conversation(&self) -> ConversationId {
        match self {
            Self::Create(conversation)
            | Self::Open { conversation, .. }
            | Self::Close { conversation, .. }
            | Self::SetGate { conversation, .. }
            | Self::Change { conversation, .. }
            | Self::Say { conversation, .. }
            | Self::Redact { conversation, .. }
            | Self::Trim { conversation, .. }
            | Self::Raise { conversation, .. } => *conversation,
            Self::Put { .. } | Self::Remove { .. } => ConversationId::NONE,
        }
    }
}

impl Told {
    fn of(self, conversation: ConversationId) -> Self {
        match self {
            Self::Message(_, members_rev, message) => {
                Self::Message(conversation, members_rev, message)
            }
            Self::Change(_, change) => Self::Change(conversation, change),
        }
    }

    pub(crate) fn conversation(&self) -> ConversationId {
        match self {
            Self::Message(conversation, ..) | Self::Change(conversation, _) => *conversation,
        }
    }
}

/// The JSON of a number, where the content does not matter.
pub(crate) fn body_of(data: u8) -> Vec<u8> {
    format!("{{\"n\":{data}}}").into_bytes()
}

/// The client id of what the server says.
pub(crate) fn notice_id(data: u8) -> ClientId {
    ClientId::from_uuid([data; 16])
}
