//! Direct conversations: one for two people, whoever asks and how often.

use hoopoe_log::AudienceChange;
use hoopoe_testkit::{TestDb, db_test};
use serde_json::json;

use crate::{
    accounts_house::{must, refusal, text},
    conversations_house::{Chat, id_of, next_change},
};

#[db_test]
async fn both_sides_and_every_repeat_find_the_same_one(db: TestDb) {
    let chat = Chat::new(db).await;
    let with = |other: &str| json!({"kind": "direct", "members": [other]});
    let (status, first) = chat.call("ann", "conversations.create", with("bob")).await;
    assert_eq!(status, 201, "{first}");
    assert_eq!((&first["head_seq"], &first["head_rev"]), (&json!(0), &json!(1)));
    assert_eq!(first["members"], json!(["ann", "bob"]));
    assert_eq!((&first["kind"], &first["member_count"]), (&json!("direct"), &json!(2)));
    assert_eq!(first["me"]["role"], "member");
    assert!(first.get("name").is_none());

    let (status, again) = chat.call("ann", "conversations.create", with("bob")).await;
    assert_eq!((status, &again), (200, &first));
    let (status, theirs) = chat.call("bob", "conversations.create", with("ann")).await;
    assert_eq!((status, &theirs["id"]), (200, &first["id"]));
    assert_eq!(theirs["members"], json!(["ann", "bob"]), "the creator first, for both");

    let (_, other) = chat.call("ann", "conversations.create", with("cat")).await;
    assert_ne!(other["id"], first["id"]);
    assert_eq!(chat.kinds(id_of(&first)).await, ["conversation.created"]);
    assert_eq!(must(chat.say("bob", id_of(&first)).await), 1);
    let (_, later) = chat.call("ann", "conversations.create", with("bob")).await;
    assert_eq!((&later["head_seq"], &later["me"]["unread"]), (&json!(1), &json!(1)));
}

#[db_test]
async fn asked_for_by_both_at_once_it_is_made_once(db: TestDb) {
    let chat = Chat::new(db).await;
    let ask = |user: &'static str, other: &'static str| {
        let chat = &chat;
        async move {
            let request = json!({"kind": "direct", "members": [other]});
            chat.call(user, "conversations.create", request).await
        }
    };
    let answers = tokio::join!(
        ask("ann", "bob"),
        ask("bob", "ann"),
        ask("ann", "bob"),
        ask("bob", "ann"),
        ask("ann", "bob"),
    );
    let answers = [answers.0, answers.1, answers.2, answers.3, answers.4];
    let made = answers.iter().filter(|(status, _)| *status == 201).count();
    assert_eq!(made, 1, "{answers:?}");
    assert!(
        answers.iter().all(|(status, body)| *status <= 201 && body["id"] == answers[0].1["id"])
    );
    let id = id_of(&answers[0].1);
    assert_eq!(chat.kinds(id).await, ["conversation.created"]);
    assert_eq!(chat.audience(id).await, (1, vec!["ann".to_owned(), "bob".to_owned()]));
}

#[db_test]
async fn it_needs_another_person_who_exists(db: TestDb) {
    let chat = Chat::new(db).await;
    let foreign = &chat.house.foreign;
    chat.house.ok(&foreign.key, "users.upsert", json!({"user": "eve"})).await;
    let ask = async |members: serde_json::Value| {
        let request = json!({"kind": "direct", "members": members});
        chat.call("ann", "conversations.create", request).await
    };
    for nobody in ["zoe", "eve", "no such id!", ""] {
        let reply = ask(json!([nobody])).await;
        assert_eq!(reply.1["errors"][0]["pointer"], "/members/0", "{nobody}");
        assert_eq!(refusal(reply), (422, "conversations.unknown_user".into()), "{nobody}");
    }
    let oneself = ask(json!(["ann"])).await;
    assert_eq!(oneself.1["errors"][0]["code"], "oneself");
    assert_eq!(refusal(oneself), (422, "request.invalid".into()));
    for crowd in [json!([]), json!(["bob", "cat"])] {
        assert_eq!(ask(crowd).await.0, 422);
    }
    let list = chat.ok("ann", "conversations.list", json!({})).await;
    assert_eq!(list, json!({"items": []}), "nothing was made");
}

#[db_test]
async fn it_never_changes(db: TestDb) {
    let chat = Chat::new(db).await;
    let request = json!({"kind": "direct", "members": ["bob"], "metadata": {"deal": 7}});
    let made = chat.ok("ann", "conversations.create", request).await;
    assert_eq!(made["metadata"], json!({"deal": 7}));
    let id = made["id"].clone();
    let attempts = [
        ("conversations.update", json!({"conversation": id, "name": "Us"})),
        ("conversations.leave", json!({"conversation": id})),
        ("members.add", json!({"conversation": id, "users": ["cat"]})),
        ("members.remove", json!({"conversation": id, "user": "bob"})),
        ("members.update", json!({"conversation": id, "user": "bob", "role": "owner"})),
    ];
    for (name, request) in attempts {
        let reply = chat.call("ann", name, request.clone()).await;
        assert_eq!(refusal(reply), (409, "conversations.direct_is_fixed".into()), "{name}");
        let reply = chat.call("cat", name, request).await;
        assert_eq!(refusal(reply), (404, "conversations.not_found".into()), "{name} by cat");
    }
    let named = json!({"kind": "direct", "members": ["cat"], "name": "Us"});
    assert_eq!(chat.call("ann", "conversations.create", named).await.0, 422);
}

#[db_test]
async fn a_server_key_acts_as_the_user_that_it_names(db: TestDb) {
    let chat = Chat::new(db).await;
    let request = json!({"kind": "direct", "members": ["bob"]});
    let (status, made) = chat.call_as(Some("ann"), "conversations.create", request.clone()).await;
    assert_eq!((status, &made["created_by"]), (201, &json!("ann")));
    let nobody = chat.call_as(None, "conversations.create", request).await;
    assert_eq!(refusal(nobody), (403, "auth.forbidden".into()), "a key alone has no conversations");
}

#[db_test]
async fn everybody_in_it_is_told_and_the_event_is_the_same_for_all(db: TestDb) {
    let chat = Chat::new(db).await;
    let mut feed = chat.log.feed();
    let request = json!({"kind": "direct", "members": ["bob"]});
    let made = chat.ok("ann", "conversations.create", request).await;
    let change = next_change(&mut feed).await;
    assert_eq!((&*change.kind, change.rev, change.members_rev), ("conversation.created", 1, 1));
    let AudienceChange::Members { mut joined, left, snapshot } = change.audience else {
        panic!("the audience is new")
    };
    let mut both = [chat.uid("ann").await, chat.uid("bob").await];
    joined.sort_unstable();
    both.sort_unstable();
    assert_eq!((joined.as_slice(), left.len()), (both.as_slice(), 0));
    assert_eq!(snapshot, change.data);
    let mut shown = made.clone();
    shown.as_object_mut().expect("an object").remove("me");
    let told: serde_json::Value = serde_json::from_slice(&snapshot).expect("JSON");
    assert_eq!(told, shown, "what the reply says, but for `me`");
    assert_eq!(text(&told["members"][1]), "bob");
}
