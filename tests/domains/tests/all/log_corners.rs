//! Corners of the log in which something once was wrong, or easily could be.

use hoopoe_db::MigrationChain;
use hoopoe_kernel::Uid;
use hoopoe_log::{
    Marks, NewMessage, WriteGate, Writing,
    consume::{Consumer, Cursor},
    messages::{self, At},
    redact, spans,
};
use hoopoe_testkit::{
    TestDb, db_test,
    harness::{PATIENCE, within},
};
use hoopoe_wire::{ConversationId, codes};

use crate::log_house::{ANN, APP, BOB, House, ROOM, kept, members_change, message};

fn quoting(seq: i64, client: &str) -> NewMessage {
    NewMessage { quotes: Some(seq), ..message(ROOM, ANN, client) }
}

#[db_test]
async fn what_was_stored_is_answered_again_whatever_has_changed_since(db: TestDb) {
    let house = House::open(&db).await;
    house.say(BOB, "first").await;
    let (plain, quote) = (message(ROOM, ANN, "plain"), quoting(1, "quote"));
    assert_eq!(house.outcome(plain.clone()).await, Ok(2));
    assert_eq!(house.outcome(quote.clone()).await, Ok(3));
    house.write(|log| log.trim(ROOM, 1)).await;
    assert_eq!(house.outcome(quote).await, Ok(3), "though its quote is gone");
    house.write(|log| log.set_gate(ROOM, ANN, WriteGate::Closed)).await;
    assert_eq!(house.outcome(plain.clone()).await, Ok(2), "though she is muted");
    let muted = house.outcome(message(ROOM, ANN, "muted")).await;
    assert_eq!(muted, Err(codes::MESSAGE_FORBIDDEN.code), "a new one is another thing");
    house.write(|log| log.close_span(ROOM, ANN)).await;
    let repeated = house.send(plain.clone()).await.expect("though she is gone");
    assert!(repeated.is_repeat);
    let other = NewMessage { hash: [7; 16], ..plain };
    assert_eq!(house.outcome(other).await, Err(codes::CONVERSATION_NOT_FOUND.code));
    let new = message(ROOM, ANN, "new");
    assert_eq!(house.outcome(new).await, Err(codes::CONVERSATION_NOT_FOUND.code));
    assert_eq!(house.head(ROOM).await.seq, 3);
}

#[db_test]
async fn a_trimmed_message_cannot_be_quoted(db: TestDb) {
    let house = House::open(&db).await;
    for client in ["a", "b", "c"] {
        house.say(ANN, client).await;
    }
    assert_eq!(house.outcome(quoting(1, "d")).await, Ok(4));
    assert_eq!(house.write(|log| log.trim(ROOM, 2)).await, 2);
    for seq in [0, 1, 2, 6, i64::MIN, i64::MAX] {
        let client = format!("to {seq}");
        assert_eq!(house.outcome(quoting(seq, &client)).await, Err(codes::INVALID.code), "{seq}");
    }
    assert_eq!(house.outcome(quoting(3, "e")).await, Ok(5));
    for seq in [6, 2, 1] {
        assert_eq!(house.write(move |log| log.trim(ROOM, seq)).await, 0, "{seq}");
    }
}

#[db_test]
async fn own_messages_are_never_unread_whoever_sends_them(db: TestDb) {
    let house = House::open(&db).await;
    let for_ann =
        |client: &str| NewMessage { writing: Writing::AsServer, ..message(ROOM, ANN, client) };
    house.send(for_ann("one")).await.expect("the server may");
    assert_eq!(house.unread(ANN).await, (Marks { read_seq: 1, ..Marks::default() }, 0));
    assert_eq!(house.unread(BOB).await.1, 1);
    house.say(BOB, "two").await;
    house.send(for_ann("three")).await.expect("the server may");
    assert_eq!(house.unread(ANN).await.1, 1, "Bob's, and not her own behind it");
    let nobody = NewMessage { sender: Uid::NONE, ..for_ann("four") };
    house.send(nobody).await.expect("the server may");
    assert_eq!(house.unread(ANN).await.1, 2);
    let read = Marks { read_seq: 4, ..Marks::default() };
    house.write(move |log| log.raise_marks(ROOM, ANN, read)).await;
    house.say(ANN, "five").await;
    assert_eq!(house.unread(ANN).await, (Marks { read_seq: 5, ..Marks::default() }, 0));
}

