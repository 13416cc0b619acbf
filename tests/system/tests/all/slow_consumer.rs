//! A client that does not read is let go and comes back; nobody else notices.

use hoopoe_testkit::{
    client::{Connection, Dial, text_message},
    harness::{PATIENCE, fail},
    peer::State,
};

use crate::house::House;

/// Together more than every buffer between the server and a client can hold.
const WINDOWS: usize = 40;
const TEXT_BYTES: usize = 16 * 1024;
/// Sent at once: half of what a queue of the server takes, so that who reads is never behind.
const WINDOW: usize = 32;

/// How many connections the server has told to resume.
async fn resyncs(house: &House) -> u64 {
    let reply = house.rest.request("GET", "/metrics", None).await;
    let text = reply.body.as_str().unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("hoopoe_resyncs_total "));
    line.map_or(0, |count| count.trim().parse().unwrap())
}

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
        if resyncs(&house).await > 0 {
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
