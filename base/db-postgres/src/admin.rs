//! What is done beside the transactions: by tests, and by commands of the operator.

use hoopoe_db::{DbError, DbErrorKind};
use tokio_postgres::{Client, NoTls};

use crate::{
    PostgresOptions,
    error::{from_connect, from_driver},
    options,
};

/// What the server makes of a statement before it is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementShape {
    /// The types of `$1`, `$2`, … as the server infers them: `int8`, `text`, `bytea`.
    pub params: Vec<String>,
    /// The types of the columns that it returns.
    pub columns: Vec<String>,
}

/// Runs statements, separated by `;`, on a connection of their own, outside of any transaction
/// where the server demands that (`CREATE DATABASE`, `VACUUM`).
pub async fn run_alone(url: &str, sql: &str) -> Result<(), DbError> {
    let client = connect(url).await?;
    client.batch_execute(sql).await.map_err(|error| from_driver(&error, sql))
}

/// Prepares statements without running them.
pub async fn describe(
    url: &str,
    statements: &[&str],
) -> Result<Vec<Result<StatementShape, DbError>>, DbError> {
    let client = connect(url).await?;
    let mut shapes = Vec::with_capacity(statements.len());
    for sql in statements {
        let prepared = client.prepare(sql).await.map_err(|error| from_driver(&error, sql));
        shapes.push(prepared.map(|statement| StatementShape {
            params: statement.params().iter().map(|found| found.name().to_owned()).collect(),
            columns: statement.columns().iter().map(|c| c.type_().name().to_owned()).collect(),
        }));
    }
    Ok(shapes)
}

pub(crate) async fn connect(url: &str) -> Result<Client, DbError> {
    let options = PostgresOptions::default();
    let config = options::config(url, &options)?;
    let opening = tokio::time::timeout(options.connect_timeout, config.connect(NoTls));
    let (client, connection) = opening
        .await
        .map_err(|_| DbError::new(DbErrorKind::Unavailable, "no connection in time"))?
        .map_err(|error| from_connect(&error))?;
    // It ends when the client is dropped.
    tokio::spawn(connection);
    Ok(client)
}
