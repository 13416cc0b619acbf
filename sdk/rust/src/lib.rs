//! The client of Hoopoe for Rust: connect, send, be told, come back after a broken line, and have
//! every message exactly once and in order.
//!
//! ```no_run
//! # async fn run() -> Result<(), hoopoe_sdk::Error> {
//! use hoopoe_sdk::{Client, Event};
//!
//! let client = Client::builder().url("wss://chat.example").token("ut_…").connect().await?;
//! let mut events = client.events();
//! let bob = client.direct("bob").await?;
//! bob.send("hello").await?.sent().await?;
//! while let Some(event) = events.next().await {
//!     if let Event::Message(message) = event {
//!         println!("{}: {}", message.sender_name(), message.text());
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`core`] decides everything and does nothing: no sockets, no clock, no randomness. The rest is a
//! thin shell over tokio that carries out what the core says. [`store`] keeps the outbox.

pub mod core;
mod shell;
pub mod store;

pub use hoopoe_wire as wire;

pub use crate::{
    core::{
        Change, Delivery, Event, Message, Missed, Other, OutboxUpdate, Refetched, SendFailure,
        Status, Stop,
    },
    shell::{
        Builder, Client, Conversation, Draft, Error, Events, FixedToken, History, Queued, Sent,
        Session, SignIn, TokenError, TokenFuture, TokenProvider,
    },
    store::{FileStore, MemoryStore, Store},
};
