//! Who is subscribed to whom, and what each of them was told.
//!
//! A pair of a connection and a user is in one of three states: it sees, it is blind (the two share
//! no conversation, or one of them hides), or nobody knows at the moment. Whatever may have changed
//! the answer (people joined or left a conversation, somebody changed a setting) puts its pairs in
//! doubt; a pair in doubt is told nothing until the database has been asked again.

use std::{
    collections::{BTreeMap, hash_map::Entry},
    time::Duration,
};

use hoopoe_kernel::{AppNo, Uid};
use hoopoe_wire::{
    Time, UserId, limits,
    presence::{Presence, PresenceStatus},
};
use rustc_hash::{FxHashMap, FxHashSet};

const STEP: Duration = Duration::from_millis(limits::PRESENCE_STEP_MS);

/// A connection: whose, and its number.
pub(crate) type Socket = (Uid, u64);

/// What is to be asked of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) app: AppNo,
    pub(crate) socket: Socket,
    pub(crate) target: Uid,
    /// Which doubt it is about: an answer to an older one says nothing.
    stamp: u64,
}

/// What the database says of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) may_see: bool,
    pub(crate) last_seen: Option<Time>,
}

/// What some connections are to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct News {
    pub(crate) to: Vec<Socket>,
    pub(crate) presence: Presence,
}

/// Which pairs something puts in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doubted {
    /// Those that see: perhaps they no longer may.
    Seeing,
    /// Those that are blind: perhaps they may now.
    Blind,
    /// All.
    Both,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sight {
    Sees,
    Blind,
    Doubt {
        /// What the connection was told last.
        was_online: bool,
        /// Of the question whose answer counts.
        stamp: u64,
    },
}

struct Target {
    id: UserId,
    /// As it is shown; what is true now may be told in a moment.
    is_online: bool,
    last_seen: Option<Time>,
    told_at: Option<Duration>,
    pairs: FxHashMap<Socket, Sight>,
}

impl Target {
    fn show(&self, sees: bool) -> Presence {
        let user = self.id.clone();
        match (sees, self.is_online) {
            (true, true) => Presence { user, status: PresenceStatus::Online, last_seen_at: None },
            (true, false) => offline(user, self.last_seen),
            (false, _) => offline(user, None),
        }
    }
}

/// Somebody who is away.
pub(crate) fn offline(user: UserId, last_seen_at: Option<Time>) -> Presence {
    Presence { user, status: PresenceStatus::Offline, last_seen_at }
}

struct Watcher {
    app: AppNo,
    targets: FxHashSet<Uid>,
}

/// All subscriptions of this node's connections. A connection without any costs nothing.
#[derive(Default)]
pub(crate) struct Watches {
    targets: FxHashMap<Uid, Target>,
    watchers: BTreeMap<Socket, Watcher>,
    /// Targets that may be shown wrong, and when those who went did.
    dirty: FxHashMap<Uid, Option<Time>>,
    doubts: Vec<Question>,
    pairs: usize,
    stamp: u64,
}

impl Watches {
    /// How many pairs there are.
    pub(crate) fn count(&self) -> usize {
        self.pairs
    }

    /// Subscribes a connection, blindly until [`Watches::settle`]. What is to be asked for it: of
    /// those who are new to it, and of those whom it did not see. `None`: these are too many.
    pub(crate) fn watch(
        &mut self,
        app: AppNo,
        socket: Socket,
        users: &[(Uid, UserId)],
        is_online: impl Fn(Uid) -> bool,
    ) -> Option<Vec<Question>> {
        let held = self.watchers.get(&socket).map(|watcher| &watcher.targets);
        let is_new = |uid: &Uid| held.is_none_or(|held| !held.contains(uid));
        let fresh: FxHashSet<Uid> = users.iter().map(|(uid, _)| *uid).filter(is_new).collect();
        if held.map_or(0, FxHashSet::len) + fresh.len() > limits::PRESENCE_SUBSCRIPTIONS_MAX {
            return None;
        }
        if users.is_empty() {
            return Some(Vec::new());
        }
        let watcher = self.watchers.entry(socket);
        let watcher = watcher.or_insert_with(|| Watcher { app, targets: FxHashSet::default() });
        let mut questions = Vec::with_capacity(fresh.len());
        for (uid, id) in users {
            watcher.targets.insert(*uid);
            let target = self.targets.entry(*uid).or_insert_with(|| Target {
                id: id.clone(),
                is_online: is_online(*uid),
                last_seen: None,
                told_at: None,
                pairs: FxHashMap::default(),
            });
            match target.pairs.get(&socket) {
                Some(Sight::Sees | Sight::Doubt { .. }) => continue,
                Some(Sight::Blind) => {}
                None => self.pairs += 1,
            }
            self.stamp += 1;
            let stamp = self.stamp;
            target.pairs.insert(socket, Sight::Doubt { was_online: false, stamp });
            questions.push(Question { app, socket, target: *uid, stamp });
        }
        Some(questions)
    }

