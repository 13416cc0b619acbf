//! The contract between a lane and the driver that serves it.

use std::{collections::VecDeque, sync::Arc};

use hoopoe_db::{DbError, DbErrorKind, Lane, LaneHandle, WriteTx};
use hoopoe_testkit::{
    TestDb, db_test,
    harness::{PATIENCE, within},
};
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::backend::{insert, prepared, stored};

/// What a scripted lane writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Item {
    /// A row that can be stored.
    Good(i64),
    /// A row whose insert fails.
    Poison(i64),
    /// A row at which the lane panics.
    Bomb(i64),
    /// A row that meets as many conflicts, once per attempt, before it can be stored.
    Contested(i64, u32),
}

/// What the driver did with the lane, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Taken(usize),
    Ran,
    Failed(DbErrorKind),
    Split(usize),
    Committed(Vec<Item>),
    GaveUp(Vec<Item>, DbErrorKind),
}

/// A lane that does what it is told and notes what happens to it.
pub(crate) struct ScriptedLane {
    queue: Arc<Mutex<VecDeque<Item>>>,
    batch: Vec<Item>,
    conflicts: u32,
    steps: watch::Sender<Vec<Step>>,
}

/// The test's end of a lane.
pub(crate) struct LaneControl {
    queue: Arc<Mutex<VecDeque<Item>>>,
    steps: watch::Receiver<Vec<Step>>,
    handle: Arc<dyn LaneHandle>,
}

impl LaneControl {
    pub(crate) fn open(db: &hoopoe_db::Db) -> Self {
        let queue: Arc<Mutex<VecDeque<Item>>> = Arc::default();
        let (steps, seen) = watch::channel(Vec::new());
        let lane = ScriptedLane { queue: queue.clone(), batch: Vec::new(), conflicts: 0, steps };
        let handle = db.backend().open_lane(Box::new(lane)).unwrap();
        Self { queue, steps: seen, handle }
    }

    pub(crate) fn put(&self, items: &[Item]) {
        self.queue.lock().extend(items);
        self.handle.wake();
    }

    /// Waits until `count` items were answered, and returns every step so far.
    pub(crate) async fn answered(&mut self, count: usize) -> Vec<Step> {
        let answered = |steps: &Vec<Step>| {
            let items = steps.iter().map(|step| match step {
                Step::Committed(items) | Step::GaveUp(items, _) => items.len(),
                _ => 0,
            });
            items.sum::<usize>() >= count
        };
        within(PATIENCE, "the lane's answers", self.steps.wait_for(answered)).await.unwrap().clone()
    }
}

impl ScriptedLane {
    fn note(&self, step: Step) {
        self.steps.send_modify(|steps| steps.push(step));
    }

    fn attempt(&mut self, tx: &mut dyn WriteTx) -> Result<(), DbError> {
        for item in &self.batch {
            match item {
                Item::Good(id) => insert(tx, *id).map(|_| ())?,
                Item::Poison(id) => {
                    insert(tx, *id)?;
                    insert(tx, *id)?;
                }
                Item::Bomb(id) => {
                    insert(tx, *id)?;
                    std::panic::panic_any("the bomb went off");
                }
                Item::Contested(id, conflicts) => {
                    insert(tx, *id)?;
                    if self.conflicts < *conflicts {
                        self.conflicts += 1;
                        return Err(DbError::new(DbErrorKind::Retry, "somebody was faster"));
                    }
                }
            }
        }
        Ok(())
    }
}

impl Lane for ScriptedLane {
    fn take(&mut self) -> bool {
        assert!(self.batch.is_empty(), "the last batch was answered");
        self.batch.extend(self.queue.lock().drain(..));
        if self.batch.is_empty() {
            return false;
        }
        self.note(Step::Taken(self.batch.len()));
        true
    }

    fn run(&mut self, tx: &mut dyn WriteTx) -> Result<(), DbError> {
        self.note(Step::Ran);
        let result = self.attempt(tx);
        if let Err(error) = &result {
            self.note(Step::Failed(error.kind()));
        }
        result
    }

