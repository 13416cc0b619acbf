//! The two counters of a conversation: what was told, what is held, what is missing.

use std::{collections::BTreeMap, time::Duration};

use super::event::{Change, Message};

/// Entries that are held because they came early. What is beyond is asked for again.
const HELD_MAX: usize = 256;

/// One counter.
#[derive(Debug)]
pub(super) struct Track<T> {
    /// The last number that was told; nothing before the first is known.
    at: Option<i64>,
    /// The highest number that anybody spoke of.
    head: i64,
    /// Up to here a page has shown what there is: numbers that it lacks do not exist for us.
    covered: i64,
    held: BTreeMap<i64, Option<T>>,
    /// A page is under way.
    pub(super) is_asked: bool,
}

impl<T> Track<T> {
    /// A counter that begins behind `at`; with the first that comes when there is none.
    pub(super) fn new(at: Option<i64>) -> Self {
        let head = at.unwrap_or(0);
        Self { at, head, covered: head, held: BTreeMap::new(), is_asked: false }
    }

    pub(super) fn at(&self) -> Option<i64> {
        self.at
    }

    pub(super) fn head(&self) -> i64 {
        self.head
    }

    /// Somebody says that there is so much.
    pub(super) fn hear(&mut self, head: i64) {
        if self.at.is_none() {
            self.at = Some(head);
        }
        self.head = self.head.max(head);
    }

    /// An entry, or a number without one. What was told before is passed over.
    pub(super) fn offer(&mut self, number: i64, entry: Option<T>) {
        let at = *self.at.get_or_insert(number - 1);
        self.head = self.head.max(number);
        if number <= at {
            return;
        }
        self.held.entry(number).or_insert(entry);
        if self.held.len() > HELD_MAX
            && let Some((last, _)) = self.held.pop_last()
        {
            // The lowest are told first; the highest is the cheapest to ask for again.
            self.covered = self.covered.min(last - 1);
        }
    }

    /// A page: what it shows, and up to where it shows everything that there is.
    pub(super) fn take_page(&mut self, entries: impl Iterator<Item = (i64, T)>, upto: i64) {
        self.is_asked = false;
        self.covered = self.covered.max(upto);
        self.head = self.head.max(upto);
        for (number, entry) in entries {
            self.offer(number, Some(entry));
        }
    }

    /// The next number that may be told.
    fn next_number(&self) -> Option<i64> {
        let at = self.at?;
        let (first, _) = self.held.first_key_value()?;
        (*first <= at.max(self.covered) + 1).then_some(*first)
    }

    /// Takes the next entry, if `may` agrees. Numbers without one are passed over.
    pub(super) fn next_if(&mut self, may: impl Fn(&T) -> bool) -> Option<T> {
        while let Some(number) = self.next_number() {
            if self.held.get(&number).and_then(Option::as_ref).is_some_and(|entry| !may(entry)) {
                return None;
            }
            self.at = Some(number);
            if let Some(entry) = self.held.remove(&number).flatten() {
                return Some(entry);
            }
        }
        if self.held.first_key_value().is_none_or(|(first, _)| *first > self.covered) {
            self.at = self.at.map(|at| at.max(self.covered));
        }
        None
    }

    /// The entry that stands in line, told or not.
    pub(super) fn peek(&self) -> Option<&T> {
        self.held.get(&self.next_number()?)?.as_ref()
    }

    /// From where on something is missing that must be asked for.
    pub(super) fn gap(&self) -> Option<i64> {
        let at = self.at?;
        (self.next_number().is_none() && at < self.head).then_some(at)
    }

    /// Whether everything that anybody spoke of was told.
    pub(super) fn is_complete(&self) -> bool {
        self.at.is_some_and(|at| at >= self.head)
    }

    /// Goes on behind `at`, whatever stands before it.
    pub(super) fn jump(&mut self, at: i64) {
        self.at = Some(self.at.map_or(at, |old| old.max(at)));
        self.head = self.head.max(at);
        self.held = self.held.split_off(&(at + 1));
    }
}

