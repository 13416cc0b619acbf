//! The log: what was said and what changed, gapless, exactly once, on stable storage before anyone
//! is told. It knows streams and bytes; what they mean is the domains' business.
//!
//! `seq` counts a conversation's messages, `rev` its changes; each is {1..n} without a hole.

mod append;
mod append_fork;
#[doc(hidden)]
pub mod bench;
mod cache;
pub mod changes;
pub mod consume;
mod epoch;
mod feed;
pub mod heads;
mod key;
mod lane;
pub mod marks;
pub mod messages;
mod meta;
pub mod moves;
mod open;
pub mod redact;
pub mod replace;
pub mod spans;
pub mod state;
mod trim;
mod write;

use hoopoe_db::{Migration, MigrationChain};

pub use append::{Appended, Appending, Demand, NewMessage, Writing};
pub use feed::{AudienceChange, Batch, Logged, LoggedChange, LoggedMessage};
pub use heads::Head;
pub use key::ClientId;
pub use marks::Marks;
pub use open::{Log, begin_epoch};
pub use spans::{Spans, WriteGate};
pub use write::{LogTx, NewChange};

/// The tables of the log.
pub const MIGRATIONS: MigrationChain = MigrationChain {
    owner: "log",
    migrations: &[
        Migration::portable("0001_log", include_str!("../migrations/0001_log.sql")),
        Migration::portable("0002_uncounted", include_str!("../migrations/0002_uncounted.sql")),
        Migration::portable("0003_versions", include_str!("../migrations/0003_versions.sql")),
    ],
};

/// Every statement, for the test that prepares them on both databases. Those of
/// `append_fork.rs` differ and are listed by [`dialect_statements`].
pub fn statements() -> Vec<&'static str> {
    let groups: [&[&'static str]; 12] = [
        changes::STATEMENTS,
        consume::STATEMENTS,
        heads::STATEMENTS,
        lane::STATEMENTS,
        marks::STATEMENTS,
        messages::STATEMENTS,
        meta::STATEMENTS,
        moves::STATEMENTS,
        redact::STATEMENTS,
        replace::STATEMENTS,
        spans::STATEMENTS,
        state::STATEMENTS,
    ];
    let mut all = groups.concat();
    all.extend(trim::STATEMENTS);
    all.extend(write::STATEMENTS);
    all
}

/// Statements that only one of the databases understands.
pub fn dialect_statements(dialect: hoopoe_db::Dialect) -> &'static [&'static str] {
    append_fork::statements(dialect)
}
