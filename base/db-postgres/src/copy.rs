//! Whole databases to files and back, by PostgreSQL's own tools.

use std::{path::Path, process::Stdio};

use hoopoe_db::{DbError, DbErrorKind};
use tokio::process::Command;
use tokio_postgres::{Config, config::Host};

use crate::{PostgresOptions, admin, error::from_driver, options};

/// What every file of `pg_dump --format=custom` begins with.
pub const DUMP_MAGIC: &[u8] = b"PGDMP";

const TABLES: &str = "SELECT COUNT(*) FROM pg_catalog.pg_tables WHERE schemaname = 'public'";

/// Writes the database of `url` to `target` with `pg_dump`, as one moment saw it, while it is in
/// use. The tool must be installed, and no older than the server.
pub async fn dump(url: &str, target: &Path) -> Result<(), DbError> {
    let config = options::config(url, &PostgresOptions::default())?;
    let mut command = tool("pg_dump", &config);
    command.args(["--format=custom", "--no-owner", "--no-privileges", "--file"]).arg(target);
    run("pg_dump", command).await
}

/// Reads a file of [`dump`] into the database of `url`, which must be empty, whole or not at all.
pub async fn restore(url: &str, source: &Path) -> Result<(), DbError> {
    let config = options::config(url, &PostgresOptions::default())?;
    let client = admin::connect(url).await?;
    let row = client.query_one(TABLES, &[]).await.map_err(|e| from_driver(&e, TABLES))?;
    if row.get::<_, i64>(0) > 0 {
        let words = "the database is not empty: restore into a new one";
        return Err(DbError::new(DbErrorKind::Other, words));
    }
    let mut command = tool("pg_restore", &config);
    command.args(["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges"]);
    command.arg("--dbname").arg(config.get_dbname().unwrap_or("postgres")).arg(source);
    run("pg_restore", command).await
}

/// The tool with its connection in the environment: what stands in its arguments, everybody on the
/// machine can read.
fn tool(name: &str, config: &Config) -> Command {
    let mut command = Command::new(name);
    let mut set = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            command.env(name, value);
        }
    };
    let host = config.get_hosts().first().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(path) => path.to_string_lossy().into_owned(),
    });
    set("PGHOST", host);
    set("PGPORT", config.get_ports().first().map(u16::to_string));
    set("PGUSER", config.get_user().map(str::to_owned));
    set("PGDATABASE", config.get_dbname().map(str::to_owned));
    let password = config.get_password();
    set("PGPASSWORD", password.map(|bytes| String::from_utf8_lossy(bytes).into_owned()));
    command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
    command
}

async fn run(name: &str, mut command: Command) -> Result<(), DbError> {
    let failed = |words: String| DbError::new(DbErrorKind::Other, words);
    let ended = command.output().await.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => failed(format!(
            "{name} is not installed: install the client of PostgreSQL (Debian: postgresql-client)"
        )),
        _ => failed(format!("{name} could not be started: {error}")),
    })?;
    if ended.status.success() {
        return Ok(());
    }
    Err(failed(format!("{name} failed: {}", String::from_utf8_lossy(&ended.stderr).trim())))
}
