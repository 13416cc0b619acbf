//! Every statement over the table `jobs` but the claim, which differs (`claim_fork.rs`).
//!
//! The runner is the server itself and works for all apps: its statements ask for the claim. Lists
//! and replays ask for the app.

use bytes::Bytes;
use hoopoe_db::{DbError, ReadTx, Row, Value, WriteTx};
use hoopoe_kernel::AppNo;
use hoopoe_wire::Time;

use crate::{DeadJob, Job, JobId, NewJob, Recurring, backoff::Held, claim_fork};

const INSERT: &str = "INSERT INTO jobs \
        (id, app, kind, body, run_at_us, due_at_us, attempts, holder) \
    VALUES ($1, $2, $3, $4, $5, $5, 0, 0)";
/// One that is there keeps its place, or comes forward when its interval has become shorter.
const UPSERT_RECURRING: &str = "INSERT INTO jobs \
        (id, app, kind, key, every_ms, body, run_at_us, due_at_us, attempts, holder) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $7, 0, 0) \
    ON CONFLICT (app, kind, key) WHERE key IS NOT NULL DO UPDATE SET \
        every_ms = excluded.every_ms, body = excluded.body, \
        run_at_us = CASE WHEN jobs.holder = 0 AND jobs.run_at_us > excluded.run_at_us \
            THEN excluded.run_at_us ELSE jobs.run_at_us END, \
        due_at_us = CASE WHEN jobs.holder = 0 AND jobs.due_at_us > excluded.due_at_us \
            THEN excluded.due_at_us ELSE jobs.due_at_us END";
const DELETE_RECURRING: &str = "DELETE FROM jobs WHERE app = $1 AND kind = $2 AND key = $3";
const NEXT_DUE: &str = "SELECT due_at_us FROM jobs WHERE kind = $1 AND dead_at_us IS NULL \
    ORDER BY due_at_us LIMIT 1";
const HELD: &str = "SELECT run_at_us, every_ms FROM jobs WHERE id = $1 AND holder = $2";
const PROLONG: &str = "UPDATE jobs SET due_at_us = $1 WHERE id = $2 AND holder = $3";
const FINISH: &str = "DELETE FROM jobs WHERE id = $1 AND holder = $2";
const NEXT_RUN: &str = "UPDATE jobs SET run_at_us = $1, due_at_us = $1, attempts = 0, \
    holder = 0, last_error = $2 WHERE id = $3 AND holder = $4";
const RETRY: &str = "UPDATE jobs SET due_at_us = $1, holder = 0, last_error = $2 \
    WHERE id = $3 AND holder = $4";
const BURY: &str = "UPDATE jobs SET dead_at_us = $1, holder = 0, last_error = $2 \
    WHERE id = $3 AND holder = $4";
const RELEASE: &str = "UPDATE jobs SET due_at_us = $1, attempts = attempts - 1, holder = 0 \
    WHERE id = $2 AND holder = $3";
const DEAD_BEFORE: &str = "SELECT id, kind, body, attempts, run_at_us, dead_at_us, last_error \
    FROM jobs WHERE app = $1 AND id < $2 AND dead_at_us IS NOT NULL ORDER BY id DESC LIMIT $3";
const REPLAY: &str = "UPDATE jobs SET dead_at_us = NULL, due_at_us = $1, attempts = 0 \
    WHERE app = $2 AND id = $3 AND dead_at_us IS NOT NULL";
const SWEEP_DEAD: &str = "DELETE FROM jobs WHERE id IN \
    (SELECT id FROM jobs WHERE dead_at_us <= $1 ORDER BY dead_at_us LIMIT $2)";

/// Every statement that both databases understand, so that a test can prepare them all.
pub const STATEMENTS: &[&str] = &[
    INSERT,
    UPSERT_RECURRING,
    DELETE_RECURRING,
    NEXT_DUE,
    HELD,
    PROLONG,
    FINISH,
    NEXT_RUN,
    RETRY,
    BURY,
    RELEASE,
    DEAD_BEFORE,
    REPLAY,
    SWEEP_DEAD,
];

pub(crate) fn insert(
    tx: &mut dyn WriteTx,
    id: JobId,
    app: AppNo,
    job: &NewJob,
    now: Time,
) -> Result<(), DbError> {
    let args = [
        (&id.0).into(),
        app.0.into(),
        job.kind.into(),
        (&job.body[..]).into(),
        job.run_at.unwrap_or(now).0.into(),
    ];
    tx.execute(INSERT, &args).map(|_| ())
}

/// `id` is for a job that is not there yet.
pub(crate) fn upsert_recurring(
    tx: &mut dyn WriteTx,
    id: JobId,
    app: AppNo,
    job: &Recurring,
    every_ms: i64,
    now: Time,
) -> Result<(), DbError> {
    let args = [
        (&id.0).into(),
        app.0.into(),
        job.kind.into(),
        (&job.key).into(),
        every_ms.into(),
        (&job.body[..]).into(),
        now.plus_ms(every_ms).0.into(),
    ];
    tx.execute(UPSERT_RECURRING, &args).map(|_| ())
}

/// `false`: there was none.
pub(crate) fn delete_recurring(
    tx: &mut dyn WriteTx,
    app: AppNo,
    kind: &str,
    key: &str,
) -> Result<bool, DbError> {
    Ok(tx.execute(DELETE_RECURRING, &[app.0.into(), kind.into(), key.into()])? == 1)
}

