//! What the registry asks of others, plugged in where the server is composed.

use std::sync::Arc;

use hoopoe_wire::RequestId;

use crate::{Actor, AppNo, BoxFuture, CommandInfo, Ctx, Fail, Rate, Reply};

/// What came with a request to say who calls.
#[derive(Clone, Default)]
pub struct Credential {
    /// The bearer token or key.
    pub bearer: Option<String>,
    /// `Hoopoe-As`: the user that a server key acts for.
    pub act_as: Option<String>,
}

/// Who a credential turned out to be.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The tenant.
    pub app: AppNo,
    /// The caller.
    pub actor: Actor,
}

/// Turns a credential into an identity; 401 for one that is unknown, expired or revoked.
pub trait Authenticate: Send + Sync {
    /// An absent bearer is [`Actor::Anonymous`], not an error.
    fn authenticate(&self, credential: Credential) -> BoxFuture<Result<Identity, Fail>>;
}

/// What is left of a budget, for the `RateLimit` headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Commands that may still be sent at once.
    pub remaining: u32,
    /// Commands in a full bucket.
    pub limit: u32,
    /// Seconds in which an empty bucket becomes full.
    pub window_s: u32,
    /// Seconds until the bucket is full again.
    pub reset_s: u32,
}

/// Decides whether a call comes too fast.
pub trait Admit: Send + Sync {
    /// Takes one from the caller's bucket of this class, or fails with 429 and the wait.
    fn admit(&self, ctx: &Ctx, rate: Rate) -> Result<Option<Quota>, Fail>;
}

/// What is known of an `Idempotency-Key`.
pub enum Remembered {
    /// Never seen: go on, and report the reply.
    Fresh,
    /// Seen with this body: here is what was answered.
    Answered(Reply),
}

/// Keeps replies to POSTs under their `Idempotency-Key` for 24 hours.
pub trait Remember: Send + Sync {
    /// Looks a key up and, when fresh, reserves it. Another body: 422. Still running: 409.
    fn begin(
        &self,
        ctx: &Ctx,
        key: &str,
        request_hash: [u8; 32],
    ) -> BoxFuture<Result<Remembered, Fail>>;
    /// Keeps the reply, or frees the key when there is none to keep.
    fn finish(&self, ctx: &Ctx, key: &str, reply: Option<&Reply>) -> BoxFuture<Result<(), Fail>>;
}

/// Is told of every call that acts with more than a user's own rights.
pub trait Audit: Send + Sync {
    /// After the call; `outcome` is the status it was answered with.
    fn record(&self, ctx: &Ctx, command: &CommandInfo, request_id: RequestId, outcome: u16);
}

/// The ports of a registry.
#[derive(Clone)]
pub struct Ports {
    /// Who calls?
    pub authenticate: Arc<dyn Authenticate>,
    /// Too fast?
    pub admit: Arc<dyn Admit>,
    /// Seen before?
    pub remember: Arc<dyn Remember>,
    /// Who must know?
    pub audit: Arc<dyn Audit>,
}
