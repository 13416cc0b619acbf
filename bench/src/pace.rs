//! Pacing by intended times, and the latencies that are measured from them.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde_json::{Value, json};

/// Gives each operation of an open-loop load its intended time, whatever the server does.
///
/// Latency is measured from that time, not from the moment when the client came round to sending:
/// a server that stalls is charged for everybody who waits (no coordinated omission).
#[derive(Debug, Clone)]
pub(crate) struct Pacer {
    start: Instant,
    rate: f64,
    next: u64,
}

impl Pacer {
    /// `rate` operations per second, the first one at `start`.
    pub(crate) fn new(start: Instant, rate: f64) -> Pacer {
        Pacer { start, rate, next: 0 }
    }

    /// When operation `n` is meant to happen.
    pub(crate) fn intended(&self, n: u64) -> Instant {
        self.start + Duration::from_secs_f64(n as f64 / self.rate)
    }

    /// The next operation if its time has come.
    pub(crate) fn due(&mut self, now: Instant) -> Option<u64> {
        if self.intended(self.next) > now {
            return None;
        }
        self.next += 1;
        Some(self.next - 1)
    }

    /// When to ask again.
    pub(crate) fn next_at(&self) -> Instant {
        self.intended(self.next)
    }

    /// How many operations were due so far.
    pub(crate) fn issued(&self) -> u64 {
        self.next
    }
}

/// Latencies with 0.1 % resolution from 1 ns to 10 minutes; longer ones count as 10 minutes.
#[derive(Debug, Clone)]
pub(crate) struct Latencies(Histogram<u64>);

impl Latencies {
    pub(crate) fn new() -> Latencies {
        let longest = Duration::from_secs(600).as_nanos() as u64;
        let histogram = Histogram::new_with_bounds(1, longest, 3)
            .expect("the bounds are constants that the histogram accepts: 1 ≤ 600 s / 2, 3 ≤ 5");
        Latencies(histogram)
    }

    pub(crate) fn record(&mut self, latency: Duration) {
        self.0.saturating_record(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX).max(1));
    }

    /// Adds all latencies of `other`.
    pub(crate) fn merge(&mut self, other: &Latencies) {
        for value in other.0.iter_recorded() {
            self.0.saturating_record_n(value.value_iterated_to(), value.count_at_value());
        }
    }

    /// The latency that `quantile` (0 to 1) of all stay at or below; 0 when there are none.
    pub(crate) fn quantile_ms(&self, quantile: f64) -> f64 {
        self.0.value_at_quantile(quantile) as f64 / 1e6
    }

    pub(crate) fn max_ms(&self) -> f64 {
        self.0.max() as f64 / 1e6
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.len()
    }

    /// The usual quantiles as a JSON object.
    pub(crate) fn summary(&self) -> Value {
        json!({
            "count": self.count(),
            "p50_ms": self.quantile_ms(0.5),
            "p99_ms": self.quantile_ms(0.99),
            "p99_9_ms": self.quantile_ms(0.999),
            "max_ms": self.max_ms(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn operations_are_due_at_their_intended_times() {
        let start = Instant::now();
        let mut pacer = Pacer::new(start, 500.0);
        assert_eq!(pacer.due(start), Some(0));
        assert_eq!(pacer.due(start), None);
        assert_eq!(pacer.next_at(), start + 2 * MS);
        assert_eq!(pacer.due(start + 2 * MS), Some(1));
    }

    #[test]
    fn a_late_client_catches_up_and_keeps_the_intended_times() {
        let start = Instant::now();
        let mut pacer = Pacer::new(start, 500.0);
        let late = start + 100 * MS;
        let caught_up = std::iter::from_fn(|| pacer.due(late)).collect::<Vec<_>>();
        assert_eq!(caught_up, (0..=50).collect::<Vec<_>>());
        assert_eq!(pacer.issued(), 51);
        assert_eq!(pacer.intended(10), start + 20 * MS, "80 ms before it was sent");
    }

    #[test]
    fn an_uneven_rate_does_not_drift() {
        let start = Instant::now();
        let pacer = Pacer::new(start, 3.0);
        let after = pacer.intended(3_000_000) - start;
        assert!(after.abs_diff(Duration::from_secs(1_000_000)) < MS, "{after:?}");
    }

    #[test]
    fn quantiles_are_right_within_the_resolution() {
        let mut latencies = Latencies::new();
        (1..=1000).for_each(|ms| latencies.record(ms * MS));
        assert!((latencies.quantile_ms(0.5) - 500.0).abs() < 1.0);
        assert!((latencies.quantile_ms(0.99) - 990.0).abs() < 1.0);
        assert!((latencies.max_ms() - 1000.0).abs() < 1.0);
        assert_eq!(latencies.count(), 1000);
    }

    #[test]
    fn nothing_and_too_much_are_both_recorded() {
        let mut latencies = Latencies::new();
        assert_eq!(latencies.quantile_ms(0.99), 0.0);
        latencies.record(Duration::ZERO);
        latencies.record(Duration::from_secs(86_400));
        assert_eq!(latencies.count(), 2);
        assert!(latencies.max_ms() >= 600_000.0);
    }

    #[test]
    fn merging_keeps_every_latency() {
        let (mut one, mut other) = (Latencies::new(), Latencies::new());
        one.record(MS);
        (0..3).for_each(|_| other.record(9 * MS));
        one.merge(&other);
        assert_eq!(one.count(), 4);
        assert!((one.quantile_ms(1.0) - 9.0).abs() < 0.01);
    }
}
