//! The life of a socket: starting a session, fences, close codes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{SessionId, UserId, accounts::Device, conversations::StartPage};

/// The request of `session.start`, the first frame of a client.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StartSession {
    /// A user token.
    pub token: String,
    /// What the device says of itself.
    #[serde(
        default,
        deserialize_with = "crate::strict::object",
        skip_serializing_if = "Option::is_none"
    )]
    pub device: Option<Device>,
    /// The `cursor` of the last start or sync, to be told only what moved since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// The reply of `session.start`, the first frame of the server.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SessionStarted {
    /// Who the socket speaks for.
    pub user: UserId,
    /// The session, as `sessions.list` shows it.
    pub session: SessionId,
    /// Where the user's conversations stand.
    #[serde(flatten)]
    pub page: StartPage,
    /// What this server can do.
    pub capabilities: Vec<String>,
}

/// Why the server closes a socket (the application range of RFC 6455, section 7.4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseCode {
    /// A frame was not understood.
    BadFrame,
    /// No session was started in time, or the token is not valid (any more).
    Token,
    /// The session was revoked, or its user banned.
    Revoked,
    /// Two heartbeats went unanswered.
    Heartbeat,
    /// The socket fell too far behind: come again and resume.
    Resync,
    /// Too many commands or connections.
    Rate,
    /// The server is going down: come again after `retry_after_ms`.
    Drain,
}

impl CloseCode {
    /// As in the close frame.
    pub fn code(self) -> u16 {
        match self {
            Self::BadFrame => 4400,
            Self::Token => 4401,
            Self::Revoked => 4403,
            Self::Heartbeat => 4408,
            Self::Resync => 4409,
            Self::Rate => 4429,
            Self::Drain => 4503,
        }
    }

    /// The reason in the close frame: one word, or JSON where there is more to say.
    pub fn reason(self) -> &'static str {
        match self {
            Self::BadFrame => "bad_frame",
            Self::Token => "token",
            Self::Revoked => "revoked",
            Self::Heartbeat => "heartbeat",
            Self::Resync => "resync",
            Self::Rate => "rate",
            Self::Drain => "{\"retry_after_ms\":1000}",
        }
    }
}
