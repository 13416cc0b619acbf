//! Several devices of one user: what one does, another that was away is told.

use std::time::Duration;

use hoopoe_log::state;
use hoopoe_testkit::{TestDb, db_test};
use hoopoe_wire::{ConversationId, conversations::StartPage};
use serde_json::{Value, json};

use crate::{accounts_house::must, messages_house::Talk};

const READ: &str = "messages.read";

async fn start(talk: &Talk, user: &str, cursor: Option<&str>) -> StartPage {
    let (ctx, uid) = (talk.chat.ctx(user).await, talk.chat.uid(user).await);
    must(talk.chat.conversations.start_page(&ctx, uid, cursor).await)
}

/// The state as a client gets it, without its numbers.
fn state(page: &StartPage) -> Vec<Value> {
    let items = page.state.iter().map(|item| {
        let mut json = serde_json::to_value(item).expect("JSON");
        json.as_object_mut().and_then(|fields| fields.remove("rev"));
        json
    });
    items.collect()
}

async fn state_head(talk: &Talk, user: &str) -> i64 {
    let uid = talk.chat.uid(user).await;
    must(talk.chat.log.db().read(move |tx| Ok(state::head(tx, uid)?)).await)
}

fn hour(talk: &Talk) {
    talk.chat.house.clock.advance(Duration::from_secs(3_600));
}

#[db_test]
async fn a_device_that_was_away_is_told_what_the_others_did(db: TestDb) {
    let talk = Talk::new(db).await;
    let quiet = talk.chat.group(&["bob", "ann"]).await;
    let left = talk.chat.group(&["bob", "ann"]).await;
    talk.say("bob", quiet, 3).await;
    hour(&talk);
    let phone = start(&talk, "ann", None).await;
    assert_eq!((phone.state.len(), phone.heads.len()), (0, 2), "the heads say it all");
    hour(&talk);

    talk.mark("ann", READ, quiet, 3).await;
    talk.chat.ok("ann", "conversations.leave", json!({"conversation": left})).await;
    let (token, _) = talk.chat.house.token("ann").await;
    let nobody = json!({"presence": "nobody"});
    talk.chat.house.ok(&token, "settings.update", nobody.clone()).await;
    let new = talk.chat.group(&["bob", "ann"]).await;

    let back = start(&talk, "ann", Some(&phone.cursor)).await;
    let wanted = [
        json!({"kind": "read", "conversation": quiet, "read_seq": 3}),
        json!({"kind": "membership", "conversation": left, "removed": true}),
        json!({"kind": "settings", "settings": nobody}),
        json!({"kind": "membership", "conversation": new}),
    ];
    assert_eq!(state(&back), wanted);
    let heads: Vec<ConversationId> = back.heads.iter().map(|head| head.conversation).collect();
    assert_eq!(heads, [new], "nothing has moved in the quiet one");
    let again = start(&talk, "ann", Some(&back.cursor)).await;
    assert_eq!((again.state.len(), again.state_more), (0, false));
    // Over REST the same.
    let sync = talk.chat.ok("ann", "sync.get", json!({"cursor": phone.cursor})).await;
    assert_eq!(sync["state"], serde_json::to_value(&back.state).unwrap());
    let bob = start(&talk, "bob", Some(&phone.cursor)).await;
    assert!(bob.state.iter().all(|item| item.rev > 0), "another user's cursor harms nobody");
}

#[db_test]
async fn marks_of_fresh_messages_travel_with_their_heads(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["bob", "ann"]).await;
    let before = state_head(&talk, "ann").await;
    let away = start(&talk, "ann", None).await;
    talk.say("bob", group, 2).await;
    talk.mark("ann", READ, group, 1).await;
    talk.chat.house.clock.advance(Duration::from_secs(300));
    talk.mark("ann", READ, group, 2).await;
    assert_eq!(state_head(&talk, "ann").await, before, "no row is written for them");
    let back = start(&talk, "ann", Some(&away.cursor)).await;
    assert_eq!((back.heads[0].head_seq, back.heads[0].read_seq), (2, 2));
    // One that is written later is in one place or the other for every device, however long it was
    // away.
    talk.say("bob", group, 1).await;
    talk.chat.house.clock.advance(Duration::from_secs(301));
    let late = start(&talk, "ann", None).await;
    talk.mark("ann", READ, group, 3).await;
    talk.mark("ann", READ, group, 2).await;
    talk.mark("ann", "messages.delivered", group, 3).await;
    assert_eq!(state_head(&talk, "ann").await, before + 1, "once, and only when it moves");
    let back = start(&talk, "ann", Some(&late.cursor)).await;
    let wanted = json!({"kind": "read", "conversation": group, "read_seq": 3});
    assert_eq!(state(&back), [wanted]);
}

#[db_test]
async fn many_changes_come_in_pieces(db: TestDb) {
    let talk = Talk::new(db).await;
    let mut page = start(&talk, "ann", None).await;
    let mut made = Vec::new();
    for _ in 0..230 {
        made.push(talk.chat.group(&["bob", "ann"]).await);
    }
    let (mut told, mut pieces) = (Vec::new(), Vec::new());
    loop {
        page = start(&talk, "ann", Some(&page.cursor)).await;
        told.extend(state(&page));
        pieces.push(page.state.len());
        if !page.state_more {
            break;
        }
    }
    let wanted: Vec<Value> =
        made.iter().map(|id| json!({"kind": "membership", "conversation": id})).collect();
    assert_eq!((told, pieces), (wanted, vec![100, 100, 30]));
}

#[db_test]
async fn state_that_is_gone_makes_the_cursor_void(db: TestDb) {
    let talk = Talk::new(db).await;
    talk.chat.group(&["ann", "bob"]).await;
    talk.chat.group(&["ann", "bob"]).await;
    let before = start(&talk, "ann", None).await;
    let uid = talk.chat.uid("ann").await;
    let lost = talk.chat.log.db().write(move |tx| {
        tx.execute("DELETE FROM user_state WHERE uid = $1 AND rev > 1", &[uid.0.into()])?;
        tx.execute("UPDATE user_heads SET rev = 1 WHERE uid = $1", &[uid.0.into()])?;
        Ok(())
    });
    must(lost.await);
    let after = start(&talk, "ann", Some(&before.cursor)).await;
    assert_eq!((after.reset, after.heads.len()), (true, 1), "everything that is left is told");
    let next = start(&talk, "ann", Some(&after.cursor)).await;
    assert!(!next.reset);
}
