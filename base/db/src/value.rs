//! Values that go into statements and rows that come out.

use crate::DbError;

/// One argument of a statement. It borrows: nothing is copied on the way to the driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// SQL `NULL`.
    Null,
    /// A `BIGINT`; times are microseconds since 1970, booleans 0 and 1.
    Int(i64),
    /// A `TEXT`; enums and JSON too.
    Text(&'a str),
    /// A `BLOB` or `BYTEA`; ids of 16 bytes and message bodies.
    Bytes(&'a [u8]),
}

impl<'a> From<i64> for Value<'a> {
    fn from(value: i64) -> Self {
        Value::Int(value)
    }
}

impl<'a> From<bool> for Value<'a> {
    fn from(value: bool) -> Self {
        Value::Int(i64::from(value))
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Value::Text(value)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(value: &'a String) -> Self {
        Value::Text(value)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(value: &'a [u8]) -> Self {
        Value::Bytes(value)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(value: &'a [u8; N]) -> Self {
        Value::Bytes(value)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

/// One result row, visited in place: what it lends lives until the visitor returns.
///
/// Columns are counted from 0. A column of another type, or a `NULL` where none may be, is
/// [`crate::DbErrorKind::Decode`]: a bug or a damaged file, never a client's fault.
pub trait Row {
    /// A `BIGINT`, or `None` for `NULL`.
    fn int_opt(&self, column: usize) -> Result<Option<i64>, DbError>;
    /// A `TEXT`, or `None` for `NULL`.
    fn text_opt(&self, column: usize) -> Result<Option<&str>, DbError>;
    /// Bytes, or `None` for `NULL`.
    fn bytes_opt(&self, column: usize) -> Result<Option<&[u8]>, DbError>;

    /// A `BIGINT` that is never `NULL`.
    fn int(&self, column: usize) -> Result<i64, DbError> {
        self.int_opt(column)?.ok_or_else(|| DbError::unexpected_null(column))
    }

    /// A `TEXT` that is never `NULL`.
    fn text(&self, column: usize) -> Result<&str, DbError> {
        self.text_opt(column)?.ok_or_else(|| DbError::unexpected_null(column))
    }

    /// Bytes that are never `NULL`.
    fn bytes(&self, column: usize) -> Result<&[u8], DbError> {
        self.bytes_opt(column)?.ok_or_else(|| DbError::unexpected_null(column))
    }

    /// A 0 or 1.
    fn flag(&self, column: usize) -> Result<bool, DbError> {
        Ok(self.int(column)? != 0)
    }

    /// Exactly 16 bytes: an id.
    fn id16(&self, column: usize) -> Result<[u8; 16], DbError> {
        let bytes = self.bytes(column)?;
        bytes.try_into().map_err(|_| DbError::decode(column, "16 bytes"))
    }
}
