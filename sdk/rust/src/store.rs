//! Where the outbox is kept.
//!
//! A send is reported as queued after [`Store::append`] has returned, so what a store promises is
//! what the app can promise its user.

mod file;

use std::io;

pub use self::file::FileStore;
use crate::core::{Image, Record};

/// Keeps the records of an outbox. Its methods block; the client calls them beside its own work, one
/// at a time.
pub trait Store: Send + 'static {
    /// What the records of earlier come to.
    ///
    /// # Errors
    /// When they cannot be read.
    fn load(&mut self) -> io::Result<Image>;

    /// Adds records, all or none of them, in this order. When it returns they survive whatever the
    /// store is meant to survive.
    ///
    /// # Errors
    /// When they could not be kept; then a later load does not show them.
    fn append(&mut self, records: &[Record]) -> io::Result<()>;
}

/// Keeps nothing beyond the process.
#[derive(Debug, Default)]
pub struct MemoryStore(());

impl Store for MemoryStore {
    fn load(&mut self) -> io::Result<Image> {
        Ok(Image::default())
    }

    fn append(&mut self, _: &[Record]) -> io::Result<()> {
        Ok(())
    }
}
