//! The upgrade (RFC 6455, section 4.2) and the life of a connection from the outside.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures_util::FutureExt;
use hoopoe_accounts::Accounts;
use hoopoe_conversations::Conversations;
use hoopoe_kernel::{Env, Registry, network};
use hoopoe_wire::{limits, session::CloseCode};
use http::{HeaderMap, Request, Response, StatusCode, header};
use hyper::upgrade::OnUpgrade;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{handshake::derive_accept_key, protocol::Role, protocol::WebSocketConfig},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    Hub, Timing,
    codec::Codec,
    conn,
    line::{Line, Lower},
};

/// Read buffer of a connection: most of what an idle one costs.
const READ_BUFFER_BYTES: usize = 1_024;

/// What a gateway is made of.
pub struct GatewayParts {
    /// The command table.
    pub registry: Arc<Registry>,
    /// Sessions.
    pub accounts: Accounts,
    /// Heads at the start of a session.
    pub conversations: Conversations,
    /// Who is connected.
    pub hub: Hub,
    /// Clock and randomness.
    pub env: Arc<Env>,
    /// Origins of web pages that may connect; a request without an Origin always may.
    pub origins: Vec<String>,
    /// Connections that one address (of IPv6, one /64) may hold; `None`: any number.
    pub connections_per_address: Option<usize>,
    /// Sockets of the whole server; `None`: any number.
    pub connections_max: Option<usize>,
    /// Takes the stream out of an upgraded connection.
    pub lower: Lower,
    /// How long things may take.
    pub timing: Timing,
}

/// Accepts sockets. Cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) parts: GatewayParts,
    addresses: Mutex<FxHashMap<IpAddr, usize>>,
    count: AtomicUsize,
    pub(crate) stopping: CancellationToken,
    tasks: TaskTracker,
}

