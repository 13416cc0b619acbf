//! When a job is tried again: pure rules.

use hoopoe_wire::Time;

use crate::{JobError, Retry};

/// How a kind of job is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Tries before a job is dead; a try that a crash cut short counts.
    pub attempts_max: u32,
    /// The pause after the first failed try, in milliseconds; it doubles with every further one.
    pub first_pause_ms: u64,
    /// The longest pause, in milliseconds.
    pub longest_pause_ms: u64,
    /// How long a claim lives without being prolonged, in milliseconds. After a crash the job waits
    /// this long; clocks of different machines may differ by no more.
    pub lease_ms: u64,
    /// Jobs of this kind that one process runs at the same time.
    pub at_once: usize,
}

impl Default for Policy {
    /// 16 tries within about four hours, a lease of a minute, four at once.
    fn default() -> Self {
        Self {
            attempts_max: 16,
            first_pause_ms: 1_000,
            longest_pause_ms: 3_600_000,
            lease_ms: 60_000,
            at_once: 4,
        }
    }
}

impl Policy {
    /// The pause after so many tries: between half of the doubled pause and all of it, so that jobs
    /// which failed together do not come back together.
    pub(crate) fn pause_ms(&self, attempt: u32, random: u64) -> u64 {
        let doublings = attempt.saturating_sub(1).min(63);
        let whole = self.first_pause_ms.saturating_mul(1 << doublings).min(self.longest_pause_ms);
        let half = whole / 2;
        half + random % (whole - half + 1)
    }
}

/// The times of a job that somebody works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    /// When it was to run.
    pub(crate) run_at: Time,
    /// Its interval, where it recurs.
    pub(crate) every_ms: Option<i64>,
}

impl Held {
    /// The first run of a recurring job after `now`, whole intervals behind this one: late runs do
    /// not shift those that follow, and runs that were missed are not made up for.
    pub(crate) fn next_run(self, now: Time) -> Option<Time> {
        let every_us = self.every_ms?.max(1).saturating_mul(1_000);
        let late_us = now.0.saturating_sub(self.run_at.0).max(0);
        let intervals = late_us / every_us + 1;
        Some(Time(self.run_at.0.saturating_add(intervals.saturating_mul(every_us))))
    }
}

/// What becomes of a job whose try failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is tried again then.
    Again(Time),
    /// A recurring job gives this run up; its next one is then.
    NextRun(Time),
    /// It waits for a person.
    Dead,
}

/// Decides after the failed try number `attempt`.
pub(crate) fn fate(
    policy: &Policy,
    attempt: u32,
    error: &JobError,
    held: Held,
    now: Time,
    random: u64,
) -> Fate {
    let pause_ms = match error.retry {
        Retry::Backoff => Some(policy.pause_ms(attempt, random)),
        Retry::AfterMs(ms) => Some(ms),
        Retry::Never => None,
    };
    let pause_ms = pause_ms.filter(|_| attempt < policy.attempts_max);
    let again = pause_ms.map(|ms| now.plus_ms(i64::try_from(ms).unwrap_or(i64::MAX)));
    match (again, held.next_run(now)) {
        (Some(at), None) => Fate::Again(at),
        (Some(at), Some(next)) if at < next => Fate::Again(at),
        (_, Some(next)) => Fate::NextRun(next),
        (None, None) => Fate::Dead,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_never_leave_their_half() {
        let policy = Policy::default();
        let mut whole = 1_000;
        for attempt in 1..200 {
            for random in [0, 1, 499, 12_345_678_901, u64::MAX] {
                let pause = policy.pause_ms(attempt, random);
                assert!((whole / 2..=whole).contains(&pause), "{attempt}: {pause} of {whole}");
            }
            assert_eq!(policy.pause_ms(attempt, 0), whole / 2);
            assert_eq!(policy.pause_ms(attempt, whole - whole / 2), whole);
            whole = (whole * 2).min(3_600_000);
        }
        let at_once = Policy { first_pause_ms: 0, ..policy };
        assert_eq!(at_once.pause_ms(9, 7), 0);
        let huge = Policy { first_pause_ms: u64::MAX, longest_pause_ms: u64::MAX - 1, ..policy };
        assert!(huge.pause_ms(64, u64::MAX) >= u64::MAX / 2 - 1);
    }

    #[test]
    fn the_tries_of_the_default_end_within_hours() {
        let policy = Policy::default();
        let all_ms: u64 = (1..policy.attempts_max).map(|n| policy.pause_ms(n, u64::MAX - 1)).sum();
        assert!((3_600_000..6 * 3_600_000).contains(&all_ms), "{all_ms}");
    }

    const ONCE: Held = Held { run_at: Time(0), every_ms: None };

    #[test]
    fn a_failed_try_is_repeated_until_there_were_enough() {
        let policy = Policy { attempts_max: 3, ..Policy::default() };
        let now = Time(1_000_000);
        let error = JobError::new("it rains");
        let after = |attempt, error: &JobError| fate(&policy, attempt, error, ONCE, now, 0);
        assert_eq!(after(1, &error), Fate::Again(now.plus_ms(500)));
        assert_eq!(after(2, &error), Fate::Again(now.plus_ms(1_000)));
        assert_eq!(after(3, &error), Fate::Dead);
        assert_eq!(after(1, &JobError::never("gone")), Fate::Dead);
        assert_eq!(after(1, &JobError::after_ms(7, "busy")), Fate::Again(now.plus_ms(7)));
        assert_eq!(after(3, &JobError::after_ms(7, "busy")), Fate::Dead);
    }

    #[test]
    fn a_recurring_job_does_not_die() {
        let policy = Policy { attempts_max: 2, ..Policy::default() };
        let held = Held { run_at: Time(0), every_ms: Some(60_000) };
        let next = Time(60_000_000);
        let after = |attempt, error| fate(&policy, attempt, &error, held, Time(1), 0);
        assert_eq!(after(1, JobError::new("it rains")), Fate::Again(Time(500_001)));
        assert_eq!(after(2, JobError::new("it rains")), Fate::NextRun(next));
        assert_eq!(after(1, JobError::never("gone")), Fate::NextRun(next));
        let late = JobError::after_ms(60_000, "busy");
        assert_eq!(after(1, late), Fate::NextRun(next), "the next run comes first");
    }

    #[test]
    fn the_next_run_lies_on_the_grid_and_in_the_future() {
        let start = Time(5_000_000);
        let held = Held { run_at: start, every_ms: Some(1_000) };
        for late_us in [0, 1, 999_999, 1_000_000, 1_000_001, 86_400_000_123] {
            let now = Time(start.0 + late_us);
            let next = held.next_run(now).unwrap();
            assert!(next > now && next.0 - now.0 <= 1_000_000, "{late_us}: {next:?}");
            assert_eq!((next.0 - start.0) % 1_000_000, 0);
        }
        let early = Time(start.0 - 90_000_000);
        assert_eq!(held.next_run(early), Some(Time(6_000_000)), "a clock that was set back");
        assert_eq!(ONCE.next_run(early), None);
        let last = Held { run_at: Time(i64::MAX - 5), every_ms: Some(i64::MAX) };
        assert_eq!(last.next_run(Time(i64::MAX)), Some(Time(i64::MAX)), "nothing overflows");
    }
}
