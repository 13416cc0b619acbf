//! The queue: putting jobs in, taking them out, and saying what became of them.

use std::sync::Arc;

use hoopoe_db::{Db, ReadTx, WriteTx};
use hoopoe_kernel::{AppNo, Env, Fail};
use hoopoe_wire::Time;
use tokio::sync::Notify;

use crate::{
    DeadJob, Job, JobError, JobId, NewJob, Policy, Recurring,
    backoff::{self, Fate},
    job, store,
};

/// The shortest interval of a recurring job.
const EVERY_MS_MIN: u64 = 1_000;
/// How long a dead job waits for a person.
const DEAD_DAYS_MAX: i64 = 30;
/// Rows to one transaction, so that each stays within its budget of 5 ms.
const ROWS_PER_TURN: usize = 200;

/// What became of a job that was worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It is done and gone, or waits for its next run.
    Done,
    /// It will be tried again then.
    Again(Time),
    /// It is given up and waits for a person.
    Dead,
    /// The claim was over: the job is somebody else's by now, and this try does not count.
    Lost,
}

/// The jobs of a database. Cheap to clone.
#[derive(Clone)]
pub struct Jobs(Arc<Inner>);

struct Inner {
    db: Db,
    env: Arc<Env>,
    woken: Notify,
}

impl Jobs {
    /// Works on a database that [`crate::MIGRATIONS`] have run on.
    pub fn new(db: Db, env: Arc<Env>) -> Self {
        Self(Arc::new(Inner { db, env, woken: Notify::new() }))
    }

    pub(crate) fn env(&self) -> &Arc<Env> {
        &self.0.env
    }

    /// Makes this process's runner look at once. Call it after the commit of a transaction that
    /// used [`Jobs::enqueue_in`]; without it, and in other processes, the job starts up to a second
    /// late.
    pub fn wake(&self) {
        self.0.woken.notify_one();
    }

    pub(crate) async fn woken(&self) {
        self.0.woken.notified().await;
    }

    /// Stores a job in the caller's own transaction: it exists if and only if that commits.
    pub fn enqueue_in(
        &self,
        tx: &mut dyn WriteTx,
        app: AppNo,
        job: &NewJob,
    ) -> Result<JobId, Fail> {
        job::check_body(&job.body)?;
        let id = JobId(self.0.env.fresh_id());
        store::insert(tx, id, app, job, self.0.env.clock.now())?;
        Ok(id)
    }

    /// Stores a job in a transaction of its own and wakes the runner.
    pub async fn enqueue(&self, app: AppNo, job: NewJob) -> Result<JobId, Fail> {
        let jobs = self.clone();
        let stored = self.0.db.write(move |tx| jobs.enqueue_in(tx, app, &job)).await?;
        self.wake();
        Ok(stored)
    }

    /// Makes sure that a recurring job exists, with this body and interval. A new one runs first
    /// after one interval; one that is there keeps its place, unless its interval became shorter.
    /// Call it at every start.
    pub async fn schedule(&self, app: AppNo, job: Recurring) -> Result<(), Fail> {
        job::check_body(&job.body)?;
        let env = self.0.env.clone();
        let every_ms = i64::try_from(job.every_ms.max(EVERY_MS_MIN)).unwrap_or(i64::MAX);
        let write = self.0.db.write(move |tx| {
            let (id, now) = (JobId(env.fresh_id()), env.clock.now());
            Ok(store::upsert_recurring(tx, id, app, &job, every_ms, now)?)
        });
        write.await?;
        self.wake();
        Ok(())
    }

    /// Ends a recurring job; a run that is going on ends by itself. `false`: there was none.
    pub async fn unschedule(
        &self,
        app: AppNo,
        kind: &'static str,
        key: &str,
    ) -> Result<bool, Fail> {
        let key = key.to_owned();
        self.0.db.write(move |tx| Ok(store::delete_recurring(tx, app, kind, &key)?)).await
    }

    /// When the next job of each kind may be taken, in the order of `kinds`. A read: asking when
    /// there is nothing to do costs no write.
    pub async fn next_due(&self, kinds: Vec<&'static str>) -> Result<Vec<Option<Time>>, Fail> {
        let look = move |tx: &mut dyn ReadTx| {
            let due: Result<_, _> = kinds.iter().map(|kind| store::next_due(tx, kind)).collect();
            Ok(due?)
        };
        self.0.db.read(look).await
    }

    /// Takes up to `limit` jobs of a kind that are due, for `lease_ms`. Each must be settled with
    /// [`Jobs::complete`], [`Jobs::fail`] or [`Jobs::release`]; else it comes back when the lease is
    /// over.
    pub async fn claim(
        &self,
        kind: &'static str,
        limit: usize,
        lease_ms: u64,
    ) -> Result<Vec<Job>, Fail> {
        let env = self.0.env.clone();
        let claim = move |tx: &mut dyn WriteTx| {
            let now = env.clock.now();
            let (holder, until) = (fresh_holder(&env), lease_end(now, lease_ms));
            Ok(store::claim(tx, &store::Claim { kind, holder, until, now, limit })?)
        };
        self.0.db.write(claim).await
    }

