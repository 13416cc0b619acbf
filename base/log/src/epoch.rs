//! The epoch of the database as this node knows it, and how a node finds out that it is over.
//!
//! A server behind us may be replaced by one that lacks the newest transactions: a standby that was
//! not synchronous, or a copy. What it has of a conversation then lies below what this node has
//! acknowledged, and the numbers above it will be given a second time. So a new epoch begins, in the
//! same transaction that saw it, and every client fetches anew.

use std::sync::atomic::{AtomicI64, Ordering};

use hoopoe_db::{DbError, WriteTx};
use hoopoe_wire::{ConversationId, Time};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use crate::{Head, Logged, meta};

/// Conversations whose numbers are remembered; beyond it all are forgotten once.
const REMEMBERED_MAX: usize = 100_000;

/// What was acknowledged of each conversation: seq and rev.
type Acked = FxHashMap<ConversationId, (i64, i64)>;

#[derive(Default)]
pub(crate) struct Epoch {
    now: AtomicI64,
    /// `None`: the database is a file that nobody else can have changed.
    acked: Option<Mutex<Acked>>,
}

impl Epoch {
    pub(crate) fn new(now: i64, is_remote: bool) -> Self {
        Self { now: AtomicI64::new(now), acked: is_remote.then(Mutex::default) }
    }

    pub(crate) fn now(&self) -> i64 {
        self.now.load(Ordering::Acquire)
    }

    /// Whether the database has less of a conversation than this node has acknowledged: heads never
    /// fall, and are never deleted. Ask under the head lock.
    pub(crate) fn has_lost(&self, conversation: ConversationId, head: Option<&Head>) -> bool {
        let Some(acked) = &self.acked else { return false };
        let acked = acked.lock().get(&conversation).copied();
        acked.is_some_and(|(seq, rev)| head.is_none_or(|head| head.seq < seq || head.rev < rev))
    }

    /// Begins another epoch, unless somebody else has. To be adopted after the commit.
    pub(crate) fn next(&self, tx: &mut dyn WriteTx, now: Time) -> Result<i64, DbError> {
        let stored = meta::epoch(tx.as_read())?;
        if stored != self.now() { Ok(stored) } else { meta::begin_epoch(tx, now) }
    }

    /// From now on it is this one.
    pub(crate) fn adopt(&self, epoch: i64) {
        if self.now.swap(epoch, Ordering::AcqRel) == epoch {
            return;
        }
        tracing::error!(
            epoch,
            "the database lacks what was acknowledged, or was restored: a new epoch has begun, \
             and clients fetch anew and offer their own messages again"
        );
        if let Some(acked) = &self.acked {
            acked.lock().clear();
        }
    }

    /// These are committed, and about to be acknowledged.
    pub(crate) fn note(&self, items: &[Logged]) {
        let Some(acked) = &self.acked else { return };
        let mut acked = acked.lock();
        for item in items {
            let (seq, rev) = match item {
                Logged::Message(message) => (message.seq, 0),
                Logged::Change(change) => (change.at_seq, change.rev),
            };
            if acked.len() >= REMEMBERED_MAX && !acked.contains_key(&item.conversation()) {
                acked.clear();
            }
            let known = acked.entry(item.conversation()).or_default();
            *known = (known.0.max(seq), known.1.max(rev));
        }
    }
}
