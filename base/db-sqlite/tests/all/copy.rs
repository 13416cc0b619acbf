//! One process to a folder, and a copy that is taken while everybody writes.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use hoopoe_db_sqlite::{DataLock, SqliteOptions};
use hoopoe_testkit::harness::{PATIENCE, within};

use crate::house::{HALL, House, ROOM, message, place, run};

#[test]
fn a_folder_has_one_process() {
    let (folder, _) = place();
    let first = DataLock::take(folder.path()).expect("a folder").expect("nobody has it");
    assert!(DataLock::take(folder.path()).expect("a folder").is_none());
    drop(first);
    assert!(DataLock::take(folder.path()).expect("a folder").is_some());
    assert!(DataLock::take(&folder.path().join("missing")).is_err());
}

#[test]
fn a_copy_is_of_one_moment() {
    run(async {
        let (folder, options) = place();
        let house = Arc::new(House::open(&options).await);
        let is_over = Arc::new(AtomicBool::new(false));
        let writers = [ROOM, HALL].map(|conversation| {
            let (house, is_over) = (house.clone(), is_over.clone());
            tokio::spawn(async move {
                let mut count = 0;
                while !is_over.load(Ordering::Acquire) {
                    let sent = house.send(message(conversation, &format!("m{count}"))).await;
                    assert_eq!(sent.expect("a good disk").seq, count + 1);
                    count += 1;
                }
                count
            })
        });
        for number in 0..5 {
            let before = [house.head_seq(ROOM).await, house.head_seq(HALL).await];
            let target = folder.path().join(format!("copy-{number}.db"));
            let (sqlite, path) = (house.sqlite.clone(), target.clone());
            let copying = tokio::task::spawn_blocking(move || sqlite.backup(&path));
            within(PATIENCE, "the copy", copying).await.expect("no panic").expect("a copy");
            let after = [house.head_seq(ROOM).await, house.head_seq(HALL).await];
            let copy = House::open(&SqliteOptions::new(&target)).await;
            copy.assert_sound();
            for (index, conversation) in [ROOM, HALL].into_iter().enumerate() {
                // Reading checks that its head and its rows are of one moment.
                let count = copy.stored(conversation).await.len() as i64;
                assert!(
                    (before[index]..=after[index]).contains(&count),
                    "{count} {before:?} {after:?}"
                );
            }
            copy.close().await;
        }
        is_over.store(true, Ordering::Release);
        for writer in writers {
            assert!(writer.await.expect("no panic") > 0);
        }
        house.assert_sound();
    });
}
