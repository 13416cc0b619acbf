//! Users of an app, their sessions and tokens, and the port that tells who calls. See README.md.

mod api;
mod events;
mod jobs;
mod model;
mod service;
mod store;

use std::sync::Arc;

use hoopoe_apps::{Apps, FreshCache, secret::Hash};
use hoopoe_bus::Bus;
use hoopoe_db::{Db, Migration, MigrationChain};
use hoopoe_kernel::{AppNo, Env, Uid};
use hoopoe_wire::UserId;

use crate::service::{hashing::Hasher, names::Names, throttle::Throttle};

pub use api::commands;
pub use model::{
    check_avatar_url,
    settings::{HashCost, Registration, SignInSettings},
};
pub use service::{Authenticator, Sessions, Started, Upserted};
pub use store::STATEMENTS;

/// The tables of this crate.
pub const MIGRATIONS: MigrationChain = MigrationChain {
    owner: "accounts",
    migrations: &[
        Migration::portable("0001_accounts", include_str!("../migrations/0001_accounts.sql")),
        Migration::portable("0002_signin", include_str!("../migrations/0002_signin.sql")),
        Migration::portable("0003_keys", include_str!("../migrations/0003_keys.sql")),
    ],
};

/// Tokens, and users that server keys act for, that are remembered for a moment: what a busy
/// second sees. An entry is some 200 bytes.
const CACHED_CALLERS_MAX: usize = 16_384;

/// Users and sessions. Cheap to clone.
#[derive(Clone)]
pub struct Accounts(Arc<Inner>);

struct Inner {
    db: Db,
    env: Arc<Env>,
    apps: Apps,
    bus: Arc<dyn Bus>,
    tokens: FreshCache<Hash, model::TokenIdentity>,
    acting: FreshCache<(AppNo, UserId), Uid>,
    names: Names,
    settings: SignInSettings,
    hasher: Hasher,
    throttle: Throttle,
}

impl Accounts {
    /// Works on a database that [`MIGRATIONS`] have run on, and lets people sign in as the
    /// defaults say: registration is closed.
    pub fn new(db: Db, env: Arc<Env>, apps: Apps, bus: Arc<dyn Bus>) -> Self {
        Self::with_settings(db, env, apps, bus, SignInSettings::default())
    }

    /// The same as an operator wants it.
    pub fn with_settings(
        db: Db,
        env: Arc<Env>,
        apps: Apps,
        bus: Arc<dyn Bus>,
        settings: SignInSettings,
    ) -> Self {
        let tokens = FreshCache::new(env.clone(), CACHED_CALLERS_MAX);
        let acting = FreshCache::new(env.clone(), CACHED_CALLERS_MAX);
        let names = Names::default();
        let hasher = Hasher::new(env.clone(), &settings);
        let throttle = Throttle::new(env.clone());
        let inner = Inner { db, env, apps, bus, tokens, acting, names, settings, hasher, throttle };
        Self(Arc::new(inner))
    }
}
