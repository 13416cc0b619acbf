//! The web client: files that were built into the binary, and what a browser is told with them.
//!
//! Every address outside `/v1/` that a browser wants as a page is the client's, which finds its way
//! in it by itself. What is named by its content may be kept for ever, the rest is asked for each
//! time and mostly answered with 304. The build has compressed the files; nothing is compressed
//! here.

mod accept;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use rustc_hash::FxHashMap;

use crate::{page, reply};
use accept::Coding;

/// A file of the client.
pub struct WebFile {
    /// Its name below the folder of the build, with `/`: `assets/index-4f2a.js`. What ends in `.br`
    /// and `.gz` is the same file compressed.
    pub path: &'static str,
    /// What is in it.
    pub bytes: &'static [u8],
}

/// The client of a server.
#[derive(Clone, Copy)]
pub enum WebClient {
    /// Not part of this build.
    Absent,
    /// Not wanted.
    Off,
    /// These files, `index.html` among them.
    Files(&'static [WebFile]),
}

impl std::fmt::Debug for WebClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Absent => f.write_str("Absent"),
            Self::Off => f.write_str("Off"),
            Self::Files(files) => write!(f, "Files({})", files.len()),
        }
    }
}

/// Only the client's own scripts and styles, and nothing inside other pages. Pictures of people come
/// from wherever the app keeps them.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data: blob: http: https:; font-src 'self'; manifest-src 'self'; \
    worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
    connect-src 'self'";
/// The client uses none of these.
const PERMISSIONS: HeaderValue = HeaderValue::from_static(
    "camera=(), microphone=(), geolocation=(), display-capture=(), payment=(), usb=(), serial=(), \
     bluetooth=(), midi=(), browsing-topics=()",
);
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ASK: HeaderValue = HeaderValue::from_static("no-cache");
/// The folder whose files are named by their content.
const NAMED_BY_CONTENT: &str = "assets/";
const INDEX: &str = "index.html";
/// Longer names of hosts do not exist.
const HOST_BYTES_MAX: usize = 255;

/// The files by their names.
#[derive(Default)]
pub(crate) struct Web {
    entries: FxHashMap<&'static str, Entry>,
}

/// A file in all its codings.
struct Entry {
    kind: &'static str,
    is_kept: bool,
    /// The likeliest to be taken first, the plain one last.
    variants: Vec<Variant>,
}

struct Variant {
    coding: Coding,
    bytes: &'static [u8],
    etag: HeaderValue,
}

impl Web {
    pub(crate) fn new(client: WebClient) -> Self {
        let WebClient::Files(files) = client else { return Self::default() };
        let by_path: FxHashMap<&str, &'static [u8]> =
            files.iter().map(|file| (file.path, file.bytes)).collect();
        let plain = files.iter().filter(|file| Coding::of_name(file.path) == Coding::Plain);
        let entries = plain.map(|file| {
            let variants = Coding::ALL.iter().filter_map(|coding| {
                let bytes = by_path.get(&*format!("{}{}", file.path, coding.suffix())).copied()?;
                Some(Variant { coding: *coding, bytes, etag: page::etag(bytes) })
            });
            let entry = Entry {
                kind: kind(file.path),
                is_kept: file.path.starts_with(NAMED_BY_CONTENT),
                variants: variants.collect(),
            };
            (file.path, entry)
        });
        Self { entries: entries.collect() }
    }

    /// The page at `/`, for every browser: a service worker of the page asks for it without saying
    /// that it wants HTML. `None`: there is no client, or the caller is no browser.
    pub(crate) fn first(&self, request: &Request<Body>) -> Option<Response<Body>> {
        let headers = request.headers();
        let is_browser = page::wants_html(headers) || headers.contains_key("sec-fetch-mode");
        let index = self.entries.get(INDEX).filter(|_| is_browser)?;
        Some(index.answer(request))
    }

    /// A file, or the page for an address that the client makes something of. `None`: neither.
    pub(crate) fn respond(&self, request: &Request<Body>) -> Option<Response<Body>> {
        if !matches!(request.method().as_str(), "GET" | "HEAD") {
            return None;
        }
        let path = request.uri().path().trim_start_matches('/');
        if let Some(entry) = self.entries.get(path) {
            return Some(entry.answer(request));
        }
        // A page of an earlier build asks for what this one does not have: that is no page.
        let is_ours =
            path != "v1" && !path.starts_with("v1/") && !path.starts_with(NAMED_BY_CONTENT);
        let index = self.entries.get(INDEX).filter(|_| is_ours)?;
        page::wants_html(request.headers()).then(|| index.answer(request))
    }
}

impl Entry {
    fn answer(&self, request: &Request<Body>) -> Response<Body> {
        let headers = request.headers();
        let variant = self.pick(headers);
        let mut response = reply::with_type(
            200,
            HeaderValue::from_static(self.kind),
            Bytes::from_static(variant.bytes),
        );
        let told = response.headers_mut();
        told.insert(header::ETAG, variant.etag.clone());
        told.insert(header::CACHE_CONTROL, if self.is_kept { FOR_EVER } else { ASK });
        if let Some(name) = variant.coding.name() {
            told.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        if self.is_page() {
            told.insert(
                header::VARY,
                HeaderValue::from_static("accept, accept-encoding, sec-fetch-mode"),
            );
            told.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
            told.insert("permissions-policy", PERMISSIONS);
        } else if self.variants.len() > 1 {
            told.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        }
        // Scripts too: a worker lives under the policy that came with it.
        told.insert(header::CONTENT_SECURITY_POLICY, policy(headers));
        told.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        if accept::knows(headers, &variant.etag) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            *response.body_mut() = Body::empty();
            let told = response.headers_mut();
            told.remove(header::CONTENT_TYPE);
            told.remove(header::CONTENT_ENCODING);
        }
        response
    }

    fn is_page(&self) -> bool {
        self.kind.starts_with("text/html")
    }

    fn pick(&self, headers: &HeaderMap) -> &Variant {
        let accepted = self.variants.iter().find(|variant| accept::takes(headers, variant.coding));
        let plain = || self.variants.last().expect("every entry is made of a plain file");
        accepted.unwrap_or_else(plain)
    }
}

/// With the sockets of the host that was asked: Safari before 16 does not take `'self'` for them.
fn policy(headers: &HeaderMap) -> HeaderValue {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let is_plain = |host: &&str| {
        (1..=HOST_BYTES_MAX).contains(&host.len())
            && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
    };
    let with_host = host
        .filter(is_plain)
        .and_then(|host| HeaderValue::try_from(format!("{POLICY} ws://{host} wss://{host}")).ok());
    with_host.unwrap_or(HeaderValue::from_static(POLICY))
}

fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "txt" => "text/plain; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "mp3" => "audio/mpeg",
        "ogg" => "audio/ogg",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_names_the_sockets_of_a_host_and_nothing_else_that_came() {
        let of = |host: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::try_from(host).expect("a header"));
            policy(&headers).to_str().expect("ASCII").to_owned()
        };
        for host in ["chat.example", "127.0.0.1:8080", "[::1]:80", "localhost"] {
            let end = format!("connect-src 'self' ws://{host} wss://{host}");
            assert!(of(host).ends_with(&end), "{host}");
        }
        for bad in ["", "a; script-src *", "a b", "a'", "*", "a,b", &"x".repeat(256)] {
            assert_eq!(of(bad), POLICY, "{bad}");
        }
        assert_eq!(policy(&HeaderMap::new()), POLICY);
        assert!(!POLICY.contains("unsafe"));
    }
}