#[db_test]
async fn a_message_that_does_not_count_twice_is_left_out_once(db: TestDb) {
    let house = House::open(&db).await;
    house.say(BOB, "one").await;
    house.say(ANN, "two").await;
    assert_eq!(house.unread(ANN).await.1, 1);
    let redacted = house.write(|log| Ok(redact::redact(log.tx(), APP, ROOM, 2)?));
    assert!(redacted.await);
    assert_eq!(house.unread(ANN).await.1, 1, "her own that is also gone is one message");
    let listed = house.write(|log| {
        log.put_state(ANN, "membership", &ROOM.0, b"{}")?;
        Ok(hoopoe_log::heads::of_user(log.read(), ANN, None, None, 10)?)
    });
    assert_eq!(listed.await[0].unread, 1);
    assert_eq!(house.unread(BOB).await.1, 0);
}

#[db_test]
async fn who_comes_back_to_a_whole_history_is_a_member_and_reads_it_once(db: TestDb) {
    let house = House::open(&db).await;
    let carl = Uid(23);
    let come = |from: i64| {
        move |log: &mut hoopoe_log::LogTx<'_>| {
            log.lock(ROOM)?;
            log.open_span(ROOM, carl, from, WriteGate::Open)?;
            log.change(members_change(ROOM))
        }
    };
    house.say(ANN, "one").await;
    house.say(ANN, "two").await;
    house.write(come(3)).await;
    house.say(ANN, "three").await;
    assert_eq!(house.readable(carl).await, (vec![3], true));
    assert!(house.write(move |log| log.close_span(ROOM, carl)).await);
    house.say(ANN, "four").await;
    assert_eq!(house.readable(carl).await, (vec![3], false));
    house.write(come(1)).await;
    assert_eq!(house.readable(carl).await, (vec![1, 2, 3, 4], true));
    assert_eq!(house.outcome(message(ROOM, carl, "five")).await, Ok(5));
    assert!(house.write(move |log| log.close_span(ROOM, carl)).await);
    house.say(ANN, "six").await;
    assert_eq!(house.readable(carl).await, (vec![1, 2, 3, 4, 5], false));
}

#[db_test]
async fn pages_bear_any_position(db: TestDb) {
    let house = House::open(&db).await;
    let pages = || async {
        let read = house.log.db().read(|tx| {
            let head = hoopoe_log::heads::find(tx, APP, ROOM)?.expect("a conversation");
            let mut sizes = Vec::new();
            for spans in [spans::readable(tx, APP, ROOM, ANN)?, spans::Spans::default()] {
                for seq in [i64::MIN, -1, 0, 1, i64::MAX] {
                    for at in [At::Before(seq), At::After(seq), At::Around(seq)] {
                        let mut size = 0;
                        messages::page(tx, APP, &head, &spans, at, 2, &mut |_| {
                            size += 1;
                            Ok(())
                        })?;
                        sizes.push(size);
                    }
                }
            }
            Ok(sizes)
        });
        within(PATIENCE, "pages", read).await.expect("pages")
    };
    assert_eq!(pages().await, [0; 30]);
    for client in ["a", "b", "c"] {
        house.say(BOB, client).await;
    }
    let full = [0, 2, 2, 0, 2, 2, 0, 2, 2, 0, 2, 2, 2, 0, 2];
    assert_eq!(pages().await, [full, [0; 15]].concat());
}

#[db_test]
async fn a_consumer_learns_that_moves_were_forgotten_before_it_saw_them(db: TestDb) {
    const DAY_S: i64 = 86_400;
    let house = House::open(&db).await;
    let clock = &house.env.clock;
    let consumer = Consumer::new(house.log.clone(), "slow");
    let lease = consumer.lease(1, 9 * DAY_S * 1_000).await.expect("an answer").expect("a lease");
    house.say(ANN, "one").await;
    let todo = consumer.todo().await.expect("an answer");
    assert!(!todo.has_gap);
    consumer.advance(lease, ROOM, Cursor { seq: 1, rev: 1 }).await.expect("a good lease");
    consumer.follow(lease, todo.positions).await.expect("a good lease");

    // Forgetting what it has seen is nothing to it.
    clock.set_wall(house.log.env().clock.now().plus_s(DAY_S + 3_600));
    let todo = consumer.todo().await.expect("an answer");
    consumer.follow(lease, todo.positions).await.expect("a good lease");
    house.log.tend().await.expect("housekeeping");
    let todo = consumer.todo().await.expect("an answer");
    assert!(!todo.has_gap && todo.conversations.is_empty(), "{todo:?}");

    // A node that came and went while it slept: not even the lane is left.
    let other = House::node(db.db.clone(), 2).await;
    other.env.clock.set_wall(house.log.env().clock.now().plus_s(3_600));
    let sent = other.send(message(ROOM, ANN, "two")).await.expect("allowed");
    clock.set_wall(house.log.env().clock.now().plus_s(3 * DAY_S));
    house.log.tend().await.expect("housekeeping");
    let todo = consumer.todo().await.expect("an answer");
    assert!(todo.has_gap, "{todo:?}");
    let behind = consumer.behind(ConversationId::NONE, 10).await.expect("an answer");
    assert_eq!(behind, [ROOM]);
    consumer.advance(lease, ROOM, Cursor { seq: sent.seq, rev: 1 }).await.expect("a good lease");
    consumer.follow(lease, todo.positions).await.expect("a good lease");
    let todo = consumer.todo().await.expect("an answer");
    assert!(!todo.has_gap, "it has caught up: {todo:?}");
}

