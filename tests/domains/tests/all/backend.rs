//! What both database drivers promise, whatever the engine.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
    mpsc,
};

use hoopoe_db::{Db, DbError, DbErrorKind, Migration, MigrationChain, ReadTx, Row, Value, WriteTx};
use hoopoe_kernel::Fail;
use hoopoe_testkit::{
    TestDb, db_test,
    harness::{PATIENCE, within},
};
use hoopoe_wire::codes;

pub(crate) const TABLES: MigrationChain = MigrationChain {
    owner: "backend-test",
    migrations: &[Migration::portable(
        "0001_tables",
        "-- One row per thing that a test did.\n\
         CREATE TABLE things (id BIGINT NOT NULL PRIMARY KEY);\n\
         CREATE TABLE counters (name TEXT NOT NULL PRIMARY KEY, value BIGINT NOT NULL);\n\
         CREATE TABLE samples (id BIGINT NOT NULL PRIMARY KEY, number BIGINT, words TEXT, \
             data {{bytes}}) {{clustered}};\n",
    )],
};

const INSERT: &str = "INSERT INTO things (id) VALUES ($1)";
const INSERT_ONCE: &str = "INSERT INTO things (id) VALUES ($1) ON CONFLICT (id) DO NOTHING";
const IDS: &str = "SELECT id FROM things ORDER BY id";
const PUT_COUNTER: &str = "INSERT INTO counters (name, value) VALUES ($1, $2)";
const COUNT_UP: &str = "UPDATE counters SET value = value + 1 WHERE name = $1 RETURNING value";
const PUT_SAMPLE: &str = "INSERT INTO samples (id, number, words, data) VALUES ($1, $2, $3, $4)";
const SAMPLE: &str = "SELECT number, words, data FROM samples WHERE id = $1";

type Sample = (Option<i64>, Option<&'static str>, Option<&'static [u8]>);
type Look = fn(&dyn Row) -> Result<(), DbError>;

pub(crate) fn insert(tx: &mut dyn WriteTx, id: i64) -> Result<u64, DbError> {
    tx.execute(INSERT, &[id.into()])
}

pub(crate) fn ids(tx: &mut dyn ReadTx) -> Result<Vec<i64>, DbError> {
    tx.all(IDS, &[], |row| row.int(0))
}

pub(crate) async fn stored(db: &Db) -> Vec<i64> {
    db.read(|tx| Ok(ids(tx)?)).await.unwrap()
}

/// The database with the tables of this file.
pub(crate) async fn prepared(db: TestDb) -> Db {
    db.migrate(&[TABLES]).await;
    db.db.clone()
}

pub(crate) fn kind_of<T>(result: Result<T, Fail>) -> Option<DbErrorKind> {
    result.err().and_then(|fail| fail.cause::<DbError>().map(DbError::kind))
}

#[db_test]
async fn a_refusal_undoes_only_its_own_closure(db: TestDb) {
    let db = prepared(db).await;
    let refused = db.write(|tx| {
        insert(tx, 1)?;
        Err::<(), _>(Fail::new(&codes::FORBIDDEN))
    });
    let kept = db.write(|tx| Ok(insert(tx, 2)?));
    let (refused, kept) = tokio::join!(refused, kept);
    assert!(refused.unwrap_err().is(&codes::FORBIDDEN), "the caller gets its own words");
    assert_eq!(kept.unwrap(), 1);
    assert_eq!(stored(&db).await, [2]);
}

#[db_test]
async fn a_panic_undoes_only_its_own_closure(db: TestDb) {
    let db = prepared(db).await;
    let mut writes = Vec::new();
    for id in 0..24 {
        let db = db.clone();
        writes.push(tokio::spawn(async move {
            db.write(move |tx| {
                insert(tx, id)?;
                assert!(id % 3 != 0, "every third one panics");
                Ok(())
            })
            .await
        }));
    }
    for (id, write) in writes.into_iter().enumerate() {
        let outcome = write.await.unwrap();
        let expected = (id % 3 == 0).then_some(DbErrorKind::Panic);
        assert_eq!(kind_of(outcome), expected, "{id}");
    }
    let expected: Vec<i64> = (0..24).filter(|id| id % 3 != 0).collect();
    assert_eq!(stored(&db).await, expected);
}

