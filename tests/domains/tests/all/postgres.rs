//! What only a server in another process can do to us: conflicts, lost connections, answers that
//! never come, and settings that would break the promise.

use std::sync::{
    Arc, Barrier,
    atomic::{AtomicBool, AtomicUsize, Ordering},
    mpsc,
};

use hoopoe_db::{Backend, Db, DbError, DbErrorKind};
use hoopoe_db_postgres::{Postgres, PostgresOptions, run_alone};
use hoopoe_testkit::{
    TestDb, db_test,
    harness::{PATIENCE, within},
    postgres::{Durability, start_private},
};
use parking_lot::Mutex;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{
    backend::{ids, insert, kind_of, prepared, stored},
    lanes::{Item, LaneControl, Step},
};

const SUICIDE: &str = "SELECT pg_terminate_backend(pg_backend_pid())";
const PUT: &str = "INSERT INTO counters (name, value) VALUES ($1, 0)";
const COUNT_UP: &str = "UPDATE counters SET value = value + 1 WHERE name = $1";
const TOTAL: &str = "SELECT CAST(SUM(value) AS BIGINT) FROM counters";

fn small() -> PostgresOptions {
    PostgresOptions { readers: 1, writers: 1, ..PostgresOptions::default() }
}

/// A migrated database and its URL.
async fn on_server(test: TestDb) -> (Db, String) {
    let url = test.url().expect("a PostgreSQL database has a URL").to_owned();
    (prepared(test).await, url)
}

pub(crate) async fn connect(url: &str) -> Db {
    Db::new(Postgres::connect(url, small()).await.unwrap())
}

#[db_test(postgres)]
async fn closures_that_wait_for_each_other_both_commit(db: TestDb) {
    let (db, _) = on_server(db).await;
    for name in ["left", "right"] {
        db.write(move |tx| Ok(tx.execute(PUT, &[name.into()])?)).await.unwrap();
    }
    let meeting = Arc::new(Barrier::new(2));
    let attempts = Arc::new(AtomicUsize::new(0));
    let count_both = |first: &'static str, second: &'static str| {
        let (db, meeting, attempts) = (db.clone(), meeting.clone(), attempts.clone());
        let has_met = AtomicBool::new(false);
        tokio::spawn(async move {
            db.write(move |tx| {
                attempts.fetch_add(1, Ordering::Relaxed);
                tx.execute(COUNT_UP, &[first.into()])?;
                if !has_met.swap(true, Ordering::Relaxed) {
                    meeting.wait();
                }
                tx.execute(COUNT_UP, &[second.into()])?;
                Ok(())
            })
            .await
        })
    };
    let (one, two) = tokio::join!(count_both("left", "right"), count_both("right", "left"));
    one.unwrap().unwrap();
    two.unwrap().unwrap();
    assert!(attempts.load(Ordering::Relaxed) >= 3, "the deadlock's victim ran again");
    let total = db.read(|tx| Ok(tx.first(TOTAL, &[], |row| row.int(0))?)).await.unwrap();
    assert_eq!(total, Some(4), "each counted both exactly once");
}

#[db_test(postgres)]
async fn a_conflict_that_does_not_end_is_given_up(db: TestDb) {
    let (db, _) = on_server(db).await;
    let attempts = Arc::new(AtomicUsize::new(0));
    let counted = attempts.clone();
    let outcome = db.write(move |tx| {
        insert(tx, 1)?;
        counted.fetch_add(1, Ordering::Relaxed);
        Err::<(), _>(DbError::new(DbErrorKind::Retry, "again and again").into())
    });
    let fail = outcome.await.unwrap_err();
    assert_eq!((fail.code().status, fail.code().retryable), (503, true));
    assert_eq!(attempts.load(Ordering::Relaxed), 6, "once, and five times more");
    assert_eq!(stored(&db).await, [0i64; 0]);
}

#[db_test(postgres)]
async fn a_swallowed_error_is_not_committed(db: TestDb) {
    let (db, _) = on_server(db).await;
    let outcome = db.write(|tx| {
        insert(tx, 1)?;
        drop(insert(tx, 1));
        let refused = insert(tx, 2).unwrap_err();
        assert_eq!(refused.kind(), DbErrorKind::Constraint, "the reason stays the first one");
        Ok(())
    });
    assert_eq!(kind_of(outcome.await), Some(DbErrorKind::Constraint));
    assert_eq!(stored(&db).await, [0i64; 0]);
}

