//! Reactions: one of each person and emoji, counted in the message, told to everybody.

use hoopoe_testkit::{TestDb, db_test};
use hoopoe_wire::{ConversationId, limits};
use serde_json::{Value, json};

use crate::{
    accounts_house::{refusal, text},
    messages_house::{Talk, pointer},
};

const REACT: &str = "messages.react";
const UNREACT: &str = "messages.unreact";

fn with(of: ConversationId, seq: i64, emoji: &str) -> Value {
    json!({"conversation": of, "seq": seq, "emoji": emoji})
}

fn at(of: ConversationId, seq: i64) -> Value {
    json!({"conversation": of, "seq": seq})
}

#[db_test]
async fn a_reaction_is_counted_once_and_told_to_everybody(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob", "cat"]).await;
    talk.say("ann", group, 3).await;
    let (status, mine) = talk.call("bob", REACT, with(group, 2, "👍")).await;
    let one = json!({"seq": 2, "reactions": [{"emoji": "👍", "count": 1, "me": true}]});
    assert_eq!((status, &mine), (201, &one));
    assert_eq!(talk.call("bob", REACT, with(group, 2, "👍")).await, (200, one), "it was there");
    let (status, two) = talk.call("cat", REACT, with(group, 2, "👍")).await;
    assert_eq!((status, &two["reactions"][0]["count"]), (201, &json!(2)));
    talk.ok("cat", REACT, with(group, 2, ":party:")).await;

    // In every reply that has the message; one's own is told only there.
    let seen = |user: &'static str| talk.ok(user, "messages.get", at(group, 2));
    let wanted = json!([{"emoji": "👍", "count": 2}, {"emoji": ":party:", "count": 1}]);
    assert_eq!(seen("ann").await["reactions"], wanted);
    let own = json!([
        {"emoji": "👍", "count": 2, "me": true},
        {"emoji": ":party:", "count": 1, "me": true},
    ]);
    assert_eq!(seen("cat").await["reactions"], own);
    let page = talk.ok("ann", "messages.list", json!({"conversation": group})).await;
    let reactions: Vec<Option<&Value>> =
        page["items"].as_array().unwrap().iter().map(|item| item.get("reactions")).collect();
    assert_eq!(reactions, [None, Some(&wanted), None]);
    let (_, sent) = talk.send("ann", group, "again", "a repeat").await;
    talk.ok("bob", REACT, with(group, 4, "👍")).await;
    let (_, repeated) = talk.send("ann", group, "again", "a repeat").await;
    assert_eq!(repeated["reactions"], json!([{"emoji": "👍", "count": 1}]));
    assert_eq!(sent.get("reactions"), None);

    let told: Vec<Value> =
        talk.chat.changes(group).await[1..4].iter().map(|change| change.data.clone()).collect();
    let event = |user: &str, emoji: &str, count: i64| json!({"seq": 2, "user": user, "emoji": emoji, "count": count});
    assert_eq!(told, [event("bob", "👍", 1), event("cat", "👍", 2), event("cat", ":party:", 1)]);
    assert_eq!(talk.chat.kinds(group).await[1], "reaction.added");
    assert_eq!(talk.mark("bob", "messages.delivered", group, 0).await[2], 4, "unread as before");
}

#[db_test]
async fn what_is_taken_back_is_gone(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob"]).await;
    talk.say("ann", group, 1).await;
    talk.ok("ann", REACT, with(group, 1, "👍")).await;
    talk.ok("bob", REACT, with(group, 1, "👍")).await;
    let left = talk.ok("ann", UNREACT, with(group, 1, "👍")).await;
    assert_eq!(left, json!({"seq": 1, "reactions": [{"emoji": "👍", "count": 1}]}));
    assert_eq!(talk.ok("ann", UNREACT, with(group, 1, "👍")).await, left, "it was gone already");
    assert_eq!(talk.ok("ann", UNREACT, with(group, 1, "❤️")).await, left, "it never was");
    let none = talk.ok("bob", UNREACT, with(group, 1, "👍")).await;
    assert_eq!(none, json!({"seq": 1, "reactions": []}));
    let seen = talk.ok("ann", "messages.get", at(group, 1)).await;
    assert_eq!(seen.get("reactions"), None);
    let kinds = talk.chat.kinds(group).await;
    assert_eq!(
        kinds[1..],
        ["reaction.added", "reaction.added", "reaction.removed", "reaction.removed"]
    );
    let last = talk.chat.changes(group).await.pop().unwrap();
    assert_eq!(last.data, json!({"seq": 1, "user": "bob", "emoji": "👍", "count": 0}));
    // And again from the beginning.
    let again = talk.ok("bob", REACT, with(group, 1, "👍")).await;
    assert_eq!(again["reactions"], json!([{"emoji": "👍", "count": 1, "me": true}]));
    assert_eq!(talk.ok("ann", "messages.get", at(group, 1)).await["reactions"][0]["count"], 1);
}