#[db_test]
async fn a_swallowed_failure_stores_nothing_and_is_answered(db: TestDb) {
    let db = prepared(db).await;
    db.write(|tx| Ok(insert(tx, 1)?)).await.unwrap();
    let swallowed = db.write(|tx| {
        insert(tx, 2)?;
        assert!(insert(tx, 1).is_err(), "there is one already");
        assert!(insert(tx, 3).is_err(), "nothing runs after it");
        assert!(ids(tx.as_read()).is_err(), "a read neither");
        Ok(())
    });
    let beside = db.write(|tx| Ok(insert(tx, 4)?));
    let refused = db.write(|tx| {
        drop(insert(tx, 1));
        Err::<(), _>(Fail::new(&codes::FORBIDDEN))
    });
    let (swallowed, beside, refused) = tokio::join!(swallowed, beside, refused);
    assert_eq!(kind_of(swallowed), Some(DbErrorKind::Constraint));
    assert_eq!(beside.unwrap(), 1, "its neighbours know nothing of it");
    assert!(refused.unwrap_err().is(&codes::FORBIDDEN), "a refusal keeps its own words");
    assert_eq!(stored(&db).await, [1, 4]);
}

#[db_test]
async fn a_read_whose_statement_failed_reads_no_further(db: TestDb) {
    let db = prepared(db).await;
    let read = db.read(|tx| {
        assert!(tx.query(INSERT, &[1i64.into()], &mut |_| Ok(())).is_err(), "it cannot write");
        assert!(ids(tx).is_err());
        Ok(())
    });
    read.await.unwrap();
    assert_eq!(stored(&db).await, [0i64; 0]);
}

#[db_test]
async fn a_panic_in_a_read_hurts_nobody_else(db: TestDb) {
    let db = prepared(db).await;
    db.write(|tx| Ok(insert(tx, 1)?)).await.unwrap();
    for _ in 0..4 {
        let panicked = db.read(|tx| {
            assert_eq!(ids(tx)?, [0i64; 0], "the test wants a panic here");
            Ok(())
        });
        assert!(panicked.await.is_err());
        assert_eq!(stored(&db).await, [1]);
    }
}

#[db_test]
async fn concurrent_closures_all_commit(db: TestDb) {
    let db = prepared(db).await;
    db.write(|tx| Ok(tx.execute(PUT_COUNTER, &["n".into(), 0i64.into()])?)).await.unwrap();
    let mut writes = Vec::new();
    for id in 0..100 {
        let db = db.clone();
        writes.push(tokio::spawn(async move {
            db.write(move |tx| {
                insert(tx, id)?;
                let value = tx.as_read().first(COUNT_UP, &["n".into()], |row| row.int(0))?;
                Ok(value.unwrap_or_default())
            })
            .await
        }));
    }
    let mut values = Vec::new();
    for write in writes {
        values.push(write.await.unwrap().unwrap());
    }
    values.sort_unstable();
    assert_eq!(values, (1..=100).collect::<Vec<i64>>(), "each saw the one before it, and no other");
    assert_eq!(stored(&db).await.len(), 100);
}

#[db_test]
async fn reads_see_what_is_committed_and_nothing_else(db: TestDb) {
    let db = prepared(db).await;
    let (inserted, is_inserted) = tokio::sync::oneshot::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let (inserted, may_go_on) = (Mutex::new(Some(inserted)), Mutex::new(may_go_on));
    let writing = tokio::spawn({
        let db = db.clone();
        async move {
            db.write(move |tx| {
                insert(tx, 1)?;
                assert_eq!(ids(tx.as_read())?, [1], "it sees its own rows");
                inserted.lock().unwrap().take().expect("it runs once").send(()).unwrap();
                may_go_on.lock().unwrap().recv().unwrap();
                Ok(())
            })
            .await
        }
    });
    within(PATIENCE, "the insert", is_inserted).await.unwrap();
    assert_eq!(stored(&db).await, [0i64; 0], "it is not committed yet");
    go_on.send(()).unwrap();
    within(PATIENCE, "the commit", writing).await.unwrap().unwrap();
    assert_eq!(stored(&db).await, [1]);
}

#[db_test]
async fn a_read_is_one_snapshot(db: TestDb) {
    let db = prepared(db).await;
    db.write(|tx| Ok(insert(tx, 1)?)).await.unwrap();
    let (began, has_begun) = tokio::sync::oneshot::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let reading = tokio::spawn({
        let db = db.clone();
        async move {
            db.read(move |tx| {
                let before = ids(tx)?;
                began.send(()).unwrap();
                may_go_on.recv().unwrap();
                Ok((before, ids(tx)?))
            })
            .await
        }
    });
    within(PATIENCE, "the first look", has_begun).await.unwrap();
    db.write(|tx| Ok(insert(tx, 2)?)).await.unwrap();
    go_on.send(()).unwrap();
    let (before, after) = within(PATIENCE, "the second look", reading).await.unwrap().unwrap();
    assert_eq!((before, after), (vec![1], vec![1]));
    assert_eq!(stored(&db).await, [1, 2]);
}

