//! The epoch: what a node does when the database has less than it acknowledged.

use hoopoe_testkit::{
    TestDb, db_test,
    harness::{PATIENCE, within},
};

use crate::log_house::{ANN, APP, House, ROOM, members_change, message};

const LOST: &[&str] = &[
    "DELETE FROM messages WHERE seq > 1",
    "DELETE FROM client_keys WHERE seq > 1",
    "UPDATE heads SET seq = 1",
];

/// A standby has taken over that lacks the end.
async fn lose(db: &TestDb, statements: &'static [&'static str]) {
    let written = db.db.write(move |tx| {
        for statement in statements {
            tx.execute(statement, &[])?;
        }
        Ok(())
    });
    written.await.expect("a loss");
}

#[db_test(postgres)]
async fn a_head_below_what_was_acknowledged_begins_a_new_epoch(db: TestDb) {
    let house = House::open(&db).await;
    let epoch = house.log.epoch();
    for client in ["a", "b", "c"] {
        house.say(ANN, client).await;
    }
    lose(&db, LOST).await;
    let mut feed = house.log.feed();
    assert_eq!(house.say(ANN, "d").await.seq, 2);
    let batch = within(PATIENCE, "the feed", feed.recv()).await.expect("a batch");
    let new = house.log.epoch();
    assert!(batch.epoch == new && new > epoch, "{} {new} {epoch}", batch.epoch);
    // Whoever sent it offers it again under its old id.
    let again = house.say(ANN, "b").await;
    assert_eq!((again.seq, again.is_repeat), (3, false));
    assert_eq!(house.log.epoch(), new, "once is enough");
    let next = House::node(db.db.clone(), 2).await;
    assert_eq!(next.log.epoch(), new, "it is the database's");
}

#[db_test(postgres)]
async fn lost_changes_and_lost_conversations_are_seen_as_well(db: TestDb) {
    let house = House::open(&db).await;
    let epoch = house.log.epoch();
    let change = || house.write(|log| log.change(members_change(ROOM)));
    assert_eq!((change().await.rev, house.log.epoch()), (2, epoch));
    lose(&db, &["DELETE FROM changes WHERE rev > 1", "UPDATE heads SET rev = 1"]).await;
    assert_eq!(change().await.rev, 2);
    let second = house.log.epoch();
    assert!(second > epoch);
    lose(&db, &["DELETE FROM heads"]).await;
    let mut feed = house.log.feed();
    let gone = house.outcome(message(ROOM, ANN, "a")).await;
    assert_eq!(gone, Err("conversations.not_found"));
    let batch = within(PATIENCE, "the feed", feed.recv()).await.expect("a batch");
    assert_eq!((batch.epoch > second, batch.items.len()), (true, 0), "everybody is told");
}

#[db_test]
async fn an_epoch_is_told_in_its_place_and_found_by_other_processes(db: TestDb) {
    let house = House::open(&db).await;
    let other = House::node(db.db.clone(), 2).await;
    let (mut here, mut there) = (house.log.feed(), other.log.feed());
    let before = house.log.epoch();
    house.say(ANN, "a").await;
    let epoch = house.log.begin_epoch().await.expect("an epoch");
    house.say(ANN, "b").await;
    let mut told = Vec::new();
    for _ in 0..3 {
        let batch = within(PATIENCE, "the feed", here.recv()).await.expect("a batch");
        told.push((batch.epoch, batch.items.len()));
    }
    assert_eq!(told, [(before, 1), (epoch, 0), (epoch, 1)]);
    assert_eq!((house.log.epoch(), other.log.epoch()), (epoch, before));
    other.log.tend().await.expect("a sweep");
    let batch = within(PATIENCE, "the feed", there.recv()).await.expect("a batch");
    assert_eq!((batch.epoch, batch.items.len(), other.log.epoch()), (epoch, 0, epoch));
    other.log.tend().await.expect("a sweep");
    assert!(there.try_recv().is_err(), "it is told once");
    let read = db.db.read(|tx| Ok(hoopoe_log::heads::find(tx, APP, ROOM)?));
    assert_eq!(read.await.expect("a read").expect("a head").seq, 2);
}
