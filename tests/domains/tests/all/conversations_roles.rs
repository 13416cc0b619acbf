//! Roles: who may give which, and whom each may remove. Abuse case 17.

use hoopoe_log::AudienceChange;
use hoopoe_testkit::{TestDb, db_test};
use hoopoe_wire::ConversationId;
use serde_json::{Value, json};

use crate::{
    accounts_house::{must, refusal},
    conversations_house::{Chat, next_change},
};

const ROLES: [&str; 5] = ["owner", "admin", "moderator", "member", "guest"];

async fn appoint(
    chat: &Chat,
    by: &str,
    at: ConversationId,
    user: &str,
    role: &str,
) -> (u16, Value) {
    let request = json!({"conversation": at, "user": user, "role": role});
    chat.call(by, "members.update", request).await
}

/// A group in which Ann and Dan are owners, Bob has a role and so has Cat.
async fn staffed(chat: &Chat, bob: &str, cat: &str) -> ConversationId {
    let id = chat.group(&["ann", "bob", "cat", "dan"]).await;
    for (user, role) in [("dan", "owner"), ("bob", bob), ("cat", cat)] {
        assert_eq!(appoint(chat, "ann", id, user, role).await.0, 200);
    }
    id
}

#[db_test]
async fn nobody_gives_or_takes_more_than_the_matrix_says(db: TestDb) {
    let chat = Chat::new(db).await;
    let below_admin = ["moderator", "member", "guest"];
    for bob in ROLES {
        for cat in ROLES {
            let id = staffed(&chat, bob, cat).await;
            for to in ROLES {
                let allowed = match bob {
                    "owner" => true,
                    "admin" => below_admin.contains(&cat) && below_admin.contains(&to),
                    _ => false,
                };
                let reply = appoint(&chat, "bob", id, "cat", to).await;
                let wanted = if allowed { 200 } else { 403 };
                assert_eq!(reply.0, wanted, "a {bob} makes a {cat} {to}: {}", reply.1);
                if allowed {
                    assert_eq!(reply.1["role"], to);
                    assert_eq!(appoint(&chat, "ann", id, "cat", cat).await.0, 200);
                }
            }
            let promotes_himself = appoint(&chat, "bob", id, "bob", "owner").await;
            assert_eq!(promotes_himself.0, if bob == "owner" { 200 } else { 403 }, "{bob}");
        }
    }
}

#[db_test]
async fn nobody_removes_more_than_the_matrix_says(db: TestDb) {
    let chat = Chat::new(db).await;
    for (bob, may_remove) in [
        ("owner", ROLES.as_slice()),
        ("admin", &["moderator", "member", "guest"]),
        ("moderator", &["member", "guest"]),
        ("member", &[]),
        ("guest", &[]),
    ] {
        for cat in ROLES {
            let id = staffed(&chat, bob, cat).await;
            let request = json!({"conversation": id, "user": "cat"});
            let reply = chat.call("bob", "members.remove", request).await;
            if may_remove.contains(&cat) {
                assert_eq!(reply, (200, json!({})), "a {bob} removes a {cat}");
            } else {
                let forbidden = (403, "conversations.forbidden".to_owned());
                assert_eq!(refusal(reply), forbidden, "a {bob} removes a {cat}");
            }
        }
    }
}

#[db_test]
async fn a_guest_reads_and_does_not_write(db: TestDb) {
    let chat = Chat::new(db).await;
    let id = chat.group(&["ann", "bob"]).await;
    must(chat.say("bob", id).await);
    let mut feed = chat.log.feed();
    assert_eq!(appoint(&chat, "ann", id, "bob", "guest").await.0, 200);
    let change = next_change(&mut feed).await;
    assert_eq!((&*change.kind, change.rev, change.members_rev), ("member.updated", 2, 2));
    let told: Value = serde_json::from_slice(&change.data).expect("JSON");
    assert_eq!(told, json!({"user": "bob", "role": "guest", "by": "ann"}));
    assert!(
        matches!(&change.audience, AudienceChange::Members { joined, left, .. }
            if joined.is_empty() && left.is_empty()),
        "who may write is another question than before"
    );
    let refused = chat.say("bob", id).await.expect_err("a guest");
    assert_eq!(refused.code().code, "messages.forbidden", "{refused}");
    let shown = chat.ok("bob", "conversations.get", json!({"conversation": id})).await;
    assert_eq!((&shown["me"]["role"], &shown["head_seq"]), (&json!("guest"), &json!(1)));

    assert_eq!(appoint(&chat, "ann", id, "bob", "moderator").await.0, 200);
    assert_eq!(must(chat.say("bob", id).await), 2);
    let (members_rev, _) = chat.audience(id).await;
    assert_eq!(members_rev, 3);
    drop(feed);
    assert_eq!(appoint(&chat, "ann", id, "bob", "admin").await.0, 200);
    let changes = chat.changes(id).await;
    assert_eq!((changes[3].rev, changes[3].members_rev), (4, 3), "the audience is the same");
}

#[db_test]
async fn the_same_role_again_is_no_change(db: TestDb) {
    let chat = Chat::new(db).await;
    let id = chat.group(&["ann", "bob"]).await;
    let (status, same) = appoint(&chat, "ann", id, "bob", "member").await;
    assert_eq!((status, &same["role"], &same["user"]), (200, &json!("member"), &json!("bob")));
    assert_eq!(appoint(&chat, "ann", id, "ann", "owner").await.0, 200);
    assert_eq!(chat.kinds(id).await, ["conversation.created"]);
    for nobody in ["cat", "zoe", "?"] {
        let reply = appoint(&chat, "ann", id, nobody, "admin").await;
        assert_eq!(refusal(reply), (404, "conversations.member_not_found".into()), "{nobody}");
    }
    assert_eq!(appoint(&chat, "ann", id, "bob", "king").await.0, 422);
}
