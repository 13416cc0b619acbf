//! The handle of the log.

use std::{future::Future, sync::Arc};

use aws_lc_rs::hmac;
use hoopoe_db::{Db, LaneHandle, ReadTx};
use hoopoe_kernel::{AppNo, Env, Fail, Uid};
use hoopoe_wire::{ConversationId, Time, limits};
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};

use crate::{
    Appended, Appending, Batch, Demand, LogTx, NewMessage,
    append::Queue,
    append_fork,
    cache::SharedCache,
    epoch::Epoch,
    feed::Feed,
    lane::{self, AppendLane},
    meta, moves, trim,
    write::Changing,
};

/// Keys that one minute's sweep looks at.
const KEYS_PER_LOOK: usize = 5_000;

/// The log of one database: cheap to clone.
#[derive(Clone)]
pub struct Log {
    inner: Arc<Inner>,
}

struct Inner {
    db: Db,
    env: Arc<Env>,
    direct_key: hmac::Key,
    queue: Arc<Queue>,
    lane: Arc<dyn LaneHandle>,
    lanes: [i64; 2],
    cache: SharedCache,
    feed: Arc<Feed>,
    /// How far the sweep of old keys has come.
    keys_seen: Mutex<Vec<u8>>,
}

struct Opened {
    epoch: i64,
    secret: Vec<u8>,
}

/// Begins a new epoch of a database whose log is not open yet: something that was acknowledged may
/// be lost, and numbers may come back that clients have seen with other content.
pub async fn begin_epoch(db: &Db, now: Time) -> Result<i64, Fail> {
    db.write(move |tx| Ok(meta::begin_epoch(tx, now)?)).await
}

impl Log {
    /// Opens the append lane of this node's life. The migrations have run.
    pub async fn open(db: Db, env: Arc<Env>) -> Result<Self, Fail> {
        let lanes = [fresh_lane(&env), fresh_lane(&env)];
        let mut secret = [0; 32];
        env.entropy.fill(&mut secret);
        let now = env.clock.now();
        let opened = db
            .write(move |tx| {
                for lane in lanes {
                    moves::open_lane(tx, lane, now)?;
                }
                let secret = meta::get_or_put(tx, meta::DIRECT_SECRET, &secret)?;
                Ok(Opened { epoch: meta::epoch(tx.as_read())?, secret })
            })
            .await?;
        let queue = Arc::new(Queue::default());
        let cache = SharedCache::default();
        let dialect = db.dialect();
        let is_remote = !append_fork::caches_heads(dialect);
        let feed = Arc::new(Feed::new(Epoch::new(opened.epoch, is_remote)));
        let append = AppendLane {
            lane: lanes[0],
            env: env.clone(),
            queue: queue.clone(),
            // Where heads are not cached the lane keeps its own: it waits for row locks while it
            // holds it, and a change that has the row must not wait for the lane.
            cache: if append_fork::caches_heads(dialect) {
                cache.clone()
            } else {
                Default::default()
            },
            feed: feed.clone(),
            limit: append_fork::messages_per_batch(dialect),
            conversations_max: append_fork::conversations_per_batch(dialect),
            caches_heads: append_fork::caches_heads(dialect),
            batch: lane::Batch::default(),
            small_batches: 0,
        };
        let lane = db.backend().open_lane(Box::new(append))?;
        let direct_key = hmac::Key::new(hmac::HMAC_SHA256, &opened.secret);
        Ok(Self {
            inner: Arc::new(Inner {
                db,
                env,
                direct_key,
                queue,
                lane,
                lanes,
                cache,
                feed,
                keys_seen: Mutex::default(),
            }),
        })
    }

    /// The database.
    pub fn db(&self) -> &Db {
        &self.inner.db
    }

    /// Clock and randomness.
    pub fn env(&self) -> &Arc<Env> {
        &self.inner.env
    }

    /// The database's epoch, as this node knows it.
    pub fn epoch(&self) -> i64 {
        self.inner.feed.epoch.now()
    }

    /// The id of the conversation of two people: the same whoever asks, and not to be guessed.
    pub fn direct_id(&self, one: Uid, other: Uid) -> ConversationId {
        let (low, high) = if one < other { (one, other) } else { (other, one) };
        let mut message = [0; 16];
        message[..8].copy_from_slice(&low.0.to_be_bytes());
        message[8..].copy_from_slice(&high.0.to_be_bytes());
        let tag = hmac::sign(&self.inner.direct_key, &message);
        let mut id = [0; 16];
        id.copy_from_slice(&tag.as_ref()[..16]);
        ConversationId(id)
    }

