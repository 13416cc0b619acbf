//! I3, I4 and I5: one gapless order, the same for everybody, that respects cause and effect.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{
    Invariant::{I3, I4, I5},
    Report,
    facts::{Facts, Key, Outcome, by, key, message, reader},
};
use crate::journal::{Asked, Row, What};

pub(super) fn check(facts: &Facts<'_>, report: &mut Report) {
    gapless(facts, report);
    pages(facts, report);
    rising(facts, report);
    let seqs = agreed(facts, report);
    real_time(facts, &seqs, report);
    first_in_first_out(facts, &seqs, report);
}

/// I3: what each member reads afterwards is numbered without hole or repeat, up to the head.
fn gapless(facts: &Facts<'_>, report: &mut Report) {
    for history in facts.histories {
        let conversation = &*history.head.conversation;
        let reader = reader(history);
        let mut last = match history.rows.first() {
            Some(first) if !facts.is_founder(conversation, &history.reader) => first.seq - 1,
            _ => 0,
        };
        for row in &history.rows {
            if row.seq != last + 1 {
                let story = format!("{} follows {last} in the history of {reader}", row.seq);
                report.add(I3, (conversation, row.seq), story);
            }
            last = row.seq;
        }
        let empty = history.rows.is_empty() && !facts.is_founder(conversation, &history.reader);
        if last != history.head.head_seq && !empty {
            let head = history.head.head_seq;
            let story = format!("the history of {reader} ends at {last}, the head says {head}");
            report.add(I3, (conversation, last), story);
        }
    }
}

/// I3 and I4 within one page: ascending, without a hole but that of a time outside.
fn pages(facts: &Facts<'_>, report: &mut Report) {
    for entry in facts.entries {
        let What::Page { conversation, asked, rows, path, has_after, .. } = &entry.what else {
            continue;
        };
        let reader = format!("{} by {path:?}", entry.who.user);
        let was_away = facts.stays(conversation, &entry.who.user).len() > 1;
        for pair in rows.windows(2) {
            let (one, two) = (pair[0].seq, pair[1].seq);
            if two <= one {
                let story = format!("{two} follows {one} in a page for {reader}");
                report.add(I4, (&**conversation, two), story);
            } else if two > one + 1 && !was_away {
                let story = format!("{two} follows {one} in a page for {reader}: a hole");
                report.add(I3, (&**conversation, two), story);
            }
        }
        if rows.is_empty() && *has_after {
            let story = format!("an empty page for {reader} says that more follows");
            report.add(I3, (&**conversation, None), story);
        }
        let outside = rows.iter().find(|row| match asked {
            Asked::After(seq) => row.seq <= *seq,
            Asked::Before(seq) => row.seq >= *seq,
            Asked::Newest | Asked::Around(_) => false,
        });
        if let Some(row) = outside {
            let story = format!("a page {asked:?} for {reader} holds {}", row.seq);
            report.add(I4, (&**conversation, row.seq), story);
        }
    }
}

/// I4: pushes of one connection rise strictly, messages by seq and changes by rev.
fn rising(facts: &Facts<'_>, report: &mut Report) {
    let mut last: HashMap<(u32, &str, bool), u64> = HashMap::new();
    for entry in facts.entries {
        let (conversation, number, is_message) = match &entry.what {
            What::Push { conversation, row, .. } => (conversation, row.seq, true),
            What::Skip { conversation, seq } => (conversation, *seq, true),
            What::Change { conversation, rev, .. } => (conversation, *rev, false),
            _ => continue,
        };
        let before = last.insert((entry.who.connection, conversation, is_message), number);
        if before.is_some_and(|before| before >= number) {
            let what = if is_message { "seq" } else { "rev" };
            let (before, who) = (before.unwrap_or_default(), by(&entry.who));
            let story = format!("{what} {number} was pushed after {before} to {who}");
            report.add(I4, (&**conversation, number), story);
        }
    }
}

/// Where each message stands, as far as all sources agree.
type Seqs<'a> = HashMap<Key<'a>, u64>;

struct Claim<'a> {
    row: &'a Row,
    source: Source<'a>,
}

#[derive(Clone, Copy)]
enum Source<'a> {
    History(&'a crate::journal::History),
    Entry(&'a crate::journal::Entry),
}

impl Source<'_> {
    fn tell(self) -> String {
        match self {
            Self::History(history) => format!("the history of {}", reader(history)),
            Self::Entry(entry) => {
                let how = match entry.what {
                    What::Push { .. } => "a push",
                    What::Page { .. } => "a page",
                    What::Ack { .. } => "an ack",
                    _ => "the timeline",
                };
                format!("{how} to {}", by(&entry.who))
            }
        }
    }
}

