//! The first frame: who gets a session, and what everybody else is told.

use std::time::Duration;

use hoopoe_gateway::Timing;
use hoopoe_wire::limits;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::{
    client::{Client, Seen},
    house::{House, Setup, must, text},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_frame_says_where_the_conversations_stand() {
    let house = House::new().await;
    let group = house.group(&["ann", "bob"]).await;
    house.say("ann", &group, "one").await;
    let (token, session) = house.token("ann").await;
    let mut client = Client::dial(&house).await;
    client.raw(Message::Ping("is it there?".into())).await;
    assert_eq!(client.next().await, Seen::Pong(b"is it there?".to_vec()));
    let device = json!({"platform": "web", "name": "Ann's"});
    let reply = client.call("session.start", json!({"token": token, "device": device})).await;
    let (cursor, digest) = (&reply["result"]["cursor"], &reply["result"]["digest"]);
    assert!(!text(cursor).is_empty() && !text(digest).is_empty());
    let wanted = json!({"id": 1, "result": {
        "user": "ann",
        "session": session,
        "epoch": house.log.epoch(),
        "cursor": cursor,
        "heads": [{"conversation": group, "head_seq": 1, "head_rev": 1, "read_seq": 1}],
        "digest": digest,
        "more": false,
        "capabilities": ["messages", "receipts", "sync", "typing", "presence"],
    }});
    assert_eq!(reply, wanted);

    // The cursor of another epoch, or of nobody, starts anew and says so.
    let mut again = Client::dial(&house).await;
    let reply = again.call("session.start", json!({"token": token, "cursor": "?"})).await;
    assert_eq!(reply["result"]["reset"], true);
    assert_eq!(house.hub.connections(), 2);
}

/// What a socket is told that begins with this frame: error frames, and the close code.
async fn refused(house: &House, first: Message) -> (Vec<Value>, u16) {
    let mut client = Client::dial(house).await;
    client.raw(first).await;
    let mut frames = Vec::new();
    loop {
        match client.next().await {
            Seen::Json(frame) => frames.push(frame),
            Seen::Closed(Some((code, _))) => return (frames, code),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_else_comes_first() {
    let house = House::new().await;
    let (live, _) = house.token("ann").await;
    let (revoked, session) = house.token("ann").await;
    must(house.accounts.delete_session(&house.ctx("ann").await, session).await);

    let first = Message::text(json!({"id": 7, "method": "me.get"}).to_string());
    let (frames, code) = refused(&house, first).await;
    assert_eq!((frames[0]["id"].as_u64(), code), (Some(7), 4401));
    assert_eq!(frames[0]["error"]["code"], "auth.invalid_token");
    assert_eq!(frames.len(), 1);

    let shaped = format!("{}x", &live[..live.len() - 1]);
    for token in ["", "nonsense", &shaped, &revoked] {
        let start = json!({"id": 1, "method": "session.start", "params": {"token": token}});
        let (frames, code) = refused(&house, Message::text(start.to_string())).await;
        assert_eq!((frames[0]["error"]["status"].as_u64(), code), (Some(401), 4401), "{token}");
    }
    let odd = json!({"id": 1, "method": "session.start", "params": {"token": live, "tokn": 1}});
    let (frames, code) = refused(&house, Message::text(odd.to_string())).await;
    assert_eq!((&frames[0]["error"]["errors"][0]["pointer"], code), (&json!("/tokn"), 4400));

    let nothing: Vec<Value> = Vec::new();
    let start = json!({"id": 1, "method": "session.start", "params": {"token": live}}).to_string();
    for (first, wanted) in [
        (Message::text("{"), 4400),
        (Message::text("[]"), 4400),
        (Message::text(r#"{"method":"session.start"}"#), 4400),
        (Message::binary(start.into_bytes()), 4400),
        (Message::text("x".repeat(limits::FRAME_BYTES_MAX + 1)), 1009),
    ] {
        assert_eq!(refused(&house, first).await, (nothing.clone(), wanted));
    }
    house.connections(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_says_nothing_is_not_waited_for() {
    let start_max = Duration::from_millis(50);
    let timing = Timing { start_max, ..Setup::default().timing };
    let house = House::with(Setup { timing, ..Setup::default() }).await;
    let mut client = Client::dial(&house).await;
    assert_eq!(client.closed().await, (4401, "token".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_frame_ends_a_session_too() {
    let house = House::new().await;
    for (nonsense, code) in [
        (Message::text("hello"), 4400),
        (Message::text(r#"{"id":1}"#), 4400),
        (Message::text(r#"{"id":-1,"method":"me.get"}"#), 4400),
        (Message::text(r#"{"id":1,"method":"me.get","parms":{}}"#), 4400),
        (Message::binary(vec![1, 2, 3]), 4400),
        (Message::text("x".repeat(limits::FRAME_BYTES_MAX + 1)), 1009),
    ] {
        let mut client = Client::start(&house, "ann").await;
        client.raw(nonsense).await;
        assert_eq!(client.closed().await.0, code);
    }
    house.connections(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_of_the_limit_is_still_one() {
    let house = House::new().await;
    let mut client = Client::start(&house, "ann").await;
    let frame = json!({"id": 5, "method": "me.get", "params": {}}).to_string();
    let padded = format!("{frame}{}", " ".repeat(limits::FRAME_BYTES_MAX - frame.len()));
    client.raw(Message::text(padded)).await;
    let reply = client.reply(5).await;
    assert_eq!(reply["result"]["id"], "ann", "{reply}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_epoch_makes_everybody_begin_anew() {
    let house = House::new().await;
    let group = house.group(&["ann", "bob"]).await;
    house.say("ann", &group, "before").await;
    let (token, _) = house.token("bob").await;
    let mut bob = Client::dial(&house).await;
    let started = bob.call("session.start", json!({"token": token})).await;
    let cursor = started["result"]["cursor"].clone();
    let epoch = must(house.log.begin_epoch().await);
    assert_eq!(bob.closed().await, (4409, "resync".to_owned()));
    let mut back = Client::dial(&house).await;
    let start = json!({"token": token, "cursor": cursor});
    let started = back.call("session.start", start).await["result"].take();
    assert_eq!((&started["reset"], &started["epoch"]), (&json!(true), &json!(epoch)));
    assert_eq!(started["heads"][0]["conversation"], json!(group), "everything is told");
    house.say("ann", &group, "after").await;
    assert_eq!(back.event().await["data"]["text"], "after");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_device_does_the_others_are_told_at_once_or_when_they_come_back() {
    let house = House::new().await;
    let group = house.group(&["bob", "ann"]).await;
    house.say("bob", &group, "read me").await;
    let (token, _) = house.token("ann").await;
    let mut phone = Client::dial(&house).await;
    let started = phone.call("session.start", json!({"token": token})).await;
    let cursor = started["result"]["cursor"].clone();
    drop(phone);
    house.connections(0).await;
    house.clock.advance(Duration::from_secs(3_600));
    let mut laptop = Client::start(&house, "ann").await;
    let mut tablet = Client::start(&house, "ann").await;
    laptop.ok("messages.read", json!({"conversation": group, "seq": 1})).await;
    laptop.ok("settings.update", json!({"presence": "nobody"})).await;
    laptop.ok("conversations.leave", json!({"conversation": group})).await;
    let wanted = ["receipt.updated", "user.settings_updated", "member.removed"];
    let mut names = tablet.names().await;
    // The log and the bus promise no order between each other.
    names.sort_unstable_by_key(|name| wanted.iter().position(|one| one == name));
    assert_eq!(names, wanted);
    let mut phone = Client::dial(&house).await;
    let start = json!({"token": token, "cursor": cursor});
    let started = phone.call("session.start", start).await["result"].take();
    let (read, settings, gone) = (&started["state"][0], &started["state"][1], &started["state"][2]);
    assert_eq!((&read["kind"], &read["read_seq"]), (&json!("read"), &json!(1)), "{started}");
    assert_eq!(settings["settings"], json!({"presence": "nobody"}));
    assert_eq!((&gone["kind"], &gone["removed"]), (&json!("membership"), &json!(true)));
    assert_eq!(started["heads"], json!([]));
}
