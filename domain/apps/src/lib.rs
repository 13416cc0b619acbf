//! Apps (tenants), the keys of their backends and of the operator, and the replies that are kept
//! under an `Idempotency-Key`. See README.md.

mod api;
mod jobs;
mod model;
mod service;
mod store;

use std::sync::Arc;

use hoopoe_db::{Db, Migration, MigrationChain};
use hoopoe_kernel::Env;

pub use api::commands;
pub use model::{KeyIdentity, check_text, metadata_text, page_limit};
pub use service::{FreshCache, Stamp, secret};
pub use store::STATEMENTS;

/// The tables of this crate.
pub const MIGRATIONS: MigrationChain = MigrationChain {
    owner: "apps",
    migrations: &[
        Migration::portable("0001_apps", include_str!("../migrations/0001_apps.sql")),
        Migration::portable(
            "0002_message_windows",
            include_str!("../migrations/0002_message_windows.sql"),
        ),
        Migration::portable("0003_directory", include_str!("../migrations/0003_directory.sql")),
    ],
};

/// Keys whose identity is remembered for a moment: more than any server has in use.
const CACHED_KEYS_MAX: usize = 4_096;

/// Apps and keys; also the `Remember` port. Cheap to clone.
#[derive(Clone)]
pub struct Apps(Arc<Inner>);

struct Inner {
    db: Db,
    env: Arc<Env>,
    keys: FreshCache<secret::Hash, KeyIdentity>,
}

impl Apps {
    /// Works on a database that [`MIGRATIONS`] have run on.
    pub fn new(db: Db, env: Arc<Env>) -> Self {
        let keys = FreshCache::new(env.clone(), CACHED_KEYS_MAX);
        Self(Arc::new(Inner { db, env, keys }))
    }
}
