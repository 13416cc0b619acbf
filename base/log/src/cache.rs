//! Heads and senders that the one writer of an embedded database remembers between batches.
//!
//! An entry holds what the running batch will commit. When a batch is lost, the entries that it
//! touched are forgotten; when a closure changes a conversation, its entry is.

use hoopoe_kernel::Uid;
use hoopoe_wire::ConversationId;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use crate::Head;

/// Conversations remembered; beyond it everything is forgotten once, which costs a few reads.
const ENTRIES_MAX: usize = 100_000;
/// The same for their senders, over all conversations.
const SENDERS_MAX: usize = 500_000;

/// What is known of a sender in a conversation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sender {
    pub(crate) gate_us: i64,
    pub(crate) read_seq: i64,
    /// Own messages of the running batch that lie behind what the sender has not read.
    pub(crate) uncounted: i64,
    /// Whether the running batch has moved `read_seq`.
    pub(crate) has_read: bool,
}

#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) head: Head,
    pub(crate) senders: FxHashMap<Uid, Sender>,
    /// Senders whose marks the running batch has moved.
    pub(crate) dirty_senders: Vec<Uid>,
    pub(crate) is_touched: bool,
    /// Senders that stand in the cache's count.
    counted: usize,
}

#[derive(Default)]
pub(crate) struct Cache {
    entries: FxHashMap<ConversationId, Entry>,
    sender_count: usize,
}

impl Cache {
    pub(crate) fn get(&mut self, conversation: ConversationId) -> Option<&mut Entry> {
        self.entries.get_mut(&conversation)
    }

    pub(crate) fn put(&mut self, head: Head) -> &mut Entry {
        self.forget(head.conversation);
        if self.entries.len() >= ENTRIES_MAX {
            self.entries.retain(|_, entry| entry.is_touched);
            self.sender_count = self.entries.values().map(|entry| entry.counted).sum();
        }
        let entry = Entry {
            head,
            senders: FxHashMap::default(),
            dirty_senders: Vec::new(),
            is_touched: false,
            counted: 0,
        };
        self.entries.entry(head.conversation).insert_entry(entry).into_mut()
    }

    pub(crate) fn forget(&mut self, conversation: ConversationId) {
        if let Some(entry) = self.entries.remove(&conversation) {
            self.sender_count -= entry.counted;
        }
    }

    /// The batch that touched a conversation is committed: what stands here is what is stored.
    pub(crate) fn settle(&mut self, conversation: ConversationId) {
        let Some(entry) = self.entries.get_mut(&conversation) else { return };
        entry.is_touched = false;
        self.sender_count = self.sender_count + entry.senders.len() - entry.counted;
        entry.counted = entry.senders.len();
        if self.sender_count > SENDERS_MAX {
            self.clear();
        }
    }

    pub(crate) fn forget_sender(&mut self, conversation: ConversationId, uid: Uid) {
        if let Some(entry) = self.entries.get_mut(&conversation) {
            entry.senders.remove(&uid);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.sender_count = 0;
    }
}

/// Shared by the lane and the closures of one node. On the embedded database only the writer thread
/// takes it, so it is never waited for.
pub(crate) type SharedCache = std::sync::Arc<Mutex<Cache>>;

#[cfg(test)]
mod tests {
    use hoopoe_kernel::AppNo;
    use hoopoe_wire::Time;

    use super::*;

    fn head(n: usize) -> Head {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&n.to_be_bytes());
        let (conversation, app) = (ConversationId(id), AppNo(1));
        Head { conversation, app, seq: 0, rev: 1, members_rev: 1, floor_seq: 0, at: Time(0) }
    }

    #[test]
    fn many_senders_are_forgotten_like_many_conversations() {
        let mut cache = Cache::default();
        let sender = Sender { gate_us: 0, read_seq: 0, uncounted: 0, has_read: false };
        let mut most = 0;
        // Large groups in which everybody has spoken.
        for n in 0..SENDERS_MAX / 1_000 * 3 {
            let entry = cache.put(head(n));
            entry.senders.extend((0..1_000).map(|uid| (Uid(uid), sender)));
            cache.settle(head(n).conversation);
            let held: usize = cache.entries.values().map(|entry| entry.senders.len()).sum();
            assert_eq!(held, cache.sender_count);
            most = most.max(held);
        }
        assert!(most <= SENDERS_MAX, "{most}");
        cache.forget(head(SENDERS_MAX / 1_000 * 3 - 1).conversation);
        cache.put(head(0));
        let held: usize = cache.entries.values().map(|entry| entry.counted).sum();
        assert_eq!(held, cache.sender_count);
    }
}
