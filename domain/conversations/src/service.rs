//! The use cases, one to a file, and what several of them share.

mod add_members;
mod addressees;
mod audience;
mod create;
mod enter;
mod get;
mod join;
mod leave;
mod list;
mod list_members;
mod remove_member;
mod require;
mod share;
mod sync;
mod update;
mod update_member;
mod view;

pub use addressees::addressees;
pub use require::require;