/// I4: the same seq is the same message for everybody by every path, and whatever anybody saw is
/// there in the end.
fn agreed<'a>(facts: &Facts<'a>, report: &mut Report) -> Seqs<'a> {
    let mut book = Book::default();
    for history in facts.histories {
        let conversation = &*history.head.conversation;
        for row in &history.rows {
            book.claim(conversation, Claim { row, source: Source::History(history) }, report);
        }
    }
    let read = book.seqs.keys().map(|(conversation, seq)| (*conversation, *seq));
    let mut first_read: HashMap<&str, u64> = HashMap::new();
    for (conversation, seq) in read {
        first_read.entry(conversation).and_modify(|first| *first = seq.min(*first)).or_insert(seq);
    }
    for history in facts.histories {
        first_read.entry(&history.head.conversation).or_insert(1);
    }
    for entry in facts.entries {
        let source = Source::Entry(entry);
        let rows = match &entry.what {
            What::Push { conversation, row, .. } | What::Ack { conversation, row, .. } => {
                vec![(&**conversation, row)]
            }
            What::Page { conversation, rows, .. } | What::Timeline { conversation, rows, .. } => {
                rows.iter().map(|row| (&**conversation, row)).collect()
            }
            _ => continue,
        };
        for (conversation, row) in rows {
            let readable = first_read.get(conversation).is_some_and(|first| row.seq >= *first);
            if readable && !book.seqs.contains_key(&(conversation, row.seq)) {
                let story = format!(
                    "{} was shown in {} and is in nobody's history",
                    message(row),
                    source.tell()
                );
                report.add(I4, (conversation, row.seq), story);
            }
            book.claim(conversation, Claim { row, source }, report);
        }
    }
    let claims = book.seqs.into_iter();
    let places = claims.filter_map(|((conversation, seq), claim)| {
        key(conversation, claim.row).map(|key| (key, seq))
    });
    let mut seqs = Seqs::new();
    for (key, seq) in places {
        seqs.entry(key).and_modify(|known| *known = seq.min(*known)).or_insert(seq);
    }
    seqs
}

#[derive(Default)]
struct Book<'a> {
    seqs: BTreeMap<(&'a str, u64), Claim<'a>>,
}

impl<'a> Book<'a> {
    fn claim(&mut self, conversation: &'a str, claim: Claim<'a>, report: &mut Report) {
        let seq = claim.row.seq;
        let Some(known) = self.seqs.get(&(conversation, seq)) else {
            self.seqs.insert((conversation, seq), claim);
            return;
        };
        let (a, b) = (known.row, claim.row);
        let same = (&a.sender, &a.client_id) == (&b.sender, &b.client_id);
        let original = a.is_original() && b.is_original();
        if !same || original && a.body != b.body {
            let story = format!(
                "{} in {}, and {} in {}",
                message(a),
                known.source.tell(),
                message(b),
                claim.source.tell()
            );
            report.add(I4, (conversation, seq), story);
        }
    }
}

/// I5: what was acked before another send began stands before it.
fn real_time(facts: &Facts<'_>, seqs: &Seqs<'_>, report: &mut Report) {
    struct Moment<'a> {
        at_us: u64,
        key: Key<'a>,
        seq: u64,
        is_ack: bool,
    }
    let mut moments = Vec::new();
    for (&key, send) in &facts.sends {
        let Some(&seq) = seqs.get(&key) else { continue };
        moments.push(Moment { at_us: send.start_us(), key, seq, is_ack: false });
        if let Some((_, at_us, _)) = send.first_ack() {
            moments.push(Moment { at_us, key, seq, is_ack: true });
        }
    }
    // A start at the very microsecond of an ack is taken as the earlier one.
    moments.sort_by_key(|moment| (moment.at_us, moment.is_ack));
    let mut newest: HashMap<&str, (u64, Key<'_>)> = HashMap::new();
    for Moment { key, seq, is_ack, .. } in moments {
        let known = newest.get(key.conversation).copied();
        if is_ack {
            if known.is_none_or(|(known, _)| seq > known) {
                newest.insert(key.conversation, (seq, key));
            }
        } else if let Some((before, other)) = known
            && seq <= before
        {
            let story = format!(
                "`{}` of {} was sent after `{}` of {} had been acked at {before}",
                key.client_id, key.sender, other.client_id, other.sender
            );
            report.add(I5, (key.conversation, seq), story);
        }
    }
}

/// I5: sends of one connection keep their order, whether their acks were awaited or not. One that was
/// refused is sent again behind its successors; and a connection that its client has given up after a
/// refusal may owe it more refusals.
fn first_in_first_out(facts: &Facts<'_>, seqs: &Seqs<'_>, report: &mut Report) {
    // By connection and conversation: the line of the send, what was sent, its seq.
    type Queue<'a> = Vec<(usize, Key<'a>, u64)>;
    let mut queues: BTreeMap<(u32, &str), Queue<'_>> = BTreeMap::new();
    let broken: HashSet<u32> = facts
        .entries
        .iter()
        .filter(|entry| matches!(entry.what, What::Refused { status: 500.., .. }))
        .map(|entry| entry.who.connection)
        .collect();
    for (&key, send) in &facts.sends {
        let Some(first) = send.attempts.first() else { continue };
        let refused = send.attempts.iter().any(|attempt| match attempt.outcome {
            Outcome::Refused { .. } => true,
            Outcome::Unknown => broken.contains(&attempt.who.connection),
            Outcome::Acked { .. } => false,
        });
        if let Some(&seq) = seqs.get(&key)
            && !refused
        {
            let queue = queues.entry((first.who.connection, key.conversation)).or_default();
            queue.push((first.line, key, seq));
        }
    }
    for ((_, conversation), mut queue) in queues {
        queue.sort_by_key(|(line, ..)| *line);
        for pair in queue.windows(2) {
            let ((_, a, one), (_, b, two)) = (pair[0], pair[1]);
            if two < one {
                let story = format!(
                    "{} sent `{}` and then `{}` on one connection; they stand at {one} and {two}",
                    a.sender, a.client_id, b.client_id
                );
                report.add(I5, (conversation, two), story);
            }
        }
    }
}
