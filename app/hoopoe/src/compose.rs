//! Names everything: which database, which domains, which edge. Nothing else knows them all.

mod restore;
mod storage;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use hoopoe_accounts::{Accounts, Authenticator};
use hoopoe_apps::Apps;
use hoopoe_bus::{Bus, LocalBus};
use hoopoe_conversations::Conversations;
use hoopoe_db::{Db, MigrationChain, migrate};
use hoopoe_gateway::{Gateway, GatewayParts, Hub, Lowered, Sources, Timing, Upgraded};
use hoopoe_http::{Edge, EdgeOptions, EdgeParts, SocketUpgrade};
use hoopoe_kernel::{Env, Fail, Registry, TokenBuckets, ports::Ports};
use hoopoe_log::Log;
use hoopoe_messages::Messages;
use hoopoe_presence::{Presence, PresenceParts};
use http::{Request, Response};

pub(crate) use restore::{Restored, restore};
pub(crate) use storage::{Lock, Storage, lock};

use crate::{about::About, audit::AuditLog, config::Config, trouble::Trouble, web};

/// The tables of all crates, lowest layer first.
const MIGRATIONS: &[MigrationChain] = &[
    hoopoe_log::MIGRATIONS,
    hoopoe_apps::MIGRATIONS,
    hoopoe_accounts::MIGRATIONS,
    hoopoe_conversations::MIGRATIONS,
    hoopoe_presence::MIGRATIONS,
    hoopoe_messages::MIGRATIONS,
];

/// The domains over an open database.
pub(crate) struct House {
    pub(crate) storage: Storage,
    /// The data directory, where this process has one.
    pub(crate) data: Option<PathBuf>,
    db: Db,
    pub(crate) env: Arc<Env>,
    pub(crate) log: Log,
    pub(crate) apps: Apps,
    pub(crate) accounts: Accounts,
    bus: Arc<dyn Bus>,
    conversations: Conversations,
    messages: Messages,
    pub(crate) presence: Presence,
}

/// What a server has beside the domains.
pub(crate) struct Front {
    pub(crate) edge: Arc<Edge>,
    pub(crate) gateway: Gateway,
    pub(crate) buckets: Arc<TokenBuckets>,
}

impl House {
    /// Opens the database, brings its schema up to date and starts the domains. Without a data
    /// directory the settings must name a database server.
    pub(crate) async fn open(config: &Config, data: Option<&Path>) -> Result<Self, Trouble> {
        let storage = Storage::open(config.database.url.as_deref(), data).await?;
        let db = storage.db();
        migrate(&db, MIGRATIONS).await?;
        let env = Env::system();
        let bus: Arc<dyn Bus> = LocalBus::new();
        if storage.has_lost() {
            hoopoe_log::begin_epoch(&db, env.clock.now()).await?;
        }
        let log = Log::open(db.clone(), env.clone()).await?;
        let apps = Apps::new(db.clone(), env.clone());
        let accounts = Accounts::with_settings(
            db.clone(),
            env.clone(),
            apps.clone(),
            bus.clone(),
            config.accounts.settings(),
        );
        let conversations = Conversations::new(log.clone(), accounts.clone());
        let messages = Messages::new(log.clone(), accounts.clone(), bus.clone());
        let presence = Presence::new(PresenceParts {
            db: db.clone(),
            env: env.clone(),
            accounts: accounts.clone(),
            conversations: conversations.clone(),
            bus: bus.clone(),
        });
        Ok(Self {
            storage,
            data: data.map(Path::to_owned),
            db,
            env,
            log,
            apps,
            accounts,
            bus,
            conversations,
            messages,
            presence,
        })
    }

    /// Whether the database takes writes, asked with an empty one.
    pub(crate) async fn probe_write(&self, patience: Duration) -> Result<(), Fail> {
        let stuck = |words: &str| Fail::unavailable().with_detail(words);
        if !self.storage.stats().writable {
            return Err(stuck(self.storage.why_not_writable()));
        }
        let written = tokio::time::timeout(patience, self.db.write(|_| Ok(()))).await;
        written.unwrap_or_else(|_| Err(stuck("the database does not answer")))
    }

