//! Guessing gets slower with every wrong password.
//!
//! Wrong passwords are counted twice: for a login name as it is tried from one network, and for the
//! name as it is tried from anywhere. The first waits for up to 15 minutes; the second for a minute
//! at most and not at all for networks from which the user has signed in, because otherwise whoever
//! knows a name could keep its owner out. A name that nobody has is counted like any other.
//!
//! An attempt counts as wrong from its beginning, so that a hundred at once are not all free. The
//! books are in memory: what costs a slot for checking passwords is all that gets in, which bounds
//! them; a restart forgets them, and nobody but the operator can restart.

use std::{net::IpAddr, sync::Arc, time::Duration};

use hoopoe_apps::secret;
use hoopoe_kernel::{AppNo, Ctx, Env, Fail, network};
use hoopoe_wire::{codes, limits};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use crate::model::password::LoginName;

/// Names and networks in the books: some 30 MiB. Half an hour of several hundred guesses a second.
const ENTRIES_MAX: usize = 262_144;
/// Networks from which somebody has signed in, for as many.
const FAMILIAR_MAX: usize = 262_144;
/// Nobody has tried for so long: the count begins anew.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(2 * limits::LOGIN_WAIT_S_MAX);

/// A login name of an app, whether somebody has it or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Name([u8; 16]);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    From(Name, Option<IpAddr>),
    Anywhere(Name),
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    failures: u32,
    last: Duration,
}

impl Entry {
    /// When the next attempt is allowed.
    fn free_at(self, key: Key) -> Duration {
        let (free, most_s) = match key {
            Key::From(..) => (limits::LOGIN_FAILURES_FREE, limits::LOGIN_WAIT_S_MAX),
            Key::Anywhere(_) => (limits::LOGIN_FAILURES_FREE_ALL, limits::LOGIN_WAIT_S_MAX_ALL),
        };
        let Some(beyond) = self.failures.checked_sub(free) else { return Duration::ZERO };
        self.last + Duration::from_secs(1_u64.checked_shl(beyond).unwrap_or(most_s).min(most_s))
    }
}

#[derive(Default)]
struct Books {
    entries: FxHashMap<Key, Entry>,
    familiar: FxHashMap<(Name, Option<IpAddr>), Duration>,
}

/// The books of wrong passwords.
pub(crate) struct Throttle {
    env: Arc<Env>,
    books: Mutex<Books>,
}

/// One attempt, counted as wrong until it says otherwise.
pub(crate) struct Attempt<'a> {
    throttle: &'a Throttle,
    name: Name,
    network: Option<IpAddr>,
}

impl Throttle {
    pub(crate) fn new(env: Arc<Env>) -> Self {
        Self { env, books: Mutex::default() }
    }

    /// 429 with the wait, or an attempt.
    pub(crate) fn begin(
        &self,
        ctx: &Ctx,
        app: AppNo,
        login: &LoginName,
    ) -> Result<Attempt<'_>, Fail> {
        let (now, network) = (self.env.clock.monotonic(), ctx.address.map(network));
        let name = Name::of(app, login);
        let mut books = self.books.lock();
        for key in [Key::From(name, network), Key::Anywhere(name)] {
            let is_spared =
                matches!(key, Key::Anywhere(_)) && books.familiar.contains_key(&(name, network));
            let free_at = books.entries.get(&key).map_or(Duration::ZERO, |one| one.free_at(key));
            if now < free_at && !is_spared {
                let wait_ms = u64::try_from((free_at - now).as_millis()).unwrap_or(u64::MAX);
                return Err(Fail::new(&codes::TOO_MANY_ATTEMPTS).retry_after_ms(wait_ms.max(1)));
            }
        }
        for key in [Key::From(name, network), Key::Anywhere(name)] {
            books.count(key, now);
        }
        Ok(Attempt { throttle: self, name, network })
    }

    /// Forgets what is old.
    pub(crate) fn sweep(&self) {
        let now = self.env.clock.monotonic();
        let mut books = self.books.lock();
        books.entries.retain(|_, entry| now.saturating_sub(entry.last) < FORGOTTEN_AFTER);
        books.entries.shrink_to_fit();
    }
}

