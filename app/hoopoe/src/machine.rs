//! What the machine gives and allows.

use std::{fs, io, path::Path};

use rustix::{
    fs::statvfs,
    process::{Resource, Rlimit, getrlimit, setrlimit},
};

/// Files that this process may have open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileLimit {
    /// What holds now; `None`: without limit.
    pub(crate) soft: Option<u64>,
    /// What it can be raised to.
    pub(crate) hard: Option<u64>,
}

/// Reads the limit.
pub(crate) fn file_limit() -> FileLimit {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    FileLimit { soft: current, hard: maximum }
}

/// Raises the soft limit to the hard one: every connection is a file.
pub(crate) fn raise_file_limit() -> io::Result<FileLimit> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum {
        setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?;
    }
    Ok(file_limit())
}

/// Bytes that this process may still write below a path.
pub(crate) fn free_bytes(path: &Path) -> io::Result<u64> {
    let stat = statvfs(path)?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// The process that holds an flock on the file with this inode, as far as the kernel tells.
pub(crate) fn lock_holder(inode: u64) -> Option<u32> {
    find_holder(&fs::read_to_string("/proc/locks").ok()?, inode)
}

/// A line is `1: FLOCK  ADVISORY  WRITE 4242 fe:01:1311 0 EOF`.
fn find_holder(locks: &str, inode: u64) -> Option<u32> {
    let inode = inode.to_string();
    let holder = |line: &str| {
        let mut words = line.split_whitespace().skip(1);
        let (kind, pid, file) = (words.next()?, words.nth(2)?, words.next()?);
        let is_it = kind == "FLOCK" && file.rsplit(':').next() == Some(&inode);
        // 0 is a process of another container.
        pid.parse().ok().filter(|pid| is_it && *pid != 0)
    };
    locks.lines().find_map(holder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_holder_of_a_lock_is_found() {
        let locks = "1: POSIX  ADVISORY  WRITE 7 fe:01:1311 0 EOF\n\
            2: FLOCK  ADVISORY  WRITE 42 fe:01:1311 0 EOF\n\
            2: -> FLOCK  ADVISORY  WRITE 43 fe:01:1311 0 EOF\n\
            3: FLOCK  ADVISORY  WRITE 0 fe:01:1312 0 EOF\n";
        assert_eq!(find_holder(locks, 1_311), Some(42));
        assert_eq!(find_holder(locks, 1_312), None);
        assert_eq!(find_holder("", 1), None);
    }

    #[test]
    fn the_machine_answers() {
        assert!(file_limit().soft.is_none_or(|files| files > 0));
        assert!(free_bytes(Path::new("/")).is_ok());
    }
}
