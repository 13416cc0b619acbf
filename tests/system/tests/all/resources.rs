//! What the server holds has caps, and comes back down after trouble.

use std::time::Duration;

use hoopoe_testkit::{
    checker::assert_kept,
    client::{Connection, Dial},
    journal::{Entry, Journal, Name, Phase, Usage, What, Who},
    server::Server,
};

use crate::{
    house::{House, Store},
    load::{CROWD, Crowd},
};

/// Invariant I18: as long as that after a fault.
const RECOVERY: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(250);
const STORM_SOCKETS: usize = 150;

fn measured(journal: &Journal, who: &Who, phase: Phase, usage: Usage) {
    journal.write(who, What::Measured { phase, usage });
}

/// Talks until everybody has everything.
async fn chatter(crowd: &Crowd, messages: usize) {
    for number in 0..messages {
        for device in 0..5 {
            crowd.say(device, number % 3 == 0, &format!("{number:>200}"));
        }
    }
    crowd.all_acked().await;
    crowd.settle().await;
}

/// Many sockets that do not read, all dropped at once, thrice.
async fn storm(crowd: &Crowd, who: &Who) {
    let house = &crowd.house;
    for _ in 0..3 {
        let mut sockets = Vec::new();
        for number in 0..STORM_SOCKETS {
            let dial = Dial { receive_bytes: Some(4 * 1_024) };
            let user = CROWD[number % CROWD.len()];
            let address = house.server.address();
            let socket =
                Connection::dial(address, &house.journal, (user, "storm"), dial).await.unwrap();
            socket.start(house.token(user), None).await.unwrap();
            socket.stall();
            sockets.push(socket);
        }
        chatter(crowd, 20).await;
        measured(&house.journal, who, Phase::Fault, house.server.usage());
    }
}

#[tokio::test]
async fn memory_and_descriptors_come_back_after_a_storm() {
    let mut crowd = Crowd::gather(House::open_with(Store::Embedded, |launch| launch).await).await;
    let who = crowd.house.journal.connection("server", "process");
    chatter(&crowd, 60).await;
    measured(&crowd.house.journal, &who, Phase::Baseline, crowd.house.server.usage());
    storm(&crowd, &who).await;

    let baseline =
        *crowd.house.journal.entries().iter().find_map(usage_of(Phase::Baseline)).unwrap();
    let caps = Server::caps();
    let is_down = |now: Usage| {
        now.fds <= baseline.fds + baseline.fds / 10
            && now.rss_bytes <= baseline.rss_bytes + baseline.rss_bytes / 10 + caps.rss_slack_bytes
    };
    let mut looks = tokio::time::interval(LOOK_EVERY);
    let down = async {
        while !is_down(crowd.house.server.usage()) {
            looks.tick().await;
        }
    };
    // Whether it came down in time is for the checker to say.
    drop(tokio::time::timeout(RECOVERY, down).await);
    measured(&crowd.house.journal, &who, Phase::Settled, crowd.house.server.usage());
    let readers: [(&Name, &[&str]); 2] = [(&crowd.group, &CROWD), (&crowd.pair, &["ann", "bob"])];
    assert_kept(&crowd.house.evidence(&readers, Some(caps)).await);
    crowd.house.close_and_examine().await;
}

fn usage_of(wanted: Phase) -> impl Fn(&Entry) -> Option<&Usage> {
    move |entry| match &entry.what {
        What::Measured { phase, usage } if *phase == wanted => Some(usage),
        _ => None,
    }
}
