//! Two people, as the README walks through it: by command line, REST and socket.

use hoopoe_testkit::{client::Connection, server::run_cli};
use serde_json::json;

use crate::house::{House, Store, name, text};

async fn walk_through(store: Store) {
    let house = House::open_with(store, |launch| launch).await.with_people(&["ann", "bob"]).await;
    let words = ["user", "token", "ann", "--app", &house.app, "--json"];
    let token = text(&run_cli(house.server.launched(), &words).await.json()["token"]);

    let mut ann = house.socket("ann", "phone").await;
    let started = ann.start(&token, None).await.unwrap();
    assert_eq!(started["user"], "ann");
    assert_eq!(started["heads"], json!([]));
    let mut bob = house.connect("bob").await;

    let made =
        ann.must("conversations.create", json!({"kind": "direct", "members": ["bob"]})).await;
    let conversation = name(&made["id"]);
    assert_eq!((&made["head_seq"], &made["head_rev"]), (&json!(0), &json!(1)));
    assert_eq!(bob.event_named("conversation.created").await["conversation"], *conversation);

    let sent = ann.send(&conversation, "0001", "hello").await.unwrap();
    assert_eq!((&sent["state"], &sent["seq"]), (&json!("sent"), &json!(1)));
    assert_eq!((&sent["sender"], &sent["text"]), (&json!("ann"), &json!("hello")));
    for socket in [&mut ann, &mut bob] {
        let event = socket.event_named("message.created").await;
        assert_eq!((&event["conversation"], &event["seq"]), (&json!(&*conversation), &json!(1)));
        assert_eq!(event["data"]["text"], "hello");
        assert_eq!(event["data"]["client_id"], "0001");
    }
    let answered = bob.send(&conversation, "0001", "hello Ann 👋").await.unwrap();
    assert_eq!(answered["seq"], 2);

    marks(&ann, &mut bob, &conversation).await;

    let by_rest = house.rest.with_token("bob", house.token("bob"), &house.journal);
    let page = by_rest.must("messages.list", json!({"conversation": &*conversation})).await;
    let texts: Vec<_> = page["items"].as_array().unwrap().iter().map(|m| &m["text"]).collect();
    assert_eq!(texts, ["hello", "hello Ann 👋"]);
    assert_eq!((&page["has_before"], &page["has_after"]), (&json!(false), &json!(false)));

    ann.fence().await;
    bob.fence().await;
    house.judge(&[(&conversation, &["ann", "bob"])]).await;
}

/// Delivered, then read: the reply tells the reader, a receipt tells the sender.
async fn marks(ann: &Connection, bob: &mut Connection, conversation: &str) {
    let upto = |seq: u64| json!({"conversation": conversation, "seq": seq});
    let found = ann.must("conversations.get", json!({"conversation": conversation})).await;
    assert_eq!(found["me"]["unread"], 1, "what bob wrote");
    let now = ann.must("messages.delivered", upto(2)).await;
    assert_eq!((&now["delivered_seq"], &now["unread"]), (&json!(2), &json!(1)));
    let now = ann.must("messages.read", upto(2)).await;
    assert_eq!((&now["read_seq"], &now["unread"]), (&json!(2), &json!(0)));
    loop {
        let receipt = bob.event_named("receipt.updated").await;
        assert_eq!(receipt["data"]["user"], "ann");
        if receipt["data"]["read_seq"] == 2 {
            break;
        }
    }
    let now = ann.must("messages.read", upto(1)).await;
    assert_eq!(now["read_seq"], 2, "a mark never falls");
    let refusal = ann.call("messages.read", upto(99)).await.unwrap_err();
    assert_eq!(refusal.status(), 422, "a mark never passes the newest message");
    let found = ann.must("conversations.get", json!({"conversation": conversation})).await;
    assert_eq!(found["me"]["read_seq"], 2);
}

#[tokio::test]
async fn two_people_chat() {
    walk_through(Store::Embedded).await;
}

#[tokio::test]
async fn two_people_chat_on_postgres() {
    walk_through(Store::Postgres).await;
}

#[tokio::test]
async fn groups_carry_messages_names_and_roles() {
    let house = House::open().await.with_people(&["ann", "bob", "cat"]).await;
    let conversation = house.group(&["ann", "bob", "cat"]).await;
    let (ann, mut bob) = (house.connect("ann").await, house.connect("bob").await);
    let rename = json!({"conversation": &*conversation, "name": "Journey"});
    ann.must("conversations.update", rename.clone()).await;
    let event = bob.event_named("conversation.updated").await;
    assert_eq!((&event["rev"], &event["data"]["name"]), (&json!(2), &json!("Journey")));
    let refusal = bob.call("conversations.update", rename).await.unwrap_err();
    assert_eq!((refusal.status(), refusal.code()), (403, "conversations.forbidden"));

    for (number, by) in [&ann, &bob].into_iter().enumerate() {
        by.send(&conversation, &format!("m{number}"), "hi").await.unwrap();
    }
    let listed = bob.must("conversations.list", json!({})).await;
    assert_eq!(listed["items"][0]["id"], *conversation);
    assert_eq!(listed["items"][0]["name"], "Journey");
    assert_eq!(listed["items"][0]["me"]["role"], "member");
    house.judge(&[(&conversation, &["ann", "bob", "cat"])]).await;
}
