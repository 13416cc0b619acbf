//! A server is stopped and killed in every phase of its life: right after it accepts, while clients
//! come, under load, while it drains, and as it closes.

use std::time::Duration;

use hoopoe_testkit::{
    checker::assert_kept,
    harness::{PATIENCE, seed, within},
};
use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::{
    house::{House, Store},
    load::{CROWD, Crowd},
};

/// A drain may take no longer.
const DRAIN_MAX: Duration = Duration::from_secs(10);

async fn gathered(store: Store) -> Crowd {
    Crowd::gather(House::open_with(store, |launch| launch).await).await
}

fn talk(crowd: &Crowd, round: usize, count: usize) {
    for number in 0..count {
        crowd.say(number, number % 3 == 0, &format!("round {round}, message {number}"));
    }
}

async fn judge(crowd: &mut Crowd) {
    crowd.settle().await;
    assert_kept(&crowd.evidence(&CROWD).await);
    crowd.house.close_and_examine().await;
}

/// SIGTERM at any moment: from the line that says it listens to the middle of the traffic.
async fn drained_at_any_moment(store: Store, rounds: usize) {
    let seed = seed();
    println!("HOOPOE_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut crowd = gathered(store).await;
    for round in 0..rounds {
        talk(&crowd, round, 60);
        if round > 0 {
            let lines = random.random_range(0..200);
            crowd.lines_or_all_acked(lines).await;
        }
        let status = crowd.house.server.terminate(DRAIN_MAX).await;
        assert_eq!(status.code(), Some(0), "HOOPOE_SEED={seed}, round {round}");
        crowd.house.server.restart().await;
        if round % 2 == 1 {
            // At once: clients are in the middle of coming back.
            let status = crowd.house.server.terminate(DRAIN_MAX).await;
            assert_eq!(status.code(), Some(0), "HOOPOE_SEED={seed}, round {round}");
            crowd.house.server.restart().await;
        }
    }
    judge(&mut crowd).await;
}

#[tokio::test]
async fn a_drain_under_load_loses_nothing() {
    drained_at_any_moment(Store::Embedded, 12).await;
}

#[tokio::test]
async fn a_drain_under_load_loses_nothing_on_postgres() {
    drained_at_any_moment(Store::Postgres, 4).await;
}

/// kill -9 after the drain has begun, and as the database is about to be closed.
async fn killed_while_going_down(store: Store) {
    let mut crowd = gathered(store).await;
    for (round, point) in ["drain", "close", "drain", "close"].into_iter().enumerate() {
        crowd.house.server.kill().await;
        let launch = crowd.house.server.launched().clone().env("HOOPOE_FAIL_POINT", point);
        crowd.house.server.relaunch(launch).await.unwrap();
        talk(&crowd, round, 80);
        crowd.lines_or_all_acked(100).await;
        crowd.house.server.ask_to_stop();
        let status = crowd.house.server.ended(DRAIN_MAX).await;
        assert_eq!(status.code(), None, "it was killed at {point}: {status}");
        crowd.house.server.restart_without("HOOPOE_FAIL_POINT").await;
    }
    judge(&mut crowd).await;
}

#[tokio::test]
async fn a_kill_while_going_down_loses_nothing() {
    killed_while_going_down(Store::Embedded).await;
}

#[tokio::test]
async fn a_kill_while_going_down_loses_nothing_on_postgres() {
    killed_while_going_down(Store::Postgres).await;
}

/// kill -9 as soon as it listens, again and again: clients that come back at once find nobody.
#[tokio::test]
async fn a_server_that_dies_as_soon_as_it_listens_costs_only_time() {
    let mut crowd = gathered(Store::Embedded).await;
    for round in 0..10 {
        talk(&crowd, round, 10);
        crowd.house.server.kill().await;
        crowd.house.server.restart().await;
    }
    within(PATIENCE, "everything to be sent", crowd.all_acked()).await;
    judge(&mut crowd).await;
}
