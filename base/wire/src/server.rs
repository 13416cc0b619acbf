//! What a server tells everybody of itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The reply of `server.info`: what a client shows before anybody has signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServerInfo {
    /// The version of the server.
    pub version: String,
    /// The name of the app that this server's own web client signs in to; null where there are
    /// several and none was chosen.
    pub app: Option<String>,
    /// Whether people make accounts by themselves.
    pub registration: bool,
    /// The shortest new password, in characters.
    pub password_chars_min: u32,
}
