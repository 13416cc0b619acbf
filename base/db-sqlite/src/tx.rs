//! Statements on a connection: binding, visiting, and what an error means.

use hoopoe_db::{DbError, DbErrorKind, Dialect, ReadTx, Row, Value, WriteTx};
use rusqlite::{
    Connection, ErrorCode, ToSql,
    types::{ToSqlOutput, ValueRef},
};

/// A read or write transaction that is open on a connection.
pub(crate) struct SqliteTx<'c> {
    connection: &'c Connection,
    /// Why the physical transaction is gone, once it is: the next statement would commit alone.
    lost: Option<DbError>,
    /// The first statement of this part that failed. As on PostgreSQL it ends the part: what ran
    /// after it would stand on half of what was meant.
    doom: Option<DbError>,
    /// An fsync failed: what is in the page cache may never reach the disk.
    pub(crate) sync_failed: bool,
    is_write: bool,
}

impl<'c> SqliteTx<'c> {
    pub(crate) fn reading(connection: &'c Connection) -> Self {
        Self { connection, lost: None, doom: None, sync_failed: false, is_write: false }
    }

    pub(crate) fn writing(connection: &'c Connection) -> Self {
        Self { connection, lost: None, doom: None, sync_failed: false, is_write: true }
    }

    /// What made the database itself roll the physical transaction back. Whoever met it may have
    /// swallowed it or made something else of it.
    pub(crate) fn lost_to(&self) -> Option<&DbError> {
        self.lost.as_ref()
    }

    /// Begins a part: what became of the one before it is settled.
    pub(crate) fn begin_part(&mut self) {
        self.doom = None;
    }

    /// The statement error that this part cannot survive, if one failed. Whoever met it may have
    /// swallowed it.
    pub(crate) fn doom(&self) -> Option<&DbError> {
        self.doom.as_ref()
    }

    /// BEGIN, SAVEPOINT, COMMIT and their like.
    pub(crate) fn control(&mut self, sql: &str) -> Result<(), DbError> {
        self.check_there()?;
        let result = self.connection.prepare_cached(sql).and_then(|mut s| s.raw_execute());
        match result {
            Ok(_) => Ok(()),
            Err(error) => Err(self.note(error)),
        }
    }

    /// Whether a statement may run.
    fn guard(&self) -> Result<(), DbError> {
        self.check_there()?;
        self.doom.as_ref().map_or(Ok(()), |error| Err(error.clone()))
    }

    fn check_there(&self) -> Result<(), DbError> {
        if self.lost.is_some() {
            return Err(DbError::new(
                DbErrorKind::BatchLost,
                "the physical transaction was rolled back by an earlier statement",
            ));
        }
        Ok(())
    }

    /// Looks, after a failed statement, whether the whole transaction went with it: `SQLITE_FULL`
    /// and some I/O errors roll everything back, and the next savepoint would commit alone.
    fn note(&mut self, failure: rusqlite::Error) -> DbError {
        if is_sync_failure(&failure) {
            self.sync_failed = true;
        }
        let error = error(failure);
        if self.is_write && self.connection.is_autocommit() {
            self.lost = Some(error.clone());
        }
        error
    }

    /// A statement failed, and its part with it.
    fn fail(&mut self, failure: rusqlite::Error) -> DbError {
        let error = self.note(failure);
        self.doom = Some(error.clone());
        error
    }

    fn run(
        &mut self,
        sql: &'static str,
        args: &[Value<'_>],
        visit: &mut dyn FnMut(&dyn Row) -> Result<(), DbError>,
    ) -> Result<(), Failure> {
        let mut statement = self.connection.prepare_cached(sql)?;
        for (index, value) in args.iter().enumerate() {
            statement.raw_bind_parameter(index + 1, Bound(*value))?;
        }
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            visit(&Columns(row)).map_err(Failure::Visit)?;
        }
        Ok(())
    }
}

enum Failure {
    Driver(rusqlite::Error),
    Visit(DbError),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Driver(error)
    }
}

impl ReadTx for SqliteTx<'_> {
    fn query(
        &mut self,
        sql: &'static str,
        args: &[Value<'_>],
        visit: &mut dyn FnMut(&dyn Row) -> Result<(), DbError>,
    ) -> Result<(), DbError> {
        self.guard()?;
        self.run(sql, args, visit).map_err(|failure| match failure {
            Failure::Driver(error) => self.fail(error),
            Failure::Visit(error) => error,
        })
    }

    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }
}

impl WriteTx for SqliteTx<'_> {
    fn execute(&mut self, sql: &'static str, args: &[Value<'_>]) -> Result<u64, DbError> {
        self.guard()?;
        let result = self.connection.prepare_cached(sql).and_then(|mut statement| {
            for (index, value) in args.iter().enumerate() {
                statement.raw_bind_parameter(index + 1, Bound(*value))?;
            }
            statement.raw_execute()
        });
        match result {
            Ok(count) => Ok(count as u64),
            Err(error) => Err(self.fail(error)),
        }
    }

    fn as_read(&mut self) -> &mut dyn ReadTx {
        self
    }
}

struct Bound<'a>(Value<'a>);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Int(value) => ValueRef::Integer(value),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

struct Columns<'r, 's>(&'r rusqlite::Row<'s>);

impl Columns<'_, '_> {
    fn value(&self, column: usize) -> Result<ValueRef<'_>, DbError> {
        self.0.get_ref(column).map_err(error)
    }
}

impl Row for Columns<'_, '_> {
    fn int_opt(&self, column: usize) -> Result<Option<i64>, DbError> {
        match self.value(column)? {
            ValueRef::Null => Ok(None),
            ValueRef::Integer(value) => Ok(Some(value)),
            _ => Err(DbError::decode(column, "an integer")),
        }
    }

    fn text_opt(&self, column: usize) -> Result<Option<&str>, DbError> {
        match self.value(column)? {
            ValueRef::Null => Ok(None),
            ValueRef::Text(text) => std::str::from_utf8(text)
                .map(Some)
                .map_err(|_| DbError::decode(column, "a text in UTF-8")),
            _ => Err(DbError::decode(column, "a text")),
        }
    }

    fn bytes_opt(&self, column: usize) -> Result<Option<&[u8]>, DbError> {
        match self.value(column)? {
            ValueRef::Null => Ok(None),
            ValueRef::Blob(bytes) => Ok(Some(bytes)),
            _ => Err(DbError::decode(column, "bytes")),
        }
    }
}

/// Whether something may never have reached the disk that was written before.
pub(crate) fn is_sync_failure(failure: &rusqlite::Error) -> bool {
    use rusqlite::ffi::{SQLITE_IOERR_DIR_FSYNC, SQLITE_IOERR_FSYNC};
    matches!(
        failure,
        rusqlite::Error::SqliteFailure(code, _)
            if matches!(code.extended_code, SQLITE_IOERR_FSYNC | SQLITE_IOERR_DIR_FSYNC)
    )
}

/// The class of a driver's error.
#[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` wants")]
pub(crate) fn error(failure: rusqlite::Error) -> DbError {
    let kind = match &failure {
        rusqlite::Error::SqliteFailure(code, _) => match code.code {
            ErrorCode::ConstraintViolation => DbErrorKind::Constraint,
            ErrorCode::DiskFull => DbErrorKind::Full,
            ErrorCode::SystemIoFailure => DbErrorKind::Io,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => DbErrorKind::Corrupt,
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::OperationInterrupted
            | ErrorCode::CannotOpen => DbErrorKind::Unavailable,
            _ => DbErrorKind::Other,
        },
        _ => DbErrorKind::Other,
    };
    DbError::new(kind, failure.to_string())
}
