//! What of the outbox outlives a process.

use std::collections::VecDeque;

use hoopoe_wire::{UserId, messages::SendRequest};
use serde::{Deserialize, Serialize};

/// Sends remembered after their acknowledgement, so that they can be offered again to a server
/// that was restored from a backup.
const SENT_MAX: usize = 256;
/// For how long.
const SENT_AGE_MS_MAX: i64 = 24 * 3_600 * 1_000;

/// A send that waits for its acknowledgement.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Item {
    /// What is sent, for ever under the same client id.
    pub request: SendRequest,
    /// Since when it waits, in milliseconds since 1970.
    pub queued_at_ms: i64,
}

/// A send that was acknowledged a while ago.
#[derive(Debug, Clone)]
pub struct SentItem {
    /// What was sent.
    pub item: Item,
    /// When it was acknowledged, in milliseconds since 1970.
    pub at_ms: i64,
}

/// A line in the outbox's book.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Record {
    /// A send was asked for, or is to be offered again.
    Queued(Item),
    /// The server has it.
    Sent {
        /// Which.
        client_id: String,
        /// When, in milliseconds since 1970.
        at_ms: i64,
    },
    /// It was given up.
    Dropped {
        /// Which.
        client_id: String,
    },
    /// The user whose outbox it is.
    Owner {
        /// As `session.start` tells it.
        user: UserId,
    },
    /// The epoch of the server's database that all of this is about.
    Epoch {
        /// As `session.start` tells it.
        epoch: i64,
    },
}

/// What the records come to.
#[derive(Debug, Clone, Default)]
pub struct Image {
    /// Whose it is, once a session was started.
    pub owner: Option<UserId>,
    /// The last epoch.
    pub epoch: Option<i64>,
    /// Sends that wait, in their order.
    pub queued: VecDeque<Item>,
    /// Sends of late, the oldest first.
    pub sent: VecDeque<SentItem>,
}

impl Image {
    /// Takes in one more record. A record about something unknown changes nothing.
    pub fn apply(&mut self, record: Record) {
        match record {
            Record::Queued(item) => {
                let is_same = |other: &Item| other.request.client_id == item.request.client_id;
                let before = self.sent.len();
                self.sent.retain(|sent| !is_same(&sent.item));
                let is_again = self.sent.len() < before;
                if self.queued.iter().any(is_same) {
                    return;
                }
                // What is offered again is older than what was never sent.
                let later = |other: &Item| other.queued_at_ms > item.queued_at_ms;
                let at = is_again.then(|| self.queued.iter().position(later)).flatten();
                self.queued.insert(at.unwrap_or(self.queued.len()), item);
            }
            Record::Sent { client_id, at_ms } => {
                if let Some(item) = self.take(&client_id) {
                    self.sent.push_back(SentItem { item, at_ms });
                }
                self.forget(at_ms);
            }
            Record::Dropped { client_id } => drop(self.take(&client_id)),
            Record::Owner { user } => self.owner = Some(user),
            Record::Epoch { epoch } => self.epoch = Some(epoch),
        }
    }

    fn take(&mut self, client_id: &str) -> Option<Item> {
        let at = self.queued.iter().position(|item| item.request.client_id == client_id)?;
        self.queued.remove(at)
    }

    fn forget(&mut self, now_ms: i64) {
        let old = |sent: &SentItem| now_ms.saturating_sub(sent.at_ms) > SENT_AGE_MS_MAX;
        while self.sent.len() > SENT_MAX || self.sent.front().is_some_and(old) {
            self.sent.pop_front();
        }
    }

    /// The shortest list of records that comes to the same.
    pub fn records(&self) -> Vec<Record> {
        let owner = self.owner.clone().map(|user| Record::Owner { user });
        let epoch = self.epoch.map(|epoch| Record::Epoch { epoch });
        let mut records: Vec<Record> = owner.into_iter().chain(epoch).collect();
        for SentItem { item, at_ms } in &self.sent {
            let client_id = item.request.client_id.clone();
            records.push(Record::Queued(item.clone()));
            records.push(Record::Sent { client_id, at_ms: *at_ms });
        }
        records.extend(self.queued.iter().cloned().map(Record::Queued));
        records
    }
}
