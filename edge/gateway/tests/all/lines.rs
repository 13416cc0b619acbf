//! Slow lines: what a peer does not take in time, and frames that never mix.

use std::time::Duration;

use hoopoe_gateway::Timing;
use hoopoe_testkit::harness::{PATIENCE, within};
use hoopoe_wire::limits;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::{
    client::{Client, Seen},
    house::{House, Setup},
};

/// Bytes that the kernel keeps for a connection at either end.
const NARROW_BYTES: u32 = 4 * 1_024;
/// As many as a client may send between two heartbeats; their pongs do not fit into the kernel.
const PINGS: u16 = limits::CONTROL_FRAMES_PER_HEARTBEAT_MAX;

fn narrow() -> Setup {
    Setup { send_buffer_bytes: Some(NARROW_BYTES), ..Setup::default() }
}

/// A text that is most of what a message may have.
fn long() -> String {
    "x".repeat(limits::TEXT_BYTES_MAX)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_is_sent_away_and_loses_nothing() {
    let house = House::with(narrow()).await;
    let group = house.group(&["ann", "bob"]).await;
    let mut slow = Client::start_with(&house, "bob", Some(NARROW_BYTES)).await;
    let words = long();
    let count = limits::CONNECTION_QUEUE_BYTES_MAX / limits::TEXT_BYTES_MAX + 20;
    for _ in 0..count {
        house.say("ann", &group, &words).await;
    }
    // The hub has given it up before it has read anything.
    house.connections(0).await;
    let mut last = 0;
    let (code, reason) = loop {
        match slow.next().await {
            Seen::Json(event) => {
                assert_eq!(event["seq"], last + 1);
                last += 1;
            }
            Seen::Closed(Some(close)) => break close,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((code, &*reason), (4409, "resync"));
    assert!(last < count as i64);

    let mut back = Client::start(&house, "bob").await;
    while last < count as i64 {
        let request = json!({"conversation": group, "after": last, "limit": 20});
        let page = back.ok("messages.list", request).await;
        for item in page["items"].as_array().unwrap() {
            assert_eq!(item["seq"], last + 1);
            last += 1;
        }
    }
    house.say("ann", &group, "live again").await;
    assert_eq!(back.event().await["seq"], last + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ping_between_long_frames_is_answered_between_them() {
    let house = House::with(narrow()).await;
    let group = house.group(&["ann", "bob"]).await;
    let mut slow = Client::start_with(&house, "bob", Some(NARROW_BYTES)).await;
    let words = long();
    let count = 40_u8;
    for nth in 0..count {
        house.say("ann", &group, &words).await;
        // The server is inside of a frame now that nobody takes.
        slow.raw(Message::Ping(vec![nth; 100].into())).await;
    }
    let (mut events, mut pongs) = (0, Vec::new());
    while events < count || pongs.last() != Some(&(count - 1)) {
        match slow.next().await {
            Seen::Json(event) => {
                events += 1;
                assert_eq!(event["seq"], events);
                assert_eq!(event["data"]["text"], words);
            }
            Seen::Pong(payload) => {
                assert_eq!(payload, vec![payload[0]; 100]);
                pongs.push(payload[0]);
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(pongs.is_sorted(), "{pongs:?}");
    assert_eq!(slow.ok("me.get", json!({})).await["id"], "bob");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_while_a_frame_was_stuck_is_read_when_it_is_out() {
    let house = House::with(narrow()).await;
    let group = house.group(&["ann", "bob"]).await;
    let words = long();
    for round in 0..20_i64 {
        let mut slow = Client::start_with(&house, "bob", Some(NARROW_BYTES)).await;
        for _ in 0..3 {
            house.say("ann", &group, &words).await;
        }
        // It arrives while the server waits for somebody to take the rest of a frame, and nothing
        // else happens afterwards that would wake the connection.
        let asked = slow.send("me.get", json!({})).await;
        house.say("ann", &group, "a moment later").await;
        let reply = slow.reply(asked).await;
        assert_eq!(reply["result"]["id"], "bob", "{round}: {reply}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_heartbeat_that_is_stuck_is_not_a_missed_one() {
    let timing = Timing { heartbeat: Duration::from_millis(700), ..Setup::default().timing };
    let house = House::with(Setup { timing, ..narrow() }).await;
    let group = house.group(&["ann", "bob"]).await;
    let mut slow = Client::start_with(&house, "bob", Some(NARROW_BYTES)).await;
    let mut other = Client::start(&house, "cat").await;
    let words = long();
    for _ in 0..10 {
        house.say("ann", &group, &words).await;
    }
    // Both are asked at about the same time; one of the two lines is full.
    assert_eq!([other.next().await, other.next().await], [Seen::Ping, Seen::Ping]);
    let (mut events, mut pings) = (0, 0);
    while events < 10 || pings < 3 {
        match slow.next().await {
            Seen::Json(_) => events += 1,
            Seen::Ping => pings += 1,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pings_that_nobody_wants_answered_hold_nothing_up() {
    let house = House::with(narrow()).await;
    let mut rude = Client::start_with(&house, "bob", Some(NARROW_BYTES)).await;
    // Far more pongs than fit into the kernel: the server is inside of one of them.
    rude.feed((0..PINGS).map(|_| Message::Ping(vec![7; 125].into()))).await;
    rude.raw(Message::binary(vec![0])).await;
    loop {
        match rude.next().await {
            Seen::Pong(payload) => assert_eq!(payload, [7; 125]),
            Seen::Closed(Some((code, _))) => break assert_eq!(code, 4400),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_does_not_wait_for_who_takes_nothing() {
    let timing = Timing { close_max: Duration::from_millis(100), ..Setup::default().timing };
    let house = House::with(Setup { timing, ..narrow() }).await;
    let group = house.group(&["ann", "bob", "cat"]).await;
    let _deaf = Client::start_with(&house, "bob", Some(NARROW_BYTES)).await;
    let mut rude = Client::start_with(&house, "cat", Some(NARROW_BYTES)).await;
    rude.feed((0..PINGS).map(|_| Message::Ping(vec![7; 125].into()))).await;
    let words = long();
    for _ in 0..10 {
        house.say("ann", &group, &words).await;
    }
    within(PATIENCE, "the drain", house.gateway.drain()).await;
    assert_eq!(house.hub.connections(), 0);
}