    /// Keeps a job for another `lease_ms` from now. `false`: the claim is over, stop working.
    pub async fn prolong(&self, job: &Job, lease_ms: u64) -> Result<bool, Fail> {
        let (job, env) = (job.clone(), self.0.env.clone());
        let prolong = move |tx: &mut dyn WriteTx| {
            Ok(store::prolong(tx, &job, lease_end(env.clock.now(), lease_ms))?)
        };
        self.0.db.write(prolong).await
    }

    /// The job is done: gone, or set to its next run.
    pub async fn complete(&self, job: &Job) -> Result<Settled, Fail> {
        let (job, env) = (job.clone(), self.0.env.clone());
        let complete = move |tx: &mut dyn WriteTx| {
            let Some(held) = store::held(tx.as_read(), &job)? else {
                return Ok(Settled::Lost);
            };
            let is_ours = match held.next_run(env.clock.now()) {
                Some(next) => store::set_next_run(tx, &job, next, None)?,
                None => store::finish(tx, &job)?,
            };
            Ok(if is_ours { Settled::Done } else { Settled::Lost })
        };
        self.0.db.write(complete).await
    }

    /// The try failed: again later, or given up, as the policy says.
    pub async fn fail(
        &self,
        job: &Job,
        policy: &Policy,
        error: &JobError,
    ) -> Result<Settled, Fail> {
        let (job, policy, error, env) = (job.clone(), *policy, error.clone(), self.0.env.clone());
        let fail = move |tx: &mut dyn WriteTx| {
            let Some(held) = store::held(tx.as_read(), &job)? else {
                return Ok(Settled::Lost);
            };
            let now = env.clock.now();
            let fate = backoff::fate(&policy, job.attempt, &error, held, now, random(&env));
            let reason = error.kept_reason();
            let (settled, is_ours) = match fate {
                Fate::Again(at) => (Settled::Again(at), store::retry(tx, &job, at, &reason)?),
                Fate::NextRun(at) => {
                    (Settled::Again(at), store::set_next_run(tx, &job, at, Some(&reason))?)
                }
                Fate::Dead => (Settled::Dead, store::bury(tx, &job, now, &reason)?),
            };
            Ok(if is_ours { settled } else { Settled::Lost })
        };
        self.0.db.write(fail).await
    }

    /// Gives a job back untouched, to be taken by anybody at once; the try does not count. `false`:
    /// the claim was over.
    pub async fn release(&self, job: &Job) -> Result<bool, Fail> {
        let (job, env) = (job.clone(), self.0.env.clone());
        let release = move |tx: &mut dyn WriteTx| Ok(store::release(tx, &job, env.clock.now())?);
        self.0.db.write(release).await
    }

    /// Dead jobs of an app, the newest first, behind `before` ([`JobId::MAX`]: from the start).
    pub async fn dead(
        &self,
        app: AppNo,
        before: JobId,
        limit: usize,
    ) -> Result<Vec<DeadJob>, Fail> {
        self.0.db.read(move |tx| Ok(store::dead_before(tx, app, before, limit)?)).await
    }

    /// Gives a dead job all its tries again, beginning now. `false`: the app has no such dead job.
    pub async fn replay(&self, app: AppNo, id: JobId) -> Result<bool, Fail> {
        let now = self.0.env.clock.now();
        let replayed = self.0.db.write(move |tx| Ok(store::replay(tx, app, id, now)?)).await?;
        if replayed {
            self.wake();
        }
        Ok(replayed)
    }

    /// Deletes jobs that have been dead for 30 days and says how many. The runner does it hourly.
    pub async fn sweep(&self) -> Result<u64, Fail> {
        let before = self.0.env.clock.now().plus_s(-DEAD_DAYS_MAX * 24 * 3_600);
        let mut deleted = 0;
        loop {
            let turn = self.0.db.write(move |tx| {
                let rows = store::sweep_dead(tx, before, ROWS_PER_TURN)?;
                Ok(rows)
            });
            let rows = turn.await?;
            deleted += rows;
            if rows < ROWS_PER_TURN as u64 {
                return Ok(deleted);
            }
        }
    }
}

fn lease_end(now: Time, lease_ms: u64) -> Time {
    now.plus_ms(i64::try_from(lease_ms).unwrap_or(i64::MAX))
}

fn random(env: &Env) -> u64 {
    let mut bytes = [0; 8];
    env.entropy.fill(&mut bytes);
    u64::from_be_bytes(bytes)
}

/// Never 0, which means that nobody holds the job.
fn fresh_holder(env: &Env) -> i64 {
    i64::try_from(random(env) >> 1).unwrap_or(i64::MAX).max(1)
}
