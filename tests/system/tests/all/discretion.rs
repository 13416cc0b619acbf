//! The log holds no message, no token, no key and no password, at any level.

use std::{fs, time::Duration};

use hoopoe_testkit::harness::fail;
use serde_json::{Value, json};

use crate::house::{House, Store};

const CANARY: &str = "kanarienvogel";

async fn talk(store: Store) {
    let told = |launch: hoopoe_testkit::server::Launch| {
        launch.env("HOOPOE__LOG__LEVEL", "trace").env("HOOPOE__LOG__FORMAT", "json")
    };
    let mut house = House::open_with(store, told).await.with_people(&["ann", "bob"]).await;
    let conversation = house.group(&["ann", "bob"]).await;
    let (ann, mut bob) = (house.connect("ann").await, house.connect("bob").await);
    ann.send(&conversation, "c1", &format!("the {CANARY} sings")).await.unwrap();
    bob.event_named("message.created").await;
    let by_rest = house.rest.bearing(house.token("ann"));
    let messages = format!("/v1/conversations/{}/messages", &*conversation);
    let body = json!({"client_id": "c2", "kind": "text", "text": CANARY,
                      "metadata": {"password": CANARY}});
    assert_eq!(by_rest.request("POST", &messages, Some(&body)).await.status, 201);
    by_rest.request("GET", &messages, None).await;
    // What is refused is told to its sender, and to nobody else.
    for wrong in [
        json!({"client_id": "c3", "kind": CANARY, "text": CANARY}),
        json!({"client_id": "c2", "kind": "text", "text": format!("another {CANARY}")}),
        json!({CANARY: CANARY}),
    ] {
        let refused = by_rest.request("POST", &messages, Some(&wrong)).await;
        assert!((400..500).contains(&refused.status), "{}", refused.body);
    }
    let login = json!({"login": "ann", "password": CANARY});
    by_rest.bearing("").request("POST", "/v1/auth/login", Some(&login)).await;
    by_rest.bearing(CANARY).request("GET", "/v1/me", None).await;
    by_rest.request("GET", &format!("/v1/users?q={CANARY}"), None).await;
    by_rest.request("GET", &format!("/v1/limits?access_token={CANARY}"), None).await;
    let stranger = house.socket("ann", "stranger").await;
    stranger.start(CANARY, None).await.unwrap_err();
    let secrets = [CANARY, house.token("ann"), house.token("bob"), house.key()].map(str::to_owned);
    let log = house.server.launched().data.with_extension("log");
    house.server.terminate(Duration::from_secs(10)).await;

    let text = fs::read_to_string(&log).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    // It was told at length, or nothing of this would mean much.
    assert!(lines.len() > 20 && text.contains("answered"), "{} lines", lines.len());
    for line in lines {
        let parsed: Value =
            serde_json::from_str(line).unwrap_or_else(|e| fail(format!("{e}: {line}")));
        assert!(parsed["level"].is_string() && parsed["timestamp"].is_string(), "{line}");
        for secret in &secrets {
            assert!(!line.contains(secret.as_str()), "the log tells a secret: {line}");
        }
    }
}

#[tokio::test]
async fn the_log_of_a_whole_run_keeps_every_secret() {
    talk(Store::Embedded).await;
}

#[tokio::test]
async fn so_it_does_on_postgres() {
    talk(Store::Postgres).await;
}