impl Gateway {
    /// A gateway that accepts.
    pub fn new(parts: GatewayParts) -> Self {
        let inner = Inner {
            parts,
            addresses: Mutex::default(),
            count: AtomicUsize::new(0),
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Answers an upgrade request: 101 and the socket lives on, or why not. 400 for a request that
    /// is no upgrade, 403 for a foreign Origin, 426 for another version, 429 for too many from one
    /// address, 503 for too many in all and while going down.
    pub fn accept<B>(&self, request: &mut Request<B>, peer: SocketAddr) -> Response<()> {
        match self.check(request.headers(), peer.ip()) {
            Ok((answer, codec)) => {
                let upgrade = hyper::upgrade::on(request);
                self.spawn(upgrade, peer, codec);
                answer
            }
            Err(status) => refusal(status),
        }
    }

    /// Who is connected.
    pub fn hub(&self) -> &Hub {
        &self.inner.parts.hub
    }

    /// Closes every socket with 4503 and returns when they are gone.
    pub async fn drain(&self) {
        self.inner.stopping.cancel();
        self.inner.parts.hub.drain();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }

    fn check(
        &self,
        headers: &HeaderMap,
        address: IpAddr,
    ) -> Result<(Response<()>, Codec), StatusCode> {
        let key = upgrade_key(headers).ok_or(StatusCode::BAD_REQUEST)?;
        if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
            return Err(StatusCode::UPGRADE_REQUIRED);
        }
        if !self.is_allowed_origin(headers) {
            return Err(StatusCode::FORBIDDEN);
        }
        if self.inner.stopping.is_cancelled() {
            return Err(StatusCode::SERVICE_UNAVAILABLE);
        }
        let (codec, protocol) = Codec::negotiate(headers);
        self.inner.enter(address)?;
        let mut response = Response::builder()
            .status(StatusCode::SWITCHING_PROTOCOLS)
            .header(header::CONNECTION, "Upgrade")
            .header(header::UPGRADE, "websocket")
            .header(header::SEC_WEBSOCKET_ACCEPT, derive_accept_key(key));
        if let Some(protocol) = protocol {
            response = response.header(header::SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        let response = response.body(()).map_err(|_| {
            self.inner.leave(address);
            StatusCode::BAD_REQUEST
        })?;
        Ok((response, codec))
    }

    fn is_allowed_origin(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(header::ORIGIN) else { return true };
        let Ok(origin) = origin.to_str() else { return false };
        let own = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let is_own = own.is_some_and(|host| {
            origin.strip_prefix("http://").or(origin.strip_prefix("https://")) == Some(host)
        });
        is_own || self.inner.parts.origins.iter().any(|allowed| allowed == origin)
    }

    fn spawn(&self, upgrade: OnUpgrade, peer: SocketAddr, codec: Codec) {
        let inner = self.inner.clone();
        self.inner.tasks.spawn(async move {
            let counted = Counted { inner: inner.clone(), address: peer.ip() };
            if let Some(socket) = open(upgrade, inner.parts.lower).await {
                conn::run(inner, socket, peer.ip(), codec).boxed().await;
            }
            drop(counted);
        });
    }
}

impl Inner {
    /// Counts a connection, unless there are too many in all, 503, or of its address, 429. Of
    /// loopback none are counted by address.
    fn enter(&self, address: IpAddr) -> Result<(), StatusCode> {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let refused = if self.parts.connections_max.is_some_and(|max| count >= max) {
            Some(StatusCode::SERVICE_UNAVAILABLE)
        } else {
            (!self.enter_by_address(address)).then_some(StatusCode::TOO_MANY_REQUESTS)
        };
        match refused {
            None => Ok(()),
            Some(status) => {
                self.count.fetch_sub(1, Ordering::Relaxed);
                metrics::counter!("hoopoe_connections_refused_total").increment(1);
                Err(status)
            }
        }
    }

    fn enter_by_address(&self, address: IpAddr) -> bool {
        let Some(max) = self.parts.connections_per_address else { return true };
        if address.is_loopback() {
            return true;
        }
        let mut addresses = self.addresses.lock();
        let count = addresses.entry(network(address)).or_default();
        if *count >= max {
            return false;
        }
        *count += 1;
        true
    }

    fn leave(&self, address: IpAddr) {
        self.count.fetch_sub(1, Ordering::Relaxed);
        let mut addresses = self.addresses.lock();
        let household = network(address);
        if let Some(count) = addresses.get_mut(&household) {
            *count -= 1;
            if *count == 0 {
                addresses.remove(&household);
            }
        }
    }
}

struct Counted {
    inner: Arc<Inner>,
    address: IpAddr,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.inner.leave(self.address);
    }
}

fn upgrade_key(headers: &HeaderMap) -> Option<&[u8]> {
    let names = |header, wanted: &str| {
        let lines = headers.get_all(header).iter().filter_map(|value| value.to_str().ok());
        lines.flat_map(|line| line.split(',')).any(|word| word.trim().eq_ignore_ascii_case(wanted))
    };
    let is_upgrade = names(header::CONNECTION, "upgrade") && names(header::UPGRADE, "websocket");
    let key = headers.get(header::SEC_WEBSOCKET_KEY)?.as_bytes();
    (is_upgrade && key.len() == 24).then_some(key)
}

fn refusal(status: StatusCode) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = status;
    if status == StatusCode::UPGRADE_REQUIRED {
        let version = http::HeaderValue::from_static("13");
        response.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, version);
    }
    response
}

/// The stream below the HTTP connection: the socket then costs no more than itself.
async fn open(upgrade: OnUpgrade, lower: Lower) -> Option<WebSocketStream<Line>> {
    let upgraded = match upgrade.await {
        Ok(upgraded) => upgraded,
        Err(error) => {
            tracing::debug!(%error, "a socket went away during its upgrade");
            return None;
        }
    };
    let Some((stream, early)) = lower(upgraded) else {
        tracing::error!("a socket stands on a stream that is none of the listener's");
        return None;
    };
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(limits::CONNECTION_QUEUE_BYTES_MAX)
        .max_message_size(Some(limits::FRAME_BYTES_MAX))
        .max_frame_size(Some(limits::FRAME_BYTES_MAX));
    let (line, early) = (Line::new(stream, &early), early.to_vec());
    let socket =
        WebSocketStream::from_partially_read(line, early, Role::Server, Some(config)).await;
    Some(socket)
}

/// The close code of a socket that must not go on.
pub(crate) fn stop_code(inner: &Inner) -> Option<CloseCode> {
    inner.stopping.is_cancelled().then_some(CloseCode::Drain)
}
