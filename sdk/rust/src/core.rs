//! The part without I/O: what a client knows and what it does next.
//!
//! [`Engine`] is fed with what happened (`handle_*`) and asked what to do (`poll_*`), with the time
//! as a parameter. After each input the shell drains [`Engine::poll_output`], hands on what
//! [`Engine::poll_event`] gives when the app can take it, and comes back by
//! [`Engine::poll_timeout`] with [`Engine::handle_timeout`].
//!
//! Rules that everything here keeps:
//!
//! - Replies never move a cursor. Events do, and the pages that fill a gap.
//! - What comes twice is dropped, what comes early is held, what is missing is asked for.
//! - A send has one client id for its whole life, and in each conversation one send is under way at
//!   a time, so that none can overtake another.

mod backoff;
mod catch_up;
mod config;
mod engine;
mod event;
mod frame;
mod line;
mod live;
mod outbox;
mod pages;
mod record;
mod requests;
mod sending;
mod timeline;

pub use self::{
    config::{Config, Now},
    engine::Engine,
    event::{
        Change, Delivery, Event, Message, Missed, Other, OutboxUpdate, Refetched, SendFailure,
    },
    frame::Refusal,
    line::{Status, Stop, TokenFailure},
    record::{Image, Item, Record, SentItem},
    requests::RequestError,
};

/// What the shell does next. Outputs are carried out in their order.
#[derive(Debug)]
pub enum Output {
    /// Ask the app for a token and come back with [`Engine::handle_token`]. There is never more than
    /// one of these without an answer.
    NeedToken,
    /// Open a socket and come back with [`Engine::handle_dialed`] or [`Engine::handle_dial_failed`].
    Dial,
    /// Send a text frame on the socket.
    Frame(String),
    /// Close the socket, or give up opening it. Nothing of it is handed in any more.
    Hangup,
    /// The connection's state is another.
    Status(Status),
    /// Write this down. Losing it means that a send is offered once more, which does no harm.
    Keep(Record),
    /// A send is over, one way or the other. The app is told by an event as well.
    Settled(OutboxUpdate),
    /// The outcome of a request of the app: the tag that it came with, and the result as JSON.
    Reply(u64, Result<String, RequestError>),
}

/// Conversations, from [`Engine::conversations`]: which, and up to which `seq` events were given.
pub type Position = (hoopoe_wire::ConversationId, Option<i64>);
