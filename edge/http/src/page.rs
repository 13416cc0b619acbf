//! What a browser is shown where there is no web client: what this is, what to do next, and that
//! something is not there; and the same as text for everybody else. No script, nothing from another
//! host.
//!
//! No token stands on it, not even with `--demo`: whoever can open the page, a foreign site by way
//! of a name that leads to this machine included, would have it.

mod words;

use std::hash::Hasher;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};

use crate::{WebClient, reply};

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'",
);
const STYLE: &[u8] = include_bytes!("../assets/page.css");
const BIRD: &[u8] = include_bytes!("../assets/bird.svg");
/// Where the documentation is read.
const DOCS: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs");

/// A file that the pages name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asset {
    /// `/page.css`
    Style,
    /// `/bird.svg`
    Bird,
}

impl Asset {
    const ALL: [Self; 2] = [Self::Style, Self::Bird];

    /// Where it is.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Style => "/page.css",
            Self::Bird => "/bird.svg",
        }
    }

    fn place(self) -> &'static str {
        match self {
            Self::Style => "style",
            Self::Bird => "bird",
        }
    }

    fn bytes(self) -> &'static [u8] {
        match self {
            Self::Style => STYLE,
            Self::Bird => BIRD,
        }
    }

    /// Names this content in its address, so that it can be kept for ever.
    fn version(self) -> String {
        format!("v={}", digest(self.bytes()))
    }

    /// The file.
    pub(crate) fn respond(self, query: Option<&str>) -> Response<Body> {
        let kind = match self {
            Self::Style => HeaderValue::from_static("text/css; charset=utf-8"),
            Self::Bird => HeaderValue::from_static("image/svg+xml"),
        };
        let keep = match query == Some(&*self.version()) {
            true => HeaderValue::from_static("public, max-age=31536000, immutable"),
            false => HeaderValue::from_static("no-cache"),
        };
        let mut response = reply::with_type(200, kind, Bytes::from_static(self.bytes()));
        response.headers_mut().insert(header::CACHE_CONTROL, keep);
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, POLICY);
        response
    }
}

/// The pages in one language.
struct Speech {
    first: Document,
    missing: Document,
    text: Document,
}

struct Document {
    body: Bytes,
    etag: HeaderValue,
}

/// The pages in all languages, filled in.
pub(crate) struct Page {
    speeches: [Speech; 2],
}

impl Page {
    /// Fills the forms in.
    pub(crate) fn new(version: &str, url: &str, web: WebClient) -> Self {
        Self { speeches: [0, 1].map(|language| Speech::new(language, version, url, web)) }
    }

    /// The first page: HTML for browsers, text for everybody else.
    pub(crate) fn respond(&self, request: &Request<Body>) -> Response<Body> {
        let speech = &self.speeches[language(request)];
        let (document, kind) = match wants_html(request.headers()) {
            true => (&speech.first, HTML),
            false => (&speech.text, TEXT),
        };
        let known = request.headers().get(header::IF_NONE_MATCH);
        let is_known = known.is_some_and(|known| *known == document.etag);
        let mut response = document.answer(200, kind);
        if is_known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            *response.body_mut() = Body::empty();
            response.headers_mut().remove(header::CONTENT_TYPE);
        }
        response
    }

    /// For a browser that asks for a page that is not there. `None`: a problem is the answer, as
    /// below `/v1/` and for whoever wants no HTML.
    pub(crate) fn missing(&self, request: &Request<Body>) -> Option<Response<Body>> {
        let is_page = matches!(request.method().as_str(), "GET" | "HEAD")
            && !request.uri().path().starts_with("/v1/")
            && wants_html(request.headers());
        is_page.then(|| self.speeches[language(request)].missing.answer(404, HTML))
    }
}

impl Speech {
    fn new(language: usize, version: &str, url: &str, web: WebClient) -> Self {
        let frame = include_str!("../assets/page.html");
        let [first, missing, text] = [
            frame.replace("{{main}}", include_str!("../assets/first.html").trim_end()),
            frame.replace("{{main}}", include_str!("../assets/missing.html").trim_end()),
            include_str!("../assets/page.txt").to_owned(),
        ];
        let title = if language == 0 { "Hoopoe" } else { "Hoopoe 戴胜" };
        let mut places: Vec<(&str, String)> = vec![("title", title.to_owned())];
        places
            .extend(words::WORDS.iter().map(|(place, words)| (*place, words[language].to_owned())));
        let about_web = match web {
            WebClient::Absent => words::WEB_ABSENT,
            WebClient::Off => words::WEB_OFF,
            WebClient::Files(_) => words::WEB,
        };
        places.push(("web", about_web[language].to_owned()));
        for asset in Asset::ALL {
            places.push((asset.place(), format!("{}?{}", asset.path(), asset.version())));
        }
        let socket_url = format!("{}/v1/socket", url.replacen("http", "ws", 1));
        let outside =
            [("version", version), ("url", url), ("socket_url", &socket_url), ("docs", DOCS)];
        let fill = |form: String, as_html: bool| {
            let mut form = form;
            for (place, words) in &places {
                form = form.replace(&format!("{{{{{place}}}}}"), words);
            }
            for (place, words) in outside {
                let words = if as_html { escape(words) } else { words.to_owned() };
                form = form.replace(&format!("{{{{{place}}}}}"), &words);
            }
            if !as_html {
                form = form.replace("<code>", "`").replace("</code>", "`");
            }
            Document::new(form)
        };
        Self { first: fill(first, true), missing: fill(missing, true), text: fill(text, false) }
    }
}

