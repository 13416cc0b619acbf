//! Setting a client up.

use std::sync::Arc;

use hoopoe_wire::accounts::Device;
use tokio::sync::{mpsc, watch};

use super::{
    actor::{Actor, COMMANDS},
    client::Client,
    clock::Clock,
    dial::Server,
    error::Error,
    events::Seat,
    token::{FixedToken, TokenProvider},
};
use crate::{
    core::{Config, Engine, Status},
    store::{MemoryStore, Store},
};

/// Events on their way to the app, beside those that the engine keeps.
const EVENTS: usize = 64;

/// Sets a client up. An address and a token are needed.
#[derive(Default)]
pub struct Builder {
    url: String,
    tokens: Option<Arc<dyn TokenProvider>>,
    store: Option<Box<dyn Store>>,
    device: Option<Device>,
    #[cfg(feature = "tls")]
    trusted: Vec<u8>,
}

impl Builder {
    /// The server: `wss://host:port`, or `ws://…` within a host or a network that is trusted. A path
    /// other than `/v1/socket` is kept.
    #[must_use]
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = url.into();
        self
    }

    /// A token that stays. Tokens end: an app gives a [`Self::token_provider`].
    #[must_use]
    pub fn token(self, token: impl Into<String>) -> Self {
        self.token_provider(FixedToken(token.into()))
    }

    /// Where fresh tokens come from.
    #[must_use]
    pub fn token_provider(mut self, tokens: impl TokenProvider) -> Self {
        self.tokens = Some(Arc::new(tokens));
        self
    }

    /// Where the outbox is kept; in memory when left out. It belongs to the first user that it is
    /// used by; another's token ends the client with [`Stop::OtherUser`](crate::Stop::OtherUser).
    #[must_use]
    pub fn store(mut self, store: impl Store) -> Self {
        self.store = Some(Box::new(store));
        self
    }

    /// What the device says of itself.
    #[must_use]
    pub fn device(mut self, device: Device) -> Self {
        self.device = Some(device);
        self
    }

    /// Certificates (PEM, any number) to trust beside those that the machine trusts: an authority of
    /// one's own, or a server's own certificate. May be called again.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn trust(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.trusted.extend(pem.into());
        self
    }

    /// Starts a client and returns at once; it connects by itself, and sends can be queued.
    ///
    /// # Errors
    /// [`Error::Setup`] without a usable address or token, or without a certificate to trust where
    /// TLS is spoken; [`Error::Store`] when the outbox cannot be read.
    pub async fn start(self) -> Result<Client, Error> {
        let server = Server::parse(&self.url).map_err(Error::Setup)?;
        #[cfg(feature = "tls")]
        let server = server.trust(self.trusted).await.map_err(Error::Setup)?;
        let tokens = self.tokens.ok_or_else(|| Error::Setup("no token was given".to_owned()))?;
        let mut store = self.store.unwrap_or_else(|| Box::new(MemoryStore::default()));
        let reading = tokio::task::spawn_blocking(move || store.load().map(|image| (store, image)));
        let read = reading.await.map_err(|error| Error::Setup(error.to_string()))?;
        let (store, image) = read.map_err(Error::Store)?;
        let mut seed = [0; 8];
        getrandom::fill(&mut seed).map_err(|error| Error::Setup(error.to_string()))?;
        let clock = Clock::new();
        let config = Config { device: self.device, seed: u64::from_ne_bytes(seed) };
        let mut engine = Engine::new(config, image, clock.now());
        engine.start(clock.now());
        let (commands, inbox) = mpsc::channel(COMMANDS);
        let (events, queue) = mpsc::channel(EVENTS);
        let status = watch::Sender::new(Status::Connecting);
        let client = Client::new(commands, Seat::new(queue), status.subscribe());
        tokio::spawn(
            Actor::new((server, tokens), engine, clock, store, (inbox, events, status)).run(),
        );
        Ok(client)
    }

    /// Starts a client and waits for its first session, however long the server is away.
    ///
    /// # Errors
    /// As [`Self::start`], and [`Error::Stopped`] when the server does not take the token.
    pub async fn connect(self) -> Result<Client, Error> {
        let client = self.start().await?;
        client.online().await?;
        Ok(client)
    }
}
