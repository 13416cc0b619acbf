//! I11: what was taken back does not come back, by any path.

use std::collections::BTreeMap;

use super::{
    Invariant::I11,
    Report,
    facts::{Facts, Outcome, by, message, reader},
};
use crate::journal::{Row, What};

/// By conversation and seq: when somebody was first told that the body is gone.
type Gone<'a> = BTreeMap<(&'a str, u64), u64>;

pub(super) fn check(facts: &Facts<'_>, report: &mut Report) {
    let gone = first_told(facts);
    if gone.is_empty() {
        return;
    }
    pages(facts, &gone, report);
    pushes(facts, report);
    repeats(facts, &gone, report);
    for history in facts.histories {
        let conversation = &*history.head.conversation;
        for row in history.rows.iter().filter(|row| !row.gone) {
            if gone.contains_key(&(conversation, row.seq)) {
                let story =
                    format!("{} is back in the history of {}", message(row), reader(history));
                report.add(I11, (conversation, row.seq), story);
            }
        }
    }
}

fn is_taking_back(event: &str) -> bool {
    matches!(event, "message.recalled" | "message.deleted")
}

fn first_told<'a>(facts: &Facts<'a>) -> Gone<'a> {
    let mut gone = Gone::new();
    for entry in facts.entries {
        let mut tell = |conversation, seq| {
            gone.entry((conversation, seq)).or_insert(entry.at_us);
        };
        match &entry.what {
            What::Change { conversation, event, target: Some(seq), .. }
                if is_taking_back(event) =>
            {
                tell(&**conversation, *seq);
            }
            What::Page { conversation, rows, .. } => {
                rows.iter().filter(|row| row.gone).for_each(|row| tell(&**conversation, row.seq));
            }
            _ => {}
        }
    }
    gone
}

fn pages(facts: &Facts<'_>, gone: &Gone<'_>, report: &mut Report) {
    for entry in facts.entries {
        let What::Page { conversation, asked_us, rows, .. } = &entry.what else { continue };
        let is_back = |row: &&Row| {
            let told_us = gone.get(&(&**conversation, row.seq));
            !row.gone && told_us.is_some_and(|told_us| told_us < asked_us)
        };
        for row in rows.iter().filter(is_back) {
            let story = format!("{} read {}, which was gone", by(&entry.who), message(row));
            report.add(I11, (&**conversation, row.seq), story);
        }
    }
}

/// Pushes of other connections may be on their way still.
fn pushes(facts: &Facts<'_>, report: &mut Report) {
    let mut told: BTreeMap<(u32, &str, u64), ()> = BTreeMap::new();
    for entry in facts.entries {
        let connection = entry.who.connection;
        match &entry.what {
            What::Change { conversation, event, target: Some(seq), .. }
                if is_taking_back(event) =>
            {
                told.insert((connection, conversation, *seq), ());
            }
            What::Push { conversation, row, .. }
                if !row.gone && told.contains_key(&(connection, conversation, row.seq)) =>
            {
                let who = by(&entry.who);
                let story = format!("{who} was pushed {} after it was gone", message(row));
                report.add(I11, (&**conversation, row.seq), story);
            }
            _ => {}
        }
    }
}

/// A repeat of its send finds the tombstone.
fn repeats(facts: &Facts<'_>, gone: &Gone<'_>, report: &mut Report) {
    for (key, send) in &facts.sends {
        for attempt in &send.attempts {
            let Outcome::Acked { row, .. } = attempt.outcome else { continue };
            let told_us = gone.get(&(key.conversation, row.seq));
            if !row.gone && told_us.is_some_and(|told_us| *told_us < attempt.start_us) {
                let story = format!("a repeat was answered with {}, which was gone", message(row));
                report.add(I11, (key.conversation, row.seq), story);
            }
        }
    }
}
