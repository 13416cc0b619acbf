//! The thin shell over tokio: one task that feeds the engine and carries out what it says.

mod actor;
mod builder;
mod client;
mod clock;
mod conversation;
mod dial;
mod error;
mod events;
mod signin;
mod socket;
#[cfg(feature = "tls")]
mod tls;
mod token;

pub use self::{
    builder::Builder,
    client::Client,
    conversation::{Conversation, Draft, History, Queued, Sent},
    error::Error,
    events::Events,
    signin::{Session, SignIn},
    token::{FixedToken, TokenError, TokenFuture, TokenProvider},
};
