//! How people sign in: what an operator may set, with the floors below which it is refused.

use std::{num::NonZeroUsize, thread::available_parallelism};

use hoopoe_wire::limits;

/// Who may make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registration {
    /// Apps' backends only.
    Closed,
    /// Everybody, by `auth.register`.
    Open,
}

/// What a password costs to check (Argon2id, version 19).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashCost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// Memory in KiB and the passes that it needs at least: the equivalent settings of the OWASP
/// Password Storage Cheat Sheet. Less is refused.
const FLOOR: [(u32, u32); 5] = [(47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5)];
/// A gibibyte: more is a slip of the keyboard that would end the process.
const MEMORY_KIB_MAX: u32 = 1024 * 1024;
const PASSES_MAX: u32 = 64;
const LANES_MAX: u32 = 16;

impl HashCost {
    /// The least that is accepted, and so what tests use.
    pub const LEAST: Self = Self { memory_kib: 7_168, passes: 5, lanes: 1 };

    /// Says in words what is wrong with values below the floor or beyond reason.
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, String> {
        let is_enough = FLOOR.iter().any(|(kib, least)| memory_kib >= *kib && passes >= *least);
        if !is_enough {
            return Err(format!(
                "{memory_kib} KiB and {passes} passes are too cheap to guess at: at least 19456 \
                 and 2, or 47104 and 1, or 7168 and 5"
            ));
        }
        let is_sane = memory_kib <= MEMORY_KIB_MAX && passes <= PASSES_MAX;
        if !is_sane || !(1..=LANES_MAX).contains(&lanes) {
            return Err(format!(
                "at most {MEMORY_KIB_MAX} KiB, {PASSES_MAX} passes, and 1 to {LANES_MAX} lanes"
            ));
        }
        Ok(Self { memory_kib, passes, lanes })
    }

    /// KiB of memory for each check.
    pub fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// Passes over that memory.
    pub fn passes(self) -> u32 {
        self.passes
    }

    /// Parts of it that could be worked on at once.
    pub fn lanes(self) -> u32 {
        self.lanes
    }
}

impl Default for HashCost {
    /// 64 MiB and three passes: the second recommendation of RFC 9106, with one lane, because more
    /// of them buy nothing where each check runs on one thread.
    fn default() -> Self {
        Self { memory_kib: 65_536, passes: 3, lanes: 1 }
    }
}

/// All about signing in with a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInSettings {
    /// Who may make an account.
    pub registration: Registration,
    /// How long a token lives before it must be refreshed, in seconds.
    pub token_ttl_s: u64,
    /// How long a session lives without being refreshed, in days.
    pub session_idle_days: u64,
    /// How long it lives at all, in days.
    pub session_days_max: u64,
    /// The shortest new password, in characters; never below 8.
    pub password_chars_min: usize,
    /// What a check costs.
    pub cost: HashCost,
    /// Passwords that are checked at once.
    pub hash_slots: NonZeroUsize,
    /// How many more may wait for a slot.
    pub hash_queue: usize,
}

impl Default for SignInSettings {
    fn default() -> Self {
        let hash_slots = Self::slots_of_this_machine();
        Self {
            registration: Registration::Closed,
            token_ttl_s: limits::SIGN_IN_TOKEN_TTL_S,
            session_idle_days: limits::SESSION_IDLE_DAYS,
            session_days_max: limits::SESSION_DAYS_MAX,
            password_chars_min: limits::PASSWORD_CHARS_MIN,
            cost: HashCost::default(),
            hash_slots,
            hash_queue: Self::queue_of(hash_slots),
        }
    }
}

impl SignInSettings {
    /// Half of the cores, so that the other half is always there for messages.
    pub fn slots_of_this_machine() -> NonZeroUsize {
        let cores = available_parallelism().map_or(1, NonZeroUsize::get);
        NonZeroUsize::new(cores / 2).unwrap_or(NonZeroUsize::MIN)
    }

    /// Some seconds of work for each slot: who would wait longer is told so at once.
    pub fn queue_of(slots: NonZeroUsize) -> usize {
        slots.get().saturating_mul(32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_cheap_is_refused() {
        for (memory_kib, passes) in FLOOR {
            assert!(HashCost::new(memory_kib, passes, 1).is_ok());
            assert!(HashCost::new(memory_kib - 1, passes, 1).is_err(), "{memory_kib}");
            if passes > 1 {
                assert!(HashCost::new(memory_kib, passes - 1, 1).is_err(), "{memory_kib}");
            }
        }
        let of = |cost: HashCost| HashCost::new(cost.memory_kib, cost.passes, cost.lanes);
        assert_eq!(of(HashCost::default()), Ok(HashCost::default()));
        assert_eq!(of(HashCost::LEAST), Ok(HashCost::LEAST));
        assert!(HashCost::new(65_536, 3, 0).is_err());
        assert!(HashCost::new(u32::MAX, 3, 1).is_err());
    }
}
