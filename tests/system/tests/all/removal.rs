//! Who was removed hears that, and nothing afterwards; who comes back hears what follows.

use hoopoe_testkit::client::{Connection, text_message};
use serde_json::{Value, json};

use crate::house::{House, Store};

fn seqs(events: &[Value]) -> Vec<u64> {
    let messages = events.iter().filter(|event| event["event"] == "message.created");
    messages.filter_map(|event| event["seq"].as_u64()).collect()
}

async fn arrived(socket: &mut Connection) -> Vec<Value> {
    socket.fence().await;
    socket.arrived()
}

async fn removed_and_back(store: Store) {
    let people = ["ann", "bob", "cat"];
    let house = House::open_with(store, |launch| launch).await.with_people(&people).await;
    let conversation = house.group(&people).await;
    let at = |rest: Value| {
        let mut params = json!({"conversation": &*conversation});
        params.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        params
    };
    let (ann, mut cat) = (house.connect("ann").await, house.connect("cat").await);
    ann.send(&conversation, "1", "all three").await.unwrap();
    ann.must("members.remove", at(json!({"user": "cat"}))).await;
    ann.send(&conversation, "2", "only two").await.unwrap();
    ann.must("conversations.update", at(json!({"name": "Without Cat"}))).await;
    ann.fence().await;

    let events = arrived(&mut cat).await;
    assert_eq!(seqs(&events), [1], "{events:?}");
    assert!(events.iter().any(|event| event["event"] == "member.removed"), "{events:?}");
    assert!(events.iter().all(|event| event["event"] != "conversation.updated"), "{events:?}");
    for (method, params) in [
        ("messages.list", at(json!({}))),
        ("conversations.get", at(json!({}))),
        ("members.list", at(json!({}))),
        ("messages.read", at(json!({"seq": 1}))),
        ("messages.send", at(json!({"client_id": "c", "kind": "text", "text": "still here"}))),
    ] {
        let refusal = cat.call(method, params).await.unwrap_err();
        assert_eq!(
            (refusal.status(), refusal.code()),
            (404, "conversations.not_found"),
            "{method} of who was removed"
        );
    }
    // A socket that is opened later knows nothing of it either.
    let mut later = house.connect("cat").await;
    ann.send(&conversation, "3", "still only two").await.unwrap();
    ann.fence().await;
    assert_eq!(arrived(&mut later).await, [Value::Null; 0]);

    ann.must("members.add", at(json!({"users": ["cat"]}))).await;
    ann.send(&conversation, "4", "welcome back").await.unwrap();
    ann.fence().await;
    let events = arrived(&mut cat).await;
    assert_eq!(seqs(&events), [4], "{events:?}");
    let created = events.iter().position(|event| event["event"] == "conversation.created");
    let message = events.iter().position(|event| event["event"] == "message.created");
    assert!(created.is_some() && created < message, "the snapshot comes first: {events:?}");
    house.judge(&[(&conversation, &["ann", "bob"])]).await;
}

#[tokio::test]
async fn nothing_after_a_removal_reaches_who_was_removed() {
    removed_and_back(Store::Embedded).await;
}

#[tokio::test]
async fn nothing_after_a_removal_reaches_who_was_removed_on_postgres() {
    removed_and_back(Store::Postgres).await;
}

#[tokio::test]
async fn a_removal_amidst_traffic_is_a_clean_cut() {
    let people = ["ann", "bob", "cat"];
    let house = House::open().await.with_people(&people).await;
    let conversation = house.group(&people).await;
    let (ann, bob, cat) =
        (house.connect("ann").await, house.connect("bob").await, house.connect("cat").await);
    for round in 0..5 {
        let mut pending = Vec::new();
        for number in 0..20 {
            for (who, socket) in [("a", &ann), ("b", &bob)] {
                let id = format!("{who}{round}.{number}");
                let message = text_message(&conversation, &id, "x");
                pending.push(socket.post("messages.send", &message));
            }
            if number == 10 {
                let params = json!({"conversation": &*conversation, "user": "cat"});
                ann.must("members.remove", params).await;
            }
        }
        for reply in pending {
            reply.outcome().await.unwrap();
        }
        let params = json!({"conversation": &*conversation, "users": ["cat"]});
        ann.must("members.add", params).await;
    }
    for socket in [&ann, &bob, &cat] {
        socket.fence().await;
    }
    house.judge(&[(&conversation, &["ann", "bob"])]).await;
}

#[tokio::test]
async fn who_leaves_is_gone_at_once() {
    let house = House::open().await.with_people(&["ann", "bob"]).await;
    let conversation = house.group(&["ann", "bob"]).await;
    let (mut ann, mut bob) = (house.connect("ann").await, house.connect("bob").await);
    bob.must("conversations.leave", json!({"conversation": &*conversation})).await;
    assert_eq!(ann.event_named("member.removed").await["data"]["user"], "bob");
    ann.send(&conversation, "1", "alone").await.unwrap();
    ann.fence().await;
    assert_eq!(seqs(&arrived(&mut bob).await), [0; 0]);
    house.judge(&[(&conversation, &["ann"])]).await;
}
