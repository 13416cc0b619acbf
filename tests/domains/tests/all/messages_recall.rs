//! Taking a message back: for everybody, from every place, in time.

use std::time::Duration;

use hoopoe_db::Value as Arg;
use hoopoe_kernel::{Actor, Ctx, Scopes};
use hoopoe_log::Logged;
use hoopoe_testkit::{
    TestDb, db_test,
    harness::{PATIENCE, within},
};
use hoopoe_wire::{ConversationId, KeyId};
use serde_json::{Value, json};

use crate::{
    accounts_house::{must, refusal},
    messages_house::{Talk, text_message},
};

fn at(of: ConversationId, seq: i64) -> Value {
    json!({"conversation": of, "seq": seq})
}

fn for_all(of: ConversationId, seq: i64) -> Value {
    json!({"conversation": of, "seq": seq, "scope": "all"})
}

/// The app's backend, acting for itself.
fn backend(talk: &Talk) -> Ctx {
    let house = &talk.chat.house;
    let actor = Actor::Server { key: KeyId::NONE, scopes: Scopes::ALL };
    Ctx::new(&house.env, house.own.no, actor)
}

/// Every text and every blob of every table: where a word could have stayed.
async fn rows_with(talk: &Talk, word: &str) -> Vec<String> {
    const MESSAGES: &str = "SELECT body FROM messages";
    const CHANGES: &str = "SELECT data FROM changes";
    const VERSIONS: &str = "SELECT body FROM versions";
    const STATE: &str = "SELECT body FROM user_state";
    let word = word.to_owned();
    let read = talk.chat.log.db().read(move |tx| {
        let mut found = Vec::new();
        for (table, sql) in [
            ("messages", MESSAGES),
            ("changes", CHANGES),
            ("versions", VERSIONS),
            ("user_state", STATE),
        ] {
            let none: [Arg<'_>; 0] = [];
            tx.query(sql, &none, &mut |row| {
                let text = String::from_utf8_lossy(row.bytes(0)?).into_owned();
                if text.contains(&word) {
                    found.push(format!("{table}: {text}"));
                }
                Ok(())
            })?;
        }
        Ok(found)
    });
    must(read.await)
}

#[db_test]
async fn a_recalled_message_is_gone_from_every_place(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob"]).await;
    talk.send("bob", group, "first", "something").await;
    let said = text_message(group, "x", "the secret");
    talk.ok("ann", "messages.send", said.clone()).await;
    let request = json!({"conversation": group, "seq": 2, "text": "the other secret"});
    talk.ok("ann", "messages.update", request).await;
    let like = json!({"conversation": group, "seq": 2, "emoji": "👍"});
    talk.ok("bob", "messages.react", like).await;
    let mut quote = text_message(group, "y", "as you said");
    quote["reply_to"] = json!(2);
    talk.ok("bob", "messages.send", quote).await;
    assert_eq!(rows_with(&talk, "secret").await.len(), 3, "message, version, change");
    assert_eq!(talk.mark("bob", "messages.delivered", group, 3).await[2], 1);

    let mut feed = talk.chat.log.feed();
    let recalled = talk.ok("ann", "messages.recall", at(group, 2)).await;
    let tombstone = json!({
        "conversation": group,
        "seq": 2,
        "client_id": "x",
        "sender": "ann",
        "kind": "text",
        "created_at": "2026-01-01T00:00:00.000Z",
        "deleted": true,
        "recalled": true,
    });
    let mut wanted = tombstone.clone();
    wanted["recalled_content"] = json!({"text": "the other secret"});
    assert_eq!(recalled, wanted, "its author may write it anew");

    // Nowhere is anything left of it.
    assert_eq!(rows_with(&talk, "secret").await, Vec::<String>::new());
    assert_eq!(talk.ok("bob", "messages.get", at(group, 2)).await, tombstone);
    let page = talk.ok("bob", "messages.list", json!({"conversation": group})).await;
    assert_eq!(page["items"][1], tombstone);
    assert_eq!(page["items"][2]["reply_to"], 2, "a quote is a number");
    let empty = json!({"items": []});
    assert_eq!(talk.ok("bob", "messages.edits", at(group, 2)).await, empty);
    assert_eq!(talk.ok("bob", "messages.reactions", at(group, 2)).await, empty);
    let missed = talk.ok("bob", "messages.changes", json!({"conversation": group})).await;
    let left: Vec<(&Value, &Value)> = missed["items"].as_array().unwrap()[1..]
        .iter()
        .map(|change| (&change["event"], &change["data"]))
        .collect();
    let gone = json!({"seq": 2, "client_id": "x", "by": "ann"});
    assert_eq!(
        left,
        [
            (&json!("message.updated"), &json!({"seq": 2})),
            (&json!("reaction.added"), &json!({"seq": 2})),
            (&json!("message.recalled"), &gone),
        ]
    );
    assert_eq!(talk.mark("bob", "messages.delivered", group, 3).await[2], 0, "it does not count");

    // Everybody is told, once; and a late repeat of the send finds the tombstone.
    let batch = within(PATIENCE, "the event", feed.recv()).await.unwrap();
    let [Logged::Change(change)] = &batch.items[..] else { panic!("{batch:?}") };
    assert_eq!(
        (change.kind.as_ref(), change.target_seq, change.rev),
        ("message.recalled", Some(2), 4)
    );
    let (status, mut late) = talk.call("ann", "messages.send", said).await;
    late.as_object_mut().unwrap().remove("state");
    assert_eq!((status, late), (200, tombstone.clone()));
    nothing_more_can_be_done(&talk, group, &tombstone).await;
}

/// A second recall changes nothing and gives nothing; nothing more can be done to the message.
async fn nothing_more_can_be_done(talk: &Talk, group: ConversationId, tombstone: &Value) {
    let revs = talk.chat.kinds(group).await.len();
    assert_eq!(&talk.ok("ann", "messages.recall", at(group, 2)).await, tombstone);
    assert_eq!(talk.chat.kinds(group).await.len(), revs);
    let again = json!({"conversation": group, "seq": 2, "text": "again"});
    let refused = talk.call("ann", "messages.update", again).await;
    assert_eq!(refusal(refused), (409, "messages.gone".into()));
    let like = json!({"conversation": group, "seq": 2, "emoji": "👍"});
    for name in ["messages.react", "messages.unreact"] {
        let refused = talk.call("bob", name, like.clone()).await;
        assert_eq!(refusal(refused), (409, "messages.gone".into()));
    }
}

#[db_test]
async fn authors_recall_in_time_and_admins_at_any_time(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob", "cat", "dan"]).await;
    let role = |user: &str, role: &str| json!({"conversation": group, "user": user, "role": role});
    talk.chat.ok("ann", "members.update", role("bob", "admin")).await;
    talk.chat.ok("ann", "members.update", role("dan", "moderator")).await;
    for n in 0..6 {
        talk.send("cat", group, &format!("c{n}"), "from cat").await;
    }
    let house = &talk.chat.house;
    house.clock.advance(Duration::from_secs(119));
    let own = talk.ok("cat", "messages.recall", at(group, 1)).await;
    assert_eq!(own["recalled_content"]["text"], "from cat");
    house.clock.advance(Duration::from_secs(1));
    let late = talk.call("cat", "messages.recall", at(group, 2)).await;
    assert_eq!(refusal(late), (403, "messages.too_late".into()));
    let late = talk.call("cat", "messages.delete", for_all(group, 2)).await;
    assert_eq!(refusal(late), (403, "messages.too_late".into()));
    // What was recalled in time answers a late repeat.
    assert_eq!(talk.ok("cat", "messages.recall", at(group, 1)).await["recalled"], true);
    for user in ["dan"] {
        for (name, request) in
            [("messages.recall", at(group, 2)), ("messages.delete", for_all(group, 2))]
        {
            let refused = talk.call(user, name, request).await;
            assert_eq!(refusal(refused), (403, "messages.forbidden".into()));
        }
    }
    // An admin at any time, and without getting the words; so does an owner.
    let by_admin = talk.ok("bob", "messages.recall", at(group, 2)).await;
    assert_eq!((&by_admin["recalled"], by_admin.get("recalled_content")), (&json!(true), None));
    let by_owner = talk.ok("ann", "messages.delete", for_all(group, 3)).await;
    assert_eq!(by_owner, json!({}));
    // The backend too, which is nobody in the conversation.
    let (status, by_app) = talk.call_in(backend(&talk), "messages.recall", at(group, 4)).await;
    assert_eq!(
        (status, &by_app["recalled"], by_app.get("recalled_content")),
        (200, &json!(true), None)
    );
    let told = talk.chat.changes(group).await;
    let gone: Vec<(&str, &Value)> =
        told.iter().skip(3).map(|change| (change.kind.as_str(), &change.data["by"])).collect();
    assert_eq!(
        gone,
        [
            ("message.recalled", &json!("cat")),
            ("message.recalled", &json!("bob")),
            ("message.deleted", &json!("ann")),
            ("message.recalled", &Value::Null),
        ]
    );
    let deleted = talk.ok("cat", "messages.get", at(group, 3)).await;
    assert_eq!((&deleted["deleted"], deleted.get("recalled")), (&json!(true), None));

    // The window is the app's own.
    let longer = json!({"app": house.own.id, "settings": {"recall_window_s": 3600}});
    house.ok(&house.admin, "apps.update", longer).await;
    assert_eq!(talk.ok("cat", "messages.recall", at(group, 5)).await["recalled"], true);
    let never = json!({"app": house.own.id, "settings": {"recall_window_s": 0}});
    house.ok(&house.admin, "apps.update", never).await;
    assert_eq!(talk.call("cat", "messages.recall", at(group, 6)).await.0, 403);
}

#[db_test]
async fn in_a_direct_conversation_everybody_recalls_their_own(db: TestDb) {
    let talk = Talk::new(db).await;
    let direct = json!({"kind": "direct", "members": ["bob"]});
    let direct = talk.chat.ok("ann", "conversations.create", direct).await;
    let direct = crate::conversations_house::id_of(&direct);
    talk.send("ann", direct, "a", "hers").await;
    talk.send("bob", direct, "b", "his").await;
    let foreign = talk.call("ann", "messages.recall", at(direct, 2)).await;
    assert_eq!(refusal(foreign), (403, "messages.forbidden".into()));
    let own = talk.ok("bob", "messages.recall", at(direct, 2)).await;
    assert_eq!(own["recalled_content"], json!({"text": "his"}));
}

#[db_test]
async fn the_backend_of_another_app_finds_nothing(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob"]).await;
    talk.send("ann", group, "x", "hello").await;
    let house = &talk.chat.house;
    let actor = Actor::Server { key: KeyId::NONE, scopes: Scopes::ALL };
    let foreign = Ctx::new(&house.env, house.foreign.no, actor);
    for (name, request) in [
        ("messages.recall", at(group, 1)),
        ("messages.delete", for_all(group, 1)),
        ("messages.receipts", at(group, 1)),
    ] {
        let refused = talk.call_in(foreign.clone(), name, request.clone()).await;
        assert_eq!(refusal(refused.clone()), (404, "conversations.not_found".into()), "{name}");
        let mut nowhere = request.clone();
        nowhere["conversation"] = json!(ConversationId::NONE);
        assert_eq!(talk.call_in(backend(&talk), name, nowhere).await, refused, "{name}");
        let mut missing = request;
        missing["seq"] = json!(9);
        let missing = talk.call_in(backend(&talk), name, missing).await;
        assert_eq!(refusal(missing), (404, "messages.not_found".into()), "{name}");
    }
    // Deleting for oneself is nothing that the backend can want.
    let (status, _) = talk.call_in(backend(&talk), "messages.delete", at(group, 1)).await;
    assert_eq!(status, 403);
    assert_eq!(talk.ok("bob", "messages.get", at(group, 1)).await["text"], "hello");
}

#[db_test]
async fn a_recall_that_meets_an_edit_leaves_nothing_of_either(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob"]).await;
    for round in 0..5 {
        talk.send("ann", group, &format!("x{round}"), "secret one").await;
        let seq = round + 1;
        let change = json!({"conversation": group, "seq": seq, "text": "secret two"});
        let like = json!({"conversation": group, "seq": seq, "emoji": "👍"});
        let (edited, recalled, liked) = tokio::join!(
            talk.call("ann", "messages.update", change),
            talk.call("ann", "messages.recall", at(group, seq)),
            talk.call("bob", "messages.react", like),
        );
        assert_eq!(recalled.0, 200);
        assert!([200, 409].contains(&edited.0), "{edited:?}");
        assert!([201, 409].contains(&liked.0), "{liked:?}");
        assert_eq!(rows_with(&talk, "secret").await, Vec::<String>::new(), "round {round}");
        let left = talk.ok("bob", "messages.get", at(group, seq)).await;
        assert_eq!((&left["recalled"], left.get("reactions")), (&json!(true), None));
        let reactions = talk.ok("bob", "messages.reactions", at(group, seq)).await;
        assert_eq!(reactions, json!({"items": []}));
    }
}
