//! The same send many times is one message; other content under its client id is refused.

use hoopoe_testkit::client::text_message;
use serde_json::json;

use crate::house::{House, Store};

async fn one_row(store: Store) {
    let mut house =
        House::open_with(store, |launch| launch).await.with_people(&["ann", "bob"]).await;
    let conversation = house.direct("ann", "bob").await;
    let message = text_message(&conversation, "once", "only once");
    let sockets = [house.connect("ann").await, house.connect("ann").await];
    let mut pending = Vec::new();
    for _ in 0..50 {
        for socket in &sockets {
            pending.push(socket.post("messages.send", &message));
        }
    }
    for reply in pending {
        let reply = reply.outcome().await.unwrap();
        assert_eq!((&reply["seq"], &reply["text"]), (&json!(1), &json!("only once")));
    }
    let rest = house.rest.with_token("ann", house.token("ann"), &house.journal);
    let reply = rest.must("messages.send", message.clone()).await;
    assert_eq!(reply["seq"], 1);
    let path = format!("/v1/conversations/{conversation}/messages");
    let mut body = message.clone();
    body.as_object_mut().unwrap().remove("conversation");
    let repeat = rest.request("POST", &path, Some(&body)).await;
    assert_eq!(repeat.status, 200, "a repeat is no creation");

    house.server.kill().await;
    house.server.restart().await;
    let socket = house.connect("ann").await;
    assert_eq!(socket.must("messages.send", message).await["seq"], 1, "after a restart");
    let other = text_message(&conversation, "once", "something else");
    let refusal = socket.call("messages.send", other).await.unwrap_err();
    assert_eq!((refusal.status(), refusal.code()), (409, "messages.client_id_conflict"));
    let next = socket.send(&conversation, "next", "the next one").await.unwrap();
    assert_eq!(next["seq"], 2, "neither repeats nor the conflict took a seq");
    let bob = house.connect("bob").await;
    let same = bob.send(&conversation, "once", "bob's own").await.unwrap();
    assert_eq!(same["seq"], 3, "client ids belong to their senders");
    house.judge(&[(&conversation, &["ann", "bob"])]).await;
}

#[tokio::test]
async fn a_hundred_repeats_are_one_message() {
    one_row(Store::Embedded).await;
}

#[tokio::test]
async fn a_hundred_repeats_are_one_message_on_postgres() {
    one_row(Store::Postgres).await;
}
