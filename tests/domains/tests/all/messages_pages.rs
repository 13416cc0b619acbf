//! History and changes, page by page.

use hoopoe_log::redact;
use hoopoe_testkit::{TestDb, db_test};
use hoopoe_wire::ConversationId;
use serde_json::{Value, json};

use crate::{
    accounts_house::{must, refusal, text},
    messages_house::{Talk, pointer},
};

#[db_test]
async fn pages_of_history_meet_without_a_gap(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob"]).await;
    assert_eq!(talk.page("ann", group, None, 5).await, (vec![], false, false));
    talk.say("ann", group, 12).await;
    let seqs = |range: std::ops::RangeInclusive<i64>| range.collect::<Vec<_>>();
    for (at, limit, wanted, has_before, has_after) in [
        (None, 5, seqs(8..=12), true, false),
        (None, 12, seqs(1..=12), false, false),
        (None, 100, seqs(1..=12), false, false),
        (Some(("before", 8)), 5, seqs(3..=7), true, true),
        (Some(("before", 3)), 5, seqs(1..=2), false, true),
        (Some(("before", 1)), 5, vec![], false, true),
        (Some(("before", 99)), 2, seqs(11..=12), true, false),
        (Some(("after", 0)), 5, seqs(1..=5), false, true),
        (Some(("after", 7)), 5, seqs(8..=12), true, false),
        (Some(("after", 11)), 5, vec![12], true, false),
        (Some(("after", 12)), 5, vec![], true, false),
        (Some(("around", 6)), 5, seqs(4..=8), true, true),
        (Some(("around", 1)), 5, seqs(1..=5), false, true),
        (Some(("around", 12)), 5, seqs(8..=12), true, false),
        (Some(("around", 6)), 1, vec![6], true, true),
    ] {
        let page = talk.page("bob", group, at, limit).await;
        if page.0.is_empty() {
            // An empty page is an end; which way it looks is what was asked.
            assert_eq!(wanted, page.0, "{at:?}");
            continue;
        }
        assert_eq!(page, (wanted, has_before, has_after), "{at:?} {limit}");
    }
    let list = |more: Value| {
        let mut request = json!({"conversation": group});
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        talk.call("ann", "messages.list", request)
    };
    assert_eq!(pointer(list(json!({"limit": 0})).await), (422, "/limit".into()));
    assert_eq!(pointer(list(json!({"limit": 101})).await), (422, "/limit".into()));
    assert_eq!(list(json!({"before": 5, "after": 2})).await.0, 422);
    let extremes = list(json!({"around": i64::MAX, "limit": 2})).await.1;
    assert_eq!(extremes["items"][1]["seq"], 12);
    assert_eq!(list(json!({"around": i64::MIN})).await.0, 200);
    assert_eq!(list(json!({"before": i64::MIN})).await.1["items"], json!([]));
    assert_eq!(list(json!({"after": i64::MAX})).await.1["items"], json!([]));
}

#[db_test]
async fn who_joins_later_sees_what_was_said_since(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob"]).await;
    talk.say("ann", group, 3).await;
    talk.chat.ok("ann", "members.add", json!({"conversation": group, "users": ["cat"]})).await;
    assert_eq!(talk.page("cat", group, None, 10).await, (vec![], false, false));
    talk.say("ann", group, 2).await;
    assert_eq!(talk.page("cat", group, None, 10).await, (vec![4, 5], false, false));
    assert_eq!(talk.page("cat", group, Some(("before", 5)), 10).await, (vec![4], false, true));
    assert_eq!(talk.page("cat", group, Some(("around", 2)), 10).await.0, [4, 5]);
    let get = |seq: i64| json!({"conversation": group, "seq": seq});
    let unseen = talk.call("cat", "messages.get", get(3)).await;
    assert_eq!(refusal(unseen.clone()), (404, "messages.not_found".into()));
    assert_eq!(talk.call("cat", "messages.get", get(99)).await, unseen, "missing is the same");
    assert_eq!(talk.call("ann", "messages.get", get(3)).await.0, 200);

    // Who goes sees nothing, and who comes back sees both stays and not what was between.
    talk.chat.ok("ann", "members.remove", json!({"conversation": group, "user": "cat"})).await;
    let gone = talk.call("cat", "messages.list", json!({"conversation": group})).await;
    assert_eq!(refusal(gone), (404, "conversations.not_found".into()));
    talk.say("ann", group, 2).await;
    talk.chat.ok("ann", "members.add", json!({"conversation": group, "users": ["cat"]})).await;
    talk.say("ann", group, 1).await;
    assert_eq!(talk.page("cat", group, None, 10).await, (vec![4, 5, 8], false, false));
    assert_eq!(talk.page("cat", group, None, 2).await, (vec![5, 8], true, false));
}