#[db_test]
async fn a_read_cannot_write(db: TestDb) {
    let db = prepared(db).await;
    let smuggled = db.read(|tx| {
        tx.query(INSERT, &[1i64.into()], &mut |_| Ok(()))?;
        Ok(())
    });
    assert!(smuggled.await.is_err());
    assert_eq!(stored(&db).await, [0i64; 0]);
}

#[db_test]
async fn values_come_back_as_they_went(db: TestDb) {
    let db = prepared(db).await;
    let samples: Vec<Sample> = vec![
        (None, None, None),
        (Some(0), Some(""), Some(b"")),
        (Some(i64::MIN), Some("it's \"odd\" \\ ; -- $1"), Some(&[0, 1, 255])),
        (Some(i64::MAX), Some("戴胜 🎋 نور e\u{301}"), Some(&[0x5c; 300])),
    ];
    let expected = samples.clone();
    db.write(move |tx| {
        for (id, (number, words, data)) in samples.iter().enumerate() {
            let id = i64::try_from(id).unwrap_or_default();
            let args = [id.into(), (*number).into(), (*words).into(), (*data).into()];
            assert_eq!(tx.execute(PUT_SAMPLE, &args)?, 1);
        }
        Ok(())
    })
    .await
    .unwrap();
    for (id, (number, words, data)) in expected.into_iter().enumerate() {
        let id = i64::try_from(id).unwrap();
        let same = db.read(move |tx| {
            let found = tx.first(SAMPLE, &[id.into()], |row| {
                assert_eq!(row.int_opt(0)?, number);
                assert_eq!(row.text_opt(1)?, words);
                assert_eq!(row.bytes_opt(2)?, data);
                Ok(())
            })?;
            Ok(found.is_some())
        });
        assert!(same.await.unwrap(), "{id}");
    }
}

#[db_test]
async fn a_column_of_another_type_is_an_error_and_not_a_guess(db: TestDb) {
    let db = prepared(db).await;
    let outcome = db.write(|tx| {
        let args = [1i64.into(), 7i64.into(), "seven".into(), Value::Null];
        tx.execute(PUT_SAMPLE, &args)?;
        let wrong: [Look; 6] = [
            |row| row.text(0).map(|_| ()),
            |row| row.int(1).map(|_| ()),
            |row| row.bytes(1).map(|_| ()),
            |row| row.bytes(2).map(|_| ()),
            |row| row.id16(2).map(|_| ()),
            |row| row.int(3).map(|_| ()),
        ];
        for (number, look) in wrong.into_iter().enumerate() {
            let found = tx.as_read().first(SAMPLE, &[1i64.into()], look);
            assert!(found.is_err(), "look {number} found something");
        }
        let kind = tx.as_read().first(SAMPLE, &[1i64.into()], |row| row.int(1)).unwrap_err().kind();
        assert_eq!(kind, DbErrorKind::Decode);
        // A visitor's displeasure is not the statement's failure: the transaction goes on.
        insert(tx, 1)?;
        Ok(())
    });
    outcome.await.unwrap();
    assert_eq!(stored(&db).await, [1]);
}

#[db_test]
async fn a_constraint_is_told_from_other_errors(db: TestDb) {
    let db = prepared(db).await;
    db.write(|tx| Ok(insert(tx, 1)?)).await.unwrap();
    let doubled = db.write(|tx| {
        insert(tx, 2)?;
        insert(tx, 1)?;
        Ok(())
    });
    assert_eq!(kind_of(doubled.await), Some(DbErrorKind::Constraint));
    assert_eq!(stored(&db).await, [1], "the whole closure is undone");
    let null = db.write(|tx| Ok(tx.execute(INSERT, &[Value::Null])?)).await;
    assert_eq!(kind_of(null), Some(DbErrorKind::Constraint));
    let wrong = db.write(|tx| Ok(tx.execute("INSERT INTO nothing (id) VALUES (1)", &[])?)).await;
    assert_eq!(kind_of(wrong), Some(DbErrorKind::Other));
    let once = db.write(|tx| Ok([tx.execute(INSERT_ONCE, &[1i64.into()])?, insert(tx, 3)?])).await;
    assert_eq!(once.unwrap(), [0, 1], "rows that were changed are counted");
}