impl Document {
    fn new(body: String) -> Self {
        Self { etag: etag(body.as_bytes()), body: body.into() }
    }

    fn answer(&self, status: u16, kind: HeaderValue) -> Response<Body> {
        let mut response = reply::with_type(status, kind, self.body.clone());
        let headers = response.headers_mut();
        headers.insert(header::VARY, HeaderValue::from_static("accept, accept-language"));
        headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        if status == 200 {
            headers.insert(header::ETAG, self.etag.clone());
        }
        response
    }
}

/// Whether a page is what the caller asks for.
pub(crate) fn wants_html(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

/// 0: English, 1: Chinese. What the address says wins over what the browser prefers.
fn language(request: &Request<Body>) -> usize {
    let asked = request.uri().query().unwrap_or_default().split('&');
    if let Some(asked) = asked.filter_map(|pair| pair.strip_prefix("lang=")).next() {
        return usize::from(asked.starts_with("zh"));
    }
    let accepted = request.headers().get(header::ACCEPT_LANGUAGE);
    preferred(accepted.and_then(|value| value.to_str().ok()).unwrap_or_default())
}

/// Of `zh-CN,zh;q=0.9,en;q=0.8` the one with the highest weight that we speak.
fn preferred(accepted: &str) -> usize {
    let weighed = accepted.split(',').filter_map(|one| {
        let (tag, weight) = one.split_once(";q=").unwrap_or((one, "1"));
        let language = match tag.trim().to_ascii_lowercase() {
            tag if tag == "zh" || tag.starts_with("zh-") => 1,
            tag if tag == "en" || tag.starts_with("en-") => 0,
            _ => return None,
        };
        Some((language, weight.trim().parse().unwrap_or(0.0_f32)))
    });
    let best = weighed.fold((0, 0.0), |best, one| if one.1 > best.1 { one } else { best });
    best.0
}

/// The tag by which a caller knows a content again.
pub(crate) fn etag(content: &[u8]) -> HeaderValue {
    let etag = format!("\"{}\"", digest(content));
    HeaderValue::try_from(etag).expect("quotes and hexadecimal digits are ASCII")
}

/// Tells contents apart, no more.
fn digest(bytes: &[u8]) -> String {
    let mut hasher = rustc_hash::FxHasher::default();
    hasher.write(bytes);
    format!("{:016x}", hasher.finish())
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

    fn text(document: &Document) -> &str {
        std::str::from_utf8(&document.body).unwrap()
    }

    #[test]
    fn all_forms_are_filled_in() {
        let page = Page::new("1.2.3", "http://a.example/<b>", WebClient::Absent);
        for (Speech { first, missing, text: plain }, own) in
            page.speeches.iter().zip(["en", "zh-Hans"])
        {
            for form in [first, missing, plain] {
                let form = text(form);
                assert!(form.contains("1.2.3") && !form.contains("{{"), "{form}");
            }
            for form in [first, missing] {
                let form = text(form);
                assert!(form.contains(&format!("<html lang=\"{own}\">")), "{form}");
                for foreign in ["<b>/", "<script", "style=", "src=\"http", "javascript:", "on"] {
                    let is_there = match foreign {
                        "on" => form.contains(" onclick") || form.contains(" onload"),
                        other => form.contains(other),
                    };
                    assert!(!is_there, "{foreign} in {form}");
                }
            }
            for form in [first, plain] {
                assert!(text(form).contains("cargo xtask build"), "how the client is built");
            }
            assert!(!text(plain).contains('<') || text(plain).contains("/<b>/"), "{}", text(plain));
        }
    }

    #[test]
    fn the_better_known_language_is_spoken() {
        for (accepted, language) in [
            ("", 0),
            ("*", 0),
            ("zh", 1),
            ("zh-CN,zh;q=0.9,en;q=0.8", 1),
            ("en-GB,en;q=0.9,zh-CN;q=0.8", 0),
            ("fr, zh-TW;q=0.3, en;q=0.2", 1),
            ("en;q=0.1, zh-Hans;q=0.7", 1),
            ("zhx, zh;q=x", 0),
        ] {
            assert_eq!(preferred(accepted), language, "{accepted}");
        }
    }
}
