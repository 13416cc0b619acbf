//! kill -9 under load: whatever was acknowledged is there afterwards, once, in order.

use std::time::Duration;

use hoopoe_testkit::{
    checker::{check, describe},
    harness::{PATIENCE, seed},
    server::{Launch, Server, run_cli},
};
use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::{
    house::{House, Store, empty},
    load::{CROWD, Crowd},
};

/// From the start of a killed server to its `listening` line.
const READY_MAX: Duration = Duration::from_secs(3);
/// From there until a client has caught up and sent again, for 99 of 100.
const RESUMED_MAX: Duration = Duration::from_secs(5);
const POINTS: [&str; 3] = ["append.before_commit", "append.after_commit", "append.after_ack"];

/// What ends a round.
#[derive(Debug)]
enum Blow {
    /// SIGKILL once the clients have seen this much.
    AfterLines(usize),
    /// The server kills itself at the nth passing of a named point.
    At(&'static str, u32),
}

#[derive(Debug)]
struct Round {
    blow: Blow,
    /// Device, whether in the pair, and how long a text.
    says: Vec<(usize, bool, usize)>,
}

impl Round {
    fn draw(random: &mut StdRng) -> Self {
        let count = random.random_range(20..=80);
        let says = (0..count)
            .map(|_| {
                let length = if random.random_bool(0.05) { 4_000 } else { 40 };
                (random.random_range(0..5), random.random_bool(0.3), length)
            })
            .collect();
        let blow = if random.random_bool(0.5) {
            // A message in the group makes about nine lines.
            Blow::AfterLines(random.random_range(0..count * 9))
        } else {
            let point = POINTS[random.random_range(0..POINTS.len())];
            Blow::At(point, random.random_range(1..=25))
        };
        Self { blow, says }
    }
}

/// How many rounds: as many as a change deserves, or as a release does.
fn rounds(usual: usize) -> usize {
    if std::env::var("HOOPOE_LONG").is_ok_and(|value| value == "1") { 1_000 } else { usual }
}

async fn kill_under_load(store: Store, rounds: usize) {
    let seed = seed();
    println!("HOOPOE_SEED={seed}, {rounds} rounds");
    let mut random = StdRng::seed_from_u64(seed);
    let mut crowd = Crowd::gather(House::open_with(store, |launch| launch).await).await;
    let mut ready = Vec::new();
    crowd.house.server.kill().await;
    for number in 0..rounds {
        let round = Round::draw(&mut random);
        println!("round {number}: {:?}, {} sends", round.blow, round.says.len());
        start(&mut crowd, &round.blow).await;
        ready.push(crowd.house.server.ready_took());
        for (index, (device, in_pair, length)) in round.says.iter().enumerate() {
            crowd.say(*device, *in_pair, &text(number, index, *length));
        }
        match round.blow {
            Blow::AfterLines(lines) => crowd.lines_or_all_acked(lines).await,
            Blow::At(..) => {
                // A point that is passed less often than planned is no blow: then it is a kill at
                // rest.
                let over = crowd.house.server.watch_end();
                tokio::select! {
                    () = over => {}
                    () = crowd.all_acked() => {}
                }
            }
        }
        crowd.house.server.kill().await;
    }
    crowd.house.server.restart_without("HOOPOE_FAIL_POINT").await;
    crowd.settle().await;
    let findings = check(&crowd.evidence(&CROWD).await);
    assert!(findings.is_empty(), "HOOPOE_SEED={seed}: {}", describe(&findings));
    timely(&crowd, &ready);
    for peer in &crowd.peers {
        assert_eq!(peer.look(|state| state.refused.clone()), [""; 0], "of {}", peer.user());
    }
    crowd.house.close_and_examine().await;
}

/// Starts the server for a round. One that meets its end before it listens has had its blow: it
/// starts once more, without.
async fn start(crowd: &mut Crowd, blow: &Blow) {
    let server = &mut crowd.house.server;
    let plain = server.launched().clone().without("HOOPOE_FAIL_POINT");
    let launch = match blow {
        Blow::AfterLines(_) => plain.clone(),
        Blow::At(point, nth) => plain.clone().env("HOOPOE_FAIL_POINT", &format!("{point}:{nth}")),
    };
    if let Err(ran) = server.relaunch(launch).await {
        assert_eq!(ran.code, None, "it ended by itself: {ran:?}");
        server.relaunch(plain).await.unwrap();
    }
}

fn text(round: usize, index: usize, length: usize) -> String {
    format!("{:<length$}", format!("round {round}, message {index} "))
}

fn timely(crowd: &Crowd, ready: &[Duration]) {
    let slowest = ready.iter().max().unwrap();
    let mut resumed: Vec<Duration> = crowd
        .peers
        .iter()
        .flat_map(|peer| peer.look(|state| state.resumed_after.clone()))
        .collect();
    resumed.sort();
    let p99 = resumed[(resumed.len() * 99 / 100).min(resumed.len() - 1)];
    println!("ready after at most {slowest:?}, {} resumes, p99 {p99:?}", resumed.len());
    assert!(*slowest <= READY_MAX, "ready after {slowest:?}");
    assert!(p99 <= RESUMED_MAX, "resumed after {p99:?}");
}

#[tokio::test]
async fn kill_under_load_loses_nothing() {
    kill_under_load(Store::Embedded, rounds(12)).await;
}

#[tokio::test]
async fn kill_under_load_loses_nothing_on_postgres() {
    kill_under_load(Store::Postgres, rounds(4)).await;
}

#[tokio::test]
async fn a_kill_in_a_checkpoint_loses_nothing() {
    let point = |launch: Launch| launch.env("HOOPOE_FAIL_POINT", "checkpoint:1");
    let house = House::open_with(Store::Embedded, point).await;
    let mut crowd = Crowd::gather(house).await;
    // A checkpoint is due when 16 MiB of log have been written: each of these messages is 16 KiB.
    let text = "x".repeat(16 * 1_024);
    let mut over = Box::pin(crowd.house.server.watch_end());
    let mut said = 0;
    loop {
        for _ in 0..40 {
            crowd.say(said % 3, true, &text);
            said += 1;
        }
        tokio::select! {
            () = &mut over => break,
            () = crowd.all_acked() => {}
        }
        assert!(said < 4_000, "no checkpoint after {said} messages");
    }
    drop(over);
    crowd.house.server.kill().await;
    crowd.house.server.restart_without("HOOPOE_FAIL_POINT").await;
    crowd.settle().await;
    let findings = check(&crowd.evidence(&CROWD).await);
    assert!(findings.is_empty(), "{}", describe(&findings));
    crowd.house.close_and_examine().await;
}

async fn kills_in_migrations(store: Store) {
    let mut kills = 0;
    for nth in 1.. {
        let (_home, launch) = empty(store).await;
        let point = launch.clone().env("HOOPOE_FAIL_POINT", &format!("migrate:{nth}"));
        let Err(ran) = Server::try_start(point).await else { break };
        assert_eq!(ran.code, None, "it ended by itself: {ran:?}");
        kills += 1;
        let mut server = Server::start(launch).await;
        run_cli(server.launched(), &["app", "create", "demo", "--json"]).await.json();
        assert_eq!(server.terminate(PATIENCE).await.code(), Some(0));
    }
    assert!(kills >= 3, "{kills} kills: is the server built with the `faults` feature?");
}

#[tokio::test]
async fn a_kill_in_any_migration_is_made_good() {
    kills_in_migrations(Store::Embedded).await;
}

#[tokio::test]
async fn a_kill_in_any_migration_is_made_good_on_postgres() {
    kills_in_migrations(Store::Postgres).await;
}