    /// Queues a message at once and answers after it is on stable storage. Messages of one caller
    /// keep the order of their calls.
    pub fn append(
        &self,
        message: NewMessage,
    ) -> impl Future<Output = Result<Appended, Fail>> + Send + use<> {
        self.append_if(message, None)
    }

    /// The same, if the demand is met when its turn comes.
    pub fn append_if(
        &self,
        message: NewMessage,
        demand: Option<Box<dyn Demand>>,
    ) -> impl Future<Output = Result<Appended, Fail>> + Send + use<> {
        Appending::start(&self.inner.queue, message, demand, || self.inner.lane.wake())
    }

    /// Runs one transaction over conversations of an app. `work` may run again; what it changed is
    /// told to the feed after the commit, even when the caller has gone.
    pub async fn write<T, F>(&self, app: AppNo, work: F) -> Result<T, Fail>
    where
        T: Send + 'static,
        F: FnMut(&mut LogTx<'_>) -> Result<T, Fail> + Send + 'static,
    {
        let (reply, receiver) = oneshot::channel();
        let inner = &self.inner;
        inner.db.backend().write(Box::new(Changing {
            work,
            app,
            lane: inner.lanes[1],
            env: inner.env.clone(),
            cache: inner.cache.clone(),
            feed: inner.feed.clone(),
            logged: Vec::new(),
            new_epoch: None,
            value: None,
            reply,
        }));
        receiver.await.unwrap_or_else(|_| Err(Fail::unavailable()))
    }

    /// What is committed from now on, in commit order.
    pub fn feed(&self) -> mpsc::Receiver<Arc<Batch>> {
        self.inner.feed.listen()
    }

    /// Begins a new epoch: clients refetch, and offer their own sends again. Other processes find
    /// out within a minute.
    pub async fn begin_epoch(&self) -> Result<i64, Fail> {
        let now = self.inner.env.clock.now();
        let epoch = self.inner.db.write(move |tx| Ok(meta::begin_epoch(tx, now)?)).await?;
        self.enter_epoch(epoch).await;
        Ok(epoch)
    }

    /// Told to the listeners in its place among the batches, by a thread that may wait for them.
    async fn enter_epoch(&self, epoch: i64) {
        let feed = self.inner.feed.clone();
        // A panic in there has been reported where it happened.
        drop(tokio::task::spawn_blocking(move || feed.publish(Vec::new(), Some(epoch))).await);
    }

    /// Says that this node's lanes live, looks whether another process has begun an epoch, and
    /// forgets what is too old: call it every minute or so.
    pub async fn tend(&self) -> Result<(), Fail> {
        let now = self.inner.env.clock.now();
        let lanes = self.inner.lanes;
        let moves_age = i64::try_from(limits::MOVES_TTL_S).unwrap_or(i64::MAX);
        let keys_age = i64::try_from(limits::CLIENT_ID_TTL_DAYS).unwrap_or(i64::MAX) * 86_400;
        let db = &self.inner.db;
        db.write(move |tx| {
            for lane in lanes {
                moves::touch_lane(tx, lane, now)?;
            }
            Ok(())
        })
        .await?;
        let epoch = db.read(|tx| Ok(meta::epoch(tx)?)).await?;
        if epoch != self.epoch() {
            self.enter_epoch(epoch).await;
        }
        let oldest_move = now.plus_s(-moves_age);
        while db.write(move |tx| Ok(moves::forget_before(tx, oldest_move)?)).await? > 0 {}
        self.forget_some_keys(now.plus_s(-keys_age)).await
    }

    /// Looks through the next piece of the keys.
    async fn forget_some_keys(&self, before: Time) -> Result<(), Fail> {
        let after = self.inner.keys_seen.lock().clone();
        let look =
            move |tx: &mut dyn ReadTx| Ok(trim::old_keys(tx, &after, KEYS_PER_LOOK, before)?);
        let (old, last) = self.inner.db.read(look).await?;
        if !old.is_empty() {
            self.inner.db.write(move |tx| Ok(trim::forget_keys(tx, &old)?)).await?;
        }
        *self.inner.keys_seen.lock() = last.unwrap_or_default();
        Ok(())
    }
}

/// A positive number that no other lane has: time first, then chance.
fn fresh_lane(env: &Env) -> i64 {
    let mut chance = [0; 4];
    env.entropy.fill(&mut chance);
    let ms = env.clock.now().0.div_euclid(1_000);
    ((ms & 0x3ff_ffff_ffff) << 21) | i64::from(u32::from_be_bytes(chance) & 0x1f_ffff)
}
