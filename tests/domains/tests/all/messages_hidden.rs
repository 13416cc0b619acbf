//! Deleting for oneself: gone for one, there for everybody else.

use hoopoe_bus::Notice;
use hoopoe_log::spans;
use hoopoe_testkit::{TestDb, db_test};
use hoopoe_wire::{ConversationId, limits};
use serde_json::{Value, json};

use crate::{
    accounts_house::{drain, must, refusal},
    messages_house::{Talk, pointer, text_message},
};

fn at(of: ConversationId, seq: i64) -> Value {
    json!({"conversation": of, "seq": seq})
}

#[db_test]
async fn what_one_deletes_for_oneself_is_there_for_the_others(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob"]).await;
    talk.say("ann", group, 5).await;
    assert_eq!(talk.mark("bob", "messages.read", group, 1).await, [1, 1, 4]);
    let mut bus = talk.listen();
    assert_eq!(talk.ok("bob", "messages.delete", at(group, 3)).await, json!({}));
    // His devices hear it, and nobody else.
    let bob = talk.chat.uid("bob").await;
    let told: Vec<Value> = drain(&mut bus)
        .into_iter()
        .map(|notice| match notice {
            Notice::Users { uids, frame } => {
                assert_eq!(uids, [bob]);
                serde_json::from_slice(&frame).unwrap()
            }
            other => panic!("{other:?}"),
        })
        .collect();
    let data = json!({"conversation": group, "seq": 3});
    let event = json!({"event": "message.hidden", "conversation": group, "data": data});
    assert_eq!(told, [event]);
    assert_eq!(talk.chat.kinds(group).await, ["conversation.created"]);

    assert_eq!(talk.page("bob", group, None, 10).await, (vec![1, 2, 4, 5], false, false));
    assert_eq!(talk.page("bob", group, Some(("after", 1)), 2).await, (vec![2, 4], true, true));
    assert_eq!(talk.page("bob", group, Some(("before", 5)), 2).await, (vec![2, 4], true, true));
    assert_eq!(talk.page("ann", group, None, 10).await.0, [1, 2, 3, 4, 5]);
    for name in ["messages.get", "messages.edits", "messages.reactions"] {
        let gone = talk.call("bob", name, at(group, 3)).await;
        assert_eq!(refusal(gone), (404, "messages.not_found".into()), "{name}");
        assert_eq!(talk.call("ann", name, at(group, 3)).await.0, 200, "{name}");
    }
    let mut quote = text_message(group, "q", "as you said");
    quote["reply_to"] = json!(3);
    assert_eq!(pointer(talk.call("bob", "messages.send", quote).await), (422, "/reply_to".into()));
    let unread = async || talk.mark("bob", "messages.delivered", group, 1).await[2];
    assert_eq!(unread().await, 3, "it does not count");

    // A repeat changes nothing; what was read counts neither before nor after.
    assert_eq!(talk.ok("bob", "messages.delete", at(group, 3)).await, json!({}));
    talk.ok("bob", "messages.delete", at(group, 1)).await;
    assert_eq!(unread().await, 3);
    assert_eq!(talk.mark("bob", "messages.read", group, 5).await, [5, 5, 0]);
    let own = talk.chat.ok("bob", "conversations.get", json!({"conversation": group})).await;
    assert_eq!((&own["head_seq"], &own["me"]["unread"]), (&json!(5), &json!(0)));
    for seq in [0, 6, -1] {
        let missing = talk.call("bob", "messages.delete", at(group, seq)).await;
        assert_eq!(refusal(missing), (404, "messages.not_found".into()), "{seq}");
    }
    // What others do to it later does not bring it back.
    talk.ok("ann", "messages.recall", at(group, 3)).await;
    assert_eq!(talk.page("bob", group, None, 10).await.0, [2, 4, 5]);
}

#[db_test]
async fn pages_stay_full_however_much_is_hidden(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob"]).await;
    talk.say("ann", group, 40).await;
    for seq in (1..=40).filter(|seq| seq % 2 == 0 || (11..=29).contains(seq)) {
        talk.ok("bob", "messages.delete", at(group, seq)).await;
    }
    assert_eq!(talk.page("bob", group, None, 6).await, (vec![9, 31, 33, 35, 37, 39], true, false));
    assert_eq!(talk.page("bob", group, Some(("before", 31)), 3).await.0, [5, 7, 9]);
    assert_eq!(talk.page("bob", group, Some(("after", 0)), 100).await.0.len(), 10);
    let around = talk.page("bob", group, Some(("around", 20)), 4).await.0;
    assert_eq!(around, [7, 9, 31, 33]);
    let unread = talk.mark("bob", "messages.delivered", group, 0).await[2];
    assert_eq!(unread, 10);
}

#[db_test]
async fn so_much_and_no_more_can_be_hidden(db: TestDb) {
    let talk = Talk::new(db).await;
    let group = talk.chat.group(&["ann", "bob"]).await;
    talk.say("ann", group, 2).await;
    let (app, bob) = (talk.chat.house.own.no, talk.chat.uid("bob").await);
    let most = i64::try_from(limits::HIDDEN_PER_CONVERSATION_MAX).unwrap();
    let filled = talk.chat.log.write(app, move |log| {
        for seq in 0..most - 1 {
            spans::hide(log.tx(), app, group, bob, 1_000 + seq)?;
        }
        Ok(())
    });
    must(filled.await);
    talk.ok("bob", "messages.delete", at(group, 1)).await;
    let one_more = talk.call("bob", "messages.delete", at(group, 2)).await;
    assert_eq!(refusal(one_more), (422, "messages.too_many_hidden".into()));
    assert_eq!(talk.page("bob", group, None, 10).await.0, [2]);
}
