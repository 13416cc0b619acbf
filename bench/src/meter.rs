//! The measured part of a load: what was done in it, how long it took, what CPU it used.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::procfs;
use crate::trouble::{Outcome, cannot_run};

/// Where a load is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    WarmUp,
    Measure,
    Over,
}

#[derive(Debug, Clone, Copy)]
struct Reading {
    at: Instant,
    operations: u64,
    server_cpu: Duration,
    client_cpu: Duration,
}

/// Reads the clocks at both ends of the measured part.
#[derive(Debug)]
pub(crate) struct Meter {
    pid: u32,
    start: Instant,
    end: Instant,
    first: Option<Reading>,
    last: Option<Reading>,
}

/// The difference of both readings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    pub(crate) operations: u64,
    pub(crate) elapsed: Duration,
    pub(crate) server_cpu: Duration,
    pub(crate) client_cpu: Duration,
}

impl Meter {
    /// Measures the server `pid` from `now + warm_up` for `measure`.
    pub(crate) fn new(pid: u32, now: Instant, warm_up: Duration, measure: Duration) -> Meter {
        let start = now + warm_up;
        Meter { pid, start, end: start + measure, first: None, last: None }
    }

    /// Tells the phase at `now`, when `operations` have been completed since the load began.
    pub(crate) fn turn(&mut self, now: Instant, operations: u64) -> Outcome<Phase> {
        if self.last.is_some() {
            return Ok(Phase::Over);
        }
        if self.first.is_none() {
            if now < self.start {
                return Ok(Phase::WarmUp);
            }
            self.first = Some(self.read(now, operations)?);
        }
        if now < self.end {
            return Ok(Phase::Measure);
        }
        self.last = Some(self.read(now, operations)?);
        Ok(Phase::Over)
    }

    /// When the phase changes next.
    pub(crate) fn next_at(&self) -> Instant {
        if self.first.is_none() { self.start } else { self.end }
    }

    /// What was measured; an error when nothing was done.
    pub(crate) fn result(&self) -> Outcome<Measured> {
        match (self.first, self.last) {
            (Some(first), Some(last)) if last.operations > first.operations => Ok(Measured {
                operations: last.operations - first.operations,
                elapsed: last.at - first.at,
                server_cpu: last.server_cpu.saturating_sub(first.server_cpu),
                client_cpu: last.client_cpu.saturating_sub(first.client_cpu),
            }),
            _ => cannot_run("not one operation was completed in the measured time"),
        }
    }

    fn read(&self, at: Instant, operations: u64) -> Outcome<Reading> {
        Ok(Reading {
            at,
            operations,
            server_cpu: procfs::cpu_time(self.pid)?,
            client_cpu: procfs::cpu_time(std::process::id())?,
        })
    }
}

impl Measured {
    pub(crate) fn per_second(&self) -> f64 {
        self.operations as f64 / self.elapsed.as_secs_f64()
    }

    /// CPU of the server for one operation, in µs.
    pub(crate) fn server_cpu_us(&self) -> f64 {
        self.server_cpu.as_secs_f64() * 1e6 / self.operations as f64
    }

    /// Both together, as if they had been one measurement.
    pub(crate) fn plus(&self, other: &Measured) -> Measured {
        Measured {
            operations: self.operations + other.operations,
            elapsed: self.elapsed + other.elapsed,
            server_cpu: self.server_cpu + other.server_cpu,
            client_cpu: self.client_cpu + other.client_cpu,
        }
    }

    /// What the machine was busy with, to tell a slow server from a starved one.
    pub(crate) fn load(&self) -> Value {
        let seconds = self.elapsed.as_secs_f64();
        json!({
            "measured_s": seconds,
            "operations": self.operations,
            "server_cores": self.server_cpu.as_secs_f64() / seconds,
            "client_cores": self.client_cpu.as_secs_f64() / seconds,
            "client_cpu_us_per_op": self.client_cpu.as_secs_f64() * 1e6 / self.operations as f64,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_measured_part_counts() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let mut meter = Meter::new(std::process::id(), now, 2 * second, 10 * second);
        assert_eq!(meter.turn(now, 0).unwrap(), Phase::WarmUp);
        assert_eq!(meter.next_at(), now + 2 * second);
        assert_eq!(meter.turn(now + 2 * second, 500).unwrap(), Phase::Measure);
        assert_eq!(meter.next_at(), now + 12 * second);
        assert_eq!(meter.turn(now + 7 * second, 900).unwrap(), Phase::Measure);
        assert!(meter.result().is_err(), "not over yet");
        assert_eq!(meter.turn(now + 12 * second, 1500).unwrap(), Phase::Over);
        assert_eq!(meter.turn(now + 13 * second, 1600).unwrap(), Phase::Over);
        let measured = meter.result().unwrap();
        assert_eq!((measured.operations, measured.elapsed), (1000, 10 * second));
        assert!((measured.per_second() - 100.0).abs() < 1e-9);
    }

    #[test]
    fn nothing_done_is_no_figure() {
        let now = Instant::now();
        let mut meter = Meter::new(std::process::id(), now, Duration::ZERO, Duration::ZERO);
        assert_eq!(meter.turn(now, 3).unwrap(), Phase::Over);
        assert!(meter.result().is_err());
    }
}
