//! Somebody is removed while everybody talks, leaves, comes back, and tries every path all the time:
//! nothing from after a removal reaches them (I9).

use futures_util::future::join_all;
use hoopoe_testkit::{
    client::{Connection, Refusal, text_message},
    harness::{PATIENCE, fail, seed},
    journal::Name,
    peer::Peer,
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

use crate::house::{House, Store};

const PEOPLE: [&str; 4] = ["ann", "bob", "cat", "dan"];
const ROUNDS: usize = 20;

struct Scene {
    house: House,
    conversation: Name,
    /// Those who stay and talk.
    talkers: Vec<Peer>,
    /// Cat's devices.
    cat: Vec<Connection>,
    sent: usize,
}

impl Scene {
    async fn open(store: Store) -> Self {
        let house = House::open_with(store, |launch| launch).await.with_people(&PEOPLE).await;
        let conversation = house.group(&PEOPLE).await;
        let first = house.connect("ann").await;
        first.send(&conversation, "first", "something to read").await.unwrap();
        let mut talkers = Vec::new();
        for user in ["ann", "bob", "dan"] {
            talkers.push(house.peer(user, "phone", true).await);
        }
        let cat = vec![house.connect("cat").await, house.connect("cat").await];
        let by_ann = house.rest.acting_as("ann", &house.journal);
        let role = json!({"conversation": &*conversation, "user": "bob", "role": "admin"});
        by_ann.must("members.update", role).await;
        Self { house, conversation, talkers, cat, sent: 0 }
    }

    fn at(&self, more: &Value) -> Value {
        let mut params = json!({"conversation": &*self.conversation});
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        params
    }

    /// Everybody who stays says something; nobody waits for it.
    fn talk(&self, count: usize) {
        for number in 0..count {
            self.talkers[number % self.talkers.len()]
                .send(&self.conversation, "to whom it concerns");
        }
    }

    /// Cat tries every path at once, on every device and over HTTP. Whether all was refused.
    async fn cat_tries(&mut self) -> bool {
        self.sent += 10;
        let rest = self.house.rest.with_token("cat", self.house.token("cat"), &self.house.journal);
        let mut asked: Vec<(&str, Value)> = vec![
            ("messages.list", self.at(&json!({}))),
            ("messages.list", self.at(&json!({"after": 0, "limit": 100}))),
            ("conversations.get", self.at(&json!({}))),
            ("members.list", self.at(&json!({}))),
            ("messages.read", self.at(&json!({"seq": 1}))),
            ("messages.delivered", self.at(&json!({"seq": 1}))),
        ];
        let say = |number: usize| {
            let id = format!("cat {number}");
            ("messages.send", text_message(&self.conversation, &id, "let me in"))
        };
        asked.push(say(self.sent));
        let mut pending = Vec::new();
        for (device, socket) in self.cat.iter().enumerate() {
            for (method, params) in &asked[..6] {
                pending.push(socket.post(method, params));
            }
            let (method, params) = say(self.sent + 1 + device);
            pending.push(socket.post(method, &params));
        }
        let by_rest = asked.iter().map(|(method, params)| rest.call(method, params.clone()));
        let by_socket = join_all(pending.into_iter().map(|one| one.outcome()));
        let (by_rest, by_socket) = futures_util::future::join(join_all(by_rest), by_socket).await;
        let mut all_refused = true;
        for outcome in by_rest.into_iter().chain(by_socket) {
            match outcome {
                Ok(_) => all_refused = false,
                Err(refusal @ Refusal::Problem { status: 404, .. }) => {
                    assert_eq!(refusal.code(), "conversations.not_found");
                }
                // A hub that cannot know who may hear something has sockets resume.
                Err(Refusal::Gone(Some(4409))) => {}
                Err(refusal) => fail(format!("neither let in nor not found: {refusal}")),
            }
        }
        all_refused
    }

    /// Devices that were let go, or that draw it, come back.
    async fn cat_reconnects(&mut self, random: &mut StdRng) {
        for device in 0..self.cat.len() {
            if self.cat[device].is_closed() || random.random_bool(0.3) {
                self.cat[device] = self.house.connect("cat").await;
            }
        }
    }

    /// Cat goes: by somebody, by two at once, or by herself.
    async fn cat_goes(&self, random: &mut StdRng) {
        let user = self.at(&json!({"user": "cat"}));
        let [ann, bob, cat] =
            ["ann", "bob", "cat"].map(|who| self.house.rest.acting_as(who, &self.house.journal));
        match random.random_range(0..3) {
            0 => drop(ann.must("members.remove", user).await),
            1 => {
                let both =
                    [ann.call("members.remove", user.clone()), bob.call("members.remove", user)];
                let outcomes = join_all(both).await;
                assert!(outcomes.iter().any(Result::is_ok), "{outcomes:?}");
            }
            _ => drop(cat.must("conversations.leave", self.at(&json!({}))).await),
        }
    }
}

async fn races(store: Store, rounds: usize) {
    let seed = seed();
    println!("HOOPOE_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut scene = Scene::open(store).await;
    let ann = scene.house.rest.acting_as("ann", &scene.house.journal);
    for round in 0..rounds {
        scene.talk(12);
        scene.cat_tries().await;
        scene.talk(12);
        scene.cat_goes(&mut random).await;
        scene.talk(12);
        assert!(
            scene.cat_tries().await,
            "HOOPOE_SEED={seed}, round {round}: let in though removed"
        );
        scene.cat_reconnects(&mut random).await;
        scene.talk(6);
        assert!(
            scene.cat_tries().await,
            "HOOPOE_SEED={seed}, round {round}: let in though removed"
        );
        scene.talk(6);
        ann.must("members.add", scene.at(&json!({"users": ["cat"]}))).await;
        if random.random_bool(0.3) {
            // In and out again, with messages on their way.
            scene.talk(3);
            scene.cat_goes(&mut random).await;
            ann.must("members.add", scene.at(&json!({"users": ["cat"]}))).await;
        }
        assert!(!scene.cat_tries().await, "HOOPOE_SEED={seed}, round {round}: not back");
        scene.cat_reconnects(&mut random).await;
    }
    for peer in &scene.talkers {
        peer.until(PATIENCE, "its outbox is empty", |state| state.unacked() == 0).await;
        peer.settle().await;
    }
    for socket in scene.cat.iter().filter(|socket| !socket.is_closed()) {
        socket.fence().await;
    }
    scene.house.judge(&[(&scene.conversation, &["ann", "bob", "dan"])]).await;
}

#[tokio::test]
async fn removals_amidst_everything_are_clean_cuts() {
    races(Store::Embedded, ROUNDS).await;
}

#[tokio::test]
async fn removals_amidst_everything_are_clean_cuts_on_postgres() {
    races(Store::Postgres, ROUNDS / 2).await;
}
