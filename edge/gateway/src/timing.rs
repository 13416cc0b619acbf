//! Times of the socket's life.

use std::time::Duration;

use hoopoe_wire::limits;

/// How long a socket may take to start its session.
pub(crate) const START_MAX: Duration = Duration::from_millis(limits::SESSION_START_MS_MAX);
/// Between two heartbeats.
pub(crate) const HEARTBEAT: Duration = Duration::from_millis(limits::HEARTBEAT_MS);
/// Heartbeats that may go unanswered.
pub(crate) const MISSED_MAX: u32 = 2;
/// How long the peer may take to take what is left and to answer the close frame.
pub(crate) const CLOSE_MAX: Duration = Duration::from_secs(3);
