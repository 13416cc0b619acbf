//! SQL is written once: every statement prepares on both databases, and both have one schema.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use hoopoe_db::{Db, DbError, Dialect, MigrationChain, ReadTx, Row, Value};
use hoopoe_testkit::{TestDb, Which, db_test};

/// Every crate that brings tables, lowest layer first.
pub(crate) const CHAINS: &[MigrationChain] = &[
    hoopoe_log::MIGRATIONS,
    hoopoe_jobs::MIGRATIONS,
    hoopoe_apps::MIGRATIONS,
    hoopoe_accounts::MIGRATIONS,
    hoopoe_conversations::MIGRATIONS,
    hoopoe_presence::MIGRATIONS,
    hoopoe_messages::MIGRATIONS,
];

/// Every statement of every crate, with its owner.
fn statements() -> Vec<(&'static str, &'static str)> {
    let of = |owner: &'static str, all: &[&'static str]| {
        all.iter().map(|sql| (owner, *sql)).collect::<Vec<_>>()
    };
    [
        of("log", &hoopoe_log::statements()),
        of("jobs", hoopoe_jobs::STATEMENTS),
        of("apps", hoopoe_apps::STATEMENTS),
        of("accounts", hoopoe_accounts::STATEMENTS),
        of("conversations", hoopoe_conversations::STATEMENTS),
        of("messages", hoopoe_messages::STATEMENTS),
        of("presence", hoopoe_presence::STATEMENTS),
    ]
    .concat()
}

/// Those of `*_fork.rs` files, which only one database understands.
fn dialect_statements(dialect: Dialect) -> Vec<(&'static str, &'static str)> {
    let log = hoopoe_log::dialect_statements(dialect).iter().map(|sql| ("log", *sql));
    log.chain(hoopoe_jobs::dialect_statements(dialect).iter().map(|sql| ("jobs", *sql))).collect()
}

/// The numbers of the placeholders in the order in which they stand, literals left out.
fn placeholders(sql: &str) -> Vec<usize> {
    let outside = sql.split('\'').step_by(2);
    let parts = outside.flat_map(|text| text.split('$').skip(1).collect::<Vec<_>>());
    let number = |part: &str| {
        let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        part[..digits].parse().unwrap_or(0)
    };
    parts.map(number).collect()
}

/// `$1` before `$2` before `$3`: the embedded database counts names as it meets them.
fn is_in_order(sql: &str) -> bool {
    let mut known = 0;
    placeholders(sql).into_iter().all(|number| {
        known = known.max(if number == known + 1 { number } else { 0 });
        (1..=known).contains(&number)
    })
}

#[test]
fn the_order_of_placeholders_is_seen() {
    assert!(is_in_order("SELECT 1"));
    assert!(is_in_order("SELECT a FROM t WHERE a = $1 AND b = $2 AND c = $1 LIMIT $3"));
    assert!(is_in_order("SELECT '$7' FROM t WHERE a = $1"));
    assert!(!is_in_order("UPDATE t SET a = $2 WHERE b = $1"));
    assert!(!is_in_order("SELECT a FROM t WHERE a = $1 AND b = $3"));
    assert!(!is_in_order("SELECT a FROM t WHERE a = $"));
}

#[test]
fn placeholders_are_numbered_in_the_order_of_their_first_use() {
    let wrong: Vec<_> = statements()
        .into_iter()
        .chain(dialect_statements(Dialect::Sqlite))
        .filter(|(_, sql)| !is_in_order(sql))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(statements().len() > 100, "the lists themselves are there");
}

