//! What a job is, before, while and after it is run.

use std::fmt;

use bytes::Bytes;
use hoopoe_kernel::{AppNo, Fail};
use hoopoe_wire::{Time, codes};
use serde::{Serialize, de::DeserializeOwned};
use tokio_util::sync::CancellationToken;

/// Bytes that a job may carry. What is larger belongs into a table of the domain.
pub(crate) const BODY_BYTES_MAX: usize = 64 * 1024;
/// Characters of an error that are kept with its job.
const ERROR_CHARS_MAX: usize = 500;

/// A job's id: time-ordered, made here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub [u8; 16]);

impl JobId {
    /// Behind every id: where a list that begins with the newest one starts.
    pub const MAX: Self = Self([0xff; 16]);
}

/// A job to be stored.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Which handler runs it: `webhooks.deliver`.
    pub kind: &'static str,
    /// What the handler is given; at most 64 KiB. It lies in the database as it is: no secrets.
    pub body: Bytes,
    /// Not before then; `None`: at once.
    pub run_at: Option<Time>,
}

impl NewJob {
    /// A job with a body of any bytes.
    pub fn new(kind: &'static str, body: impl Into<Bytes>) -> Self {
        Self { kind, body: body.into(), run_at: None }
    }

    /// A job whose body is JSON. An error is a bug of the type's `Serialize`.
    pub fn json<T: Serialize>(kind: &'static str, body: &T) -> Result<Self, Fail> {
        let text = serde_json::to_vec(body).map_err(|e| Fail::internal().caused_by(e))?;
        Ok(Self::new(kind, text))
    }

    /// The same, but not before then.
    #[must_use]
    pub fn at(mut self, time: Time) -> Self {
        self.run_at = Some(time);
        self
    }
}

/// A job that runs again and again. Of one app, kind and key there is one.
#[derive(Debug, Clone)]
pub struct Recurring {
    /// Which handler runs it.
    pub kind: &'static str,
    /// Tells recurring jobs of the same kind apart: `""` where there is one.
    pub key: String,
    /// What the handler is given each time; at most 64 KiB.
    pub body: Bytes,
    /// Milliseconds from one run to the next, at least 1,000.
    pub every_ms: u64,
}

/// A job that somebody works on.
#[derive(Debug, Clone)]
pub struct Job {
    /// Which one.
    pub id: JobId,
    /// The tenant that it belongs to; [`AppNo::NONE`] for the server's own.
    pub app: AppNo,
    /// Its kind.
    pub kind: &'static str,
    /// What it is given.
    pub body: Bytes,
    /// The how manieth try this is, from 1.
    pub attempt: u32,
    /// When it was to run.
    pub run_at: Time,
    /// Cancelled when the server stops: a long job ends early then, in a state that it can go on
    /// from, or is cut off a few seconds later and run again elsewhere.
    pub stop: CancellationToken,
    /// The claim: without it nobody can finish, prolong or fail the job.
    pub(crate) holder: i64,
}

impl Job {
    /// Reads a JSON body. What does not parse will not parse next time: the job is given up.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, JobError> {
        serde_json::from_slice(&self.body).map_err(|e| JobError::never(format!("bad body: {e}")))
    }
}

/// When a failed job is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// After the pause that its policy says.
    Backoff,
    /// After so many milliseconds; it still counts as a try.
    AfterMs(u64),
    /// Not at all.
    Never,
}

/// Why a try failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobError {
    /// Words for the operator; the first 500 characters are kept with the job. No secrets.
    pub reason: String,
    /// What follows.
    pub retry: Retry,
}

impl JobError {
    /// To be tried again as the policy says.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), retry: Retry::Backoff }
    }

    /// To be tried again after so many milliseconds, because the other side said so.
    pub fn after_ms(ms: u64, reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), retry: Retry::AfterMs(ms) }
    }

    /// Never to be tried again.
    pub fn never(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), retry: Retry::Never }
    }

    /// The reason as it is kept. A `TEXT` cannot hold U+0000 everywhere.
    pub(crate) fn kept_reason(&self) -> String {
        self.reason.chars().filter(|c| *c != '\0').take(ERROR_CHARS_MAX).collect()
    }
}

impl From<Fail> for JobError {
    fn from(fail: Fail) -> Self {
        Self::new(fail.to_string())
    }
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for JobError {}

/// A job that was given up and waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadJob {
    /// Which one.
    pub id: JobId,
    /// Its kind.
    pub kind: String,
    /// What it was given.
    pub body: Bytes,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was to run first.
    pub run_at: Time,
    /// When it was given up.
    pub dead_at: Time,
    /// Why the last try failed.
    pub last_error: String,
}

/// Refuses a body that is too large.
pub(crate) fn check_body(body: &[u8]) -> Result<(), Fail> {
    if body.len() <= BODY_BYTES_MAX {
        return Ok(());
    }
    Err(Fail::new(&codes::TOO_LARGE).with_detail("a job's body is at most 64 KiB"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_kept_as_far_as_it_can_be_stored() {
        let long = JobError::new(format!("a\0b{}", "é".repeat(600)));
        let kept = long.kept_reason();
        assert!(kept.starts_with("abé") && kept.chars().count() == 500);
    }

    #[test]
    fn bodies_have_a_limit() {
        assert!(check_body(&[0; BODY_BYTES_MAX]).is_ok());
        assert!(check_body(&[0; BODY_BYTES_MAX + 1]).unwrap_err().is(&codes::TOO_LARGE));
    }
}
