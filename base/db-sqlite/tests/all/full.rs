//! A full disk: everybody of the batch is told, nothing of it is stored, reading goes on, and with
//! room the log goes on where it was.

use hoopoe_db::{Backend, DbErrorKind, WriteTx};
use hoopoe_kernel::Fail;
use hoopoe_testkit::harness::{PATIENCE, within};
use hoopoe_wire::codes;

use crate::house::{
    HALL, House, ROOM, add_thing, ask, kind_of, message, outcomes, place, run, sized,
};

/// 4 KiB each.
const PAGES: u32 = 400;
const MAKE_FILLER: &str =
    "CREATE TABLE filler (id BIGINT NOT NULL PRIMARY KEY, data BLOB NOT NULL)";
const FILL: &str = "INSERT INTO filler (id, data) VALUES ($1, $2)";
const EMPTY: &str = "DELETE FROM filler";
const FULL: Result<i64, &str> = Err(codes::STORAGE_FULL.code);

/// Takes some of the room.
async fn fill(house: &House, rows: i64) {
    let filled = house.db.write(move |tx| {
        tx.execute(MAKE_FILLER, &[])?;
        let data = vec![7_u8; 4_000];
        for id in 0..rows {
            tx.execute(FILL, &[id.into(), data.as_slice().into()])?;
        }
        Ok(())
    });
    filled.await.expect("there is room yet");
}

async fn make_room(house: &House) {
    house.db.write(|tx| Ok(tx.execute(EMPTY, &[])?)).await.expect("deleting needs no room");
}

#[test]
fn a_batch_that_fills_the_disk_is_refused_whole() {
    run(async {
        let (_folder, mut options) = place();
        options.pages_max = Some(PAGES);
        let house = House::open(&options).await;
        fill(&house, 100).await;
        for n in 1..=5 {
            assert_eq!(house.say(&format!("before {n}")).await, n);
        }
        let hold = house.hold().await;
        let mut sends: Vec<_> =
            (0..8).map(|n| house.log.append(message(ROOM, &format!("small {n}")))).collect();
        sends.push(house.log.append(sized(HALL, "large", 4 << 20)));
        sends.push(house.log.append(message(HALL, "behind")));
        sends.push(house.log.append(message(ROOM, "before 3")));
        let changing = house.ask_change();
        hold.release().await;
        let answers = outcomes(sends).await;
        // The eleventh was stored long ago, but its answer was part of what is lost.
        assert_eq!(answers, [FULL; 11]);
        let changed = within(PATIENCE, "an answer", changing).await;
        assert_eq!(kind_of(&changed), Some(DbErrorKind::Full), "it stood in the same batch");
        assert_eq!(house.head_seq(ROOM).await, 5, "reading goes on");
        assert_eq!(house.stored(HALL).await, [""; 0]);
        assert!(house.sqlite.stats().writable, "room may come back");
        for n in 0..8 {
            assert_eq!(house.say(&format!("small {n}")).await, 6 + n, "there is room for it");
        }
        assert!(house.send(message(ROOM, "before 3")).await.is_ok_and(|sent| sent.is_repeat));
        assert_eq!(house.send(message(HALL, "behind")).await.map(|sent| sent.seq).ok(), Some(1));
        let house = house.reopen().await;
        house.assert_sound();
        assert_eq!(house.stored(ROOM).await.len(), 13);
    });
}

#[test]
fn a_disk_that_fills_up_heals_when_there_is_room() {
    run(async {
        let (_folder, mut options) = place();
        options.pages_max = Some(PAGES);
        let house = House::open(&options).await;
        fill(&house, 60).await;
        let mut stored = Vec::new();
        let refused = loop {
            let client = format!("m{}", stored.len());
            match house.send(sized(ROOM, &client, 2_000)).await {
                Ok(sent) => assert_eq!(sent.seq, stored.len() as i64 + 1),
                Err(fail) => break fail,
            }
            stored.push(client);
            assert!(stored.len() < 2_000, "the disk is not that large");
        };
        assert!(refused.is(&codes::STORAGE_FULL) && refused.code().status == 507);
        for n in 0..3 {
            let again = house.send(sized(ROOM, &format!("again {n}"), 2_000)).await;
            assert_eq!(kind_of(&again), Some(DbErrorKind::Full));
            assert_eq!(house.stored(ROOM).await, stored, "reading goes on");
        }
        make_room(&house).await;
        assert_eq!(house.say("with room").await, stored.len() as i64 + 1);
        stored.push("with room".into());
        let house = house.reopen().await;
        house.assert_sound();
        assert_eq!(house.stored(ROOM).await, stored);
    });
}

/// `SQLITE_FULL` rolls everything back, also what stood before the savepoint: a closure that
/// swallows it must not make the rest commit alone.
#[test]
fn a_full_disk_cannot_be_swallowed() {
    run(async {
        let (_folder, mut options) = place();
        options.pages_max = Some(PAGES);
        let house = House::open(&options).await;
        fill(&house, 1).await;
        let hold = house.hold().await;
        let sent = house.log.append(message(ROOM, "in the same batch"));
        let writes: Vec<_> = (0..3)
            .map(|id| {
                let db = house.db.clone();
                ask(async move { db.write(move |tx| swallow(tx, id)).await })
            })
            .collect();
        hold.release().await;
        assert_eq!(outcomes(vec![sent]).await, [FULL]);
        for write in writes {
            let told = within(PATIENCE, "an answer", write).await;
            assert_eq!(kind_of(&told), Some(DbErrorKind::Full), "they stood in one batch");
        }
        assert_eq!(house.things().await, [0; 0]);
        assert_eq!(house.stored(ROOM).await, [""; 0]);
        assert_eq!(house.say("in the same batch").await, 1);
    });
}

/// The second of three meets the end of the disk and goes on as if it had not.
fn swallow(tx: &mut dyn WriteTx, id: i64) -> Result<(), Fail> {
    add_thing(tx, id)?;
    if id == 1 {
        let data = vec![7_u8; 4 << 20];
        assert!(tx.execute(FILL, &[9.into(), data.as_slice().into()]).is_err());
        assert!(add_thing(tx, 100).is_err(), "it would commit alone");
    }
    Ok(())
}
