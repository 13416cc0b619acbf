//! A queue of jobs on a database of its own, and time that stands.

use std::{sync::Arc, time::Duration};

use hoopoe_jobs::{Job, JobId, Jobs, NewJob, Policy};
use hoopoe_kernel::{AppNo, Env, Fail};
use hoopoe_testkit::{
    FakeClock, TestDb, TestEnv,
    harness::{PATIENCE, fail, within},
    test_env_seeded,
};
use tokio::sync::mpsc;

/// The app that a test is about.
pub(crate) const APP: AppNo = AppNo(7);
/// A lease in milliseconds.
pub(crate) const LEASE_MS: u64 = 30_000;

/// The queue.
pub(crate) struct House {
    pub(crate) db: TestDb,
    pub(crate) env: Arc<Env>,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) jobs: Jobs,
}

impl House {
    /// An empty one.
    pub(crate) async fn new(db: TestDb) -> Self {
        db.migrate(&[hoopoe_jobs::MIGRATIONS]).await;
        let TestEnv { env, clock } = test_env_seeded(3);
        let jobs = Jobs::new(db.db.clone(), env.clone());
        Self { db, env, clock, jobs }
    }

    /// Stores a job with this body.
    pub(crate) async fn enqueue(&self, kind: &'static str, body: &str) -> JobId {
        must(self.jobs.enqueue(APP, NewJob::new(kind, body.to_owned())).await)
    }

    /// Takes what is due.
    pub(crate) async fn claim(&self, kind: &'static str, limit: usize) -> Vec<Job> {
        must(self.jobs.claim(kind, limit, LEASE_MS).await)
    }

    /// Takes the one job that is due.
    pub(crate) async fn claim_one(&self, kind: &'static str) -> Job {
        let mut jobs = self.claim(kind, 10).await;
        match (jobs.pop(), jobs.len()) {
            (Some(job), 0) => job,
            (job, more) => fail(format!("one job is due, not {job:?} and {more} more")),
        }
    }

    /// Lets time pass.
    pub(crate) fn pass_ms(&self, ms: u64) {
        self.clock.advance(Duration::from_millis(ms));
    }
}

/// Three tries, a second and two apart at most.
pub(crate) fn three_tries() -> Policy {
    Policy { attempts_max: 3, ..Policy::default() }
}

/// What jobs carry.
pub(crate) fn bodies(jobs: &[Job]) -> Vec<String> {
    jobs.iter().map(|job| String::from_utf8_lossy(&job.body).into_owned()).collect()
}

/// The next thing that a handler says.
pub(crate) async fn next<T>(said: &mut mpsc::UnboundedReceiver<T>, what: &str) -> T {
    match within(PATIENCE, what, said.recv()).await {
        Some(word) => word,
        None => fail(format!("nobody is left to say {what}")),
    }
}

/// The value, or the end of the test.
#[track_caller]
pub(crate) fn must<T>(result: Result<T, Fail>) -> T {
    match result {
        Ok(value) => value,
        Err(refusal) => fail(refusal.to_string()),
    }
}
