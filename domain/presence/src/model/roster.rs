//! Who is connected: here, on other nodes, or away for so short a time that nobody is told.

use std::{collections::VecDeque, time::Duration};

use hoopoe_bus::Whereabouts;
use hoopoe_kernel::{AppNo, Uid};
use hoopoe_wire::{Time, limits};
use rustc_hash::FxHashMap;

use super::Moment;

const GRACE: Duration = Duration::from_millis(limits::PRESENCE_GRACE_MS);
/// How often a node that has nothing to tell says that it lives.
const BEAT: Duration = Duration::from_secs(3);
/// A node that was not heard for so long has died, and its connections with it.
const LIFE: Duration = Duration::from_secs(10);

/// Somebody whose grace is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gone {
    pub(crate) app: AppNo,
    pub(crate) uid: Uid,
    pub(crate) left_at: Time,
    /// Whether this node writes it down: the one that they left does, and everybody for a node
    /// that has died.
    pub(crate) is_kept: bool,
}

struct Leaving {
    app: AppNo,
    until: Duration,
    left_at: Time,
    is_kept: bool,
}

/// Another node.
struct Life {
    users: FxHashMap<Uid, AppNo>,
    n: u64,
    heard_at: Duration,
}

/// Presence is per (user, node life); a user with several devices stands here once.
pub(crate) struct Roster {
    here: FxHashMap<Uid, AppNo>,
    others: FxHashMap<i64, Life>,
    leaving: FxHashMap<Uid, Leaving>,
    /// The same in the order of their ends; who came back and left again stands in it twice.
    ends: VecDeque<(Duration, Uid)>,
    /// What the other nodes are to be told: came, or went.
    moved: FxHashMap<Uid, bool>,
    owes_all: bool,
    wants_all: bool,
    n: u64,
    spoke_at: Duration,
}

impl Roster {
    pub(crate) fn new() -> Self {
        Self {
            here: FxHashMap::default(),
            others: FxHashMap::default(),
            leaving: FxHashMap::default(),
            ends: VecDeque::new(),
            moved: FxHashMap::default(),
            owes_all: false,
            wants_all: true,
            n: 0,
            spoke_at: Duration::ZERO,
        }
    }

    /// The first connection of a user to this node.
    pub(crate) fn came(&mut self, app: AppNo, uid: Uid) {
        self.here.insert(uid, app);
        self.leaving.remove(&uid);
        self.moved.insert(uid, true);
    }

    /// The last connection of a user to this node has ended.
    pub(crate) fn went(&mut self, uid: Uid, now: Moment) {
        let Some(app) = self.here.remove(&uid) else { return };
        self.moved.insert(uid, false);
        self.leave(app, uid, now, true);
    }

    fn leave(&mut self, app: AppNo, uid: Uid, now: Moment, is_kept: bool) {
        if self.is_connected(uid) {
            return;
        }
        let until = now.age + GRACE;
        self.leaving.insert(uid, Leaving { app, until, left_at: now.at, is_kept });
        self.ends.push_back((until, uid));
    }

    fn is_connected(&self, uid: Uid) -> bool {
        self.here.contains_key(&uid)
            || self.others.values().any(|life| life.users.contains_key(&uid))
    }

    /// Connected, or gone for less than the grace.
    pub(crate) fn is_online(&self, uid: Uid) -> bool {
        self.leaving.contains_key(&uid) || self.is_connected(uid)
    }

    /// How many are online on this node.
    pub(crate) fn count(&self) -> usize {
        self.here.len() + self.leaving.len()
    }

    /// Those whose grace has ended by now.
    pub(crate) fn expire(&mut self, now: Moment) -> Vec<Gone> {
        let dead = |life: &Life| now.age >= life.heard_at + LIFE;
        let died: Vec<Life> =
            self.others.extract_if(|_, life| dead(life)).map(|(_, life)| life).collect();
        for (uid, app) in died.into_iter().flat_map(|life| life.users) {
            self.leave(app, uid, now, true);
        }
        let mut gone = Vec::new();
        while let Some((until, uid)) = self.ends.front().copied() {
            if until > now.age {
                break;
            }
            self.ends.pop_front();
            if self.leaving.get(&uid).is_none_or(|leaving| leaving.until != until) {
                continue;
            }
            if let Some(Leaving { app, left_at, is_kept, .. }) = self.leaving.remove(&uid) {
                gone.push(Gone { app, uid, left_at, is_kept });
            }
        }
        gone
    }

