//! Disks that are full or lie, under the real server (F3, F5): sends are refused at once, reading goes
//! on, and with room it heals by itself.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use hoopoe_testkit::{
    apart::{SmallDisk, has_run_apart},
    client::{Connection, Refusal, text_message},
    harness::{PATIENCE, fail, within},
    journal::Name,
    server::Launch,
    shim::Shim,
};
use serde_json::json;

use crate::{
    house::{House, Store, empty},
    load::{CROWD, Crowd},
};

const MIB: u64 = 1024 * 1024;
/// A test with its own mounts, from its beginning to its end.
const APART_MAX: Duration = Duration::from_secs(120);
/// So soon a send is refused, and so soon after there is room again one is stored.
const REFUSED_MAX: Duration = Duration::from_secs(1);
const HEALED_MAX: Duration = Duration::from_secs(10);

/// A house on a small disk with Ann's socket, Bob's, and their conversation.
struct Scene {
    house: House,
    conversation: Name,
    ann: Connection,
    bob: Connection,
    sent: usize,
    stored: usize,
}

impl Scene {
    /// With the data in this folder.
    async fn open(data: &Path, tell: impl FnOnce(Launch) -> Launch) -> Self {
        let (home, _) = empty(Store::Embedded).await;
        let house = House::open_in(home, tell(Launch::new(data))).await;
        let house = house.with_people(&["ann", "bob"]).await;
        let conversation = house.direct("ann", "bob").await;
        let (ann, bob) = (house.connect("ann").await, house.connect("bob").await);
        Self { house, conversation, ann, bob, sent: 0, stored: 0 }
    }

    /// Sends one of so many bytes. `false`: there is no room, as was said soon enough.
    async fn say(&mut self, bytes: usize) -> bool {
        self.sent += 1;
        let (id, text) = (format!("m{}", self.sent), "x".repeat(bytes));
        let began = Instant::now();
        let answer = self.ann.send(&self.conversation, &id, &text).await;
        let took = began.elapsed();
        assert!(took <= REFUSED_MAX, "answered after {took:?}: {answer:?}");
        match answer {
            Ok(_) => {
                self.stored += 1;
                true
            }
            Err(refusal) => {
                assert_eq!((refusal.status(), refusal.code()), (507, "storage.full"));
                assert!(refusal.is_retryable(), "{refusal}");
                false
            }
        }
    }

    /// Sends many of so many bytes at once; how many were stored.
    async fn say_at_once(&mut self, count: usize, bytes: usize) -> usize {
        let text = "x".repeat(bytes);
        let post = |number: usize| {
            let id = format!("m{number}");
            self.ann.post("messages.send", &text_message(&self.conversation, &id, &text))
        };
        let pending: Vec<_> = (self.sent + 1..=self.sent + count).map(post).collect();
        self.sent += count;
        let mut stored = 0;
        for reply in pending {
            match within(PATIENCE, "an answer", reply.outcome()).await {
                Ok(_) => stored += 1,
                Err(refusal) => assert_eq!(refusal.status(), 507, "{refusal}"),
            }
        }
        self.stored += stored;
        stored
    }

    /// Everything that can be read is, by both paths, live events too.
    async fn assert_readable(&self) {
        self.bob.fence().await;
        let at = json!({"conversation": &*self.conversation});
        let found = self.bob.must("conversations.get", at.clone()).await;
        assert_eq!(found["head_seq"], self.stored);
        self.bob.must("messages.list", at.clone()).await;
        let rest = self.house.rest.with_token("bob", self.house.token("bob"), &self.house.journal);
        let page = rest.must("messages.list", at).await;
        assert_eq!(
            page["items"].as_array().and_then(|rows| rows.last()).unwrap()["seq"],
            self.stored
        );
        assert_eq!(rest.request("GET", "/healthz", None).await.status, 200);
        // Who comes now is let in, though there is no room.
        let late = self.house.connect("bob").await;
        late.fence().await;
    }

    /// There is room again.
    async fn assert_heals(&mut self) {
        let began = Instant::now();
        while !self.say(100).await {
            assert!(began.elapsed() <= HEALED_MAX, "not healed after {:?}", began.elapsed());
        }
        println!("healed after {:?}", began.elapsed());
    }

    async fn judge(&mut self) {
        self.house.judge(&[(&self.conversation, &["ann", "bob"])]).await;
        self.house.examine_database().await;
        // The same after a start.
        assert_eq!(self.house.server.terminate(PATIENCE).await.code(), Some(0));
        self.house.server.restart().await;
        self.house.judge(&[(&self.conversation, &["ann", "bob"])]).await;
    }
}

