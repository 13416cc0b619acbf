//! The use cases, one to a file, and what they share: secrets, and a cache that does not lie.

mod app_settings;
mod authenticate_key;
mod cache;
mod create_app;
mod create_key;
mod find_app;
mod list_keys;
mod remember;
mod revoke_key;
mod rotate_key;
pub mod secret;
mod update_app;

pub use cache::{FreshCache, Stamp};
