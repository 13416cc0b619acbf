//! Responses: JSON, problems, and the headers that every one carries.

use axum::body::Body;
use bytes::Bytes;
use hoopoe_kernel::{Fail, Rate, ports::Quota};
use hoopoe_wire::{RequestId, codes};
use http::{HeaderName, HeaderValue, Response, StatusCode, header};

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(crate) const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// A JSON value that must not be kept on the way.
pub(crate) fn json(status: u16, body: Bytes) -> Response<Body> {
    let mut response = with_type(status, JSON, body);
    response.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
    response
}

/// Bytes of a type.
pub(crate) fn with_type(status: u16, kind: HeaderValue, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// A refusal as `application/problem+json`.
pub(crate) fn problem(fail: &Fail, request_id: RequestId) -> Response<Body> {
    let problem = fail.problem(request_id);
    let body = serde_json::to_vec(&problem)
        .expect("a problem holds texts and numbers only, which always encode");
    let mut response = with_type(problem.status, PROBLEM, body.into());
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    if let Some(wait_ms) = fail.wait_ms() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(wait_ms.div_ceil(1_000)));
    }
    if fail.is(&codes::UNAUTHENTICATED) {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers).
pub(crate) fn set_quota(response: &mut Response<Body>, rate: Rate, quota: Quota) {
    let name = rate_name(rate);
    let policy = format!("\"{name}\";q={};w={}", quota.limit, quota.window_s);
    let left = format!("\"{name}\";r={};t={}", quota.remaining, quota.reset_s);
    for (header, text) in [(RATE_LIMIT_POLICY, policy), (RATE_LIMIT, left)] {
        let value = HeaderValue::try_from(text)
            .expect("a policy name, digits and separators are visible ASCII");
        response.headers_mut().insert(header, value);
    }
}

/// The policy's name in those headers and in the documents.
pub(crate) fn rate_name(rate: Rate) -> &'static str {
    match rate {
        Rate::Send => "send",
        Rate::Write => "write",
        Rate::Read => "read",
        Rate::Light => "light",
        Rate::SignIn => "sign_in",
    }
}

/// Names the request in the response.
pub(crate) fn set_request_id(response: &mut Response<Body>, request_id: RequestId) {
    let mut text = Vec::with_capacity(26);
    request_id.write_to(&mut text);
    let value = HeaderValue::from_maybe_shared(Bytes::from(text))
        .expect("a prefix and base62 digits are visible ASCII");
    response.headers_mut().insert(REQUEST_ID, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header<'a>(response: &'a Response<Body>, name: &str) -> &'a str {
        response.headers().get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[test]
    fn a_refusal_says_how_long_to_wait() {
        let fail = Fail::new(&codes::RATE_LIMITED).retry_after_ms(1_001);
        let response = problem(&fail, RequestId::NONE);
        assert_eq!(response.status(), 429);
        assert_eq!(header(&response, "retry-after"), "2");
        assert_eq!(header(&response, "content-type"), "application/problem+json");
        let response = problem(&Fail::new(&codes::UNAUTHENTICATED), RequestId::NONE);
        assert_eq!(header(&response, "www-authenticate"), "Bearer");
        assert_eq!(header(&response, "retry-after"), "");
    }

    #[test]
    fn a_quota_is_told_in_two_headers() {
        let mut response = json(200, Bytes::from_static(b"{}"));
        let quota = Quota { remaining: 7, limit: 1_000, window_s: 5, reset_s: 4 };
        set_quota(&mut response, Rate::Send, quota);
        set_request_id(&mut response, RequestId::NONE);
        assert_eq!(header(&response, "ratelimit-policy"), "\"send\";q=1000;w=5");
        assert_eq!(header(&response, "ratelimit"), "\"send\";r=7;t=4");
        assert_eq!(header(&response, "x-request-id"), "req_0000000000000000000000");
    }
}
