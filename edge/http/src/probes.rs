//! What operators ask: alive, ready, metrics.

use std::sync::atomic::Ordering;

use axum::body::Body;
use bytes::Bytes;
use hoopoe_kernel::{Actor, Auth, Fail};
use http::{HeaderMap, HeaderValue, Response};

use crate::{
    credential,
    edge::{Arrival, State},
    reply,
};

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const PROMETHEUS: HeaderValue =
    HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// The process answers.
pub(crate) fn alive() -> Response<Body> {
    reply::with_type(200, TEXT, Bytes::from_static(b"alive\n"))
}

/// The server can do its work.
pub(crate) async fn ready(state: &State, arrival: &Arrival) -> Response<Body> {
    let result = if state.draining.load(Ordering::Relaxed) {
        Err(Fail::unavailable().with_detail("the server is draining"))
    } else {
        state.probe.ready().await
    };
    match result {
        Ok(()) => reply::with_type(200, TEXT, Bytes::from_static(b"ready\n")),
        Err(fail) => {
            tracing::warn!(cause = %fail, "not ready");
            reply::problem(&fail, arrival.ctx.request_id)
        }
    }
}

/// Metrics, for this machine and for holders of an administration key.
pub(crate) async fn metrics(
    state: &State,
    arrival: &Arrival,
    headers: &HeaderMap,
) -> Response<Body> {
    if !arrival.is_local
        && let Err(fail) = check_admin(state, headers).await
    {
        return reply::problem(&fail, arrival.ctx.request_id);
    }
    reply::with_type(200, PROMETHEUS, state.probe.metrics().into())
}

async fn check_admin(state: &State, headers: &HeaderMap) -> Result<(), Fail> {
    let credential = credential::read(headers)?;
    let actor = match credential.bearer {
        Some(_) => state.registry.identify(credential).await?.actor,
        None => Actor::Anonymous,
    };
    Auth::Admin.check(&actor)
}
