//! Editing, recalling, deleting and reacting by many at once and by both doors; then the journal is
//! judged: what was taken back is nowhere, and everything else is as it was.

use hoopoe_testkit::{harness::fail, journal::Name, rest::Rest};
use serde_json::{Value, json};

use crate::house::{House, Store};

const MESSAGES: u64 = 30;

async fn turmoil(store: Store) {
    let people = ["ann", "bob", "cat"];
    let house = House::open_with(store, |launch| launch).await.with_people(&people).await;
    let group = house.group(&people).await;
    let (ann, bob, cat) =
        (house.connect("ann").await, house.connect("bob").await, house.connect("cat").await);
    let by_rest = house.rest.with_token("bob", house.token("bob"), &house.journal);
    let with = |seq: u64, key: &str, value: &str| {
        let mut request = json!({"conversation": &*group, "seq": seq});
        request[key] = json!(value);
        request
    };
    for n in 0..MESSAGES {
        ann.send(&group, &format!("m{n}"), &format!("words {n}")).await.unwrap();
    }
    // Each may find the message gone already; nothing else may be refused.
    let gone_or_fine = |result: Result<Value, u16>| match result {
        Ok(_) | Err(409) => {}
        Err(status) => fail(format!("refused with {status}")),
    };
    let edits = async {
        for seq in 1..=MESSAGES {
            let edit = with(seq, "text", &format!("other words {seq}"));
            gone_or_fine(ann.call("messages.update", edit).await.map_err(|e| e.status()));
        }
    };
    let recalls = async {
        for seq in (1..=MESSAGES).step_by(3) {
            let recalled = ann.must("messages.recall", at(&group, seq)).await;
            assert_eq!((&recalled["seq"], &recalled["recalled"]), (&json!(seq), &json!(true)));
            assert!(recalled["recalled_content"]["text"].is_string(), "{recalled}");
        }
    };
    let likes = async {
        for seq in 1..=MESSAGES {
            let like = with(seq, "emoji", "👍🏽");
            gone_or_fine(by_rest.call("messages.react", like).await.map_err(|e| e.status()));
        }
    };
    let reads = async {
        for _ in 0..10 {
            cat.must("messages.list", json!({"conversation": &*group, "limit": 100})).await;
        }
    };
    tokio::join!(edits, recalls, likes, reads);

    // The backend deletes for everybody; cat for herself.
    house.rest.must("messages.delete", with(2, "scope", "all")).await;
    cat.must("messages.unread", at(&group, 3)).await;
    for connection in [&ann, &bob, &cat] {
        connection.fence().await;
    }
    what_is_left(&group, &by_rest).await;
    let left = by_rest.must("messages.unreact", with(3, "emoji", "👍🏽")).await;
    assert_eq!(left, json!({"seq": 3, "reactions": []}));
    // A late repeat of a send is answered with what is left of it.
    let late = ann.send(&group, "m0", "words 0").await.unwrap();
    assert_eq!((&late["seq"], &late["deleted"], late.get("text")), (&json!(1), &json!(true), None));
    let receipts = house.rest.must("messages.receipts", at(&group, 3)).await;
    assert_eq!((&receipts["member_count"], &receipts["read_count"]), (&json!(2), &json!(0)));
    house.judge(&[(&group, &people)]).await;
}

/// Every third message and the second are gone; the others are as the last edit left them.
async fn what_is_left(group: &Name, by_rest: &Rest) {
    let page = by_rest.must("messages.list", json!({"conversation": &**group, "limit": 100})).await;
    let items = page["items"].as_array().unwrap();
    assert_eq!(items.len() as u64, MESSAGES);
    for (seq, item) in (1..).zip(items) {
        let is_gone = seq % 3 == 1 || seq == 2;
        assert_eq!(item["deleted"] == true, is_gone, "{item}");
        if !is_gone {
            assert_eq!(item["text"], format!("other words {seq}"));
            let own = json!([{"emoji": "👍🏽", "count": 1, "me": true}]);
            assert_eq!(item["reactions"], own);
            let edits = by_rest.must("messages.edits", at(group, seq)).await;
            assert_eq!(edits["items"][0]["text"], format!("words {}", seq - 1));
        }
    }
}

fn at(group: &str, seq: u64) -> Value {
    json!({"conversation": group, "seq": seq})
}

#[tokio::test]
async fn what_is_taken_back_by_many_at_once_is_gone() {
    turmoil(Store::Embedded).await;
}

#[tokio::test]
async fn what_is_taken_back_by_many_at_once_is_gone_on_postgres() {
    turmoil(Store::Postgres).await;
}
