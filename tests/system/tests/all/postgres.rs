//! A PostgreSQL that dies, loses connections, and refuses commits, under the real server (F8, F9).

use std::time::{Duration, Instant};

use hoopoe_testkit::{
    checker::assert_kept,
    client::{Refusal, text_message},
    harness::{PATIENCE, fail, within},
    postgres::{Durability, PrivatePostgres, start_private},
};
use serde_json::json;

use crate::{
    house::{House, Store, empty},
    load::{CROWD, Crowd},
};

/// Until the server has found its database again, once that is up.
const FOUND_AGAIN_MAX: Duration = Duration::from_secs(10);

/// A crowd around a server whose database is this one's.
async fn gathered(database: &PrivatePostgres) -> (Crowd, String) {
    let (home, mut launch) = empty(Store::Embedded).await;
    let url = database.database().await.unwrap();
    launch.database = Some(url.clone());
    (Crowd::gather(House::open_in(home, launch).await).await, url)
}

fn talk(crowd: &Crowd, round: usize, count: usize) {
    for number in 0..count {
        crowd.say(number, number % 3 == 0, &format!("round {round}, message {number}"));
    }
}

async fn judge(crowd: &mut Crowd) {
    crowd.settle().await;
    for peer in &crowd.peers {
        assert_eq!(peer.look(|state| state.refused.clone()), [""; 0], "of {}", peer.user());
    }
    assert_kept(&crowd.evidence(&CROWD).await);
    crowd.house.close_and_examine().await;
}

#[tokio::test]
async fn a_killed_postgres_is_found_again_and_nothing_is_lost() {
    let database = start_private(Durability::Durable).await.unwrap();
    let (mut crowd, _) = gathered(&database).await;
    let process = crowd.house.server.process_id();
    let by_rest = crowd.house.rest.acting_as("ann", &crowd.house.journal);
    for round in 0..4 {
        talk(&crowd, round, 60);
        // In the middle of it, at rest the last time.
        if round < 3 {
            crowd.lines_or_all_acked(60 * round).await;
        } else {
            crowd.all_acked().await;
        }
        database.kill().await.unwrap();
        let began = Instant::now();
        let id = format!("dead {round}");
        let sent =
            by_rest.call("messages.send", text_message(&crowd.group, &id, "nobody there")).await;
        match sent {
            Err(Refusal::Problem { status: 503, .. }) => {}
            other => fail(format!("without a database: {other:?}")),
        }
        println!("refused after {:?}", began.elapsed());
        let alive = crowd.house.rest.request("GET", "/healthz", None).await;
        assert_eq!(alive.status, 200, "the process lives on");
        let ready = crowd.house.rest.request("GET", "/readyz", None).await;
        assert_eq!(ready.status, 503, "and says that it cannot work: {}", ready.body);
        database.restart().await.unwrap();
        let began = Instant::now();
        talk(&crowd, round, 10);
        within(FOUND_AGAIN_MAX, "the outboxes to be emptied", crowd.all_acked()).await;
        println!("found again after {:?}", began.elapsed());
        // Health recovers by itself, a moment later.
        until_ready(&crowd.house).await;
    }
    assert_eq!(crowd.house.server.process_id(), process, "the server was never started anew");
    judge(&mut crowd).await;
}

async fn until_ready(house: &House) {
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    let looking = async {
        while house.rest.request("GET", "/readyz", None).await.status != 200 {
            looks.tick().await;
        }
    };
    within(FOUND_AGAIN_MAX, "the server to be ready again", looking).await;
}

/// Ends every connection to the database but our own, as a fail-over or a proxy does.
const CUT: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
    WHERE application_name = 'hoopoe' AND pid <> pg_backend_pid()";

#[tokio::test]
async fn cut_connections_to_postgres_lose_nothing() {
    let database = start_private(Durability::Fast).await.unwrap();
    let (mut crowd, _) = gathered(&database).await;
    for round in 0..25 {
        talk(&crowd, round, 30);
        crowd.lines_or_all_acked(round * 10 % 90).await;
        database.admin(CUT).await.unwrap();
    }
    crowd.all_acked().await;
    judge(&mut crowd).await;
}

