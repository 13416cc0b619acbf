//! Internal ids to the ids that the app chose: asked for with every message, and never changing.

use hoopoe_kernel::Uid;
use hoopoe_wire::UserId;
use parking_lot::RwLock;
use rustc_hash::FxHashMap;

const SHARDS: usize = 16;
/// Names to a half of a shard: 262,144 in all, some 20 MiB when full.
const HALF_MAX: usize = 8_192;

/// A bounded cache. Each shard has two halves: when the young one is full it becomes the old one,
/// and what nobody asked for since the last change of halves is forgotten.
#[derive(Default)]
pub(crate) struct Names {
    shards: [RwLock<Shard>; SHARDS],
}

#[derive(Default)]
struct Shard {
    young: FxHashMap<i64, UserId>,
    old: FxHashMap<i64, UserId>,
}

impl Names {
    /// A name that is known.
    pub(crate) fn get(&self, uid: Uid) -> Option<UserId> {
        let lock = self.shard(uid);
        let found = {
            let shard = lock.read();
            if let Some(id) = shard.young.get(&uid.0) {
                return Some(id.clone());
            }
            shard.old.get(&uid.0).cloned()?
        };
        lock.write().put(uid, found.clone());
        Some(found)
    }

    /// Keeps a name.
    pub(crate) fn put(&self, uid: Uid, id: UserId) {
        self.shard(uid).write().put(uid, id);
    }

    fn shard(&self, uid: Uid) -> &RwLock<Shard> {
        // The low bits are random; the remainder of a positive number is below SHARDS.
        &self.shards[(uid.0.unsigned_abs() % SHARDS as u64) as usize]
    }
}

impl Shard {
    fn put(&mut self, uid: Uid, id: UserId) {
        if self.young.len() >= HALF_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(uid.0, id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_forgets_only_what_nobody_asks_for() {
        let names = Names::default();
        let id = |uid: i64| UserId::parse(&format!("u{uid}")).expect("a legal id");
        // All in one shard.
        for nth in 0..(4 * HALF_MAX as i64) {
            names.put(Uid(nth * SHARDS as i64), id(nth));
            assert_eq!(names.get(Uid(0)), Some(id(0)), "{nth}");
        }
        assert_eq!(names.get(Uid(SHARDS as i64)), None);
        let shard = names.shards[0].read();
        assert!(shard.young.len() + shard.old.len() <= 2 * HALF_MAX);
    }
}
