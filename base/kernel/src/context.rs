//! Who calls, for which app, and with which clock: the first argument of every use case.

use std::{net::IpAddr, sync::Arc};

use hoopoe_wire::{KeyId, RequestId, SessionId, Time, UserId};

use crate::{Clock, Entropy, Fail, Scopes, SystemClock, SystemEntropy, uuid_v7};
use hoopoe_wire::codes;

/// An app (tenant) inside the server: small, never reused, on every row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AppNo(pub i64);

impl AppNo {
    /// No app: administration keys and anonymous callers.
    pub const NONE: Self = Self(0);
}

/// A user inside the server: unique over all apps, never reused, never shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uid(pub i64);

impl Uid {
    /// Nobody: the author of what the server itself writes.
    pub const NONE: Self = Self(0);
}

/// A signed-in person, or a server key that acts for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserActor {
    /// Inside.
    pub uid: Uid,
    /// Outside.
    pub id: UserId,
    /// The session; `None` when a server key acts for the user.
    pub session: Option<SessionId>,
    /// What that server key may do; everything in the user's own session.
    pub scopes: Scopes,
}

impl UserActor {
    /// A user in a session of their own.
    pub fn signed_in(uid: Uid, id: UserId, session: SessionId) -> Self {
        Self { uid, id, session: Some(session), scopes: Scopes::ALL }
    }
}

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// Nobody known.
    Anonymous,
    /// A user.
    User(UserActor),
    /// The app's backend.
    Server {
        /// Which key.
        key: KeyId,
        /// What it may do.
        scopes: Scopes,
    },
    /// The operator of the server.
    Admin {
        /// Which key.
        key: KeyId,
    },
    /// The server itself: jobs and the command line.
    System,
}

impl Actor {
    /// 403 when the key behind the call lacks the scope for a command of this name.
    pub fn check_scope(&self, command: &str) -> Result<(), Fail> {
        let scopes = match self {
            Self::Server { scopes, .. } => scopes,
            Self::User(user) => &user.scopes,
            Self::Anonymous | Self::Admin { .. } | Self::System => return Ok(()),
        };
        if scopes.allows(command) {
            return Ok(());
        }
        Err(Fail::new(&codes::FORBIDDEN).with_detail("the key has no scope for this command"))
    }
}

/// Clock and randomness of a process.
pub struct Env {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub entropy: Arc<dyn Entropy>,
}

impl Env {
    /// The machine's own.
    pub fn system() -> Arc<Self> {
        Arc::new(Self { clock: Arc::new(SystemClock::new()), entropy: Arc::new(SystemEntropy) })
    }

    /// A fresh time-ordered id.
    pub fn fresh_id(&self) -> [u8; 16] {
        uuid_v7(self.clock.now(), &*self.entropy)
    }
}

/// The context of one call. Cheap to clone.
#[derive(Clone)]
pub struct Ctx {
    /// The tenant; rows of another are not found.
    pub app: AppNo,
    /// Who calls.
    pub actor: Actor,
    /// The request, for problems and the log.
    pub request_id: RequestId,
    /// Where the call came from, when it came over a network.
    pub address: Option<IpAddr>,
    /// The socket that the call came over, when it came over one: a number of this node.
    pub connection: Option<u64>,
    env: Arc<Env>,
}

impl Ctx {
    /// A context for an actor of an app.
    pub fn new(env: &Arc<Env>, app: AppNo, actor: Actor) -> Self {
        Self {
            app,
            actor,
            request_id: RequestId(env.fresh_id()),
            address: None,
            connection: None,
            env: env.clone(),
        }
    }

    /// The server's own.
    pub fn system(env: &Arc<Env>, app: AppNo) -> Self {
        Self::new(env, app, Actor::System)
    }

    /// Wall time.
    pub fn now(&self) -> Time {
        self.env.clock.now()
    }

    /// Clock and randomness.
    pub fn env(&self) -> &Arc<Env> {
        &self.env
    }

    /// A fresh time-ordered id.
    pub fn fresh_id(&self) -> [u8; 16] {
        self.env.fresh_id()
    }

    /// The user who calls, or 403 for anyone else.
    pub fn user(&self) -> Result<&UserActor, Fail> {
        match &self.actor {
            Actor::User(user) => Ok(user),
            _ => Err(Fail::new(&codes::FORBIDDEN)),
        }
    }
}
