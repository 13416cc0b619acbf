//! One physical transaction, many parts: each meets its own end only.

use std::{collections::BTreeSet, sync::Arc};

use hoopoe_db::{BoxedWrite, Db, DbError, DbErrorKind, Lane, LaneHandle, Verdict, WriteTx};
use hoopoe_log::Logged;
use hoopoe_testkit::harness::{PATIENCE, seed, within};
use hoopoe_wire::codes;
use tokio::sync::{mpsc, oneshot};

use crate::house::{
    ANN, APP, Dice, HALL, House, ROOM, add_thing, ask, change, kind_of, message, outcomes, place,
    run,
};

/// What a part does after it has written its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Commit,
    Refuse,
    Panic,
    /// It writes the row once more and reports the error.
    Report,
    /// The same, but it goes on as if nothing had been: it is undone all the same.
    Swallow,
}

const ENDS: [End; 5] = [End::Commit, End::Refuse, End::Panic, End::Report, End::Swallow];

/// A part: its row, its end, and whether it panics once more after it has answered.
#[derive(Debug, Clone, Copy)]
struct Script {
    id: i64,
    end: End,
    is_rude: bool,
}

impl Script {
    fn random(id: i64, dice: &Dice) -> Self {
        Self { id, end: ENDS[dice.below(5) as usize], is_rude: dice.below(6) == 0 }
    }

    fn is_stored(self) -> bool {
        self.end == End::Commit
    }

    fn perform(self, tx: &mut dyn WriteTx) -> Result<Verdict, DbError> {
        add_thing(tx, self.id)?;
        match self.end {
            End::Commit => {}
            End::Refuse => return Ok(Verdict::Rollback),
            End::Panic => std::panic::panic_any("the test wants it so"),
            End::Report => add_thing(tx, self.id)?,
            End::Swallow => drop(add_thing(tx, self.id)),
        }
        Ok(Verdict::Commit)
    }

    /// What it is told, which for a refusal of its own is that all went well.
    fn outcome(self) -> Result<(), DbErrorKind> {
        match self.end {
            End::Commit | End::Refuse => Ok(()),
            End::Panic => Err(DbErrorKind::Panic),
            End::Report | End::Swallow => Err(DbErrorKind::Constraint),
        }
    }

    fn leave(self) {
        if self.is_rude {
            std::panic::panic_any("after it has answered");
        }
    }
}

type Outcome = Result<(), DbErrorKind>;

struct Job(Script, oneshot::Sender<Outcome>);

impl BoxedWrite for Job {
    fn attempt(&mut self, tx: &mut dyn WriteTx) -> Result<Verdict, DbError> {
        self.0.perform(tx)
    }

    fn settle(self: Box<Self>, outcome: Result<(), DbError>) {
        let Self(script, reply) = *self;
        reply.send(outcome.map_err(|error| error.kind())).expect("the test waits");
        script.leave();
    }
}

/// A lane of one item a batch.
struct ScriptLane {
    queue: mpsc::UnboundedReceiver<(Script, oneshot::Sender<Outcome>)>,
    item: Option<(Script, oneshot::Sender<Outcome>)>,
}

impl ScriptLane {
    fn answer(&mut self, outcome: Outcome) {
        let (script, reply) = self.item.take().expect("it is asked after it took");
        reply.send(outcome).expect("the test waits");
        script.leave();
    }
}

impl Lane for ScriptLane {
    fn take(&mut self) -> bool {
        self.item = self.queue.try_recv().ok();
        self.item.is_some()
    }

    fn run(&mut self, tx: &mut dyn WriteTx) -> Result<(), DbError> {
        let (script, _) = self.item.as_ref().expect("it is asked after it took");
        match script.perform(tx)? {
            Verdict::Commit => Ok(()),
            Verdict::Rollback => Err(DbError::new(DbErrorKind::Other, "a lane's refusal")),
        }
    }

    fn split(&mut self) -> bool {
        false
    }

    fn committed(&mut self) {
        self.answer(Ok(()));
    }

    fn failed(&mut self, error: &DbError) {
        self.answer(Err(error.kind()));
    }
}

struct LaneEnd {
    queue: mpsc::UnboundedSender<(Script, oneshot::Sender<Outcome>)>,
    handle: Arc<dyn LaneHandle>,
}

