//! I7, I8 and I10: reads never go back, gaps are never silent, marks never fall.

use std::collections::{BTreeMap, HashMap};

use super::{
    Invariant::{I7, I8, I10},
    Report,
    facts::{Facts, by, message, reader},
};
use crate::journal::{Asked, Entry, Head, History, Mark, Row, What};

pub(super) fn check(facts: &Facts<'_>, report: &mut Report) {
    monotonic_reads(facts, report);
    no_silent_gap(facts, report);
    resumed_log(facts, report);
    marks(facts, report);
    unread(facts, report);
}

/// What was known when: the greatest value so far, by time.
#[derive(Default)]
struct Floor(Vec<(u64, u64)>);

impl Floor {
    /// Times are given in ascending order.
    fn raise(&mut self, at_us: u64, value: u64) {
        if self.0.last().is_none_or(|(_, known)| value > *known) {
            self.0.push((at_us, value));
        }
    }

    /// What was known before this time.
    fn before(&self, at_us: u64) -> u64 {
        let index = self.0.partition_point(|(known_us, _)| *known_us < at_us);
        index.checked_sub(1).map_or(0, |index| self.0[index].1)
    }
}

/// Head as each user knows it: by conversation and user, messages and changes apart.
#[derive(Default)]
struct Floors<'a> {
    seq: HashMap<(&'a str, &'a str), Floor>,
    rev: HashMap<(&'a str, &'a str), Floor>,
}

/// I7: a read that begins after a user has seen something shows at least that.
fn monotonic_reads(facts: &Facts<'_>, report: &mut Report) {
    let mut floors = Floors::default();
    for entry in facts.entries {
        let user = &*entry.who.user;
        let mut learn = |conversation, seq, rev| {
            let at = (conversation, user);
            floors.seq.entry(at).or_default().raise(entry.at_us, seq);
            floors.rev.entry(at).or_default().raise(entry.at_us, rev);
        };
        match &entry.what {
            What::Ack { conversation, row, .. } | What::Push { conversation, row, .. } => {
                learn(conversation, row.seq, 0);
            }
            What::Change { conversation, rev, .. } => learn(conversation, 0, *rev),
            What::Seen { asked_us, head, .. } => {
                let at = (&*head.conversation, user);
                let known = |floor: Option<&Floor>| floor.map_or(0, |f| f.before(*asked_us));
                let (seq, rev) = (known(floors.seq.get(&at)), known(floors.rev.get(&at)));
                head_holds(entry, head, (seq, rev), report);
                let learn = |floors: &mut HashMap<_, Floor>, value| {
                    floors.entry(at).or_default().raise(entry.at_us, value);
                };
                learn(&mut floors.seq, head.head_seq);
                learn(&mut floors.rev, head.head_rev);
            }
            What::Page { conversation, asked_us, asked, rows, has_after, .. } => {
                let at = (&**conversation, user);
                let floor = floors.seq.get(&at).map_or(0, |floor| floor.before(*asked_us));
                page_holds(entry, conversation, (*asked, rows, *has_after), floor, report);
                let newest = rows.last().map_or(0, |row| row.seq);
                floors.seq.entry(at).or_default().raise(entry.at_us, newest);
            }
            _ => {}
        }
    }
}

fn head_holds(entry: &Entry, head: &Head, known: (u64, u64), report: &mut Report) {
    let rows = [("seq", head.head_seq, known.0), ("rev", head.head_rev, known.1)];
    for (what, told, known) in rows.into_iter().filter(|(_, told, known)| told < known) {
        let who = by(&entry.who);
        let story = format!("{who} knew {what} {known} and was then told the head {told}");
        report.add(I7, (&*head.conversation, told), story);
    }
}

fn page_holds(
    entry: &Entry,
    conversation: &str,
    (asked, rows, has_after): (Asked, &[Row], bool),
    floor: u64,
    report: &mut Report,
) {
    let last = rows.last().map_or(0, |row| row.seq);
    let holds = match asked {
        Asked::Newest => last >= floor,
        Asked::After(after) => floor <= after || last >= floor || has_after && !rows.is_empty(),
        Asked::Before(_) | Asked::Around(_) => true,
    };
    if !holds {
        let who = by(&entry.who);
        let story = format!("{who} knew seq {floor}; a page asked for as {asked:?} ends at {last}");
        report.add(I7, (conversation, floor), story);
    }
}

/// I8: on one connection each push of a conversation follows the one before, or the head told at
/// the start, so that whoever misses one knows it.
fn no_silent_gap(facts: &Facts<'_>, report: &mut Report) {
    // By connection and conversation: the last seq, and when it came.
    let mut last: HashMap<(u32, &str), (u64, u64)> = HashMap::new();
    for entry in facts.entries {
        let connection = entry.who.connection;
        let (conversation, seq) = match &entry.what {
            What::Push { conversation, row, .. } => (&**conversation, row.seq),
            What::Skip { conversation, seq } => (&**conversation, *seq),
            What::Seen { head, start: true, .. } => {
                let at = (connection, &*head.conversation);
                // Live events may have overtaken the reply's line; they count for more.
                last.entry(at).or_insert((head.head_seq, entry.at_us));
                continue;
            }
            _ => continue,
        };
        let Some((before, before_us)) = last.insert((connection, conversation), (seq, entry.at_us))
        else {
            continue;
        };
        let stays = facts.stays(conversation, &entry.who.user);
        let was_away = stays
            .iter()
            .any(|stay| stay.sure_until_us <= entry.at_us && before_us <= stay.back_from_us);
        if seq > before + 1 && !was_away {
            let who = by(&entry.who);
            let story = format!("{who} was at {before} and was then pushed {seq}");
            report.add(I8, (conversation, seq), story);
        }
    }
}

