//! The web client as browsers and others meet it.

use http::Request;

use super::*;
use crate::{WebFile, tests::Seen};

/// A client of a build, and what is compressed of it.
static FILES: &[WebFile] = &[
    WebFile { path: "index.html", bytes: b"<!doctype html>the client" },
    WebFile { path: "index.html.br", bytes: b"brotli page" },
    WebFile { path: "sw.js", bytes: b"self" },
    WebFile { path: "manifest.webmanifest", bytes: b"{}" },
    WebFile { path: "icons/bird.svg", bytes: b"<svg/>" },
    WebFile { path: "assets/app-1a.js", bytes: b"plain script" },
    WebFile { path: "assets/app-1a.js.br", bytes: b"brotli script" },
    WebFile { path: "assets/app-1a.js.gz", bytes: b"gzip script" },
    WebFile { path: "assets/text-2b.woff2", bytes: b"font" },
];

fn with_client() -> House {
    house_with(Origins::default(), WebClient::Files(FILES))
}

impl House {
    async fn get(&self, uri: &str, headers: &[(&str, &str)]) -> Seen {
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::empty()).expect("a request")).await
    }
}

const PAGE: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");

#[tokio::test]
async fn every_page_is_the_client_and_the_api_is_not() {
    let house = with_client();
    for uri in ["/", "/?x=1", "/c/cnv_1", "/settings/devices", "/index.html", "/v1x"] {
        let seen = house.get(uri, &[PAGE]).await;
        assert_eq!((seen.status, &*seen.body), (200, &b"<!doctype html>the client"[..]), "{uri}");
        assert_eq!(seen.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(seen.header("cache-control"), "no-cache");
        assert_eq!(seen.header("x-content-type-options"), "nosniff");
        assert_eq!(seen.header("referrer-policy"), "same-origin");
        assert_eq!(seen.header("cross-origin-opener-policy"), "same-origin");
        assert!(seen.header("permissions-policy").contains("geolocation=()"));
        let policy = seen.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"));
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"));
    }
    for uri in ["/v1/nothing", "/v1", "/v1/"] {
        let seen = house.get(uri, &[PAGE]).await;
        assert!(!seen.body.starts_with(b"<!doctype html>the client"), "{uri}");
        assert_eq!(seen.status, 404, "{uri}");
    }
    assert_eq!(house.get("/v1/limits", &[PAGE]).await.header("content-type"), "application/json");
    assert_eq!(house.get("/healthz", &[PAGE]).await.status, 200);
    assert_eq!(house.ask("HEAD", "/c/cnv_1", "", "").await.status, 404, "who wants no page");
    assert_eq!(house.ask("POST", "/c/cnv_1", "", "").await.status, 404);
    assert_eq!(house.ask("POST", "/", "", "").await.status, 405);
}

#[tokio::test]
async fn who_is_no_browser_gets_the_text() {
    let house = with_client();
    for headers in [&[][..], &[("accept", "*/*")]] {
        let seen = house.get("/", headers).await;
        assert_eq!(seen.header("content-type"), "text/plain; charset=utf-8");
        let said = String::from_utf8(seen.body.to_vec()).expect("UTF-8");
        assert!(said.contains("open it in a browser") && !said.contains("xtask"), "{said}");
        assert_eq!(house.get("/c/x", headers).await.code(), "request.no_route");
    }
    // A service worker of the page asks for anything, and says that it is a browser's.
    let worker = [("accept", "*/*"), ("sec-fetch-mode", "cors")];
    assert_eq!(house.get("/", &worker).await.header("content-type"), "text/html; charset=utf-8");
    assert!(house.get("/", &worker).await.header("vary").contains("sec-fetch-mode"));
}

#[tokio::test]
async fn files_have_their_types_and_are_kept_as_they_may() {
    let house = with_client();
    for (uri, kind, is_kept) in [
        ("/assets/app-1a.js", "text/javascript; charset=utf-8", true),
        ("/assets/text-2b.woff2", "font/woff2", true),
        ("/sw.js", "text/javascript; charset=utf-8", false),
        ("/manifest.webmanifest", "application/manifest+json", false),
        ("/icons/bird.svg", "image/svg+xml", false),
    ] {
        let seen = house.get(uri, &[]).await;
        assert_eq!((seen.status, seen.header("content-type")), (200, kind), "{uri}");
        let keep = if is_kept { "public, max-age=31536000, immutable" } else { "no-cache" };
        assert_eq!(seen.header("cache-control"), keep, "{uri}");
        assert!(seen.header("content-security-policy").contains("default-src 'none'"), "{uri}");
        let known = house.get(uri, &[("if-none-match", seen.header("etag"))]).await;
        assert_eq!((known.status, known.body.len()), (304, 0), "{uri}");
        assert_eq!(known.header("etag"), seen.header("etag"));
        assert_eq!(known.header("cache-control"), keep, "{uri}");
    }
    // Of an earlier build: no page, or a script would be HTML.
    for gone in ["/assets/app-0f.js", "/assets/app-1a.js.br", "/assets/", "/assets/../sw.js"] {
        assert_ne!(house.get(gone, &[PAGE]).await.status, 200, "{gone}");
    }
    let picture = [("accept", "image/avif,image/*,*/*;q=0.8"), ("sec-fetch-mode", "no-cors")];
    assert_eq!(house.get("/favicon.ico", &picture).await.status, 404, "no page for a picture");
}

#[tokio::test]
async fn what_is_compressed_is_sent_to_who_takes_it() {
    let house = with_client();
    let script = async |accepted: &str| {
        let seen = house.get("/assets/app-1a.js", &[("accept-encoding", accepted)]).await;
        assert_eq!(seen.header("vary"), "accept-encoding");
        let body = String::from_utf8(seen.body.to_vec()).expect("UTF-8");
        (seen.header("content-encoding").to_owned(), body, seen.header("etag").to_owned())
    };
    let brotli = script("gzip, deflate, br, zstd").await;
    let gzip = script("gzip").await;
    let plain = script("identity").await;
    assert_eq!((&*brotli.0, &*brotli.1), ("br", "brotli script"));
    assert_eq!((&*gzip.0, &*gzip.1), ("gzip", "gzip script"));
    assert_eq!((&*plain.0, &*plain.1), ("", "plain script"));
    assert!(brotli.2 != gzip.2 && gzip.2 != plain.2, "each has a tag of its own");
    let page = house.get("/c/x", &[PAGE, ("accept-encoding", "br")]).await;
    assert_eq!((page.header("content-encoding"), &*page.body), ("br", &b"brotli page"[..]));
    let font = house.get("/assets/text-2b.woff2", &[("accept-encoding", "br")]).await;
    assert_eq!((font.header("content-encoding"), font.header("vary")), ("", ""));
    let head = Request::builder().method("HEAD").uri("/assets/app-1a.js");
    let head = house.send(head.body(Body::empty()).expect("a request")).await;
    assert_eq!((head.status, head.body.len(), head.header("content-length")), (200, 0, "12"));
}

#[tokio::test]
async fn without_a_client_the_page_says_why() {
    for (client, words) in [(WebClient::Off, "web.enabled"), (WebClient::Absent, "xtask build")] {
        let house = house_with(Origins::default(), client);
        let page = house.get("/", &[PAGE]).await;
        let said = String::from_utf8(page.body.to_vec()).expect("UTF-8");
        assert!(page.status == 200 && said.contains(words), "{said}");
        assert_eq!(house.get("/c/x", &[PAGE]).await.status, 404);
        assert_eq!(house.get("/sw.js", &[]).await.status, 404);
    }
}