#[db_test(postgres)]
async fn a_connection_lost_before_the_commit_costs_one_more_attempt(db: TestDb) {
    let (db, _) = on_server(db).await;
    let attempts = Arc::new(AtomicUsize::new(0));
    let counted = attempts.clone();
    let outcome = db.write(move |tx| {
        insert(tx, 1)?;
        if counted.fetch_add(1, Ordering::Relaxed) == 0 {
            tx.query(SUICIDE, &[], &mut |_| Ok(()))?;
        }
        insert(tx, 2)?;
        Ok(())
    });
    outcome.await.unwrap();
    assert_eq!(attempts.load(Ordering::Relaxed), 2);
    assert_eq!(stored(&db).await, [1, 2]);
}

#[db_test(postgres)]
async fn a_lost_connection_is_not_replaced_in_the_middle_of_a_transaction(db: TestDb) {
    let (db, _) = on_server(db).await;
    let outcome = db.write(|tx| {
        insert(tx, 1)?;
        let lost = tx.query(SUICIDE, &[], &mut |_| Ok(())).unwrap_err();
        assert_eq!(lost.kind(), DbErrorKind::Unavailable);
        // On a new connection this would commit alone.
        let refused = insert(tx, 2).unwrap_err();
        assert_eq!(refused.kind(), DbErrorKind::Unavailable);
        Ok(())
    });
    assert_eq!(kind_of(outcome.await), Some(DbErrorKind::Unavailable));
    assert_eq!(stored(&db).await, [0i64; 0]);
}

#[db_test(postgres)]
async fn a_read_whose_connection_died_unused_begins_again(db: TestDb) {
    let (db, url) = on_server(db).await;
    drop(db);
    let db = connect(&url).await;
    db.write(|tx| Ok(insert(tx, 1)?)).await.unwrap();
    assert_eq!(stored(&db).await, [1]);
    let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    run_alone(&url, others).await.unwrap();
    assert_eq!(stored(&db).await, [1]);
    db.write(|tx| Ok(insert(tx, 2)?)).await.unwrap();
    assert_eq!(stored(&db).await, [1, 2]);
}

/// Runs DDL that makes COMMIT do something: a trigger that waits for the end of the transaction.
async fn at_commit(url: &str, action: &str) {
    let ddl = format!(
        "CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN {action}; RETURN NULL; END $$; \
         CREATE CONSTRAINT TRIGGER act AFTER INSERT ON things DEFERRABLE INITIALLY DEFERRED \
             FOR EACH ROW EXECUTE FUNCTION act();"
    );
    run_alone(url, &ddl).await.unwrap();
}

async fn commit_once(db: &Db) -> (Option<DbErrorKind>, usize) {
    let attempts = Arc::new(AtomicUsize::new(0));
    let counted = attempts.clone();
    let outcome = db.write(move |tx| {
        counted.fetch_add(1, Ordering::Relaxed);
        Ok(insert(tx, 1)?)
    });
    let kind = kind_of(outcome.await);
    (kind, attempts.load(Ordering::Relaxed))
}

#[db_test(postgres)]
async fn a_server_that_ends_at_the_commit_leaves_it_unknown(db: TestDb) {
    let (db, url) = on_server(db).await;
    at_commit(&url, "PERFORM pg_terminate_backend(pg_backend_pid())").await;
    assert_eq!(commit_once(&db).await, (Some(DbErrorKind::Unknown), 1), "never run again");
}

#[db_test(postgres)]
async fn a_commit_with_a_warning_is_not_acknowledged(db: TestDb) {
    let (db, url) = on_server(db).await;
    at_commit(&url, "RAISE WARNING 'canceling wait for synchronous replication'").await;
    assert_eq!(commit_once(&db).await, (Some(DbErrorKind::Unknown), 1));
}

#[db_test(postgres)]
async fn a_conflict_at_the_commit_is_tried_again(db: TestDb) {
    let (db, url) = on_server(db).await;
    at_commit(&url, "RAISE EXCEPTION 'conflict' USING ERRCODE = '40001'").await;
    assert_eq!(commit_once(&db).await, (Some(DbErrorKind::Retry), 6));
}

/// Forwards one database connection after another, and can keep the answer to COMMIT for itself.
pub(crate) struct Proxy {
    pub(crate) cuts_commits: Arc<AtomicBool>,
}

impl Proxy {
    /// Starts one in front of the server of this URL, and says what the URL is through it.
    pub(crate) async fn before(url: &str) -> (Self, String) {
        let (server, name) = url.rsplit_once('/').expect("a URL names a database");
        let (host, port) = server.rsplit_once(':').expect("a URL names a port");
        let server_port: u16 = port.parse().expect("a port is a number");
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let cuts_commits = Arc::new(AtomicBool::new(false));
        let cuts = cuts_commits.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", server_port)).await.unwrap();
                tokio::spawn(forward(client, server, cuts.clone()));
            }
        });
        (Self { cuts_commits }, format!("{host}:{port}/{name}"))
    }
}

