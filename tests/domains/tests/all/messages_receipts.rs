//! Receipts on the bus: to whom, how much they tell, and how often.

use std::time::{Duration, Instant};

use hoopoe_kernel::Uid;
use hoopoe_testkit::{TestDb, db_test};
use hoopoe_wire::ConversationId;
use serde_json::{Value, json};

use crate::{
    accounts_house::drain,
    messages_house::{Talk, as_receipt, next_receipt},
};

const READ: &str = "messages.read";
const DELIVERED: &str = "messages.delivered";

async fn uids(talk: &Talk, users: &[&str]) -> Vec<Uid> {
    let mut uids = Vec::new();
    for user in users {
        uids.push(talk.chat.uid(user).await);
    }
    uids.sort_unstable();
    uids
}

fn receipt(of: ConversationId, user: &str, delivered: i64, read: i64) -> Value {
    json!({
        "event": "receipt.updated",
        "conversation": of,
        "data": {
            "conversation": of,
            "user": user,
            "delivered_seq": delivered,
            "read_seq": read,
        },
    })
}

#[db_test]
async fn receipts_name_the_reader_to_those_whose_messages_were_read(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob", "cat", "dan"]).await;
    talk.say("ann", group, 2).await;
    talk.say("bob", group, 1).await;
    let mut bus = talk.listen();
    talk.mark("cat", DELIVERED, group, 3).await;
    let wanted = (uids(&talk, &["ann", "bob", "cat"]).await, receipt(group, "cat", 3, 0));
    assert_eq!(next_receipt(&mut bus).await, wanted);
    talk.mark("cat", READ, group, 2).await;
    let wanted = (uids(&talk, &["ann", "bob", "cat"]).await, receipt(group, "cat", 3, 2));
    assert_eq!(next_receipt(&mut bus).await, wanted);
    talk.mark("cat", READ, group, 3).await;
    let wanted = (uids(&talk, &["bob", "cat"]).await, receipt(group, "cat", 3, 3));
    assert_eq!(next_receipt(&mut bus).await, wanted, "ann's were read before");
    // Nothing moves: nobody is told.
    talk.mark("cat", READ, group, 1).await;
    talk.mark("cat", DELIVERED, group, 3).await;
    assert_eq!(drain(&mut bus).into_iter().filter_map(as_receipt).count(), 0);
    // Reading one's own is nobody else's news.
    talk.say("cat", group, 1).await;
    talk.mark("cat", DELIVERED, group, 4).await;
    assert_eq!(next_receipt(&mut bus).await.0, uids(&talk, &["cat"]).await);
}

#[db_test]
async fn who_wrote_and_left_is_told_nothing(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob", "cat"]).await;
    talk.say("ann", group, 1).await;
    talk.say("bob", group, 1).await;
    talk.chat.ok("bob", "conversations.leave", json!({"conversation": group})).await;
    let mut bus = talk.listen();
    talk.mark("cat", READ, group, 2).await;
    assert_eq!(next_receipt(&mut bus).await.0, uids(&talk, &["ann", "cat"]).await);
}

/// A group of Ann, Bob and so many more that it has `count` members; p000 and so on.
async fn crowd(talk: &Talk, count: usize) -> ConversationId {
    let names: Vec<String> = (0..count - 2).map(|n| format!("p{n:03}")).collect();
    let users: Vec<Value> = names.iter().map(|name| json!({"id": name})).collect();
    let house = &talk.chat.house;
    house.ok(&house.own.key, "users.batch", json!({"users": users})).await;
    let mut members = vec!["ann", "bob"];
    members.extend(names.iter().map(String::as_str));
    talk.chat.group(&members).await
}

#[db_test]
async fn fifty_are_named_and_more_are_counted(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = crowd(&talk, 50).await;
    talk.say("ann", group, 1).await;
    let mut bus = talk.listen();
    talk.mark("p001", READ, group, 1).await;
    assert_eq!(next_receipt(&mut bus).await.0, uids(&talk, &["ann", "p001"]).await);

    talk.chat.ok("ann", "members.add", json!({"conversation": group, "users": ["cat"]})).await;
    talk.mark("p002", READ, group, 1).await;
    let own = (uids(&talk, &["p002"]).await, receipt(group, "p002", 1, 1));
    assert_eq!(next_receipt(&mut bus).await, own, "the reader's own devices are told by name");
    let (told, frame) = next_receipt(&mut bus).await;
    let counted = json!({
        "event": "receipt.updated",
        "conversation": group,
        "data": {"conversation": group, "delivered_seq": 1, "read_seq": 1, "read_count": 2},
    });
    assert_eq!((told, frame), (uids(&talk, &["ann"]).await, counted));
}

#[db_test]
async fn counts_are_told_once_a_second(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = crowd(&talk, 60).await;
    talk.say("ann", group, 1).await;
    talk.say("bob", group, 1).await;
    let mut bus = talk.listen();
    let mut counts = Vec::new();
    let mut last = Instant::now();
    for burst in 0..2 {
        for n in 0..20 {
            talk.mark(&format!("p{:03}", burst * 20 + n), READ, group, 2).await;
        }
        if burst == 1 {
            // Who goes before the count is told is not told it.
            talk.chat.ok("bob", "conversations.leave", json!({"conversation": group})).await;
        }
        loop {
            let (told, frame) = next_receipt(&mut bus).await;
            if let Some(count) = frame["data"]["read_count"].as_i64() {
                counts.push((told, count));
                assert!(last.elapsed() >= Duration::from_secs(1), "{:?}", last.elapsed());
                last = Instant::now();
                break;
            }
        }
    }
    let wanted = [(uids(&talk, &["ann", "bob"]).await, 20), (uids(&talk, &["ann"]).await, 40)];
    assert_eq!(counts, wanted);
}
