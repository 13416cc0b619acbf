//! Typing: told to the other members, over by itself, and nobody else's business.

use hoopoe_testkit::{TestDb, db_test};
use hoopoe_wire::ConversationId;
use serde_json::{Value, json};

use crate::{
    accounts_house::refusal,
    presence_house::{Circle, Told},
};

async fn types(circle: &Circle, user: &str, group: ConversationId, state: &str) {
    let request = json!({"conversation": group, "state": state});
    assert_eq!(circle.ok(user, None, "messages.typing", request).await, json!({}));
}

fn told(to: &[&str], event: &str, group: ConversationId, user: &str) -> Told {
    let to = to.iter().map(ToString::to_string).collect();
    let data = json!({"conversation": group, "user": user});
    Told { to, frame: json!({"event": event, "conversation": group, "data": data}) }
}

#[db_test]
async fn the_others_are_told_and_it_ends_by_itself(db: TestDb) {
    let circle = Circle::new(db).await;
    let group = circle.chat.group(&["ann", "bob", "cat"]).await;
    let started = told(&["bob", "cat"], "typing.started", group, "ann");
    let stopped = told(&["bob", "cat"], "typing.stopped", group, "ann");
    types(&circle, "ann", group, "started").await;
    assert_eq!(circle.told().await, std::slice::from_ref(&started));
    circle.pass(2_000);
    types(&circle, "ann", group, "started").await;
    assert_eq!(circle.told().await, [], "a repeat only prolongs it");
    circle.pass(4_000);
    assert_eq!(circle.told().await, [], "six seconds after the first");
    circle.pass(2_000);
    assert_eq!(circle.told().await, std::slice::from_ref(&stopped));
    circle.pass(60_000);
    assert_eq!(circle.told().await, []);
    types(&circle, "ann", group, "started").await;
    types(&circle, "ann", group, "stopped").await;
    types(&circle, "ann", group, "stopped").await;
    assert_eq!(circle.told().await, [started, stopped]);
    circle.pass(6_000);
    assert_eq!(circle.told().await, []);
}

#[db_test]
async fn only_members_who_may_write_type_and_only_members_hear(db: TestDb) {
    let circle = Circle::new(db).await;
    let chat = &circle.chat;
    let group = chat.group(&["ann", "bob", "cat"]).await;
    let request = json!({"conversation": group, "state": "started"});
    let type_as = |user| circle.call(user, None, "messages.typing", request.clone());
    let missing = (404, "conversations.not_found".to_owned());
    assert_eq!(refusal(type_as("dan").await), missing);
    types(&circle, "bob", group, "started").await;
    types(&circle, "ann", group, "started").await;
    circle.told().await;
    // Bob goes while both write: he is told nothing, and the others learn that he has stopped.
    chat.ok("ann", "members.remove", json!({"conversation": group, "user": "bob"})).await;
    assert_eq!(refusal(type_as("bob").await), missing);
    circle.pass(6_000);
    let mut ended = circle.told().await;
    ended.sort_by_key(|told| told.frame["data"]["user"].as_str().map(str::to_owned));
    let wanted = [
        told(&["cat"], "typing.stopped", group, "ann"),
        told(&["ann", "cat"], "typing.stopped", group, "bob"),
    ];
    assert_eq!(ended, wanted);
    let guest = json!({"conversation": group, "user": "cat", "role": "guest"});
    chat.ok("ann", "members.update", guest).await;
    assert_eq!(refusal(type_as("cat").await), (403, "conversations.forbidden".to_owned()));
    let odd = json!({"conversation": group, "state": "thinking"});
    assert_eq!(refusal(circle.call("ann", None, "messages.typing", odd).await).0, 422);
    assert_eq!(circle.told().await, []);
}

#[db_test]
async fn in_a_large_conversation_nobody_is_told(db: TestDb) {
    let circle = Circle::new(db).await;
    let chat = &circle.chat;
    let names: Vec<String> = (0..98).map(|n| format!("p{n:03}")).collect();
    let users: Vec<Value> = names.iter().map(|name| json!({"id": name})).collect();
    chat.house.ok(&chat.house.own.key, "users.batch", json!({"users": users})).await;
    let mut members = vec!["ann", "bob"];
    members.extend(names.iter().map(String::as_str));
    let group = chat.group(&members).await;
    types(&circle, "ann", group, "started").await;
    assert_eq!(circle.told().await[0].to.len(), 99);
    types(&circle, "ann", group, "stopped").await;
    circle.told().await;
    chat.ok("ann", "members.add", json!({"conversation": group, "users": ["cat"]})).await;
    circle.pass(6_000);
    types(&circle, "ann", group, "started").await;
    circle.pass(6_000);
    assert_eq!(circle.told().await, []);
}
