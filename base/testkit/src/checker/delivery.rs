//! I1, I2, I6 and I17: what was acked is there once, and nothing else is.

use std::collections::{HashMap, HashSet};

use super::{
    Invariant::{I1, I2, I6, I17},
    Report,
    facts::{Facts, Key, Outcome, Send, key, message, reader},
};
use crate::journal::{History, Row, What};

pub(super) fn check(facts: &Facts<'_>, report: &mut Report) {
    let shelves: Vec<Shelf<'_>> = facts.histories.iter().map(Shelf::new).collect();
    for (key, send) in &facts.sends {
        repeats(*key, send, report);
        let there = shelves.iter().filter(|s| &*s.history.head.conversation == key.conversation);
        let there: Vec<&Shelf<'_>> = there.collect();
        acked_once(facts, *key, send, &there, report);
        refused_not_written(*key, send, &there, report);
    }
    phantoms(facts, report);
    retry_after(facts, report);
}

/// One history by what names its messages.
struct Shelf<'a> {
    history: &'a History,
    rows: HashMap<Key<'a>, Vec<&'a Row>>,
}

impl<'a> Shelf<'a> {
    fn new(history: &'a History) -> Self {
        let mut rows: HashMap<Key<'a>, Vec<&'a Row>> = HashMap::new();
        for row in &history.rows {
            if let Some(key) = key(&history.head.conversation, row) {
                rows.entry(key).or_default().push(row);
            }
        }
        Self { history, rows }
    }

    fn rows(&self, key: Key<'a>) -> &[&'a Row] {
        self.rows.get(&key).map_or(&[], Vec::as_slice)
    }
}

