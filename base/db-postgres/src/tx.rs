//! A transaction as the closures see it.

use hoopoe_db::{DbError, Dialect, ReadTx, Row, Value, WriteTx};

use crate::session::{Session, Trouble};

/// One snapshot for all statements of a read.
const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// An open transaction on a session.
pub(crate) struct Tx<'s> {
    session: &'s mut Session,
    /// Sent together with the first statement.
    begin: Option<&'static str>,
    /// The first statement that failed. The server refuses everything after it and would answer
    /// COMMIT with a silent rollback, so a closure that swallowed this error must not commit.
    doom: Option<DbError>,
}

impl<'s> Tx<'s> {
    /// A read; it begins with its first statement.
    pub(crate) fn reading(session: &'s mut Session) -> Self {
        Self { session, begin: Some(BEGIN_READ), doom: None }
    }

    /// A write that has begun.
    pub(crate) fn writing(session: &'s mut Session) -> Self {
        Self { session, begin: None, doom: None }
    }

    /// Whether there is something to end.
    pub(crate) fn has_begun(&self) -> bool {
        self.begin.is_none()
    }

    /// The statement error that the transaction cannot survive, if one failed.
    pub(crate) fn into_doom(self) -> Option<DbError> {
        self.doom
    }

    fn guard(&self) -> Result<(), DbError> {
        self.doom.as_ref().map_or(Ok(()), |error| Err(error.clone()))
    }

    fn note<T>(&mut self, result: Result<T, Trouble>) -> Result<T, DbError> {
        result.map_err(|trouble| match trouble {
            Trouble::Visit(error) => error,
            Trouble::Statement(error) => {
                self.doom = Some(error.clone());
                error
            }
        })
    }
}

impl ReadTx for Tx<'_> {
    fn query(
        &mut self,
        sql: &'static str,
        args: &[Value<'_>],
        visit: &mut dyn FnMut(&dyn Row) -> Result<(), DbError>,
    ) -> Result<(), DbError> {
        self.guard()?;
        let begin = self.begin.take();
        let had_connection = !self.session.is_lost();
        let mut is_untouched = true;
        let mut result = self.session.query(begin, sql, args, &mut |row| {
            is_untouched = false;
            visit(row)
        });
        // The connection died while nobody used it, as all do when the server starts anew. A read
        // that has seen nothing yet may begin again on another one.
        if begin.is_some() && had_connection && is_untouched && self.session.is_lost() {
            result = self.session.query(begin, sql, args, visit);
        }
        self.note(result)
    }

    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }
}

impl WriteTx for Tx<'_> {
    fn execute(&mut self, sql: &'static str, args: &[Value<'_>]) -> Result<u64, DbError> {
        self.guard()?;
        let result = self.session.execute(sql, args);
        self.note(result)
    }

    fn as_read(&mut self) -> &mut dyn ReadTx {
        self
    }
}
