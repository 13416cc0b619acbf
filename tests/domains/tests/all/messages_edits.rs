//! Changing a message: what everybody hears, what can be read afterwards, and who may.

use std::time::Duration;

use hoopoe_testkit::{TestDb, db_test};
use hoopoe_wire::{ConversationId, limits};
use serde_json::{Value, json};

use crate::{
    accounts_house::refusal,
    messages_house::{Talk, pointer},
};

fn edit(of: ConversationId, seq: i64, text: &str) -> Value {
    json!({"conversation": of, "seq": seq, "text": text})
}

fn at(of: ConversationId, seq: i64) -> Value {
    json!({"conversation": of, "seq": seq})
}

#[db_test]
async fn an_edit_shows_everywhere_and_its_history_stays(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob"]).await;
    let mut first = crate::messages_house::text_message(group, "x", "one");
    first["metadata"] = json!({"k": 1});
    talk.ok("ann", "messages.send", first.clone()).await;
    talk.chat.house.clock.advance(Duration::from_secs(5));
    let edited = talk.ok("ann", "messages.update", edit(group, 1, "two")).await;
    let wanted = json!({
        "conversation": group,
        "seq": 1,
        "client_id": "x",
        "sender": "ann",
        "kind": "text",
        "created_at": "2026-01-01T00:00:00.000Z",
        "text": "two",
        "metadata": {"k": 1},
        "edited_at": "2026-01-01T00:00:05.000Z",
    });
    assert_eq!(edited, wanted);
    assert_eq!(talk.ok("bob", "messages.get", at(group, 1)).await, wanted);
    let page = talk.ok("bob", "messages.list", json!({"conversation": group})).await;
    assert_eq!(page["items"], json!([wanted]));
    // A late repeat of the send is still a repeat, of the message as it is now.
    let (status, mut repeated) = talk.call("ann", "messages.send", first).await;
    repeated.as_object_mut().unwrap().remove("state");
    assert_eq!((status, repeated), (200, wanted));

    talk.chat.house.clock.advance(Duration::from_secs(5));
    let third = json!({"conversation": group, "seq": 1, "mentions": ["bob"], "metadata": {}});
    talk.ok("ann", "messages.update", third).await;
    let versions = talk.ok("bob", "messages.edits", at(group, 1)).await;
    let wanted = json!({"items": [
        {"text": "one", "metadata": {"k": 1}},
        {"text": "two", "metadata": {"k": 1}, "edited_at": "2026-01-01T00:00:05.000Z"},
        {"text": "two", "mentions": ["bob"], "edited_at": "2026-01-01T00:00:10.000Z"},
    ]});
    assert_eq!(versions, wanted);
    let mut paged = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let request = json!({"conversation": group, "seq": 1, "limit": 2, "cursor": cursor});
        let page = talk.ok("bob", "messages.edits", request).await;
        paged.extend(page["items"].as_array().unwrap().clone());
        cursor = page["next_cursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(json!(paged), wanted["items"]);

    // Everybody hears it: with a rev, by its seq, whole.
    let changes = talk.chat.changes(group).await;
    let told = &changes[1];
    assert_eq!((told.rev, told.kind.as_str()), (2, "message.updated"));
    let wanted = json!({
        "seq": 1,
        "client_id": "x",
        "sender": "ann",
        "text": "two",
        "metadata": {"k": 1},
        "edited_at": "2026-01-01T00:00:05.000Z",
    });
    assert_eq!(told.data, wanted);
    assert_eq!(talk.mark("bob", "messages.delivered", group, 1).await[2], 1, "unread as before");
}

#[db_test]
async fn an_edit_that_changes_nothing_makes_no_event(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob"]).await;
    let (_, mut sent) = talk.send("ann", group, "x", "same").await;
    sent.as_object_mut().unwrap().remove("state");
    let mut feed = talk.chat.log.feed();
    for request in [edit(group, 1, "same"), at(group, 1)] {
        assert_eq!(talk.ok("ann", "messages.update", request).await, sent);
    }
    assert_eq!(talk.chat.kinds(group).await, ["conversation.created"]);
    assert!(feed.try_recv().is_err());
    let versions = talk.ok("ann", "messages.edits", at(group, 1)).await;
    assert_eq!(versions, json!({"items": [{"text": "same"}]}));
}

#[db_test]
async fn only_its_author_changes_a_message_and_only_in_time(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob"]).await;
    talk.send("bob", group, "x", "mine").await;
    let by_owner = talk.call("ann", "messages.update", edit(group, 1, "hers")).await;
    assert_eq!(refusal(by_owner), (403, "messages.forbidden".into()));

    // Who may not write any more cannot say something new through an old message.
    let role = |role: &str| json!({"conversation": group, "user": "bob", "role": role});
    talk.chat.ok("ann", "members.update", role("guest")).await;
    let as_guest = talk.call("bob", "messages.update", edit(group, 1, "still")).await;
    assert_eq!(refusal(as_guest), (403, "messages.forbidden".into()));
    talk.chat.ok("ann", "members.update", role("member")).await;

    let house = &talk.chat.house;
    house.clock.advance(Duration::from_secs(limits::EDIT_WINDOW_S_DEFAULT - 1));
    talk.ok("bob", "messages.update", edit(group, 1, "in time")).await;
    house.clock.advance(Duration::from_secs(1));
    let late = talk.call("bob", "messages.update", edit(group, 1, "too late")).await;
    assert_eq!(refusal(late), (403, "messages.too_late".into()));
    // The window is the app's own.
    let longer = json!({"app": house.own.id, "settings": {"edit_window_s": 1_000_000}});
    let app = house.ok(&house.admin, "apps.update", longer).await;
    assert_eq!(app["settings"]["edit_window_s"], json!(1_000_000));
    talk.ok("bob", "messages.update", edit(group, 1, "in time again")).await;
    let never = json!({"app": house.own.id, "settings": {"edit_window_s": 0}});
    house.ok(&house.admin, "apps.update", never).await;
    assert_eq!(talk.call("bob", "messages.update", edit(group, 1, "never")).await.0, 403);
    let endless = json!({"app": house.own.id, "settings": {"edit_window_s": u64::MAX}});
    let refused = house.call(&house.admin, "apps.update", endless).await;
    assert_eq!(pointer(refused), (422, "/settings/edit_window_s".into()));
    assert_eq!(talk.ok("bob", "messages.get", at(group, 1)).await["text"], "in time again");
}

#[db_test]
async fn what_an_edit_may_say_has_the_bounds_of_a_message(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob"]).await;
    talk.send("ann", group, "x", "hello").await;
    let with = |key: &str, value: Value| {
        let mut request = at(group, 1);
        request[key] = value;
        request
    };
    let long = |count: usize| json!("x".repeat(count));
    for (request, status, pointed) in [
        (with("text", long(limits::TEXT_BYTES_MAX + 1)), 413, "/text"),
        (with("text", json!(" ")), 422, "/text"),
        (with("mentions", json!(vec!["bob"; limits::MENTIONS_MAX + 1])), 422, "/mentions"),
        (with("mentions", json!(["bob", "cat"])), 422, "/mentions/1"),
        (with("mentions", json!(["nobody"])), 422, "/mentions/0"),
        (with("metadata", json!({"k": long(limits::METADATA_BYTES_MAX)})), 422, "/metadata"),
        (with("reply_to", json!(1)), 422, "/reply_to"),
    ] {
        let answer = talk.call("ann", "messages.update", request).await;
        assert_eq!(pointer(answer.clone()), (status, pointed.to_owned()), "{}", answer.1);
    }
    assert_eq!(talk.chat.kinds(group).await, ["conversation.created"]);
    for n in 0..limits::EDITS_PER_MESSAGE_MAX {
        talk.ok("ann", "messages.update", edit(group, 1, &format!("v{n}"))).await;
    }
    let one_more = talk.call("ann", "messages.update", edit(group, 1, "one more")).await;
    assert_eq!(refusal(one_more), (422, "messages.too_many_edits".into()));
}

#[db_test]
async fn edits_at_once_are_one_after_the_other(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob"]).await;
    talk.send("ann", group, "x", "first").await;
    let edits = (0..10).map(|n| {
        let request = edit(group, 1, &format!("e{n}"));
        talk.call("ann", "messages.update", request)
    });
    for (status, body) in futures_util::future::join_all(edits).await {
        assert_eq!(status, 200, "{body}");
    }
    let versions = talk.ok("bob", "messages.edits", at(group, 1)).await;
    let said: Vec<&Value> =
        versions["items"].as_array().unwrap().iter().map(|item| &item["text"]).collect();
    let changes = talk.chat.changes(group).await;
    let told: Vec<&Value> = changes[1..].iter().map(|change| &change.data["text"]).collect();
    assert_eq!((said[0], &said[1..]), (&json!("first"), &told[..]), "told in the order of writing");
    assert_eq!(talk.ok("bob", "messages.get", at(group, 1)).await["text"], *told[9]);
}

#[db_test]
async fn who_came_later_learns_of_an_old_edit_only_that_there_was_one(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob"]).await;
    talk.send("ann", group, "x", "before cat").await;
    talk.chat.ok("ann", "members.add", json!({"conversation": group, "users": ["cat"]})).await;
    talk.ok("ann", "messages.update", edit(group, 1, "still before cat")).await;
    let changes = |user: &'static str| {
        talk.ok(user, "messages.changes", json!({"conversation": group, "after": 2}))
    };
    assert_eq!(changes("cat").await["items"][0]["data"], json!({"seq": 1}));
    assert_eq!(changes("cat").await["items"][0]["event"], "message.updated");
    assert_eq!(changes("bob").await["items"][0]["data"]["text"], "still before cat");
    for name in ["messages.edits", "messages.reactions"] {
        let unseen = talk.call("cat", name, at(group, 1)).await;
        assert_eq!(refusal(unseen.clone()), (404, "messages.not_found".into()));
        assert_eq!(talk.call("cat", name, at(group, 99)).await, unseen, "missing is the same");
    }
}