    /// Ends subscriptions of a connection; `None`: all of them.
    pub(crate) fn unwatch(&mut self, socket: Socket, users: Option<&[Uid]>) {
        let Some(watcher) = self.watchers.get_mut(&socket) else { return };
        let ended: Vec<Uid> = match users {
            None => watcher.targets.drain().collect(),
            Some(users) => {
                users.iter().filter(|uid| watcher.targets.remove(uid)).copied().collect()
            }
        };
        if watcher.targets.is_empty() {
            self.watchers.remove(&socket);
        }
        for uid in ended {
            let Entry::Occupied(mut target) = self.targets.entry(uid) else { continue };
            target.get_mut().pairs.remove(&socket);
            self.pairs -= 1;
            if target.get().pairs.is_empty() {
                target.remove();
                self.dirty.remove(&uid);
            }
        }
    }

    /// Somebody came, or went at a time.
    pub(crate) fn changed(&mut self, uid: Uid, left_at: Option<Time>) {
        if self.targets.contains_key(&uid) {
            self.dirty.insert(uid, left_at);
        }
    }

    /// Something has happened to a user: the pairs on both sides of them are in doubt.
    pub(crate) fn doubt(&mut self, uid: Uid, which: Doubted) {
        if self.pairs == 0 {
            return;
        }
        let own = self.watchers.range((uid, 0)..=(uid, u64::MAX));
        let own = own
            .flat_map(|(socket, watcher)| watcher.targets.iter().map(|target| (*socket, *target)));
        let pairs: Vec<(Socket, Uid)> = match self.targets.get(&uid) {
            Some(target) => own.chain(target.pairs.keys().map(|socket| (*socket, uid))).collect(),
            None => own.collect(),
        };
        for (socket, target) in pairs {
            self.doubt_pair(socket, target, which);
        }
    }

    fn doubt_pair(&mut self, socket: Socket, uid: Uid, which: Doubted) {
        let Some(watcher) = self.watchers.get(&socket) else { return };
        let Some(target) = self.targets.get_mut(&uid) else { return };
        let is_online = target.is_online;
        let Some(sight) = target.pairs.get_mut(&socket) else { return };
        let was_online = match (*sight, which) {
            (Sight::Sees, Doubted::Seeing | Doubted::Both) => is_online,
            (Sight::Blind, Doubted::Blind | Doubted::Both) => false,
            (Sight::Doubt { was_online, .. }, _) => was_online,
            (Sight::Sees, Doubted::Blind) | (Sight::Blind, Doubted::Seeing) => return,
        };
        self.stamp += 1;
        let stamp = self.stamp;
        *sight = Sight::Doubt { was_online, stamp };
        self.doubts.push(Question { app: watcher.app, socket, target: uid, stamp });
    }

    /// Some of the pairs in doubt, to be asked for.
    pub(crate) fn take_doubts(&mut self, most: usize) -> Vec<Question> {
        let at = self.doubts.len().saturating_sub(most);
        self.doubts.split_off(at)
    }

    /// Nobody could answer: they are to be asked for again.
    pub(crate) fn put_back(&mut self, questions: Vec<Question>) {
        self.doubts.extend(questions);
    }