#[db_test]
async fn a_redacted_message_keeps_its_place_and_nothing_else(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob"]).await;
    talk.say("ann", group, 2).await;
    let (status, _) = talk.send("ann", group, "secret", "the secret").await;
    assert_eq!(status, 201);
    let app = talk.chat.house.own.no;
    let redacting = talk.chat.log.write(app, move |tx| Ok(redact::redact(tx.tx(), app, group, 3)?));
    assert!(must(redacting.await));
    let wanted = json!({
        "conversation": group,
        "seq": 3,
        "client_id": "secret",
        "sender": "ann",
        "kind": "text",
        "created_at": "2026-01-01T00:00:00.000Z",
        "deleted": true,
    });
    let list = talk.ok("bob", "messages.list", json!({"conversation": group, "after": 2})).await;
    assert_eq!(list["items"], json!([wanted]));
    let get = json!({"conversation": group, "seq": 3});
    assert_eq!(talk.ok("bob", "messages.get", get).await, wanted);
    // It does not count: three were sent, bob has read none.
    assert_eq!(talk.mark("bob", "messages.delivered", group, 3).await, [3, 0, 2]);
}

#[db_test]
async fn changes_come_in_order_and_whole(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob"]).await;
    talk.say("ann", group, 1).await;
    for name in ["A", "B", "C"] {
        let rename = json!({"conversation": group, "name": name});
        talk.chat.ok("ann", "conversations.update", rename).await;
    }
    let page = |after: i64, limit: usize| {
        let request = json!({"conversation": group, "after": after, "limit": limit});
        talk.ok("bob", "messages.changes", request)
    };
    let revs = |page: &Value| -> Vec<i64> {
        page["items"].as_array().unwrap().iter().map(|item| item["rev"].as_i64().unwrap()).collect()
    };
    let first = page(0, 3).await;
    assert_eq!((revs(&first), &first["has_after"]), (vec![1, 2, 3], &json!(true)));
    let rest = page(3, 3).await;
    assert_eq!((revs(&rest), &rest["has_after"]), (vec![4], &json!(false)));
    for after in [4, 99] {
        assert_eq!(page(after, 3).await, json!({"items": [], "has_after": false}), "{after}");
    }
    assert_eq!(revs(&page(i64::MIN, 100).await), [1, 2, 3, 4]);
    let renamed = &first["items"][1];
    assert_eq!(renamed["data"]["name"], "A");
    let mut bare = renamed.clone();
    bare["data"] = json!({});
    let wanted = json!({
        "event": "conversation.updated",
        "conversation": group,
        "rev": 2,
        "at_seq": 1,
        "members_rev": 1,
        "at": "2026-01-01T00:00:00.000Z",
        "data": {},
    });
    assert_eq!(bare, wanted);
    assert_eq!(text(&first["items"][0]["event"]), "conversation.created");
    let over = json!({"conversation": group, "limit": 101});
    assert_eq!(pointer(talk.call("bob", "messages.changes", over).await), (422, "/limit".into()));
    let nowhere = json!({"conversation": ConversationId::NONE});
    assert_eq!(talk.call("bob", "messages.changes", nowhere).await.0, 404);
}
