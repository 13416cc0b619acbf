//! Presence and typing of a real server: its own clock, its own timers, and a restart.

use hoopoe_testkit::harness::PATIENCE;
use serde_json::{Value, json};

use crate::house::House;

/// What is told of somebody.
fn shown(data: &Value) -> (&str, &str) {
    (data["user"].as_str().unwrap_or_default(), data["status"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn people_see_each_other_come_type_and_having_gone() {
    let mut house = House::open().await.with_people(&["ann", "bob", "cat"]).await;
    let conversation = house.direct("ann", "bob").await;
    let mut ann = house.connect("ann").await;
    let mut cat = house.connect("cat").await;
    let everybody = json!({"users": ["bob", "cat"]});
    let snapshot = ann.must("presence.subscribe", everybody.clone()).await;
    let all: Vec<_> = snapshot["items"].as_array().unwrap().iter().map(shown).collect();
    assert_eq!(all, [("bob", "offline"), ("cat", "offline")], "cat is a stranger");
    cat.must("presence.subscribe", json!({"users": ["bob"]})).await;

    let bob = house.connect("bob").await;
    let told = ann.event_named("presence.updated").await;
    assert_eq!(shown(&told["data"]), ("bob", "online"));
    bob.must("messages.typing", json!({"conversation": &*conversation, "state": "started"})).await;
    let started = ann.event_named("typing.started").await;
    assert_eq!(started["conversation"], *conversation);
    assert_eq!(started["data"], json!({"conversation": &*conversation, "user": "bob"}));
    let stopped = ann.event_named("typing.stopped").await;
    assert_eq!(stopped["data"], started["data"], "it ends by itself");
    let typing = json!({"conversation": &*conversation, "state": "started"});
    let refused = cat.call("messages.typing", typing).await.unwrap_err();
    assert_eq!((refused.status(), refused.code()), (404, "conversations.not_found"));
    cat.fence().await;
    let overheard: Vec<Value> = cat.arrived();
    assert!(overheard.iter().all(|event| event["event"] == Value::Null), "{overheard:?}");

    // When they were last seen is known after a restart.
    house.server.terminate(PATIENCE).await;
    house.server.restart().await;
    let ann = house.connect("ann").await;
    let list = ann.must("presence.list", everybody).await;
    assert_eq!(shown(&list["items"][0]), ("bob", "offline"));
    assert!(list["items"][0]["last_seen_at"].is_string(), "{list}");
    assert!(list["items"][1].get("last_seen_at").is_none(), "{list}");
    house.judge(&[(&conversation, &["ann", "bob"])]).await;
}
