//! What an engine is made with, and the time as it is told.

use std::time::Duration;

use hoopoe_wire::accounts::Device;

/// Both clocks of a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Never falls: for everything that is waited for.
    pub mono: Duration,
    /// Milliseconds since 1970 in UTC: for the age of what outlives a process.
    pub wall_ms: i64,
}

/// What an engine is made with.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// What the device says of itself.
    pub device: Option<Device>,
    /// From the system's randomness: it spreads the reconnections of many clients.
    pub seed: u64,
}