/// Ends when either side hangs up, or when the answer to a COMMIT has come and is to be lost.
async fn forward(mut client: TcpStream, mut server: TcpStream, cuts_commits: Arc<AtomicBool>) {
    let (mut asked, mut answered) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    let mut is_cut_next = false;
    loop {
        tokio::select! {
            count = client.read(&mut asked) => {
                let Ok(count @ 1..) = count else { return };
                let has_commit = asked[..count].windows(7).any(|bytes| bytes == b"COMMIT\0");
                is_cut_next = has_commit && cuts_commits.load(Ordering::Relaxed);
                if server.write_all(&asked[..count]).await.is_err() { return }
            }
            count = server.read(&mut answered) => {
                let Ok(count @ 1..) = count else { return };
                if is_cut_next || client.write_all(&answered[..count]).await.is_err() { return }
            }
        }
    }
}

#[db_test(postgres)]
async fn a_commit_whose_answer_is_lost_is_unknown_and_not_repeated(db: TestDb) {
    let (direct, url) = on_server(db).await;
    let (proxy, url) = Proxy::before(&url).await;
    let db = connect(&url).await;
    proxy.cuts_commits.store(true, Ordering::Relaxed);
    assert_eq!(commit_once(&db).await, (Some(DbErrorKind::Unknown), 1));
    assert_eq!(stored(&direct).await, [1], "it was committed, but nobody could know");
    proxy.cuts_commits.store(false, Ordering::Relaxed);
    db.write(|tx| Ok(insert(tx, 2)?)).await.unwrap();
    assert_eq!(stored(&db).await, [1, 2]);
}

#[db_test(postgres)]
async fn a_lane_does_not_acknowledge_what_it_cannot_know(db: TestDb) {
    let (_direct, url) = on_server(db).await;
    let (proxy, url) = Proxy::before(&url).await;
    let db = connect(&url).await;
    let mut lane = LaneControl::open(&db);
    lane.put(&[Item::Good(1)]);
    lane.answered(1).await;
    proxy.cuts_commits.store(true, Ordering::Relaxed);
    lane.put(&[Item::Good(2), Item::Good(3)]);
    let steps = lane.answered(3).await;
    let unknown = Step::GaveUp(vec![Item::Good(2), Item::Good(3)], DbErrorKind::Unknown);
    assert_eq!(steps[3..], [Step::Taken(2), Step::Ran, unknown], "neither repeated nor split");
    proxy.cuts_commits.store(false, Ordering::Relaxed);
    lane.put(&[Item::Good(4)]);
    let steps = lane.answered(4).await;
    assert_eq!(steps.last(), Some(&Step::Committed(vec![Item::Good(4)])));
}

