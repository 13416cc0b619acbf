//! I9: nothing after a removal reaches the removed member, by any path.

use std::collections::{BTreeMap, HashSet};

use super::{
    Invariant::I9,
    Report,
    facts::{Facts, Key, Stay, by, key, message},
};
use crate::journal::{Row, What};

pub(super) fn check(facts: &Facts<'_>, report: &mut Report) {
    whispers(facts, report);
    let left: BTreeMap<(&str, &str), Vec<Gone>> = facts
        .stays
        .iter()
        .filter_map(|(&at, stays)| {
            let gone: Vec<Gone> = stays
                .iter()
                .filter(|stay| stay.gone_from_us < u64::MAX)
                .map(|stay| Gone::new(facts, at, stay))
                .collect();
            (!gone.is_empty()).then_some((at, gone))
        })
        .collect();
    for entry in facts.entries {
        let Some(conversation) = conversation(&entry.what) else { continue };
        let Some(gone) = left.get(&(conversation, &*entry.who.user)) else { continue };
        let who = by(&entry.who);
        for gone in gone.iter().filter(|g| g.from_us <= entry.at_us && entry.at_us < g.until_us) {
            let (seq, trouble) = match &entry.what {
                What::Push { row, members_rev, .. } => {
                    let aware = members_rev.zip(gone.rev).is_some_and(|(had, rev)| had >= rev);
                    let late = aware || gone.is_later(facts, conversation, row);
                    (row.seq, late.then(|| format!("was pushed {}", message(row))))
                }
                What::Skip { seq, .. } => {
                    let late = gone.first_seq.is_some_and(|first| *seq >= first);
                    (*seq, late.then(|| "was told of a message".to_owned()))
                }
                What::Change { rev, event, .. } => {
                    let late = gone.rev.is_some_and(|removal| *rev > removal);
                    (*rev, late.then(|| format!("was told of {event}")))
                }
                What::Page { asked_us, rows, .. } if *asked_us >= gone.from_us => {
                    (0, Some(format!("read a page of {} messages", rows.len())))
                }
                What::Seen { asked_us, head, .. } if *asked_us >= gone.from_us => {
                    (head.head_seq, Some("was told the head".to_owned()))
                }
                What::Ack { row, .. } if gone.is_later(facts, conversation, row) => {
                    (row.seq, Some(format!("could send {}", message(row))))
                }
                _ => continue,
            };
            if let Some(trouble) = trouble {
                report.add(
                    I9,
                    (conversation, seq),
                    format!("{who} had been removed and {trouble}"),
                );
            }
        }
    }
}

/// Typing has no number, so it is judged by what the same connection was told before: nobody hears
/// who writes in a conversation behind their own removal, or where they never were.
fn whispers<'a>(facts: &Facts<'a>, report: &mut Report) {
    let known: HashSet<&str> = facts.stays.keys().map(|(conversation, _)| *conversation).collect();
    let mut removed: HashSet<(u32, &'a str)> = HashSet::new();
    for entry in facts.entries {
        let user = &*entry.who.user;
        match &entry.what {
            What::Change { conversation, event, users, .. }
                if users.iter().any(|named| **named == *user) =>
            {
                let place = (entry.who.connection, &**conversation);
                match &**event {
                    "member.removed" => drop(removed.insert(place)),
                    "member.added" => drop(removed.remove(&place)),
                    _ => {}
                }
            }
            What::Typing { conversation, user: typist } => {
                let is_stranger = known.contains(&**conversation)
                    && !facts.stays.contains_key(&(&**conversation, user));
                let is_removed = removed.contains(&(entry.who.connection, &**conversation));
                if is_stranger || is_removed {
                    let who = by(&entry.who);
                    let story = format!("{who} is no member and heard that {typist} writes");
                    report.add(I9, (&**conversation, None), story);
                }
            }
            _ => {}
        }
    }
}

fn conversation(what: &What) -> Option<&str> {
    match what {
        What::Push { conversation, .. }
        | What::Skip { conversation, .. }
        | What::Change { conversation, .. }
        | What::Ack { conversation, .. }
        | What::Page { conversation, .. } => Some(conversation),
        What::Seen { head, .. } => Some(&head.conversation),
        _ => None,
    }
}

/// One time outside.
struct Gone {
    from_us: u64,
    until_us: u64,
    /// The first seq that is certainly later than the removal.
    first_seq: Option<u64>,
    /// The rev of the removal, where somebody was told of it.
    rev: Option<u64>,
}

impl Gone {
    fn new(facts: &Facts<'_>, (conversation, user): (&str, &str), stay: &Stay) -> Self {
        let (from_us, until_us) = (stay.gone_from_us, stay.back_from_us);
        let later = facts
            .sends
            .iter()
            .filter(|(key, send)| key.conversation == conversation && send.start_us() >= from_us);
        let first_seq = later.filter_map(|(_, send)| Some(send.first_ack()?.2.seq)).min();
        let during = |told_us: u64| stay.sure_until_us <= told_us && told_us < until_us;
        let rev = facts
            .removal_revs
            .iter()
            .filter(|(place, whose, told_us, _)| {
                *place == conversation && *whose == user && during(*told_us)
            })
            .map(|(.., rev)| *rev)
            .min();
        Self { from_us, until_us, first_seq, rev }
    }

    /// Whether the message was sent after the removal had been acknowledged.
    fn is_later(&self, facts: &Facts<'_>, conversation: &str, row: &Row) -> bool {
        let began = |key: Key<'_>| facts.sends.get(&key).map(|send| send.start_us());
        let sent_later =
            key(conversation, row).and_then(began).is_some_and(|start_us| start_us >= self.from_us);
        sent_later || self.first_seq.is_some_and(|first| row.seq >= first)
    }
}
