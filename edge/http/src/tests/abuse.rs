//! Requests that no client means: each gets a clear answer, and the server goes on.

use super::*;

/// The status line of the answer to these bytes; the connection ends behind it.
async fn status(live: &Live, text: &[u8]) -> String {
    let mut stream = TcpStream::connect(live.address).await.expect("a connection");
    let (mut reader, mut writer) = stream.split();
    let writing = async {
        // The server may hang up long before it has read all of this.
        drop(writer.write_all(text).await);
        std::future::pending::<()>().await;
    };
    let mut seen = Vec::new();
    let reading = async { drop(reader.read_to_end(&mut seen).await) };
    tokio::select! {
        () = writing => {}
        done = timeout(PATIENCE, reading) => done.expect("in time"),
    }
    let seen = String::from_utf8_lossy(&seen);
    seen.lines().next().unwrap_or_default().chars().take(12).collect()
}

fn get(extra: &str) -> Vec<u8> {
    format!("GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{extra}\r\n").into_bytes()
}

#[tokio::test]
async fn too_much_of_anything_is_refused_early() {
    let house = house();
    let live = live(&house);
    assert_eq!(status(&live, &get("")).await, "HTTP/1.1 200");
    let long = "x".repeat(limits::URI_BYTES_MAX);
    let long = format!("GET /{long} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    assert_eq!(status(&live, long.as_bytes()).await, "HTTP/1.1 414");
    let many = "a: b\r\n".repeat(200);
    assert_eq!(status(&live, &get(&many)).await, "HTTP/1.1 431");
    for bytes in [limits::HEADER_BYTES_MAX, 64 * 1_024, 1 << 20, 20 << 20] {
        let large = format!("cookie: {}\r\n", "x".repeat(bytes));
        assert_eq!(status(&live, &get(&large)).await, "HTTP/1.1 431", "{bytes} bytes");
    }
    let megabyte = format!("GET /?{} HTTP/1.1\r\nhost: a\r\n\r\n", "x".repeat(1 << 20));
    assert!(["HTTP/1.1 414", "HTTP/1.1 431"].contains(&&*status(&live, megabyte.as_bytes()).await));
    assert_eq!(status(&live, &get("")).await, "HTTP/1.1 200");
}

#[tokio::test]
async fn an_address_that_is_too_long_is_a_problem() {
    let house = house();
    let uri = format!("/v1/rooms/a/say?text={}", "x".repeat(limits::URI_BYTES_MAX));
    let seen = house.ask("GET", &uri, "ut_ann", "").await;
    assert_eq!((seen.status, seen.code()), (414, "request.uri_too_long".to_owned()));
    let fits = format!("/v1/rooms/a/say?text={}", "x".repeat(limits::URI_BYTES_MAX - 21));
    assert_eq!(house.ask("GET", &fits, "ut_ann", "").await.status, 200);
}

#[tokio::test]
async fn two_readings_of_one_request_are_none() {
    let house = house();
    let live = live(&house);
    let post = |headers: &str| {
        let head = "POST /v1/rooms/a/say HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ut_ann\r\n";
        format!("{head}{headers}\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nhost: a\r\n\r\n").into_bytes()
    };
    for smuggled in [
        "content-length: 5\r\ncontent-length: 6\r\n",
        "content-length: -1\r\n",
        "content-length: +5\r\n",
        "content-length: 99999999999999999999999\r\n",
        "transfer-encoding: chunked, identity\r\n",
        "transfer-encoding: gzip\r\n",
        "transfer-encoding : chunked\r\n",
        "content-length : 5\r\n",
    ] {
        assert_eq!(status(&live, &post(smuggled)).await, "HTTP/1.1 400", "{smuggled}");
    }
    for line in [
        &b"GET /\0 HTTP/1.1\r\nhost: a\r\n\r\n"[..],
        b"GET / HTTP/1.1\r\nho st: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\n folded: b\r\n\r\n",
        b"GET / HTTP/9.9\r\nhost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\nx: a\0b\r\n\r\n",
        b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03",
        b"rubbish\r\n\r\n",
    ] {
        let words = String::from_utf8_lossy(line);
        assert_eq!(status(&live, line).await, "HTTP/1.1 400", "{words}");
    }
    assert_eq!(status(&live, &get("")).await, "HTTP/1.1 200");
}

#[tokio::test]
async fn who_dawdles_is_hung_up_on() {
    let house = house();
    let live = hasty(&house, None);
    for begun in ["", "GET ", "GET / HTTP/1.1\r\nhost: a\r\nx: "] {
        let mut slow = TcpStream::connect(live.address).await.expect("a connection");
        slow.write_all(begun.as_bytes()).await.expect("room in the buffer");
        let mut seen = Vec::new();
        timeout(PATIENCE, slow.read_to_end(&mut seen)).await.expect("in time").expect("the end");
        assert!(seen.is_empty() || seen.starts_with(b"HTTP/1.1 408"), "{begun}");
    }
}

#[tokio::test]
async fn json_that_no_client_means_is_told_what_is_wrong() {
    let house = house();
    let deep = format!(r#"{{"text":{}"#, "[".repeat(100_000));
    let keys: Vec<String> = (0..50_000).map(|n| format!(r#""k{n}":1"#)).collect();
    let many = format!("{{{}}}", keys.join(","));
    for (body, status) in [
        ("", 201),
        ("\u{feff}{}", 400),
        ("[]", 400),
        ("null", 400),
        ("{} {}", 400),
        (r#"{"text":"\ud800"}"#, 400),
        (r#"{"text":"\udc00\ud800"}"#, 400),
        ("{\"text\":\"\0\"}", 400),
        (&deep, 422),
        (&many, 422),
        (r#"{"text":"a","text":"b"}"#, 422),
        (r#"{"text":"a","room":"b"}"#, 422),
        (r#"{"times":1e400}"#, 400),
        (r#"{"times":1e3}"#, 422),
        (r#"{"times":-1}"#, 422),
        (r#"{"times":18446744073709551616}"#, 422),
        (r#"{"times":NaN}"#, 400),
        (r#"{"times":{}}"#, 422),
        (r#"{"text":null}"#, 422),
        (r#"{"__proto__":{}}"#, 422),
    ] {
        let seen = house.ask("POST", "/v1/rooms/a/say", "ut_ann", body).await;
        let shown: String = body.chars().take(40).collect();
        assert_eq!(seen.status, status, "{shown}: {:?}", seen.body);
        if status != 201 {
            seen.code();
        }
    }
    let invalid = Request::post("/v1/rooms/a/say").header("authorization", "Bearer ut_ann");
    let seen =
        house.send(invalid.body(Body::from(&b"{\"text\":\"\xff\"}"[..])).expect("a request"));
    assert_eq!(seen.await.status, 400);
}

#[tokio::test]
async fn paths_lead_where_they_say() {
    let house = house();
    for path in [
        "/v1/../healthz",
        "/v1/..%2fhealthz",
        "/%2e%2e/healthz",
        "/v1/rooms/%00/../say",
        "/v1//limits",
        "/healthz/",
        "/HEALTHZ",
        "/v1\\limits",
        "/.git/config",
        "/.env",
        "/debug/pprof",
        "/v1/rooms/%c0%ae/say",
    ] {
        let Ok(uri) = path.parse::<http::Uri>() else { continue };
        let request = Request::get(uri).body(Body::empty()).expect("a request");
        assert_eq!(house.send(request).await.status, 404, "{path}");
    }
    // Who says to be another method by a header stays what it is.
    let request = Request::post("/v1/limits").header("x-http-method-override", "GET");
    assert_eq!(house.send(request.body(Body::empty()).expect("a request")).await.status, 405);
}
