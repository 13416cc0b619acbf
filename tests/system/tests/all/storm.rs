//! Thousands of clients drop off at once, miss messages, and resume at once: all catch up, and what
//! the server holds for them stays bounded (F13, I18).

use std::time::{Duration, Instant};

use hoopoe_testkit::{
    checker::assert_kept,
    harness::{PATIENCE, within},
    journal::{Caps, Name, Phase, Usage, What},
    swarm::{Place, Swarm, print_of},
};
use serde_json::json;

use crate::{
    house::{House, Store},
    load::{CROWD, Crowd},
};

/// Users of the swarm; each has several devices.
const USERS: usize = 300;
const ROUNDS: usize = 3;
/// Said by the crowd while the swarm is away, and while it is there.
const WHILE_AWAY: usize = 60;
const WHILE_HERE: usize = 10;
/// From the order to come back until everybody is caught up. The server under test is a debug build
/// and shares two cores with its clients; a release is measured by `hoopoe-bench`.
const RESUMED_MAX: Duration = Duration::from_secs(60);
/// What may wait for one connection: `CONNECTION_QUEUE_BYTES_MAX`.
const QUEUE_BYTES_MAX: u64 = 1024 * 1024;
/// Resident memory that a client of the swarm may cost beside the server's own.
const RSS_PER_CLIENT_BYTES: u64 = 64 * 1024;
const LOOK_EVERY: Duration = Duration::from_millis(200);

fn clients() -> usize {
    if std::env::var("HOOPOE_LONG").is_ok_and(|value| value == "1") { 10_000 } else { 3_000 }
}

/// The users, in the crowd's group, and a token of each.
async fn join(crowd: &Crowd) -> Vec<String> {
    let users: Vec<String> = (0..USERS).map(|number| format!("swarm{number}")).collect();
    let mut tokens = Vec::new();
    for user in &users {
        crowd.house.rest.must("users.upsert", json!({"user": user, "name": user})).await;
        tokens.push(crowd.house.fresh_token(user).await);
    }
    let ann = crowd.house.rest.acting_as("ann", &crowd.house.journal);
    for some in users.chunks(100) {
        let params = json!({"conversation": &*crowd.group, "users": some});
        ann.must("members.add", params).await;
    }
    tokens
}

/// The largest that was seen of something while something else went on.
#[derive(Debug, Default)]
struct Most {
    queue_bytes: u64,
    usage: Usage,
}

impl Most {
    /// Looks at the server again and again until the work is done.
    async fn during<T>(&mut self, house: &House, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        let mut looks = tokio::time::interval(LOOK_EVERY);
        loop {
            tokio::select! {
                done = &mut work => return done,
                _ = looks.tick() => self.look(house).await,
            }
        }
    }

    async fn look(&mut self, house: &House) {
        let now = house.server.usage();
        self.usage.rss_bytes = self.usage.rss_bytes.max(now.rss_bytes);
        self.usage.fds = self.usage.fds.max(now.fds);
        self.usage.wal_bytes = self.usage.wal_bytes.max(now.wal_bytes);
        let queue = house.metric("hoopoe_queued_bytes_of_slowest").await;
        self.queue_bytes = self.queue_bytes.max(queue);
    }
}

/// The crowd says so much; the seq that the group then has.
async fn chatter(crowd: &Crowd, count: usize) -> u64 {
    for number in 0..count {
        crowd.say(number, false, &format!("{number:>200}"));
    }
    crowd.all_acked().await;
    let found = crowd.house.rest.acting_as("ann", &crowd.house.journal);
    let found = found.must("conversations.get", json!({"conversation": &*crowd.group})).await;
    found["head_seq"].as_u64().unwrap()
}

async fn one_storm(crowd: &Crowd, swarm: &mut Swarm, most: &mut Most) {
    let missed = chatter(crowd, WHILE_AWAY).await;
    let began = Instant::now();
    swarm.come();
    most.during(&crowd.house, swarm.caught_up(RESUMED_MAX, missed)).await;
    let resumed = began.elapsed();
    let live = async {
        let head = chatter(crowd, WHILE_HERE).await;
        swarm.caught_up(PATIENCE * 2, head).await;
    };
    most.during(&crowd.house, live).await;
    swarm.drop_off();
    swarm.gone(PATIENCE).await;
    // The server sees it too, before the next round.
    let left = crowd.peers.len() as u64;
    crowd.house.until_metric("hoopoe_connections", PATIENCE, |count| count <= left).await;
    println!("all back and caught up after {resumed:?}, at most {most:?}");
}

#[tokio::test]
async fn a_storm_of_clients_catches_up_and_leaves_nothing_behind() {
    let clients = clients();
    raise_file_limit();
    let mut crowd = Crowd::gather(House::open_with(Store::Embedded, |launch| launch).await).await;
    let tokens = join(&crowd).await;
    let group: Name = crowd.group.clone();
    let address = crowd.house.server.address();
    let mut swarm = Swarm::new(address, &group, &tokens, clients);
    let who = crowd.house.journal.connection("server", "process");
    let measured = |phase, usage| What::Measured { phase, usage };
    let mut most = Most::default();
    // The first coming warms up what the others are compared with.
    one_storm(&crowd, &mut swarm, &mut most).await;
    let baseline = crowd.house.server.usage();
    crowd.house.journal.write(&who, measured(Phase::Baseline, baseline));
    for _ in 1..ROUNDS {
        one_storm(&crowd, &mut swarm, &mut most).await;
        crowd.house.journal.write(&who, measured(Phase::Fault, most.usage));
    }
    assert!(most.queue_bytes <= QUEUE_BYTES_MAX, "{most:?}");
    report(&swarm.places());

    crowd.settle().await;
    let readers: [(&Name, &[&str]); 2] = [(&crowd.group, &CROWD), (&crowd.pair, &["ann", "bob"])];
    crowd.house.journal.write(&who, measured(Phase::Settled, crowd.house.server.usage()));
    let caps = Caps {
        most: Usage {
            rss_bytes: (256 << 20) + clients as u64 * RSS_PER_CLIENT_BYTES,
            fds: clients as u64 + 500,
            wal_bytes: 96 << 20,
        },
        rss_slack_bytes: 32 << 20,
    };
    let evidence = crowd.house.evidence(&readers, Some(caps)).await;
    let history = evidence.histories.iter().find(|one| one.head.conversation == group).unwrap();
    let print = print_of(&history.rows);
    for place in swarm.places() {
        assert_eq!((place.filled_to, place.print), (history.head.head_seq, print), "{place:?}");
    }
    assert_kept(&evidence);
    within(PATIENCE, "the drain", crowd.house.close_and_examine()).await;
}

fn report(places: &[Place]) {
    let mut returns: Vec<Duration> =
        places.iter().flat_map(|place| place.returns.iter().copied()).collect();
    returns.sort_unstable();
    let at = |percent: usize| returns[(returns.len() * percent / 100).min(returns.len() - 1)];
    let closed: u64 = places.iter().map(|place| place.closed).sum();
    println!(
        "{} returns of {} clients: half after {:?}, 99 of 100 after {:?}, the last after {:?}; {closed} \
         connections were refused or closed by the server",
        returns.len(),
        places.len(),
        at(50),
        at(99),
        at(100),
    );
}

/// The test itself holds as many sockets as the server.
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
}