    /// Another node has spoken. Who may have come or gone by it.
    pub(crate) fn hear(&mut self, node: i64, n: u64, told: &Whereabouts, now: Moment) -> Vec<Uid> {
        let life = self.others.entry(node).or_insert_with(|| Life {
            users: FxHashMap::default(),
            n: 0,
            heard_at: now.age,
        });
        let is_next = life.n + 1 == n;
        (life.n, life.heard_at) = (n, now.age);
        let (came, gone) = match told {
            Whereabouts::Moved { came, gone } => {
                self.wants_all |= !is_next;
                (came.clone(), gone.clone())
            }
            Whereabouts::All(all) => {
                let now_there: FxHashMap<Uid, AppNo> =
                    all.iter().map(|(app, uid)| (*uid, *app)).collect();
                let gone = life.users.keys().filter(|uid| !now_there.contains_key(uid));
                (all.clone(), gone.copied().collect())
            }
            Whereabouts::Asked => {
                self.owes_all = true;
                return Vec::new();
            }
        };
        for (app, uid) in &came {
            life.users.insert(*uid, *app);
        }
        let left: Vec<(Uid, AppNo)> =
            gone.iter().filter_map(|uid| life.users.remove(uid).map(|app| (*uid, app))).collect();
        for (uid, app) in left {
            self.leave(app, uid, now, false);
        }
        for (_, uid) in &came {
            self.leaving.remove(uid);
        }
        came.into_iter().map(|(_, uid)| uid).chain(gone).collect()
    }

    /// What this node has to tell the others, each with its number.
    pub(crate) fn speak(&mut self, now: Moment) -> Vec<(u64, Whereabouts)> {
        let mut told = Vec::new();
        if std::mem::take(&mut self.wants_all) {
            told.push(Whereabouts::Asked);
        }
        if std::mem::take(&mut self.owes_all) {
            self.moved = FxHashMap::default();
            told.push(Whereabouts::All(self.here.iter().map(|(uid, app)| (*app, *uid)).collect()));
        } else if !self.moved.is_empty() || now.age >= self.spoke_at + BEAT {
            let (mut came, mut gone) = (Vec::new(), Vec::new());
            for (uid, is_here) in std::mem::take(&mut self.moved) {
                match self.here.get(&uid).filter(|_| is_here) {
                    Some(app) => came.push((*app, uid)),
                    None => gone.push(uid),
                }
            }
            told.push(Whereabouts::Moved { came, gone });
        }
        if !told.is_empty() {
            self.spoke_at = now.age;
        }
        let numbered = told.into_iter().map(|told| {
            self.n += 1;
            (self.n, told)
        });
        numbered.collect()
    }

