//! The data directory: private, with a format stamp, used by one process at a time.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    compose::{self, Lock},
    machine,
    trouble::Trouble,
};

/// What this program writes, and the newest that it reads. It rises when an older program would
/// misread the directory.
pub(crate) const FORMAT: u32 = 1;
const FORMAT_FILE: &str = "format";
const LOCK_FILE: &str = "lock";

/// Another command of ours may hold the directory for a moment.
const LOCK_ATTEMPTS: u32 = 40;
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// A data directory that this process has for itself.
pub(crate) struct DataDir {
    path: PathBuf,
    _lock: Lock,
}

impl DataDir {
    /// Makes the directory where it is missing, takes the lock and looks at the stamp.
    pub(crate) async fn claim(path: &Path) -> Result<Self, Trouble> {
        let path = make_private(path)?;
        let lock = take_lock(&path).await?;
        match read_format(&path)? {
            Some(format) if format > FORMAT => return Err(newer(&path, format)),
            Some(_) => {}
            None => {
                let wrote = write_format(&path);
                wrote.map_err(|e| cannot("write in", &path, &e))?;
            }
        }
        Ok(Self { path, _lock: lock })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// The stamp; `None` when nothing of ours has been here.
pub(crate) fn read_format(path: &Path) -> Result<Option<u32>, Trouble> {
    let file = path.join(FORMAT_FILE);
    match fs::read_to_string(&file) {
        Ok(text) => match text.trim().parse() {
            Ok(format) => Ok(Some(format)),
            Err(_) => Err(Trouble::failed(format!(
                "{} is no format stamp: this is not a data directory of Hoopoe, or it is damaged",
                file.display()
            ))),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(cannot("read", &file, &error)),
    }
}

fn newer(path: &Path, format: u32) -> Trouble {
    Trouble::failed(format!(
        "{} was written by a newer Hoopoe (format {format}, this one knows {FORMAT}): install that \
         version",
        path.display()
    ))
}

fn write_format(path: &Path) -> io::Result<()> {
    let fresh = path.join("format.new");
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    writeln!(file, "{FORMAT}")?;
    file.sync_all()?;
    fs::rename(&fresh, path.join(FORMAT_FILE))?;
    File::open(path)?.sync_all()
}

fn make_private(path: &Path) -> Result<PathBuf, Trouble> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|e| cannot("make", path, &e))?;
    let path = fs::canonicalize(path).map_err(|e| cannot("find", path, &e))?;
    let mode = fs::metadata(&path).map_err(|e| cannot("read", &path, &e))?.permissions().mode();
    if mode & 0o1000 != 0 {
        return Err(Trouble::failed(format!(
            "{} is a directory that everybody shares: give Hoopoe one of its own",
            path.display()
        )));
    }
    if mode & 0o077 != 0 {
        let private = fs::Permissions::from_mode(0o700);
        fs::set_permissions(&path, private).map_err(|e| cannot("make private", &path, &e))?;
    }
    Ok(path)
}

async fn take_lock(path: &Path) -> Result<Lock, Trouble> {
    for _ in 0..LOCK_ATTEMPTS {
        match compose::lock(path).map_err(|e| cannot("lock", path, &e))? {
            Some(lock) => return Ok(lock),
            None => tokio::time::sleep(LOCK_PAUSE).await,
        }
    }
    let holder = fs::metadata(path.join(LOCK_FILE))
        .ok()
        .and_then(|lock| machine::lock_holder(lock.ino()))
        .map_or_else(String::new, |pid| format!(" (pid {pid})"));
    Err(Trouble::failed(format!(
        "another process{holder} uses {}: stop it, or give another directory with --data",
        path.display()
    )))
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> Trouble {
    Trouble::failed(format!("cannot {what} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn claim(path: &Path) -> Result<DataDir, String> {
        DataDir::claim(path).await.map_err(|trouble| trouble.to_string())
    }

    #[tokio::test]
    async fn a_fresh_directory_is_private_and_stamped() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a/b");
        let data = claim(&path).await.expect("claimed");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
        assert_eq!(read_format(&path), Ok(Some(FORMAT)));
        assert_eq!(data.path(), path.canonicalize().unwrap());
        drop(data);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        claim(&path).await.expect("claimed again");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
    }

    #[tokio::test]
    async fn what_is_not_ours_to_read_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(FORMAT_FILE), "99\n").unwrap();
        let words = claim(directory.path()).await.err().expect("refused");
        assert!(words.contains("newer Hoopoe (format 99, this one knows 1)"), "{words}");
        fs::write(directory.path().join(FORMAT_FILE), "rubbish").unwrap();
        assert!(claim(directory.path()).await.err().expect("refused").contains("no format stamp"));
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o1777)).unwrap();
        let words = claim(directory.path()).await.err().expect("refused");
        assert!(words.contains("everybody shares"), "{words}");
        assert_eq!(fs::metadata(directory.path()).unwrap().mode() & 0o7777, 0o1777);
    }

    #[tokio::test]
    async fn one_process_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let _first = claim(directory.path()).await.expect("claimed");
        let words = claim(directory.path()).await.err().expect("refused");
        let pid = format!("(pid {})", std::process::id());
        assert!(words.contains("another process") && words.contains(&pid), "{words}");
    }
}
