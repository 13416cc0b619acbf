//! Conversations, their members and roles, and what a client synchronises by. See README.md.

mod api;
mod events;
mod model;
mod service;
mod store;

use std::sync::Arc;

use hoopoe_accounts::Accounts;
use hoopoe_db::{Migration, MigrationChain};
use hoopoe_log::Log;

pub use api::commands;
pub use model::{
    Audience, Membership, Permission, Rights,
    cursor::{decode_number, digest, encode_number},
};
pub use service::{addressees, require};
pub use store::STATEMENTS;

/// The tables of this crate.
pub const MIGRATIONS: MigrationChain = MigrationChain {
    owner: "conversations",
    migrations: &[
        Migration::portable(
            "0001_conversations",
            include_str!("../migrations/0001_conversations.sql"),
        ),
        Migration::portable("0002_joined_seq", include_str!("../migrations/0002_joined_seq.sql")),
    ],
};

/// The conversations of all apps. Cheap to clone.
#[derive(Clone)]
pub struct Conversations(Arc<Inner>);

struct Inner {
    log: Log,
    accounts: Accounts,
}

impl Conversations {
    /// Works on a database that [`MIGRATIONS`] and those below have run on.
    pub fn new(log: Log, accounts: Accounts) -> Self {
        Self(Arc::new(Inner { log, accounts }))
    }
}
