//! Where time and randomness come from: parameters, so that tests can hold both.

use std::time::{Duration, Instant};

use hoopoe_wire::Time;

/// Tells the time. Wall time may jump; only [`Clock::monotonic`] measures durations.
pub trait Clock: Send + Sync + 'static {
    /// Wall time, for what people read.
    fn now(&self) -> Time;
    /// Time since this clock began; never falls.
    fn monotonic(&self) -> Duration;
}

/// Gives random bytes.
pub trait Entropy: Send + Sync + 'static {
    /// Fills the buffer with bytes that nobody can guess.
    fn fill(&self, bytes: &mut [u8]);
}

/// The machine's clocks.
#[derive(Debug)]
pub struct SystemClock {
    began: Instant,
}

impl SystemClock {
    /// Starts the monotonic count.
    pub fn new() -> Self {
        Self { began: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the machine")]
    fn now(&self) -> Time {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Time(since.map_or(0, |age| i64::try_from(age.as_micros()).unwrap_or(i64::MAX)))
    }

    fn monotonic(&self) -> Duration {
        self.began.elapsed()
    }
}

/// The operating system's generator, by way of the crypto provider.
#[derive(Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes)
            .expect("the crypto provider's generator fails only before it is seeded at start");
    }
}

/// A UUID version 7 (RFC 9562, section 5.7): 48 bits of milliseconds, then random bits, so that
/// new ids land beside each other in an index.
pub fn uuid_v7(now: Time, entropy: &dyn Entropy) -> [u8; 16] {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes[6..]);
    let ms = now.0.div_euclid(1_000).to_be_bytes();
    bytes[..6].copy_from_slice(&ms[2..]);
    bytes[6] = (bytes[6] & 0x0f) | 0x70;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_version_7_and_grow_with_time() {
        let entropy = SystemEntropy;
        let early = uuid_v7(Time(1_000_000_000), &entropy);
        let late = uuid_v7(Time(1_000_001_000), &entropy);
        assert!(early < late);
        assert_eq!((early[6] >> 4, early[8] >> 6), (7, 2));
        assert_ne!(early, uuid_v7(Time(1_000_000_000), &entropy));
    }
}
