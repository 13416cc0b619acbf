//! Events: who hears what, and in which order.

use std::sync::mpsc;

use hoopoe_testkit::harness::{PATIENCE, within};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::{
    client::Client,
    house::{House, must, text},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_hears_the_same_in_the_same_order() {
    let house = House::new().await;
    let group = house.group(&["ann", "bob"]).await;
    let mut ann = Client::start(&house, "ann").await;
    let mut phone = Client::start(&house, "bob").await;
    let mut laptop = Client::start(&house, "bob").await;
    let mut cat = Client::start(&house, "cat").await;
    for nth in 0..20 {
        ann.say(&group, &format!("a{nth}"), "from ann").await;
        phone.say(&group, &format!("b{nth}"), "from bob").await;
    }
    for nth in 0..20 {
        // Replies are looked at elsewhere; they are not events.
        let _ = (ann.reply(2 + nth).await, phone.reply(2 + nth).await);
    }
    let heard = ann.events().await;
    let seqs: Vec<Value> = heard.iter().map(|event| event["seq"].clone()).collect();
    assert_eq!(seqs, (1..=40).map(|seq| json!(seq)).collect::<Vec<_>>());
    assert_eq!(phone.events().await, heard);
    assert_eq!(laptop.events().await, heard);
    assert_eq!(cat.events().await, Vec::<Value>::new(), "not a member");
    let first = &heard[0];
    let wanted = json!({
        "event": "message.created",
        "conversation": group,
        "seq": 1,
        "members_rev": 1,
        "data": {
            "conversation": group,
            "seq": 1,
            "client_id": first["data"]["client_id"],
            "sender": first["data"]["sender"],
            "kind": "text",
            "created_at": "2026-01-01T00:00:00.000Z",
            "text": first["data"]["text"],
        },
    });
    assert_eq!(first, &wanted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_begins_with_its_creation() {
    let house = House::new().await;
    let mut ann = Client::start(&house, "ann").await;
    let mut bob = Client::start(&house, "bob").await;
    let mut cat = Client::start(&house, "cat").await;
    let request = json!({"kind": "group", "name": "Trip", "members": ["bob"]});
    let group = text(&ann.ok("conversations.create", request).await["id"]);
    ann.say(&group, "one", "hello").await;
    let created = bob.event().await;
    assert_eq!((&created["event"], &created["rev"]), (&json!("conversation.created"), &json!(1)));
    assert_eq!(created["data"]["name"], "Trip");
    assert_eq!(bob.event().await["event"], "message.created");

    // Who comes later gets the same as a snapshot, in front of everything else.
    let add = json!({"conversation": group, "users": ["cat"]});
    bob.call("members.add", add.clone()).await;
    ann.ok("members.add", add).await;
    ann.say(&group, "two", "welcome").await;
    let snapshot = cat.event().await;
    assert_eq!(snapshot["event"], "conversation.created");
    assert_eq!((snapshot.get("rev"), &snapshot["members_rev"]), (None, &json!(2)));
    assert_eq!(snapshot["data"]["id"], json!(group));
    assert_eq!(cat.event().await["event"], "member.added");
    assert_eq!(cat.event().await["data"]["text"], "welcome");
    assert_eq!(ann.names().await.len(), 4, "created, message, added, message");
}

/// Holds the writer until it is let go, so that what is queued meanwhile is committed together.
async fn hold(house: &House) -> mpsc::Sender<()> {
    let (go, gone) = mpsc::channel::<()>();
    let (begin, begun) = oneshot::channel();
    let (mut begin, db) = (Some(begin), house.db.db.clone());
    tokio::spawn(async move {
        let held = db.write(move |_| {
            if let Some(begin) = begin.take() {
                begin.send(()).unwrap_or_default();
                gone.recv().unwrap_or_default();
            }
            Ok(())
        });
        must(held.await);
    });
    within(PATIENCE, "the writer to be held", begun).await.unwrap();
    go
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_joins_with_others_is_told_of_the_conversation_first_too() {
    let house = House::new().await;
    let group = house.group(&["ann", "bob"]).await;
    house.say("ann", &group, "the hub knows this conversation").await;
    let mut ann = Client::start(&house, "ann").await;
    let mut late = [Client::start(&house, "cat").await, Client::start(&house, "dan").await];
    let go = hold(&house).await;
    let added = ["cat", "dan"].map(|user| json!({"conversation": group, "users": [user]}));
    for request in added {
        ann.send("members.add", request).await;
    }
    ann.say(&group, "x", "hello both").await;
    // Whichever comes first, all three are in the writer's queue before it goes on.
    let reading = ann.send("me.get", json!({})).await;
    ann.reply(reading).await;
    go.send(()).unwrap();
    for client in &mut late {
        let names = [client.event().await, client.event().await].map(|e| text(&e["event"]));
        assert_eq!(names, ["conversation.created", "member.added"]);
    }
    for id in [2, 3, 4] {
        let reply = ann.reply(id).await;
        assert!(reply.get("result").is_some(), "{reply}");
    }
    let wanted = ["message.created", "member.added", "member.added"];
    let mut names = ann.names().await;
    names.sort_unstable_by_key(|name| name != "message.created");
    assert_eq!(names, wanted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_removed_hears_that_and_nothing_more() {
    let house = House::new().await;
    let group = house.group(&["ann", "bob", "cat"]).await;
    let mut ann = Client::start(&house, "ann").await;
    let mut bob = Client::start(&house, "bob").await;
    let mut cat = Client::start(&house, "cat").await;
    bob.say(&group, "b", "from bob").await;
    bob.reply(2).await;
    ann.ok("members.remove", json!({"conversation": group, "user": "bob"})).await;
    ann.say(&group, "a", "about bob").await;
    // Cat reads bob's message too: he is not told.
    cat.ok("messages.read", json!({"conversation": group, "seq": 1})).await;
    ann.say(&group, "c", "and more").await;
    cat.events().await;
    assert_eq!(bob.names().await, ["message.created", "member.removed"]);
    let gone = json!({"conversation": group, "seq": 1});
    assert_eq!(bob.call("messages.read", gone).await["error"]["status"], 404);
    let send = json!({"conversation": group, "client_id": "d", "kind": "text", "text": "still?"});
    assert_eq!(bob.call("messages.send", send).await["error"]["code"], "conversations.not_found");

    // And after coming back, again.
    ann.ok("members.add", json!({"conversation": group, "users": ["bob"]})).await;
    ann.say(&group, "e", "welcome back").await;
    ann.events().await;
    let wanted = ["conversation.created", "member.added", "message.created"];
    assert_eq!(bob.names().await, wanted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn receipts_go_to_the_reader_s_devices_and_to_whose_messages_were_read() {
    let house = House::new().await;
    let group = house.group(&["ann", "bob", "cat"]).await;
    let mut ann = Client::start(&house, "ann").await;
    let mut phone = Client::start(&house, "bob").await;
    let mut laptop = Client::start(&house, "bob").await;
    let mut cat = Client::start(&house, "cat").await;
    house.say("ann", &group, "one").await;
    let now = phone.ok("messages.read", json!({"conversation": group, "seq": 1})).await;
    assert_eq!(now, json!({"delivered_seq": 1, "read_seq": 1, "unread": 0}));
    let data = json!({"conversation": group, "user": "bob", "delivered_seq": 1, "read_seq": 1});
    let receipt = json!({"event": "receipt.updated", "conversation": group, "data": data});
    for client in [&mut ann, &mut phone, &mut laptop] {
        assert_eq!(client.events().await[1..], *std::slice::from_ref(&receipt));
    }
    assert_eq!(cat.names().await, ["message.created"], "she wrote nothing that was read");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_done_to_a_message_is_heard_in_order_with_its_rev() {
    let house = House::new().await;
    let group = house.group(&["ann", "bob"]).await;
    let mut ann = Client::start(&house, "ann").await;
    let mut phone = Client::start(&house, "bob").await;
    let mut laptop = Client::start(&house, "bob").await;
    ann.say(&group, "x", "hello").await;
    ann.reply(2).await;
    let message = json!({"conversation": group, "seq": 1});
    let with = |key: &str, value: &str| {
        let mut request = message.clone();
        request[key] = json!(value);
        request
    };
    ann.ok("messages.update", with("text", "hello!")).await;
    let reacted = phone.ok("messages.react", with("emoji", "👍")).await;
    assert_eq!(reacted["reactions"], json!([{"emoji": "👍", "count": 1, "me": true}]));
    phone.ok("messages.unreact", with("emoji", "👍")).await;
    let recalled = ann.ok("messages.recall", message.clone()).await;
    assert_eq!(recalled["recalled_content"]["text"], "hello!");
    let goodbye = ann.say(&group, "y", "goodbye").await;
    ann.reply(goodbye).await;

    let heard = phone.events().await;
    assert_eq!(laptop.events().await, heard);
    assert_eq!(ann.events().await, heard, "the author hears it too");
    let told: Vec<(&str, &Value, &Value)> = heard
        .iter()
        .map(|event| (event["event"].as_str().unwrap(), &event["rev"], &event["data"]["seq"]))
        .collect();
    assert_eq!(
        told,
        [
            ("message.created", &Value::Null, &json!(1)),
            ("message.updated", &json!(2), &json!(1)),
            ("reaction.added", &json!(3), &json!(1)),
            ("reaction.removed", &json!(4), &json!(1)),
            ("message.recalled", &json!(5), &json!(1)),
            ("message.created", &Value::Null, &json!(2)),
        ]
    );
    assert_eq!(heard[1]["data"]["text"], "hello!");
    let added = json!({"seq": 1, "user": "bob", "emoji": "👍", "count": 1});
    assert_eq!(heard[2]["data"], added, "nothing in it depends on who hears it");

    // For oneself: only one's own devices hear it.
    let second = json!({"conversation": group, "seq": 2});
    phone.ok("messages.delete", second.clone()).await;
    let hidden = json!({"event": "message.hidden", "conversation": group, "data": second});
    assert_eq!(laptop.events().await, std::slice::from_ref(&hidden));
    assert_eq!(phone.events().await, std::slice::from_ref(&hidden));
    assert_eq!(ann.names().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_what_somebody_may_not_read_tells_them_nothing_of_it() {
    let house = House::new().await;
    let group = house.group(&["ann", "bob"]).await;
    house.say("ann", &group, "before cat").await;
    let mut ann = Client::start(&house, "ann").await;
    let mut bob = Client::start(&house, "bob").await;
    let mut cat = Client::start(&house, "cat").await;
    ann.ok("members.add", json!({"conversation": group, "users": ["cat"]})).await;
    house.say("ann", &group, "hello cat").await;
    for seq in [1, 2] {
        let text = format!("edit of {seq}");
        ann.ok("messages.update", json!({"conversation": group, "seq": seq, "text": text})).await;
        let like = json!({"conversation": group, "seq": seq, "emoji": "👍"});
        bob.ok("messages.react", like).await;
    }
    let heard = |events: Vec<Value>| -> Vec<(Value, Value)> {
        let changes = events.into_iter().filter(|event| event["data"].get("seq").is_some());
        let changes = changes.filter(|event| event.get("rev").is_some());
        changes.map(|event| (event["rev"].clone(), event["data"].clone())).collect()
    };
    let (cats, bobs) = (heard(cat.events().await), heard(bob.events().await));
    assert_eq!(cats[..2], [(json!(3), json!({"seq": 1})), (json!(4), json!({"seq": 1}))]);
    assert_eq!(bobs[0].1["text"], "edit of 1");
    assert_eq!(cats[2..], bobs[2..], "what she may read she hears whole");
    assert_eq!(cats[2].1["text"], "edit of 2");

    // The same for a hub that has just come to know the conversation, and by fetching.
    let missed = house.call("cat", "messages.changes", json!({"conversation": group})).await;
    let data = |nth: usize| missed["items"][nth]["data"].clone();
    assert_eq!((data(2), data(3)), (json!({"seq": 1}), json!({"seq": 1})));
    assert_eq!((data(4), data(5)), (cats[2].1.clone(), cats[3].1.clone()));
}
