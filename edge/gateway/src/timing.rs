//! Times of the socket's life.

use std::time::Duration;

use hoopoe_kernel::faults;
use hoopoe_wire::limits;

/// Heartbeats that may go unanswered.
pub(crate) const MISSED_MAX: u32 = 2;

/// How long things may take; tests are less patient.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// Until the session is started.
    pub start_max: Duration,
    /// Between two heartbeats.
    pub heartbeat: Duration,
    /// Until the peer has taken what is left and has answered the close frame.
    pub close_max: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        let heartbeat_ms = faults::setting("heartbeat_ms").unwrap_or(limits::HEARTBEAT_MS);
        Self {
            start_max: Duration::from_millis(limits::SESSION_START_MS_MAX),
            heartbeat: Duration::from_millis(heartbeat_ms),
            close_max: Duration::from_secs(3),
        }
    }
}
