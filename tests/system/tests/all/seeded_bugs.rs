//! The checker is alive: with a bug switched on in the server it reports the rule that the bug
//! breaks, and the same load without a bug is clean.

use hoopoe_testkit::{
    checker::{Finding, Invariant, check, describe},
    client::{Refusal, text_message},
    harness::fail,
};
use serde_json::json;

use crate::{
    house::{House, Store},
    load::Crowd,
};

/// What to look at first when nothing is caught.
const HINT: &str = "is the server built with the `faults` feature?";
const EACH_SAYS: usize = 30;
const KILLS: u32 = 3;
/// A kill between an early ack and its commit is a race; so often it is tried.
const RACES: u32 = 18;
const OUTBOX_WHEN_KILLED: usize = 200;
/// About then the server has started and everybody has connected, and commits are of messages.
const FIRST_NTH: u32 = 12;
const SPREAD: u32 = 6;

/// A crowd around a server with these bugs switched on, after every sort of traffic in which one
/// of them would show.
async fn scripted_load(faults: &str) -> Crowd {
    let house = House::open_with(Store::Embedded, |launch| match faults {
        "" => launch,
        faults => launch.env("HOOPOE_FAULTS", faults),
    });
    let crowd = Crowd::gather(house.await).await;
    for number in 0..EACH_SAYS {
        for device in 0..5 {
            crowd.say(device, number % 5 == 4, &format!("message {number}"));
        }
    }
    crowd.all_acked().await;
    moved_marks(&crowd).await;
    removed_member(&crowd).await;
    crowd
}

/// Fills the outboxes while the server is down, has it kill itself at its nth commit, before that
/// commit, and has everybody resume.
async fn killed_amidst(crowd: &mut Crowd, nth: u32) {
    crowd.house.server.kill().await;
    for number in 0..OUTBOX_WHEN_KILLED {
        for device in [0, 1, 2, 4] {
            crowd.say(device, false, &format!("late message {number}"));
        }
    }
    let launch = crowd.house.server.launched().clone();
    let launch = launch.env("HOOPOE_FAIL_POINT", &format!("append.before_commit:{nth}"));
    if let Err(ran) = crowd.house.server.relaunch(launch).await {
        fail(format!("the server did not come up: {ran:?}"));
    }
    let acked = |crowd: &Crowd| crowd.peers.iter().map(|p| p.look(|s| s.acked)).sum::<u64>();
    let before = acked(crowd);
    let over = crowd.house.server.watch_end();
    let how = tokio::select! {
        () = over => "by itself",
        () = crowd.all_acked() => "at rest",
    };
    println!("killed {how} at commit {nth}, {} acks later", acked(crowd) - before);
    crowd.house.server.kill().await;
    crowd.house.server.restart_without("HOOPOE_FAIL_POINT").await;
}

/// What the checker says once everybody is at rest.
async fn findings(crowd: &Crowd) -> Vec<Finding> {
    crowd.settle().await;
    check(&crowd.evidence(&["ann", "bob", "dan"]).await)
}

/// A mark is raised and then asked to fall. Over HTTP: where the log has a hole, the server may
/// have sockets resume at any time.
async fn moved_marks(crowd: &Crowd) {
    let dan = crowd.house.rest.acting_as("dan", &crowd.house.journal);
    for seq in [20, 5, 12] {
        let upto = json!({"conversation": &*crowd.group, "seq": seq});
        dan.must("messages.delivered", upto.clone()).await;
        dan.must("messages.read", upto).await;
        dan.must("conversations.get", json!({"conversation": &*crowd.group})).await;
    }
}

/// Somebody is removed while listening, and the others go on.
async fn removed_member(crowd: &Crowd) {
    let (house, group) = (&crowd.house, &*crowd.group);
    let cat = house.connect("cat").await;
    let ann = house.rest.acting_as("ann", &house.journal);
    ann.must("members.remove", json!({"conversation": group, "user": "cat"})).await;
    for number in 0..5 {
        let id = format!("after.{number}");
        ann.must("messages.send", text_message(group, &id, "without cat")).await;
    }
    // Whatever was going to reach the removed one has.
    drop(cat.call("session.sync", json!({})).await);
    let by_rest = house.rest.acting_as("cat", &house.journal);
    let late = by_rest.call("messages.send", text_message(group, "late", "still here?")).await;
    assert!(matches!(late, Err(Refusal::Problem { status: 404, .. })), "{late:?}");
}

fn has(findings: &[Finding], rule: Invariant) -> bool {
    findings.iter().any(|finding| finding.invariant == rule)
}

async fn catches(faults: &str, rule: Invariant) {
    let findings = findings(&scripted_load(faults).await).await;
    println!("{faults}: {}", describe(&findings));
    assert!(
        has(&findings, rule),
        "{faults} should break {rule:?} ({HINT}): {}",
        describe(&findings)
    );
}

mod checker_catches_seeded_bugs {
    use super::*;

    #[tokio::test]
    async fn none_is_clean() {
        let mut crowd = scripted_load("").await;
        for number in 0..KILLS {
            killed_amidst(&mut crowd, FIRST_NTH + 3 * number).await;
        }
        let findings = findings(&crowd).await;
        assert!(findings.is_empty(), "{}", describe(&findings));
        let lines = crowd.house.journal.len();
        assert!(lines > 4_000, "a load of {lines} lines");
    }

    #[tokio::test]
    async fn lost_row() {
        catches("lost_row@37", Invariant::I1).await;
    }

    #[tokio::test]
    async fn doubled_row() {
        catches("doubled_row@37", Invariant::I1).await;
    }

    #[tokio::test]
    async fn swapped_pair() {
        catches("swapped_pair", Invariant::I5).await;
    }

    #[tokio::test]
    async fn phantom() {
        catches("phantom@37", Invariant::I2).await;
    }

    #[tokio::test]
    async fn early_ack() {
        let mut crowd = scripted_load("early_ack").await;
        for number in 0..RACES {
            killed_amidst(&mut crowd, FIRST_NTH + number % SPREAD).await;
            let findings = findings(&crowd).await;
            if has(&findings, Invariant::I1) {
                println!("early_ack, kill {number}: {}", describe(&findings));
                return;
            }
        }
        fail(format!("early_ack should break I1 in one of {RACES} kills ({HINT})"));
    }

    #[tokio::test]
    async fn hole() {
        catches("hole@37", Invariant::I3).await;
    }

    #[tokio::test]
    async fn message_after_removal() {
        catches("message_after_removal", Invariant::I9).await;
    }

    #[tokio::test]
    async fn falling_cursor() {
        catches("falling_cursor", Invariant::I10).await;
    }
}
