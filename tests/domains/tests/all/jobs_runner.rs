//! The runner: handlers by kind, room by kind, wake-ups, panics, lost leases and the stop.

use std::sync::Arc;

use hoopoe_jobs::{Job, JobError, JobId, Jobs, NewJob, Policy, Runner};
use hoopoe_testkit::{
    TestDb, db_test,
    harness::{PATIENCE, within},
};
use parking_lot::Mutex;
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::jobs_house::{APP, House, must, next};

/// A runner at work.
struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    fn start(runner: Runner) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(runner.run(stop.clone()));
        Self { stop, task }
    }

    async fn end(self) {
        self.stop.cancel();
        within(PATIENCE, "the runner's end", self.task).await.unwrap();
    }
}

/// Says `dropped` when a handler's future is dropped.
struct Guard(mpsc::UnboundedSender<&'static str>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.send("dropped").ok();
    }
}

/// Looks again and again until the table is as it should be.
async fn until<F, Fut>(what: &str, look: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = bool>,
{
    let looking = async {
        while !look().await {
            tokio::task::yield_now().await;
        }
    };
    within(PATIENCE, what, looking).await;
}

async fn is_empty(jobs: Jobs, kind: &'static str) -> bool {
    must(jobs.next_due(vec![kind]).await)[0].is_none()
}

#[db_test]
async fn each_kind_goes_to_its_handler_and_unknown_kinds_stay(db: TestDb) {
    let house = House::new(db).await;
    let (say, mut said) = mpsc::unbounded_channel();
    let handler = |name: &'static str| {
        let say = say.clone();
        move |job: Job| {
            let say = say.clone();
            async move {
                let number: u32 = job.parse()?;
                say.send(format!("{name} {number}")).ok();
                Ok(())
            }
        }
    };
    for (kind, number) in [("mail", 1), ("push", 2), ("unknown", 3), ("mail", 4)] {
        must(house.jobs.enqueue(APP, NewJob::json(kind, &number).unwrap()).await);
    }
    let runner = Runner::new(house.jobs.clone())
        .handle("mail", Policy::default(), handler("mail"))
        .handle("push", Policy::default(), handler("push"));
    let running = Running::start(runner);
    let mut words = Vec::new();
    for _ in 0..3 {
        words.push(next(&mut said, "three jobs").await);
    }
    words.sort();
    assert_eq!(words, ["mail 1", "mail 4", "push 2"]);
    let jobs = house.jobs.clone();
    let both = || {
        let jobs = jobs.clone();
        async move { is_empty(jobs.clone(), "mail").await && is_empty(jobs, "push").await }
    };
    until("their rows to be gone", both).await;

    // A body that does not parse is given up at the first try.
    must(house.jobs.enqueue(APP, NewJob::new("mail", "?")).await);
    let dead = || {
        let jobs = jobs.clone();
        async move { must(jobs.dead(APP, JobId::MAX, 10).await).len() == 1 }
    };
    until("the job with a bad body to be dead", dead).await;
    running.end().await;
    assert_eq!(house.claim_one("unknown").await.attempt, 1, "nobody has touched it");
}

#[db_test]
async fn a_failure_and_a_panic_are_tries(db: TestDb) {
    let house = House::new(db).await;
    let (say, mut said) = mpsc::unbounded_channel();
    let handler = move |job: Job| {
        say.send(job.attempt).ok();
        async move {
            match job.attempt {
                1 => Err(JobError::after_ms(0, "not yet")),
                2 => std::panic::panic_any("the handler fell over"),
                _ => Err(JobError::never("enough")),
            }
        }
    };
    let policy = Policy { first_pause_ms: 0, ..Policy::default() };
    let running = Running::start(Runner::new(house.jobs.clone()).handle("mail", policy, handler));
    house.enqueue("mail", "x").await;
    for attempt in 1..=3 {
        assert_eq!(next(&mut said, "a try").await, attempt);
    }
    let jobs = house.jobs.clone();
    let dead = || {
        let jobs = jobs.clone();
        async move { !must(jobs.dead(APP, JobId::MAX, 10).await).is_empty() }
    };
    until("the job to be dead", dead).await;
    let dead = must(house.jobs.dead(APP, JobId::MAX, 10).await);
    assert_eq!((dead[0].attempts, dead[0].last_error.as_str()), (3, "enough"));
    running.end().await;
}

#[db_test]
async fn a_kind_has_room_for_so_many(db: TestDb) {
    let house = House::new(db).await;
    let (say, mut said) = mpsc::unbounded_channel();
    let at_once = Arc::new(Mutex::new((0, 0)));
    let (go, gate) = tokio::sync::watch::channel(false);
    let handler = {
        let at_once = at_once.clone();
        move |_: Job| {
            let (say, at_once, mut gate) = (say.clone(), at_once.clone(), gate.clone());
            async move {
                {
                    let mut count = at_once.lock();
                    count.0 += 1;
                    count.1 = count.1.max(count.0);
                }
                say.send(()).ok();
                gate.wait_for(|open| *open).await.expect("the test holds the gate open");
                at_once.lock().0 -= 1;
                Ok(())
            }
        }
    };
    for n in 0..6 {
        house.enqueue("mail", &n.to_string()).await;
    }
    let policy = Policy { at_once: 2, ..Policy::default() };
    let running = Running::start(Runner::new(house.jobs.clone()).handle("mail", policy, handler));
    next(&mut said, "the first").await;
    next(&mut said, "the second").await;
    go.send(true).unwrap();
    for _ in 2..6 {
        next(&mut said, "the others").await;
    }
    running.end().await;
    assert_eq!(at_once.lock().1, 2);
    assert!(is_empty(house.jobs.clone(), "mail").await);
}

