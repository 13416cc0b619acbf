//! The MessagePack subprotocol: the same words in another form.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::{
    client::{Client, Seen},
    house::{House, text},
};

const PACKED: &str = "hoopoe.v1.msgpack";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_forms_say_the_same() {
    let house = House::new().await;
    let group = house.group(&["ann", "bob"]).await;
    let mut ann = Client::start(&house, "ann").await;
    let mut bob = Client::start_speaking(&house, "bob", PACKED).await;
    let mut other = Client::start_speaking(&house, "bob", PACKED).await;
    let numbers = json!({"u": u64::MAX, "i": i64::MIN, "f": 0.1, "deep": [[{"a": null}], true]});
    let request = json!({"conversation": group, "client_id": "c1", "kind": "text",
                         "text": "戴胜 \u{1f99c}", "metadata": numbers});
    let sent = bob.ok("messages.send", request).await;
    assert_eq!((&sent["seq"], &sent["metadata"]), (&json!(1), &numbers));
    let heard = ann.event().await;
    assert_eq!(
        (&heard["event"], &heard["data"]["metadata"]),
        (&json!("message.created"), &numbers)
    );
    assert_eq!([bob.event().await, other.event().await], [heard.clone(), heard]);

    // Many events of one commit come in one piece.
    let ids: Vec<u64> = {
        let mut ids = Vec::new();
        for nth in 0..40 {
            ids.push(ann.say(&group, &format!("n{nth}"), &"x".repeat(nth * 50 + 1)).await);
        }
        ids
    };
    for id in ids {
        ann.reply(id).await;
    }
    assert_eq!(ann.events().await, bob.events().await);

    // What a new member is told first, and what the bus carries.
    let mut cat = Client::start_speaking(&house, "cat", PACKED).await;
    ann.ok("members.add", json!({"conversation": group, "users": ["cat"]})).await;
    assert_eq!(cat.names().await, ["conversation.created", "member.added"]);
    bob.ok("messages.read", json!({"conversation": group, "seq": 1})).await;
    house.say("ann", &group, "and a receipt").await;
    bob.ok("messages.read", json!({"conversation": group, "seq": 42})).await;
    let events: Vec<Value> = ann.events().await;
    assert!(events.iter().any(|event| event["event"] == "receipt.updated"), "{events:?}");
    let names = other.names().await;
    assert!(names.contains(&"receipt.updated".to_owned()), "{names:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_are_read_as_strictly() {
    let house = House::new().await;
    let group = house.group(&["ann", "bob"]).await;
    let mut ann = Client::start_speaking(&house, "ann", PACKED).await;
    let wrong = json!({"conversation": group, "client_id": "c", "kind": "text", "txt": "a"});
    let reply = ann.call("messages.send", wrong).await;
    let field = &reply["error"]["errors"][0];
    assert_eq!((&reply["error"]["status"], &field["pointer"]), (&json!(422), &json!("/txt")));
    // {"id":9,"method":"me.update","params":{"name":"a","name":"b"}}
    let twice = b"\x83\xa2id\x09\xa6method\xa9me.update\xa6params\x82\xa4name\xa1a\xa4name\xa1b";
    ann.raw(Message::binary(&twice[..])).await;
    let reply = ann.json().await;
    let field = &reply["error"]["errors"][0];
    assert_eq!((&reply["id"], &field["code"]), (&json!(9), &json!("duplicate")));
    assert_eq!(ann.ok("me.get", json!({})).await["id"], "ann");
    assert_eq!(
        text(&ann.call("no.such", json!({})).await["error"]["code"]),
        "request.unknown_method"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_frame_ends_it() {
    let house = House::new().await;
    for wrong in [
        Message::text(r#"{"id":1,"method":"me.get"}"#),
        Message::binary(&b""[..]),
        Message::binary(&b"\xc1"[..]),
        Message::binary(&br#"{"id":1,"method":"me.get"}"#[..]),
        // A field that nobody knows, bytes for a text, and a value behind the frame.
        Message::binary(&b"\x83\xa2id\x01\xa6method\xa6me.get\xa1x\x01"[..]),
        Message::binary(&b"\x82\xa2id\x01\xa6method\xc4\x06me.get"[..]),
        Message::binary(&b"\x82\xa2id\x01\xa6method\xa6me.get\xc0"[..]),
        Message::binary(vec![0x91; 60_000]),
    ] {
        let mut started = Client::start_speaking(&house, "ann", PACKED).await;
        started.raw(wrong.clone()).await;
        assert_eq!(started.closed().await, (4400, "bad_frame".to_owned()), "{wrong:?}");
        let mut fresh = Client::dial_speaking(&house, PACKED).await;
        fresh.raw(wrong).await;
        assert_eq!(fresh.closed().await.0, 4400);
    }
    let mut json = Client::start(&house, "ann").await;
    json.raw(Message::binary(&b"\x80"[..])).await;
    assert_eq!(json.closed().await.0, 4400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_asked_for_is_settled() {
    let house = House::new().await;
    for (offered, settled) in [
        ("hoopoe.v1.json", Some("hoopoe.v1.json")),
        (PACKED, Some(PACKED)),
        ("mqtt, hoopoe.v1.msgpack, hoopoe.v1.json", Some(PACKED)),
        ("mqtt", None),
    ] {
        assert_eq!(Client::settled(&house, offered).await.as_deref(), settled, "{offered}");
    }
    let mut refused = Client::dial_speaking(&house, PACKED).await;
    let reply = refused.call("me.get", json!({})).await;
    assert_eq!(reply["error"]["code"], "auth.invalid_token");
    assert!(matches!(refused.next().await, Seen::Closed(Some((4401, _)))));
}
