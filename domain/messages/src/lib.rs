//! Messages: sending, history, changes, delivered and read marks. It does not know sockets, HTTP or
//! SQL drivers, and has no tables of its own yet: the log keeps the timeline.

mod api;
mod events;
mod model;
mod service;
mod store;

pub use api::commands;
pub use events::frame;
pub use service::Messages;

/// For the test that prepares them on both databases.
pub const STATEMENTS: &[&str] = store::STATEMENTS;