#[db_test(postgres)]
async fn a_lane_repeats_after_conflicts_and_then_asks_for_less(db: TestDb) {
    let (db, _) = on_server(db).await;
    let mut lane = LaneControl::open(&db);
    lane.put(&[Item::Contested(1, 3)]);
    let steps = lane.answered(1).await;
    let ran = steps.iter().filter(|step| **step == Step::Ran).count();
    assert_eq!((ran, steps.last()), (4, Some(&Step::Committed(vec![Item::Contested(1, 3)]))));
    // From now on every conflict is spent, so that only the first batch is contested.
    let mut lane = LaneControl::open(&db);
    let pair = [Item::Good(2), Item::Contested(3, 5)];
    lane.put(&pair);
    let steps = lane.answered(2).await;
    let expected = [Step::Committed(vec![pair[0]]), Step::Committed(vec![pair[1]])];
    let committed: Vec<_> =
        steps.iter().filter(|step| matches!(step, Step::Committed(_))).cloned().collect();
    assert_eq!(committed, expected, "{steps:?}");
    assert!(steps.contains(&Step::Split(1)), "{steps:?}");
    assert_eq!(stored(&db).await, [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_is_found_again() {
    let server = start_private(Durability::Durable).await.unwrap();
    let url = server.database().await.unwrap();
    let backend = Postgres::connect(&url, small()).await.unwrap();
    let db = Db::new(backend.clone());
    hoopoe_db::migrate(&db, &[crate::backend::TABLES]).await.unwrap();
    let mut lane = LaneControl::open(&db);
    lane.put(&[Item::Good(1)]);
    lane.answered(1).await;
    db.write(|tx| Ok(insert(tx, 2)?)).await.unwrap();
    assert!(backend.stats().writable);

    server.kill().await.unwrap();
    assert_eq!(kind_of(db.write(|tx| Ok(insert(tx, 3)?)).await), Some(DbErrorKind::Unavailable));
    assert_eq!(kind_of(db.read(|tx| Ok(ids(tx)?)).await), Some(DbErrorKind::Unavailable));
    lane.put(&[Item::Good(4)]);
    let steps = lane.answered(2).await;
    let expected = Step::GaveUp(vec![Item::Good(4)], DbErrorKind::Unavailable);
    assert_eq!(steps.last(), Some(&expected));
    assert!(!backend.stats().writable);

    server.restart().await.unwrap();
    // Health recovers although nobody asks for anything.
    let recovered = async {
        let mut look = tokio::time::interval(std::time::Duration::from_millis(20));
        while !backend.stats().writable {
            look.tick().await;
        }
    };
    within(PATIENCE, "the server to be found again", recovered).await;
    db.write(|tx| Ok(insert(tx, 5)?)).await.unwrap();
    let mut answers = 2;
    let committed = async {
        loop {
            // A lane that has just failed to connect waits a moment before it tries again.
            lane.put(&[Item::Good(6)]);
            answers += 1;
            if matches!(lane.answered(answers).await.last(), Some(Step::Committed(_))) {
                return;
            }
        }
    };
    within(PATIENCE, "the lane to be served again", committed).await;
    assert_eq!(stored(&db).await, [1, 2, 5, 6], "all that was acknowledged, and nothing else");
}

#[db_test(postgres)]
async fn a_server_that_forgets_is_refused(db: TestDb) {
    let (_db, url) = on_server(db).await;
    let name = url.rsplit('/').next().unwrap();
    for value in ["off", "local"] {
        let set = format!("ALTER DATABASE {name} SET synchronous_commit = {value}");
        run_alone(&url, &set).await.unwrap();
        let error = Postgres::connect(&url, small()).await.err().expect("it is refused");
        assert!(error.to_string().contains(&format!("synchronous_commit is {value}")), "{error}");
    }
    run_alone(&url, &format!("ALTER DATABASE {name} SET synchronous_commit = remote_write"))
        .await
        .unwrap();
    assert!(Postgres::connect(&url, small()).await.is_ok());
}

#[db_test(postgres)]
async fn a_database_that_is_not_there_is_said_so(db: TestDb) {
    let (_db, url) = on_server(db).await;
    let absent = format!("{url}_absent");
    let error = Postgres::connect(&absent, small()).await.err().expect("there is none");
    assert!(error.to_string().contains("does not exist"), "{error}");
    let nobody = "postgres://hoopoe@127.0.0.1:1/nothing";
    let error = Postgres::connect(nobody, small()).await.err().expect("nobody listens");
    assert_eq!(error.kind(), DbErrorKind::Unavailable, "{error}");
}

#[db_test(postgres)]
async fn a_changed_table_costs_no_write(db: TestDb) {
    const LOOK: &str = "SELECT value FROM counters WHERE name = $1";
    let (db, url) = on_server(db).await;
    drop(db);
    let db = connect(&url).await;
    let write = || {
        db.write(|tx| {
            tx.execute(
                "INSERT INTO counters (name, value) VALUES ($1, 0) \
                ON CONFLICT (name) DO NOTHING",
                &["n".into()],
            )?;
            Ok(tx.as_read().first(LOOK, &["n".into()], |row| row.int(0))?)
        })
    };
    assert_eq!(write().await.unwrap(), Some(0));
    // The plan that the session has prepared returns another type from now on.
    run_alone(&url, "ALTER TABLE counters ALTER COLUMN value TYPE INTEGER").await.unwrap();
    assert_eq!(write().await.unwrap(), Some(0));
}

#[db_test(postgres)]
async fn too_much_waiting_work_is_refused_at_once(db: TestDb) {
    let (db, url) = on_server(db).await;
    drop(db);
    let options = PostgresOptions { queue_jobs_max: 2, ..small() };
    let db = Db::new(Postgres::connect(&url, options).await.unwrap());
    let (began, has_begun) = tokio::sync::oneshot::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let (began, may_go_on) = (Mutex::new(Some(began)), Mutex::new(may_go_on));
    let mut blocking = Box::pin(db.write(move |tx| {
        insert(tx, 0)?;
        began.lock().take().expect("it runs once").send(()).unwrap();
        may_go_on.lock().recv().unwrap();
        Ok(())
    }));
    assert!(futures_util::poll!(blocking.as_mut()).is_pending());
    within(PATIENCE, "the only writer to be busy", has_begun).await.unwrap();
    let mut waiting = Vec::new();
    for id in 1..=2 {
        let mut write = Box::pin(db.write(move |tx| Ok(insert(tx, id)?)));
        assert!(futures_util::poll!(write.as_mut()).is_pending());
        waiting.push(write);
    }
    let refused = db.write(|tx| Ok(insert(tx, 3)?)).await;
    assert_eq!(kind_of(refused), Some(DbErrorKind::Unavailable));
    go_on.send(()).unwrap();
    blocking.await.unwrap();
    for write in waiting {
        write.await.unwrap();
    }
    assert_eq!(stored(&db).await, [0, 1, 2]);
}
