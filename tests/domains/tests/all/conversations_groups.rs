//! Groups: made whole or not at all, renamed by who may, not there for anybody else.

use std::time::Duration;

use hoopoe_log::AudienceChange;
use hoopoe_testkit::{TestDb, db_test};
use serde_json::{Value, json};

use crate::{
    accounts_house::{refusal, text},
    conversations_house::{Chat, id_of, next_change},
};

#[db_test]
async fn a_group_has_its_creator_as_owner_and_everybody_named_once(db: TestDb) {
    let chat = Chat::new(db).await;
    let request = json!({
        "kind": "group", "name": "  Trip to 拉萨 ", "avatar_url": "https://a.example/t.png",
        "members": ["bob", "ann", "cat", "bob"], "metadata": {"season": "spring"},
    });
    let (status, made) = chat.call("ann", "conversations.create", request).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(made["name"], "Trip to 拉萨");
    assert_eq!(made["avatar_url"], "https://a.example/t.png");
    assert_eq!(made["metadata"], json!({"season": "spring"}));
    assert_eq!((&made["history"], &made["member_count"]), (&json!("joined"), &json!(3)));
    assert_eq!((&made["head_seq"], &made["head_rev"]), (&json!(0), &json!(1)));
    assert!(made.get("members").is_none(), "a group's members are at members.list");
    let me = json!({
        "role": "owner", "read_seq": 0, "delivered_seq": 0, "unread": 0,
        "joined_at": made["created_at"],
    });
    assert_eq!(made["me"], me);

    let id = id_of(&made);
    let roles = [("ann", "owner"), ("bob", "member"), ("cat", "member")];
    let roles = roles.map(|(user, role)| (user.to_owned(), role.to_owned()));
    assert_eq!(chat.members("bob", id).await, roles);
    let page = chat.ok("cat", "members.list", json!({"conversation": id})).await;
    assert!(page["items"][0].get("invited_by").is_none(), "nobody invited the creator");
    assert_eq!(page["items"][1]["invited_by"], "ann");
    for user in ["ann", "bob", "cat"] {
        assert_eq!(chat.spans(user, id).await, [(1, i64::MAX)], "{user}");
    }
    let changes = chat.changes(id).await;
    assert_eq!(changes.len(), 1);
    assert!(changes[0].data.get("me").is_none(), "an event is the same for everybody");
    assert_eq!(chat.ok("ann", "conversations.get", json!({"conversation": id})).await, made);
}

#[db_test]
async fn one_unknown_user_is_enough_that_nothing_happens(db: TestDb) {
    let chat = Chat::new(db).await;
    let request = json!({"kind": "group", "members": ["bob", "zoe", "cat", "x y"]});
    let reply = chat.call("ann", "conversations.create", request).await;
    let pointers: Vec<String> = reply.1["errors"]
        .as_array()
        .expect("fields are named")
        .iter()
        .map(|error| text(&error["pointer"]))
        .collect();
    assert_eq!(pointers, ["/members/1", "/members/3"]);
    assert_eq!(refusal(reply), (422, "conversations.unknown_user".into()));
    for user in ["ann", "bob", "cat"] {
        let list = chat.ok(user, "conversations.list", json!({})).await;
        assert_eq!(list["items"], json!([]), "{user}");
    }
    chat.house.ok(&chat.house.own.key, "users.delete", json!({"user": "cat"})).await;
    let request = json!({"kind": "group", "members": ["cat"]});
    let reply = chat.call("ann", "conversations.create", request).await;
    assert_eq!(refusal(reply), (422, "conversations.unknown_user".into()), "deleted is gone");
}

#[db_test]
async fn fields_are_checked_and_pointed_at(db: TestDb) {
    let chat = Chat::new(db).await;
    let wrong = [
        (json!({"kind": "channel"}), "/kind"),
        (json!({"members": []}), "/kind"),
        (json!({"kind": "group", "title": "x"}), "/title"),
        (json!({"kind": "group", "name": "x".repeat(101)}), "/name"),
        (json!({"kind": "group", "name": "a\u{0}b"}), "/name"),
        (json!({"kind": "group", "avatar_url": "javascript:alert(1)"}), "/avatar_url"),
        (json!({"kind": "group", "metadata": {"k": "x".repeat(4096)}}), "/metadata"),
        (json!({"kind": "group", "history": "some"}), "/history"),
        (json!({"kind": "group", "members": [7]}), "/members/0"),
    ];
    for (request, pointer) in wrong {
        let reply = chat.call("ann", "conversations.create", request.clone()).await;
        assert_eq!(reply.1["errors"][0]["pointer"], pointer, "{request} {}", reply.1);
        assert_eq!(refusal(reply), (422, "request.invalid".into()), "{request}");
    }
    let (status, made) = chat.call("ann", "conversations.create", json!({"kind": "group"})).await;
    assert_eq!((status, made.get("name")), (201, None), "a group of one without a name is one");
}

