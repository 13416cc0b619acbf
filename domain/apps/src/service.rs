//! The use cases, one to a file.

mod authenticate_key;
mod create_app;
mod create_key;
mod find_app;
mod list_keys;
mod remember;
mod revoke_key;
mod rotate_key;
mod update_app;