/// When the next job of a kind may be taken.
pub(crate) fn next_due(tx: &mut dyn ReadTx, kind: &str) -> Result<Option<Time>, DbError> {
    tx.first(NEXT_DUE, &[kind.into()], |row| Ok(Time(row.int(0)?)))
}

/// A claim that is about to be made.
pub(crate) struct Claim {
    pub(crate) kind: &'static str,
    pub(crate) holder: i64,
    pub(crate) until: Time,
    pub(crate) now: Time,
    pub(crate) limit: usize,
}

/// Takes what is due, the longest due first.
pub(crate) fn claim(tx: &mut dyn WriteTx, claim: &Claim) -> Result<Vec<Job>, DbError> {
    let statement = claim_fork::claim_statement(tx.as_read());
    let args = [
        claim.holder.into(),
        claim.until.0.into(),
        claim.kind.into(),
        claim.now.0.into(),
        count(claim.limit),
    ];
    let mut jobs = tx.as_read().all(statement, &args, |row| {
        Ok(Job {
            id: JobId(row.id16(0)?),
            app: AppNo(row.int(1)?),
            kind: claim.kind,
            body: Bytes::copy_from_slice(row.bytes(2)?),
            attempt: attempts(row, 3)?,
            run_at: Time(row.int(4)?),
            stop: tokio_util::sync::CancellationToken::new(),
            holder: claim.holder,
        })
    })?;
    jobs.sort_by_key(|job| (job.run_at, job.id));
    Ok(jobs)
}

/// The times of a job that is still held. `None`: the claim is over.
pub(crate) fn held(tx: &mut dyn ReadTx, job: &Job) -> Result<Option<Held>, DbError> {
    let args = [(&job.id.0).into(), job.holder.into()];
    tx.first(HELD, &args, |row| Ok(Held { run_at: Time(row.int(0)?), every_ms: row.int_opt(1)? }))
}

// Each of these answers `false` when the claim is over: somebody else has the job, or it is gone.

pub(crate) fn prolong(tx: &mut dyn WriteTx, job: &Job, until: Time) -> Result<bool, DbError> {
    Ok(tx.execute(PROLONG, &[until.0.into(), (&job.id.0).into(), job.holder.into()])? == 1)
}

pub(crate) fn finish(tx: &mut dyn WriteTx, job: &Job) -> Result<bool, DbError> {
    Ok(tx.execute(FINISH, &[(&job.id.0).into(), job.holder.into()])? == 1)
}

pub(crate) fn set_next_run(
    tx: &mut dyn WriteTx,
    job: &Job,
    at: Time,
    error: Option<&str>,
) -> Result<bool, DbError> {
    give_back(tx, NEXT_RUN, job, at, error)
}

pub(crate) fn retry(
    tx: &mut dyn WriteTx,
    job: &Job,
    at: Time,
    error: &str,
) -> Result<bool, DbError> {
    give_back(tx, RETRY, job, at, Some(error))
}

pub(crate) fn bury(
    tx: &mut dyn WriteTx,
    job: &Job,
    now: Time,
    error: &str,
) -> Result<bool, DbError> {
    give_back(tx, BURY, job, now, Some(error))
}

pub(crate) fn release(tx: &mut dyn WriteTx, job: &Job, now: Time) -> Result<bool, DbError> {
    Ok(tx.execute(RELEASE, &[now.0.into(), (&job.id.0).into(), job.holder.into()])? == 1)
}

fn give_back(
    tx: &mut dyn WriteTx,
    statement: &'static str,
    job: &Job,
    at: Time,
    error: Option<&str>,
) -> Result<bool, DbError> {
    let args = [at.0.into(), error.into(), (&job.id.0).into(), job.holder.into()];
    Ok(tx.execute(statement, &args)? == 1)
}

/// Dead jobs of an app, the newest first, behind `before`.
pub(crate) fn dead_before(
    tx: &mut dyn ReadTx,
    app: AppNo,
    before: JobId,
    limit: usize,
) -> Result<Vec<DeadJob>, DbError> {
    tx.all(DEAD_BEFORE, &[app.0.into(), (&before.0).into(), count(limit)], |row| {
        Ok(DeadJob {
            id: JobId(row.id16(0)?),
            kind: row.text(1)?.to_owned(),
            body: Bytes::copy_from_slice(row.bytes(2)?),
            attempts: attempts(row, 3)?,
            run_at: Time(row.int(4)?),
            dead_at: Time(row.int(5)?),
            last_error: row.text_opt(6)?.unwrap_or_default().to_owned(),
        })
    })
}

/// `false`: the app has no such dead job.
pub(crate) fn replay(
    tx: &mut dyn WriteTx,
    app: AppNo,
    id: JobId,
    now: Time,
) -> Result<bool, DbError> {
    Ok(tx.execute(REPLAY, &[now.0.into(), app.0.into(), (&id.0).into()])? == 1)
}

/// Deletes up to `limit` jobs that died before, and says how many it were.
pub(crate) fn sweep_dead(tx: &mut dyn WriteTx, before: Time, limit: usize) -> Result<u64, DbError> {
    tx.execute(SWEEP_DEAD, &[before.0.into(), count(limit)])
}

fn attempts(row: &dyn Row, column: usize) -> Result<u32, DbError> {
    u32::try_from(row.int(column)?).map_err(|_| DbError::decode(column, "a small number"))
}

fn count(limit: usize) -> Value<'static> {
    Value::Int(i64::try_from(limit).unwrap_or(i64::MAX))
}
