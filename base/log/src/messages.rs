//! Reading the timeline.

use hoopoe_db::{DbError, ReadTx, Row, Value};
use hoopoe_kernel::{AppNo, Uid};
use hoopoe_wire::{ConversationId, Time};
use smallvec::SmallVec;

use crate::Spans;

/// A message as it was sent.
pub(crate) const STATE_PLAIN: i64 = 0;
/// A tombstone.
pub(crate) const STATE_REDACTED: i64 = 1;
/// Something of a domain's hangs on it.
pub(crate) const STATE_DECORATED: i64 = 2;

/// Between two readable ranges so near to each other what lies between is read over: cheaper than a
/// query for each of them.
const READ_OVER_MAX: i64 = 64;

/// A message as it is now, lent for the length of a visit.
#[derive(Debug, Clone, Copy)]
pub struct MessageRow<'a> {
    /// Its number.
    pub seq: i64,
    /// Who; [`Uid::NONE`] for the server.
    pub sender: Uid,
    /// Whether it is a tombstone: its content is gone.
    pub is_redacted: bool,
    /// Whether something of a domain's hangs on it; see [`crate::replace::decorate`].
    pub is_decorated: bool,
    /// `text`, `system`, …
    pub kind: &'a str,
    /// As [`crate::ClientId`] keeps it.
    pub client_id: &'a [u8],
    /// When it was appended.
    pub at: Time,
    /// Its content, a JSON object.
    pub body: &'a [u8],
}

/// Which page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// The last messages.
    Newest,
    /// Those just before, exclusive.
    Before(i64),
    /// Those just after, exclusive.
    After(i64),
    /// Half before, half after, and the message itself.
    Around(i64),
}

/// Whether there is more to read on either side of a page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Edges {
    /// Older messages exist.
    pub has_before: bool,
    /// Newer messages exist.
    pub has_after: bool,
}

const DOWN: &str = "SELECT seq, sender, state, kind, client_id, at_us, body FROM messages \
    WHERE conversation = $1 AND seq BETWEEN $2 AND $3 AND app = $4 ORDER BY seq DESC LIMIT $5";
const UP: &str = "SELECT seq, sender, state, kind, client_id, at_us, body FROM messages \
    WHERE conversation = $1 AND seq BETWEEN $2 AND $3 AND app = $4 ORDER BY seq LIMIT $5";
const SENDERS: &str = "SELECT DISTINCT sender FROM messages \
    WHERE conversation = $1 AND seq BETWEEN $2 AND $3";

pub(crate) const STATEMENTS: &[&str] = &[DOWN, UP, SENDERS];

