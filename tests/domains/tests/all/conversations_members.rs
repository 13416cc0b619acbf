//! Members: joining, leaving, coming back, and what each reads.

use hoopoe_log::AudienceChange;
use hoopoe_testkit::{TestDb, db_test};
use hoopoe_wire::{ConversationId, codes};
use serde_json::{Value, json};

use crate::{
    accounts_house::{must, refusal, text},
    conversations_house::{Chat, id_of, next_change},
};

async fn add(chat: &Chat, by: &str, to: ConversationId, users: &[&str]) -> (u16, Value) {
    chat.call(by, "members.add", json!({"conversation": to, "users": users})).await
}

async fn remove(chat: &Chat, by: &str, from: ConversationId, user: &str) -> (u16, Value) {
    chat.call(by, "members.remove", json!({"conversation": from, "user": user})).await
}

async fn leave(chat: &Chat, user: &str, from: ConversationId) -> (u16, Value) {
    chat.call(user, "conversations.leave", json!({"conversation": from})).await
}

async fn own(chat: &Chat, user: &str, of: ConversationId) -> Value {
    chat.ok(user, "conversations.get", json!({"conversation": of})).await["me"].clone()
}

#[db_test]
async fn who_joins_reads_from_then_on_and_starts_with_nothing_unread(db: TestDb) {
    let chat = Chat::new(db).await;
    let id = chat.group(&["ann", "bob"]).await;
    for _ in 0..3 {
        must(chat.say("ann", id).await);
    }
    let mut feed = chat.log.feed();
    let (status, added) = add(&chat, "ann", id, &["cat", "bob", "dan", "cat"]).await;
    assert_eq!(status, 201, "{added}");
    let names: Vec<&Value> =
        added["items"].as_array().expect("items").iter().map(|member| &member["user"]).collect();
    assert_eq!(names, [&json!("cat"), &json!("bob"), &json!("dan")]);
    assert_eq!(added["items"][0]["invited_by"], "ann");

    let change = next_change(&mut feed).await;
    assert_eq!((&*change.kind, change.rev, change.members_rev), ("member.added", 2, 2));
    assert_eq!(change.at_seq, 3);
    let told: Value = serde_json::from_slice(&change.data).expect("JSON");
    assert_eq!(told, json!({"users": ["cat", "dan"], "by": "ann"}), "bob was in it");
    let AudienceChange::Members { joined, left, snapshot } = change.audience else {
        panic!("the audience is another one")
    };
    assert_eq!(joined, [chat.uid("cat").await, chat.uid("dan").await]);
    assert!(left.is_empty());
    let snapshot: Value = serde_json::from_slice(&snapshot).expect("JSON");
    assert_eq!((&snapshot["member_count"], &snapshot["head_rev"]), (&json!(4), &json!(2)));

    assert_eq!(chat.spans("cat", id).await, [(4, i64::MAX)]);
    let me = own(&chat, "cat", id).await;
    assert_eq!((&me["unread"], &me["read_seq"]), (&json!(0), &json!(3)));
    must(chat.say("bob", id).await);
    assert_eq!(own(&chat, "cat", id).await["unread"], 1);
    let everybody = ["ann", "bob", "cat", "dan"].map(str::to_owned);
    assert_eq!(chat.audience(id).await, (2, everybody.to_vec()));
}

#[db_test]
async fn adding_who_is_in_it_changes_nothing(db: TestDb) {
    let chat = Chat::new(db).await;
    let id = chat.group(&["ann", "bob"]).await;
    let (status, first) = add(&chat, "ann", id, &["cat"]).await;
    assert_eq!(status, 201);
    let (status, again) = add(&chat, "ann", id, &["cat"]).await;
    assert_eq!((status, again), (200, first));
    assert_eq!(chat.kinds(id).await, ["conversation.created", "member.added"]);
    assert_eq!(refusal(add(&chat, "ann", id, &[]).await), (422, "request.invalid".into()));
    let reply = add(&chat, "ann", id, &["dan", "zoe"]).await;
    assert_eq!(reply.1["errors"][0]["pointer"], "/users/1");
    assert_eq!(refusal(reply), (422, "conversations.unknown_user".into()));
    assert_eq!(refusal(leave(&chat, "dan", id).await).0, 404, "dan did not join alone");
    let reply = add(&chat, "bob", id, &["dan"]).await;
    assert_eq!(refusal(reply), (403, "conversations.forbidden".into()), "a plain member");
}