    /// Everybody who is here, as if they went now: the server goes down.
    pub(crate) fn empty(&mut self, now: Moment) -> Vec<Gone> {
        let here =
            self.here.drain().map(|(uid, app)| Gone { app, uid, left_at: now.at, is_kept: true });
        let mut gone: Vec<Gone> = here.collect();
        gone.extend(self.leaving.drain().map(|(uid, Leaving { app, left_at, is_kept, .. })| {
            Gone { app, uid, left_at, is_kept }
        }));
        self.ends.clear();
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: AppNo = AppNo(1);
    const ANN: Uid = Uid(7);

    fn at(ms: u64) -> Moment {
        Moment { age: Duration::from_millis(ms), at: Time(0).plus_ms(ms as i64) }
    }

    fn uids(gone: &[Gone]) -> Vec<Uid> {
        gone.iter().map(|gone| gone.uid).collect()
    }

    /// Tells one what the other says.
    fn pass(from: &mut Roster, node: i64, to: &mut Roster, now: Moment) -> Vec<Uid> {
        let told = from.speak(now);
        told.iter().flat_map(|(n, told)| to.hear(node, *n, told, now)).collect()
    }

    #[test]
    fn the_grace_begins_anew_with_every_leaving() {
        let mut roster = Roster::new();
        roster.came(APP, ANN);
        roster.went(ANN, at(1_000));
        roster.came(APP, ANN);
        roster.went(ANN, at(10_000));
        assert_eq!(roster.expire(at(24_999)), [], "the first leaving is over");
        assert!(roster.is_online(ANN));
        let gone = roster.expire(at(25_000));
        let left_at = Time(0).plus_ms(10_000);
        assert_eq!(gone, [Gone { app: APP, uid: ANN, left_at, is_kept: true }]);
        assert!(!roster.is_online(ANN) && roster.count() == 0 && roster.ends.is_empty());
    }

    #[test]
    fn two_nodes_know_of_each_other_s_people() {
        let (mut one, mut two) = (Roster::new(), Roster::new());
        one.came(APP, ANN);
        assert_eq!(pass(&mut one, 1, &mut two, at(0)), [ANN]);
        assert!(two.is_online(ANN));
        // She connects to both, then leaves the first.
        two.came(APP, ANN);
        one.went(ANN, at(10));
        pass(&mut one, 1, &mut two, at(10));
        assert_eq!(two.expire(at(60_000)), [], "she is at the second still");
        assert!(two.is_online(ANN));
    }

    #[test]
    fn a_node_that_says_nothing_any_more_has_died() {
        let (mut one, mut two) = (Roster::new(), Roster::new());
        one.came(APP, ANN);
        pass(&mut one, 1, &mut two, at(0));
        pass(&mut one, 1, &mut two, at(3_000));
        assert_eq!(two.expire(at(12_999)), []);
        assert!(two.others.contains_key(&1), "heard ten seconds ago");
        assert_eq!(two.expire(at(13_000)), []);
        assert!(two.others.is_empty() && two.is_online(ANN), "her grace has begun");
        let gone = two.expire(at(28_000));
        assert_eq!((uids(&gone), gone[0].is_kept), (vec![ANN], true));
    }

    #[test]
    fn what_was_lost_between_two_nodes_is_asked_for() {
        let (mut one, mut two) = (Roster::new(), Roster::new());
        pass(&mut one, 1, &mut two, at(0));
        pass(&mut two, 2, &mut one, at(0));
        pass(&mut one, 1, &mut two, at(0));
        one.came(APP, ANN);
        one.speak(at(1)); // Nobody hears it.
        one.came(APP, Uid(8));
        pass(&mut one, 1, &mut two, at(2));
        assert!(!two.is_online(ANN) && two.is_online(Uid(8)));
        pass(&mut two, 2, &mut one, at(3));
        assert_eq!(pass(&mut one, 1, &mut two, at(4)).len(), 2);
        assert!(two.is_online(ANN), "everybody was told");
        one.went(ANN, at(5));
        one.speak(at(5)); // Nor this.
        pass(&mut one, 1, &mut two, at(3_005));
        pass(&mut two, 2, &mut one, at(3_006));
        pass(&mut one, 1, &mut two, at(3_007));
        let gone = two.expire(at(18_007));
        assert_eq!((uids(&gone), gone[0].is_kept), (vec![ANN], false));
    }

    #[test]
    fn who_goes_down_writes_everybody_down() {
        let mut roster = Roster::new();
        roster.came(APP, ANN);
        roster.came(APP, Uid(8));
        roster.went(ANN, at(1));
        let mut gone = roster.empty(at(5));
        gone.sort_unstable_by_key(|gone| gone.uid);
        let times: Vec<(Uid, Time)> = gone.iter().map(|gone| (gone.uid, gone.left_at)).collect();
        assert_eq!(times, [(ANN, at(1).at), (Uid(8), at(5).at)]);
    }
}
