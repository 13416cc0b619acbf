//! The core against a scripted peer: every fault of a line, at any moment.

#![expect(clippy::unwrap_used, clippy::panic, reason = "every function here is part of a test")]
#![expect(clippy::needless_pass_by_value, reason = "JSON is written where it is handed over")]

mod catching_up;
mod connecting;
mod property;
mod rig;
mod sending;
mod server;
