//! A write-ahead log that is damaged while the server is down (F4): what stands before the damage is
//! intact, what stands behind it is gone as a whole, nothing else is ever served, and clients that
//! remember more are told to compare anew.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
    path::Path,
};

use hoopoe_testkit::{
    checker::assert_kept,
    client::Refusal,
    harness::{PATIENCE, fail, seed},
    journal::{Evidence, Name, Row, What},
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

use crate::house::House;

const MESSAGES: usize = 60;
/// `doctor` and the starts are most of what a round costs.
const ROUNDS: usize = 14;
/// Of the log of SQLite: bytes before the first frame.
const HEADER_BYTES: u64 = 32;

/// What is done to the log.
#[derive(Debug, Clone, Copy)]
enum Damage {
    /// It ends here.
    Truncated(u64),
    /// So many bytes from here on are others.
    Flipped(u64, usize),
    /// So many bytes from here on are zeros, as of a page that never reached the disk.
    Zeroed(u64, usize),
}

impl Damage {
    fn draw(random: &mut StdRng, from: u64, to: u64) -> Self {
        let at = random.random_range(from..to);
        match random.random_range(0..3) {
            0 => Self::Truncated(at),
            1 => Self::Flipped(at, random.random_range(1..=4_096)),
            _ => Self::Zeroed(at, 4_096),
        }
    }

    fn at(self) -> u64 {
        match self {
            Self::Truncated(at) | Self::Flipped(at, _) | Self::Zeroed(at, _) => at,
        }
    }

    fn strike(self, wal: &Path) {
        let file = File::options().read(true).write(true).open(wal).unwrap();
        let length = file.metadata().unwrap().len();
        let (at, count) = match self {
            Self::Truncated(at) => return file.set_len(at).unwrap(),
            Self::Flipped(at, count) | Self::Zeroed(at, count) => (at, count),
        };
        let count = count.min((length - at) as usize);
        let mut bytes = vec![0; count];
        if let Self::Flipped(..) = self {
            file.read_exact_at(&mut bytes, at).unwrap();
            bytes.iter_mut().for_each(|byte| *byte ^= 0x55);
        }
        file.write_all_at(&bytes, at).unwrap();
    }
}

/// A data directory as a killed server has left it, and what was acknowledged when.
struct Scene {
    house: House,
    conversation: Name,
    /// How long the log was when the message of this index had been acknowledged.
    wal_bytes: Vec<u64>,
    cursor: String,
    pristine: tempfile::TempDir,
    evidence: Evidence,
}

impl Scene {
    async fn new() -> Self {
        let mut house = House::open().await.with_people(&["ann", "bob"]).await;
        let conversation = house.direct("ann", "bob").await;
        let ann = house.connect("ann").await;
        let mut wal_bytes = vec![house.server.usage().wal_bytes];
        for number in 0..MESSAGES {
            let text = format!("message {number} {}", "x".repeat(number * 37 % 3_000));
            ann.send(&conversation, &format!("m{number}"), &text).await.unwrap();
            wal_bytes.push(house.server.usage().wal_bytes);
        }
        let bob = house.socket("bob", "phone").await;
        let started = bob.start(house.token("bob"), None).await.unwrap();
        let cursor = started["cursor"].as_str().unwrap().to_owned();
        let evidence = house.evidence(&[(&conversation, &["ann", "bob"])], None).await;
        assert_kept(&evidence);
        house.server.kill().await;
        let pristine = tempfile::tempdir().unwrap();
        copy(&house.server.launched().data, pristine.path());
        Self { house, conversation, wal_bytes, cursor, pristine, evidence }
    }

    fn wal(&self) -> std::path::PathBuf {
        self.house.server.launched().data.join("hoopoe.db-wal")
    }

    /// The data as the killed server has left it, damaged.
    fn lay_out(&self, damage: Damage) {
        copy(self.pristine.path(), &self.house.server.launched().data);
        damage.strike(&self.wal());
    }

    /// How many of the messages had been stored before this byte of the log.
    fn stored_before(&self, byte: u64) -> usize {
        self.wal_bytes.iter().filter(|bytes| **bytes <= byte).count() - 1
    }

    /// The server runs on damaged data. What it serves is a beginning of what there was.
    async fn examine(&mut self, damage: Damage, random: &mut StdRng) {
        let sure = self.stored_before(damage.at());
        let is_last = damage.at() >= self.wal_bytes[MESSAGES];
        let at = json!({"conversation": &*self.conversation});
        let after = self.house.evidence(&[(&self.conversation, &["ann", "bob"])], None).await;
        let rows = after.histories[0].rows.clone();
        println!("{damage:?}: {} messages, {sure} are sure", rows.len());
        assert!(rows.len() >= sure, "{damage:?}: {} of {sure} are there", rows.len());
        assert!(rows.len() < MESSAGES || is_last, "{damage:?} has damaged nothing");
        let held = self.evidence.histories[0].rows.clone();
        assert_eq!(rows, held[..rows.len()], "{damage:?}: other than what was stored");

        // A client that knows more is told to begin anew.
        if rows.len() < MESSAGES && !matches!(damage, Damage::Truncated(_)) {
            let bob = self.house.socket("bob", "phone").await;
            let started = bob.start(self.house.token("bob"), Some(&self.cursor)).await.unwrap();
            assert_eq!(started["reset"], json!(true), "{damage:?}: {started}");
        }
        // It goes on behind what is left.
        let ann = self.house.rest.acting_as("ann", &self.house.journal);
        let id = format!("after {}", random.random::<u32>());
        let message = hoopoe_testkit::client::text_message(&self.conversation, &id, "goes on");
        let sent = ann.must("messages.send", message).await;
        assert_eq!(sent["seq"], rows.len() as u64 + 1);
        assert_eq!(ann.must("conversations.get", at).await["head_seq"], sent["seq"]);
        self.house.examine_database().await;
        assert_kept(&self.as_if_it_ended_at(&rows, after));
    }

    /// The evidence of a world that ended with the last message that is left: the journal from before
    /// without what was seen of later ones, and what can be read now.
    fn as_if_it_ended_at(&self, rows: &[Row], after: Evidence) -> Evidence {
        let last = rows.len() as u64;
        let was_told_later = |what: &What| match what {
            What::Ack { row, .. } | What::Push { row, .. } => row.seq > last,
            What::Page { .. } | What::Seen { .. } | What::Receipt { .. } => true,
            _ => false,
        };
        let entries = self.evidence.entries.iter().filter(|entry| !was_told_later(&entry.what));
        Evidence { entries: entries.cloned().collect(), histories: after.histories, caps: None }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(to).unwrap().map(Result::unwrap) {
        fs::remove_file(entry.path()).unwrap();
    }
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

#[tokio::test]
async fn what_stands_before_the_damage_is_intact_and_the_rest_is_never_served() {
    let seed = seed();
    println!("HOOPOE_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut scene = Scene::new().await;
    let (first, last) = (scene.wal_bytes[0], scene.wal_bytes[MESSAGES]);
    for round in 0..ROUNDS {
        let damage = match round {
            0 => Damage::Truncated(scene.wal_bytes[MESSAGES / 2]),
            1 => Damage::Flipped(last - 1, 1),
            2 => Damage::Zeroed(scene.wal_bytes[MESSAGES / 2], 4_096),
            _ => Damage::draw(&mut random, first, last),
        };
        scene.lay_out(damage);
        scene.house.server.restart().await;
        scene.examine(damage, &mut random).await;
        scene.house.server.kill().await;
    }
}

/// Before anything was copied back the log is all there is: without its header the server refuses,
/// instead of coming up empty.
#[tokio::test]
async fn a_log_without_its_header_is_refused_in_one_line() {
    let mut scene = Scene::new().await;
    for at in [0, 12, HEADER_BYTES - 1] {
        scene.lay_out(Damage::Flipped(at, 1));
        let launch = scene.house.server.launched().clone();
        let ran = match scene.house.server.relaunch(launch).await {
            Ok(()) => fail("it came up as if nothing had ever been"),
            Err(ran) => ran,
        };
        let complaint = ran.stderr.lines().last().unwrap_or_default();
        assert_eq!(ran.code, Some(1), "{ran:?}");
        for word in ["damaged", "hoopoe.db-wal", "backup"] {
            assert!(complaint.contains(word), "{word:?} is missing: {complaint}");
        }
        // It has touched nothing: with the log as it was, everything is there.
        let own = scene.wal();
        Damage::Flipped(at, 1).strike(&own);
        assert_eq!(
            fs::read(own).unwrap(),
            fs::read(scene.pristine.path().join("hoopoe.db-wal")).unwrap()
        );
    }
    scene.house.server.restart().await;
    let ann = scene.house.rest.acting_as("ann", &scene.house.journal);
    let found: Result<Value, Refusal> =
        ann.call("conversations.get", json!({"conversation": &*scene.conversation})).await;
    assert_eq!(found.unwrap()["head_seq"], MESSAGES);
    scene.house.judge(&[(&scene.conversation, &["ann", "bob"])]).await;
    assert_eq!(scene.house.server.terminate(PATIENCE).await.code(), Some(0));
}
