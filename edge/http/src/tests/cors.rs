//! What a browser is told about pages of other origins.

use super::*;

const APP: &str = "https://app.example";

async fn preflight(house: &House, origin: &str) -> Seen {
    let request = Request::builder()
        .method("OPTIONS")
        .uri("/v1/rooms/a/say")
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type");
    house.send(request.body(Body::empty()).expect("a request")).await
}

async fn read(house: &House, origin: &str) -> Seen {
    let request = Request::get("/v1/rooms/a/say").header("origin", origin);
    let request = request.header("authorization", "Bearer ut_ann");
    house.send(request.body(Body::empty()).expect("a request")).await
}

fn words(seen: &Seen) -> Vec<&str> {
    let names = seen.headers.keys().map(http::HeaderName::as_str);
    names.filter(|name| name.starts_with("access-control-")).collect()
}

#[tokio::test]
async fn without_a_setting_not_a_word() {
    let house = house();
    for origin in [APP, "null", "http://chat.example"] {
        let seen = preflight(&house, origin).await;
        assert_eq!((seen.status, words(&seen)), (405, vec![]), "{origin}");
        let seen = read(&house, origin).await;
        assert_eq!((seen.status, words(&seen)), (200, vec![]), "{origin}");
    }
}

#[tokio::test]
async fn only_the_named_may_read() {
    let house = house_for(Origins::parse([APP]).expect("an origin"));
    let seen = preflight(&house, APP).await;
    assert_eq!((seen.status, seen.header("access-control-allow-origin")), (200, APP));
    assert!(seen.header("access-control-allow-headers").contains("authorization"));
    assert!(seen.header("access-control-allow-methods").contains("POST"));
    let seen = read(&house, APP).await;
    assert_eq!((seen.status, seen.header("access-control-allow-origin")), (200, APP));
    assert!(seen.header("access-control-expose-headers").contains("x-request-id"));
    assert!(seen.header("vary").contains("origin"));
    for origin in ["null", "https://app.example.evil.example", "http://app.example", "*"] {
        for seen in [preflight(&house, origin).await, read(&house, origin).await] {
            assert_eq!(seen.header("access-control-allow-origin"), "", "{origin}");
        }
    }
    // Whoever is let in brings no cookies along.
    assert!(!words(&seen).contains(&"access-control-allow-credentials"));
}

#[tokio::test]
async fn a_star_is_everybody() {
    let house = house_for(Origins::parse(["*"]).expect("an origin"));
    assert_eq!(read(&house, APP).await.header("access-control-allow-origin"), "*");
}
