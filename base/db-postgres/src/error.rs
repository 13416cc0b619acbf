//! What an error of the server, or of the way to it, means.

use std::any::Any;

use hoopoe_db::{DbError, DbErrorKind};
use tokio_postgres::Error;

/// The class of an error while a statement ran. The message holds no row's data: the server's
/// DETAIL, which quotes keys, is left out.
pub(crate) fn from_driver(error: &Error, sql: &str) -> DbError {
    let Some(db) = error.as_db_error() else {
        let kind =
            if is_connection_loss(error) { DbErrorKind::Unavailable } else { DbErrorKind::Other };
        return DbError::new(kind, format!("{} in {}", with_sources(error), excerpt(sql)));
    };
    let constraint = db.constraint().map(|name| format!(" [{name}]")).unwrap_or_default();
    let (code, words) = (db.code().code(), db.message());
    let message = format!("{code}: {words}{constraint} in {}", excerpt(sql));
    let kind = if is_stale_plan(error) { DbErrorKind::Retry } else { kind_of(code) };
    DbError::new(kind, message)
}

/// The class of an error while a connection was opened: trying again helps unless the server is
/// there and says that it will never let us in.
pub(crate) fn from_connect(error: &Error) -> DbError {
    let Some(db) = error.as_db_error() else {
        return DbError::new(DbErrorKind::Unavailable, with_sources(error));
    };
    let kind = match kind_of(db.code().code()) {
        DbErrorKind::Other => DbErrorKind::Other,
        _ => DbErrorKind::Unavailable,
    };
    DbError::new(kind, format!("{}: {}", db.code().code(), db.message()))
}

/// Whether the connection's own end is what went wrong.
fn is_connection_loss(error: &Error) -> bool {
    let source = std::error::Error::source(error);
    error.is_closed() || source.is_some_and(|cause| cause.is::<std::io::Error>())
}

/// A prepared statement that a schema change or a pooler took away: prepared anew, it works.
pub(crate) fn is_stale_plan(error: &Error) -> bool {
    error.as_db_error().is_some_and(|db| {
        db.code().code() == "26000"
            || (db.code().code() == "0A000" && db.routine() == Some("RevalidateCachedQuery"))
    })
}

/// SQLSTATE to class.
pub(crate) fn kind_of(sqlstate: &str) -> DbErrorKind {
    match sqlstate {
        // Serialization failure, deadlock, lock not available in time.
        "40001" | "40P01" | "55P03" => DbErrorKind::Retry,
        "53100" => DbErrorKind::Full,
        "58030" => DbErrorKind::Io,
        "XX001" | "XX002" => DbErrorKind::Corrupt,
        // Cancelled by the statement timeout; ended by an idle or transaction timeout; a server
        // that has become a standby.
        "57014" | "25P03" | "25P04" | "25006" => DbErrorKind::Unavailable,
        code if code.starts_with("23") => DbErrorKind::Constraint,
        code if code.starts_with("53") => DbErrorKind::Unavailable,
        code if code.starts_with("57P0") => DbErrorKind::Unavailable,
        code if code.starts_with("08") => DbErrorKind::Unavailable,
        _ => DbErrorKind::Other,
    }
}

/// What a panic said, as an error of the transaction that it ended.
pub(crate) fn from_panic(payload: &(dyn Any + Send)) -> DbError {
    let words = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without words".to_owned());
    tracing::error!(panic = %words, "a transaction panicked; its own writes are undone");
    DbError::new(DbErrorKind::Panic, words)
}

fn with_sources(error: &Error) -> String {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let more = inner.to_string();
        if !words.contains(&more) {
            words = format!("{words}: {more}");
        }
        cause = inner.source();
    }
    words
}

/// Enough of a statement to find it in the source; statements hold no data.
fn excerpt(sql: &str) -> String {
    let words = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_classified() {
        let expected = [
            ("23505", DbErrorKind::Constraint),
            ("23503", DbErrorKind::Constraint),
            ("40001", DbErrorKind::Retry),
            ("40P01", DbErrorKind::Retry),
            ("53100", DbErrorKind::Full),
            ("53300", DbErrorKind::Unavailable),
            ("57P01", DbErrorKind::Unavailable),
            ("57P03", DbErrorKind::Unavailable),
            ("08006", DbErrorKind::Unavailable),
            ("57014", DbErrorKind::Unavailable),
            ("58030", DbErrorKind::Io),
            ("XX001", DbErrorKind::Corrupt),
            ("XX002", DbErrorKind::Corrupt),
            ("42601", DbErrorKind::Other),
            ("28P01", DbErrorKind::Other),
        ];
        for (state, kind) in expected {
            assert_eq!(kind_of(state), kind, "{state}");
        }
    }

    #[test]
    fn excerpts_are_short_and_on_one_line() {
        let sql = format!("SELECT  a,\n    b {}", "x".repeat(500));
        let excerpt = excerpt(&sql);
        assert!(excerpt.starts_with("SELECT a, b x"));
        assert_eq!(excerpt.chars().count(), 100);
    }
}
