//! The first page: what this is and what to do next, as long as no web client is built.

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, header};

use crate::reply;

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
/// The page loads nothing; its style is its own.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
);

/// Both forms of the page, filled in.
pub(crate) struct Page {
    html: Bytes,
    text: Bytes,
}

impl Page {
    /// Fills the forms in.
    pub(crate) fn new(version: &str, url: &str) -> Self {
        let html = include_str!("../assets/page.html")
            .replace("{{version}}", &escape(version))
            .replace("{{url}}", &escape(url));
        let text = include_str!("../assets/page.txt")
            .replace("{{version}}", version)
            .replace("{{url}}", url);
        Self { html: html.into(), text: text.into() }
    }

    /// HTML for browsers, text for everybody else.
    pub(crate) fn respond(&self, headers: &HeaderMap) -> Response<Body> {
        let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
        let mut response = if accept.is_some_and(|accept| accept.contains("text/html")) {
            reply::with_type(200, HTML, self.html.clone())
        } else {
            reply::with_type(200, TEXT, self.text.clone())
        };
        let headers = response.headers_mut();
        headers.insert(header::VARY, HeaderValue::from_static("accept"));
        headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
        response
    }
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_filled_in() {
        let page = Page::new("1.2.3", "http://a.example/<b>");
        for form in [&page.html, &page.text] {
            let form = std::str::from_utf8(form).unwrap();
            assert!(form.contains("1.2.3") && form.contains("cargo xtask build"));
            assert!(!form.contains("{{"), "{form}");
        }
        assert!(!std::str::from_utf8(&page.html).unwrap().contains("<b>"));
    }

    #[test]
    fn browsers_get_html() {
        let page = Page::new("1", "u");
        let mut headers = HeaderMap::new();
        assert_eq!(page.respond(&headers).headers()[header::CONTENT_TYPE], TEXT);
        headers.insert(header::ACCEPT, "text/html,*/*;q=0.8".parse().unwrap());
        assert_eq!(page.respond(&headers).headers()[header::CONTENT_TYPE], HTML);
    }
}
