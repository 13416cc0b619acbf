//! The database behind the house: embedded in the data directory, or a server.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use hoopoe_db::{Backend, BackendStats, Db, DbError, Dialect};
use hoopoe_db_postgres::Postgres;
use hoopoe_db_sqlite::{DataLock, Sqlite, SqliteOptions};

use crate::trouble::Trouble;

/// The lock on a data directory.
pub(crate) type Lock = DataLock;

/// The database file in a data directory.
pub(super) const FILE: &str = "hoopoe.db";

/// Takes the lock of a data directory, or `None` when another process has it.
pub(crate) fn lock(directory: &Path) -> io::Result<Option<Lock>> {
    DataLock::take(directory)
}

/// An open database. Cheap to clone.
#[derive(Clone)]
pub(crate) enum Storage {
    /// In the data directory.
    Embedded { sqlite: Arc<Sqlite>, file: PathBuf },
    /// Behind a connection.
    Remote { postgres: Arc<Postgres>, url: String },
}

impl Storage {
    /// Opens or makes the database.
    pub(crate) async fn open(url: Option<&str>, data: Option<&Path>) -> Result<Self, Trouble> {
        match (url, data) {
            (Some(url), _) => {
                let connected = Postgres::connect(url, Default::default()).await;
                let postgres = connected.map_err(|error| cannot("use the database", &error))?;
                Ok(Self::Remote { postgres, url: url.to_owned() })
            }
            (None, None) => Err(Trouble::usage("there is neither a data directory nor a database")),
            (None, Some(data)) => {
                let file = data.join(FILE);
                make_private(&file)
                    .map_err(|e| Trouble::failed(format!("cannot make {}: {e}", file.display())))?;
                let sqlite = Sqlite::open(SqliteOptions::new(&file))
                    .map_err(|error| cannot(&format!("open {}", file.display()), &error))?;
                Ok(Self::Embedded { sqlite, file })
            }
        }
    }

    /// The handle that the domains use.
    pub(crate) fn db(&self) -> Db {
        match self {
            Self::Embedded { sqlite, .. } => Db::new(sqlite.clone()),
            Self::Remote { postgres, .. } => Db::new(postgres.clone()),
        }
    }

    /// Whether something was lost that may have been acknowledged: clients must compare anew.
    pub(crate) fn has_lost(&self) -> bool {
        matches!(self, Self::Embedded { sqlite, .. } if sqlite.has_lost())
    }

    /// What it means that it takes no writes.
    pub(crate) fn why_not_writable(&self) -> &'static str {
        match self {
            Self::Embedded { .. } => "the database takes no writes until the server starts anew",
            Self::Remote { .. } => "the database cannot be reached; it is looked for all the time",
        }
    }

    /// What kind of database it is, for people.
    pub(crate) fn name(&self) -> &'static str {
        match self.backend().dialect() {
            Dialect::Sqlite => "embedded (SQLite)",
            Dialect::Postgres => "server (PostgreSQL)",
        }
    }

    /// Health figures.
    pub(crate) fn stats(&self) -> BackendStats {
        self.backend().stats()
    }

    /// Bytes of the write-ahead log on the disk; `None` where there is no such file.
    pub(crate) fn wal_bytes(&self) -> Option<u64> {
        let Self::Embedded { file, .. } = self else { return None };
        let wal = file.with_file_name(format!("{FILE}-wal"));
        Some(fs::metadata(wal).map_or(0, |metadata| metadata.len()))
    }

    /// The database's own check of its file; `None` for a server, which checks itself.
    pub(crate) async fn check(&self) -> Result<Option<Vec<String>>, Trouble> {
        let Self::Embedded { sqlite, .. } = self else { return Ok(None) };
        let sqlite = sqlite.clone();
        let findings = blocking(move || sqlite.integrity_check()).await?;
        Ok(Some(findings.map_err(|error| cannot("check the database", &error))?))
    }

    /// Copies the database to a new file and says how large it is.
    pub(crate) async fn backup(&self, target: &Path) -> Result<u64, Trouble> {
        let words = |words: String| Trouble::failed(format!("{}: {words}", target.display()));
        let partial = begin_copy(target).map_err(words)?;
        let copied = match self {
            Self::Embedded { sqlite, .. } => {
                let (sqlite, partial) = (sqlite.clone(), partial.clone());
                blocking(move || sqlite.backup(&partial)).await?
            }
            Self::Remote { url, .. } => hoopoe_db_postgres::dump(url, &partial).await,
        };
        let settled = copied
            .map_err(|error| error.to_string())
            .and_then(|()| settle(&partial, target).map_err(|error| error.to_string()));
        settled.map_err(|error| {
            drop(fs::remove_file(&partial));
            words(error)
        })
    }

    /// Finishes what is queued and closes. Blocks.
    pub(crate) fn close(&self) {
        self.backend().close();
    }

    fn backend(&self) -> &dyn Backend {
        match self {
            Self::Embedded { sqlite, .. } => &**sqlite,
            Self::Remote { postgres, .. } => &**postgres,
        }
    }
}

/// Makes the private file that a copy is written to: it gets the copy's name only when it is whole
/// and on stable storage.
fn begin_copy(target: &Path) -> Result<PathBuf, String> {
    if target.symlink_metadata().is_ok() {
        return Err("there is such a file already".to_owned());
    }
    let name = target.file_name().ok_or("is no name for a file")?.to_string_lossy();
    let partial = target.with_file_name(format!("{name}.partial"));
    make_private(&partial).map_err(|error| error.to_string())?;
    Ok(partial)
}

/// Gives a finished copy its name, on stable storage, and says how large it is.
pub(super) fn settle(partial: &Path, target: &Path) -> io::Result<u64> {
    let file = File::open(partial)?;
    file.sync_all()?;
    fs::rename(partial, target)?;
    if let Some(directory) = target.parent() {
        File::open(directory)?.sync_all()?;
    }
    Ok(file.metadata()?.len())
}

/// Makes an empty file that only its owner reads; one that is there stays as it is.
pub(super) fn make_private(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true).mode(0o600).open(path).map(|_| ())
}

pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Trouble> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Trouble::failed(format!("the work was broken off: {error}")))
}

pub(super) fn cannot(what: &str, error: &DbError) -> Trouble {
    Trouble::failed(format!("cannot {what}: {error}"))
}
