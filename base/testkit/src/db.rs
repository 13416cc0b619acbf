//! `#[db_test]`: one behaviour, both databases, each test with a database of its own.

use std::{
    fmt,
    future::Future,
    path::{Path, PathBuf},
    sync::Arc,
};

use hoopoe_db::{Backend, Db, Dialect, MigrationChain};
use hoopoe_db_postgres::{Postgres, PostgresOptions};
use hoopoe_db_sqlite::{Sqlite, SqliteOptions};
use parking_lot::Mutex;
use tempfile::TempDir;

use crate::{harness::fail, postgres};

/// Which database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The embedded one, in a temporary folder.
    Sqlite,
    /// A fresh database of the run's shared server.
    Postgres,
}

/// A database that nobody else uses, empty until it is migrated.
#[derive(Clone)]
pub struct TestDb {
    /// What services are given.
    pub db: Db,
    /// Which one it is.
    pub backend: Which,
    place: Arc<Place>,
}

struct Place {
    data: Data,
    /// Everything that was opened; closed before the place is cleared away.
    opened: Mutex<Vec<Db>>,
}

enum Data {
    File { _folder: TempDir, path: PathBuf },
    Server { url: String },
}

impl TestDb {
    /// Makes an empty database. `#[db_test]` does it.
    ///
    /// # Panics
    /// When there is none to be had: a test without its database has failed.
    pub async fn create(backend: Which) -> Self {
        let data = match backend {
            Which::Sqlite => {
                let folder = must(tempfile::tempdir());
                let path = folder.path().join("test.db");
                Data::File { _folder: folder, path }
            }
            Which::Postgres => {
                let server = must(postgres::shared().await);
                Data::Server { url: must(server.database().await) }
            }
        };
        let place = Arc::new(Place { data, opened: Mutex::default() });
        let db = place.open().await;
        Self { db, backend, place }
    }

    /// Brings the schema up to date.
    ///
    /// # Panics
    /// When a migration fails.
    pub async fn migrate(&self, chains: &[MigrationChain]) {
        must(hoopoe_db::migrate(&self.db, chains).await);
    }

    /// Another handle on the same data with threads and connections of its own: what another node
    /// of a cluster has. On the embedded database it is a second writer, which a server never is.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub async fn open_again(&self) -> Db {
        self.place.open().await
    }

    /// Closes it and opens it anew, as a restart does.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub async fn reopen(&mut self) {
        close(&self.db).await;
        self.db = self.place.open().await;
    }

    /// The URL, where it is on a server.
    pub fn url(&self) -> Option<&str> {
        match &self.place.data {
            Data::Server { url } => Some(url),
            Data::File { .. } => None,
        }
    }

    /// The file, where it is one.
    pub fn path(&self) -> Option<&Path> {
        match &self.place.data {
            Data::File { path, .. } => Some(path),
            Data::Server { .. } => None,
        }
    }

    /// Which SQL it speaks.
    pub fn dialect(&self) -> Dialect {
        self.db.dialect()
    }

    async fn clear_away(&self) {
        let opened = std::mem::take(&mut *self.place.opened.lock());
        for db in &opened {
            close(db).await;
        }
        if let Data::Server { url } = &self.place.data {
            must(must(postgres::shared().await).drop_database(url).await);
        }
    }
}

impl Place {
    async fn open(&self) -> Db {
        let backend: Arc<dyn Backend> = match &self.data {
            Data::File { path, .. } => {
                must::<Arc<Sqlite>, _>(Sqlite::open(SqliteOptions::new(path)))
            }
            Data::Server { url } => {
                // Few: many tests share one small server.
                let options =
                    PostgresOptions { readers: 2, writers: 4, ..PostgresOptions::default() };
                must::<Arc<Postgres>, _>(Postgres::connect(url, options).await)
            }
        };
        let db = Db::new(backend);
        self.opened.lock().push(db.clone());
        db
    }
}

async fn close(db: &Db) {
    let backend = db.backend().clone();
    must(tokio::task::spawn_blocking(move || backend.close()).await);
}

#[track_caller]
fn must<T, E: fmt::Display>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => fail(error.to_string()),
    }
}

/// Runs the body of a `#[db_test]` on two worker threads and clears its database away. That of a
/// failed test stays in the shared server until the server ends.
///
/// # Panics
/// When the test fails.
pub fn run_db_test<F, Fut>(backend: Which, body: F) -> Fut::Output
where
    F: FnOnce(TestDb) -> Fut,
    Fut: Future,
{
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = must(builder.worker_threads(2).enable_all().build());
    runtime.block_on(async {
        let test = TestDb::create(backend).await;
        let output = Box::pin(body(test.clone())).await;
        test.clear_away().await;
        output
    })
}

#[cfg(test)]
mod tests {
    use hoopoe_db::{Migration, MigrationChain};

    use super::*;

    const CHAIN: MigrationChain = MigrationChain {
        owner: "kit",
        migrations: &[Migration::portable("0001_t", "CREATE TABLE t (a BIGINT NOT NULL);\n")],
    };

    async fn body(mut test: TestDb) -> i64 {
        test.migrate(&[CHAIN]).await;
        let count = |db: Db| async move {
            db.read(|tx| {
                let found = tx.first("SELECT COUNT(*) FROM t", &[], |row| row.int(0))?;
                Ok(found.unwrap_or(-1))
            })
            .await
            .unwrap()
        };
        assert_eq!(count(test.db.clone()).await, 0, "a database of its own");
        let insert = |tx: &mut dyn hoopoe_db::WriteTx| {
            Ok(tx.execute("INSERT INTO t (a) VALUES ($1)", &[7.into()])?)
        };
        test.db.write(insert).await.unwrap();
        test.reopen().await;
        count(test.db.clone()).await
    }

    #[test]
    fn a_test_runs_on_either_and_survives_a_restart() {
        for backend in [Which::Sqlite, Which::Postgres] {
            assert_eq!(run_db_test(backend, body), 1, "{backend:?}");
        }
    }
}