fn acked_once(
    facts: &Facts<'_>,
    key: Key<'_>,
    send: &Send<'_>,
    shelves: &[&Shelf<'_>],
    report: &mut Report,
) {
    let Key { conversation, sender, client_id } = key;
    let Some((attempt, at_us, acked)) = send.first_ack() else {
        for shelf in shelves.iter().filter(|shelf| shelf.rows(key).len() > 1) {
            let seqs = seqs(shelf.rows(key));
            let reader = reader(shelf.history);
            let story = format!(
                "unacked `{client_id}` of {sender} is stored at {seqs:?}, read by {reader}"
            );
            report.add(I2, (conversation, None), story);
        }
        return;
    };
    let place = (conversation, acked.seq);
    if shelves.is_empty() {
        let story = format!("`{client_id}` of {sender} was acked, and nobody read the history");
        report.add(I1, place, story);
    }
    for shelf in shelves {
        let reader = reader(shelf.history);
        match shelf.rows(key) {
            [] => {
                let of = &shelf.history.reader;
                if facts.is_member(conversation, of, (send.start_us(), at_us)) {
                    let story = format!(
                        "`{client_id}` of {sender} was acked and is not in the history of {reader}"
                    );
                    report.add(I1, place, story);
                }
            }
            [row] if row.is_original() && row.body != attempt.body => {
                let story = format!("`{client_id}` of {sender} reads differently for {reader}");
                report.add(I1, place, story);
            }
            [_] => {}
            rows => {
                let seqs = seqs(rows);
                let story =
                    format!("`{client_id}` of {sender} stands at {seqs:?}, read by {reader}");
                report.add(I1, place, story);
            }
        }
    }
}

fn seqs(rows: &[&Row]) -> Vec<u64> {
    rows.iter().map(|row| row.seq).collect()
}

/// I6: whatever was acked under one key is one message.
fn repeats(key: Key<'_>, send: &Send<'_>, report: &mut Report) {
    let Key { conversation, sender, client_id } = key;
    let Some((first, first_us, stored)) = send.first_ack() else { return };
    for (attempt, _, row) in send.acks() {
        let place = (conversation, row.seq);
        if row.seq != stored.seq {
            let story = format!(
                "`{client_id}` of {sender} was acked at {} and again at {}",
                stored.seq, row.seq
            );
            report.add(I6, place, story);
        }
        if attempt.body != first.body {
            let story = format!("`{client_id}` of {sender} was acked with two different contents");
            report.add(I6, place, story);
        }
        let told = (row.sender.as_deref(), row.client_id.as_deref());
        if told != (Some(sender), Some(client_id)) || row.is_original() && row.body != attempt.body
        {
            let story =
                format!("the ack of `{client_id}` of {sender} shows {} instead", message(row));
            report.add(I6, place, story);
        }
    }
    for attempt in &send.attempts {
        let Outcome::Refused { status, code } = attempt.outcome else { continue };
        let repeat = attempt.start_us > first_us && attempt.body == first.body;
        if repeat && status == 409 {
            let story = format!("a repeat of `{client_id}` of {sender} was refused with {code}");
            report.add(I6, (conversation, stored.seq), story);
        }
    }
}

/// The disk or the database failed in the middle of the commit.
const OUTCOME_UNKNOWN: &str = "server.outcome_unknown";

/// I17: when every attempt was refused, with a promise that nothing was written, nothing was.
fn refused_not_written(key: Key<'_>, send: &Send<'_>, shelves: &[&Shelf<'_>], report: &mut Report) {
    // 500 promises nothing: something broke, nobody knows where. Another code says just that.
    let clean = |outcome: &Outcome<'_>| match outcome {
        Outcome::Refused { status, code } => *status != 500 && *code != OUTCOME_UNKNOWN,
        _ => false,
    };
    if !send.attempts.iter().all(|attempt| clean(&attempt.outcome)) {
        return;
    }
    let Key { conversation, sender, client_id } = key;
    for shelf in shelves {
        for row in shelf.rows(key) {
            let reader = reader(shelf.history);
            let story =
                format!("`{client_id}` of {sender} was refused and is stored, read by {reader}");
            report.add(I17, (conversation, row.seq), story);
        }
    }
}

/// I17: who must wait is told how long.
fn retry_after(facts: &Facts<'_>, report: &mut Report) {
    for entry in facts.entries {
        if let What::Refused { status: status @ (429 | 503), code, retry_after: false, .. } =
            &entry.what
        {
            let user = &entry.who.user;
            let story = format!("{user} got {status} {code} without a time to try again");
            report.add(I17, ("", None), story);
        }
    }
}

/// I2: everything stored or delivered was sent by somebody before.
fn phantoms(facts: &Facts<'_>, report: &mut Report) {
    let mut told = HashSet::new();
    let mut judge = |conversation: &str, row: &Row, seen_us: u64, source: &dyn Fn() -> String| {
        let trouble = match key(conversation, row) {
            None => row.client_id.is_some().then_some("a notice with a client id"),
            Some(key) => match facts.sends.get(&key) {
                None => Some("nobody sent it"),
                Some(send) if send.start_us() > seen_us => Some("it was seen before it was sent"),
                Some(send) => {
                    let same = send.attempts.iter().any(|attempt| attempt.body == row.body);
                    (row.is_original() && !same).then_some("nobody sent this content")
                }
            },
        };
        let Some(trouble) = trouble else { return };
        if told.insert((conversation.to_owned(), row.seq, trouble)) {
            let story = format!("{} {}: {trouble}", message(row), source());
            report.add(I2, (conversation, row.seq), story);
        }
    };
    for history in facts.histories {
        for row in &history.rows {
            let source = || format!("in the history of {}", reader(history));
            judge(&history.head.conversation, row, u64::MAX, &source);
        }
    }
    for entry in facts.entries {
        let user = &entry.who.user;
        match &entry.what {
            What::Push { conversation, row, .. } => {
                judge(conversation, row, entry.at_us, &|| format!("pushed to {user}"));
            }
            What::Page { conversation, rows, .. } => {
                for row in rows {
                    judge(conversation, row, entry.at_us, &|| format!("in a page for {user}"));
                }
            }
            _ => {}
        }
    }
}
