//! A client that does not read is let go and comes back; nobody else notices.

use hoopoe_testkit::{
    checker::assert_kept,
    client::{Connection, Dial, text_message},
    harness::{PATIENCE, fail},
    journal::{Phase, Usage, What},
    peer::State,
    proxy::{Proxy, Rule},
    server::Server,
};

use crate::house::House;

/// Together more than every buffer between the server and a client can hold.
const WINDOWS: usize = 40;
const RESYNCS: &str = "hoopoe_resyncs_total";
const TEXT_BYTES: usize = 16 * 1024;
/// What may wait for one connection: `CONNECTION_QUEUE_BYTES_MAX`.
const QUEUE_BYTES_MAX: u64 = 1024 * 1024;
/// Sent at once: half of what a queue of the server takes, so that who reads is never behind.
const WINDOW: usize = 32;

#[tokio::test]
async fn a_slow_consumer_is_closed_with_resync_and_resumes() {
    let house = House::open().await.with_people(&["ann", "bob", "cat"]).await;
    let conversation = house.group(&["ann", "bob", "cat"]).await;
    let dial = Dial { receive_bytes: Some(8 * 1_024) };
    let address = house.server.address();
    let slow = Connection::dial(address, &house.journal, ("cat", "slow"), dial).await.unwrap();
    slow.start(house.token("cat"), None).await.unwrap();
    slow.stall();
    let quick = house.peer("bob", "phone", true).await;

    let ann = house.connect("ann").await;
    let text = "x".repeat(TEXT_BYTES);
    let holds = |count: u64| {
        let conversation = conversation.clone();
        move |state: &State| state.logs.get(&conversation).is_some_and(|log| log.filled_to >= count)
    };
    let mut sent = 0;
    for window in 0..WINDOWS {
        let send = |number| {
            let id = format!("{window}.{number}");
            ann.post("messages.send", &text_message(&conversation, &id, &text))
        };
        let pending: Vec<_> = (0..WINDOW).map(send).collect();
        for reply in pending {
            reply.outcome().await.unwrap_or_else(|refusal| fail(format!("a send: {refusal}")));
        }
        sent += WINDOW as u64;
        quick.until(PATIENCE, "the quick one has everything", holds(sent)).await;
        if house.metric(RESYNCS).await > 0 {
            break;
        }
    }
    slow.unstall();
    assert_eq!(slow.closed(PATIENCE).await, Some(4409), "after {sent} messages");

    assert_eq!(quick.look(|state| state.starts), 1, "the quick one was never let go");

    let back = house.peer("cat", "slow", true).await;
    back.until(PATIENCE, "the slow one has everything", holds(sent)).await;
    back.settle().await;
    quick.settle().await;
    house.judge(&[(&conversation, &["ann", "bob", "cat"])]).await;
}

/// A phone in a tunnel: it takes one byte a second, many at a time do, and they are let go.
#[tokio::test]
async fn clients_that_take_a_byte_a_second_are_let_go_and_catch_up() {
    const SLOW: usize = 20;
    let house = House::open().await.with_people(&["ann", "bob", "cat"]).await;
    let conversation = house.group(&["ann", "bob", "cat"]).await;
    let proxy = Proxy::before(house.server.address()).await;
    let mut slow = Vec::new();
    for number in 0..SLOW {
        slow.push(house.peer_behind(&proxy, "cat", &format!("slow{number}")).await);
    }
    let quick = house.peer("bob", "phone", true).await;
    for peer in slow.iter().chain([&quick]) {
        peer.until(PATIENCE, "a session is started", |state| state.is_connected).await;
    }
    let who = house.journal.connection("server", "process");
    house.journal.write(&who, measured(Phase::Baseline, house.server.usage()));
    proxy.rule(Rule::Trickle);

    let ann = house.peer("ann", "phone", true).await;
    let text = "x".repeat(TEXT_BYTES);
    let mut sent = 0;
    // A connection is let go when a megabyte waits for it beyond what the kernel's buffers take.
    while house.metric(RESYNCS).await < SLOW as u64 {
        assert!(sent < 4_000, "after {sent} messages nobody is behind");
        for _ in 0..WINDOW {
            ann.send(&conversation, &text);
            sent += 1;
        }
        let holds =
            |state: &State| state.logs.get(&conversation).is_some_and(|log| log.filled_to >= sent);
        quick.until(PATIENCE, "the quick one has everything", holds).await;
        let most = house.metric("hoopoe_queued_bytes_of_slowest").await;
        assert!(most <= QUEUE_BYTES_MAX, "{most} bytes wait for one connection");
        house.journal.write(&who, measured(Phase::Fault, house.server.usage()));
    }
    println!("{SLOW} slow clients were let go after {sent} messages of {TEXT_BYTES} bytes");
    assert_eq!(quick.look(|state| state.starts), 1, "the quick one was never let go");
    // The server does not wait for them: their connections are gone though nobody took the close.
    house.until_metric("hoopoe_connections", PATIENCE, |count| count == 2).await;

    proxy.rule(Rule::Pass);
    for peer in slow.iter().chain([&quick, &ann]) {
        let holds =
            |state: &State| state.logs.get(&conversation).is_some_and(|log| log.filled_to >= sent);
        peer.until(PATIENCE * 2, "it has everything", holds).await;
        peer.settle().await;
    }
    let caps = Some(Server::caps());
    let evidence = house.evidence(&[(&conversation, &["ann", "bob", "cat"])], caps).await;
    assert_kept(&evidence);
}

fn measured(phase: Phase, usage: Usage) -> What {
    What::Measured { phase, usage }
}
