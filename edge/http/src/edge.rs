//! The edge as a whole: what it needs from others, and what happens around every request.

use std::{
    net::{IpAddr, SocketAddr},
    panic::AssertUnwindSafe,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{BoxError, Router, body::Body};
use bytes::Bytes;
use futures_util::FutureExt;
use hoopoe_kernel::{Actor, AppNo, BoxFuture, Ctx, Env, Fail, Registry};
use hoopoe_wire::{RequestId, codes, limits};
use http::{HeaderValue, Method, Request, Response, header};
use hyper::body::Body as HttpBody;
use metrics::{Counter, Histogram};
use tower::Service;

use crate::{Origins, WebClient, address, address::Network, page::Page, reply, router, web::Web};

/// Turns a request into a WebSocket, or refuses it: the gateway.
pub trait SocketUpgrade: Send + Sync {
    /// Answers 101 and takes `hyper::upgrade::OnUpgrade` out of the request, or says with another
    /// status why not; the edge adds the words. `peer` is the client's address, behind trusted
    /// proxies too. [`crate::lower`] takes the stream out of the upgraded connection.
    fn accept(&self, request: &mut Request<Body>, peer: SocketAddr) -> Response<()>;
}

/// What operators ask the process.
pub trait Probe: Send + Sync {
    /// Whether the server can do its work: the database can be written. Bounded in time.
    fn ready(&self) -> BoxFuture<Result<(), Fail>>;
    /// All metrics in Prometheus' text format.
    fn metrics(&self) -> String;
}

/// What the edge is made of.
pub struct EdgeParts {
    /// All commands.
    pub registry: Arc<Registry>,
    /// Clock and randomness.
    pub env: Arc<Env>,
    /// The gateway.
    pub sockets: Arc<dyn SocketUpgrade>,
    /// Health and metrics.
    pub probe: Arc<dyn Probe>,
}

/// How the edge behaves.
#[derive(Debug, Clone)]
pub struct EdgeOptions {
    /// The server's version, for the first page and the documents.
    pub version: &'static str,
    /// Where clients reach the server, `https://chat.example.com`, without a slash at the end.
    pub public_url: String,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// HTTP connections that one household may have open; `None`: no limit.
    pub connections_per_address: Option<usize>,
    /// HTTP connections of the whole server; `None`: no limit.
    pub connections_max: Option<usize>,
    /// Origins whose pages may read the API.
    pub cors_origins: Origins,
    /// What is served at `/`.
    pub web: WebClient,
}

/// Shared by all requests.
pub(crate) struct State {
    pub(crate) registry: Arc<Registry>,
    pub(crate) env: Arc<Env>,
    pub(crate) sockets: Arc<dyn SocketUpgrade>,
    pub(crate) probe: Arc<dyn Probe>,
    pub(crate) options: EdgeOptions,
    pub(crate) page: Page,
    pub(crate) web: Web,
    /// The OpenAPI document, printed when it is first asked for.
    pub(crate) openapi: OnceLock<Bytes>,
    /// Set while the server drains: it is alive but not ready.
    pub(crate) draining: AtomicBool,
}

/// What is known of a request before it is routed.
#[derive(Clone)]
pub(crate) struct Arrival {
    /// Anonymous as yet.
    pub(crate) ctx: Ctx,
    /// The client, behind trusted proxies too.
    pub(crate) peer: SocketAddr,
    /// From this machine itself, not through a proxy on it.
    pub(crate) is_local: bool,
}

/// Answers requests. [`crate::Server`] feeds it from a listener.
pub struct Edge {
    state: Arc<State>,
    router: Router,
    by_class: [Counter; 5],
    seconds: Histogram,
}

impl Edge {
    /// Builds the routes.
    pub fn new(parts: EdgeParts, options: EdgeOptions) -> Arc<Self> {
        let EdgeParts { registry, env, sockets, probe } = parts;
        let page = Page::new(options.version, &options.public_url, options.web);
        let web = Web::new(options.web);
        let state = Arc::new(State {
            registry,
            env,
            sockets,
            probe,
            options,
            page,
            web,
            openapi: OnceLock::new(),
            draining: AtomicBool::new(false),
        });
        let class = |name| metrics::counter!("hoopoe_http_responses_total", "class" => name);
        Arc::new(Self {
            router: state.options.cors_origins.admit(router::build(&state)),
            state,
            by_class: ["1xx", "2xx", "3xx", "4xx", "5xx"].map(class),
            seconds: metrics::histogram!("hoopoe_http_request_seconds"),
        })
    }

    /// Answers one request. Never fails: whatever goes wrong is a problem with a status.
    pub async fn respond<B>(&self, mut request: Request<B>, peer: SocketAddr) -> Response<Body>
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let began = self.state.env.clock.monotonic();
        let arrival = self.arrival(&request, peer);
        let (request_id, client) = (arrival.ctx.request_id, arrival.peer.ip());
        // The query is left out on purpose: people put secrets there, allowed or not.
        let line = tracing::enabled!(tracing::Level::DEBUG)
            .then(|| (request.method().clone(), request.uri().path().to_owned()));
        request.extensions_mut().insert(arrival);
        let mut response = match uri_bytes(&request) > limits::URI_BYTES_MAX {
            true => reply::problem(&Fail::new(&codes::URI_TOO_LONG), request_id),
            false => self.route(request, request_id).await,
        };
        reply::set_request_id(&mut response, request_id);
        response
            .headers_mut()
            .insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        let took = self.state.env.clock.monotonic().saturating_sub(began);
        self.count(&response, took);
        if let Some((method, path)) = line {
            log_line(&method, &path, &response, took, client);
        }
        response
    }

    async fn route<B>(&self, request: Request<B>, request_id: RequestId) -> Response<Body>
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let routed = self.router.clone().call(request);
        match AssertUnwindSafe(routed).catch_unwind().await {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            Err(_) => {
                tracing::error!(%request_id, "a request panicked; the message is above");
                reply::problem(&Fail::internal(), request_id)
            }
        }
    }

    /// Says from now on that the server is not ready.
    pub fn set_draining(&self) {
        self.state.draining.store(true, Ordering::Relaxed);
    }

    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    fn arrival<B>(&self, request: &Request<B>, peer: SocketAddr) -> Arrival {
        let trusted = &self.state.options.trusted_proxies;
        let client = address::client(peer.ip(), request.headers(), trusted);
        let mut ctx = Ctx::new(&self.state.env, AppNo::NONE, Actor::Anonymous);
        ctx.address = Some(client);
        Arrival {
            ctx,
            peer: SocketAddr::new(client, peer.port()),
            is_local: address::is_local(peer.ip(), request.headers()),
        }
    }

    fn count(&self, response: &Response<Body>, took: Duration) {
        let class = usize::from(response.status().as_u16() / 100);
        if let Some(counter) = class.checked_sub(1).and_then(|index| self.by_class.get(index)) {
            counter.increment(1);
        }
        self.seconds.record(took.as_secs_f64());
    }
}

fn uri_bytes<B>(request: &Request<B>) -> usize {
    let uri = request.uri();
    uri.path().len() + uri.query().map_or(0, |query| query.len() + 1)
}

fn log_line(
    method: &Method,
    path: &str,
    response: &Response<Body>,
    took: Duration,
    client: IpAddr,
) {
    let request_id = response.headers().get(&reply::REQUEST_ID);
    tracing::debug!(
        %method,
        path,
        status = response.status().as_u16(),
        took_us = took.as_micros(),
        %client,
        request_id = request_id.and_then(|id| id.to_str().ok()),
        "answered"
    );
}
