//! The log on a database that many nodes share and whose answers can be lost.

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use hoopoe_db::{Db, WriteTx};
use hoopoe_kernel::{AppNo, Uid};
use hoopoe_log::{AudienceChange, ClientId, Log, NewChange, NewMessage, Writing};
use hoopoe_testkit::{TestDb, db_test, harness::within, test_env_seeded};
use hoopoe_wire::{ConversationId, UserId};
use parking_lot::Mutex;

use crate::postgres::{Proxy, connect};

const APP: AppNo = AppNo(1);
const ROOM: ConversationId = ConversationId([7; 16]);
/// Far below the server's statement timeout, which would end a deadlock that it cannot see.
const SOON: Duration = Duration::from_secs(8);
const MOVES: &str = "SELECT n FROM moves WHERE lane = $1 ORDER BY n";
/// Sessions of this database that wait for a lock now; `pg_stat_activity` alone is a snapshot.
const WAITING: &str = "SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND pid IN \
    (SELECT pid FROM pg_stat_activity WHERE datname = current_database())";

async fn open(db: Db, seed: u64) -> Log {
    Log::open(db, test_env_seeded(seed).env).await.unwrap()
}

/// A log with one conversation.
async fn with_room(db: Db) -> Log {
    let log = open(db, 1).await;
    assert!(log.write(APP, |log| log.create(ROOM)).await.unwrap());
    log
}

fn message(name: &str) -> NewMessage {
    NewMessage {
        app: APP,
        conversation: ROOM,
        sender: Uid(1),
        sender_id: UserId::none(),
        client_id: ClientId::parse(name).expect("a short text"),
        hash: [1; 16],
        kind: "text",
        body: (&br#"{"text":"hi"}"#[..]).into(),
        quotes: None,
        writing: Writing::AsServer,
    }
}

fn change() -> NewChange {
    NewChange {
        conversation: ROOM,
        kind: "conversation.updated",
        target_seq: None,
        actor: Uid(1),
        data: (&b"{}"[..]).into(),
        audience: AudienceChange::Same,
    }
}

#[db_test(postgres)]
async fn a_commit_whose_answer_is_lost_does_not_stop_the_log(db: TestDb) {
    db.migrate(&[hoopoe_log::MIGRATIONS]).await;
    let (proxy, url) = Proxy::before(db.url().expect("it is on a server")).await;
    let log = with_room(connect(&url).await).await;
    assert_eq!(log.append(message("a")).await.unwrap().seq, 1);

    proxy.cuts_commits.store(true, Ordering::Relaxed);
    let unknown = within(SOON, "an answer", log.append(message("b"))).await.unwrap_err();
    assert_eq!(unknown.code().status, 503, "{unknown}");
    proxy.cuts_commits.store(false, Ordering::Relaxed);

    let next = within(SOON, "an answer", log.append(message("c"))).await.unwrap();
    assert_eq!((next.seq, next.is_repeat), (3, false));
    let again = within(SOON, "an answer", log.append(message("b"))).await.unwrap();
    assert_eq!((again.seq, again.is_repeat), (2, true), "it was stored, and is found again");
    let last = within(SOON, "an answer", log.append(message("d"))).await.unwrap();
    assert_eq!((last.seq, last.is_repeat), (4, false));
    assert_lanes_are_gapless(&db.db, 4).await;
}

/// Whoever follows a lane stops at a hole.
async fn assert_lanes_are_gapless(db: &Db, count: usize) {
    let lanes = db.read(|tx| Ok(hoopoe_log::moves::lanes(tx)?)).await.unwrap();
    let mut found = 0;
    for lane in lanes {
        let read = db.read(move |tx| Ok(tx.all(MOVES, &[lane.into()], |row| row.int(0))?));
        let numbers = read.await.unwrap();
        let gapless: Vec<i64> = (1..).take(numbers.len()).collect();
        assert_eq!(numbers, gapless, "lane {lane}");
        found += numbers.len();
    }
    assert_eq!(found, count);
}

#[db_test]
async fn a_batch_of_repeats_leaves_no_hole_in_the_lane(db: TestDb) {
    db.migrate(&[hoopoe_log::MIGRATIONS]).await;
    let log = with_room(db.db.clone()).await;
    for (name, seq) in [("a", 1), ("a", 1), ("b", 2), ("b", 2), ("c", 3)] {
        let appended = within(SOON, "an answer", log.append(message(name))).await.unwrap();
        assert_eq!(appended.seq, seq);
    }
    assert_lanes_are_gapless(&db.db, 3).await;
}

#[db_test(postgres)]
async fn a_lane_that_waits_for_a_transaction_does_not_hold_it_up(db: TestDb) {
    db.migrate(&[hoopoe_log::MIGRATIONS]).await;
    let log = with_room(db.db.clone()).await;
    log.append(message("a")).await.unwrap();
    let (locked, is_locked) = tokio::sync::oneshot::channel();
    let locked = Mutex::new(Some(locked));
    let changing = tokio::spawn({
        let log = log.clone();
        async move {
            log.write(APP, move |log| {
                log.lock(ROOM)?;
                if let Some(locked) = locked.lock().take() {
                    locked.send(()).expect("the test waits for it");
                    wait_for_a_waiter(log.tx())?;
                }
                log.change(change())
            })
            .await
        }
    });
    within(SOON, "the head lock", is_locked).await.unwrap();
    let appended = within(SOON, "the message", log.append(message("b")));
    let (appended, changed) = tokio::join!(appended, within(SOON, "the change", changing));
    assert_eq!(appended.unwrap().seq, 2);
    assert_eq!(changed.unwrap().unwrap().rev, 1);
}

fn wait_for_a_waiter(tx: &mut dyn WriteTx) -> Result<(), hoopoe_db::DbError> {
    while tx.as_read().first(WAITING, &[], |row| row.int(0))? == Some(0) {
        std::thread::yield_now();
    }
    Ok(())
}

#[db_test(postgres)]
async fn two_nodes_share_one_conversation(db: TestDb) {
    const EACH: usize = 120;
    db.migrate(&[hoopoe_log::MIGRATIONS]).await;
    let one = with_room(db.db.clone()).await;
    let other = open(db.open_again().await, 2).await;
    let mut sending = Vec::new();
    for (node, log) in [one, other].into_iter().enumerate() {
        let log = Arc::new(log);
        for number in 0..EACH {
            let log = log.clone();
            sending.push(tokio::spawn(async move {
                log.append(message(&format!("{node}-{number}"))).await
            }));
        }
        for _ in 0..10 {
            let log = log.clone();
            tokio::spawn(async move { log.write(APP, |log| log.change(change())).await });
        }
    }
    let mut seqs = BTreeSet::new();
    for one in sending {
        let appended = within(SOON * 3, "an answer", one).await.unwrap().unwrap();
        assert!(seqs.insert(appended.seq), "{} was given twice", appended.seq);
    }
    let expected: BTreeSet<i64> = (1..).take(2 * EACH).collect();
    assert_eq!(seqs, expected, "gapless");
}
