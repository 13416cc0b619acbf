//! Commands: their order, their number, and what becomes of them when something breaks.

use std::sync::atomic::Ordering;

use hoopoe_wire::limits::IN_FLIGHT_PER_CONNECTION_MAX;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::{
    client::{Client, Seen},
    house::{House, text},
};

fn send(id: usize, to: &str) -> Message {
    let client_id = format!("c{id}");
    let params = json!({"conversation": to, "client_id": client_id, "kind": "text", "text": "hi"});
    Message::text(json!({"id": id, "method": "messages.send", "params": params}).to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sends_of_one_connection_keep_their_order() {
    let house = House::new().await;
    let group = house.group(&["ann", "bob"]).await;
    let mut ann = Client::start(&house, "ann").await;
    // More than may be in flight: what does not fit waits in the socket.
    let count = 3 * IN_FLIGHT_PER_CONNECTION_MAX;
    ann.feed((1_000..1_000 + count).map(|id| send(id, &group))).await;
    let (mut replies, mut events) = (Vec::new(), Vec::new());
    while replies.len() < count || events.len() < count {
        let frame = ann.json().await;
        match frame.get("id") {
            Some(id) => replies.push((id.as_u64().unwrap(), frame["result"]["seq"].clone())),
            None => events.push((frame["seq"].clone(), text(&frame["data"]["client_id"]))),
        }
    }
    let wanted = |n: usize| (1_000 + n as u64, json!(n + 1));
    replies.sort_unstable_by_key(|(id, _)| *id);
    assert_eq!(replies, (0..count).map(wanted).collect::<Vec<_>>());
    let wanted = |n: usize| (json!(n + 1), format!("c{}", 1_000 + n));
    assert_eq!(events, (0..count).map(wanted).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_256_in_flight_the_socket_is_not_read() {
    let house = House::new().await;
    let mut ann = Client::start(&house, "ann").await;
    let all = IN_FLIGHT_PER_CONNECTION_MAX + 40;
    let wait = |id: usize| Message::text(json!({"id": id, "method": "test.wait"}).to_string());
    ann.feed((0..all).map(wait)).await;
    house.started(IN_FLIGHT_PER_CONNECTION_MAX).await;
    house.gate.open.add_permits(1);
    assert!(matches!(ann.next().await, Seen::Json(_)));
    house.started(IN_FLIGHT_PER_CONNECTION_MAX + 1).await;
    house.gate.open.add_permits(all);
    for _ in 1..all {
        assert!(ann.json().await["result"].is_object());
    }
    assert_eq!(house.gate.started.load(Ordering::SeqCst), all);
    assert_eq!(ann.ok("me.get", json!({})).await["id"], "ann");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sync_is_a_fence() {
    let house = House::new().await;
    let group = house.group(&["ann", "bob"]).await;
    let mut ann = Client::start(&house, "ann").await;
    let mut bob = Client::start(&house, "bob").await;
    for round in 0..12_i64 {
        for nth in 0..4 {
            ann.say(&group, &format!("{round}-{nth}"), "hi").await;
        }
        let fence = ann.send("session.sync", json!({})).await;
        // Everything earlier is in front of it: four replies and four events.
        let mut before = Vec::new();
        loop {
            let frame = ann.json().await;
            if frame["id"] == fence {
                assert_eq!(frame, json!({"id": fence, "result": {}}));
                break;
            }
            before.push(frame);
        }
        let seqs = |key: &str| -> Vec<Value> {
            let of = |frame: &Value| frame.get(key).map(|found| found["seq"].clone());
            before.iter().filter_map(of).collect()
        };
        let wanted: Vec<Value> = (1..=4).map(|nth| json!(round * 4 + nth)).collect();
        assert_eq!((seqs("result"), seqs("data")), (wanted.clone(), wanted));
        // So does somebody else who asks after that.
        let events = bob.events().await;
        assert_eq!(events.len(), 4, "{events:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fence_waits_for_what_runs_and_holds_what_comes() {
    let house = House::new().await;
    let mut ann = Client::start(&house, "ann").await;
    let waiting = ann.send("test.wait", json!({})).await;
    let fence = ann.send("session.sync", json!({})).await;
    let behind = ann.send("me.get", json!({})).await;
    house.started(1).await;
    house.gate.open.add_permits(1);
    let ids: Vec<Value> = [ann.json().await, ann.json().await, ann.json().await]
        .map(|frame| frame["id"].clone())
        .into();
    assert_eq!(ids, [json!(waiting), json!(fence), json!(behind)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_carry_the_id_and_end_nothing() {
    let house = House::new().await;
    let mut ann = Client::start(&house, "ann").await;
    let unknown = ann.call("messages.sned", json!({})).await;
    assert_eq!(unknown["error"]["code"], "request.unknown_method");
    let again = ann.call("session.start", json!({"token": "x"})).await;
    assert_eq!(again["error"]["status"], 404, "a session is started once");
    let wrong = ann.call("messages.send", json!({"conversation": "cnv_x"})).await;
    assert_eq!(wrong["error"]["status"], 422);
    let id = |reply: &Value| text(&reply["error"]["request_id"]);
    assert_ne!(id(&unknown), id(&wrong), "each can be found in the log");
    let broken = ann.call("test.panic", json!({})).await;
    assert_eq!(broken["error"]["code"], "server.internal");
    assert_eq!(ann.ok("me.get", json!({})).await["id"], "ann");
}
