//! Migrations: each crate brings a chain of numbered files; every file runs once, in one
//! transaction with its own record.

use hoopoe_kernel::Fail;

use crate::{Db, DbError, DbErrorKind, Dialect, ReadTx, WriteTx};

/// One numbered file of a chain. Where the two databases must differ, both texts are given.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// `0001_messages`; the number orders, the name explains.
    pub name: &'static str,
    /// Text for the embedded database.
    pub sqlite: &'static str,
    /// Text for PostgreSQL.
    pub postgres: &'static str,
}

impl Migration {
    /// A portable file: one text for both.
    pub const fn portable(name: &'static str, sql: &'static str) -> Self {
        Self { name, sqlite: sql, postgres: sql }
    }
}

/// A crate's migrations in order. Released files never change; a new one is added.
#[derive(Debug, Clone, Copy)]
pub struct MigrationChain {
    /// The crate's short name, `log` or `accounts`.
    pub owner: &'static str,
    /// In order.
    pub migrations: &'static [Migration],
}

const CREATE: &str = "CREATE TABLE IF NOT EXISTS schema_migrations \
    (owner TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (owner, name))";
const FIND: &str = "SELECT name FROM schema_migrations WHERE owner = $1 ORDER BY name";
const ALL: &str = "SELECT owner, name FROM schema_migrations ORDER BY owner, name";
const RECORD: &str = "INSERT INTO schema_migrations (owner, name) VALUES ($1, $2)";

/// Replaces the few words that have no portable spelling: `{{bytes}}` and, for tables that are
/// read by their whole key only, `{{clustered}}`.
pub fn render(sql: &str, dialect: Dialect) -> String {
    let (bytes, clustered) = match dialect {
        Dialect::Sqlite => ("BLOB", "WITHOUT ROWID"),
        Dialect::Postgres => ("BYTEA", ""),
    };
    sql.replace("{{bytes}}", bytes).replace("{{clustered}}", clustered)
}

/// Brings the schema up to date. Chains are given lowest layer first. It can be killed at any
/// moment and run again. A database that a newer program has brought further is refused and left as
/// it is.
pub async fn migrate(db: &Db, chains: &[MigrationChain]) -> Result<usize, Fail> {
    let known: Vec<MigrationChain> = chains.to_vec();
    let begun = db.write(move |tx| {
        tx.execute(CREATE, &[])?;
        let ran = all_applied(tx.as_read())?;
        refuse_newer(&ran, &known)?;
        Ok(ran)
    });
    let ran = begun.await?;
    let has_run = |owner: &str, name: &str| ran.iter().any(|one| one.0 == owner && one.1 == name);
    let mut count = 0;
    for chain in chains.iter().copied() {
        // A database that is up to date is not written to.
        let missing = chain.migrations.iter().filter(|one| !has_run(chain.owner, one.name));
        for migration in missing.copied() {
            let ran = db.write(move |tx| run_one(tx, chain, migration).map_err(Fail::from)).await?;
            hoopoe_kernel::faults::point("migrate");
            count += usize::from(ran);
        }
    }
    Ok(count)
}

/// Owners and names of all that has run.
fn all_applied(tx: &mut dyn ReadTx) -> Result<Vec<(String, String)>, DbError> {
    tx.all(ALL, &[], |row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned())))
}

/// An error when something has run here that is not among `chains`, of owners that are.
fn refuse_newer(ran: &[(String, String)], chains: &[MigrationChain]) -> Result<(), DbError> {
    let newer = ran.iter().find(|(owner, name)| {
        let chain = chains.iter().find(|chain| chain.owner == owner);
        chain.is_some_and(|chain| chain.migrations.iter().all(|known| known.name != name))
    });
    match newer {
        None => Ok(()),
        Some((owner, name)) => Err(DbError::new(
            DbErrorKind::Other,
            format!(
                "the database was written by a newer Hoopoe ({owner}/{name}): install that version"
            ),
        )),
    }
}

/// The names that have run for one owner, in order.
pub fn applied_migrations(tx: &mut dyn ReadTx, owner: &str) -> Result<Vec<String>, DbError> {
    tx.all(FIND, &[owner.into()], |row| Ok(row.text(0)?.to_owned()))
}

fn run_one(
    tx: &mut dyn WriteTx,
    chain: MigrationChain,
    migration: Migration,
) -> Result<bool, DbError> {
    let applied = applied_migrations(tx.as_read(), chain.owner)?;
    if applied.iter().any(|name| name == migration.name) {
        return Ok(false);
    }
    let dialect = tx.dialect();
    let text = match dialect {
        Dialect::Sqlite => migration.sqlite,
        Dialect::Postgres => migration.postgres,
    };
    for statement in render(text, dialect).split(";\n") {
        let lines = statement.lines().filter(|line| !line.trim_start().starts_with("--"));
        let statement = lines.collect::<Vec<_>>().join("\n");
        let statement = statement.trim().trim_end_matches(';');
        if statement.is_empty() {
            continue;
        }
        // Statements are 'static so that drivers can cache them by address; a migration runs once
        // in the life of a database, and its text is a few kilobytes.
        let statement: &'static str = Box::leak(statement.to_owned().into_boxed_str());
        tx.execute(statement, &[]).map_err(|error| {
            DbError::new(
                DbErrorKind::Other,
                format!("migration {}/{}: {error}", chain.owner, migration.name),
            )
        })?;
    }
    tx.execute(RECORD, &[chain.owner.into(), migration.name.into()])?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_without_a_portable_spelling_are_replaced() {
        let sql = "CREATE TABLE t (k {{bytes}} PRIMARY KEY) {{clustered}}";
        assert_eq!(
            render(sql, Dialect::Sqlite),
            "CREATE TABLE t (k BLOB PRIMARY KEY) WITHOUT ROWID"
        );
        assert_eq!(render(sql, Dialect::Postgres), "CREATE TABLE t (k BYTEA PRIMARY KEY) ");
    }
}
