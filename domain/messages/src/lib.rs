//! Messages: sending, history, changing, taking back, reactions, changes, delivered and read marks.
//! It does not know sockets, HTTP or SQL drivers; the log keeps the timeline.

mod api;
mod events;
mod model;
mod service;
mod store;

use hoopoe_db::{Migration, MigrationChain};

pub use api::commands;
pub use events::{bare_frame, frame};
pub use service::Messages;

/// For the test that prepares them on both databases.
pub const STATEMENTS: &[&str] = store::STATEMENTS;

/// The tables of this crate.
pub const MIGRATIONS: MigrationChain = MigrationChain {
    owner: "messages",
    migrations: &[Migration::portable(
        "0001_reactions",
        include_str!("../migrations/0001_reactions.sql"),
    )],
};