type Visit<'v> = &'v mut dyn FnMut(&MessageRow<'_>) -> Result<(), DbError>;

/// Visits the messages of a page that `spans` allows, ascending. `head_seq` bounds it above, so that
/// page and head are of one moment. Returns the edges; both false for an empty page at an end.
pub fn page(
    tx: &mut dyn ReadTx,
    app: AppNo,
    head: &crate::Head,
    spans: &Spans,
    at: At,
    limit: usize,
    visit: Visit<'_>,
) -> Result<Edges, DbError> {
    let windows = windows(spans, head.floor_seq + 1, head.seq);
    let (Some(first), Some(last)) = choose(&windows, at, i64::try_from(limit).unwrap_or(i64::MAX))
    else {
        return Ok(Edges::default());
    };
    for (from, to) in pieces(&windows, first, last) {
        let args: [Value<'_>; 5] = [
            head.conversation.as_bytes().into(),
            from.into(),
            to.into(),
            app.0.into(),
            i64::MAX.into(),
        ];
        tx.query(UP, &args, &mut |row| {
            let row = read(row)?;
            if windows.len() == 1 || covers(&windows, row.seq) { visit(&row) } else { Ok(()) }
        })?;
    }
    let has_before = windows.first().is_some_and(|(oldest, _)| first > *oldest);
    let has_after = windows.last().is_some_and(|(_, newest)| last < *newest);
    Ok(Edges { has_before, has_after })
}

/// The readable ranges that hold anything: seqs are gapless, so counting needs no look.
fn windows(spans: &Spans, floor: i64, head: i64) -> Vec<(i64, i64)> {
    let clipped = spans.ranges().iter().map(|(from, to)| ((*from).max(floor), (*to).min(head)));
    clipped.filter(|(from, to)| from <= to).collect()
}

/// What to read between `first` and `last`: the windows, joined where little lies between them.
fn pieces(windows: &[(i64, i64)], first: i64, last: i64) -> SmallVec<[(i64, i64); 4]> {
    let mut pieces: SmallVec<[(i64, i64); 4]> = SmallVec::new();
    for (from, to) in windows.iter().map(|(from, to)| ((*from).max(first), (*to).min(last))) {
        match pieces.last_mut() {
            _ if from > to => {}
            Some((_, end)) if from - *end <= READ_OVER_MAX => *end = to,
            _ => pieces.push((from, to)),
        }
    }
    pieces
}

/// Whether one of the windows, which ascend, holds it.
fn covers(windows: &[(i64, i64)], seq: i64) -> bool {
    let next = windows.partition_point(|(from, _)| *from <= seq);
    next.checked_sub(1).is_some_and(|at| seq <= windows[at].1)
}

/// First and last seq of a page of at most `limit` messages.
fn choose(windows: &[(i64, i64)], at: At, limit: i64) -> (Option<i64>, Option<i64>) {
    match at {
        At::Newest => down(windows, i64::MAX, limit),
        At::Before(seq) => down(windows, seq.saturating_sub(1), limit),
        At::After(seq) => up(windows, seq.saturating_add(1), limit),
        At::Around(seq) => {
            let (_, middle_and_after) = up(windows, seq, (limit + 1) / 2);
            let after = middle_and_after.map_or(0, |last| count(windows, seq, last));
            let (first, _) = down(windows, seq.saturating_sub(1), limit - after);
            let missing = limit - after - first.map_or(0, |first| count(windows, first, seq - 1));
            let (start, last) = up(windows, seq, after + missing);
            (first.or(start), last.or_else(|| down(windows, seq.saturating_sub(1), limit).1))
        }
    }
}

fn count(windows: &[(i64, i64)], first: i64, last: i64) -> i64 {
    let lengths =
        windows.iter().map(|(from, to)| ((*to).min(last) - (*from).max(first) + 1).max(0));
    lengths.sum()
}

fn down(windows: &[(i64, i64)], from_seq: i64, limit: i64) -> (Option<i64>, Option<i64>) {
    let (mut first, mut last, mut left) = (None, None, limit);
    for (from, to) in windows.iter().rev() {
        let to = (*to).min(from_seq);
        if *from > to || left == 0 {
            continue;
        }
        last = last.or(Some(to));
        let taken = left.min(to - from + 1);
        first = Some(to - taken + 1);
        left -= taken;
    }
    (first, last)
}

fn up(windows: &[(i64, i64)], from_seq: i64, limit: i64) -> (Option<i64>, Option<i64>) {
    let (mut first, mut last, mut left) = (None, None, limit);
    for (from, to) in windows {
        let from = (*from).max(from_seq);
        if from > *to || left == 0 {
            continue;
        }
        first = first.or(Some(from));
        let taken = left.min(to - from + 1);
        last = Some(from + taken - 1);
        left -= taken;
    }
    (first, last)
}

fn read<'r>(row: &'r dyn Row) -> Result<MessageRow<'r>, DbError> {
    let state = row.int(2)?;
    Ok(MessageRow {
        seq: row.int(0)?,
        sender: Uid(row.int(1)?),
        is_redacted: state == STATE_REDACTED,
        is_decorated: state == STATE_DECORATED,
        kind: row.text(3)?,
        client_id: row.bytes(4)?,
        at: Time(row.int(5)?),
        body: row.bytes(6)?,
    })
}

