//! How connections end, and that nothing is left behind.

use std::time::Duration;

use bytes::Bytes;
use hoopoe_accounts::Sessions;
use hoopoe_bus::{Bus, Notice};
use hoopoe_gateway::Timing;
use hoopoe_kernel::Ctx;
use hoopoe_testkit::harness::{PATIENCE, within};
use hoopoe_wire::signin::{Login, Password, Refresh, SetPassword};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::{
    client::{Client, Seen},
    house::{House, Setup, must, text},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_tells_everybody_to_come_again() {
    let house = House::new().await;
    let group = house.group(&["ann", "bob"]).await;
    let mut started = Client::start(&house, "ann").await;
    let mut waiting = Client::dial(&house).await;
    house.say("ann", &group, "the last words").await;
    // The hub has told them before it is told to drain.
    started.ok("session.sync", json!({})).await;
    let draining = tokio::spawn({
        let gateway = house.gateway.clone();
        async move { gateway.drain().await }
    });
    let goodbye = (4503, r#"{"retry_after_ms":1000}"#.to_owned());
    assert_eq!(text(&started.event().await["event"]), "message.created");
    assert_eq!(started.closed().await, goodbye);
    assert_eq!(waiting.closed().await, goodbye);
    within(PATIENCE, "the drain", draining).await.unwrap();
    assert_eq!(house.hub.connections(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_session_loses_its_sockets_and_no_other() {
    let house = House::new().await;
    let mut kept = Client::start(&house, "ann").await;
    let (token, session) = house.token("ann").await;
    let mut lost = [Client::dial(&house).await, Client::dial(&house).await];
    for client in &mut lost {
        client.ok("session.start", json!({"token": token})).await;
    }
    kept.ok("sessions.delete", json!({"session": session})).await;
    for client in &mut lost {
        assert_eq!(client.closed().await, (4403, "revoked".to_owned()));
    }
    assert_eq!(kept.names().await, ["session.revoked"]);
    must(house.accounts.revoke_all(&house.ctx("ann").await, crate::house::user_id("ann")).await);
    assert_eq!(kept.closed().await.0, 4403);
    house.connections(0).await;
}

/// On one thread: the hub hears nothing before all of it is said.
#[tokio::test]
async fn a_revocation_is_heard_behind_more_notices_than_the_hub_keeps() {
    let house = House::new().await;
    let mut lost = Client::start(&house, "ann").await;
    let uid = must(house.ctx("ann").await.user().map(|user| user.uid));
    for _ in 0..10_000 {
        house.bus.publish(Notice::Users { uids: Vec::new(), frame: Bytes::new() });
    }
    house.bus.publish(Notice::Revoked { uid, session: None });
    assert_eq!(lost.closed().await.0, 4403);
}

fn beating(heartbeat_ms: u64) -> Setup {
    let heartbeat = Duration::from_millis(heartbeat_ms);
    Setup { timing: Timing { heartbeat, ..Setup::default().timing }, ..Setup::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_missed_heartbeats_end_it() {
    let house = House::with(beating(50)).await;
    let mut silent = Client::start(&house, "ann").await;
    // Nobody answers while nobody reads.
    house.connections(0).await;
    assert_eq!([silent.next().await, silent.next().await], [Seen::Ping, Seen::Ping]);
    assert_eq!(silent.closed().await, (4408, "heartbeat".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answered_heartbeats_do_not() {
    let house = House::with(beating(500)).await;
    let mut alive = Client::start(&house, "ann").await;
    for _ in 0..4 {
        // Reading answers, as every client does; unanswered, the third would be the end.
        assert_eq!(alive.next().await, Seen::Ping);
    }
    assert_eq!(house.hub.connections(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_runs_out_ends_it() {
    let house = House::with(beating(300)).await;
    let mut client = Client::start(&house, "ann").await;
    house.clock.advance(Duration::from_secs(25 * 3_600));
    assert_eq!(client.closed().await, (4401, "token".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_is_refreshed_keeps_its_sockets() {
    let house = House::with(beating(300)).await;
    let system = Ctx::system(&house.env, house.app);
    let (user, password) = (crate::house::user_id("ann"), Password::new("a hoopoe at home"));
    let request = SetPassword { user, login: None, password: password.clone() };
    must(house.accounts.set_password(&system, request, Sessions::Keep).await);
    let (app, login) = ("tests".to_owned(), "ann".to_owned());
    let request = Login { app, login, password, device: None };
    let signed_in = must(house.accounts.login(&system, request).await);
    let mut client = Client::dial(&house).await;
    client.ok("session.start", json!({"token": signed_in.token})).await;

    house.clock.advance(Duration::from_secs(50 * 60));
    let request = Refresh { refresh_token: signed_in.refresh_token, client_id: None };
    must(house.accounts.refresh(&system, request).await);
    client.ok("session.sync", json!({})).await;
    house.clock.advance(Duration::from_secs(50 * 60));
    for _ in 0..2 {
        assert_eq!(client.next().await, Seen::Ping, "it was looked at and lives on");
    }
    house.clock.advance(Duration::from_secs(20 * 60));
    assert_eq!(client.closed().await, (4401, "token".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_close_is_answered_behind_what_was_asked_before() {
    let house = House::new().await;
    let mut client = Client::start(&house, "ann").await;
    let asked = client.send("session.sync", json!({})).await;
    client.reply(asked).await;
    client.raw(Message::Close(None)).await;
    assert_eq!(client.next().await, Seen::Closed(None));
    house.connections(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_vanishes_leaves_nothing_behind() {
    let house = House::new().await;
    let group = house.group(&["ann", "bob"]).await;
    let client = Client::start(&house, "ann").await;
    house.connections(1).await;
    drop(client);
    house.connections(0).await;
    house.say("bob", &group, "to nobody").await;
    let mut back = Client::start(&house, "ann").await;
    house.say("bob", &group, "to ann").await;
    assert_eq!(back.event().await["seq"], 2);
}
