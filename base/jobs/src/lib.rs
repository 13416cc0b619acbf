//! Durable jobs: work that is done later, once it succeeds at the latest, whatever crashes in
//! between. It knows kinds and bytes; what they mean is the domains' business. See README.md.

mod backoff;
mod claim_fork;
mod job;
mod queue;
mod runner;
mod store;

use hoopoe_db::{Dialect, Migration, MigrationChain};

pub use backoff::Policy;
pub use job::{DeadJob, Job, JobError, JobId, NewJob, Recurring, Retry};
pub use queue::{Jobs, Settled};
pub use runner::Runner;
pub use store::STATEMENTS;

/// The table of this crate.
pub const MIGRATIONS: MigrationChain = MigrationChain {
    owner: "jobs",
    migrations: &[Migration::portable("0001_jobs", include_str!("../migrations/0001_jobs.sql"))],
};

/// Statements that only one of the databases understands.
pub fn dialect_statements(dialect: Dialect) -> &'static [&'static str] {
    claim_fork::statements(dialect)
}
