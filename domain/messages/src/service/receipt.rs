//! Telling others how far somebody has read: names in small groups, counts in large ones.

use std::time::Duration;

use hoopoe_bus::Notice;
use hoopoe_kernel::Uid;
use hoopoe_wire::{ConversationId, messages::ReceiptUpdated};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use serde::Serialize;

use super::{Messages, mark::Marked};
use crate::store;

/// Above this many members a receipt is a count.
const NAMED_MEMBERS_MAX: usize = 50;
/// A large group's counts are told at most this often.
const COUNT_EVERY: Duration = Duration::from_secs(1);

/// Conversations whose counts are about to be told.
#[derive(Default)]
pub(super) struct Counts {
    due: Mutex<FxHashMap<ConversationId, Due>>,
}

#[derive(Default)]
struct Due {
    delivered_seq: i64,
    read_seq: i64,
    senders: Vec<Uid>,
}

#[derive(Serialize)]
struct Frame<'a> {
    event: &'a str,
    conversation: ConversationId,
    data: ReceiptUpdated,
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
        if marked.member_count <= NAMED_MEMBERS_MAX {
            let others = marked.senders.iter().copied();
            uids.extend(others.filter(|uid| *uid != marked.user.uid && *uid != Uid::NONE));
        } else {
            self.count_later(marked);
        }
        self.publish_receipt(uids, named);
    }

    fn publish_receipt(&self, uids: Vec<Uid>, data: ReceiptUpdated) {
        let conversation = data.conversation;
        let frame = Frame { event: "receipt.updated", conversation, data };
        match serde_json::to_vec(&frame) {
            Ok(json) => self.inner.bus.publish(Notice::Users { uids, frame: json.into() }),
            Err(error) => tracing::error!(%error, "a receipt could not be encoded"),
        }
    }

    fn count_later(&self, marked: &Marked) {
        let mut due = self.inner.counts.due.lock();
        let is_first = !due.contains_key(&marked.conversation);
        let entry = due.entry(marked.conversation).or_default();
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
        let seq = due.read_seq;
        let counting =
            self.inner.log.db().read(move |tx| Ok(store::readers(tx, conversation, seq)?));
        match counting.await {
            Ok(count) => {
                let data = ReceiptUpdated {
                    conversation,
                    user: None,
                    delivered_seq: due.delivered_seq,
                    read_seq: due.read_seq,
                    read_count: Some(count),
                };
                self.publish_receipt(due.senders, data);
            }
            Err(fail) => tracing::warn!(%fail, "readers could not be counted"),
        }
    }
}
