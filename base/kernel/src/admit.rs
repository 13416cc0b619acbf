//! Rate limits: one token bucket per caller and class, the same for REST and the socket.

use std::{
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    time::Duration,
};

use governor::{
    Quota as GovernorQuota, RateLimiter,
    clock::{Clock as _, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DefaultKeyedStateStore,
};
use hoopoe_wire::{codes, limits};

use crate::{
    Actor, Ctx, Fail, Rate, Uid,
    ports::{Admit, Quota},
};

/// Rates as they are configured.
#[derive(Debug, Clone, Copy)]
pub struct RateTable {
    /// `limits.enabled`: off lifts every rate and connection cap.
    pub enabled: bool,
    /// Sends per second and user.
    pub sends_per_s: u32,
    /// Sends that may come at once.
    pub sends_burst: u32,
    /// Commands per second and server key.
    pub server_key_per_s: u32,
    /// Other commands per second and user.
    pub reads_per_s: u32,
    /// Passwords per second and address, or user.
    pub sign_ins_per_s: u32,
    /// Passwords that may come at once.
    pub sign_ins_burst: u32,
}

impl Default for RateTable {
    fn default() -> Self {
        Self {
            enabled: true,
            sends_per_s: limits::SENDS_PER_S,
            sends_burst: limits::SENDS_BURST,
            server_key_per_s: limits::SERVER_KEY_PER_S,
            reads_per_s: limits::READS_PER_S,
            sign_ins_per_s: limits::SIGN_INS_PER_S,
            sign_ins_burst: limits::SIGN_INS_BURST,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Caller {
    User(Uid),
    Key([u8; 16]),
    Address(IpAddr),
}

/// It also tells what is left of a bucket.
type Limiter =
    RateLimiter<Caller, DefaultKeyedStateStore<Caller>, DefaultClock, StateInformationMiddleware>;

struct Bucket {
    limiter: Limiter,
    limit: u32,
    per_s: u32,
}

impl Bucket {
    fn new(per_s: u32, burst: u32) -> Self {
        let per_s = NonZeroU32::new(per_s).unwrap_or(NonZeroU32::MIN);
        let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
        let quota = GovernorQuota::per_second(per_s).allow_burst(burst);
        let limiter = RateLimiter::keyed(quota).with_middleware();
        Self { limiter, limit: burst.get(), per_s: per_s.get() }
    }

    /// What is left after this one, or how long to wait.
    fn take(&self, caller: &Caller) -> Result<Quota, Duration> {
        match self.limiter.check_key(caller) {
            Ok(state) => {
                let remaining = state.remaining_burst_capacity();
                Ok(Quota {
                    remaining,
                    limit: self.limit,
                    window_s: self.limit.div_ceil(self.per_s),
                    reset_s: self.limit.saturating_sub(remaining).div_ceil(self.per_s),
                })
            }
            Err(not_until) => Err(not_until.wait_time_from(DefaultClock::default().now())),
        }
    }
}

/// The default limiter, in this process's memory.
pub struct TokenBuckets {
    enabled: bool,
    send: Bucket,
    other: Bucket,
    light: Bucket,
    server: Bucket,
    anonymous: Bucket,
    sign_in: Bucket,
}

impl TokenBuckets {
    /// Empty books.
    pub fn new(table: RateTable) -> Self {
        let other_burst = table.reads_per_s.saturating_mul(5);
        let light = table.reads_per_s.saturating_mul(5);
        Self {
            enabled: table.enabled,
            send: Bucket::new(table.sends_per_s, table.sends_burst),
            other: Bucket::new(table.reads_per_s, other_burst),
            light: Bucket::new(light, light.saturating_mul(5)),
            server: Bucket::new(table.server_key_per_s, table.server_key_per_s.saturating_mul(5)),
            anonymous: Bucket::new(50, 500),
            sign_in: Bucket::new(table.sign_ins_per_s, table.sign_ins_burst),
        }
    }

    /// Forgets callers whose buckets are full again. Call it every minute or so: the books grow
    /// by one row per caller otherwise.
    pub fn sweep(&self) {
        let users = [&self.send, &self.other, &self.light];
        let others = [&self.server, &self.anonymous, &self.sign_in];
        for bucket in users.into_iter().chain(others) {
            bucket.limiter.retain_recent();
            bucket.limiter.shrink_to_fit();
        }
    }

    fn choose(&self, ctx: &Ctx, rate: Rate) -> Option<(&Bucket, Caller)> {
        match &ctx.actor {
            Actor::System | Actor::Admin { .. } => None,
            Actor::Server { key, .. } => Some((&self.server, Caller::Key(key.0))),
            Actor::User(user) => {
                let bucket = match rate {
                    Rate::Send => &self.send,
                    Rate::Write | Rate::Read => &self.other,
                    Rate::Light => &self.light,
                    Rate::SignIn => &self.sign_in,
                };
                Some((bucket, Caller::User(user.uid)))
            }
            Actor::Anonymous => {
                let address = ctx.address?;
                let bucket = match rate {
                    Rate::SignIn => &self.sign_in,
                    _ => &self.anonymous,
                };
                (!address.is_loopback()).then(|| (bucket, Caller::Address(network(address))))
            }
        }
    }
}

/// One household: an IPv4 address, or the /64 of an IPv6 one. What is counted per address is
/// counted per household.
pub fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => {
            let bits = u128::from(v6) & (u128::MAX << 64);
            IpAddr::V6(Ipv6Addr::from(bits))
        }
    }
}

impl Admit for TokenBuckets {
    fn admit(&self, ctx: &Ctx, rate: Rate) -> Result<Option<Quota>, Fail> {
        if !self.enabled {
            return Ok(None);
        }
        let Some((bucket, caller)) = self.choose(ctx, rate) else { return Ok(None) };
        match bucket.take(&caller) {
            Ok(quota) => Ok(Some(quota)),
            Err(wait) => {
                let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1);
                Err(Fail::new(&codes::RATE_LIMITED).retry_after_ms(wait_ms))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use hoopoe_wire::{SessionId, UserId};

    use super::*;
    use crate::{AppNo, Env, UserActor};

    fn ctx(uid: i64) -> Ctx {
        let id = UserId::parse("ann").expect("a legal id");
        let actor = Actor::User(UserActor::signed_in(Uid(uid), id, SessionId::NONE));
        Ctx::new(&Env::system(), AppNo(1), actor)
    }

    #[test]
    fn a_burst_passes_and_then_one_waits() {
        let table = RateTable { sends_per_s: 1, sends_burst: 3, ..RateTable::default() };
        let buckets = TokenBuckets::new(table);
        for remaining in [2, 1, 0] {
            let quota = buckets.admit(&ctx(1), Rate::Send).expect("room").expect("is counted");
            assert_eq!((quota.remaining, quota.limit, quota.window_s), (remaining, 3, 3));
            assert_eq!(quota.reset_s, 3 - remaining);
        }
        let fail = buckets.admit(&ctx(1), Rate::Send).expect_err("the bucket is empty");
        assert_eq!(fail.code().status, 429);
        assert!(fail.wait_ms().is_some_and(|ms| ms <= 1_000));
        assert!(buckets.admit(&ctx(2), Rate::Send).is_ok(), "another user has another bucket");
        assert!(buckets.admit(&ctx(1), Rate::Read).is_ok(), "reading has another bucket");
    }

    #[test]
    fn passwords_are_few_from_one_address() {
        let buckets = TokenBuckets::new(RateTable { sign_ins_burst: 2, ..RateTable::default() });
        let mut stranger = Ctx::new(&Env::system(), AppNo::NONE, Actor::Anonymous);
        stranger.address = Some("192.0.2.1".parse().expect("an address"));
        for _ in 0..2 {
            assert!(buckets.admit(&stranger, Rate::SignIn).is_ok());
        }
        assert!(buckets.admit(&stranger, Rate::SignIn).is_err());
        assert!(buckets.admit(&stranger, Rate::Write).is_ok(), "refreshing has another bucket");
        stranger.address = Some("192.0.2.2".parse().expect("an address"));
        assert!(buckets.admit(&stranger, Rate::SignIn).is_ok());
        stranger.address = Some("127.0.0.1".parse().expect("an address"));
        for _ in 0..9 {
            assert!(buckets.admit(&stranger, Rate::SignIn).is_ok(), "this machine is not counted");
        }
    }

    #[test]
    fn a_household_shares_one_bucket() {
        let one: IpAddr = "2001:db8::1".parse().expect("an address");
        let two: IpAddr = "2001:db8::2:1".parse().expect("an address");
        assert_eq!(network(one), network(two));
    }
}
