//! A test run once more in a mount namespace of its own, where it may mount small disks that nobody
//! else sees and that go when it ends, however it ends.

use std::{
    env,
    fs::{self, File},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use rustix::mount::{MountFlags, mount};
use tokio::process::Command;

use crate::harness::{fail, within};

/// Its presence tells a process that it is the inner one.
const ROLE: &str = "HOOPOE_TEST_APART";
/// Written at a time while a disk is filled: the last pieces are single pages.
const PIECE_BYTES: usize = 64 * 1024;
const PAGE_BYTES: usize = 4 * 1024;

/// Runs the test of this name (`module::name`) in a process with mounts of its own and returns
/// `true` when it has passed there. In that process it returns `false`: go on with the test.
///
/// # Panics
/// When the inner test fails or takes longer than `limit`, or where nobody may mount: such a test is
/// not skipped.
pub async fn has_run_apart(test: &str, limit: Duration) -> bool {
    if env::var_os(ROLE).is_some() {
        let signal = Some(rustix::process::Signal::KILL);
        if let Err(error) = rustix::process::set_parent_process_death_signal(signal) {
            fail(format!("the inner test would outlive the outer: {error}"));
        }
        return false;
    }
    let own = env::current_exe().unwrap_or_else(|error| fail(format!("where am I? {error}")));
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private"]).arg(own);
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]);
    command.env(ROLE, "1").stdin(Stdio::null()).kill_on_drop(true);
    let output = within(limit, &format!("the end of {test} apart"), command.output()).await;
    let output = output.unwrap_or_else(|error| fail(format!("unshare: {error}")));
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    let words = format!("{said}{complained}");
    if !output.status.success() || !said.contains("1 passed") {
        fail(format!("{test} apart: {}\n{words}", output.status));
    }
    show(&words);
    true
}

#[expect(clippy::print_stdout, reason = "what a test did is shown when it is asked for")]
fn show(words: &str) {
    println!("{words}");
}

/// A file system in memory with room for so many bytes. Only for tests that run apart.
#[derive(Debug)]
pub struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    /// Mounts it at a folder, which is made.
    ///
    /// # Panics
    /// When it cannot be mounted: the test does not run as root, or not apart.
    pub fn mount(folder: &Path, size_bytes: u64) -> Self {
        if env::var_os(ROLE).is_none() {
            fail("a disk is mounted by a test that runs apart only");
        }
        if let Err(error) = fs::create_dir_all(folder) {
            fail(format!("{}: {error}", folder.display()));
        }
        let settings = format!("size={size_bytes},mode=0700");
        let Ok(settings) = std::ffi::CString::new(settings) else { fail("a text without zeros") };
        let mounted = mount("tmpfs", folder, "tmpfs", MountFlags::empty(), Some(&*settings));
        if let Err(error) = mounted {
            fail(format!("mounting a small disk (is this root?): {error}"));
        }
        Self { folder: folder.to_owned() }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn filler(&self) -> PathBuf {
        self.folder.join("filler")
    }

    /// Takes all the room but so many bytes.
    ///
    /// # Panics
    /// When writing fails for any other reason than want of room.
    pub fn fill_but(&self, left_bytes: u64) {
        let opened = File::options().create(true).append(true).open(self.filler());
        let mut file = opened.unwrap_or_else(|error| fail(format!("a filler: {error}")));
        let stat = rustix::fs::statvfs(&self.folder);
        let stat = stat.unwrap_or_else(|error| fail(format!("how much room is there? {error}")));
        let mut wanted = (stat.f_bavail * stat.f_frsize).saturating_sub(left_bytes);
        while wanted > 0 {
            let piece = usize::try_from(wanted).unwrap_or(PIECE_BYTES).min(PIECE_BYTES);
            if !wrote(&mut file, piece) {
                return;
            }
            wanted -= piece as u64;
        }
    }

    /// Takes all the room there is.
    ///
    /// # Panics
    /// When writing fails for any other reason than want of room.
    pub fn fill(&self) {
        let opened = File::options().create(true).append(true).open(self.filler());
        let mut file = opened.unwrap_or_else(|error| fail(format!("a filler: {error}")));
        while wrote(&mut file, PIECE_BYTES) {}
        while wrote(&mut file, PAGE_BYTES) {}
    }

    /// Gives the room back.
    ///
    /// # Panics
    /// When nothing was taken.
    pub fn free(&self) {
        if let Err(error) = fs::remove_file(self.filler()) {
            fail(format!("{}: {error}", self.filler().display()));
        }
    }
}

/// `false`: there is no room.
fn wrote(file: &mut File, bytes: usize) -> bool {
    match file.write_all(&vec![0; bytes]) {
        Ok(()) => true,
        Err(error) if error.kind() == ErrorKind::StorageFull => false,
        Err(error) => fail(format!("filling a disk: {error}")),
    }
}