    /// What the database said before now. Whoever was told something else is told.
    pub(crate) fn settle(&mut self, answers: &[(Question, Answer)]) -> Vec<News> {
        let mut news = Vec::new();
        for (Question { socket, target: uid, stamp, .. }, answer) in answers {
            let Some(target) = self.targets.get_mut(uid) else { continue };
            target.last_seen = target.last_seen.max(answer.last_seen);
            let shown = target.show(answer.may_see);
            let Some(sight) = target.pairs.get_mut(socket) else { continue };
            let Sight::Doubt { was_online, stamp: current } = *sight else { continue };
            if current != *stamp {
                continue;
            }
            *sight = if answer.may_see { Sight::Sees } else { Sight::Blind };
            if was_online != (shown.status == PresenceStatus::Online) {
                news.push(News { to: vec![*socket], presence: shown });
            }
        }
        news
    }

    /// What a connection is shown of somebody; while that is in doubt, what it was told last.
    pub(crate) fn view(&self, socket: Socket, uid: Uid, id: &UserId) -> Presence {
        let Some(target) = self.targets.get(&uid) else { return offline(id.clone(), None) };
        match target.pairs.get(&socket) {
            Some(Sight::Doubt { was_online: true, .. }) => {
                let (user, status) = (target.id.clone(), PresenceStatus::Online);
                Presence { user, status, last_seen_at: None }
            }
            sight => target.show(sight == Some(&Sight::Sees)),
        }
    }

