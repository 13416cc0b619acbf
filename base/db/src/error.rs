//! What can go wrong below the domains, and how it reaches a client.

use std::fmt;

use hoopoe_kernel::Fail;

/// The classes of database failure that callers treat differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DbErrorKind {
    /// A unique, foreign key or check constraint refused the row.
    Constraint,
    /// No space on the disk (`SQLITE_FULL`, `53100`).
    Full,
    /// The disk answered with an error; after a failed fsync nothing is acknowledged any more.
    Io,
    /// `40001` or `40P01`: the same transaction may succeed when run again.
    Retry,
    /// The physical transaction around a savepoint is gone, and with it everybody's work in it.
    BatchLost,
    /// The connection, the pool or the writer is not there (restart, shutdown, overload).
    Unavailable,
    /// The disk or the connection failed while the transaction was committed: it is stored, or it
    /// is not, and nobody can know before the database is there again.
    Unknown,
    /// The file or a row in it is damaged.
    Corrupt,
    /// A value was not of the type that the code expects.
    Decode,
    /// A panic inside a transaction; its own savepoint was rolled back.
    Panic,
    /// Anything else: a statement that does not prepare, a wrong argument.
    Other,
}

/// A failure of the database, with the driver's words for the log.
#[derive(Debug, Clone)]
pub struct DbError {
    kind: DbErrorKind,
    message: String,
}

impl DbError {
    /// An error of a class, with words for the log (never shown to a client).
    pub fn new(kind: DbErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// The class.
    pub fn kind(&self) -> DbErrorKind {
        self.kind
    }

    /// Whether running the whole transaction again may succeed.
    pub fn is_retryable(&self) -> bool {
        self.kind == DbErrorKind::Retry
    }

    pub(crate) fn unexpected_null(column: usize) -> Self {
        Self::new(DbErrorKind::Decode, format!("column {column} is NULL"))
    }

    /// A column that is not what the code expects.
    pub fn decode(column: usize, wanted: &str) -> Self {
        Self::new(DbErrorKind::Decode, format!("column {column} is not {wanted}"))
    }
}

impl fmt::Display for DbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.kind, self.message)
    }
}

impl std::error::Error for DbError {}

impl From<DbError> for Fail {
    fn from(error: DbError) -> Self {
        let fail = match error.kind {
            DbErrorKind::Full => Fail::storage_full(),
            DbErrorKind::Unknown => Fail::outcome_unknown(),
            DbErrorKind::Io
            | DbErrorKind::Retry
            | DbErrorKind::BatchLost
            | DbErrorKind::Unavailable => Fail::unavailable(),
            DbErrorKind::Constraint
            | DbErrorKind::Corrupt
            | DbErrorKind::Decode
            | DbErrorKind::Panic
            | DbErrorKind::Other => Fail::internal(),
        };
        fail.caused_by(error)
    }
}
