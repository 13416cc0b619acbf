//! The PostgreSQL driver: worker threads with a connection each for reads and writes, and one
//! thread with one connection for every lane.
//!
//! A transaction is a synchronous closure, so it occupies a thread while it runs. Thread and
//! connection are therefore pooled as a pair: each worker drives its connection on a runtime of its
//! own, and a statement costs no wake-up of another thread.

mod admin;
mod backend;
mod copy;
mod error;
mod lane;
mod options;
mod session;
mod tx;
mod value;
mod work;

pub use admin::{StatementShape, describe, run_alone};
pub use backend::Postgres;
pub use copy::{DUMP_MAGIC, dump, restore};
pub use options::PostgresOptions;