#[db_test]
async fn where_history_is_open_newcomers_read_everything(db: TestDb) {
    let chat = Chat::new(db).await;
    let request = json!({"kind": "group", "members": ["bob"], "history": "all"});
    let made = chat.ok("ann", "conversations.create", request).await;
    assert_eq!(made["history"], "all");
    let id = id_of(&made);
    must(chat.say("ann", id).await);
    add(&chat, "ann", id, &["cat"]).await;
    assert_eq!(chat.spans("cat", id).await, [(1, i64::MAX)]);
    assert_eq!(own(&chat, "cat", id).await["unread"], 0, "what was said before counts as read");

    assert_eq!(leave(&chat, "cat", id).await, (200, json!({})));
    must(chat.say("ann", id).await);
    assert_eq!(chat.spans("cat", id).await, [(1, 1)]);
    add(&chat, "ann", id, &["cat"]).await;
    assert_eq!(chat.spans("cat", id).await, [(1, i64::MAX)]);
}

#[db_test]
async fn who_was_removed_writes_and_finds_nothing_any_more(db: TestDb) {
    let chat = Chat::new(db).await;
    let id = chat.group(&["ann", "bob", "cat"]).await;
    must(chat.say("bob", id).await);
    let mut feed = chat.log.feed();
    assert_eq!(remove(&chat, "ann", id, "bob").await, (200, json!({})));

    let change = next_change(&mut feed).await;
    assert_eq!((&*change.kind, change.rev, change.members_rev), ("member.removed", 2, 2));
    let told: Value = serde_json::from_slice(&change.data).expect("JSON");
    assert_eq!(told, json!({"user": "bob", "by": "ann", "reason": "removed"}));
    let AudienceChange::Members { joined, left, .. } = change.audience else {
        panic!("the audience is another one")
    };
    assert_eq!((joined.len(), left), (0, vec![chat.uid("bob").await]));

    let refused = chat.say("bob", id).await.expect_err("bob is out");
    assert_eq!(refused.code().status, 404, "{refused}");
    let missing = json!({"conversation": id});
    let reply = chat.call("bob", "conversations.get", missing).await;
    assert_eq!(refusal(reply), (404, "conversations.not_found".into()));
    let list = chat.ok("bob", "conversations.list", json!({})).await;
    assert_eq!(list["items"], json!([]));
    assert_eq!(chat.spans("bob", id).await, [(1, 1)], "the log keeps what he could read");
    assert_eq!(chat.audience(id).await, (2, vec!["ann".to_owned(), "cat".to_owned()]));
    assert_eq!(refusal(remove(&chat, "ann", id, "bob").await).1, "conversations.member_not_found");
    assert_eq!(refusal(remove(&chat, "ann", id, "zoe").await).1, "conversations.member_not_found");
    let shown = chat.ok("ann", "conversations.get", json!({"conversation": id})).await;
    assert_eq!(shown["member_count"], 2);
}

#[db_test]
async fn who_comes_back_has_two_stays(db: TestDb) {
    let chat = Chat::new(db).await;
    let id = chat.group(&["ann", "bob"]).await;
    must(chat.say("bob", id).await);
    must(chat.say("bob", id).await);
    leave(&chat, "bob", id).await;
    must(chat.say("ann", id).await);
    must(chat.say("ann", id).await);
    add(&chat, "ann", id, &["bob"]).await;
    assert_eq!(chat.spans("bob", id).await, [(1, 2), (5, i64::MAX)]);
    assert_eq!(own(&chat, "bob", id).await["unread"], 0);
    must(chat.say("ann", id).await);
    assert_eq!(own(&chat, "bob", id).await["unread"], 1);

    // In and out without a word between: nothing was missed, so the stays are one.
    leave(&chat, "bob", id).await;
    add(&chat, "ann", id, &["bob"]).await;
    leave(&chat, "bob", id).await;
    add(&chat, "ann", id, &["bob"]).await;
    assert_eq!(chat.spans("bob", id).await, [(1, 2), (5, i64::MAX)]);
    let order: Vec<String> = chat.members("ann", id).await.into_iter().map(|m| m.0).collect();
    assert_eq!(order, ["ann", "bob"]);
    assert_eq!(must(chat.say("bob", id).await), 6);
}

