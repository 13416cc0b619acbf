//! A thread and a connection for each lane.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::Ordering,
};

use crossbeam_channel::{Receiver, Sender, TrySendError};
use hoopoe_db::{DbErrorKind, Lane, LaneHandle, Verdict};

use crate::{
    session::{CommitFailure, Session},
    work::{REPEAT_PAUSE, transact},
};

/// How often a batch is run again as it is before the lane is asked to make it smaller.
const REPEATS_MAX: u32 = 3;

/// Wakes a lane's thread: the channel holds one waiting wake, and more count as one.
pub(crate) struct Wake(pub(crate) Sender<()>);

impl LaneHandle for Wake {
    fn wake(&self) {
        match self.0.try_send(()) {
            // Full: a wake is waiting already. Disconnected: the back end is closed.
            Ok(()) | Err(TrySendError::Full(()) | TrySendError::Disconnected(())) => {}
        }
    }
}

/// Serves a lane until the back end is closed and nothing waits.
pub(crate) fn lane_loop(mut session: Session, mut lane: Box<dyn Lane>, wakes: &Receiver<()>) {
    while wakes.recv().is_ok() {
        // Read before the last look at the queue: what was queued before the close is written.
        let is_closing = session.shared().is_closing.load(Ordering::Acquire);
        while guarded("looked at its queue", || lane.take()).unwrap_or(false) {
            serve(&mut session, &mut *lane);
        }
        if is_closing {
            break;
        }
    }
}

/// Brings one taken batch to its end.
fn serve(session: &mut Session, lane: &mut dyn Lane) {
    let (mut repeats, mut reconnects) = (0, 0);
    loop {
        let outcome = transact(session, |tx| lane.run(tx).map(|()| Verdict::Commit));
        let (error, may_repeat) = match outcome {
            Ok(()) => {
                guarded("answered", || lane.committed());
                return;
            }
            Err(CommitFailure::Again(error)) => (error, true),
            Err(CommitFailure::Final(error)) => (error, false),
        };
        if may_repeat && error.is_retryable() && repeats < REPEATS_MAX {
            metrics::counter!("hoopoe_db_retries_total").increment(1);
            session.sleep(session.shared().pause(REPEAT_PAUSE, repeats));
            repeats += 1;
            continue;
        }
        if may_repeat && error.kind() == DbErrorKind::Unavailable && reconnects == 0 {
            reconnects += 1;
            continue;
        }
        // Where nothing can be reached, or nobody knows what was stored, parts fare no better. A
        // poisonous item, however, meets its own end only.
        let can_split = !matches!(error.kind(), DbErrorKind::Unavailable | DbErrorKind::Unknown);
        if can_split && guarded("was split", || lane.split()).unwrap_or(false) {
            (repeats, reconnects) = (0, 0);
            continue;
        }
        guarded("answered", || lane.failed(&error));
        return;
    }
}

/// A panic in a lane's own code must not end its thread: what is queued would wait for ever.
fn guarded<T>(doing: &str, work: impl FnOnce() -> T) -> Option<T> {
    let result = catch_unwind(AssertUnwindSafe(work));
    if result.is_err() {
        tracing::error!("a lane panicked while it {doing}");
    }
    result.ok()
}
