//! Reading a request's body within its limits of size and time.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use hoopoe_kernel::Fail;
use hoopoe_wire::{codes, limits};
use http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body as _;
use tokio::time::timeout;

/// What is read of a refused body, so that the client sees the refusal and not a broken pipe.
const DISCARDED_BYTES_MAX: usize = 8 * limits::BODY_BYTES_MAX;
const DISCARDED_MS_MAX: u64 = 2_000;

/// Whether the headers announce more than a body may have.
pub(crate) fn is_announced_too_large(body: &Body) -> bool {
    body.size_hint().lower() > limits::BODY_BYTES_MAX as u64
}

/// The whole body.
pub(crate) async fn read(body: Body) -> Result<Bytes, Fail> {
    read_within(body, Duration::from_millis(limits::BODY_READ_MS_MAX)).await
}

async fn read_within(body: Body, patience: Duration) -> Result<Bytes, Fail> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let limited = Limited::new(body, limits::BODY_BYTES_MAX);
    match timeout(patience, limited.collect()).await {
        Err(_) => Err(Fail::new(&codes::TIMEOUT)),
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Fail::new(&codes::TOO_LARGE)),
        Ok(Err(_)) => Err(Fail::new(&codes::BAD_JSON).with_detail("the body broke off")),
    }
}

/// Reads a body that nobody wants. A client that waits for `100 Continue` sends none.
pub(crate) async fn discard(headers: &HeaderMap, body: Body) {
    if body.is_end_stream() || headers.contains_key(header::EXPECT) {
        return;
    }
    let mut limited = Limited::new(body, DISCARDED_BYTES_MAX);
    let everything = async { while let Some(Ok(_)) = limited.frame().await {} };
    // What is left after that is cut off with the connection.
    drop(timeout(Duration::from_millis(DISCARDED_MS_MAX), everything).await);
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn code(fail: &Fail) -> &'static str {
        fail.code().code
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_its_limit() {
        assert_eq!(read(Body::empty()).await.unwrap(), "");
        assert_eq!(read(Body::from("{}")).await.unwrap(), "{}");
        let full = vec![b' '; limits::BODY_BYTES_MAX];
        assert_eq!(read(Body::from(full)).await.unwrap().len(), limits::BODY_BYTES_MAX);
        let over = Body::from(vec![b' '; limits::BODY_BYTES_MAX + 1]);
        assert!(is_announced_too_large(&over));
        assert_eq!(code(&read(over).await.unwrap_err()), "request.too_large");
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_is_given_up() {
        let never = futures_util::stream::pending::<Result<Bytes, Infallible>>();
        let result = read_within(Body::from_stream(never), Duration::ZERO).await;
        assert_eq!(code(&result.unwrap_err()), "request.timeout");
    }

    #[tokio::test]
    async fn a_client_that_waits_for_leave_is_not_waited_for() {
        let never = futures_util::stream::pending::<Result<Bytes, Infallible>>();
        let mut headers = HeaderMap::new();
        headers.insert(header::EXPECT, "100-continue".parse().unwrap());
        discard(&headers, Body::from_stream(never)).await;
        discard(&HeaderMap::new(), Body::from("soon read")).await;
    }
}
