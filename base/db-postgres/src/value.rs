//! Values on their way to the server and rows on their way back.

use std::error::Error;

use bytes::BytesMut;
use hoopoe_db::{DbError, Row, Value};
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, WrongType, to_sql_checked};

/// An argument. The server infers what type it wants; this sends the value as that type.
#[derive(Debug)]
pub(crate) struct Arg<'a>(pub(crate) Value<'a>);

impl ToSql for Arg<'_> {
    fn to_sql(
        &self,
        wanted: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match (self.0, wanted) {
            (Value::Null, _) => Ok(IsNull::Yes),
            (Value::Int(value), &Type::INT8) => value.to_sql(wanted, out),
            (Value::Int(value), &Type::INT4) => i32::try_from(value)?.to_sql(wanted, out),
            (Value::Int(value), &Type::INT2) => i16::try_from(value)?.to_sql(wanted, out),
            (Value::Int(value), &Type::BOOL) => (value != 0).to_sql(wanted, out),
            (Value::Text(text), &(Type::TEXT | Type::VARCHAR | Type::NAME)) => {
                text.to_sql(wanted, out)
            }
            (Value::Bytes(bytes), &Type::BYTEA) => bytes.to_sql(wanted, out),
            (Value::Int(_), _) => Err(Box::new(WrongType::new::<i64>(wanted.clone()))),
            (Value::Text(_), _) => Err(Box::new(WrongType::new::<&str>(wanted.clone()))),
            (Value::Bytes(_), _) => Err(Box::new(WrongType::new::<&[u8]>(wanted.clone()))),
        }
    }

    /// The statement is prepared by then; what does not fit is an error of `to_sql`.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A row that is visited in place.
pub(crate) struct Columns<'r>(pub(crate) &'r tokio_postgres::Row);

impl Row for Columns<'_> {
    fn int_opt(&self, column: usize) -> Result<Option<i64>, DbError> {
        let found = self.0.try_get::<_, Option<Int>>(column);
        found
            .map(|value| value.map(|Int(int)| int))
            .map_err(|_| DbError::decode(column, "an integer"))
    }

    fn text_opt(&self, column: usize) -> Result<Option<&str>, DbError> {
        self.0.try_get(column).map_err(|_| DbError::decode(column, "a text"))
    }

    fn bytes_opt(&self, column: usize) -> Result<Option<&[u8]>, DbError> {
        self.0.try_get(column).map_err(|_| DbError::decode(column, "bytes"))
    }
}

/// Any integer; `EXISTS (…)` is a boolean here and 0 or 1 on the embedded database.
struct Int(i64);

impl<'a> FromSql<'a> for Int {
    fn from_sql(found: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(match *found {
            Type::INT4 => i32::from_sql(found, raw)?.into(),
            Type::INT2 => i16::from_sql(found, raw)?.into(),
            Type::BOOL => bool::from_sql(found, raw)?.into(),
            _ => i64::from_sql(found, raw)?,
        }))
    }

    fn accepts(found: &Type) -> bool {
        matches!(*found, Type::INT8 | Type::INT4 | Type::INT2 | Type::BOOL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(value: Value<'_>, wanted: &Type) -> Result<Option<Vec<u8>>, String> {
        let mut out = BytesMut::new();
        match Arg(value).to_sql_checked(wanted, &mut out) {
            Ok(IsNull::Yes) => Ok(None),
            Ok(IsNull::No) => Ok(Some(out.to_vec())),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn an_integer_is_sent_as_the_type_that_is_wanted() {
        assert_eq!(sent(Value::Int(-2), &Type::INT8), Ok(Some((-2i64).to_be_bytes().to_vec())));
        assert_eq!(sent(Value::Int(7), &Type::INT4), Ok(Some(vec![0, 0, 0, 7])));
        assert_eq!(sent(Value::Int(7), &Type::INT2), Ok(Some(vec![0, 7])));
        assert_eq!(sent(Value::Int(1), &Type::BOOL), Ok(Some(vec![1])));
        assert!(sent(Value::Int(1 << 40), &Type::INT4).is_err(), "nothing is cut off");
    }

    #[test]
    fn what_does_not_fit_is_refused_before_it_is_sent() {
        assert!(sent(Value::Int(1), &Type::TEXT).is_err());
        assert!(sent(Value::Text("1"), &Type::INT8).is_err());
        assert!(sent(Value::Bytes(b"1"), &Type::TEXT).is_err());
        assert_eq!(sent(Value::Null, &Type::INT8), Ok(None));
        assert_eq!(sent(Value::Text("é"), &Type::TEXT), Ok(Some("é".as_bytes().to_vec())));
        assert_eq!(sent(Value::Bytes(&[0, 255]), &Type::BYTEA), Ok(Some(vec![0, 255])));
    }

    #[test]
    fn any_integer_type_is_read() {
        let read =
            |found: &Type, raw: &[u8]| Int::from_sql(found, raw).map(|Int(int)| int).unwrap();
        assert_eq!(read(&Type::INT8, &5i64.to_be_bytes()), 5);
        assert_eq!(read(&Type::INT4, &(-5i32).to_be_bytes()), -5);
        assert_eq!(read(&Type::INT2, &5i16.to_be_bytes()), 5);
        assert_eq!(read(&Type::BOOL, &[1]), 1);
        assert!(!<Int as FromSql>::accepts(&Type::NUMERIC), "SUM of BIGINT needs a CAST");
    }
}
