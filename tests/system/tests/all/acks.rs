//! Acks that are lost, late or swapped on the way, and a network that falls silent: a proxy stands
//! between the clients and the server.

use std::time::{Duration, Instant};

use hoopoe_testkit::{
    harness::PATIENCE,
    journal::Name,
    peer::{Peer, State},
    proxy::{Proxy, Rule},
};

use crate::house::{House, Store};

const MESSAGES: u64 = 120;

/// Two behind the proxy who talk, one before the server who reads.
struct Scene {
    house: House,
    proxy: Proxy,
    conversation: Name,
    ann: Peer,
    bob: Peer,
    cat: Peer,
}

impl Scene {
    async fn open(store: Store, settings: &str) -> Self {
        let people = ["ann", "bob", "cat"];
        let house = House::open_with(store, |launch| launch.env("HOOPOE_FAULT_SETTINGS", settings));
        let house = house.await.with_people(&people).await;
        let conversation = house.group(&people).await;
        let proxy = Proxy::before(house.server.address()).await;
        let ann = house.peer_behind(&proxy, "ann", "phone").await;
        let bob = house.peer_behind(&proxy, "bob", "phone").await;
        let cat = house.peer("cat", "phone", true).await;
        for peer in [&ann, &bob, &cat] {
            peer.until(PATIENCE, "a session is started", |state| state.is_connected).await;
        }
        Self { house, proxy, conversation, ann, bob, cat }
    }

    fn talk(&self) {
        for number in 0..MESSAGES / 2 {
            self.ann.send(&self.conversation, &format!("ann {number}"));
            self.bob.send(&self.conversation, &format!("bob {number}"));
        }
    }

    fn holds(&self, count: u64) -> impl Fn(&State) -> bool + use<> {
        let conversation = self.conversation.clone();
        move |state| state.logs.get(&conversation).is_some_and(|log| log.filled_to >= count)
    }

    async fn judge(&self, messages: u64) {
        for peer in [&self.ann, &self.bob, &self.cat] {
            peer.settle().await;
            assert_eq!(peer.look(|state| state.refused.clone()), [""; 0], "of {}", peer.user());
            let held = peer.look(|state| state.logs[&self.conversation].filled_to);
            assert_eq!(held, messages, "{} holds neither more nor less", peer.user());
        }
        self.house.judge(&[(&self.conversation, &["ann", "bob", "cat"])]).await;
    }
}

async fn lost(store: Store) {
    let scene = Scene::open(store, "").await;
    scene.proxy.rule(Rule::LoseAcks(9));
    scene.talk();
    scene.proxy.until("acks to be lost", |deeds| deeds.lost >= 5).await;
    scene.proxy.rule(Rule::Pass);
    println!("{:?}", scene.proxy.deeds());
    scene.judge(MESSAGES).await;
    let repeats = scene.proxy.deeds().acks;
    assert!(repeats > MESSAGES, "{repeats} acks: what was not acknowledged was sent again");
}

#[tokio::test]
async fn a_lost_ack_costs_a_repeat_and_never_a_second_message() {
    lost(Store::Embedded).await;
}

#[tokio::test]
async fn a_lost_ack_costs_a_repeat_and_never_a_second_message_on_postgres() {
    lost(Store::Postgres).await;
}

#[tokio::test]
async fn late_acks_come_after_everybody_has_the_message() {
    let scene = Scene::open(Store::Embedded, "").await;
    scene.proxy.rule(Rule::KeepAcks);
    scene.talk();
    scene.proxy.until("acks to be kept back", |deeds| deeds.kept == MESSAGES).await;
    // Events pass: those who sent hold their messages before they know that they are stored.
    for peer in [&scene.ann, &scene.bob, &scene.cat] {
        peer.until(PATIENCE, "it has everything", scene.holds(MESSAGES)).await;
    }
    assert_eq!(scene.ann.look(|state| (state.acked, state.unacked())), (0, 60));
    // One waits on and gets its acks late; the other loses patience and sends everything again.
    scene.bob.cut();
    let again = |state: &State| state.starts >= 2;
    scene.bob.until(PATIENCE, "bob is back", again).await;
    scene.proxy.rule(Rule::Pass);
    scene.judge(MESSAGES).await;
}

#[tokio::test]
async fn swapped_acks_find_their_sends() {
    let scene = Scene::open(Store::Embedded, "").await;
    scene.proxy.rule(Rule::SwapAcks);
    scene.talk();
    scene.proxy.until("acks to be swapped", |deeds| deeds.swapped >= 50).await;
    scene.proxy.rule(Rule::Pass);
    scene.judge(MESSAGES).await;
    assert_eq!(scene.ann.look(|state| state.starts), 1, "nobody had to resume");
}

/// Milliseconds between two heartbeats of the server in these tests.
const HEARTBEAT_MS: u64 = 400;

#[tokio::test]
async fn a_half_open_connection_is_let_go_after_two_heartbeats() {
    let scene = Scene::open(Store::Embedded, &format!("heartbeat_ms={HEARTBEAT_MS}")).await;
    scene.proxy.rule(Rule::Silence);
    let began = Instant::now();
    // Those in the silence go on as if nothing were, and so do the others.
    scene.ann.send(&scene.conversation, "into the silence");
    for number in 0..40 {
        scene.cat.send(&scene.conversation, &format!("cat {number}"));
    }
    scene.cat.until(PATIENCE, "the others go on", scene.holds(40)).await;
    let gone = |count| count == 1;
    scene.house.until_metric("hoopoe_connections", PATIENCE, gone).await;
    let took = began.elapsed();
    println!("let go after {took:?}");
    // Two pings stay without an answer; then the close has 3 s to be taken.
    let longest = Duration::from_millis(3 * HEARTBEAT_MS) + Duration::from_secs(5);
    assert!(took >= Duration::from_millis(2 * HEARTBEAT_MS), "too soon: {took:?}");
    assert!(took <= longest, "{took:?}");
    assert_eq!(scene.cat.look(|state| state.starts), 1, "who answers is never let go");
    assert_eq!(scene.ann.look(|state| state.starts), 1, "nothing has told them yet");

    // The network is back: what waits in it arrives, and then the end.
    scene.proxy.rule(Rule::Pass);
    for peer in [&scene.ann, &scene.bob] {
        peer.until(PATIENCE, "it resumes", |state| state.starts >= 2).await;
    }
    scene.judge(41).await;
}