    /// What has changed since it was told, of each user at most once in a second.
    pub(crate) fn tell(&mut self, now: Duration, is_online: impl Fn(Uid) -> bool) -> Vec<News> {
        let mut news = Vec::new();
        let targets = &mut self.targets;
        self.dirty.retain(|uid, left_at| {
            let Some(target) = targets.get_mut(uid) else { return false };
            let is_online = is_online(*uid);
            if target.is_online == is_online {
                return false;
            }
            if target.told_at.is_some_and(|told_at| now < told_at + STEP) {
                return true;
            }
            (target.is_online, target.told_at) = (is_online, Some(now));
            target.last_seen = target.last_seen.max(*left_at);
            let seeing = target.pairs.iter().filter(|(_, sight)| **sight == Sight::Sees);
            let to: Vec<Socket> = seeing.map(|(socket, _)| *socket).collect();
            if !to.is_empty() {
                news.push(News { to, presence: target.show(true) });
            }
            false
        });
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: AppNo = AppNo(1);
    const ANN: Uid = Uid(1);
    const BOB: Uid = Uid(2);
    const PHONE: Socket = (ANN, 10);
    const SEES: Answer = Answer { may_see: true, last_seen: None };
    const BLIND: Answer = Answer { may_see: false, last_seen: None };

    fn id(uid: Uid) -> UserId {
        UserId::parse(&format!("u{}", uid.0)).unwrap()
    }

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// A phone of Ann's that is subscribed to Bob.
    fn watched(answer: Answer, is_online: bool) -> Watches {
        let mut watches = Watches::default();
        let asked = watches.watch(APP, PHONE, &[(BOB, id(BOB))], |_| is_online).unwrap();
        // What it would tell stands in the reply of the subscription.
        drop(settle(&mut watches, asked, answer));
        watches
    }

    fn settle(watches: &mut Watches, asked: Vec<Question>, answer: Answer) -> Vec<String> {
        let answers: Vec<_> = asked.into_iter().map(|question| (question, answer)).collect();
        let news = watches.settle(&answers);
        told(news)
    }

    fn told(news: Vec<News>) -> Vec<String> {
        let told = |news: News| format!("{} {:?}", news.presence.user, news.presence.status);
        news.into_iter().map(told).collect()
    }

    fn ask(watches: &mut Watches, answer: Answer) -> Vec<String> {
        let asked = watches.take_doubts(100);
        settle(watches, asked, answer)
    }

    #[test]
    fn changes_come_once_a_second_and_only_when_something_changed() {
        let mut watches = watched(SEES, false);
        assert_eq!(told(watches.tell(at(0), |_| true)), [""; 0], "nothing is dirty");
        watches.changed(BOB, None);
        assert_eq!(told(watches.tell(at(0), |_| true)), ["u2 Online"]);
        watches.changed(BOB, Some(Time(5)));
        assert_eq!(told(watches.tell(at(999), |_| false)), [""; 0], "too soon");
        let news = watches.tell(at(1_000), |_| false);
        assert_eq!(news[0].presence, offline(id(BOB), Some(Time(5))));
        watches.changed(BOB, None);
        assert_eq!(told(watches.tell(at(1_001), |_| false)), [""; 0], "back and away again");
        assert!(watches.dirty.is_empty());
    }

    #[test]
    fn who_may_not_see_sees_nothing() {
        let mut watches = watched(BLIND, true);
        assert_eq!(watches.view(PHONE, BOB, &id(BOB)), offline(id(BOB), None));
        watches.changed(BOB, Some(Time(5)));
        assert_eq!(told(watches.tell(at(0), |_| false)), [""; 0]);
        assert_eq!(watches.view(PHONE, BOB, &id(BOB)), offline(id(BOB), None));
        // Who subscribes again asks again; who sees already does not.
        let asked = watches.watch(APP, PHONE, &[(BOB, id(BOB))], |_| true).unwrap();
        assert_eq!((asked.len(), settle(&mut watches, asked, SEES).len()), (1, 0));
        assert_eq!(watches.watch(APP, PHONE, &[(BOB, id(BOB))], |_| true), Some(Vec::new()));
        assert_eq!(watches.view(PHONE, BOB, &id(BOB)), offline(id(BOB), Some(Time(5))));
    }

    #[test]
    fn a_pair_in_doubt_is_silent_until_somebody_knows() {
        let mut watches = watched(SEES, true);
        watches.doubt(BOB, Doubted::Blind);
        assert_eq!(watches.take_doubts(9), [], "he sees already");
        watches.doubt(ANN, Doubted::Seeing);
        watches.changed(BOB, None);
        assert_eq!(told(watches.tell(at(0), |_| false)), [""; 0]);
        assert_eq!(ask(&mut watches, BLIND), ["u2 Offline"], "as if he had gone");
        // They meet again.
        watches.changed(BOB, None);
        watches.tell(at(5_000), |_| true);
        watches.doubt(BOB, Doubted::Both);
        assert_eq!(ask(&mut watches, SEES), ["u2 Online"]);
        watches.doubt(BOB, Doubted::Both);
        assert_eq!(ask(&mut watches, SEES), [""; 0], "nothing has changed");
    }

    #[test]
    fn what_happens_while_somebody_asks_is_asked_again() {
        let mut watches = watched(SEES, true);
        watches.doubt(BOB, Doubted::Seeing);
        let asked = watches.take_doubts(9);
        watches.doubt(BOB, Doubted::Seeing);
        assert_eq!(settle(&mut watches, asked, SEES), [""; 0], "that was before");
        assert_eq!(ask(&mut watches, BLIND), ["u2 Offline"]);
        // The answer to the later question may be there before that to the earlier one.
        let mut watches = Watches::default();
        let first = watches.watch(APP, PHONE, &[(BOB, id(BOB))], |_| true).unwrap();
        watches.doubt(BOB, Doubted::Seeing);
        assert_eq!(ask(&mut watches, BLIND), [""; 0]);
        assert_eq!(settle(&mut watches, first, SEES), [""; 0]);
        assert_eq!(watches.view(PHONE, BOB, &id(BOB)), offline(id(BOB), None));
        watches.doubt(BOB, Doubted::Both);
        let asked = watches.take_doubts(9);
        watches.put_back(asked);
        assert_eq!(ask(&mut watches, SEES), ["u2 Online"]);
    }

    #[test]
    fn subscriptions_are_bounded_and_leave_nothing_behind() {
        let mut watches = Watches::default();
        let users: Vec<(Uid, UserId)> = (100..600).map(|uid| (Uid(uid), id(Uid(uid)))).collect();
        for _ in 0..2 {
            assert!(watches.watch(APP, PHONE, &users, |_| true).is_some(), "the same count once");
        }
        assert_eq!(watches.count(), 500);
        assert!(watches.watch(APP, PHONE, &[(BOB, id(BOB))], |_| true).is_none());
        watches.unwatch(PHONE, Some(&[Uid(100), BOB]));
        assert!(watches.watch(APP, PHONE, &[(BOB, id(BOB)), (BOB, id(BOB))], |_| true).is_some());
        assert_eq!(watches.count(), 500);
        watches.doubt(ANN, Doubted::Both);
        watches.unwatch(PHONE, None);
        assert_eq!((watches.count(), watches.targets.len(), watches.watchers.len()), (0, 0, 0));
        assert_eq!(ask(&mut watches, SEES), [""; 0]);
    }
}
