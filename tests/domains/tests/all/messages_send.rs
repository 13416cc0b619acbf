//! Sending: what is stored once and only once, and what is refused.

use hoopoe_kernel::AppNo;
use hoopoe_log::redact;
use hoopoe_testkit::{TestDb, db_test};
use hoopoe_wire::{ConversationId, limits};
use serde_json::{Value, json};

use crate::{
    accounts_house::{must, refusal, text},
    messages_house::{Talk, pointer, text_message},
};

#[db_test]
async fn the_answer_is_the_message_as_it_stands(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob"]).await;
    let client_id = "0199d2f0-7a3b-7cde-8f01-23456789abcd";
    let (status, sent) = talk.send("ann", group, client_id, "hello").await;
    let wanted = json!({
        "state": "sent",
        "conversation": group,
        "seq": 1,
        "client_id": client_id,
        "sender": "ann",
        "kind": "text",
        "created_at": "2026-01-01T00:00:00.000Z",
        "text": "hello",
    });
    assert_eq!((status, sent), (201, wanted));

    // Everything that a message may have, at the limits.
    let mentions = vec![json!("bob"); limits::MENTIONS_MAX];
    let metadata = json!({"k": "v".repeat(limits::METADATA_BYTES_MAX - r#"{"k":""}"#.len())});
    let mut request = text_message(group, &"i".repeat(64), &"x".repeat(limits::TEXT_BYTES_MAX));
    request["reply_to"] = json!(1);
    request["mentions"] = json!(mentions);
    request["metadata"] = metadata;
    let (status, sent) = talk.call("bob", "messages.send", request.clone()).await;
    assert_eq!(status, 201, "{sent}");
    for key in ["conversation", "client_id", "kind", "text", "reply_to", "mentions", "metadata"] {
        assert_eq!(sent[key], request[key], "{key}");
    }
    let one = json!({"conversation": group, "seq": 2});
    let mut got = talk.ok("ann", "messages.get", one).await;
    got["state"] = json!("sent");
    assert_eq!(got, sent, "the same message in every place");

    // An app's own kind needs no text.
    let custom = json!({"conversation": group, "client_id": "own", "kind": "custom"});
    let sent = talk.ok("ann", "messages.send", custom).await;
    assert_eq!((&sent["kind"], sent.get("text")), (&json!("custom"), None));
}

#[db_test]
async fn a_repeat_is_the_same_message(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob"]).await;
    let (_, first) = talk.send("ann", group, "x", "hello").await;
    talk.say("bob", group, 1).await;
    assert_eq!(talk.send("ann", group, "x", "hello").await, (200, first.clone()));

    // Other content under the same id is another message, and is not stored.
    let other = talk.send("ann", group, "x", "hello!").await;
    assert_eq!(refusal(other), (409, "messages.client_id_conflict".into()));
    let mut custom = text_message(group, "x", "hello");
    custom["kind"] = json!("custom");
    assert_eq!(talk.call("ann", "messages.send", custom).await.0, 409);
    assert_eq!(talk.page("ann", group, None, 10).await, (vec![1, 2], false, false));

    // The same id by somebody else, or somewhere else, is nobody's repeat.
    assert_eq!(talk.send("bob", group, "x", "hello").await.0, 201);
    let elsewhere = talk.chat.group(&["ann", "bob"]).await;
    assert_eq!(talk.send("ann", elsewhere, "x", "hello").await.0, 201);

    // What the message is now: gone.
    let app = talk.chat.house.own.no;
    must(redacted(&talk, app, group, 1).await);
    let (status, now) = talk.send("ann", group, "x", "hello").await;
    assert_eq!((status, &now["deleted"], now.get("text")), (200, &json!(true), None));
    assert_eq!((&now["seq"], &now["client_id"]), (&first["seq"], &first["client_id"]));
}

async fn redacted(
    talk: &Talk,
    app: AppNo,
    of: ConversationId,
    seq: i64,
) -> Result<bool, hoopoe_kernel::Fail> {
    talk.chat.log.write(app, move |tx| Ok(redact::redact(tx.tx(), app, of, seq)?)).await
}

#[db_test]
async fn many_repeats_at_once_store_one_message(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob"]).await;
    let sends = (0..20).map(|_| talk.send("ann", group, "x", "hello"));
    let mut statuses = Vec::new();
    for (status, sent) in futures_util::future::join_all(sends).await {
        assert_eq!(sent["seq"], 1);
        statuses.push(status);
    }
    statuses.sort_unstable();
    assert_eq!((statuses[0], statuses[18], statuses[19]), (200, 200, 201));
}

#[db_test]
async fn who_is_no_member_finds_nothing(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob"]).await;
    talk.say("ann", group, 1).await;
    let house = &talk.chat.house;
    house.ok(&house.foreign.key, "users.upsert", json!({"user": "ann"})).await;
    let foreign = talk.chat.ctx_in(house.foreign.no, "ann").await;
    let stranger = talk.chat.ctx("cat").await;
    for (name, request) in [
        ("messages.send", text_message(group, "x", "hello")),
        ("messages.list", json!({"conversation": group})),
        ("messages.get", json!({"conversation": group, "seq": 1})),
        ("messages.changes", json!({"conversation": group})),
        ("messages.delivered", json!({"conversation": group, "seq": 1})),
        ("messages.read", json!({"conversation": group, "seq": 1})),
        ("messages.unread", json!({"conversation": group, "seq": 1})),
        ("messages.update", json!({"conversation": group, "seq": 1, "text": "x"})),
        ("messages.edits", json!({"conversation": group, "seq": 1})),
        ("messages.recall", json!({"conversation": group, "seq": 1})),
        ("messages.delete", json!({"conversation": group, "seq": 1})),
        ("messages.delete", json!({"conversation": group, "seq": 1, "scope": "all"})),
        ("messages.react", json!({"conversation": group, "seq": 1, "emoji": "👍"})),
        ("messages.unreact", json!({"conversation": group, "seq": 1, "emoji": "👍"})),
        ("messages.reactions", json!({"conversation": group, "seq": 1})),
        ("messages.receipts", json!({"conversation": group, "seq": 1})),
    ] {
        let not_a_member = talk.call_in(stranger.clone(), name, request.clone()).await;
        assert_eq!(refusal(not_a_member.clone()), (404, "conversations.not_found".into()));
        let of_another_app = talk.call_in(foreign.clone(), name, request.clone()).await;
        assert_eq!(of_another_app, not_a_member, "{name}");
        let missing = ConversationId([9; 16]).to_string();
        for unknown in [&*missing, "nonsense", ""] {
            let mut request = request.clone();
            request["conversation"] = json!(unknown);
            assert_eq!(talk.call("ann", name, request).await, not_a_member, "{name} {unknown}");
        }
    }
}

#[db_test]
async fn a_guest_reads_and_does_not_write(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob"]).await;
    let (_, first) = talk.send("bob", group, "before", "hello").await;
    let role = |role: &str| json!({"conversation": group, "user": "bob", "role": role});
    talk.chat.ok("ann", "members.update", role("guest")).await;
    let refused = talk.send("bob", group, "x", "hello").await;
    assert_eq!(refusal(refused), (403, "messages.forbidden".into()));
    assert_eq!(talk.page("bob", group, None, 10).await.0, [1]);
    // What was stored before is not called refused.
    assert_eq!(talk.send("bob", group, "before", "hello").await, (200, first));
    assert_eq!(talk.send("bob", group, "before", "other").await.0, 403);
    talk.chat.ok("ann", "members.update", role("member")).await;
    let (status, sent) = talk.send("bob", group, "x", "hello").await;
    assert_eq!((status, &sent["seq"]), (201, &json!(2)), "the refused ones took no number");
}

#[db_test]
async fn what_is_too_much_is_pointed_at(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob"]).await;
    let with = |key: &str, value: Value| {
        let mut request = text_message(group, "x", "hello");
        request[key] = value;
        request
    };
    let long = |count: usize| json!("x".repeat(count));
    for (request, status, at) in [
        (with("text", long(limits::TEXT_BYTES_MAX + 1)), 413, "/text"),
        (with("text", json!("")), 422, "/text"),
        (with("text", json!(" \n\t")), 422, "/text"),
        (with("text", json!("a\0b")), 422, "/text"),
        (with("text", Value::Null), 422, "/text"),
        (with("client_id", long(limits::CLIENT_ID_BYTES_MAX + 1)), 422, "/client_id"),
        (with("client_id", json!("")), 422, "/client_id"),
        (with("mentions", json!(vec!["bob"; limits::MENTIONS_MAX + 1])), 422, "/mentions"),
        (with("mentions", json!(["bob", "not a user"])), 422, "/mentions/1"),
        (with("metadata", json!({"k": long(limits::METADATA_BYTES_MAX)})), 422, "/metadata"),
        (with("metadata", json!([])), 422, "/metadata"),
        (with("kind", json!("image")), 422, "/kind"),
        (with("reply_to", json!(0)), 422, "/reply_to"),
        (with("texts", json!("")), 422, "/texts"),
    ] {
        let answer = talk.call("ann", "messages.send", request).await;
        assert_eq!(pointer(answer.clone()), (status, at.to_owned()), "{}", answer.1);
    }
    assert_eq!(talk.page("ann", group, None, 10).await.0, [0; 0]);
}

#[db_test]
async fn mentions_are_of_members(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob"]).await;
    let mention = |client_id: &str, users: &[&str]| {
        let mut request = text_message(group, client_id, "look");
        request["mentions"] = json!(users);
        request
    };
    for (users, at) in [
        (vec!["cat"], "/mentions/0"),
        (vec!["bob", "bob", "cat"], "/mentions/2"),
        (vec!["ann", "nobody"], "/mentions/1"),
    ] {
        let refused = talk.call("ann", "messages.send", mention("x", &users)).await;
        assert_eq!(pointer(refused), (422, at.to_owned()));
    }
    let first = mention("x", &["bob", "ann"]);
    let sent = talk.ok("ann", "messages.send", first.clone()).await;
    assert_eq!((&sent["seq"], &sent["mentions"]), (&json!(1), &json!(["bob", "ann"])));
    // Who goes was mentioned all the same: what is stored stays stored.
    talk.chat.ok("ann", "members.remove", json!({"conversation": group, "user": "bob"})).await;
    assert_eq!(talk.call("ann", "messages.send", first).await, (200, sent));
    let refused = talk.call("ann", "messages.send", mention("y", &["bob"])).await;
    assert_eq!(pointer(refused), (422, "/mentions/0".into()));

    // Messages of one sender keep their order, whether they mention somebody or not.
    let ctx = talk.chat.ctx("ann").await;
    let sends = (0..20).map(|n| {
        let users: &[&str] = if n % 2 == 0 { &["ann"] } else { &[] };
        talk.call_in(ctx.clone(), "messages.send", mention(&format!("o{n}"), users))
    });
    let seqs: Vec<Value> = futures_util::future::join_all(sends)
        .await
        .into_iter()
        .map(|(_, sent)| sent["seq"].clone())
        .collect();
    assert_eq!(seqs, (2..22).map(|seq| json!(seq)).collect::<Vec<_>>());
}

#[db_test]
async fn quotes_are_of_what_the_sender_may_read(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob"]).await;
    talk.say("ann", group, 3).await;
    let add = json!({"conversation": group, "users": ["cat"]});
    talk.chat.ok("ann", "members.add", add).await;
    talk.say("ann", group, 1).await;
    let quote = |client_id: &str, seq: i64| {
        let mut request = text_message(group, client_id, "as you said");
        request["reply_to"] = json!(seq);
        request
    };
    for (user, seq) in [("ann", 5), ("ann", 99), ("cat", 3), ("cat", 1), ("cat", 5)] {
        let refused = talk.call(user, "messages.send", quote("x", seq)).await;
        assert_eq!(pointer(refused), (422, "/reply_to".into()), "{user} {seq}");
    }
    for (user, seq) in [("ann", 1), ("cat", 4), ("bob", 5)] {
        let sent = talk.ok(user, "messages.send", quote("y", seq)).await;
        assert_eq!(sent["reply_to"], seq);
    }
    assert_eq!(text(&talk.ok("cat", "messages.send", quote("y", 4)).await["text"]), "as you said");
}
