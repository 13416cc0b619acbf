//! The words of Hoopoe's protocol: ids, times, requests, replies, events, error codes and limits.
//!
//! Serde and schemas only; no I/O, no clock. Server and SDK share it, and the generated documents
//! (OpenAPI, AsyncAPI, TypeScript) are printed from it.

pub mod accounts;
pub mod apps;
pub mod codes;
pub mod conversations;
pub mod events;
pub mod frame;
pub mod ids;
pub mod limits;
pub mod messages;
pub mod msgpack;
pub mod page;
pub mod presence;
pub mod problem;
pub mod server;
pub mod session;
pub mod settings;
pub mod signin;
pub mod strict;
pub mod time;

pub use ids::{AppId, ConversationId, DeviceId, KeyId, RequestId, SessionId, UserId};
pub use problem::{ErrorCode, FieldProblem, Problem};
pub use time::Time;

/// The app's own data on an entity: a JSON object of at most 4 KiB, kept as it came.
pub type Metadata = serde_json::Map<String, serde_json::Value>;
