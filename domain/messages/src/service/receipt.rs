//! Telling others how far somebody has read: names in small groups, counts in large ones.

use std::time::Duration;

use hoopoe_kernel::{AppNo, Uid};
use hoopoe_log::spans;
use hoopoe_wire::{ConversationId, messages::ReceiptUpdated};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use super::{Messages, mark::Marked};
use crate::store;

/// Above this many members a receipt is a count.
pub(super) const NAMED_MEMBERS_MAX: usize = 50;
/// A large group's counts are told at most this often.
const COUNT_EVERY: Duration = Duration::from_secs(1);

/// Conversations whose counts are about to be told.
#[derive(Default)]
pub(super) struct Counts {
    due: Mutex<FxHashMap<ConversationId, Due>>,
}

struct Due {
    app: AppNo,
    delivered_seq: i64,
    read_seq: i64,
    senders: Vec<Uid>,
}

impl Messages {
    /// To the reader's own devices, and to the senders of what was just received or read.
    pub(super) fn tell_receipt(&self, marked: &Marked) {
        if !marked.has_moved {
            return;
        }
        let named = ReceiptUpdated {
            conversation: marked.conversation,
            user: Some(marked.user.id.clone()),
            delivered_seq: marked.now.delivered_seq,
            read_seq: marked.now.receipt_seq,
            read_count: None,
        };
        let mut uids = vec![marked.user.uid];
        if marked.is_large {
            self.count_later(marked);
        } else {
            let others = marked.senders.iter().copied();
            uids.extend(others.filter(|uid| *uid != marked.user.uid && *uid != Uid::NONE));
        }
        self.publish_receipt(uids, named);
    }

    fn publish_receipt(&self, uids: Vec<Uid>, data: ReceiptUpdated) {
        self.tell("receipt.updated", data.conversation, uids, data);
    }

    fn count_later(&self, marked: &Marked) {
        let mut due = self.inner.counts.due.lock();
        let is_first = !due.contains_key(&marked.conversation);
        let entry = due.entry(marked.conversation).or_insert_with(|| Due {
            app: marked.app,
            delivered_seq: 0,
            read_seq: 0,
            senders: Vec::new(),
        });
        entry.delivered_seq = entry.delivered_seq.max(marked.now.delivered_seq);
        entry.read_seq = entry.read_seq.max(marked.now.receipt_seq);
        entry.senders.extend(marked.senders.iter().filter(|uid| **uid != Uid::NONE));
        entry.senders.sort_unstable();
        entry.senders.dedup();
        drop(due);
        if is_first {
            let (messages, conversation) = (self.clone(), marked.conversation);
            tokio::spawn(async move {
                tokio::time::sleep(COUNT_EVERY).await;
                messages.tell_count(conversation).await;
            });
        }
    }

    async fn tell_count(&self, conversation: ConversationId) {
        let Some(due) = self.inner.counts.due.lock().remove(&conversation) else { return };
        let Due { app, delivered_seq, read_seq, mut senders } = due;
        let counting = self.inner.log.db().read(move |tx| {
            let mut members = Vec::with_capacity(senders.len());
            for uid in senders.drain(..) {
                if spans::gate(tx, app, conversation, uid)?.is_some() {
                    members.push(uid);
                }
            }
            Ok((store::readers(tx, app, conversation, read_seq)?, members))
        });
        match counting.await {
            Ok((count, members)) => {
                let data = ReceiptUpdated {
                    conversation,
                    user: None,
                    delivered_seq,
                    read_seq,
                    read_count: Some(count),
                };
                self.publish_receipt(members, data);
            }
            Err(fail) => tracing::warn!(%fail, "readers could not be counted"),
        }
    }
}