#[db_test]
async fn a_group_keeps_an_owner_while_anybody_is_in_it(db: TestDb) {
    let chat = Chat::new(db).await;
    let id = chat.group(&["ann", "bob"]).await;
    let last = (409, "conversations.last_owner".to_owned());
    assert_eq!(refusal(leave(&chat, "ann", id).await), last);
    assert_eq!(refusal(remove(&chat, "ann", id, "ann").await), last, "removing oneself is leaving");
    let step_down = json!({"conversation": id, "user": "ann", "role": "member"});
    assert_eq!(refusal(chat.call("ann", "members.update", step_down.clone()).await), last);

    let share = json!({"conversation": id, "user": "bob", "role": "owner"});
    chat.ok("ann", "members.update", share).await;
    chat.ok("ann", "members.update", step_down).await;
    assert_eq!(remove(&chat, "ann", id, "ann").await.0, 200);
    let changes = chat.changes(id).await;
    let told = &changes[changes.len() - 1];
    assert_eq!(told.data, json!({"user": "ann", "by": "ann", "reason": "left"}));
    assert_eq!(leave(&chat, "bob", id).await.0, 200, "who is alone may go");
    assert_eq!(refusal(leave(&chat, "bob", id).await), (404, "conversations.not_found".into()));
    assert_eq!(chat.audience(id).await, (changes.len() as i64 + 1, Vec::new()));
}

#[db_test]
async fn members_are_listed_page_by_page_in_the_order_of_joining(db: TestDb) {
    let chat = Chat::new(db).await;
    let id = chat.group(&["dan", "cat"]).await;
    add(&chat, "dan", id, &["ann"]).await;
    add(&chat, "dan", id, &["bob"]).await;
    let (mut seen, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let request = json!({"conversation": id, "limit": 2, "cursor": cursor});
        let page = chat.ok("ann", "members.list", request).await;
        seen.extend(page["items"].as_array().expect("items").iter().map(|m| text(&m["user"])));
        cursor = page["next_cursor"].clone();
        if cursor.is_null() {
            break;
        }
        // Somebody on a page before goes: nobody is passed over.
        if seen.len() == 2 {
            leave(&chat, "cat", id).await;
        }
    }
    assert_eq!(seen, ["dan", "cat", "ann", "bob"]);
}

#[db_test]
async fn a_full_group_takes_nobody_more(db: TestDb) {
    let chat = Chat::new(db).await;
    let crowd = |range: std::ops::Range<usize>| range.map(|n| format!("p{n}")).collect::<Vec<_>>();
    for thousand in [0..1_000, 1_000..2_000] {
        let users: Vec<Value> =
            crowd(thousand).iter().map(|id| json!({"id": id, "name": ""})).collect();
        chat.house.ok(&chat.house.own.key, "users.batch", json!({"users": users})).await;
    }
    let too_many = json!({"kind": "group", "members": crowd(0..2_000)});
    let reply = chat.call("ann", "conversations.create", too_many).await;
    assert_eq!(refusal(reply), (422, "conversations.too_many_members".into()));
    let all_but_one = json!({"kind": "group", "members": crowd(0..1_998)});
    let id = id_of(&chat.ok("ann", "conversations.create", all_but_one).await);
    let reply = add(&chat, "ann", id, &["bob", "cat"]).await;
    assert_eq!(refusal(reply), (422, "conversations.too_many_members".into()));
    assert_eq!(add(&chat, "ann", id, &["bob", "p7"]).await.0, 201, "p7 is in it already");
    let reply = add(&chat, "ann", id, &["cat"]).await;
    assert_eq!(refusal(reply), (422, "conversations.too_many_members".into()));
    let audience = must(chat.conversations.audience(chat.house.own.no, id).await);
    assert_eq!((audience.members_rev, audience.uids.len()), (2, 2_000));
}

