//! The socket as a client sees it: a real listener, a real database, and another implementation of
//! RFC 6455 at the other end.

mod client;
mod commands;
mod ending;
mod events;
mod house;
mod lines;
mod session;
mod upgrade;
