//! A small library that is preloaded into a process: a disk whose fsync fails, and a wall clock that
//! jumps when it is told to.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::harness::fail;

/// The file that says what cannot be synced.
pub const BAD_SYNC: &str = "HOOPOE_BAD_SYNC";
/// The file that says by how many seconds the wall clock is wrong.
pub const CLOCK_SHIFT: &str = "HOOPOE_CLOCK_SHIFT";

/// The library, and the files by which it is told what to do.
#[derive(Debug, Clone)]
pub struct Shim {
    library: PathBuf,
    bad_sync: PathBuf,
    clock_shift: PathBuf,
}

impl Shim {
    /// Compiles it into a folder. The compiler is the one that has built SQLite for the tests.
    ///
    /// # Panics
    /// When it does not compile.
    pub fn build(folder: &Path) -> Self {
        let (source, library) = (folder.join("shim.c"), folder.join("shim.so"));
        write(&source, include_str!("shim.c"));
        let compiler = env::var_os("CC").unwrap_or_else(|| "cc".into());
        let mut command = Command::new(compiler);
        command.args(["-shared", "-fPIC", "-O1", "-o"]).args([&library, &source]);
        match command.status() {
            Ok(status) if status.success() => {}
            other => fail(format!("the shim did not compile: {other:?}")),
        }
        let (bad_sync, clock_shift) = (folder.join("bad-sync"), folder.join("clock-shift"));
        Self { library, bad_sync, clock_shift }
    }

    /// The environment of a process that is to be lied to.
    pub fn variables(&self) -> [(&'static str, &Path); 3] {
        [
            ("LD_PRELOAD", &self.library),
            (BAD_SYNC, &self.bad_sync),
            (CLOCK_SHIFT, &self.clock_shift),
        ]
    }

    /// From now on syncing files whose path ends like this fails; `None`: the disk is good again.
    ///
    /// # Panics
    /// When the folder has gone.
    pub fn break_sync(&self, ending: Option<&str>) {
        break_sync(&self.bad_sync, ending);
    }

    /// From now on the wall clock is wrong by so many seconds.
    ///
    /// # Panics
    /// When the folder has gone.
    pub fn shift_clock(&self, by_s: i64) {
        // In one step: a half-written number would be another jump.
        let draft = self.clock_shift.with_extension("new");
        write(&draft, &by_s.to_string());
        if let Err(error) = fs::rename(&draft, &self.clock_shift) {
            fail(format!("{}: {error}", draft.display()));
        }
    }
}

/// As [`Shim::break_sync`], for a process that knows the file only.
///
/// # Panics
/// When the file cannot be written or removed.
pub fn break_sync(order: &Path, ending: Option<&str>) {
    match ending {
        Some(ending) => write(order, ending),
        None => {
            if let Err(error) = fs::remove_file(order) {
                fail(format!("{}: {error}", order.display()));
            }
        }
    }
}

fn write(path: &Path, text: &str) {
    if let Err(error) = fs::write(path, text) {
        fail(format!("{}: {error}", path.display()));
    }
}
