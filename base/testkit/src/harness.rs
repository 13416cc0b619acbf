//! What every whole-system test needs: deadlines, seeds, ports, and a way to give up loudly.

use std::{
    future::Future,
    hash::{BuildHasher, RandomState},
    net::TcpListener,
    time::Duration,
};

/// How long a test waits for something that should take milliseconds. Generous, because debug
/// builds of several servers share the cores of a small machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Ends the test.
///
/// # Panics
/// Always; that is what it is for.
#[track_caller]
#[expect(clippy::panic, reason = "a test that cannot go on has no caller to hand an error to")]
pub fn fail(why: impl AsRef<str>) -> ! {
    panic!("{}", why.as_ref())
}

/// Awaits with a deadline; `what` completes the sentence "waited in vain for …".
///
/// # Panics
/// When the deadline passes first.
pub async fn within<F: Future>(limit: Duration, what: &str, future: F) -> F::Output {
    match tokio::time::timeout(limit, future).await {
        Ok(output) => output,
        Err(_) => fail(format!("waited {limit:?} in vain for {what}")),
    }
}

/// The seed of this run: `HOOPOE_SEED` where it is set, so that a failure can be replayed, else a
/// fresh one. Print it.
pub fn seed() -> u64 {
    match std::env::var("HOOPOE_SEED") {
        Ok(text) => match text.parse() {
            Ok(seed) => seed,
            Err(_) => fail(format!("HOOPOE_SEED={text} is not a number")),
        },
        Err(_) => RandomState::new().hash_one(std::process::id()),
    }
}

/// A TCP port of loopback that nobody listens on, from below the range that the kernel gives to
/// outgoing connections: a server that is killed must find its port free when it starts again, and
/// a client that dials a dead server must not connect to itself.
pub fn free_port() -> u16 {
    let random = RandomState::new();
    let candidate = |n: u64| 10_240 + (random.hash_one(n) % 20_000) as u16;
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    match (0..1_000).map(candidate).find(free) {
        Some(port) => port,
        None => fail("no free port found in a thousand tries"),
    }
}

/// FNV-1a over 64 bits: the fingerprint of a message body in a journal. Not for secrets.
pub fn fingerprint(parts: &[&str]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in parts {
        for byte in part.bytes().chain([0xff]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_keep_parts_apart() {
        assert_ne!(fingerprint(&["ab", "c"]), fingerprint(&["a", "bc"]));
        assert_eq!(fingerprint(&["text", "hi"]), fingerprint(&["text", "hi"]));
    }

    #[test]
    fn a_free_port_can_be_listened_on() {
        let port = free_port();
        assert!(TcpListener::bind(("127.0.0.1", port)).is_ok());
    }

    #[tokio::test]
    #[should_panic(expected = "in vain for nothing at all")]
    async fn a_deadline_ends_the_test() {
        let limit = Duration::from_millis(5);
        within(limit, "nothing at all", std::future::pending::<()>()).await;
    }
}
