//! Places where tests kill or corrupt the server on purpose. Compiled to nothing unless the
//! `faults` feature is on, which no released build has.
//!
//! `HOOPOE_FAIL_POINT=name:nth` sends SIGKILL to the process at the nth hit of a point;
//! `HOOPOE_FAULTS=name@every,…` switches seeded bugs on, each at every nth opportunity. The journal
//! checker must catch every one of them. `HOOPOE_FAULT_SETTINGS=name=number,…` makes the server less
//! patient than a test is.

/// Every named point, in the order in which a server's life passes them. The system tests kill at
/// each.
pub const POINTS: &[&str] = &[
    "migrate",
    "start.opened",
    "accept",
    "session.seated",
    "append.before_commit",
    "append.after_commit",
    "append.after_ack",
    "fanout.before_push",
    "checkpoint",
    "drain",
    "close",
];

/// A named place in the order of durability: before a commit, after it, after the reply.
#[cfg(not(feature = "faults"))]
#[inline(always)]
pub fn point(_name: &'static str) {}

/// Whether the seeded bug of this name strikes now.
#[cfg(not(feature = "faults"))]
#[inline(always)]
pub fn strikes(_name: &'static str) -> bool {
    false
}

/// A number that a test sets instead of the built-in one.
#[cfg(not(feature = "faults"))]
#[inline(always)]
pub fn setting(_name: &'static str) -> Option<u64> {
    None
}

#[cfg(feature = "faults")]
pub use enabled::{point, setting, strikes};

#[cfg(feature = "faults")]
mod enabled {
    use std::{
        collections::HashMap,
        sync::{
            LazyLock,
            atomic::{AtomicU64, Ordering},
        },
    };

    struct Bug {
        every: u64,
        chances: AtomicU64,
    }

    struct Kill {
        name: String,
        left: AtomicU64,
    }

    static KILL: LazyLock<Option<Kill>> = LazyLock::new(|| {
        let text = std::env::var("HOOPOE_FAIL_POINT").ok()?;
        let (name, nth) = text.split_once(':').unwrap_or((&text, "1"));
        let left = AtomicU64::new(nth.parse().unwrap_or(1));
        Some(Kill { name: name.to_owned(), left })
    });

    static BUGS: LazyLock<HashMap<String, Bug>> = LazyLock::new(|| {
        let text = std::env::var("HOOPOE_FAULTS").unwrap_or_default();
        let bug = |item: &str| {
            let (name, every) = item.split_once('@').unwrap_or((item, "1"));
            let every = every.parse().unwrap_or(1).max(1);
            (name.to_owned(), Bug { every, chances: AtomicU64::new(0) })
        };
        text.split(',').filter(|item| !item.is_empty()).map(bug).collect()
    });

    /// See the module.
    pub fn point(name: &'static str) {
        debug_assert!(super::POINTS.contains(&name), "{name} is not among the points");
        let Some(kill) = &*KILL else { return };
        if kill.name == name && kill.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            let own = rustix::process::getpid();
            let killed = rustix::process::kill_process(own, rustix::process::Signal::KILL);
            killed.unwrap_or_else(|_| std::process::abort());
        }
    }

    /// See the module.
    pub fn setting(name: &'static str) -> Option<u64> {
        let text = std::env::var("HOOPOE_FAULT_SETTINGS").ok()?;
        let mut settings = text.split(',').filter_map(|item| item.split_once('='));
        settings.find(|(known, _)| *known == name)?.1.parse().ok()
    }

    /// See the module.
    pub fn strikes(name: &'static str) -> bool {
        let Some(bug) = BUGS.get(name) else { return false };
        (bug.chances.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(bug.every)
    }
}
