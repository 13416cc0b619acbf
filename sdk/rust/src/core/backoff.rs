//! Waiting longer each time, and never all at once.

use std::time::Duration;

/// Numbers from a seed (SplitMix64). Not for secrets.
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Evenly from nothing to `limit`.
    pub(super) fn below(&mut self, limit: Duration) -> Duration {
        // 53 bits are what a float holds exactly.
        let part = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        limit.mul_f64(part)
    }
}

/// Full jitter: evenly from nothing to a bound that doubles. A thousand clients that lost the same
/// server come back spread over the whole bound, not in waves.
#[derive(Debug, Clone)]
pub(super) struct Backoff {
    base: Duration,
    cap: Duration,
    failures: u32,
}

impl Backoff {
    pub(super) fn new(base: Duration, cap: Duration) -> Self {
        Self { base, cap, failures: 0 }
    }

    /// How long to wait after one more failure; never less than the other side asked for.
    pub(super) fn next(&mut self, dice: &mut Dice, at_least: Option<Duration>) -> Duration {
        let bound = self.base.saturating_mul(1 << self.failures.min(16)).min(self.cap);
        self.failures += 1;
        at_least.unwrap_or_default() + dice.below(bound)
    }

    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_cap_and_are_spread_over_the_whole_bound() {
        let (base, cap) = (Duration::from_millis(500), Duration::from_secs(30));
        let mut dice = Dice::new(7);
        let mut longest = [Duration::ZERO; 10];
        let mut shortest = [Duration::MAX; 10];
        for _ in 0..500 {
            let mut backoff = Backoff::new(base, cap);
            for slot in 0..10 {
                let wait = backoff.next(&mut dice, None);
                longest[slot] = longest[slot].max(wait);
                shortest[slot] = shortest[slot].min(wait);
            }
        }
        for (slot, longest) in longest.into_iter().enumerate() {
            let bound = base.saturating_mul(1 << slot).min(cap);
            assert!(longest <= bound && longest > bound.mul_f64(0.95), "{slot}: {longest:?}");
            assert!(shortest[slot] < bound.mul_f64(0.05), "{slot}: {:?}", shortest[slot]);
        }
    }

    #[test]
    fn what_the_server_asked_for_is_the_least() {
        let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(30));
        let least = Duration::from_secs(3);
        let wait = backoff.next(&mut Dice::new(1), Some(least));
        assert!(wait >= least && wait <= least + Duration::from_millis(500));
        backoff.reset();
        assert_eq!(backoff.failures(), 0);
    }
}
