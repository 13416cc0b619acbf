//! The wall clock jumps (F12): order is by `seq`, never by the clock, and clients catch up whatever
//! time their cursors were given out at.

use hoopoe_testkit::{
    checker::assert_kept,
    harness::{PATIENCE, seed},
    shim::Shim,
};
use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::{
    house::{House, Store, empty},
    load::{CROWD, Crowd},
};

const HOUR_S: i64 = 3_600;
const DAY_S: i64 = 24 * HOUR_S;
/// The first second that a 32-bit clock does not know, 2038-01-19, from a day in 2026 on.
const BEYOND_2038_S: i64 = 13 * 365 * DAY_S;

/// A house whose clock can be moved. It is opened at a time of its own.
async fn open(store: Store, at_s: i64) -> (Crowd, Shim) {
    let (home, launch) = empty(store).await;
    let shim = Shim::build(home.path());
    shim.shift_clock(at_s);
    let launch = shim
        .variables()
        .iter()
        .fold(launch, |launch, (name, value)| launch.env(name, value.to_str().unwrap()));
    (Crowd::gather(House::open_in(home, launch).await).await, shim)
}

/// Talks across each of these jumps: connected, cut amidst, and over a kill.
async fn jumps(store: Store, start_s: i64, shifts_s: &[i64]) {
    let seed = seed();
    println!("HOOPOE_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let (mut crowd, shim) = open(store, start_s).await;
    for (number, shift_s) in shifts_s.iter().enumerate() {
        for index in 0..30 {
            crowd.say(
                random.random_range(0..5),
                random.random_bool(0.3),
                &format!("{number}.{index}"),
            );
            if index == 10 {
                shim.shift_clock(*shift_s);
            }
            if index == 15 {
                crowd.peers[random.random_range(0..5)].cut();
            }
        }
        if random.random_bool(0.5) {
            crowd.house.server.kill().await;
            // Somebody else's messages, from before the jump, while all are away.
            crowd.house.server.restart().await;
        }
        crowd.all_acked().await;
    }
    // Cursors of every one of these times, also of the future, lead to everything.
    let heads: Vec<u64> =
        crowd.peers.iter().map(|peer| peer.look(|s| s.logs[&crowd.group].filled_to)).collect();
    println!("held before the last cut: {heads:?}");
    crowd.settle().await;
    assert_kept(&crowd.evidence(&CROWD).await);
    crowd.house.close_and_examine().await;
}

#[tokio::test]
async fn a_clock_that_jumps_back_and_forth_reorders_nothing() {
    jumps(Store::Embedded, 0, &[HOUR_S, -HOUR_S, 20 * HOUR_S, -DAY_S, -30 * DAY_S, 0]).await;
}

#[tokio::test]
async fn a_clock_that_jumps_back_and_forth_reorders_nothing_on_postgres() {
    jumps(Store::Postgres, 0, &[HOUR_S, -HOUR_S, -DAY_S, 0]).await;
}

#[tokio::test]
async fn a_clock_that_comes_back_from_beyond_2038_reorders_nothing() {
    let (start_s, end_s) = (BEYOND_2038_S, BEYOND_2038_S + HOUR_S);
    jumps(Store::Embedded, start_s, &[end_s, start_s, HOUR_S, 0]).await;
}

/// A cursor says since when something has moved. One from the future would hide everything, if the
/// digest did not say that something is missing.
#[tokio::test]
async fn a_cursor_from_the_future_hides_nothing() {
    let (crowd, shim) = open(Store::Embedded, 10 * HOUR_S).await;
    crowd.say(0, false, "in ten hours");
    crowd.settle().await;
    shim.shift_clock(0);
    let dan = &crowd.peers[4];
    let starts = dan.look(|state| state.starts);
    for number in 0..5 {
        crowd.say(0, false, &format!("now {number}"));
        dan.cut();
    }
    dan.until(PATIENCE, "it is back", |state| state.starts > starts).await;
    let group = crowd.group.clone();
    let holds = move |state: &hoopoe_testkit::peer::State| state.logs[&group].filled_to == 6;
    dan.until(PATIENCE, "it holds what was said while it was away", holds).await;
    crowd.settle().await;
    assert_kept(&crowd.evidence(&CROWD).await);
}