#[db_test]
async fn a_lease_is_prolonged_while_a_handler_works_and_a_lost_one_ends_it(db: TestDb) {
    let house = House::new(db).await;
    let (say, mut said) = mpsc::unbounded_channel();
    let handler = move |_: Job| {
        let guard = Guard(say.clone());
        say.send("started").ok();
        async move {
            std::future::pending::<()>().await;
            drop(guard);
            Ok(())
        }
    };
    let lease_ms = 300;
    let policy = Policy { lease_ms, ..Policy::default() };
    let running = Running::start(Runner::new(house.jobs.clone()).handle("mail", policy, handler));
    house.enqueue("mail", "x").await;
    assert_eq!(next(&mut said, "the start").await, "started");
    let first_end = house.env.clock.now().plus_ms(300);
    house.pass_ms(200);
    let jobs = house.jobs.clone();
    let prolonged = || {
        let jobs = jobs.clone();
        async move { must(jobs.next_due(vec!["mail"]).await)[0] > Some(first_end) }
    };
    until("the lease to be prolonged", prolonged).await;

    // Another process takes the job: a long pause of this one looks the same. The runner may be
    // faster, and then has every right to start it once more.
    let thief = Jobs::new(house.db.db.clone(), house.env.clone());
    let stolen = || {
        house.pass_ms(lease_ms);
        let thief = thief.clone();
        async move { !must(thief.claim("mail", 1, 3_600_000).await).is_empty() }
    };
    until("the job to be stolen", stolen).await;
    while next(&mut said, "the end of the handler").await != "dropped" {}
    running.end().await;
}

#[db_test]
async fn the_stop_is_told_and_work_that_heeds_it_ends_well(db: TestDb) {
    let house = House::new(db).await;
    let (say, mut said) = mpsc::unbounded_channel();
    let handler = move |job: Job| {
        say.send(()).ok();
        async move {
            job.stop.cancelled().await;
            Ok(())
        }
    };
    let runner = Runner::new(house.jobs.clone()).handle("mail", Policy::default(), handler);
    let running = Running::start(runner);
    house.enqueue("mail", "x").await;
    next(&mut said, "the start").await;
    running.end().await;
    assert!(is_empty(house.jobs.clone(), "mail").await, "it was done");
}

#[db_test]
async fn work_that_does_not_heed_the_stop_is_given_back(db: TestDb) {
    let house = House::new(db).await;
    let (say, mut said) = mpsc::unbounded_channel();
    let handler = move |_: Job| {
        say.send(()).ok();
        std::future::pending()
    };
    let runner = Runner::new(house.jobs.clone()).handle("mail", Policy::default(), handler);
    let running = Running::start(runner);
    house.enqueue("mail", "x").await;
    next(&mut said, "the start").await;
    running.end().await;
    assert_eq!(house.claim_one("mail").await.attempt, 1, "at once, and the try did not count");
}

#[db_test]
async fn a_job_that_ends_every_process_is_not_tried_for_ever(db: TestDb) {
    let house = House::new(db).await;
    house.enqueue("mail", "x").await;
    let policy = Policy { attempts_max: 2, ..Policy::default() };
    for _ in 0..2 {
        house.claim_one("mail").await;
        house.pass_ms(60_000);
    }
    let handler = |_: Job| async { Ok(()) };
    let running = Running::start(Runner::new(house.jobs.clone()).handle("mail", policy, handler));
    let jobs = house.jobs.clone();
    let dead = || {
        let jobs = jobs.clone();
        async move { !must(jobs.dead(APP, JobId::MAX, 10).await).is_empty() }
    };
    until("the job to be dead", dead).await;
    running.end().await;
}

#[db_test]
async fn the_runner_clears_away_what_has_been_dead_for_long(db: TestDb) {
    let house = House::new(db).await;
    house.enqueue("mail", "x").await;
    let job = house.claim_one("mail").await;
    must(house.jobs.fail(&job, &Policy::default(), &JobError::never("gone")).await);
    let running = Running::start(Runner::new(house.jobs.clone()));
    let jobs = house.jobs.clone();
    let scheduled = || {
        let jobs = jobs.clone();
        async move { !is_empty(jobs, "jobs.sweep").await }
    };
    until("the sweep to be scheduled", scheduled).await;
    house.pass_ms(31 * 24 * 3_600 * 1_000);
    house.jobs.wake();
    let swept = || {
        let jobs = jobs.clone();
        async move { must(jobs.dead(APP, JobId::MAX, 10).await).is_empty() }
    };
    until("the dead job to be gone", swept).await;
    running.end().await;
}
