//! Who writes where, and until when.

use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

use hoopoe_kernel::{AppNo, Uid};
use hoopoe_wire::{ConversationId, UserId, limits};
use rustc_hash::FxHashMap;

const LASTS: Duration = Duration::from_millis(limits::TYPING_MS_MAX);
const REPEATED_AFTER: Duration = Duration::from_millis(limits::TYPING_STEP_MS);
/// Who stops and starts again and again is told of once in this time.
const RESTARTED_AFTER: Duration = Duration::from_secs(1);

pub(crate) type Place = (ConversationId, Uid);

/// Somebody who writes, or has just stopped.
struct Typist {
    app: AppNo,
    user: UserId,
    until: Duration,
    /// Which entry of the queue is this one's.
    queued: Duration,
    told_at: Option<Duration>,
    /// Whether the others believe that they write.
    is_shown: bool,
    is_writing: bool,
}

/// Somebody of whom the others are to be told that they have stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) app: AppNo,
    pub(crate) conversation: ConversationId,
    pub(crate) uid: Uid,
    pub(crate) user: UserId,
}

/// One entry for each who writes; it ends by itself.
#[derive(Default)]
pub(crate) struct Typists {
    writing: FxHashMap<Place, Typist>,
    ends: BinaryHeap<Reverse<(Duration, Place)>>,
}

impl Typists {
    /// Somebody writes. Whether the others are to be told (again).
    pub(crate) fn started(
        &mut self,
        place: Place,
        app: AppNo,
        user: &UserId,
        now: Duration,
    ) -> bool {
        let until = now + LASTS;
        let typist = self.writing.entry(place).or_insert_with(|| {
            self.ends.push(Reverse((until, place)));
            let user = user.clone();
            let (told_at, is_shown, is_writing) = (None, false, true);
            Typist { app, user, until, queued: until, told_at, is_shown, is_writing }
        });
        (typist.until, typist.is_writing) = (until, true);
        let step = if typist.is_shown { REPEATED_AFTER } else { RESTARTED_AFTER };
        let is_due = typist.told_at.is_none_or(|told_at| now >= told_at + step);
        if is_due {
            (typist.told_at, typist.is_shown) = (Some(now), true);
        }
        is_due
    }

    /// Somebody has stopped. Whether the others are to be told.
    pub(crate) fn stopped(&mut self, place: Place) -> bool {
        let Some(typist) = self.writing.get_mut(&place) else { return false };
        typist.is_writing = false;
        std::mem::take(&mut typist.is_shown)
    }

    /// There is nobody to be told.
    pub(crate) fn forget(&mut self, place: Place) {
        self.writing.remove(&place);
    }

    /// Those who have not said for long that they still write.
    pub(crate) fn end(&mut self, now: Duration) -> Vec<Ended> {
        let mut ended = Vec::new();
        while let Some(Reverse((queued, place))) = self.ends.peek().copied() {
            if queued > now {
                break;
            }
            self.ends.pop();
            let Some(typist) = self.writing.get_mut(&place) else { continue };
            if typist.queued != queued {
                continue;
            }
            if typist.is_writing && typist.until > now {
                typist.queued = typist.until;
                self.ends.push(Reverse((typist.until, place)));
                continue;
            }
            let Some(Typist { app, user, is_shown, .. }) = self.writing.remove(&place) else {
                continue;
            };
            if is_shown {
                ended.push(Ended { app, conversation: place.0, uid: place.1, user });
            }
        }
        ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place = (ConversationId([1; 16]), Uid(7));

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn ann() -> UserId {
        UserId::parse("ann").unwrap()
    }

    fn started(typists: &mut Typists, ms: u64) -> bool {
        typists.started(PLACE, AppNo(1), &ann(), at(ms))
    }

    #[test]
    fn it_ends_by_itself_and_repeats_prolong_it() {
        let mut typists = Typists::default();
        assert!(started(&mut typists, 0));
        assert!(!started(&mut typists, 2_999), "a repeat says nothing new");
        assert!(started(&mut typists, 3_000), "who has come meanwhile learns of it");
        assert_eq!(typists.end(at(6_000)), []);
        assert_eq!(typists.end(at(8_999)), []);
        let (app, conversation, uid) = (AppNo(1), PLACE.0, PLACE.1);
        assert_eq!(typists.end(at(9_000)), [Ended { app, conversation, uid, user: ann() }]);
        assert!(typists.writing.is_empty() && typists.ends.is_empty());
        assert!(started(&mut typists, 9_001));
    }

    #[test]
    fn stopping_is_told_once_and_starting_not_too_often() {
        let mut typists = Typists::default();
        assert!(!typists.stopped(PLACE));
        assert!(started(&mut typists, 0));
        assert!(typists.stopped(PLACE));
        assert!(!typists.stopped(PLACE));
        assert!(!started(&mut typists, 500));
        assert!(!typists.stopped(PLACE), "nobody knew of it");
        assert!(started(&mut typists, 1_000));
        assert!(typists.stopped(PLACE));
        assert_eq!(typists.end(at(7_000)), [], "it was told already");
        assert!(typists.writing.is_empty() && typists.ends.is_empty());
    }

    #[test]
    fn restless_fingers_do_not_pile_up() {
        let mut typists = Typists::default();
        for ms in 0..5_000 {
            started(&mut typists, ms);
            typists.stopped(PLACE);
        }
        assert_eq!((typists.writing.len(), typists.ends.len()), (1, 1));
    }
}
