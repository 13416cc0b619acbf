//! Taking jobs: one writer needs no row locks, many writers pass over what another one is taking.

use hoopoe_db::{Dialect, ReadTx};

const CLAIM_SQLITE: &str = "UPDATE jobs SET holder = $1, due_at_us = $2, attempts = attempts + 1 \
    WHERE id IN (SELECT id FROM jobs WHERE kind = $3 AND dead_at_us IS NULL AND due_at_us <= $4 \
        ORDER BY due_at_us LIMIT $5) \
    RETURNING id, app, body, attempts, run_at_us";
/// The inner query is run once, whatever the planner thinks: run again it would lock, and skip,
/// other rows.
const CLAIM_POSTGRES: &str = "WITH due AS MATERIALIZED (SELECT id FROM jobs \
        WHERE kind = $3 AND dead_at_us IS NULL AND due_at_us <= $4 \
        ORDER BY due_at_us LIMIT $5 FOR UPDATE SKIP LOCKED) \
    UPDATE jobs SET holder = $1, due_at_us = $2, attempts = jobs.attempts + 1 FROM due \
    WHERE jobs.id = due.id RETURNING jobs.id, jobs.app, jobs.body, jobs.attempts, jobs.run_at_us";

pub(crate) fn statements(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::Sqlite => &[CLAIM_SQLITE],
        Dialect::Postgres => &[CLAIM_POSTGRES],
    }
}

/// Arguments: holder, end of the lease, kind, now, limit.
pub(crate) fn claim_statement(tx: &dyn ReadTx) -> &'static str {
    match tx.dialect() {
        Dialect::Sqlite => CLAIM_SQLITE,
        Dialect::Postgres => CLAIM_POSTGRES,
    }
}
