//! The loop that runs jobs: one in each process.

use std::{
    any::Any, collections::BTreeMap, future::Future, panic::AssertUnwindSafe, sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures_util::FutureExt;
use hoopoe_kernel::{AppNo, BoxFuture, Fail};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::{Job, JobError, Jobs, Policy, Recurring, Settled};

/// How often the table is looked at when nobody says that something is there.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The shortest pause, when another process was faster.
const PAUSE_MIN: Duration = Duration::from_millis(10);
/// How long running jobs may go on after the stop, within the 10 s that a server has.
const DRAIN: Duration = Duration::from_secs(5);

const SWEEP: &str = "jobs.sweep";
const SWEEP_EVERY_MS: u64 = 3_600_000;

type Handler = Arc<dyn Fn(Job) -> BoxFuture<Result<(), JobError>> + Send + Sync>;

struct Kind {
    policy: Policy,
    handler: Handler,
    free: Arc<Semaphore>,
}

/// Takes jobs of the kinds that have a handler here and runs them. Kinds without one are left for
/// processes that know them.
pub struct Runner {
    jobs: Jobs,
    kinds: BTreeMap<&'static str, Arc<Kind>>,
}

impl Runner {
    /// A runner that knows only how to clear away dead jobs.
    pub fn new(jobs: Jobs) -> Self {
        let sweeper = jobs.clone();
        let once = Policy { at_once: 1, ..Policy::default() };
        let runner = Self { jobs, kinds: BTreeMap::new() };
        runner.handle(SWEEP, once, move |_| {
            let jobs = sweeper.clone();
            async move {
                jobs.sweep().await?;
                Ok(())
            }
        })
    }

    /// Registers what runs the jobs of a kind; a second handler for it replaces the first.
    ///
    /// A handler may be run twice for one job, and its future is dropped when the lease is lost or
    /// the server ends: what it does must bear both. A panic is a failed try.
    #[must_use]
    pub fn handle<F, Fut>(mut self, kind: &'static str, policy: Policy, handler: F) -> Self
    where
        F: Fn(Job) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), JobError>> + Send + 'static,
    {
        let handler: Handler = Arc::new(move |job| Box::pin(handler(job)));
        let free = Arc::new(Semaphore::new(policy.at_once.clamp(1, Semaphore::MAX_PERMITS)));
        self.kinds.insert(kind, Arc::new(Kind { policy, handler, free }));
        self
    }

    /// Runs until `stop`; then takes nothing more, lets running jobs end for 5 s, and gives the
    /// rest back.
    pub async fn run(self, stop: CancellationToken) {
        self.schedule_sweep().await;
        let abandon = CancellationToken::new();
        let mut running = JoinSet::new();
        while !stop.is_cancelled() {
            let pause = match self.take(&stop, &abandon, &mut running).await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::warn!(%error, "the jobs could not be looked at");
                    LOOK_EVERY
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.jobs.woken() => {}
                Some(ended) = running.join_next() => note_end(ended),
                () = tokio::time::sleep(pause) => {}
            }
        }
        let all = async { while running.join_next().await.map(note_end).is_some() {} };
        if tokio::time::timeout(DRAIN, all).await.is_err() {
            abandon.cancel();
            while running.join_next().await.map(note_end).is_some() {}
        }
    }

    async fn schedule_sweep(&self) {
        let (kind, key, body) = (SWEEP, String::new(), Bytes::new());
        let sweep = Recurring { kind, key, body, every_ms: SWEEP_EVERY_MS };
        if let Err(error) = self.jobs.schedule(AppNo::NONE, sweep).await {
            tracing::warn!(%error, "dead jobs are not cleared away by this process");
        }
    }

    /// Starts everything that is due and has room, and says how long nothing more will be.
    async fn take(
        &self,
        stop: &CancellationToken,
        abandon: &CancellationToken,
        running: &mut JoinSet<()>,
    ) -> Result<Duration, Fail> {
        loop {
            let open: Vec<_> =
                self.kinds.iter().filter(|(_, kind)| kind.free.available_permits() > 0).collect();
            let names = open.iter().map(|(name, _)| **name).collect();
            let due = self.jobs.next_due(names).await?;
            let now = self.jobs.env().clock.now();
            let mut pause = LOOK_EVERY;
            let mut has_started = false;
            for ((name, kind), due) in open.into_iter().zip(due) {
                let Some(due) = due else { continue };
                let wait_us = u64::try_from(due.0.saturating_sub(now.0)).unwrap_or(0);
                pause = pause.min(Duration::from_micros(wait_us));
                if wait_us > 0 || stop.is_cancelled() {
                    continue;
                }
                let room = kind.free.available_permits();
                for mut job in self.jobs.claim(name, room, kind.policy.lease_ms).await? {
                    job.stop = stop.clone();
                    let permit = kind.free.clone().try_acquire_owned();
                    let permit = permit.expect("only this loop takes permits, and counted them");
                    has_started = true;
                    let work = work(self.jobs.clone(), kind.clone(), job, abandon.clone(), permit);
                    running.spawn(work);
                }
            }
            if !has_started {
                return Ok(pause.max(PAUSE_MIN));
            }
        }
    }
}

