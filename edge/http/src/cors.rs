//! Pages of other origins that may read the API from a browser. Without a setting there are none.

use std::time::Duration;

use axum::Router;
use http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::reply;

/// How long a browser remembers what it may ask: as long as the strictest of them does.
const MAX_AGE: Duration = Duration::from_secs(2 * 3_600);

/// Origins by name. The default is none: no answer says a word to other origins.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origins(Vec<HeaderValue>);

/// The text was no origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAnOrigin;

impl std::fmt::Display for NotAnOrigin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not an origin like https://app.example.com, nor `*` for all")
    }
}

impl std::error::Error for NotAnOrigin {}

impl Origins {
    /// These; `*` stands for all.
    ///
    /// # Errors
    /// When a text is none that a browser would send: scheme and host, a port if need be, no path.
    pub fn parse<'t>(texts: impl IntoIterator<Item = &'t str>) -> Result<Self, NotAnOrigin> {
        texts.into_iter().map(origin).collect::<Result<_, _>>().map(Self)
    }

    /// Lets pages of these origins in. Tokens travel in a header that the page itself sets, so
    /// credentials of the browser are never asked for; server keys have no place in a page.
    pub(crate) fn admit(&self, router: Router) -> Router {
        let allowed = match &self.0[..] {
            [] => return router,
            origins if origins.iter().any(|origin| origin == "*") => AllowOrigin::any(),
            origins => AllowOrigin::list(origins.to_vec()),
        };
        let retry_after = header::RETRY_AFTER;
        let layer = CorsLayer::new()
            .allow_origin(allowed)
            .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
            .allow_headers([
                header::AUTHORIZATION,
                header::CONTENT_TYPE,
                HeaderName::from_static("idempotency-key"),
            ])
            .expose_headers([reply::REQUEST_ID, reply::RATE_LIMIT, retry_after])
            .max_age(MAX_AGE);
        router.layer(layer)
    }
}

fn origin(text: &str) -> Result<HeaderValue, NotAnOrigin> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_host = |host: &str| !host.is_empty() && host.bytes().all(|b| b.is_ascii_graphic());
    match host {
        _ if text == "*" => Ok(HeaderValue::from_static("*")),
        Some(host) if is_host(host) && !host.contains(['/', '?', '#', '@', '*']) => {
            HeaderValue::from_str(text).map_err(|_| NotAnOrigin)
        }
        _ => Err(NotAnOrigin),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_origins_are_origins() {
        for good in ["https://a.example", "http://localhost:5173", "*"] {
            assert!(Origins::parse([good]).is_ok(), "{good}");
        }
        for bad in ["", "null", "a.example", "https://", "https://a/", "https://a b", "https://*.a"]
        {
            assert_eq!(Origins::parse([bad]), Err(NotAnOrigin), "{bad}");
        }
    }
}
