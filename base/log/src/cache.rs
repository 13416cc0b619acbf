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

/// What is known of a sender in a conversation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sender {
    pub(crate) gate_us: i64,
    pub(crate) read_seq: i64,
    pub(crate) is_dirty: bool,
}

#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) head: Head,
    pub(crate) senders: FxHashMap<Uid, Sender>,
    /// Senders whose marks the running batch has moved.
    pub(crate) dirty_senders: Vec<Uid>,
    pub(crate) is_touched: bool,
}

#[derive(Default)]
pub(crate) struct Cache {
    entries: FxHashMap<ConversationId, Entry>,
}

impl Cache {
    pub(crate) fn get(&mut self, conversation: ConversationId) -> Option<&mut Entry> {
        self.entries.get_mut(&conversation)
    }

    pub(crate) fn put(&mut self, head: Head) -> &mut Entry {
        if self.entries.len() >= ENTRIES_MAX {
            self.entries.retain(|_, entry| entry.is_touched);
        }
        let entry = Entry {
            head,
            senders: FxHashMap::default(),
            dirty_senders: Vec::new(),
            is_touched: false,
        };
        self.entries.entry(head.conversation).insert_entry(entry).into_mut()
    }

    pub(crate) fn forget(&mut self, conversation: ConversationId) {
        self.entries.remove(&conversation);
    }

    pub(crate) fn forget_sender(&mut self, conversation: ConversationId, uid: Uid) {
        if let Some(entry) = self.entries.get_mut(&conversation) {
            entry.senders.remove(&uid);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }
}

/// Shared by the lane and the closures of one node. On the embedded database only the writer thread
/// takes it, so it is never waited for.
pub(crate) type SharedCache = std::sync::Arc<Mutex<Cache>>;
