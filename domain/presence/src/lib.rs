//! Who is there, and who is writing: subscriptions, last seen, typing. See README.md.

mod api;
mod events;
mod model;
mod service;
mod store;

use hoopoe_db::{Migration, MigrationChain};

pub use api::commands;
pub use service::{Presence, PresenceParts};
pub use store::STATEMENTS;

/// The tables of this crate.
pub const MIGRATIONS: MigrationChain = MigrationChain {
    owner: "presence",
    migrations: &[Migration::portable(
        "0001_presence",
        include_str!("../migrations/0001_presence.sql"),
    )],
};
