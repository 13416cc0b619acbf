//! Sync: the heads that moved, the digest that tells the truth, and the full list.

use std::{collections::BTreeMap, time::Duration};

use hoopoe_log::Log;
use hoopoe_testkit::{TestDb, db_test};
use hoopoe_wire::ConversationId;
use serde_json::{Value, json};

use crate::{
    accounts_house::{must, refusal, text},
    conversations_house::{Chat, id_of},
};

/// What a client has: seq and rev by conversation.
type Have = BTreeMap<ConversationId, (i64, i64)>;

fn take_in(have: &mut Have, heads: &Value) {
    for head in heads.as_array().expect("heads") {
        let number = |field: &str| head[field].as_i64().expect("a number");
        let id = text(&head["conversation"]).parse().expect("an id");
        have.insert(id, (number("head_seq"), number("head_rev")));
    }
}

fn digest(have: &Have) -> String {
    hoopoe_conversations::digest(have.iter().map(|(id, (seq, rev))| (*id, *seq, *rev)).collect())
}

/// All pages of the full list, and how many there were.
async fn full_list(chat: &Chat, user: &str) -> (Have, usize, Value) {
    let first = chat.ok(user, "sync.get", json!({})).await;
    let (mut have, mut pages, mut page) = (Have::new(), 1, first.clone());
    take_in(&mut have, &page["heads"]);
    while let Some(next) = page["next_page"].as_str() {
        page = chat.ok(user, "sync.get", json!({"page": next})).await;
        assert!(page.get("digest").is_none(), "only the first page pays for it");
        take_in(&mut have, &page["heads"]);
        pages += 1;
    }
    (have, pages, first)
}

#[db_test]
async fn a_cursor_gives_what_moved_and_the_digest_agrees(db: TestDb) {
    let chat = Chat::new(db).await;
    let quiet = chat.group(&["ann", "bob"]).await;
    let busy = chat.group(&["ann", "bob"]).await;
    let (mut have, pages, first) = full_list(&chat, "ann").await;
    assert_eq!((have.len(), pages), (2, 1));
    assert_eq!(have[&quiet], (0, 1));
    assert_eq!(first["digest"], digest(&have));
    assert!(first.get("reset").is_none());

    // Longer than the overlap, so that the quiet one is not told again.
    chat.house.clock.advance(Duration::from_secs(3_600));
    let cursor = chat.ok("ann", "sync.get", json!({})).await["cursor"].clone();
    chat.house.clock.advance(Duration::from_secs(3_600));
    must(chat.say("bob", busy).await);
    must(chat.say("ann", busy).await);
    let moved = chat.ok("ann", "sync.get", json!({"cursor": cursor})).await;
    assert_eq!(moved["heads"].as_array().map(Vec::len), Some(1));
    assert_eq!(moved["heads"][0]["head_seq"], 2);
    take_in(&mut have, &moved["heads"]);
    assert_eq!(moved["digest"], digest(&have));

    // What moved shortly before the cursor is told again: clocks are not to be trusted.
    chat.house.clock.advance(Duration::from_secs(599));
    let again = chat.ok("ann", "sync.get", json!({"cursor": moved["cursor"]})).await;
    assert_eq!(again["heads"], moved["heads"]);
}

#[db_test]
async fn a_session_starts_with_the_newest_and_says_when_there_is_more(db: TestDb) {
    let chat = Chat::new(db).await;
    let mut groups = Vec::new();
    for _ in 0..103 {
        chat.house.clock.advance(Duration::from_millis(1));
        groups.push(chat.group(&["ann", "bob"]).await);
    }
    chat.house.clock.advance(Duration::from_millis(1));
    must(chat.say("bob", groups[0]).await);
    let (ctx, uid) = (chat.ctx("ann").await, chat.uid("ann").await);
    let start = must(chat.conversations.start_page(&ctx, uid, None).await);
    assert_eq!((start.heads.len(), start.more, start.reset), (100, true, false));
    assert_eq!((start.heads[0].conversation, start.heads[0].head_seq), (groups[0], 1));
    assert_eq!(start.heads[1].conversation, groups[102]);
    assert_eq!(start.epoch, chat.log.epoch());

    let (have, pages, first) = full_list(&chat, "ann").await;
    assert_eq!((have.len(), pages), (103, 2));
    assert_eq!(first["digest"], start.digest);
    assert_eq!(digest(&have), start.digest);

    // With a cursor, the rest is on the pages behind it.
    let first = chat.ok("ann", "sync.get", json!({"cursor": start.cursor})).await;
    let request = json!({"cursor": start.cursor, "page": first["next_page"]});
    let rest = chat.ok("ann", "sync.get", request).await;
    let mut moved = Have::new();
    take_in(&mut moved, &first["heads"]);
    take_in(&mut moved, &rest["heads"]);
    assert_eq!(moved, have);
    assert!(rest.get("next_page").is_none());
    let mixed = json!({"page": first["next_page"]});
    assert_eq!(refusal(chat.call("ann", "sync.get", mixed).await).0, 422, "another list's page");

    chat.house.clock.advance(Duration::from_secs(3_600));
    let later = must(chat.conversations.start_page(&ctx, uid, Some(&start.cursor)).await);
    assert_eq!(later.heads.len(), 100, "all of it was within ten minutes before the cursor");
    let quiet = must(chat.conversations.start_page(&ctx, uid, Some(&later.cursor)).await);
    assert_eq!((quiet.heads.len(), quiet.more), (0, false));
    assert_eq!(quiet.digest, start.digest, "nothing moved");
}

