//! kill -9 under load: whatever was acknowledged is there afterwards, once, in order.

use std::{collections::BTreeMap, time::Duration};

use hoopoe_testkit::{
    checker::{check, describe},
    harness::{PATIENCE, seed, within},
    server::{FAIL_POINTS, Launch, Server, run_cli},
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
/// After so many kills everything is compared.
const CHECK_EVERY: usize = 25;
/// So long is one journal of a long run; then the next house is opened.
const ROUNDS_PER_HOUSE: usize = 250;

/// A named point that clients make the server pass, and what makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PassedBy {
    /// Each start.
    Start,
    /// Every connection.
    Connection,
    /// Every message.
    Message,
}

/// The points at which rounds end, in turn.
const UNDER_LOAD: [(&str, PassedBy); 7] = [
    ("start.opened", PassedBy::Start),
    ("accept", PassedBy::Connection),
    ("session.seated", PassedBy::Connection),
    ("append.before_commit", PassedBy::Message),
    ("append.after_commit", PassedBy::Message),
    ("append.after_ack", PassedBy::Message),
    ("fanout.before_push", PassedBy::Message),
];
/// The other points: each has a test of its own, which fails when its point is not passed.
const ELSEWHERE: [&str; 4] = ["migrate", "checkpoint", "drain", "close"];

/// What ends a round.
#[derive(Debug)]
enum Blow {
    /// SIGKILL once the clients have seen this much.
    AfterLines(usize),
    /// The server kills itself at the nth passing of a named point.
    At(&'static str, PassedBy, u32),
}

#[derive(Debug)]
struct Round {
    blow: Blow,
    /// Device, whether in the pair, and how long a text.
    says: Vec<(usize, bool, usize)>,
}

impl Round {
    /// Every other round ends at any moment, the others at each named point in turn.
    fn draw(random: &mut StdRng, number: usize) -> Self {
        let count = random.random_range(20..=80);
        let says = (0..count)
            .map(|_| {
                let length = if random.random_bool(0.05) { 4_000 } else { 40 };
                (random.random_range(0..5), random.random_bool(0.3), length)
            })
            .collect();
        let blow = if number.is_multiple_of(2) {
            // A message in the group makes about nine lines.
            Blow::AfterLines(random.random_range(0..count * 9))
        } else {
            let (point, passed) = UNDER_LOAD[number / 2 % UNDER_LOAD.len()];
            let nth = match passed {
                PassedBy::Start => 1,
                PassedBy::Connection => random.random_range(1..=8),
                PassedBy::Message => random.random_range(1..=25),
            };
            Blow::At(point, passed, nth)
        };
        Self { blow, says }
    }
}

/// How many rounds: as many as a change deserves, or as a release does.
fn rounds(usual: usize, long: usize) -> usize {
    if std::env::var("HOOPOE_LONG").is_ok_and(|value| value == "1") { long } else { usual }
}

async fn kill_under_load(store: Store, rounds: usize) {
    let seed = seed();
    println!("HOOPOE_SEED={seed}, {rounds} rounds");
    let mut random = StdRng::seed_from_u64(seed);
    let mut kills = 0;
    let mut struck = BTreeMap::new();
    while kills < rounds {
        let count = (rounds - kills).min(ROUNDS_PER_HOUSE);
        let plan = (kills..kills + count).map(|number| Round::draw(&mut random, number)).collect();
        kill_a_house(store, plan, seed, &mut struck).await;
        kills += count;
    }
    println!("{kills} kills, by themselves at {struck:?}");
    for (point, _) in UNDER_LOAD.iter().take(rounds / 2) {
        assert!(struck.contains_key(point), "no server has killed itself at {point}");
    }
}

/// Kills the server of one house once a round.
async fn kill_a_house(
    store: Store,
    plan: Vec<Round>,
    seed: u64,
    struck: &mut BTreeMap<&'static str, usize>,
) {
    let mut crowd = Crowd::gather(House::open_with(store, |launch| launch).await).await;
    let mut ready = Vec::new();
    crowd.house.server.kill().await;
    for (number, round) in plan.iter().enumerate() {
        println!("round {number}: {:?}, {} sends", round.blow, round.says.len());
        let has_struck = start(&mut crowd, &round.blow).await;
        ready.push(crowd.house.server.ready_took());
        for (index, (device, in_pair, length)) in round.says.iter().enumerate() {
            crowd.say(*device, *in_pair, &text(number, index, *length));
        }
        match round.blow {
            Blow::AfterLines(lines) => crowd.lines_or_all_acked(lines).await,
            Blow::At(point, passed, nth) => {
                if !has_struck {
                    until_struck(&crowd, passed, nth).await;
                }
                *struck.entry(point).or_default() += 1;
            }
        }
        crowd.house.server.kill().await;
        if (number + 1).is_multiple_of(CHECK_EVERY) || number + 1 == plan.len() {
            compare(&mut crowd, seed).await;
            crowd.house.server.kill().await;
        }
    }
    timely(&crowd, &ready);
    for peer in &crowd.peers {
        assert_eq!(peer.look(|state| state.refused.clone()), [""; 0], "of {}", peer.user());
    }
    crowd.house.server.restart().await;
    crowd.house.close_and_examine().await;
}

/// Everything that everybody has seen and can read, against the rules.
async fn compare(crowd: &mut Crowd, seed: u64) {
    crowd.house.server.restart_without("HOOPOE_FAIL_POINT").await;
    crowd.settle().await;
    let findings = check(&crowd.evidence(&CROWD).await);
    assert!(findings.is_empty(), "HOOPOE_SEED={seed}: {}", describe(&findings));
}

/// Waits for the server to kill itself, and gives it reasons to pass its point until it does.
async fn until_struck(crowd: &Crowd, passed: PassedBy, nth: u32) {
    let mut over = Box::pin(crowd.house.server.watch_end());
    for number in 0..=nth {
        tokio::select! {
            () = &mut over => return,
            () = crowd.all_acked() => {}
        }
        if passed == PassedBy::Connection {
            crowd.peers[number as usize % crowd.peers.len()].cut();
        }
        crowd.say(number as usize, false, "one more");
    }
    within(PATIENCE, "the server to kill itself", over).await;
}

/// Starts the server for a round. One that meets its end before it listens has had its blow: it
/// starts once more, without, and is killed when the round is over.
async fn start(crowd: &mut Crowd, blow: &Blow) -> bool {
    let server = &mut crowd.house.server;
    let plain = server.launched().clone().without("HOOPOE_FAIL_POINT");
    let launch = match blow {
        Blow::AfterLines(_) => plain.clone(),
        Blow::At(point, _, nth) => {
            plain.clone().env("HOOPOE_FAIL_POINT", &format!("{point}:{nth}"))
        }
    };
    let Err(ran) = server.relaunch(launch).await else { return false };
    assert_eq!(ran.code, None, "it ended by itself: {ran:?}");
    server.relaunch(plain).await.unwrap();
    true
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

/// A point that is added to the server is killed at.
#[test]
fn no_named_point_is_left_out() {
    let mut visited: Vec<&str> = UNDER_LOAD.iter().map(|(point, _)| *point).collect();
    visited.extend(ELSEWHERE);
    visited.sort_unstable();
    let mut named = FAIL_POINTS.to_vec();
    named.sort_unstable();
    assert_eq!(visited, named);
}

#[tokio::test]
async fn kill_under_load_loses_nothing() {
    kill_under_load(Store::Embedded, rounds(75, 1_000)).await;
}

#[tokio::test]
async fn kill_under_load_loses_nothing_on_postgres() {
    kill_under_load(Store::Postgres, rounds(25, 250)).await;
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
