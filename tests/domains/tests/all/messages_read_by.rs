//! Who has read a message and who has not; and marking a conversation as unread.

use hoopoe_bus::Notice;
use hoopoe_testkit::{TestDb, db_test};
use hoopoe_wire::ConversationId;
use serde_json::{Value, json};

use crate::{
    accounts_house::{drain, refusal, text},
    conversations_house::id_of,
    messages_house::{Talk, pointer},
};

const RECEIPTS: &str = "messages.receipts";

fn at(of: ConversationId, seq: i64) -> Value {
    json!({"conversation": of, "seq": seq})
}

fn counts(receipts: &Value) -> [i64; 3] {
    ["member_count", "delivered_count", "read_count"]
        .map(|name| receipts[name].as_i64().unwrap_or(-1))
}

/// Everybody in one state, over pages of `limit`.
async fn all(
    talk: &Talk,
    of: ConversationId,
    seq: i64,
    state: Option<&str>,
    limit: i64,
) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let request = json!({
            "conversation": of, "seq": seq, "state": state, "limit": limit, "cursor": cursor,
        });
        let page = talk.ok("ann", RECEIPTS, request).await;
        found.extend(page["items"].as_array().unwrap().iter().map(|item| text(&item["user"])));
        cursor = page["next_cursor"].clone();
        if cursor.is_null() {
            return found;
        }
    }
}

#[db_test]
async fn who_has_read_a_message_is_known_by_name(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob", "cat", "dan"]).await;
    talk.say("ann", group, 3).await;
    talk.mark("bob", "messages.read", group, 2).await;
    talk.mark("cat", "messages.delivered", group, 3).await;
    let receipts = talk.ok("ann", RECEIPTS, at(group, 2)).await;
    let wanted = json!({
        "seq": 2,
        "member_count": 3,
        "delivered_count": 2,
        "read_count": 1,
        "items": [
            {"user": "bob", "delivered": true, "read": true},
            {"user": "cat", "delivered": true, "read": false},
            {"user": "dan", "delivered": false, "read": false},
        ],
    });
    assert_eq!(receipts, wanted);
    assert_eq!(counts(&talk.ok("ann", RECEIPTS, at(group, 3)).await), [3, 1, 0]);
    for (state, users) in [
        ("read", vec!["bob"]),
        ("unread", vec!["cat", "dan"]),
        ("delivered", vec!["bob", "cat"]),
        ("undelivered", vec!["dan"]),
    ] {
        assert_eq!(all(&talk, group, 2, Some(state), 1).await, users, "{state}");
    }
    // It is the sender's and the admins' business; removed members are out of it.
    let refused = talk.call("bob", RECEIPTS, at(group, 1)).await;
    assert_eq!(refusal(refused), (403, "messages.forbidden".into()));
    talk.chat.ok("dan", "conversations.leave", json!({"conversation": group})).await;
    assert_eq!(counts(&talk.ok("ann", RECEIPTS, at(group, 2)).await), [2, 2, 1]);
    let gone = talk.call("dan", RECEIPTS, at(group, 1)).await;
    assert_eq!(refusal(gone), (404, "conversations.not_found".into()));
    let missing = talk.call("ann", RECEIPTS, at(group, 9)).await;
    assert_eq!(refusal(missing), (404, "messages.not_found".into()));
    talk.say("bob", group, 1).await;
    assert_eq!(counts(&talk.ok("bob", RECEIPTS, at(group, 4)).await), [2, 0, 0]);
    assert_eq!(counts(&talk.ok("ann", RECEIPTS, at(group, 4)).await), [2, 0, 0], "the owner");
}

#[db_test]
async fn who_joined_later_was_not_sent_it(db: TestDb) {
    let talk = Talk::new(db).await;
    let request = json!({"kind": "group", "name": "Trip", "members": ["bob"], "history": "all"});
    let group = id_of(&talk.chat.ok("ann", "conversations.create", request).await);
    talk.say("ann", group, 2).await;
    talk.chat.ok("ann", "members.add", json!({"conversation": group, "users": ["cat"]})).await;
    // She may read it, and even has: it was not sent to her.
    talk.mark("cat", "messages.read", group, 2).await;
    assert_eq!(all(&talk, group, 2, None, 10).await, ["bob"]);
    talk.say("ann", group, 1).await;
    assert_eq!(all(&talk, group, 3, None, 10).await, ["bob", "cat"]);
    // Who goes and comes back begins anew.
    talk.chat.ok("ann", "members.remove", json!({"conversation": group, "user": "bob"})).await;
    talk.chat.ok("ann", "members.add", json!({"conversation": group, "users": ["bob"]})).await;
    assert_eq!(all(&talk, group, 3, None, 10).await, ["cat"]);
}

