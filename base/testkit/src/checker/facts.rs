//! The evidence, put in the order in which the rules ask for it.

use std::collections::{BTreeMap, HashMap};

use crate::journal::{Caps, Entry, Evidence, History, Row, What, Who};

/// What names a message before it has a seq.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key<'a> {
    pub(super) conversation: &'a str,
    pub(super) sender: &'a str,
    pub(super) client_id: &'a str,
}

/// How one attempt at a send ended, as far as its client knows.
#[derive(Debug, Clone, Copy)]
pub(super) enum Outcome<'a> {
    /// The connection ended first.
    Unknown,
    Acked {
        at_us: u64,
        row: &'a Row,
    },
    Refused {
        status: u16,
        code: &'a str,
    },
}

/// One attempt at a send.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt<'a> {
    pub(super) who: &'a Who,
    /// Its line in the journal.
    pub(super) line: usize,
    pub(super) start_us: u64,
    pub(super) body: u64,
    pub(super) outcome: Outcome<'a>,
}

/// All attempts under one key, in order of time; at least one.
#[derive(Debug, Default)]
pub(super) struct Send<'a> {
    pub(super) attempts: Vec<Attempt<'a>>,
}

impl<'a> Send<'a> {
    pub(super) fn start_us(&self) -> u64 {
        self.attempts.first().map_or(0, |attempt| attempt.start_us)
    }

    pub(super) fn acks(&self) -> impl Iterator<Item = (&Attempt<'a>, u64, &'a Row)> {
        self.attempts.iter().filter_map(|attempt| match attempt.outcome {
            Outcome::Acked { at_us, row } => Some((attempt, at_us, row)),
            _ => None,
        })
    }

    /// The earliest ack: when, what was submitted, what was said to be stored.
    pub(super) fn first_ack(&self) -> Option<(&Attempt<'a>, u64, &'a Row)> {
        self.acks().min_by_key(|(_, at_us, _)| *at_us)
    }
}

/// One stay of a user in a conversation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stay {
    /// Certainly a member from then on; never where adding was not acknowledged.
    pub(super) sure_from_us: u64,
    /// Certainly a member until then.
    pub(super) sure_until_us: u64,
    /// Certainly none from then on.
    pub(super) gone_from_us: u64,
    /// Perhaps a member again from then on.
    pub(super) back_from_us: u64,
}

const NEVER: u64 = u64::MAX;

/// The evidence, indexed.
pub(super) struct Facts<'a> {
    pub(super) entries: &'a [Entry],
    pub(super) histories: &'a [History],
    pub(super) caps: Option<&'a Caps>,
    pub(super) sends: BTreeMap<Key<'a>, Send<'a>>,
    /// By conversation and user.
    pub(super) stays: BTreeMap<(&'a str, &'a str), Vec<Stay>>,
    /// The rev of each removal that somebody was told of: conversation, user, when told, rev.
    pub(super) removal_revs: Vec<(&'a str, &'a str, u64, u64)>,
}

impl<'a> Facts<'a> {
    pub(super) fn new(evidence: &'a Evidence) -> Self {
        let mut facts = Self {
            entries: &evidence.entries,
            histories: &evidence.histories,
            caps: evidence.caps.as_ref(),
            sends: BTreeMap::new(),
            stays: BTreeMap::new(),
            removal_revs: Vec::new(),
        };
        facts.index_sends();
        facts.index_stays();
        facts
    }

    fn index_sends(&mut self) {
        let mut outcomes = HashMap::new();
        for entry in self.entries {
            match &entry.what {
                What::Ack { request, row, .. } => {
                    outcomes.insert(*request, Outcome::Acked { at_us: entry.at_us, row });
                }
                What::Refused { request, status, code, .. } => {
                    outcomes.insert(*request, Outcome::Refused { status: *status, code });
                }
                _ => {}
            }
        }
        for (line, entry) in self.entries.iter().enumerate() {
            let What::SendStart { request, conversation, client_id, body } = &entry.what else {
                continue;
            };
            let key = Key { conversation, sender: &entry.who.user, client_id };
            self.sends.entry(key).or_default().attempts.push(Attempt {
                who: &entry.who,
                line,
                start_us: entry.at_us,
                body: *body,
                outcome: outcomes.get(request).copied().unwrap_or(Outcome::Unknown),
            });
        }
    }

