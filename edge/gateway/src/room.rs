//! What the hub remembers of a conversation that somebody here listens to.

use std::{collections::BTreeMap, sync::Arc};

use hoopoe_kernel::Uid;
use hoopoe_log::{AudienceChange, Logged, LoggedChange};

use crate::{hub::Online, outbox::Outbox};

/// The order in which something arrived, seen from what was delivered before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// The next one.
    Next,
    /// Delivered before.
    Old,
    /// It happened before the first that was delivered, and was told after it.
    Late,
    /// Something in front of it is missing.
    Early,
}

/// Who hears of a conversation, as of a change of its members.
pub(crate) struct Audience {
    pub(crate) members_rev: i64,
    pub(crate) uids: Vec<Uid>,
    /// All of them may read the messages from here on. A change of an older one is not everybody's.
    pub(crate) shared_from: i64,
}

pub(crate) struct Room {
    pub(crate) audience: Audience,
    /// First and last delivered, once anything was.
    seqs: Option<(i64, i64)>,
    revs: Option<(i64, i64)>,
    /// What came early, by (is a change, number).
    pub(crate) early: BTreeMap<(bool, i64), Logged>,
    outboxes: Vec<Arc<Outbox>>,
    generation: Option<u64>,
}

impl Room {
    pub(crate) fn new(audience: Audience) -> Self {
        Self {
            audience,
            seqs: None,
            revs: None,
            early: BTreeMap::new(),
            outboxes: Vec::new(),
            generation: None,
        }
    }

    pub(crate) fn set_audience(&mut self, audience: Audience) {
        self.audience = audience;
        self.generation = None;
    }

    /// Follows a change of members. `false`: what was before it is not known, load it anew.
    pub(crate) fn follow(&mut self, change: &LoggedChange, joined: &[Uid], left: &[Uid]) -> bool {
        if self.audience.members_rev >= change.rev {
            return true;
        }
        if self.audience.members_rev != change.members_rev_before {
            return false;
        }
        self.audience.uids.retain(|uid| !left.contains(uid));
        self.audience.uids.extend_from_slice(joined);
        if !joined.is_empty() && change.members_rev_before > 0 {
            // Whatever the past is to them, they read what comes after their joining.
            self.audience.shared_from = self.audience.shared_from.max(change.at_seq + 1);
        }
        self.audience.members_rev = change.rev;
        self.generation = None;
        true
    }

    /// Judges something by its numbers.
    pub(crate) fn arrival(&self, logged: &Logged) -> Arrival {
        let (delivered, number) = match logged {
            Logged::Message(message) => (self.seqs, message.seq),
            Logged::Change(change) => (self.revs, change.rev),
        };
        match delivered {
            Some((first, _)) if number < first => Arrival::Late,
            Some((_, last)) if number <= last => Arrival::Old,
            Some((_, last)) if number > last + 1 => Arrival::Early,
            // A change of a message that has not been told yet: what it said must not come after
            // it was taken back.
            _ if targets_beyond(logged, self.seqs) => Arrival::Early,
            // The change of members that it comes after has not been told yet.
            _ if !changes_members(logged) && logged.members_rev() > self.audience.members_rev => {
                Arrival::Early
            }
            _ => Arrival::Next,
        }
    }

    /// Notes that it is delivered.
    pub(crate) fn passed(&mut self, logged: &Logged) {
        let (delivered, number) = match logged {
            Logged::Message(message) => (&mut self.seqs, message.seq),
            Logged::Change(change) => (&mut self.revs, change.rev),
        };
        let (first, last) = delivered.unwrap_or((number, number));
        *delivered = Some((first.min(number), last.max(number)));
    }

    /// Keeps what came early.
    pub(crate) fn keep(&mut self, logged: Logged) {
        let key = match &logged {
            Logged::Message(message) => (false, message.seq),
            Logged::Change(change) => (true, change.rev),
        };
        self.early.insert(key, logged);
    }

    /// The log was read from the position on: what it lacks in front of its first rows (trimmed
    /// ones) never comes. Waiting for it would mean reading the log again and again.
    pub(crate) fn pass_over_gap(&mut self, found: &[Logged]) {
        let first = |rev: bool| {
            found.iter().find_map(|logged| match logged {
                Logged::Message(message) if !rev => Some(message.seq - 1),
                Logged::Change(change) if rev => Some(change.rev - 1),
                _ => None,
            })
        };
        for (delivered, before) in [(&mut self.seqs, first(false)), (&mut self.revs, first(true))] {
            if let (Some((_, last)), Some(before)) = (delivered, before) {
                *last = (*last).max(before);
            }
        }
    }

    /// What was delivered last: seq, `None` before the first, and rev. Before the first change that
    /// is the one that the audience is of.
    pub(crate) fn position(&self) -> (Option<i64>, i64) {
        let rev = self.revs.map_or(self.audience.members_rev, |(_, last)| last);
        (self.seqs.map(|(_, last)| last), rev)
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

/// Whether it changes a message that is newer than the last one that was delivered.
fn targets_beyond(logged: &Logged, seqs: Option<(i64, i64)>) -> bool {
    let Logged::Change(LoggedChange { target_seq: Some(target), .. }) = logged else {
        return false;
    };
    seqs.is_some_and(|(_, last)| *target > last)
}

fn changes_members(logged: &Logged) -> bool {
    matches!(logged, Logged::Change(LoggedChange { audience: AudienceChange::Members { .. }, .. }))
}