#[db_test]
async fn a_closed_log_answers(db: TestDb) {
    let house = House::open(&db).await;
    let waiting: Vec<_> =
        (0..50).map(|n| house.log.append(message(ROOM, ANN, &format!("m{n}")))).collect();
    let backend = house.log.db().backend().clone();
    tokio::task::spawn_blocking(move || backend.close()).await.expect("no panic");
    for (n, sent) in (1..).zip(waiting) {
        let sent = within(PATIENCE, "what was queued before the close", sent).await;
        assert_eq!(sent.map(|appended| appended.seq).ok(), Some(n), "it is written yet");
    }
    let late = house.outcome(message(ROOM, ANN, "late")).await;
    assert_eq!(late, Err(codes::UNAVAILABLE.code));
    let late = house.log.write(APP, |log| log.create(ConversationId([1; 16])));
    let late = within(PATIENCE, "a refusal", late).await;
    assert!(late.is_err_and(|fail| fail.is(&codes::UNAVAILABLE)));
}

#[db_test]
async fn a_conversation_that_is_damaged_hurts_no_other(db: TestDb) {
    const BREAK: &str = "UPDATE heads SET seq = seq - 1 WHERE conversation = $1";
    let house = House::open(&db).await;
    let broken = ConversationId([10; 16]);
    house.found(broken, &[ANN]).await;
    house.send(message(broken, ANN, "whole")).await.expect("allowed");
    house
        .write(move |log| {
            log.lock(broken)?;
            Ok(log.tx().execute(BREAK, &[(&broken.0).into()])?)
        })
        .await;
    let mut waiting = Vec::new();
    for n in 0..40 {
        let conversation = if n % 10 == 5 { broken } else { ROOM };
        waiting.push((n, house.log.append(message(conversation, ANN, &format!("m{n}")))));
    }
    let mut seqs = Vec::new();
    for (n, sent) in waiting {
        match within(PATIENCE, "an answer", sent).await {
            Ok(appended) => seqs.push(appended.seq),
            Err(fail) => assert!(n % 10 == 5 && fail.is(&codes::INTERNAL), "{n}: {fail}"),
        }
    }
    assert_eq!(seqs, (1..=36).collect::<Vec<i64>>(), "in the order of the calls");
    assert_eq!(kept(&db.db, ROOM).await.messages.len(), 36);
}

/// Tables as an older server left them: its marks knew nothing of what lies behind them.
#[db_test]
async fn what_an_older_server_left_uncounted_stays_uncounted(db: TestDb) {
    const OLDER: MigrationChain = MigrationChain {
        owner: hoopoe_log::MIGRATIONS.owner,
        migrations: &[hoopoe_log::MIGRATIONS.migrations[0]],
    };
    const MARK: &str = "INSERT INTO marks \
            (conversation, uid, app, delivered_seq, read_seq, receipt_seq, unread_from) \
        VALUES ($1, $2, 1, 4, 2, 2, NULL)";
    const OWN: &str = "INSERT INTO uncounted (conversation, uid, seq, app) VALUES ($1, $2, $3, 1)";
    db.migrate(&[OLDER]).await;
    let left = db.db.write(|tx| {
        tx.execute(MARK, &[(&ROOM.0).into(), BOB.0.into()])?;
        for (uid, seq) in [(ANN, 4), (BOB, 3), (BOB, 4), (Uid::NONE, 1), (Uid::NONE, 4)] {
            tx.execute(OWN, &[(&ROOM.0).into(), uid.0.into(), seq.into()])?;
        }
        Ok(())
    });
    left.await.expect("rows of an older server");
    let house = House::open(&db).await;
    for client in ["a", "b", "c", "d", "e", "f"] {
        let notice = message(ROOM, Uid::NONE, client);
        let sent = house.send(NewMessage { writing: Writing::AsServer, ..notice }).await;
        sent.expect("the server may");
    }
    assert_eq!(house.unread(ANN).await.1, 4, "of six without her own, which is gone, and another");
    assert_eq!(house.unread(BOB).await.1, 2, "of the four behind his mark without two of his own");
}
