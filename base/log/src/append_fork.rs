//! The head lock: one writer needs none, many writers lock rows in the order of their ids.

use hoopoe_db::{DbError, Dialect, ReadTx};
use hoopoe_wire::ConversationId;

use crate::{Head, heads};

const LOCK_ONE_POSTGRES: &str = "SELECT conversation, app, seq, rev, members_rev, floor_seq, at_us \
    FROM heads WHERE conversation = $1 FOR UPDATE";
/// Ids come joined to one value of 16 bytes each; locking in their order keeps two nodes from
/// waiting for each other.
const LOCK_MANY_POSTGRES: &str = "SELECT conversation, app, seq, rev, members_rev, floor_seq, at_us \
    FROM heads WHERE conversation IN \
        (SELECT substring($1::bytea FROM i * 16 + 1 FOR 16) \
            FROM generate_series(0, $2::int - 1) AS i) \
    ORDER BY conversation FOR UPDATE";

pub(crate) fn statements(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::Sqlite => &[],
        Dialect::Postgres => &[LOCK_ONE_POSTGRES, LOCK_MANY_POSTGRES],
    }
}

/// Whether a cached head may decide a write: only where there is one writer.
pub(crate) fn caches_heads(dialect: Dialect) -> bool {
    dialect == Dialect::Sqlite
}

/// Conversations in one batch.
pub(crate) fn conversations_per_batch(dialect: Dialect) -> usize {
    match dialect {
        Dialect::Sqlite => usize::MAX,
        Dialect::Postgres => 64,
    }
}

/// Messages in one batch.
pub(crate) fn messages_per_batch(dialect: Dialect) -> usize {
    match dialect {
        Dialect::Sqlite => 1_024,
        Dialect::Postgres => 256,
    }
}

/// Takes the head lock of one conversation and reads it.
pub(crate) fn lock(
    tx: &mut dyn ReadTx,
    conversation: ConversationId,
) -> Result<Option<Head>, DbError> {
    let statement = match tx.dialect() {
        Dialect::Sqlite => heads::FIND,
        Dialect::Postgres => LOCK_ONE_POSTGRES,
    };
    tx.first(statement, &[conversation.as_bytes().into()], heads::read)
}

/// Takes the head locks of many conversations; `ids` are sorted and without repeats. Returns nothing
/// where heads are read one by one.
pub(crate) fn lock_many(tx: &mut dyn ReadTx, ids: &[ConversationId]) -> Result<Vec<Head>, DbError> {
    if tx.dialect() == Dialect::Sqlite {
        return Ok(Vec::new());
    }
    let joined: Vec<u8> = ids.iter().flat_map(|id| id.0).collect();
    let count = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    tx.all(LOCK_MANY_POSTGRES, &[joined.as_slice().into(), count.into()], heads::read)
}