#[db_test]
async fn twenty_different_ones_and_no_more(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob"]).await;
    talk.say("ann", group, 1).await;
    for n in 0..limits::REACTIONS_PER_MESSAGE_MAX {
        talk.ok("bob", REACT, with(group, 1, &format!(":e{n}:"))).await;
    }
    let over = talk.call("bob", REACT, with(group, 1, "👍")).await;
    assert_eq!(refusal(over), (422, "messages.too_many_reactions".into()));
    let shared = talk.ok("ann", REACT, with(group, 1, ":e7:")).await;
    assert_eq!(shared["reactions"][7], json!({"emoji": ":e7:", "count": 2, "me": true}));
    talk.ok("bob", UNREACT, with(group, 1, ":e3:")).await;
    talk.ok("bob", REACT, with(group, 1, "👍")).await;
    for bad in ["", "a", "hello", " ", "👍 ", "\u{202e}", &"👍".repeat(9)] {
        for name in [REACT, UNREACT] {
            let refused = talk.call("bob", name, with(group, 1, bad)).await;
            assert_eq!(pointer(refused), (422, "/emoji".into()), "{bad:?}");
        }
    }
}

#[db_test]
async fn who_reacted_is_listed_page_by_page(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob", "cat", "dan"]).await;
    talk.say("ann", group, 1).await;
    let all = [("cat", "👍"), ("ann", "👍"), ("bob", "❤️"), ("dan", "👍"), ("cat", "❤️")];
    for (user, emoji) in all {
        talk.ok(user, REACT, with(group, 1, emoji)).await;
    }
    let listed = async |emoji: Option<&str>, limit: usize| {
        let (mut found, mut cursor) = (Vec::new(), Value::Null);
        loop {
            let request = json!({
                "conversation": group, "seq": 1, "emoji": emoji, "limit": limit, "cursor": cursor,
            });
            let page = talk.ok("dan", "messages.reactions", request).await;
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= limit);
            let of = |item: &Value| (text(&item["user"]), text(&item["emoji"]));
            found.extend(items.iter().map(of));
            cursor = page["next_cursor"].clone();
            if cursor.is_null() {
                return found;
            }
        }
    };
    let wanted: Vec<_> = all.map(|(user, emoji)| (user.to_owned(), emoji.to_owned())).to_vec();
    for limit in [1, 2, 5, 100] {
        assert_eq!(listed(None, limit).await, wanted, "{limit}");
    }
    let hearts = listed(Some("❤️"), 1).await;
    assert_eq!(hearts.iter().map(|(user, _)| user.as_str()).collect::<Vec<_>>(), ["bob", "cat"]);

    // Who goes leaves the reactions behind, and can do nothing more.
    talk.chat.ok("cat", "conversations.leave", json!({"conversation": group})).await;
    assert_eq!(listed(None, 100).await, wanted);
    for (name, request) in [
        (REACT, with(group, 1, "🎉")),
        (UNREACT, with(group, 1, "👍")),
        ("messages.reactions", at(group, 1)),
    ] {
        let gone = talk.call("cat", name, request).await;
        assert_eq!(refusal(gone), (404, "conversations.not_found".into()), "{name}");
    }
    // A guest reads.
    let role = json!({"conversation": group, "user": "dan", "role": "guest"});
    talk.chat.ok("ann", "members.update", role).await;
    let refused = talk.call("dan", REACT, with(group, 1, "🎉")).await;
    assert_eq!(refusal(refused), (403, "messages.forbidden".into()));
}

#[db_test]
async fn reactions_at_once_are_counted_right(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob", "cat", "dan"]).await;
    talk.say("ann", group, 1).await;
    let calls = ["ann", "bob", "cat", "dan"]
        .into_iter()
        .flat_map(|user| (0..3).map(move |_| (user, REACT)).chain([(user, REACT)]));
    let calls: Vec<_> =
        calls.map(|(user, name)| talk.call(user, name, with(group, 1, "👍"))).collect();
    let statuses: Vec<u16> =
        futures_util::future::join_all(calls).await.into_iter().map(|(status, _)| status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 4);
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 12);
    let counted = talk.ok("ann", "messages.get", at(group, 1)).await;
    assert_eq!(counted["reactions"], json!([{"emoji": "👍", "count": 4, "me": true}]));
    assert_eq!(talk.chat.kinds(group).await.len(), 5);
}