#[db_test(sqlite)]
async fn every_statement_prepares_on_the_embedded_database(db: TestDb) {
    db.migrate(CHAINS).await;
    let mut all = statements();
    all.extend(dialect_statements(Dialect::Sqlite));
    let mut wrong = String::new();
    for (owner, sql) in all {
        let count = placeholders(sql).into_iter().max().unwrap_or(0);
        // Statements are 'static for the drivers' caches; a test's life is short.
        let explain: &'static str = format!("EXPLAIN {sql}").leak();
        let looked = db.db.read(move |tx| {
            let args = vec![Value::Null; count];
            Ok(tx.query(explain, &args, &mut |_| Ok(()))?)
        });
        if let Err(fail) = looked.await {
            writeln!(wrong, "{owner}: {fail}\n    {sql}").expect("a String takes any text");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[db_test(postgres)]
async fn every_statement_prepares_on_postgresql(db: TestDb) {
    db.migrate(CHAINS).await;
    let portable = statements();
    let count = portable.len();
    let all = [portable, dialect_statements(Dialect::Postgres)].concat();
    let texts: Vec<_> = all.iter().map(|(_, sql)| *sql).collect();
    let url = db.url().expect("a PostgreSQL database has a URL");
    let shapes = hoopoe_db_postgres::describe(url, &texts).await.unwrap();
    let mut wrong = String::new();
    for (number, ((owner, sql), shape)) in all.into_iter().zip(shapes).enumerate() {
        let words = match shape {
            Err(error) => error.to_string(),
            Ok(shape) => {
                // In a fork an `$n::int` is meant; elsewhere the server has guessed a type that
                // some values do not fit: a CAST is missing.
                let fits = |name: &String| match name.as_str() {
                    "int8" | "text" | "bytea" => true,
                    "int4" => number >= count,
                    _ => false,
                };
                let reads =
                    |name: &String| ["int8", "int4", "bool", "text", "bytea"].contains(&&**name);
                if shape.params.iter().all(fits) && shape.columns.iter().all(reads) {
                    continue;
                }
                format!("{shape:?}")
            }
        };
        writeln!(wrong, "{owner}: {words}\n    {sql}").expect("a String takes any text");
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// What both databases must agree on.
#[derive(Debug, Default, PartialEq, Eq)]
struct Schema {
    /// `table.column` to class, `NULL` or not, and place in the primary key.
    columns: BTreeMap<String, String>,
    /// Table, uniqueness and columns of each index; names and order do not matter.
    indexes: BTreeSet<String>,
}

const COLUMNS_SQLITE: &str = "SELECT m.name, c.name, c.type, c.\"notnull\", c.pk \
    FROM sqlite_schema m JOIN pragma_table_info(m.name) c \
    WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'";
const COLUMNS_POSTGRES: &str = "SELECT CAST(t.relname AS TEXT), CAST(a.attname AS TEXT), \
        format_type(a.atttypid, a.atttypmod), a.attnotnull, \
        COALESCE((SELECT k.place FROM pg_index i, \
            LATERAL unnest(i.indkey) WITH ORDINALITY AS k (attnum, place) \
            WHERE i.indrelid = t.oid AND i.indisprimary AND k.attnum = a.attnum), 0) \
    FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid \
    WHERE t.relnamespace = CAST('public' AS regnamespace) AND t.relkind = 'r' \
        AND a.attnum > 0 AND NOT a.attisdropped";
const INDEXES_SQLITE: &str = "SELECT m.name, i.name, i.\"unique\", i.partial, x.name \
    FROM sqlite_schema m JOIN pragma_index_list(m.name) i JOIN pragma_index_info(i.name) x \
    WHERE m.type = 'table' AND i.origin <> 'pk' ORDER BY m.name, i.name, x.seqno";
const INDEXES_POSTGRES: &str = "SELECT CAST(t.relname AS TEXT), CAST(n.relname AS TEXT), \
        i.indisunique, i.indpred IS NOT NULL, CAST(a.attname AS TEXT) \
    FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_class n ON n.oid = i.indexrelid \
        CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (attnum, place) \
        LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum \
    WHERE t.relnamespace = CAST('public' AS regnamespace) AND NOT i.indisprimary \
    ORDER BY t.relname, n.relname, k.place";

fn class(declared: &str) -> String {
    match declared.to_ascii_uppercase().as_str() {
        "BIGINT" => "integer".to_owned(),
        "TEXT" => "text".to_owned(),
        "BLOB" | "BYTEA" => "bytes".to_owned(),
        other => format!("{other} (none of BIGINT, TEXT and {{{{bytes}}}})"),
    }
}

fn column(row: &dyn Row) -> Result<(String, String), DbError> {
    let name = format!("{}.{}", row.text(0)?, row.text(1)?);
    let null = if row.flag(3)? { "NOT NULL" } else { "NULL" };
    Ok((name, format!("{} {null}, key part {}", class(row.text(2)?), row.int(4)?)))
}

fn schema(tx: &mut dyn ReadTx) -> Result<Schema, DbError> {
    let (columns, indexes) = match tx.dialect() {
        Dialect::Sqlite => (COLUMNS_SQLITE, INDEXES_SQLITE),
        Dialect::Postgres => (COLUMNS_POSTGRES, INDEXES_POSTGRES),
    };
    let columns = tx.all(columns, &[], column)?.into_iter().collect();
    let mut parts: BTreeMap<(String, String), String> = BTreeMap::new();
    tx.query(indexes, &[], &mut |row| {
        let (table, index) = (row.text(0)?.to_owned(), row.text(1)?.to_owned());
        let unique = if row.flag(2)? { "unique " } else { "" };
        let partial = if row.flag(3)? { "partial " } else { "" };
        let part = row.text_opt(4)?.unwrap_or("(expression)");
        let start = || format!("{unique}{partial}index of {table} on");
        let text = parts.entry((table.clone(), index)).or_insert_with(start);
        text.push(' ');
        text.push_str(part);
        Ok(())
    })?;
    Ok(Schema { columns, indexes: parts.into_values().collect() })
}

async fn schema_of(db: &Db) -> Schema {
    db.read(|tx| Ok(schema(tx)?)).await.unwrap()
}

#[db_test(postgres)]
async fn both_databases_have_one_schema(postgres: TestDb) {
    let sqlite = TestDb::create(Which::Sqlite).await;
    postgres.migrate(CHAINS).await;
    sqlite.migrate(CHAINS).await;
    let (one, other) = (schema_of(&sqlite.db).await, schema_of(&postgres.db).await);
    let names = |schema: &Schema| schema.columns.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&one), names(&other));
    assert_eq!(one, other);
    assert!(one.columns.len() > 50 && one.indexes.len() > 3, "the look itself works: {one:#?}");
}
