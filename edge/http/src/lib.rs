//! The HTTP edge: a listener, a router that mounts the command registry, health, metrics and the
//! documents that are printed from the registry. It knows no domain.

mod address;
mod asyncapi;
mod body;
mod call;
mod commands;
mod connections;
mod cors;
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
mod stream;
#[cfg(test)]
mod tests;
mod tls;
mod web;

pub use address::{Network, NotANetwork};
pub use asyncapi::asyncapi;
pub use axum::body::Body;
pub use commands::commands;
pub use cors::{NotAnOrigin, Origins};
pub use edge::{Edge, EdgeOptions, EdgeParts, Probe, SocketUpgrade};
pub use errors::errors_page;
pub use limits::limits_page;
pub use openapi::openapi;
pub use server::{Server, bind};
pub use stream::{Stream, lower};
pub use tls::{BadTls, Tls, TlsFiles};
pub use web::{WebClient, WebFile};
