//! The core against a scripted peer: every fault of a line, at any moment.

#![expect(clippy::unwrap_used, reason = "every function here is part of a test")]

mod catching_up;
mod connecting;
mod property;
mod rig;
mod sending;
mod server;
