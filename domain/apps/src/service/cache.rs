//! A small cache for answers that must not stay wrong.

use std::{
    borrow::Borrow,
    collections::HashMap,
    hash::Hash,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hoopoe_kernel::Env;
use parking_lot::Mutex;

/// How long a change that another process made may go unseen.
const TTL: Duration = Duration::from_secs(1);

/// Remembers look-ups for one second, and not beyond the next change made by this process.
///
/// A look-up takes a [`Stamp`] *before* it reads the database and hands it in with the answer: an
/// answer that was read before a change and arrives after it is then not believed.
pub struct FreshCache<K, V> {
    env: Arc<Env>,
    entries_max: usize,
    generation: AtomicU64,
    entries: Mutex<HashMap<K, Entry<V>>>,
}

struct Entry<V> {
    value: V,
    stamp: Stamp,
    until: Duration,
}

/// The state of knowledge at one moment: it changes with every change made by this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp(u64);

impl<K: Hash + Eq, V: Clone> FreshCache<K, V> {
    /// An empty cache of at most `entries_max` answers.
    pub fn new(env: Arc<Env>, entries_max: usize) -> Self {
        Self { env, entries_max, generation: AtomicU64::new(0), entries: Mutex::default() }
    }

    /// To be taken before the database is read.
    pub fn stamp(&self) -> Stamp {
        Stamp(self.generation.load(Ordering::Acquire))
    }

    /// An answer that still holds.
    pub fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let (now, stamp) = (self.env.clock.monotonic(), self.stamp());
        let entries = self.entries.lock();
        let entry = entries.get(key)?;
        (entry.stamp == stamp && now < entry.until).then(|| entry.value.clone())
    }

    /// Keeps an answer that was read after `stamp` was taken.
    pub fn put(&self, stamp: Stamp, key: K, value: V) {
        let now = self.env.clock.monotonic();
        let current = self.stamp();
        if stamp != current {
            return;
        }
        let mut entries = self.entries.lock();
        if entries.len() >= self.entries_max && !entries.contains_key(&key) {
            entries.retain(|_, entry| entry.stamp == current && now < entry.until);
            if entries.len() >= self.entries_max {
                entries.clear();
            }
        }
        entries.insert(key, Entry { value, stamp, until: now + TTL });
    }

    /// After a commit: nothing that was read before it holds any more.
    pub fn changed(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use hoopoe_kernel::{Clock, SystemEntropy};
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

    fn cache(entries_max: usize) -> (Arc<Hand>, FreshCache<u32, u32>) {
        let hand = Arc::new(Hand::default());
        let env = Env { clock: hand.clone(), entropy: Arc::new(SystemEntropy) };
        (hand, FreshCache::new(Arc::new(env), entries_max))
    }

    #[test]
    fn an_answer_lives_a_second_and_no_longer_than_the_next_change() {
        let (hand, cache) = cache(8);
        cache.put(cache.stamp(), 1, 10);
        hand.0.store(999, Ordering::Relaxed);
        assert_eq!(cache.get(&1), Some(10));
        hand.0.store(1_000, Ordering::Relaxed);
        assert_eq!(cache.get(&1), None);
        cache.put(cache.stamp(), 1, 11);
        cache.changed();
        assert_eq!(cache.get(&1), None);
    }

    #[test]
    fn what_was_read_before_a_change_is_not_believed_after_it() {
        let (_, cache) = cache(8);
        let before = cache.stamp();
        cache.changed();
        cache.put(before, 1, 10);
        assert_eq!(cache.get(&1), None);
    }

    #[test]
    fn it_does_not_grow_without_bound() {
        let (hand, cache) = cache(4);
        for key in 0..4 {
            cache.put(cache.stamp(), key, key);
        }
        cache.put(cache.stamp(), 4, 4);
        assert_eq!((cache.get(&0), cache.get(&4)), (None, Some(4)));
        hand.0.store(5_000, Ordering::Relaxed);
        for key in 10..1_000 {
            cache.put(cache.stamp(), key, key);
        }
        assert!(cache.entries.lock().len() <= 4);
    }
}