#[db_test]
async fn owners_and_admins_change_what_it_is_called(db: TestDb) {
    let chat = Chat::new(db).await;
    let id = chat.group(&["ann", "bob", "cat"]).await;
    let admin = json!({"conversation": id, "user": "bob", "role": "admin"});
    chat.ok("ann", "members.update", admin).await;
    let mut feed = chat.log.feed();
    chat.house.clock.advance(Duration::from_secs(60));
    let edit = json!({"conversation": id, "name": "Reise", "metadata": {"a": 1}});
    let edited = chat.ok("bob", "conversations.update", edit.clone()).await;
    assert_eq!((&edited["name"], &edited["metadata"]), (&json!("Reise"), &json!({"a": 1})));
    assert_eq!((&edited["head_rev"], &edited["me"]["role"]), (&json!(3), &json!("admin")));
    assert_ne!(edited["updated_at"], edited["created_at"]);

    let change = next_change(&mut feed).await;
    assert_eq!((&*change.kind, change.rev, change.members_rev), ("conversation.updated", 3, 1));
    assert!(matches!(change.audience, AudienceChange::Same));
    let told: Value = serde_json::from_slice(&change.data).expect("JSON");
    assert_eq!((&told["name"], &told["head_rev"]), (&json!("Reise"), &json!(3)));
    assert!(told.get("me").is_none());

    let same = chat.ok("bob", "conversations.update", edit).await;
    assert_eq!(same, edited, "what makes no difference makes no change");
    let nothing = chat.ok("bob", "conversations.update", json!({"conversation": id})).await;
    assert_eq!(nothing, edited);
    let bare = json!({"conversation": id, "name": " ", "metadata": {}});
    let bare = chat.ok("ann", "conversations.update", bare).await;
    assert!(bare.get("name").is_none(), "an empty name is none");

    let edit = json!({"conversation": id, "name": "Mine"});
    let reply = chat.call("cat", "conversations.update", edit).await;
    assert_eq!(refusal(reply), (403, "conversations.forbidden".into()));
    assert_eq!(chat.kinds(id).await.len(), 4);
}

#[db_test]
async fn who_is_not_in_it_finds_what_nobody_finds(db: TestDb) {
    let chat = Chat::new(db).await;
    let foreign = &chat.house.foreign;
    chat.house.ok(&foreign.key, "users.upsert", json!({"user": "ann"})).await;
    let stranger = chat.ctx_in(foreign.no, "ann").await;
    let id = json!(chat.group(&["ann", "bob"]).await);
    let (none, garbage) = (json!("cnv_02kjGpQkTsbVvCPEFUVxvx"), json!("../etc/passwd"));
    let commands = [
        ("conversations.get", json!({})),
        ("conversations.update", json!({"name": "x"})),
        ("conversations.leave", json!({})),
        ("members.list", json!({})),
        ("members.add", json!({"users": ["dan"]})),
        ("members.update", json!({"user": "bob", "role": "owner"})),
        ("members.remove", json!({"user": "bob"})),
    ];
    for (name, request) in commands {
        let at = |id: &Value| {
            let mut request = request.clone();
            request["conversation"] = id.clone();
            request
        };
        let missing = chat.call("cat", name, at(&none)).await;
        assert_eq!(refusal(missing.clone()), (404, "conversations.not_found".into()), "{name}");
        assert_eq!(chat.call("cat", name, at(&id)).await, missing, "{name} by a non-member");
        assert_eq!(chat.call("cat", name, at(&garbage)).await, missing, "{name} of no id");
        let other_app = chat.call_in(stranger.clone(), name, at(&id)).await;
        assert_eq!(other_app, missing, "{name} from another app");
    }
    assert_eq!(chat.kinds(text(&id).parse().expect("an id")).await, ["conversation.created"]);
}

#[db_test]
async fn the_list_has_the_newest_activity_first_and_goes_on_where_it_ended(db: TestDb) {
    let chat = Chat::new(db).await;
    let mut ids = Vec::new();
    for _ in 0..7 {
        chat.house.clock.advance(Duration::from_secs(1));
        ids.push(chat.group(&["ann", "bob"]).await);
    }
    // Two at the very same moment, and an old one that wakes up.
    ids.push(chat.group(&["ann", "bob"]).await);
    chat.house.clock.advance(Duration::from_secs(1));
    chat.say("bob", ids[0]).await.expect("bob writes");

    let mut seen: Vec<String> = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let request = json!({"limit": 3, "cursor": cursor});
        let page = chat.ok("ann", "conversations.list", request).await;
        let items = page["items"].as_array().expect("items");
        assert!(items.len() <= 3);
        seen.extend(items.iter().map(|item| text(&item["id"])));
        cursor = page["next_cursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!((seen.len(), &seen[0]), (8, &ids[0].to_string()));
    let older: Vec<String> = ids[1..6].iter().rev().map(ToString::to_string).collect();
    assert_eq!(seen[3..], older);
    let mut twins = [ids[6].to_string(), ids[7].to_string()];
    twins.sort_unstable();
    assert_eq!(seen[1..3], [twins[1].clone(), twins[0].clone()]);

    let newest = chat.ok("ann", "conversations.list", json!({"limit": 1})).await;
    let shown = chat.ok("ann", "conversations.get", json!({"conversation": ids[0]})).await;
    assert_eq!(newest["items"][0], shown, "an item is the conversation as it is shown alone");
    assert_eq!(shown["me"]["unread"], 1);
    for wrong in [json!({"cursor": "x"}), json!({"limit": 0}), json!({"limit": 101})] {
        let reply = chat.call("ann", "conversations.list", wrong.clone()).await;
        assert_eq!(refusal(reply), (422, "request.invalid".into()), "{wrong}");
    }
}