/// Visits one message, whoever may read it: ask [`crate::spans`] first. `false`: there is none.
pub fn find(
    tx: &mut dyn ReadTx,
    app: AppNo,
    conversation: ConversationId,
    seq: i64,
    visit: Visit<'_>,
) -> Result<bool, DbError> {
    let mut found = false;
    let args: [Value<'_>; 5] =
        [conversation.as_bytes().into(), seq.into(), seq.into(), app.0.into(), 1.into()];
    tx.query(DOWN, &args, &mut |row| {
        found = true;
        visit(&read(row)?)
    })?;
    Ok(found)
}

/// Who wrote in a range.
pub fn senders(
    tx: &mut dyn ReadTx,
    conversation: ConversationId,
    from_seq: i64,
    to_seq: i64,
) -> Result<Vec<Uid>, DbError> {
    let args = [conversation.as_bytes().into(), from_seq.into(), to_seq.into()];
    tx.all(SENDERS, &args, |row| Ok(Uid(row.int(0)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same question answered by listing everything.
    fn model(windows: &[(i64, i64)], at: At, limit: usize) -> Vec<i64> {
        let all: Vec<i64> = windows.iter().flat_map(|(from, to)| *from..=*to).collect();
        let tail = |items: Vec<i64>| items[items.len().saturating_sub(limit)..].to_vec();
        match at {
            At::Newest => tail(all),
            At::Before(seq) => tail(all.into_iter().filter(|s| *s < seq).collect()),
            At::After(seq) => all.into_iter().filter(|s| *s > seq).take(limit).collect(),
            At::Around(_) => unreachable!("around is checked by its properties"),
        }
    }

    fn listed(windows: &[(i64, i64)], at: At, limit: usize) -> Vec<i64> {
        let (first, last) = choose(windows, at, limit as i64);
        let Some((first, last)) = first.zip(last) else { return Vec::new() };
        let all = windows.iter().flat_map(|(from, to)| *from..=*to);
        all.filter(|seq| (first..=last).contains(seq)).collect()
    }

    #[test]
    fn near_windows_are_read_together() {
        let many: Vec<(i64, i64)> = (0..100).map(|n| (2 * n + 1, 2 * n + 1)).collect();
        assert_eq!(pieces(&many, 5, 51)[..], [(5, 51)]);
        assert!(covers(&many, 7) && !covers(&many, 8) && !covers(&many, 0));
        let far = [(1, 4), (500, 900), (910, 950)];
        assert_eq!(pieces(&far, 2, 920)[..], [(2, 4), (500, 920)]);
        assert_eq!(pieces(&far, 5, 499)[..], []);
    }

    #[test]
    fn pages_agree_with_listing_everything() {
        let shapes: [&[(i64, i64)]; 4] = [&[], &[(1, 10)], &[(3, 3)], &[(1, 4), (7, 7), (9, 20)]];
        for windows in shapes {
            for limit in [1, 2, 5, 100] {
                assert_eq!(listed(windows, At::Newest, limit), model(windows, At::Newest, limit));
                for seq in 0..23 {
                    for at in [At::Before(seq), At::After(seq)] {
                        let wanted = model(windows, at, limit);
                        assert_eq!(
                            listed(windows, at, limit),
                            wanted,
                            "{windows:?} {at:?} {limit}"
                        );
                    }
                    let around = listed(windows, At::Around(seq), limit);
                    let all: i64 = windows.iter().map(|(from, to)| to - from + 1).sum();
                    assert_eq!(
                        around.len() as i64,
                        all.min(limit as i64),
                        "{windows:?} {seq} {limit}"
                    );
                    let exists = windows.iter().any(|(from, to)| (*from..=*to).contains(&seq));
                    assert_eq!(around.contains(&seq), exists, "{windows:?} {seq} {limit}");
                }
            }
        }
    }
}