#[db_test]
async fn two_thousand_are_counted_exactly(db: TestDb) {
    let talk = Talk::new(db).await;
    let house = &talk.chat.house;
    let names: Vec<String> = (0..1_998).map(|n| format!("p{n:04}")).collect();
    for batch in names.chunks(999) {
        let users: Vec<Value> = batch.iter().map(|name| json!({"id": name})).collect();
        house.ok(&house.own.key, "users.batch", json!({"users": users})).await;
    }
    let mut members = vec!["ann", "bob"];
    members.extend(names.iter().map(String::as_str));
    let group = talk.chat.group(&members).await;
    talk.say("ann", group, 1).await;
    for name in names.iter().step_by(40) {
        talk.mark(name, "messages.read", group, 1).await;
    }
    let receipts = talk.ok("ann", RECEIPTS, at(group, 1)).await;
    assert_eq!(counts(&receipts), [1_999, 50, 50]);
    assert_eq!(receipts["items"].as_array().unwrap().len(), 50, "a page of the default size");
    let read = all(&talk, group, 1, Some("read"), 7).await;
    assert_eq!(read, names.iter().step_by(40).cloned().collect::<Vec<_>>());
    let unread = all(&talk, group, 1, Some("unread"), 100).await;
    assert_eq!((unread.len(), unread[0].as_str()), (1_949, "bob"));
    for bad in [json!({"limit": 0}), json!({"limit": 101}), json!({"cursor": "x"})] {
        let mut request = at(group, 1);
        request.as_object_mut().unwrap().extend(bad.as_object().unwrap().clone());
        assert_eq!(talk.call("ann", RECEIPTS, request).await.0, 422, "{bad}");
    }
}

#[db_test]
async fn a_conversation_is_marked_unread_until_it_is_read_again(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob"]).await;
    talk.say("ann", group, 5).await;
    talk.mark("bob", "messages.read", group, 5).await;
    let mut bus = talk.listen();
    let own = async || {
        let own = talk.chat.ok("bob", "conversations.get", json!({"conversation": group})).await;
        (
            own["me"]["read_seq"].clone(),
            own["me"]["unread"].clone(),
            own["me"]["unread_from"].clone(),
        )
    };
    let now = talk.ok("bob", "messages.unread", at(group, 3)).await;
    let wanted = json!({"delivered_seq": 5, "read_seq": 5, "unread": 0, "unread_from": 3});
    assert_eq!(now, wanted, "the read mark never falls");
    assert_eq!(own().await, (json!(5), json!(0), json!(3)));
    assert_eq!(counts(&talk.ok("ann", RECEIPTS, at(group, 4)).await), [1, 1, 1], "nobody sees it");
    // Receiving, or reading what is before it, leaves it.
    talk.mark("bob", "messages.delivered", group, 5).await;
    talk.mark("bob", "messages.read", group, 2).await;
    assert_eq!(own().await.2, json!(3));
    let read = talk.ok("bob", "messages.read", at(group, 5)).await;
    assert_eq!(read, json!({"delivered_seq": 5, "read_seq": 5, "unread": 0}));
    assert_eq!(own().await.2, Value::Null);
    // Only his own devices heard of it, twice.
    let bob = talk.chat.uid("bob").await;
    let mut told = Vec::new();
    for notice in drain(&mut bus) {
        let Notice::Users { uids, frame } = notice else { continue };
        assert_eq!(uids, [bob]);
        let frame: Value = serde_json::from_slice(&frame).unwrap();
        assert_eq!(frame["event"], "conversation.settings_updated");
        told.push(frame["data"].clone());
    }
    let with = json!({"conversation": group, "unread_from": 3});
    assert_eq!(told, [with, json!({"conversation": group})]);

    // Who answers has read.
    talk.ok("bob", "messages.unread", at(group, 4)).await;
    talk.say("bob", group, 1).await;
    assert_eq!(own().await.2, Value::Null);
    for seq in [0, 7, -1, i64::MAX] {
        let beyond = talk.call("bob", "messages.unread", at(group, seq)).await;
        assert_eq!(pointer(beyond), (422, "/seq".into()), "{seq}");
    }
    let stranger = talk.call("cat", "messages.unread", at(group, 1)).await;
    assert_eq!(refusal(stranger), (404, "conversations.not_found".into()));
}