    /// The command table over these domains.
    pub(crate) fn registry(&self, config: &Config, buckets: Arc<TokenBuckets>) -> Arc<Registry> {
        let tables = vec![
            hoopoe_accounts::commands(&self.accounts),
            hoopoe_conversations::commands(&self.conversations),
            hoopoe_messages::commands(&self.messages),
            hoopoe_presence::commands(&self.presence),
            hoopoe_apps::commands(&self.apps),
            hoopoe_http::commands(config.limits.effective()),
            About::new(config, self.apps.clone()).commands(),
        ];
        let ports = Ports {
            authenticate: Arc::new(Authenticator::new(self.accounts.clone())),
            admit: buckets,
            remember: Arc::new(self.apps.clone()),
            audit: Arc::new(AuditLog),
        };
        Registry::new(tables, ports)
    }

    /// Gateway and HTTP edge over the same registry.
    pub(crate) fn front(
        &self,
        config: &Config,
        public_url: String,
        probe: Arc<dyn hoopoe_http::Probe>,
    ) -> Front {
        let buckets = Arc::new(TokenBuckets::new(config.limits.rates()));
        let registry = self.registry(config, buckets.clone());
        let hub = Hub::start(Sources {
            log: self.log.clone(),
            conversations: self.conversations.clone(),
            accounts: self.accounts.clone(),
            bus: self.bus.clone(),
            presence: self.presence.clone(),
        });
        let gateway = Gateway::new(GatewayParts {
            registry: registry.clone(),
            accounts: self.accounts.clone(),
            conversations: self.conversations.clone(),
            hub,
            env: self.env.clone(),
            origins: origins(config),
            connections_per_address: config.limits.connections(),
            connections_max: config.limits.connections_max(),
            lower,
            timing: Timing::default(),
        });
        let parts = EdgeParts {
            registry,
            env: self.env.clone(),
            sockets: Arc::new(Sockets(gateway.clone())),
            probe,
        };
        let options = EdgeOptions {
            version: env!("CARGO_PKG_VERSION"),
            public_url,
            trusted_proxies: config.server.trusted_proxies.clone(),
            connections_per_address: config.limits.connections(),
            connections_max: config.limits.connections_max(),
            cors_origins: config.http.cors_origins.clone(),
            web: web::client(&config.web),
        };
        Front { edge: Edge::new(parts, options), gateway, buckets }
    }

    /// The command table for the documents, which nobody calls.
    pub(crate) fn documented(&self) -> Arc<Registry> {
        let config = Config::default();
        self.registry(&config, Arc::new(TokenBuckets::new(config.limits.rates())))
    }

    /// Finishes what is queued and closes the database.
    pub(crate) async fn close(&self) {
        let storage = self.storage.clone();
        // A panic in there has been reported where it happened.
        drop(tokio::task::spawn_blocking(move || storage.close()).await);
    }
}

/// Web pages that may open sockets: those of the server's own address, and others by name.
fn origins(config: &Config) -> Vec<String> {
    let own = config.server.public_url.as_deref().map(origin).into_iter();
    own.chain(config.server.allowed_origins.iter().map(|url| origin(url))).collect()
}

/// A browser names scheme and host only.
fn origin(url: &str) -> String {
    url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/")
}

/// The listener's streams as the gateway wants them.
fn lower(upgraded: Upgraded) -> Option<Lowered> {
    let (stream, early) = hoopoe_http::lower(upgraded)?;
    let stream = match stream {
        hoopoe_http::Stream::Tcp(stream) => hoopoe_gateway::Stream::Tcp(stream),
        hoopoe_http::Stream::Tls(stream) => hoopoe_gateway::Stream::Secure(stream),
    };
    Some((stream, early))
}

/// The gateway as the edge wants it.
struct Sockets(Gateway);

impl SocketUpgrade for Sockets {
    fn accept(
        &self,
        request: &mut Request<hoopoe_http::Body>,
        peer: std::net::SocketAddr,
    ) -> Response<()> {
        self.0.accept(request, peer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_no_path() {
        assert_eq!(origin("https://chat.example:8443/a/b"), "https://chat.example:8443");
        assert_eq!(origin("https://chat.example/"), "https://chat.example");
        assert_eq!(origin("https://chat.example"), "https://chat.example");
    }
}
