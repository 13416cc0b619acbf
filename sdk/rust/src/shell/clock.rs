//! The one place of the SDK that asks the machine for the time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use crate::core::Now;

/// Both clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    began: Instant,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self { began: Instant::now() }
    }

    pub(super) fn now(self) -> Now {
        Now { mono: self.began.elapsed(), wall_ms: wall_ms() }
    }

    /// When it is so late on the monotonic clock.
    pub(super) fn at(self, mono: Duration) -> Instant {
        self.began + mono
    }
}

#[expect(clippy::disallowed_methods, reason = "everything else of the SDK gets the time from here")]
pub(super) fn wall_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |age| i64::try_from(age.as_millis()).unwrap_or(i64::MAX))
}