/// A conversation.
#[derive(Debug)]
pub(super) struct Timeline {
    pub(super) seqs: Track<Message>,
    pub(super) revs: Track<Change>,
    /// Its past is void: nothing is told until its newest page has come.
    pub(super) is_void: bool,
    /// It came to be while all heads were listed, so that it may stand on no page.
    pub(super) is_young: bool,
    /// After a page was refused: not before then.
    pub(super) retry_at: Option<Duration>,
}

impl Timeline {
    pub(super) fn new(seq: Option<i64>, rev: Option<i64>) -> Self {
        Self {
            seqs: Track::new(seq),
            revs: Track::new(rev),
            is_void: false,
            is_young: false,
            retry_at: None,
        }
    }

    /// A conversation of an epoch that is over, as it stands in the new one.
    pub(super) fn void(seq: i64, rev: i64) -> Self {
        Self { is_void: true, ..Self::new(Some(seq), Some(rev)) }
    }

    /// The line is gone, and with it the pages that were asked for.
    pub(super) fn lose(&mut self) {
        self.seqs.is_asked = false;
        self.revs.is_asked = false;
        self.retry_at = None;
    }

    pub(super) fn is_complete(&self) -> bool {
        !self.is_void && self.seqs.is_complete() && self.revs.is_complete()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(track: &mut Track<i64>) -> Vec<i64> {
        std::iter::from_fn(|| track.next_if(|_| true)).collect()
    }

    #[test]
    fn twice_is_once_and_early_waits() {
        let mut track = Track::new(Some(5));
        for number in [6, 6, 8, 9, 8, 3] {
            track.offer(number, Some(number));
        }
        assert_eq!(drain(&mut track), [6]);
        assert_eq!(track.gap(), Some(6));
        track.offer(7, Some(7));
        assert_eq!(drain(&mut track), [7, 8, 9]);
        assert!(track.is_complete() && track.gap().is_none());
    }

    #[test]
    fn a_page_closes_what_nobody_may_read() {
        let mut track = Track::new(Some(2));
        track.offer(9, Some(9));
        assert!(drain(&mut track).is_empty());
        track.take_page([(4, 4), (6, 6)].into_iter(), 7);
        assert_eq!(drain(&mut track), [4, 6]);
        assert_eq!((track.at(), track.gap()), (Some(7), Some(7)));
        track.offer(8, None);
        assert_eq!(drain(&mut track), [9]);
    }

    #[test]
    fn the_first_that_comes_begins_a_counter_that_knows_nothing() {
        let mut track = Track::new(None);
        track.offer(40, Some(40));
        track.hear(41);
        assert_eq!(drain(&mut track), [40]);
        assert_eq!(track.gap(), Some(40));
        let mut heard = Track::<i64>::new(None);
        heard.hear(41);
        assert!(heard.is_complete());
    }

    #[test]
    fn too_much_held_is_asked_for_again() {
        let mut track = Track::new(Some(0));
        for number in (2..600).rev() {
            track.offer(number, Some(number));
        }
        track.offer(1, Some(1));
        let told = drain(&mut track);
        assert_eq!(told, (1..=HELD_MAX as i64).collect::<Vec<_>>());
        assert_eq!(track.gap(), Some(HELD_MAX as i64));
        // A page that does not fit is not believed beyond what was kept of it.
        let page = (1..=600).map(|number| (number, number));
        track.take_page(page, 600);
        let told = drain(&mut track);
        assert_eq!(told, (HELD_MAX as i64 + 1..=2 * HELD_MAX as i64).collect::<Vec<_>>());
        assert_eq!(track.gap(), Some(2 * HELD_MAX as i64));
    }

    #[test]
    fn who_may_not_go_yet_keeps_the_place() {
        let mut track = Track::new(Some(0));
        track.offer(1, Some(1));
        assert_eq!(track.next_if(|_| false), None);
        assert_eq!((track.at(), track.peek()), (Some(0), Some(&1)));
        assert_eq!(drain(&mut track), [1]);
    }
}