impl Attempt<'_> {
    /// The password was right: this network starts anew, and is familiar from now on. The count of
    /// all networks loses this attempt only, or the owner's sign-ins would make room for guesses.
    pub(crate) fn succeeded(self) {
        let now = self.throttle.env.clock.monotonic();
        let mut books = self.throttle.books.lock();
        books.entries.remove(&Key::From(self.name, self.network));
        books.uncount(Key::Anywhere(self.name));
        if books.familiar.len() >= FAMILIAR_MAX {
            let limit = books.familiar.values().sum::<Duration>() / FAMILIAR_MAX as u32;
            books.familiar.retain(|_, since| *since > limit);
        }
        books.familiar.insert((self.name, self.network), now);
    }

    /// The password was not looked at.
    pub(crate) fn withdraw(self) {
        let mut books = self.throttle.books.lock();
        books.uncount(Key::From(self.name, self.network));
        books.uncount(Key::Anywhere(self.name));
    }
}

impl Books {
    fn count(&mut self, key: Key, now: Duration) {
        if self.entries.len() >= ENTRIES_MAX && !self.entries.contains_key(&key) {
            self.entries.retain(|_, entry| now.saturating_sub(entry.last) < FORGOTTEN_AFTER / 8);
            // Everything is young: any one goes, which is worth one guess to nobody in particular.
            if self.entries.len() >= ENTRIES_MAX
                && let Some(any) = self.entries.keys().next().copied()
            {
                self.entries.remove(&any);
            }
        }
        let entry = self.entries.entry(key).or_insert(Entry { failures: 0, last: now });
        if now.saturating_sub(entry.last) >= FORGOTTEN_AFTER {
            entry.failures = 0;
        }
        entry.failures = entry.failures.saturating_add(1);
        entry.last = now;
    }

    fn uncount(&mut self, key: Key) {
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.failures = entry.failures.saturating_sub(1);
            if entry.failures == 0 {
                self.entries.remove(&key);
            }
        }
    }
}

impl Name {
    /// Short and of one length, whatever somebody sends.
    fn of(app: AppNo, login: &LoginName) -> Self {
        let text = format!("{} {}", app.0, login.text.to_ascii_lowercase());
        let mut short = [0; 16];
        short.copy_from_slice(&secret::hash(&text)[..16]);
        Self(short)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use hoopoe_kernel::{Actor, Clock, SystemEntropy};
    use hoopoe_wire::Time;

    use super::*;

    #[derive(Default)]
    struct Hand(AtomicU64);

    impl Clock for Hand {
        fn now(&self) -> Time {
            Time(0)
        }

        fn monotonic(&self) -> Duration {
            Duration::from_millis(self.0.load(Ordering::Relaxed))
        }
    }

    struct Scene {
        hand: Arc<Hand>,
        env: Arc<Env>,
        throttle: Throttle,
    }

    impl Scene {
        fn new() -> Self {
            let hand = Arc::new(Hand::default());
            let env = Env { clock: hand.clone(), entropy: Arc::new(SystemEntropy) };
            let env = Arc::new(env);
            Self { hand, env: env.clone(), throttle: Throttle::new(env) }
        }

        fn pass_s(&self, seconds: u64) {
            self.hand.0.fetch_add(seconds * 1_000, Ordering::Relaxed);
        }

        fn begin(&self, login: &str, address: &str) -> Result<Attempt<'_>, u64> {
            let mut ctx = Ctx::new(&self.env, AppNo(1), Actor::Anonymous);
            ctx.address = Some(address.parse().expect("an address"));
            let login = LoginName::check("/login", login).expect("a legal name");
            let begun = self.throttle.begin(&ctx, AppNo(1), &login);
            begun.map_err(|fail| fail.wait_ms().expect("a wait"))
        }

        /// Wrong until it is made to wait; how many were free, and the wait.
        fn guess(&self, login: &str, address: &str) -> (u32, u64) {
            let mut free = 0;
            loop {
                match self.begin(login, address) {
                    Ok(_) => {}
                    Err(wait_ms) => return (free, wait_ms),
                }
                free += 1;
            }
        }
    }