#[tokio::test]
async fn a_full_disk_refuses_sends_and_heals() {
    if has_run_apart("disk::a_full_disk_refuses_sends_and_heals", APART_MAX).await {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let disk = SmallDisk::mount(&home.path().join("disk"), 24 * MIB);
    // The log stands beside the data, so it has no room either.
    let mut scene = Scene::open(&disk.folder().join("data"), |launch| launch).await;
    for round in 0..3 {
        for _ in 0..20 {
            assert!(scene.say(200).await, "there is room");
        }
        disk.fill_but(64 * 1024);
        let mut said = 0;
        while scene.say(8_000).await {
            said += 1;
            assert!(said < 100, "there are 64 KiB");
        }
        disk.fill();
        for _ in 0..10 {
            assert!(!scene.say(8_000).await, "there is no room");
        }
        assert_eq!(scene.say_at_once(40, 4_000).await, 0);
        scene.assert_readable().await;
        disk.free();
        scene.assert_heals().await;
        println!("round {round}: {} of {} stored", scene.stored, scene.sent);
    }
    scene.judge().await;
}

#[tokio::test]
async fn a_disk_without_room_for_the_database_is_survived() {
    if has_run_apart("disk::a_disk_without_room_for_the_database_is_survived", APART_MAX).await {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("data");
    let disk = SmallDisk::mount(&folder, 48 * MIB);
    let mut scene = Scene::open(&folder, |launch| launch).await;
    while scene.house.server.usage().wal_bytes < 12 * MIB {
        assert_eq!(scene.say_at_once(40, 16_000).await, 40, "there is room");
    }
    // The write-ahead log finds room beyond the 16 MiB from which it is copied back; the copy, into
    // a database that must grow by as much, does not.
    disk.fill_but(8 * MIB);
    let mut said = 0;
    while scene.say(16_000).await {
        said += 1;
        assert!(said < 1_000, "there are 8 MiB");
    }
    // It fails on a thread of its own, whose line comes when it comes.
    within(PATIENCE, "a checkpoint that meets the full disk", async {
        while !scene.house.server.log().contains("a checkpoint failed") {
            scene.assert_readable().await;
        }
    })
    .await;
    disk.fill();
    assert_eq!(scene.say_at_once(20, 16_000).await, 0);
    scene.assert_readable().await;

    // Killed, and started without room: it comes up, or says in a line why it does not.
    scene.house.server.kill().await;
    let launch = scene.house.server.launched().clone();
    match scene.house.server.relaunch(launch).await {
        Ok(()) => scene.house.server.kill().await,
        Err(ran) => {
            println!("started without room: {}", ran.stderr.trim());
            let complaint = ran.stderr.lines().last().unwrap_or_default();
            assert_eq!(ran.code, Some(1), "{ran:?}");
            assert!(complaint.contains("full"), "it says why: {complaint:?}");
        }
    }
    disk.free();
    scene.house.server.restart().await;
    scene.ann = scene.house.connect("ann").await;
    scene.bob = scene.house.connect("bob").await;
    scene.assert_heals().await;
    scene.assert_readable().await;
    scene.judge().await;
}

#[tokio::test]
async fn no_room_for_temporary_files_costs_nothing() {
    if has_run_apart("disk::no_room_for_temporary_files_costs_nothing", APART_MAX).await {
        return;
    }
    let (home, launch) = empty(Store::Embedded).await;
    let disk = SmallDisk::mount(&home.path().join("tmp"), MIB);
    disk.fill();
    let folder = disk.folder().to_str().unwrap().to_owned();
    let tell = |launch: Launch| launch.env("TMPDIR", &folder).env("SQLITE_TMPDIR", &folder);
    let mut scene = Scene::open(&launch.data, tell).await;
    for _ in 0..10 {
        assert_eq!(scene.say_at_once(40, 16_000).await, 40);
    }
    scene.assert_readable().await;
    // A backup that finds no room says so, leaves nothing, and disturbs nobody.
    let target = disk.folder().join("backup");
    let words = ["backup", target.to_str().unwrap()];
    let ran = hoopoe_testkit::server::run_cli(scene.house.server.launched(), &words).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(ran.stderr.trim().lines().count(), 1, "one clear line: {ran:?}");
    let left: Vec<_> = std::fs::read_dir(disk.folder()).unwrap().map(|one| one.unwrap()).collect();
    assert_eq!(left.len(), 1, "the filler only: {left:?}");
    assert!(scene.say(100).await);
    scene.judge().await;
}

#[tokio::test]
async fn a_failed_fsync_ends_acknowledging_until_the_server_starts_anew() {
    let (home, launch) = empty(Store::Embedded).await;
    let shim = Shim::build(home.path());
    let launch = shim
        .variables()
        .iter()
        .fold(launch, |launch, (name, value)| launch.env(name, value.to_str().unwrap()));
    let mut crowd = Crowd::gather(House::open_in(home, launch).await).await;
    for number in 0..40 {
        crowd.say(number, false, &format!("before {number}"));
    }
    crowd.all_acked().await;
    let acked = |crowd: &Crowd| crowd.peers.iter().map(|p| p.look(|s| s.acked)).sum::<u64>();
    shim.break_sync(Some("-wal"));
    let before = acked(&crowd);
    for number in 0..40 {
        crowd.say(number, false, &format!("during {number}"));
    }
    // Not an ack comes any more: not for what was sent, and not after the disk says it is well.
    let by_rest = crowd.house.rest.acting_as("ann", &crowd.house.journal);
    for (round, is_well) in [false, true].into_iter().enumerate() {
        if is_well {
            shim.break_sync(None);
        }
        for number in 0..5 {
            let id = format!("late {round}.{number}");
            let late = by_rest.call("messages.send", text_message(&crowd.group, &id, "late")).await;
            let Err(Refusal::Problem { status: 503, .. }) = late else {
                fail(format!("acknowledged after a failed fsync: {late:?}"));
            };
        }
        let ready = crowd.house.rest.request("GET", "/readyz", None).await;
        assert_eq!(ready.status, 503, "{}", ready.body);
        let at = json!({"conversation": &*crowd.group});
        let page = by_rest.must("messages.list", at).await;
        assert!(page["items"].as_array().is_some_and(|rows| rows.len() >= 40), "reading goes on");
    }
    assert_eq!(acked(&crowd), before);
    assert!(crowd.house.server.log().contains("writing has stopped"));
    crowd.house.server.kill().await;
    crowd.house.server.restart().await;
    crowd.settle().await;
    assert_eq!(acked(&crowd), before + 40, "sent again, stored once");
    let readers: [(&Name, &[&str]); 2] = [(&crowd.group, &CROWD), (&crowd.pair, &["ann", "bob"])];
    hoopoe_testkit::checker::assert_kept(&crowd.house.evidence(&readers, None).await);
    crowd.house.close_and_examine().await;
}