#[db_test]
async fn what_was_left_shows_in_the_digest_and_on_no_page(db: TestDb) {
    let chat = Chat::new(db).await;
    let kept = chat.group(&["ann", "bob"]).await;
    let lost = chat.group(&["bob", "ann"]).await;
    let (mut have, _, first) = full_list(&chat, "ann").await;
    let cursor = first["cursor"].clone();
    let request = json!({"conversation": lost, "user": "ann"});
    chat.ok("bob", "members.remove", request).await;
    let moved = chat.ok("ann", "sync.get", json!({"cursor": cursor})).await;
    take_in(&mut have, &moved["heads"]);
    assert_ne!(moved["digest"], digest(&have), "the client still has one too many");
    let (have, _, first) = full_list(&chat, "ann").await;
    assert_eq!(have.keys().collect::<Vec<_>>(), [&kept]);
    assert_eq!(first["digest"], digest(&have));

    let back = json!({"conversation": lost, "users": ["ann"]});
    chat.ok("bob", "members.add", back).await;
    let (have, _, first) = full_list(&chat, "ann").await;
    assert_eq!((have.len(), have[&lost]), (2, (0, 3)));
    assert_eq!(first["digest"], digest(&have));
}

#[db_test]
async fn messages_between_two_pages_hide_nothing(db: TestDb) {
    let chat = Chat::new(db).await;
    let mut groups = Vec::new();
    for _ in 0..150 {
        groups.push(chat.group(&["ann", "bob"]).await);
    }
    let first = chat.ok("ann", "sync.get", json!({})).await;
    let mut have = Have::new();
    take_in(&mut have, &first["heads"]);
    assert_eq!(have.len(), 100);
    for group in groups.iter().filter(|group| !have.contains_key(group)) {
        chat.house.clock.advance(Duration::from_millis(1));
        must(chat.say("bob", *group).await);
    }
    let rest = chat.ok("ann", "sync.get", json!({"page": first["next_page"]})).await;
    take_in(&mut have, &rest["heads"]);
    assert_eq!(have.len(), 150, "those that moved are still on the next page");
}

#[db_test]
async fn another_epoch_begins_from_the_beginning(db: TestDb) {
    let chat = Chat::new(db).await;
    let id = id_of(
        &chat.ok("ann", "conversations.create", json!({"kind": "group", "members": []})).await,
    );
    chat.house.clock.advance(Duration::from_secs(3_600));
    let cursor = chat.ok("ann", "sync.get", json!({})).await["cursor"].clone();
    let epoch = must(chat.log.begin_epoch().await);
    let log = must(Log::open(chat.house.db.db.clone(), chat.house.env.clone()).await);
    let next = hoopoe_conversations::Conversations::new(log, chat.house.accounts.clone());
    let (ctx, uid) = (chat.ctx("ann").await, chat.uid("ann").await);
    let start = must(next.start_page(&ctx, uid, cursor.as_str()).await);
    assert_eq!((start.epoch, start.reset), (epoch, true));
    assert_eq!(start.heads.first().map(|head| head.conversation), Some(id), "everything is told");
    let fresh = must(next.start_page(&ctx, uid, Some(&start.cursor)).await);
    assert!(!fresh.reset);
    let garbage = must(next.start_page(&ctx, uid, Some("garbage")).await);
    assert!(garbage.reset && garbage.heads.len() == 1, "a client that lost its cursor heals");
}
