//! What the hub remembers of a conversation that somebody here listens to.

use std::{collections::BTreeMap, sync::Arc};

use hoopoe_kernel::Uid;
use hoopoe_log::Logged;

use crate::{hub::Online, outbox::Outbox};

/// The order in which something arrived, seen from what was delivered before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// The next one.
    Next,
    /// Delivered before.
    Old,
    /// Something in between is missing.
    Early,
}

/// Who hears of a conversation, as of a change of its members.
pub(crate) struct Audience {
    pub(crate) members_rev: i64,
    pub(crate) uids: Vec<Uid>,
}

pub(crate) struct Room {
    pub(crate) audience: Audience,
    /// The last delivered, once anything was.
    seq: Option<i64>,
    rev: Option<i64>,
    /// What came early, by (is a change, number).
    pub(crate) early: BTreeMap<(bool, i64), Logged>,
    outboxes: Vec<Arc<Outbox>>,
    generation: Option<u64>,
}

impl Room {
    pub(crate) fn new(audience: Audience) -> Self {
        Self {
            audience,
            seq: None,
            rev: None,
            early: BTreeMap::new(),
            outboxes: Vec::new(),
            generation: None,
        }
    }

    pub(crate) fn set_audience(&mut self, audience: Audience) {
        self.audience = audience;
        self.generation = None;
    }

    /// Judges something by its number.
    pub(crate) fn arrival(&self, logged: &Logged) -> Arrival {
        let (last, number) = match logged {
            Logged::Message(message) => (self.seq, message.seq),
            Logged::Change(change) => (self.rev, change.rev),
        };
        match last {
            Some(last) if number <= last => Arrival::Old,
            Some(last) if number > last + 1 => Arrival::Early,
            _ => Arrival::Next,
        }
    }

    /// Notes that it is delivered.
    pub(crate) fn passed(&mut self, logged: &Logged) {
        match logged {
            Logged::Message(message) => self.seq = Some(message.seq),
            Logged::Change(change) => self.rev = Some(change.rev),
        }
    }

    /// The last delivered (seq, rev); `None` before the first.
    pub(crate) fn position(&self) -> (Option<i64>, Option<i64>) {
        (self.seq, self.rev)
    }

    /// The connections of the audience, looked up anew only after somebody came or went.
    pub(crate) fn outboxes(&mut self, online: &Online) -> &[Arc<Outbox>] {
        if self.generation != Some(online.generation()) {
            self.outboxes.clear();
            for uid in &self.audience.uids {
                self.outboxes.extend_from_slice(online.of(*uid));
            }
            self.generation = Some(online.generation());
        }
        &self.outboxes
    }
}
