//! Bringing a backup back: checked, brought up to date and given an epoch of its own before it is
//! where a server would look for it.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use hoopoe_db::{Backend, Db, migrate};
use hoopoe_db_postgres::Postgres;
use hoopoe_db_sqlite::{Sqlite, SqliteOptions};
use hoopoe_kernel::{Env, Fail};
use indicatif::{ProgressBar, ProgressStyle};

use super::{
    MIGRATIONS,
    storage::{FILE, blocking, cannot, make_private, settle},
};
use crate::{config::Config, data_dir::DataDir, trouble::Trouble};

/// What every file of the embedded database begins with (its file format, section 1.3).
const SQLITE_MAGIC: &[u8] = b"SQLite format 3\0";

/// A database that is back.
pub(crate) struct Restored {
    /// Its new epoch: clients see by it that what they counted is void.
    pub(crate) epoch: i64,
    /// Where it is, for people.
    pub(crate) place: String,
}

/// Brings a backup back to where the settings say that the data is.
pub(crate) async fn restore(config: &Config, file: &Path) -> Result<Restored, Trouble> {
    let kind = kind_of(file)?;
    match (&config.database.url, kind) {
        (Some(url), Kind::Dump) => restore_server(url, file).await,
        (None, Kind::Embedded) => {
            let data = DataDir::claim(&config.data).await?;
            restore_embedded(data.path(), file).await
        }
        (Some(_), Kind::Embedded) => Err(Trouble::failed(format!(
            "{} is a copy of an embedded database: restore it without --database",
            file.display()
        ))),
        (None, Kind::Dump) => Err(Trouble::failed(format!(
            "{} is a copy of a database server's: name an empty database with --database",
            file.display()
        ))),
    }
}

enum Kind {
    Embedded,
    Dump,
}

fn kind_of(file: &Path) -> Result<Kind, Trouble> {
    let mut magic = Vec::new();
    let read = File::open(file)
        .and_then(|opened| opened.take(SQLITE_MAGIC.len() as u64).read_to_end(&mut magic));
    match read {
        Ok(_) if magic == SQLITE_MAGIC => Ok(Kind::Embedded),
        Ok(_) if magic.starts_with(hoopoe_db_postgres::DUMP_MAGIC) => Ok(Kind::Dump),
        Ok(_) => Err(Trouble::failed(format!("{} is no backup of Hoopoe", file.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(Trouble::failed(format!("there is no file {}", file.display())))
        }
        Err(error) => Err(Trouble::failed(format!("cannot read {}: {error}", file.display()))),
    }
}

/// Brings a copy into a data directory that this process has for itself and that has no database.
async fn restore_embedded(data: &Path, file: &Path) -> Result<Restored, Trouble> {
    let target = data.join(FILE);
    if target.symlink_metadata().is_ok() {
        return Err(Trouble::failed(format!(
            "there is a database in {}: move it away first, or name another directory with --data",
            data.display()
        )));
    }
    let partial = data.join(format!("{FILE}.partial"));
    let restored = prepare(&partial, file).await;
    let epoch = restored.and_then(|epoch| match settle(&partial, &target) {
        Ok(_) => Ok(epoch),
        Err(error) => Err(Trouble::failed(format!("{}: {error}", target.display()))),
    });
    if epoch.is_err() {
        remove(&partial);
    }
    Ok(Restored { epoch: epoch?, place: data.display().to_string() })
}

/// Brings a dump into an empty database of a server.
async fn restore_server(url: &str, file: &Path) -> Result<Restored, Trouble> {
    let progress = progress("restoring");
    let restored = hoopoe_db_postgres::restore(url, file).await;
    progress.finish_and_clear();
    restored.map_err(|error| cannot("restore", &error))?;
    let postgres = Postgres::connect(url, Default::default()).await;
    let postgres = postgres.map_err(|error| cannot("use the database", &error))?;
    let epoch = renew(postgres).await?;
    Ok(Restored { epoch, place: "the database server".to_owned() })
}

async fn prepare(partial: &Path, file: &Path) -> Result<i64, Trouble> {
    remove(partial);
    let progress = progress("copying");
    let (from, to) = (file.to_owned(), partial.to_owned());
    let copied = blocking(move || make_private(&to).and_then(|()| fs::copy(from, to))).await?;
    copied.map_err(|error| Trouble::failed(format!("cannot copy {}: {error}", file.display())))?;
    progress.set_message("checking");
    let opened = Sqlite::open(SqliteOptions::new(partial));
    let sqlite = opened.map_err(|error| cannot(&format!("open {}", file.display()), &error))?;
    let checked = sqlite.clone();
    let findings = blocking(move || checked.integrity_check()).await?;
    let findings = findings.map_err(|error| cannot("check the backup", &error))?;
    if let Some(first) = findings.first() {
        return Err(Trouble::failed(format!("{} is damaged: {first}", file.display())));
    }
    let epoch = renew(sqlite).await;
    progress.finish_and_clear();
    epoch
}

/// Brings the schema up to date and begins an epoch.
async fn renew<B: Backend>(backend: Arc<B>) -> Result<i64, Trouble> {
    let db = Db::new(backend.clone());
    let renewed: Result<i64, Fail> = async {
        migrate(&db, MIGRATIONS).await?;
        hoopoe_log::begin_epoch(&db, Env::system().clock.now()).await
    }
    .await;
    // Closing copies the write-ahead log back: from here on the database is one file.
    blocking(move || backend.close()).await?;
    Ok(renewed?)
}

/// Removes what an attempt has left.
fn remove(partial: &Path) {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut name = partial.as_os_str().to_owned();
        name.push(suffix);
        match fs::remove_file(PathBuf::from(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, "what is left of an attempt to restore stays");
            }
            _ => {}
        }
    }
}

/// Something to look at for who waits at a terminal.
fn progress(what: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}");
    let spinner = ProgressBar::new_spinner().with_message(what);
    if let Ok(style) = style {
        spinner.set_style(style);
    }
    spinner.enable_steady_tick(Duration::from_millis(250));
    spinner
}
