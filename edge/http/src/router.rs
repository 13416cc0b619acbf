//! From method and path to what answers: the commands of the registry and a few plain routes.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{RawPathParams, rejection::RawPathParamsRejection},
    routing::any,
};
use hoopoe_kernel::{Fail, Method};
use hoopoe_wire::{ErrorCode, codes};
use http::{HeaderValue, Request, Response, header};

use crate::{
    body, call,
    edge::{Arrival, State},
    openapi,
    page::Asset,
    probes, reply,
};

/// What answers at one address.
#[derive(Debug, Clone, Copy)]
enum Target {
    Command(usize),
    Page,
    Asset(Asset),
    Alive,
    Ready,
    Metrics,
    OpenApi,
    Socket,
}

/// Everything at one path.
struct Mount {
    targets: Vec<(Method, Target)>,
    allow: HeaderValue,
}

/// Routes beside the commands, all of them GET.
const PLAIN: &[(&str, Target)] = &[
    ("/", Target::Page),
    (Asset::Style.path(), Target::Asset(Asset::Style)),
    (Asset::Bird.path(), Target::Asset(Asset::Bird)),
    ("/healthz", Target::Alive),
    ("/readyz", Target::Ready),
    ("/metrics", Target::Metrics),
    ("/v1/openapi.json", Target::OpenApi),
    ("/v1/socket", Target::Socket),
];

/// All routes.
pub(crate) fn build(state: &Arc<State>) -> Router {
    let mut by_path: BTreeMap<&'static str, Vec<(Method, Target)>> = BTreeMap::new();
    for (path, target) in PLAIN {
        by_path.entry(path).or_default().push((Method::Get, *target));
    }
    for (index, command) in state.registry.commands().enumerate() {
        let info = command.info();
        let targets = by_path.entry(info.path).or_default();
        debug_assert!(
            targets.iter().all(|(method, _)| *method != info.method),
            "{} {} stands twice",
            info.method.as_str(),
            info.path
        );
        targets.push((info.method, Target::Command(index)));
    }
    let mut router = Router::new();
    for (path, targets) in by_path {
        let mount = Arc::new(Mount { allow: allow(&targets), targets });
        let state = state.clone();
        let handler = move |params: Result<RawPathParams, RawPathParamsRejection>,
                            request: Request<Body>| {
            let (state, mount) = (state.clone(), mount.clone());
            async move { dispatch(&state, &mount, params.ok(), request).await }
        };
        router = router.route(path, any(handler));
    }
    let state = state.clone();
    router.fallback(move |request: Request<Body>| async move {
        let (arrival, request) = arrived(request);
        match state.web.respond(&request).or_else(|| state.page.missing(&request)) {
            Some(response) => response,
            None => refuse(&codes::NO_ROUTE, &arrival, request).await,
        }
    })
}

async fn dispatch(
    state: &Arc<State>,
    mount: &Mount,
    params: Option<RawPathParams>,
    request: Request<Body>,
) -> Response<Body> {
    let (arrival, mut request) = arrived(request);
    // A path whose escapes are no UTF-8 names nothing.
    let Some(params) = params else {
        return refuse(&codes::NO_ROUTE, &arrival, request).await;
    };
    let Some(target) = mount.target(request.method()) else {
        let mut response = refuse(&codes::BAD_METHOD, &arrival, request).await;
        response.headers_mut().insert(header::ALLOW, mount.allow.clone());
        return response;
    };
    match target {
        Target::Command(index) => call::call(state, index, &params, arrival, request).await,
        Target::Page => state.web.first(&request).unwrap_or_else(|| state.page.respond(&request)),
        Target::Asset(asset) => asset.respond(request.uri().query()),
        Target::Alive => probes::alive(),
        Target::Ready => probes::ready(state, &arrival).await,
        Target::Metrics => probes::metrics(state, &arrival, request.headers()).await,
        Target::OpenApi => openapi::respond(state),
        Target::Socket => upgrade(state, &arrival, &mut request),
    }
}

/// Hands the connection to the gateway. What that refuses becomes a problem with its headers.
fn upgrade(state: &State, arrival: &Arrival, request: &mut Request<Body>) -> Response<Body> {
    let answer = state.sockets.accept(request, arrival.peer);
    let code = match answer.status().as_u16() {
        101 => return answer.map(|()| Body::empty()),
        403 => &codes::FOREIGN_ORIGIN,
        426 => &codes::BAD_SOCKET_VERSION,
        429 => &codes::TOO_MANY_CONNECTIONS,
        503 => &codes::UNAVAILABLE,
        _ => &codes::BAD_UPGRADE,
    };
    let mut response = reply::problem(&Fail::new(code), arrival.ctx.request_id);
    let headers = answer.headers().iter().map(|(name, value)| (name.clone(), value.clone()));
    response.headers_mut().extend(headers);
    response
}

/// What the edge wrote down when the request came.
fn arrived(mut request: Request<Body>) -> (Arrival, Request<Body>) {
    let arrival = request
        .extensions_mut()
        .remove::<Arrival>()
        .expect("Edge::respond puts one into every request that it routes");
    (arrival, request)
}

async fn refuse(
    code: &'static ErrorCode,
    arrival: &Arrival,
    request: Request<Body>,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    body::discard(&parts.headers, body).await;
    reply::problem(&Fail::new(code), arrival.ctx.request_id)
}

impl Mount {
    fn target(&self, method: &http::Method) -> Option<Target> {
        let wanted = match method.as_str() {
            "GET" | "HEAD" => Method::Get,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            "PATCH" => Method::Patch,
            "DELETE" => Method::Delete,
            _ => return None,
        };
        self.targets.iter().find(|(method, _)| *method == wanted).map(|(_, target)| *target)
    }
}

fn allow(targets: &[(Method, Target)]) -> HeaderValue {
    let mut names: Vec<&str> = targets.iter().map(|(method, _)| method.as_str()).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    names.sort_unstable();
    HeaderValue::try_from(names.join(", ")).expect("method names are visible ASCII")
}