/// I8: a client that lives by pushes and gap filling holds in the end what the server holds.
fn resumed_log(facts: &Facts<'_>, report: &mut Report) {
    for entry in facts.entries {
        let What::Timeline { conversation, after, upto, rows } = &entry.what else { continue };
        let who = by(&entry.who);
        let of_reader =
            |h: &&History| h.head.conversation == *conversation && h.reader == entry.who.user;
        let Some(history) = facts.histories.iter().find(of_reader) else {
            let story = format!("{who} kept a timeline, and nobody read the history to compare");
            report.add(I8, (&**conversation, None), story);
            continue;
        };
        let held: BTreeMap<u64, &Row> = rows.iter().map(|row| (row.seq, row)).collect();
        let mut stored = BTreeMap::new();
        for row in history.rows.iter().filter(|row| row.seq > *after) {
            stored.insert(row.seq, row);
            if row.seq <= *upto && !held.contains_key(&row.seq) {
                let story = format!("{who} never got {}", message(row));
                report.add(I8, (&**conversation, row.seq), story);
            }
        }
        for row in rows.iter().filter(|row| !stored.contains_key(&row.seq)) {
            let story = format!("{who} holds {}, which the history does not have", message(row));
            report.add(I8, (&**conversation, row.seq), story);
        }
    }
}

/// One look at a mark.
struct Look<'a> {
    /// The look began then; only what was known before binds it.
    from_us: u64,
    at_us: u64,
    seq: u64,
    source: &'a str,
}

/// I10: marks never fall, and never pass the head told by the same reply.
fn marks(facts: &Facts<'_>, report: &mut Report) {
    let mut looks: BTreeMap<(&str, &str, bool), Vec<Look<'_>>> = BTreeMap::new();
    let mut receipts: HashMap<(u32, &str, &str, bool), u64> = HashMap::new();
    let mut asked: HashMap<u64, u64> = HashMap::new();
    for entry in facts.entries {
        let at_us = entry.at_us;
        let mut look = |conversation, user, mark, from_us, seq, source| {
            let look = Look { from_us, at_us, seq, source };
            looks.entry((conversation, user, mark == Mark::Read)).or_default().push(look);
        };
        match &entry.what {
            What::MarkStart { request, .. } => {
                asked.insert(*request, at_us);
            }
            What::MarkAck { request, conversation, mark, seq } => {
                let (user, from_us) = (&*entry.who.user, asked.get(request).copied());
                let source = "the reply to a mark";
                look(&**conversation, user, *mark, from_us.unwrap_or(0), *seq, source);
            }
            What::Seen { asked_us, head, .. } => {
                let seen = [(Mark::Read, head.read_seq), (Mark::Delivered, head.delivered_seq)];
                for (mark, seq) in seen.into_iter().filter_map(|(m, seq)| Some((m, seq?))) {
                    look(&*head.conversation, &*entry.who.user, mark, *asked_us, seq, "a reply");
                }
                not_past_head(&entry.who.user, head, report);
            }
            What::Receipt { conversation, user, mark, seq } => {
                // A receipt may travel a while: it binds what is read after it, and is itself
                // bound by the receipts before it on the same connection only.
                look(&**conversation, &**user, *mark, 0, *seq, "a receipt");
                let at = (entry.who.connection, &**conversation, &**user, *mark == Mark::Read);
                let before = receipts.insert(at, *seq).unwrap_or(0);
                if before > *seq {
                    let who = by(&entry.who);
                    let story = format!("{who} got a receipt of {user} after one for {before}");
                    report.add(I10, (&**conversation, *seq), story);
                }
            }
            _ => {}
        }
    }
    for history in facts.histories {
        not_past_head(&history.reader, &history.head, report);
    }
    for ((conversation, user, is_read), looks) in looks {
        let what = if is_read { "read" } else { "delivered" };
        falls(conversation, &format!("the {what} mark of {user}"), &looks, report);
    }
}

fn falls(conversation: &str, what: &str, looks: &[Look<'_>], report: &mut Report) {
    let mut floor = Floor::default();
    for look in looks {
        let known = floor.before(look.from_us);
        if look.seq < known {
            let story = format!("{what} stood at {known}, then {} says {}", look.source, look.seq);
            report.add(I10, (conversation, look.seq), story);
        }
        floor.raise(look.at_us, look.seq);
    }
}

fn not_past_head(user: &str, head: &Head, report: &mut Report) {
    for (what, seq) in [("read", head.read_seq), ("delivered", head.delivered_seq)] {
        if let Some(seq) = seq
            && seq > head.head_seq
        {
            let story = format!("the {what} mark of {user} is past the head {}", head.head_seq);
            report.add(I10, (&*head.conversation, seq), story);
        }
    }
}

/// I10: at rest, unread is the number of messages of others behind the read mark.
fn unread(facts: &Facts<'_>, report: &mut Report) {
    for history in facts.histories {
        let (Some(read_seq), Some(told)) = (history.head.read_seq, history.head.unread) else {
            continue;
        };
        let counts = |row: &&Row| {
            row.seq > read_seq && !row.gone && row.sender.as_ref() != Some(&history.reader)
        };
        let counted = history.rows.iter().filter(counts).count() as u64;
        if told != counted {
            let reader = reader(history);
            let story = format!(
                "{reader} is told {told} unread, but {counted} messages follow the read mark {read_seq}"
            );
            report.add(I10, (&*history.head.conversation, read_seq), story);
        }
    }
}