    #[test]
    fn five_are_free_and_then_each_waits_twice_as_long_up_to_15_minutes() {
        let scene = Scene::new();
        assert_eq!(scene.guess("ann", "192.0.2.1"), (5, 1_000));
        let mut waits = Vec::new();
        for _ in 0..12 {
            scene.pass_s(waits.last().map_or(1, |ms| ms / 1_000));
            let (free, wait_ms) = scene.guess("ANN", "192.0.2.1");
            assert_eq!(free, 1, "one for each wait");
            waits.push(wait_ms);
        }
        assert_eq!(waits[..4], [2_000, 4_000, 8_000, 16_000]);
        assert_eq!(waits[10..], [900_000, 900_000]);
        assert!(scene.begin("bob", "192.0.2.1").is_ok(), "another name is another matter");
        assert!(scene.begin("ann", "192.0.2.2").is_ok(), "and so is another network");
        scene.pass_s(FORGOTTEN_AFTER.as_secs());
        assert_eq!(scene.guess("ann", "192.0.2.1").0, 5, "forgotten");
    }

    #[test]
    fn many_networks_together_wait_too_but_not_those_of_the_owner() {
        let scene = Scene::new();
        scene.begin("ann", "203.0.113.7").expect("free").succeeded();
        for network in 0..20 {
            assert!(scene.begin("ann", &format!("192.0.2.{network}")).is_ok(), "{network}");
        }
        assert_eq!(scene.begin("ann", "198.51.100.1").err(), Some(1_000));
        for _ in 0..20 {
            scene.pass_s(60);
            let _attempt_or_wait = scene.begin("ann", "198.51.100.1");
            let owner = scene.begin("ann", "203.0.113.7");
            owner.expect("the owner's network is spared").succeeded();
        }
        let wait_ms = scene.begin("ann", "198.51.100.2").err();
        assert!(wait_ms.is_some_and(|ms| ms <= 60_000), "{wait_ms:?}");
        assert_eq!(scene.guess("ann", "203.0.113.7"), (5, 1_000), "spared, not trusted");
    }

    #[test]
    fn what_was_right_or_not_looked_at_does_not_count() {
        let scene = Scene::new();
        for _ in 0..30 {
            scene.begin("ann", "192.0.2.1").expect("free").withdraw();
            scene.begin("ann", "192.0.2.1").expect("free").succeeded();
        }
        assert!(scene.throttle.books.lock().entries.is_empty());
        for _ in 0..4 {
            assert!(scene.begin("ann", "192.0.2.1").is_ok());
        }
        scene.begin("ann", "192.0.2.1").expect("free").succeeded();
        assert_eq!(scene.guess("ann", "192.0.2.1").0, 5);
    }

    #[test]
    fn the_books_are_swept_and_bounded() {
        let scene = Scene::new();
        assert!(scene.begin("ann", "192.0.2.1").is_ok());
        scene.throttle.sweep();
        assert_eq!(scene.throttle.books.lock().entries.len(), 2);
        scene.pass_s(FORGOTTEN_AFTER.as_secs());
        scene.throttle.sweep();
        assert!(scene.throttle.books.lock().entries.is_empty());
        let mut books = Books::default();
        for number in 0..u64::try_from(ENTRIES_MAX + 10).expect("small") {
            let mut name = [0; 16];
            name[..8].copy_from_slice(&number.to_le_bytes());
            books.count(Key::Anywhere(Name(name)), Duration::from_secs(1));
        }
        assert_eq!(books.entries.len(), ENTRIES_MAX);
    }
}
