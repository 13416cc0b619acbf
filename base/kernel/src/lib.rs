//! What every domain stands on: the context of a call, failures, the command registry and the
//! ports that guard it. It knows no domain.

mod admit;
mod command;
mod context;
mod decode;
mod fail;
pub mod faults;
pub mod ports;
mod registry;
mod scopes;
mod source;
mod splice;

pub use admit::{RateTable, TokenBuckets, network};
pub use command::{
    Answer, Auth, Command, CommandBuilder, CommandInfo, Handler, Idempotency, Input, Method, Rate,
    Reply, Schemas,
};
pub use context::{Actor, AppNo, Ctx, Env, Uid, UserActor};
pub use decode::decode;
pub use fail::Fail;
pub use registry::{Call, Registry};
pub use scopes::Scopes;
pub use source::{Clock, Entropy, SystemClock, SystemEntropy, uuid_v7};

/// A boxed future: what handlers and ports return.
pub type BoxFuture<T> = futures_util::future::BoxFuture<'static, T>;
