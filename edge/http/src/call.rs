//! One command over REST: parse → authenticate → rate → decode → find → permit. The first three
//! are here; the registry and the domains do the rest.

use std::sync::Arc;

use axum::{body::Body, extract::RawPathParams};
use hoopoe_kernel::{BoxFuture, Call, CommandInfo, Ctx, Fail, Input, Method, Reply, ports::Quota};
use hoopoe_wire::codes;
use http::{HeaderMap, HeaderName, Request, Response, request::Parts};

use crate::{
    body, credential,
    edge::{Arrival, State},
    params, reply,
};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Runs the command and answers.
pub(crate) async fn call(
    state: &Arc<State>,
    index: usize,
    path: &RawPathParams,
    arrival: Arrival,
    request: Request<Body>,
) -> Response<Body> {
    let info = state.registry.command(index).info();
    let (parts, body) = request.into_parts();
    let mut ctx = arrival.ctx;
    let mut quota = None;
    let admitted = match body::is_announced_too_large(&body) {
        true => Err(Fail::new(&codes::TOO_LARGE)),
        false => admit(state, index, &mut ctx, &parts.headers, &mut quota).await,
    };
    let result = match admitted {
        Ok(()) => run(state, index, path, &ctx, &parts, body).await,
        Err(fail) => {
            body::discard(&parts.headers, body).await;
            Err(fail)
        }
    };
    let mut response = match result {
        Ok(Reply { status, body }) => reply::json(status, body),
        Err(fail) => {
            log_failure(info, &ctx, &fail);
            reply::problem(&fail, ctx.request_id)
        }
    };
    if let Some(quota) = quota {
        reply::set_quota(&mut response, info.rate, quota);
    }
    response
}

/// Finds out who calls and takes from their bucket, before anything of the body is kept.
async fn admit(
    state: &State,
    index: usize,
    ctx: &mut Ctx,
    headers: &HeaderMap,
    quota: &mut Option<Quota>,
) -> Result<(), Fail> {
    let registry = &state.registry;
    let identity = registry.identify(credential::read(headers)?).await?;
    ctx.app = identity.app;
    ctx.actor = identity.actor;
    *quota = registry.admit(index, ctx)?;
    registry.command(index).info().auth.check(&ctx.actor)
}

async fn run(
    state: &State,
    index: usize,
    path: &RawPathParams,
    ctx: &Ctx,
    parts: &Parts,
    body: Body,
) -> Result<Reply, Fail> {
    let method = state.registry.command(index).info().method;
    let body = body::read(body).await?;
    let params = params::collect(method, path.iter(), parts.uri.query())?;
    let params: Vec<(&str, &str)> =
        params.iter().map(|(name, value)| (&**name, &**value)).collect();
    let running = state.registry.call(Call {
        index,
        ctx: ctx.clone(),
        input: Input::Parts { params: &params, body: &body },
        idempotency_key: idempotency_key(&parts.headers)?,
    });
    finish(method, running).await
}

/// What reads ends with its connection. What writes goes on without its caller, so that its
/// idempotency key is settled and its audit entry is made.
async fn finish(method: Method, running: BoxFuture<Result<Reply, Fail>>) -> Result<Reply, Fail> {
    if method == Method::Get {
        return running.await;
    }
    match tokio::spawn(running).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            // The edge answers for panics, wherever they come from.
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is being shut down.
            Err(_) => Err(Fail::unavailable()),
        },
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Fail> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    match value.to_str() {
        Ok(text) => Ok(Some(text)),
        Err(_) => {
            Err(Fail::new(&codes::INVALID).with_detail("Idempotency-Key is visible ASCII only"))
        }
    }
}

fn log_failure(info: &CommandInfo, ctx: &Ctx, fail: &Fail) {
    if fail.code().status >= 500 {
        let (command, request_id) = (info.name, ctx.request_id);
        tracing::error!(command, %request_id, cause = %fail, "a command failed");
    }
}
