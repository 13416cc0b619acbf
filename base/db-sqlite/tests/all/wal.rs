//! The write-ahead log stays small, and no reader keeps it from being used again.

use std::time::Instant;

use hoopoe_db::{Backend, DbErrorKind, ReadTx};
use hoopoe_testkit::harness::{PATIENCE, within};

use crate::house::{House, ROOM, kind_of, outcomes, place, run, sized};

const MIB: u64 = 1024 * 1024;
/// From 64 MiB on the writer itself copies the log back, and asks for it no oftener than it is
/// worth. What the tests write is far more than this.
const WAL_BYTES_MAX: u64 = 112 * MIB;
const BODY_BYTES: usize = 512 * 1024;
const COUNT: &str = "SELECT COUNT(*) FROM messages";
/// Counts for many minutes, if nobody stops it.
const ENDLESS: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
    SELECT COUNT(*) FROM n WHERE i < 0";

/// Writes in small batches. Returns the largest size of the write-ahead log on the way.
async fn write(house: &House, from: usize, count: usize) -> u64 {
    let mut largest = 0;
    for start in (from..from + count).step_by(4) {
        let sends =
            (start..start + 4).map(|n| house.log.append(sized(ROOM, &format!("m{n}"), BODY_BYTES)));
        let answers = outcomes(sends.collect()).await;
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
        largest = largest.max(house.wal_bytes());
    }
    largest
}

fn count(tx: &mut dyn ReadTx) -> i64 {
    tx.first(COUNT, &[], |row| row.int(0)).expect("a table").unwrap_or(-1)
}

#[test]
fn the_write_ahead_log_stays_bounded() {
    run(async {
        let (_folder, options) = place();
        let house = House::open(&options).await;
        let largest = write(&house, 0, 480).await;
        println!("{largest} bytes at most");
        assert!(largest > 64 * MIB, "the test has written enough: {largest}");
        assert!(largest < WAL_BYTES_MAX, "{largest}");
        let stats = house.sqlite.stats();
        assert!(stats.wal_bytes < WAL_BYTES_MAX && stats.writable, "{stats:?}");
        assert_eq!(house.head_seq(ROOM).await, 480);
        house.assert_sound();
        house.close().await;
        assert_eq!(house.wal_bytes(), 0, "closing copies everything back");
    });
}

#[test]
fn closing_leaves_no_write_ahead_log_behind() {
    run(async {
        let (_folder, mut options) = place();
        options.readers = 8;
        let mut house = House::open(&options).await;
        for n in 1..=20 {
            assert_eq!(house.say(&format!("m{n}")).await, n);
            house.close().await;
            assert_eq!(house.wal_bytes(), 0, "after {n} lives");
            house = House::open(&options).await;
        }
    });
}

#[test]
fn a_reader_that_lives_too_long_is_interrupted() {
    run(async {
        let (_folder, options) = place();
        let house = House::open(&options).await;
        write(&house, 0, 4).await;
        let (began, has_begun) = tokio::sync::oneshot::channel();
        let db = house.db.clone();
        let started = Instant::now();
        let reading = tokio::spawn(async move {
            let read = db.read(move |tx| {
                assert_eq!(count(tx), 4);
                began.send(()).expect("the test waits");
                Ok(tx.query(ENDLESS, &[], &mut |_| Ok(()))?)
            });
            read.await
        });
        within(PATIENCE, "the snapshot", has_begun).await.expect("no panic");
        // The old snapshot is in the way of using the log again, and nobody waits for it.
        let grown = write(&house, 4, 80).await;
        let read = within(PATIENCE, "the end of the reader", reading).await.expect("no panic");
        assert_eq!(kind_of(&read), Some(DbErrorKind::Unavailable));
        let lived = started.elapsed();
        assert!(lived.as_secs() >= 2, "two seconds are its right: {lived:?}");
        assert!(lived < PATIENCE / 2, "{lived:?}");
        let largest = write(&house, 84, 400).await;
        println!("{grown} bytes with the reader, {largest} bytes at most");
        assert!(largest < WAL_BYTES_MAX.max(grown + 48 * MIB), "{grown} and then {largest}");
        // Its connection serves on, with a new snapshot each time.
        for _ in 0..options.readers * 2 {
            assert_eq!(house.db.read(|tx| Ok(count(tx))).await.expect("a good reader"), 484);
        }
        house.assert_sound();
    });
}
