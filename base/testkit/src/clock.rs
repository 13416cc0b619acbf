//! Time and randomness that a test holds in its hand.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use hoopoe_kernel::{Clock, Entropy, Env};
use hoopoe_wire::Time;

/// 2026-01-01T00:00:00Z, where fake clocks begin.
pub const EPOCH: Time = Time(1_767_225_600_000_000);

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct FakeClock {
    wall_us: AtomicI64,
    age_us: AtomicU64,
}

impl FakeClock {
    /// A clock at [`EPOCH`].
    pub fn new() -> Self {
        Self::at(EPOCH)
    }

    /// A clock at another moment.
    pub fn at(start: Time) -> Self {
        Self { wall_us: AtomicI64::new(start.0), age_us: AtomicU64::new(0) }
    }

    /// Lets time pass: wall time and monotonic time alike.
    pub fn advance(&self, by: Duration) {
        let by_us = u64::try_from(by.as_micros()).unwrap_or(u64::MAX);
        self.age_us.fetch_add(by_us, Ordering::SeqCst);
        self.wall_us.fetch_add(i64::try_from(by_us).unwrap_or(i64::MAX), Ordering::SeqCst);
    }

    /// Sets wall time only, forward or back, as an administrator or a time server does.
    pub fn set_wall(&self, now: Time) {
        self.wall_us.store(now.0, Ordering::SeqCst);
    }
}

impl Default for FakeClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Time {
        Time(self.wall_us.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_micros(self.age_us.load(Ordering::SeqCst))
    }
}

/// Bytes that look random and are the same in every run with the same seed (SplitMix64). Two
/// servers on one database need two seeds, or they make the same ids.
#[derive(Debug)]
pub struct FakeEntropy {
    state: AtomicU64,
}

impl FakeEntropy {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        Self { state: AtomicU64::new(seed) }
    }

    fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.state.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

impl Entropy for FakeEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }
}

/// An [`Env`] whose clock the test moves.
pub struct TestEnv {
    /// What services are given.
    pub env: Arc<Env>,
    /// The clock in it.
    pub clock: Arc<FakeClock>,
}

/// A fake clock at [`EPOCH`] and the entropy of seed 1.
pub fn test_env() -> TestEnv {
    test_env_seeded(1)
}

/// A fake clock at [`EPOCH`] and the entropy of a seed.
pub fn test_env_seeded(seed: u64) -> TestEnv {
    let clock = Arc::new(FakeClock::new());
    let env = Env { clock: clock.clone(), entropy: Arc::new(FakeEntropy::new(seed)) };
    TestEnv { env: Arc::new(env), clock }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_passes_only_when_it_is_told_to() {
        let TestEnv { env, clock } = test_env();
        assert_eq!(env.clock.now().to_string(), "2026-01-01T00:00:00.000Z");
        clock.advance(Duration::from_millis(1_500));
        assert_eq!(env.clock.now(), EPOCH.plus_ms(1_500));
        assert_eq!(env.clock.monotonic(), Duration::from_millis(1_500));
        clock.set_wall(EPOCH);
        assert_eq!(env.clock.now(), EPOCH);
        assert_eq!(env.clock.monotonic(), Duration::from_millis(1_500), "it never falls");
    }

    #[test]
    fn a_seed_decides_everything() {
        let draw = |seed| {
            let entropy = FakeEntropy::new(seed);
            let mut bytes = [0; 21];
            entropy.fill(&mut bytes);
            bytes
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        // The published first output of SplitMix64 for seed 0.
        assert_eq!(FakeEntropy::new(0).next(), 0xe220_a839_7b1d_cdaf);
    }
}