#[db_test]
async fn a_caller_that_goes_away_stops_nothing(db: TestDb) {
    let db = prepared(db).await;
    let (done, is_done) = tokio::sync::oneshot::channel();
    let done = Mutex::new(Some(done));
    let write = db.write(move |tx| {
        insert(tx, 1)?;
        if let Some(done) = done.lock().unwrap().take() {
            done.send(()).unwrap();
        }
        Ok(())
    });
    // Polled once, which queues it, and dropped.
    let mut write = Box::pin(write);
    assert!(futures_util::poll!(write.as_mut()).is_pending());
    drop(write);
    within(PATIENCE, "the closure", is_done).await.unwrap();
    // The next write of the same writer, or a look until the commit is there.
    let committed = async {
        while stored(&db).await != [1] {
            tokio::task::yield_now().await;
        }
    };
    within(PATIENCE, "the commit", committed).await;
}

#[db_test]
async fn closing_finishes_what_is_queued_and_refuses_what_comes(db: TestDb) {
    let mut test = db;
    let db = prepared(test.clone()).await;
    let ran = Arc::new(AtomicUsize::new(0));
    let mut writes = Vec::new();
    for id in 0..40 {
        let ran = ran.clone();
        let mut write = Box::pin(db.write(move |tx| {
            insert(tx, id)?;
            ran.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }));
        assert!(futures_util::poll!(write.as_mut()).is_pending());
        writes.push(write);
    }
    let backend = db.backend().clone();
    tokio::task::spawn_blocking(move || {
        backend.close();
        backend.close();
    })
    .await
    .unwrap();
    assert_eq!(ran.load(Ordering::Relaxed), 40, "close has waited for them");
    for write in writes {
        write.await.unwrap();
    }
    assert_eq!(kind_of(db.write(|tx| Ok(insert(tx, 99)?)).await), Some(DbErrorKind::Unavailable));
    assert_eq!(kind_of(db.read(|tx| Ok(ids(tx)?)).await), Some(DbErrorKind::Unavailable));
    test.reopen().await;
    assert_eq!(stored(&test.db).await.len(), 40);
}

#[db_test]
async fn migrations_run_once(db: TestDb) {
    const MORE: MigrationChain = MigrationChain {
        owner: "backend-test",
        migrations: &[
            TABLES.migrations[0],
            Migration::portable("0002_more", "ALTER TABLE things ADD COLUMN note TEXT;\n"),
        ],
    };
    let ran = hoopoe_db::migrate(&db.db, &[TABLES]).await.unwrap();
    let again = hoopoe_db::migrate(&db.db, &[TABLES]).await.unwrap();
    let more = hoopoe_db::migrate(&db.db, &[MORE]).await.unwrap();
    assert_eq!((ran, again, more), (1, 0, 1));
    let names = db.db.read(|tx| Ok(hoopoe_db::applied_migrations(tx, "backend-test")?)).await;
    assert_eq!(names.unwrap(), ["0001_tables", "0002_more"]);
}

#[db_test]
async fn a_database_of_a_newer_program_is_refused_and_left_as_it_is(db: TestDb) {
    const NEWER: MigrationChain = MigrationChain {
        owner: TABLES.owner,
        migrations: &[
            TABLES.migrations[0],
            Migration::portable("0002_newer", "ALTER TABLE things ADD COLUMN note TEXT;\n"),
        ],
    };
    hoopoe_db::migrate(&db.db, &[NEWER]).await.unwrap();
    let refusal = hoopoe_db::migrate(&db.db, &[TABLES]).await.unwrap_err().to_string();
    assert!(refusal.contains("a newer Hoopoe (backend-test/0002_newer)"), "{refusal}");
    assert_eq!(hoopoe_db::migrate(&db.db, &[NEWER]).await.unwrap(), 0);
}

#[db_test]
async fn a_migration_that_fails_leaves_nothing(db: TestDb) {
    const BROKEN: MigrationChain = MigrationChain {
        owner: "backend-test",
        migrations: &[Migration::portable(
            "0001_broken",
            "CREATE TABLE half (id BIGINT NOT NULL);\nINSERT INTO absent (id) VALUES (1);\n",
        )],
    };
    let fail = hoopoe_db::migrate(&db.db, &[BROKEN]).await.unwrap_err();
    assert!(fail.to_string().contains("backend-test/0001_broken"), "{fail}");
    let half = db.db.read(|tx| Ok(tx.all("SELECT id FROM half", &[], |row| row.int(0))?)).await;
    assert!(half.is_err(), "the table is gone with the transaction");
}