#[db_test]
async fn others_ask_one_question(db: TestDb) {
    let chat = Chat::new(db).await;
    let id = chat.group(&["ann", "bob"]).await;
    let (own, foreign) = (chat.house.own.no, chat.house.foreign.no);
    let require = async |app, user: &str, id| {
        let uid = chat.uid(user).await;
        let asked = chat.log.db().read(move |tx| hoopoe_conversations::require(tx, app, id, uid));
        asked.await
    };
    let standing = must(require(own, "ann", id).await);
    assert_eq!(standing.role.as_str(), "owner");
    assert!(standing.spans.is_member() && standing.spans.may_read(1));
    leave(&chat, "bob", id).await;
    for (app, user, id) in [
        (own, "cat", id),
        (own, "bob", id),
        (foreign, "ann", id),
        (own, "ann", ConversationId::NONE),
    ] {
        let refused = require(app, user, id).await.expect_err("is no member");
        assert!(refused.is(&codes::CONVERSATION_NOT_FOUND), "{user}: {refused}");
    }
}

#[db_test]
async fn what_everybody_writes_at_once_agrees_in_the_end(db: TestDb) {
    let chat = Chat::new(db).await;
    let users: Vec<Value> = (0..12).map(|n| json!({"id": format!("p{n}")})).collect();
    chat.house.ok(&chat.house.own.key, "users.batch", json!({"users": users})).await;
    let id = chat.group(&["ann", "bob"]).await;
    let one = async |n: usize| {
        let user = format!("p{n}");
        for _ in 0..3 {
            assert_eq!(add(&chat, "ann", id, &[&user]).await.0, 201);
            must(chat.say(&user, id).await);
            assert_eq!(leave(&chat, &user, id).await.0, 200);
        }
        assert_eq!(add(&chat, "ann", id, &[&user]).await.0, 201);
    };
    let everybody = (one(0), one(1), one(2), one(3), one(4), one(5));
    let others = (one(6), one(7), one(8), one(9), one(10), one(11));
    let (a, b) = (everybody, others);
    tokio::join!(a.0, a.1, a.2, a.3, a.4, a.5, b.0, b.1, b.2, b.3, b.4, b.5);

    let changes = chat.changes(id).await;
    let revs: Vec<i64> = changes.iter().map(|change| change.rev).collect();
    assert_eq!(revs, (1..=1 + 12 * 7).collect::<Vec<i64>>(), "gapless");
    assert!(changes.iter().all(|change| change.members_rev == change.rev));
    let shown = chat.ok("ann", "conversations.get", json!({"conversation": id})).await;
    assert_eq!((&shown["member_count"], &shown["head_seq"]), (&json!(14), &json!(36)));
    let (members_rev, audience) = chat.audience(id).await;
    let mut listed: Vec<String> = chat.members("ann", id).await.into_iter().map(|m| m.0).collect();
    listed.sort_unstable();
    assert_eq!((members_rev, audience), (85, listed));
}

#[db_test]
async fn two_groups_that_get_the_same_people_at_once_both_get_them(db: TestDb) {
    let chat = Chat::new(db).await;
    let names: Vec<String> = (0..40).map(|n| format!("p{n:02}")).collect();
    let users: Vec<Value> = names.iter().map(|id| json!({"id": id})).collect();
    chat.house.ok(&chat.house.own.key, "users.batch", json!({"users": users})).await;
    let there: Vec<&str> = names.iter().map(String::as_str).collect();
    let back: Vec<&str> = there.iter().rev().copied().collect();
    for _ in 0..5 {
        let (one, two) = (chat.group(&["ann"]).await, chat.group(&["bob"]).await);
        let both = (add(&chat, "ann", one, &there), add(&chat, "bob", two, &back));
        let (first, second) = tokio::join!(both.0, both.1);
        assert_eq!((first.0, second.0), (201, 201), "{} {}", first.1, second.1);
        let order: Vec<String> =
            chat.members("bob", two).await.into_iter().map(|member| member.0).collect();
        assert_eq!(order[1..], back, "in the order in which they were named");
    }
}
