//! The HTTP edge: a listener, a router that mounts the command registry, health, metrics and the
//! documents that are printed from the registry. It knows no domain.

mod address;
mod asyncapi;
mod body;
mod call;
mod commands;
mod connections;
mod credential;
mod edge;
mod errors;
mod limits;
mod openapi;
mod page;
mod params;
mod probes;
mod reply;
mod router;
mod schemas;
mod server;
#[cfg(test)]
mod tests;

pub use address::{Network, NotANetwork};
pub use asyncapi::asyncapi;
pub use axum::body::Body;
pub use commands::commands;
pub use edge::{Edge, EdgeOptions, EdgeParts, Probe, SocketUpgrade};
pub use errors::errors_page;
pub use limits::limits_page;
pub use openapi::openapi;
pub use server::{Server, bind};