fn note_end(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a job's task broke; the job comes back when its lease is over");
    }
}

/// How a try ended.
enum End {
    Returned(Result<(), JobError>),
    Lost,
    Abandoned,
}

async fn work(
    jobs: Jobs,
    kind: Arc<Kind>,
    job: Job,
    abandon: CancellationToken,
    permit: OwnedSemaphorePermit,
) {
    let began = jobs.env().clock.monotonic();
    let end = if job.attempt > kind.policy.attempts_max {
        // Every try before ended without a word: the process died, or could not reach the database.
        End::Returned(Err(JobError::never("every try ended with the process that ran it")))
    } else {
        let handling = AssertUnwindSafe(async { (kind.handler)(job.clone()).await });
        tokio::select! {
            biased;
            result = handling.catch_unwind() => End::Returned(
                result.unwrap_or_else(|payload| Err(JobError::new(panic_words(&*payload))))
            ),
            () = lease_lost(&jobs, &job, kind.policy.lease_ms) => End::Lost,
            () = abandon.cancelled() => End::Abandoned,
        }
    };
    let outcome = settle(&jobs, &kind.policy, &job, end).await;
    let took = jobs.env().clock.monotonic().saturating_sub(began);
    metrics::histogram!("hoopoe_job_seconds", "kind" => job.kind).record(took.as_secs_f64());
    metrics::counter!("hoopoe_jobs_total", "kind" => job.kind, "outcome" => outcome).increment(1);
    drop(permit);
}

/// Writes down how a try ended. Where that fails the job comes back when its lease is over.
async fn settle(jobs: &Jobs, policy: &Policy, job: &Job, end: End) -> &'static str {
    let (kind, attempt) = (job.kind, job.attempt);
    let settled = match end {
        End::Returned(Ok(())) => jobs.complete(job).await,
        End::Returned(Err(error)) => {
            tracing::warn!(kind, attempt, %error, "a job failed");
            jobs.fail(job, policy, &error).await
        }
        End::Lost => Ok(Settled::Lost),
        End::Abandoned => match jobs.release(job).await {
            Ok(_) => return "released",
            Err(fail) => Err(fail),
        },
    };
    match settled {
        Ok(Settled::Done) => "done",
        Ok(Settled::Again(_)) => "again",
        Ok(Settled::Dead) => {
            tracing::error!(kind, attempt, "a job is dead and waits for a person");
            "dead"
        }
        Ok(Settled::Lost) => "lost",
        Err(error) => {
            tracing::warn!(kind, attempt, %error, "what became of a job could not be stored");
            "unsettled"
        }
    }
}

/// Prolongs the lease three times in its life and returns when it is lost: taken by another, or run
/// out because the database could not be reached.
async fn lease_lost(jobs: &Jobs, job: &Job, lease_ms: u64) {
    let lease = Duration::from_millis(lease_ms);
    let third = (lease / 3).max(PAUSE_MIN);
    let mut prolonged_at = jobs.env().clock.monotonic();
    loop {
        tokio::time::sleep(third).await;
        let asked_at = jobs.env().clock.monotonic();
        match jobs.prolong(job, lease_ms).await {
            Ok(true) => prolonged_at = asked_at,
            Ok(false) => return,
            Err(error) => {
                tracing::warn!(kind = job.kind, %error, "a lease could not be prolonged");
                if jobs.env().clock.monotonic().saturating_sub(prolonged_at) > lease {
                    return;
                }
            }
        }
    }
}

fn panic_words(payload: &(dyn Any + Send)) -> String {
    let words = payload.downcast_ref::<&str>().copied();
    let words = words.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    format!("panicked: {}", words.unwrap_or("without words"))
}
