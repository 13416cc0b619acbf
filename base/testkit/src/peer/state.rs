//! What a peer knows.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use aws_lc_rs::digest::{Context, SHA256};
use hoopoe_wire::ConversationId;

use crate::journal::{Name, Row};

/// What a peer holds of one conversation.
#[derive(Debug, Clone, Default)]
pub struct Log {
    /// Everything after this seq is held, up to [`Log::filled_to`].
    pub after: u64,
    /// No hole up to here.
    pub filled_to: u64,
    /// Newest change seen.
    pub rev: u64,
    /// The messages; `None` stands for one that this member may not see.
    pub rows: BTreeMap<u64, Option<Row>>,
}

impl Log {
    pub(super) fn put(&mut self, seq: u64, row: Option<Row>) {
        let known = self.rows.entry(seq).or_default();
        if row.is_some() {
            *known = row;
        }
        while self.rows.contains_key(&(self.filled_to + 1)) {
            self.filled_to += 1;
        }
    }

    /// The messages that this member may see, in order.
    pub fn messages(&self) -> impl Iterator<Item = &Row> {
        self.rows.values().flatten()
    }
}

/// A message that waits for its ack.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) number: u64,
    pub(super) conversation: Name,
    pub(super) client_id: String,
    pub(super) text: String,
}

/// What a peer knows; see [`Peer::until`].
#[derive(Debug, Default)]
pub struct State {
    /// By conversation.
    pub logs: BTreeMap<Name, Log>,
    pub(super) outbox: VecDeque<Item>,
    /// Whether a session is started now.
    pub is_connected: bool,
    /// Sessions started so far.
    pub starts: u64,
    /// Sends acknowledged so far.
    pub acked: u64,
    /// Sends refused for good.
    pub refused: Vec<String>,
    /// From "the server is up again" to "caught up and everything sent again", per reconnection.
    pub resumed_after: Vec<Duration>,
    pub(super) sent: u64,
    pub(super) received: u64,
}

impl State {
    /// Where the peer stands in all its conversations, as the server sums it up: a cursor's time may
    /// leave something out, the digest does not.
    pub(super) fn digest(&self) -> String {
        let mut positions: Vec<_> = self.logs.iter().map(position).collect();
        positions.sort_unstable();
        let mut hash = Context::new(&SHA256);
        for (conversation, seq, rev) in positions {
            hash.update(&conversation);
            hash.update(&seq.to_be_bytes());
            hash.update(&rev.to_be_bytes());
        }
        let digest = hash.finish();
        digest.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Sends that wait for their ack.
    pub fn unacked(&self) -> usize {
        self.outbox.len()
    }
}

fn position((conversation, log): (&Name, &Log)) -> ([u8; 16], u64, u64) {
    let id = conversation.parse::<ConversationId>().map_or([0; 16], |id| id.0);
    (id, log.filled_to, log.rev)
}