    fn index_stays(&mut self) {
        let entries = self.entries;
        let acked: HashMap<u64, u64> = entries
            .iter()
            .filter_map(|entry| match &entry.what {
                What::AddAck { request } | What::RemoveAck { request } => {
                    Some((*request, entry.at_us))
                }
                _ => None,
            })
            .collect();
        for entry in entries {
            match &entry.what {
                What::Created { conversation, members } => {
                    members.iter().for_each(|user| self.enter(conversation, user, 0, 0));
                }
                What::AddStart { request, conversation, users } => {
                    let sure = acked.get(request).copied().unwrap_or(NEVER);
                    users.iter().for_each(|user| self.enter(conversation, user, entry.at_us, sure));
                }
                What::RemoveStart { request, conversation, users } => {
                    let gone = acked.get(request).copied().unwrap_or(NEVER);
                    users.iter().for_each(|user| self.exit(conversation, user, entry.at_us, gone));
                }
                What::Change { conversation, rev, event, users, .. }
                    if &**event == "member.removed" =>
                {
                    let told = |user| (&**conversation, user, entry.at_us, *rev);
                    self.removal_revs.extend(users.iter().map(|user| told(&**user)));
                }
                _ => {}
            }
        }
    }

    fn enter(&mut self, conversation: &'a str, user: &'a str, start_us: u64, sure_from_us: u64) {
        let stays = self.stays.entry((conversation, user)).or_default();
        if let Some(last) = stays.last_mut() {
            if last.sure_until_us == NEVER {
                return;
            }
            last.back_from_us = start_us;
        }
        stays.push(Stay {
            sure_from_us,
            sure_until_us: NEVER,
            gone_from_us: NEVER,
            back_from_us: NEVER,
        });
    }

    fn exit(&mut self, conversation: &'a str, user: &'a str, start_us: u64, gone_from_us: u64) {
        let stays = self.stays.entry((conversation, user)).or_default();
        if let Some(last) = stays.last_mut() {
            last.sure_until_us = last.sure_until_us.min(start_us);
            last.gone_from_us = last.gone_from_us.min(gone_from_us);
        }
    }

    pub(super) fn stays(&self, conversation: &'a str, user: &'a str) -> &[Stay] {
        self.stays.get(&(conversation, user)).map_or(&[], Vec::as_slice)
    }

    /// Whether the user certainly was a member during all of this time.
    pub(super) fn is_member(
        &self,
        conversation: &'a str,
        user: &'a str,
        during_us: (u64, u64),
    ) -> bool {
        let covers = |s: &Stay| s.sure_from_us <= during_us.0 && during_us.1 <= s.sure_until_us;
        self.stays(conversation, user).iter().any(covers)
    }

    /// Whether the user was a member all the time, from the first message on.
    pub(super) fn is_founder(&self, conversation: &'a str, user: &'a str) -> bool {
        self.is_member(conversation, user, (0, NEVER))
    }
}

/// The key of a stored or delivered row; none for a notice.
pub(super) fn key<'a>(conversation: &'a str, row: &'a Row) -> Option<Key<'a>> {
    let sender = row.sender.as_deref()?;
    Some(Key { conversation, sender, client_id: row.client_id.as_deref().unwrap_or_default() })
}

/// `ann's phone (connection 3)`.
pub(super) fn by(who: &Who) -> String {
    format!("{}'s {} (connection {})", who.user, who.device, who.connection)
}

/// `bob by REST`.
pub(super) fn reader(history: &History) -> String {
    format!("{} by {:?}", history.reader, history.path)
}

/// `"hello" of ann`, by client id: bodies are kept as fingerprints only.
pub(super) fn message(row: &Row) -> String {
    match (&row.sender, &row.client_id) {
        (Some(sender), Some(client_id)) => format!("`{client_id}` of {sender}"),
        (Some(sender), None) => format!("a message of {sender} without a client id"),
        (None, _) => "a notice".to_owned(),
    }
}