impl LaneEnd {
    fn open(db: &Db) -> Self {
        let (queue, waiting) = mpsc::unbounded_channel();
        let lane = ScriptLane { queue: waiting, item: None };
        Self { queue, handle: db.backend().open_lane(Box::new(lane)).expect("an open file") }
    }

    fn put(&self, script: Script) -> oneshot::Receiver<Outcome> {
        let (reply, answer) = oneshot::channel();
        self.queue.send((script, reply)).expect("the lane lives");
        self.handle.wake();
        answer
    }
}

/// Random batches of the append lane, of another lane and of closures.
#[test]
fn each_part_meets_its_own_end() {
    run(async {
        let (_folder, options) = place();
        let house = House::open(&options).await;
        let lane = LaneEnd::open(&house.db);
        let seed = seed();
        println!("HOOPOE_SEED={seed}");
        let dice = Dice::of(seed);
        let (mut id, mut kept, mut said) = (0, BTreeSet::new(), Vec::new());
        for round in 0..80 {
            let hold = house.hold().await;
            let mut sends = Vec::new();
            for _ in 0..dice.below(4) {
                said.push(format!("m{}", said.len()));
                sends.push(house.log.append(message(ROOM, &said[said.len() - 1])));
            }
            let mut parts = Vec::new();
            for number in 0..dice.below(6) {
                id += 1;
                let script = Script::random(id, &dice);
                let answer = if number == 0 && dice.below(2) == 0 {
                    (lane.put(script), true)
                } else {
                    let (reply, answer) = oneshot::channel();
                    house.db.backend().write(Box::new(Job(script, reply)));
                    (answer, false)
                };
                parts.push((script, answer));
            }
            hold.release().await;
            let sent = outcomes(sends).await;
            assert!(sent.iter().all(Result::is_ok), "round {round}: {sent:?}");
            for (script, (answer, is_lane)) in parts {
                let answer = within(PATIENCE, "an answer", answer).await.expect("one answer each");
                let refused = is_lane && script.end == End::Refuse;
                let expected = if refused { Err(DbErrorKind::Other) } else { script.outcome() };
                assert_eq!(answer, expected, "round {round}: {script:?}");
                kept.extend(script.is_stored().then_some(script.id));
            }
        }
        assert_eq!(house.stored(ROOM).await, said);
        assert_eq!(house.things().await, kept.into_iter().collect::<Vec<_>>());
        let house = house.reopen().await;
        house.assert_sound();
        assert_eq!(house.say("at the end").await, said.len() as i64 + 1);
    });
}

/// A closure that panics after it has changed a conversation: neither the log nor the feed has it,
/// and the sends of the same batch are as if it had never been.
#[test]
fn a_change_that_panics_has_not_happened() {
    run(async {
        let (_folder, options) = place();
        let house = House::open(&options).await;
        house.say("before").await;
        let mut feed = house.log.feed();
        let hold = house.hold().await;
        let sends: Vec<_> =
            ["one", "two"].map(|client| house.log.append(message(ROOM, client))).into();
        let log = house.log.clone();
        let panicking = ask(async move {
            log.write(APP, |log| {
                log.change(change(ROOM))?;
                log.say(message(HALL, "notice"))?;
                let was_member = log.close_span(ROOM, ANN)?;
                assert!(!was_member, "the test wants a panic here");
                Ok(())
            })
            .await
        });
        hold.release().await;
        assert_eq!(outcomes(sends).await, [Ok(2), Ok(3)]);
        let panicked = within(PATIENCE, "an answer", panicking).await;
        assert_eq!(kind_of(&panicked), Some(DbErrorKind::Panic));
        assert!(panicked.is_err_and(|fail| fail.is(&codes::INTERNAL)));
        assert_eq!(house.say("three").await, 4, "she is a member still");
        let kept = house.log.write(APP, |log| log.change(change(ROOM)));
        assert_eq!(kept.await.expect("a good change").rev, 2);
        let mut told = Vec::new();
        while let Ok(batch) = feed.try_recv() {
            told.extend(batch.items.iter().map(|logged| match logged {
                Logged::Message(message) => ("message", message.seq),
                Logged::Change(change) => ("change", change.rev),
            }));
        }
        assert_eq!(told, [("message", 2), ("message", 3), ("message", 4), ("change", 2)]);
        assert_eq!(house.stored(HALL).await, [""; 0]);
    });
}
