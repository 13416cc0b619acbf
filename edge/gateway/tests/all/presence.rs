//! Presence and typing over sockets.

use std::time::Duration;

use hoopoe_bus::{Bus, Notice};
use serde_json::{Value, json};

use crate::{client::Client, house::House};

const GRACE: Duration = Duration::from_secs(15);

impl House {
    /// Lets time pass, and does what is due then.
    async fn pass(&self, time: Duration) {
        self.clock.advance(time);
        self.presence.tick().await;
    }
}

/// What a connection has heard of people's presence, as "who status".
async fn heard(client: &mut Client) -> Vec<String> {
    let events = client.events().await;
    let presence = events.iter().filter(|event| event["event"] == "presence.updated");
    let words = |event: &Value| {
        let data = &event["data"];
        format!("{} {}", data["user"], data["status"]).replace('"', "")
    };
    presence.map(words).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn coming_and_going_is_told_and_a_short_absence_is_none() {
    let house = House::new().await;
    house.group(&["ann", "bob"]).await;
    let mut ann = Client::start(&house, "ann").await;
    let mut deaf = Client::start(&house, "ann").await;
    let users = json!({"users": ["bob", "dan"]});
    let snapshot = ann.ok("presence.subscribe", users).await;
    let offline = |user| json!({"user": user, "status": "offline"});
    assert_eq!(snapshot, json!({"items": [offline("bob"), offline("dan")]}));

    let phone = Client::start(&house, "bob").await;
    house.pass(Duration::ZERO).await;
    assert_eq!(heard(&mut ann).await, ["bob online"]);
    // He changes networks, and opens a second device meanwhile.
    drop(phone);
    house.connections(2).await;
    house.pass(GRACE - Duration::from_millis(1)).await;
    let phone = Client::start(&house, "bob").await;
    let laptop = Client::start(&house, "bob").await;
    let stranger = Client::start(&house, "dan").await;
    house.pass(GRACE).await;
    drop(laptop);
    house.connections(4).await;
    house.pass(GRACE).await;
    assert_eq!(heard(&mut ann).await, [""; 0], "he was there all the time");
    drop((phone, stranger));
    house.connections(2).await;
    house.pass(GRACE).await;
    let told = ann.event().await;
    assert_eq!(
        (&told["data"]["user"], &told["data"]["status"]),
        (&json!("bob"), &json!("offline"))
    );
    assert_eq!(told["data"]["last_seen_at"], "2026-01-01T00:00:44.999Z");
    assert_eq!(heard(&mut deaf).await, [""; 0], "it has not subscribed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_removed_hears_nothing_more_of_anybody() {
    let house = House::new().await;
    let group = house.group(&["ann", "bob", "cat"]).await;
    let mut ann = Client::start(&house, "ann").await;
    let mut bob = Client::start(&house, "bob").await;
    let mut cat = Client::start(&house, "cat").await;
    house.pass(Duration::ZERO).await;
    bob.ok("presence.subscribe", json!({"users": ["ann"]})).await;
    let typing = json!({"conversation": group, "state": "started"});
    ann.ok("messages.typing", typing.clone()).await;
    let data = json!({"conversation": group, "user": "ann"});
    let started = json!({"event": "typing.started", "conversation": group, "data": data});
    assert_eq!(bob.events().await, std::slice::from_ref(&started));
    assert_eq!(ann.events().await, Vec::<Value>::new(), "she knows");
    ann.ok("members.remove", json!({"conversation": group, "user": "bob"})).await;
    ann.events().await;
    house.pass(Duration::from_secs(6)).await;
    let names = |events: Vec<Value>| -> Vec<Value> {
        events.iter().map(|event| event["event"].clone()).collect()
    };
    assert_eq!(names(cat.events().await), ["typing.started", "member.removed", "typing.stopped"]);
    let last = bob.events().await;
    assert_eq!(names(last.clone()), ["member.removed", "presence.updated"]);
    assert_eq!(last[1]["data"], json!({"user": "ann", "status": "offline"}));
    drop(ann);
    house.connections(2).await;
    house.pass(GRACE).await;
    assert_eq!(bob.events().await, Vec::<Value>::new());
    let refused = bob.call("messages.typing", typing).await;
    assert_eq!(refused["error"]["code"], "conversations.not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_audience_that_is_out_of_date_is_put_right_by_the_hub() {
    let house = House::new().await;
    let group = house.group(&["ann", "bob", "cat"]).await;
    house.say("ann", &group, "the hub knows this conversation").await;
    let mut bob = Client::start(&house, "bob").await;
    let mut cat = Client::start(&house, "cat").await;
    let uids = [house.ctx("bob").await, house.ctx("cat").await].map(|ctx| ctx.user().unwrap().uid);
    house.call("ann", "members.remove", json!({"conversation": group, "user": "bob"})).await;
    bob.events().await;
    cat.events().await;
    // Read before the removal, told after it.
    house.bus.publish(Notice::Members {
        conversation: group.parse().unwrap(),
        uids: uids.to_vec(),
        frame: r#"{"event":"typing.stopped"}"#.into(),
    });
    assert_eq!(cat.names().await, ["typing.stopped"]);
    assert_eq!(bob.names().await, [""; 0]);
}
