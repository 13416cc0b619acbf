//! Doors for the instruction-count benches: the same lane that serves sends, without its threads.

use std::sync::Arc;

use hoopoe_db::{DbError, Lane, WriteTx};
use hoopoe_kernel::Env;

use crate::{
    NewMessage,
    append::{Appending, Queue},
    cache::SharedCache,
    feed::Feed,
    lane::{AppendLane, Batch},
    moves,
};

/// An append lane that is driven by hand.
pub struct HandLane {
    lane: AppendLane,
    queue: Arc<Queue>,
}

impl HandLane {
    /// A lane of the embedded database.
    pub fn new(env: Arc<Env>, dialect: hoopoe_db::Dialect) -> Self {
        let queue = Arc::new(Queue::default());
        let lane = AppendLane {
            lane: 1,
            env,
            queue: queue.clone(),
            cache: SharedCache::default(),
            feed: Arc::new(Feed::default()),
            limit: usize::MAX,
            conversations_max: usize::MAX,
            caches_heads: crate::append_fork::caches_heads(dialect),
            batch: Batch::default(),
            small_batches: 0,
        };
        Self { lane, queue }
    }

    /// Writes what the lane needs before its first batch.
    pub fn prepare(&self, tx: &mut dyn WriteTx) -> Result<(), DbError> {
        moves::open_lane(tx, 1, hoopoe_wire::Time(0))
    }

    /// Queues a message.
    pub fn push(&self, message: NewMessage) -> Appending {
        Appending::start(&self.queue, message, None, || {})
    }

    /// Runs one batch in a transaction and answers.
    pub fn run(&mut self, tx: &mut dyn WriteTx) -> Result<(), DbError> {
        if self.lane.take() {
            self.lane.run(tx)?;
            self.lane.committed();
        }
        Ok(())
    }
}
