//! Who is where, who watches whom, who writes: the rules, without I/O. Time comes in.

pub(crate) mod roster;
pub(crate) mod typists;
pub(crate) mod watches;

use std::time::Duration;

use hoopoe_kernel::{Env, Fail};
use hoopoe_wire::{Time, UserId, limits};

/// One moment on both clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    /// Monotonic: what durations are measured by.
    pub(crate) age: Duration,
    /// Wall time: what people read.
    pub(crate) at: Time,
}

impl Moment {
    pub(crate) fn now(env: &Env) -> Self {
        Self { age: env.clock.monotonic(), at: env.clock.now() }
    }
}

/// 422 unless it is 1 to 100 users. What can be no user's id is said to be that: it could not be
/// named in the answer.
pub(crate) fn check_users(users: &[UserId]) -> Result<(), Fail> {
    let most = limits::PRESENCE_USERS_PER_CALL_MAX;
    if (1..=most).contains(&users.len()) {
        return match users.iter().position(UserId::is_none) {
            None => Ok(()),
            Some(at) => {
                let words = "a user id is 1 to 64 of A-Z a-z 0-9 . _ @ + : -";
                Err(Fail::field(&format!("/users/{at}"), "invalid", words))
            }
        };
    }
    let code = if users.is_empty() { "too_few" } else { "too_many" };
    Err(Fail::field("/users", code, format!("1 to {most} users")))
}
