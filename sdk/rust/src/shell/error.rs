//! Why something that the app asked for did not happen.

use std::io;

use crate::core::{Refusal, RequestError, SendFailure, Stop};

/// Why something that the app asked for did not happen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server said no.
    #[error("{0}")]
    Refused(#[source] Refusal),
    /// The line broke before the answer; whether it was done is not known.
    #[error("the line broke before the answer; it may have been done")]
    Lost,
    /// There was no line, or no answer, for too long.
    #[error("there was no answer in time")]
    TimedOut,
    /// There was no way to the server.
    #[error("{0}")]
    Unreachable(String),
    /// The client has stopped.
    #[error("{0}")]
    Stopped(Stop),
    /// A thousand sends wait already.
    #[error("too many messages wait to be sent")]
    OutboxFull,
    /// The send could not be sent for 30 days.
    #[error("the message could not be sent for 30 days")]
    Expired,
    /// The store could not keep what was to be sent.
    #[error("the outbox could not be written: {0}")]
    Store(#[source] io::Error),
    /// The server's answer is not what was expected.
    #[error("the answer could not be read: {0}")]
    Decode(#[source] serde_json::Error),
    /// The client is not set up as it must be.
    #[error("{0}")]
    Setup(String),
}

impl From<RequestError> for Error {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::Refused(refusal) => Self::Refused(refusal),
            RequestError::Lost => Self::Lost,
            RequestError::TimedOut => Self::TimedOut,
            RequestError::Stopped => Self::Stopped(Stop::Closed),
        }
    }
}

impl From<SendFailure> for Error {
    fn from(failure: SendFailure) -> Self {
        match failure {
            SendFailure::Refused(refusal) => Self::Refused(refusal),
            SendFailure::Expired => Self::Expired,
        }
    }
}

impl Error {
    /// The stable code of the server's refusal, empty for everything else.
    pub fn code(&self) -> &str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            _ => "",
        }
    }
}
