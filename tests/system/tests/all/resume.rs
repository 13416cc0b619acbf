//! A client that was away holds in the end what it would have held.

use hoopoe_testkit::{client::text_message, harness::PATIENCE, journal::What, peer::State};
use serde_json::json;

use crate::house::{House, Store};

async fn away_and_back(store: Store, missed: usize) {
    let house = House::open_with(store, |launch| launch).await.with_people(&["ann", "bob"]).await;
    let conversation = house.direct("ann", "bob").await;
    let (ann, bob) =
        (house.peer("ann", "phone", false).await, house.peer("bob", "phone", true).await);
    ann.send(&conversation, "before");
    let holds = |count: u64| {
        let conversation = conversation.clone();
        move |state: &State| state.logs.get(&conversation).is_some_and(|log| log.filled_to >= count)
    };
    bob.until(PATIENCE, "the first message is there", holds(1)).await;
    bob.cut();
    for number in 0..missed {
        ann.send(&conversation, &format!("while away {number}"));
    }
    let all = missed as u64 + 1;
    bob.until(PATIENCE, "what was missed is there", holds(all)).await;
    bob.until(PATIENCE, "a second session is started", |state| state.starts >= 2).await;
    ann.send(&conversation, "after");
    bob.until(PATIENCE, "live events flow again", holds(all + 1)).await;
    for peer in [&ann, &bob] {
        peer.settle().await;
    }
    house.judge(&[(&conversation, &["ann", "bob"])]).await;
}

#[tokio::test]
async fn a_short_absence_is_made_good() {
    away_and_back(Store::Embedded, 7).await;
}

#[tokio::test]
async fn a_long_absence_is_made_good_page_by_page() {
    away_and_back(Store::Embedded, 250).await;
}

#[tokio::test]
async fn an_absence_is_made_good_on_postgres() {
    away_and_back(Store::Postgres, 40).await;
}

#[tokio::test]
async fn many_reconnections_under_way_lose_nothing() {
    let house = House::open().await.with_people(&["ann", "bob"]).await;
    let conversation = house.direct("ann", "bob").await;
    let (ann, bob) =
        (house.peer("ann", "phone", true).await, house.peer("bob", "phone", true).await);
    for number in 0..200_u32 {
        ann.send(&conversation, &format!("{number}"));
        bob.send(&conversation, &format!("{number}"));
        if number % 40 == 20 {
            ann.cut();
            bob.cut();
            // The cut falls amidst the sends of this round, whose acks it takes away.
            let starts = u64::from(number / 40) + 2;
            ann.until(PATIENCE, "ann is back", |state| state.starts >= starts).await;
        }
    }
    for peer in [&ann, &bob] {
        peer.until(PATIENCE, "its outbox is empty", |state| state.unacked() == 0).await;
    }
    for peer in [&ann, &bob] {
        peer.settle().await;
        assert_eq!(peer.look(|state| state.refused.clone()), [""; 0]);
    }
    house.judge(&[(&conversation, &["ann", "bob"])]).await;
}

#[tokio::test]
async fn a_cursor_narrows_what_a_start_tells() {
    let house = House::open().await.with_people(&["ann", "bob"]).await;
    let conversation = house.direct("ann", "bob").await;
    let socket = house.socket("ann", "phone").await;
    let first = socket.start(house.token("ann"), None).await.unwrap();
    assert_eq!(first["heads"][0]["conversation"], *conversation);
    assert_ne!(first["reset"], json!(true));
    let cursor = first["cursor"].as_str().unwrap();
    let again = house.socket("ann", "tablet").await;
    let second = again.start(house.token("ann"), Some(cursor)).await.unwrap();
    assert_eq!((&second["epoch"], &second["digest"]), (&first["epoch"], &first["digest"]));
    assert_ne!(second["reset"], json!(true));
    let strange = house.socket("ann", "desktop").await;
    let third = strange.start(house.token("ann"), Some("of another house")).await.unwrap();
    assert_eq!(third["reset"], json!(true), "a cursor of nowhere begins anew");
    assert_eq!(third["heads"][0]["conversation"], *conversation);
}

#[tokio::test]
async fn the_first_frame_of_a_socket_is_the_reply_to_its_start() {
    let house = House::open().await.with_people(&["ann", "bob"]).await;
    let conversation = house.direct("ann", "bob").await;
    let writer = house.connect("bob").await;
    for round in 0..20 {
        let pending = writer
            .post("messages.send", &text_message(&conversation, &format!("r{round}"), "meanwhile"));
        let socket = house.connect("ann").await;
        pending.outcome().await.unwrap();
        socket.fence().await;
        let who = socket.who().clone();
        let entries = house.journal.entries();
        let own = entries.iter().filter(|entry| entry.who == who);
        let first = own.map(|entry| &entry.what).find(|what| {
            matches!(what, What::Seen { .. } | What::Push { .. } | What::Receipt { .. })
        });
        assert!(matches!(first, Some(What::Seen { start: true, .. })), "{first:?}");
    }
    house.judge(&[(&conversation, &["ann", "bob"])]).await;
}