/// A trigger that lets a commit fail now and then, by a count that no rollback takes back: as a
/// serialization failure, and as the victim of a deadlock.
const REFUSE_COMMITS: &str = "CREATE SEQUENCE turn; \
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ \
    BEGIN \
        CASE nextval('turn') % 5 \
            WHEN 0 THEN RAISE EXCEPTION 'forced' USING ERRCODE = '40001'; \
            WHEN 2 THEN RAISE EXCEPTION 'forced' USING ERRCODE = '40P01'; \
            ELSE RETURN NULL; \
        END CASE; \
    END $$; \
    CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON moves DEFERRABLE INITIALLY DEFERRED \
        FOR EACH ROW EXECUTE FUNCTION refuse();";

#[tokio::test]
async fn forced_serialization_failures_are_run_again_and_store_once() {
    let database = start_private(Durability::Fast).await.unwrap();
    let (mut crowd, url) = gathered(&database).await;
    hoopoe_testkit::postgres::run_alone(&url, REFUSE_COMMITS).await.unwrap();
    for round in 0..60 {
        talk(&crowd, round, 10);
        crowd.all_acked().await;
    }
    let retries = crowd.house.metric("hoopoe_db_retries_total").await;
    println!("{retries} transactions were run again");
    assert!(retries >= 20, "{retries}: the trigger has not struck");
    judge(&mut crowd).await;
}

/// Locks the heads one after the other, in both orders, and lets go: whoever locks two of them in one
/// statement, in order, meets one of the two.
fn embrace(first: &str, second: &str) -> String {
    let lock = |order: &str| {
        format!(
            "SELECT conversation FROM heads WHERE conversation = \
             (SELECT conversation FROM heads ORDER BY conversation {order} LIMIT 1) FOR UPDATE;"
        )
    };
    format!(
        "BEGIN; {} SELECT pg_sleep(0.03); {} SELECT pg_sleep(0.01); ROLLBACK;",
        lock(first),
        lock(second)
    )
}

#[tokio::test]
async fn real_deadlocks_are_run_again_and_store_once() {
    const EMBRACES: usize = 40;
    let database = start_private(Durability::Fast).await.unwrap();
    let (mut crowd, url) = gathered(&database).await;
    let mut victims = 0;
    for round in 0..EMBRACES {
        // Ann and Bob write into both conversations, so that a batch holds both heads.
        for number in 0..12 {
            crowd.say(number % 3, number % 2 == 0, &format!("round {round}, message {number}"));
        }
        let (first, second) = if round % 2 == 0 { ("DESC", "ASC") } else { ("ASC", "DESC") };
        // Whoever is the victim of a deadlock is rolled back: it or the server.
        if hoopoe_testkit::postgres::run_alone(&url, &embrace(first, second)).await.is_err() {
            victims += 1;
        }
    }
    within(PATIENCE, "everything to be sent", crowd.all_acked()).await;
    let retries = crowd.house.metric("hoopoe_db_retries_total").await;
    println!("deadlocks: {victims} ended for us, {retries} for the server");
    assert!(victims + retries >= 1, "nobody has met anybody");
    judge(&mut crowd).await;
}

/// Readiness tells of a database that is not there at the start, too.
#[tokio::test]
async fn a_server_without_its_postgres_refuses_to_start_in_one_line() {
    let database = start_private(Durability::Fast).await.unwrap();
    let (home, mut launch) = empty(Store::Embedded).await;
    launch.database = Some(database.database().await.unwrap());
    database.kill().await.unwrap();
    let ran = hoopoe_testkit::server::Server::refused(launch.clone(), None).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.lines().last().is_some_and(|line| line.contains("database")), "{ran:?}");
    database.restart().await.unwrap();
    let mut house = House::open_in(home, launch).await.with_people(&["ann", "bob"]).await;
    let conversation = house.direct("ann", "bob").await;
    house.connect("ann").await.send(&conversation, "1", "up again").await.unwrap();
    house.judge(&[(&conversation, &["ann", "bob"])]).await;
    assert_eq!(json!(house.server.terminate(PATIENCE).await.code()), json!(0));
}
