//! A disk that answers with errors. Each test runs its body in a process of its own, because what
//! breaks the disk breaks it for the whole process.

use std::{env, ffi::OsString, path::Path, time::Duration};

use hoopoe_db::{Backend, DbErrorKind};
use hoopoe_db_sqlite::SqliteOptions;
use hoopoe_testkit::{
    harness::{PATIENCE, within},
    shim::{self, BAD_SYNC, Shim},
};
use hoopoe_wire::codes;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::{
    child::{Start, passed, role},
    house::{HALL, House, ROOM, kind_of, message, outcomes, run, size_bytes, sized},
};

const LIMIT: Duration = Duration::from_secs(60);
const UNAVAILABLE: Result<i64, &str> = Err(codes::UNAVAILABLE.code);

const UNKNOWN: Result<i64, &str> = Err(codes::OUTCOME_UNKNOWN.code);

/// Runs a test of this file again in a process of its own.
fn apart(test: &str, folder: &Path, variables: Vec<(&'static str, OsString)>) {
    Start { test, folder, variables, survives_file_limit: true }.spawn().finish(LIMIT);
}

/// No file may grow beyond this; `None`: as large as they like.
fn limit_files(size_bytes: Option<u64>) {
    let maximum = getrlimit(Resource::Fsize).maximum;
    setrlimit(Resource::Fsize, Rlimit { current: size_bytes, maximum }).expect("a soft limit");
}

#[test]
fn a_disk_that_refuses_to_write_costs_only_what_it_refused() {
    const TEST: &str = "disk::a_disk_that_refuses_to_write_costs_only_what_it_refused";
    let Some(folder) = role() else {
        let folder = tempfile::tempdir().expect("a folder");
        return apart(TEST, folder.path(), Vec::new());
    };
    run(async {
        let options = SqliteOptions::new(folder.join("log.db"));
        let house = House::open(&options).await;
        for n in 1..=20 {
            house.say(&format!("before {n}")).await;
        }
        for round in 0..3 {
            let head = house.head_seq(ROOM).await;
            let largest = house.wal_bytes().max(size_bytes(&options.path));
            limit_files(Some(largest + 10_000));
            let hold = house.hold().await;
            let mut sends = vec![house.log.append(message(ROOM, &format!("small {round}")))];
            sends.push(house.log.append(sized(HALL, &format!("large {round}"), 60_000)));
            let changing = house.ask_change();
            hold.release().await;
            assert_eq!(outcomes(sends).await, [UNAVAILABLE; 2], "none of the batch");
            let changed = within(PATIENCE, "an answer", changing).await;
            assert_eq!(kind_of(&changed), Some(DbErrorKind::Io));
            assert_eq!(house.head_seq(ROOM).await, head, "reading goes on");
            assert_eq!(house.stored(HALL).await.len(), round);

            limit_files(None);
            assert_eq!(house.say(&format!("small {round}")).await, head + 1);
            let large = house.send(sized(HALL, &format!("large {round}"), 60_000)).await;
            let large = large.expect("a good disk");
            assert_eq!((large.seq, large.is_repeat), (round as i64 + 1, false));
            assert!(house.sqlite.stats().writable);
        }
        let house = house.reopen().await;
        house.assert_sound();
        assert_eq!(house.stored(ROOM).await.len(), 23);
        house.close().await;
    });
    passed();
}

fn apart_with_shim(test: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let shim = Shim::build(folder.path());
    let variables = shim.variables().map(|(name, value)| (name, value.as_os_str().to_owned()));
    apart(test, folder.path(), variables.into());
}

/// From now on syncing files whose path ends like this fails; `None`: the disk is good again.
fn break_sync(ending: Option<&str>) {
    let order = env::var_os(BAD_SYNC).expect("the parent has set it");
    shim::break_sync(Path::new(&order), ending);
}

/// Nothing is acknowledged any more, though the disk says that it is well again.
async fn assert_silent(house: &House) {
    assert!(!house.sqlite.stats().writable);
    assert_eq!(outcomes(vec![house.log.append(message(ROOM, "late"))]).await, [UNAVAILABLE]);
    let written = house.db.write(|_| Ok(())).await;
    assert_eq!(kind_of(&written), Some(DbErrorKind::Io));
}

#[test]
fn a_failed_sync_ends_acknowledging() {
    let Some(folder) = role() else {
        return apart_with_shim("disk::a_failed_sync_ends_acknowledging");
    };
    run(async {
        let house = House::open(&SqliteOptions::new(folder.join("log.db"))).await;
        let mut acknowledged: Vec<String> = Vec::new();
        for n in 0..10 {
            let client = format!("before {n}");
            house.say(&client).await;
            acknowledged.push(client);
        }
        break_sync(Some("-wal"));
        let hold = house.hold().await;
        let clients = ["one", "two", "three"];
        let sends: Vec<_> =
            clients.iter().map(|client| house.log.append(message(ROOM, client))).collect();
        let changing = house.ask_change();
        hold.release().await;
        assert_eq!(outcomes(sends).await, [UNKNOWN; 3], "the disk may have it");
        let changed = within(PATIENCE, "an answer", changing).await;
        assert_eq!(kind_of(&changed), Some(DbErrorKind::Unknown));
        assert_silent(&house).await;
        assert_eq!(house.stored(ROOM).await, acknowledged, "reading goes on");
        break_sync(None);
        assert_silent(&house).await;

        // Started anew: what was acknowledged is there, the rest once or not at all.
        let house = house.reopen().await;
        house.assert_sound();
        let stored = house.stored(ROOM).await;
        assert_eq!(stored[..10], acknowledged);
        assert!(stored[10..].is_empty() || stored[10..] == clients, "{stored:?}");
        for (n, client) in (11..).zip(clients) {
            assert_eq!(house.say(client).await, n, "sent again, stored once");
        }
        assert_eq!(house.stored(ROOM).await.len(), 13);
        house.close().await;
    });
    passed();
}

/// Copying the write-ahead log back ends with a sync too: one that fails may have lost what the
/// next one no longer reports.
#[test]
fn a_failed_sync_of_a_checkpoint_ends_acknowledging() {
    let Some(folder) = role() else {
        return apart_with_shim("disk::a_failed_sync_of_a_checkpoint_ends_acknowledging");
    };
    run(async {
        let house = House::open(&SqliteOptions::new(folder.join("log.db"))).await;
        break_sync(Some("log.db"));
        let mut acknowledged = Vec::new();
        loop {
            let client = format!("m{}", acknowledged.len());
            match house.send(sized(ROOM, &client, 200_000)).await {
                Ok(_) => acknowledged.push(client),
                Err(fail) => break assert!(fail.is(&codes::UNAVAILABLE), "{fail}"),
            }
            assert!(acknowledged.len() < 1_000, "200 MB and no checkpoint");
        }
        assert!(acknowledged.len() > 50, "there is nothing to copy back before 16 MiB");
        break_sync(None);
        assert_silent(&house).await;
        assert_eq!(house.stored(ROOM).await, acknowledged, "reading goes on");
        let house = house.reopen().await;
        house.assert_sound();
        let stored = house.stored(ROOM).await;
        assert_eq!(stored[..acknowledged.len()], acknowledged);
        assert_eq!(house.say("started anew").await, stored.len() as i64 + 1);
        house.close().await;
    });
    passed();
}