    fn split(&mut self) -> bool {
        if self.batch.len() < 2 {
            return false;
        }
        let rest = self.batch.split_off(self.batch.len() / 2);
        for item in rest.into_iter().rev() {
            self.queue.lock().push_front(item);
        }
        self.note(Step::Split(self.batch.len()));
        true
    }

    fn committed(&mut self) {
        let items = std::mem::take(&mut self.batch);
        self.note(Step::Committed(items));
    }

    fn failed(&mut self, error: &DbError) {
        let items = std::mem::take(&mut self.batch);
        self.note(Step::GaveUp(items, error.kind()));
    }
}

#[db_test]
async fn a_batch_is_taken_run_and_committed_before_it_is_answered(db: TestDb) {
    let db = prepared(db).await;
    let mut lane = LaneControl::open(&db);
    let items = [Item::Good(1), Item::Good(2), Item::Good(3)];
    lane.put(&items);
    let steps = lane.answered(3).await;
    assert_eq!(steps, [Step::Taken(3), Step::Ran, Step::Committed(items.to_vec())]);
    assert_eq!(stored(&db).await, [1, 2, 3]);
}

#[db_test]
async fn a_poisonous_item_meets_its_own_end_only(db: TestDb) {
    let db = prepared(db).await;
    let mut lane = LaneControl::open(&db);
    let items = [Item::Good(1), Item::Poison(2), Item::Good(3), Item::Good(4), Item::Good(5)];
    lane.put(&items);
    let steps = lane.answered(items.len()).await;
    let given_up: Vec<_> =
        steps.iter().filter(|step| matches!(step, Step::GaveUp(..))).cloned().collect();
    assert_eq!(given_up, [Step::GaveUp(vec![Item::Poison(2)], DbErrorKind::Constraint)]);
    assert_eq!(stored(&db).await, [1, 3, 4, 5], "{steps:?}");
    assert!(steps.contains(&Step::Split(2)), "{steps:?}");
}

#[db_test]
async fn a_lane_that_panics_is_served_again(db: TestDb) {
    let db = prepared(db).await;
    let mut lane = LaneControl::open(&db);
    lane.put(&[Item::Bomb(1)]);
    let steps = lane.answered(1).await;
    assert_eq!(steps.last(), Some(&Step::GaveUp(vec![Item::Bomb(1)], DbErrorKind::Panic)));
    lane.put(&[Item::Good(2)]);
    let steps = lane.answered(2).await;
    assert_eq!(steps.last(), Some(&Step::Committed(vec![Item::Good(2)])));
    assert_eq!(stored(&db).await, [2]);
}

#[db_test]
async fn lanes_and_closures_work_side_by_side(db: TestDb) {
    let db = prepared(db).await;
    let (mut one, mut two) = (LaneControl::open(&db), LaneControl::open(&db));
    let mut writes = Vec::new();
    for id in 0..30 {
        one.put(&[Item::Good(1_000 + id)]);
        two.put(&[Item::Good(2_000 + id)]);
        let db = db.clone();
        writes.push(tokio::spawn(async move { db.write(move |tx| Ok(insert(tx, id)?)).await }));
    }
    for write in writes {
        write.await.unwrap().unwrap();
    }
    for lane in [&mut one, &mut two] {
        for step in lane.answered(30).await {
            assert!(!matches!(step, Step::GaveUp(..) | Step::Failed(_)), "{step:?}");
        }
    }
    assert_eq!(stored(&db).await.len(), 90);
}

#[db_test]
async fn closing_serves_what_a_lane_holds(db: TestDb) {
    let mut test = db;
    let db = prepared(test.clone()).await;
    let mut lane = LaneControl::open(&db);
    for id in 0..50 {
        lane.put(&[Item::Good(id)]);
    }
    let backend = db.backend().clone();
    tokio::task::spawn_blocking(move || backend.close()).await.unwrap();
    lane.answered(50).await;
    test.reopen().await;
    assert_eq!(stored(&test.db).await.len(), 50);
}
