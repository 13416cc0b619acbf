//! The narrow waist between Hoopoe and its databases: one trait, borrowed values, rows visited in
//! place, transactions as synchronous closures, and migrations. It knows no domain and no driver.
//!
//! SQL is written once, in the portable subset (see `STYLE.md`): `BIGINT`, `TEXT` and bytes,
//! `$n` placeholders numbered in the order of their first use, `ON CONFLICT`, `RETURNING`, CTEs.

mod backend;
mod error;
mod migrate;
mod value;

pub use backend::{
    Backend, BackendStats, BoxedRead, BoxedWrite, Db, Dialect, Lane, LaneHandle, ReadTx, Verdict,
    WriteTx,
};
pub use error::{DbError, DbErrorKind};
pub use migrate::{Migration, MigrationChain, applied_migrations, migrate, render};
pub use value::{Row, Value};
