//! Delivered and read marks: they never fall, never pass the head, and cost little.

use std::sync::atomic::Ordering;

use futures_util::future::join_all;
use hoopoe_testkit::{TestDb, Which, db_test};
use serde_json::json;

use crate::{
    accounts_house::{drain, refusal},
    messages_house::{Talk, as_receipt, next_receipt, pointer},
};

const READ: &str = "messages.read";
const DELIVERED: &str = "messages.delivered";

#[db_test]
async fn marks_never_fall_and_never_pass_the_head(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob"]).await;
    talk.say("bob", group, 5).await;
    assert_eq!(talk.mark("ann", DELIVERED, group, 3).await, [3, 0, 5]);
    assert_eq!(talk.mark("ann", READ, group, 2).await, [3, 2, 3]);
    assert_eq!(talk.mark("ann", READ, group, 1).await, [3, 2, 3]);
    assert_eq!(talk.mark("ann", DELIVERED, group, 0).await, [3, 2, 3]);
    assert_eq!(talk.mark("ann", READ, group, 4).await, [4, 4, 1], "what was read was delivered");
    for name in [READ, DELIVERED] {
        for seq in [6, i64::MAX, -1, i64::MIN] {
            let beyond = talk.call("ann", name, json!({"conversation": group, "seq": seq})).await;
            assert_eq!(pointer(beyond), (422, "/seq".into()), "{name} {seq}");
        }
    }
    assert_eq!(talk.mark("ann", READ, group, 5).await, [5, 5, 0]);
}

#[db_test]
async fn unread_counts_what_others_said(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob"]).await;
    let unread = async |user| talk.mark(user, DELIVERED, group, 0).await[2];
    talk.say("bob", group, 2).await;
    assert_eq!((unread("ann").await, unread("bob").await), (2, 0), "one's own is read");
    // Answering without reading: what was said before stays unread, the answer never was.
    talk.say("ann", group, 2).await;
    assert_eq!((unread("ann").await, unread("bob").await), (2, 2));
    talk.say("bob", group, 1).await;
    assert_eq!(
        (unread("ann").await, unread("bob").await),
        (3, 2),
        "two of ann's, whatever he says"
    );
    assert_eq!(talk.mark("ann", READ, group, 1).await[2], 2);
    assert_eq!(talk.mark("ann", READ, group, 3).await[2], 1);
    assert_eq!(talk.mark("ann", READ, group, 5).await[2], 0);
    talk.say("ann", group, 3).await;
    assert_eq!((unread("ann").await, unread("bob").await), (0, 5));
    assert_eq!(talk.mark("bob", READ, group, 8).await[1..], [8, 0]);
    // Who joins begins with nothing unread.
    talk.chat.ok("ann", "members.add", json!({"conversation": group, "users": ["cat"]})).await;
    assert_eq!(unread("cat").await, 0);
    talk.say("ann", group, 2).await;
    assert_eq!(unread("cat").await, 2);
}

#[db_test]
async fn a_hundred_marks_at_once_are_one_write(db: TestDb) {
    let is_embedded = db.backend == Which::Sqlite;
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob"]).await;
    talk.say("bob", group, 100).await;
    let mut bus = talk.listen();
    let ctx = talk.chat.ctx("ann").await;
    let held = if is_embedded { Some(talk.hold_writer().await) } else { None };
    let marks = (1..=100_i64)
        .rev()
        .map(|seq| talk.call_in(ctx.clone(), READ, json!({"conversation": group, "seq": seq})));
    let all = join_all(marks);
    let letting_go = async {
        if let Some(held) = &held {
            // By now the first poll of `all` has queued every one of them.
            held.send(()).unwrap_or_default();
        }
    };
    let (answers, ()) = tokio::join!(all, letting_go);
    let mut highest = 0;
    for (seq, (status, now)) in (1..=100_i64).rev().zip(answers) {
        assert_eq!(status, 200, "{now}");
        let read = now["read_seq"].as_i64().unwrap_or(-1);
        assert!(read >= seq, "{now} after {seq}");
        highest = highest.max(read);
    }
    assert_eq!(highest, 100);
    let told = drain(&mut bus).into_iter().filter_map(as_receipt).count();
    assert!(told == 1 || !is_embedded, "{told} receipts");
    assert!(told < 100, "{told} receipts");
}

#[db_test]
async fn one_wrong_device_does_not_spoil_the_others_marks(db: TestDb) {
    if db.backend == Which::Postgres {
        // Only one writer can be held; the rule is the same code.
        return;
    }
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob"]).await;
    talk.say("bob", group, 5).await;
    let ctx = talk.chat.ctx("ann").await;
    let held = talk.hold_writer().await;
    let mark = |name, seq: i64| {
        talk.call_in(ctx.clone(), name, json!({"conversation": group, "seq": seq}))
    };
    let all = join_all([mark(READ, 2), mark(DELIVERED, 999), mark(DELIVERED, 4), mark(READ, 6)]);
    // By now the first poll of `all` has queued every one of them.
    let letting_go = async { held.send(()).unwrap_or_default() };
    let (answers, ()) = tokio::join!(all, letting_go);
    let [read, beyond, delivered, passed] = answers.try_into().unwrap();
    let now = json!({"delivered_seq": 4, "read_seq": 2, "unread": 3});
    assert_eq!((read, delivered), ((200, now.clone()), (200, now)));
    assert_eq!(pointer(beyond), (422, "/seq".into()));
    assert_eq!(pointer(passed), (422, "/seq".into()));
}

#[db_test]
async fn who_is_removed_while_marks_wait_has_none(db: TestDb) {
    let is_embedded = db.backend == Which::Sqlite;
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob"]).await;
    talk.say("ann", group, 1).await;
    let (ann, bob) = (talk.chat.ctx("ann").await, talk.chat.ctx("bob").await);
    let mut bus = talk.listen();
    let held = if is_embedded { Some(talk.hold_writer().await) } else { None };
    let remove = json!({"conversation": group, "user": "bob"});
    let removing = talk.chat.call_in(ann, "members.remove", remove);
    let marking = talk.call_in(bob, READ, json!({"conversation": group, "seq": 1}));
    let letting_go = async {
        if let Some(held) = &held {
            held.send(()).unwrap_or_default();
        }
    };
    // Polled in this order: the removal is in front of the mark.
    let (removed, marked, ()) = tokio::join!(removing, marking, letting_go);
    assert_eq!(removed.0, 200, "{}", removed.1);
    if is_embedded || marked.0 != 200 {
        assert_eq!(refusal(marked), (404, "conversations.not_found".into()));
        assert_eq!(drain(&mut bus).into_iter().filter_map(as_receipt).count(), 0);
    }
}

#[db_test]
async fn marks_that_could_not_be_written_are_refused_and_later_ones_are_not(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob"]).await;
    talk.say("bob", group, 2).await;
    let ctx = talk.chat.ctx("ann").await;
    talk.is_down.store(true, Ordering::SeqCst);
    let mark =
        |seq: i64| talk.call_in(ctx.clone(), READ, json!({"conversation": group, "seq": seq}));
    let (one, other) = tokio::join!(mark(1), mark(2));
    assert_eq!(refusal(one), (503, "server.unavailable".into()));
    assert_eq!(refusal(other), (503, "server.unavailable".into()));
    talk.is_down.store(false, Ordering::SeqCst);
    let mut bus = talk.listen();
    assert_eq!(talk.mark("ann", READ, group, 1).await, [1, 1, 1]);
    assert_eq!(next_receipt(&mut bus).await.1["data"]["read_seq"], 1);
}
