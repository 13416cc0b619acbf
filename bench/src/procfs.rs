//! What Linux says about a process: CPU time used, memory held, files it may open.

use std::fs;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::trouble::{Doing, Outcome, Trouble, cannot_run};

/// Files that client and server need besides the connections.
const OTHER_FILES: u64 = 128;

/// Memory of a process in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// Resident pages of every kind (`VmRSS`).
    pub(crate) rss_bytes: u64,
    /// Resident anonymous pages (`RssAnon`): heap and stacks without the program and its files.
    pub(crate) anon_bytes: u64,
}

/// User and system time that all threads of the process have used so far.
pub(crate) fn cpu_time(pid: u32) -> Outcome<Duration> {
    let path = format!("/proc/{pid}/stat");
    let text = fs::read_to_string(&path).doing(|| format!("reading {path}"))?;
    let ticks = cpu_ticks(&text)
        .ok_or_else(|| Trouble::CannotRun(format!("{path} has no times in it: {text}")))?;
    let per_second = rustix::param::clock_ticks_per_second().max(1);
    Ok(Duration::from_secs_f64(ticks as f64 / per_second as f64))
}

/// `utime + stime` (fields 14 and 15) of a `/proc/PID/stat` line. The second field is the program's
/// name in parentheses and may hold spaces and parentheses itself, so counting starts behind it.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// Memory that the process holds now.
pub(crate) fn memory(pid: u32) -> Outcome<Memory> {
    let path = format!("/proc/{pid}/status");
    let text = fs::read_to_string(&path).doing(|| format!("reading {path}"))?;
    let field = |name: &str| {
        kibibytes(&text, name)
            .map(|kib| kib * 1024)
            .ok_or_else(|| Trouble::CannotRun(format!("{path} has no {name}")))
    };
    Ok(Memory { rss_bytes: field("VmRSS:")?, anon_bytes: field("RssAnon:")? })
}

fn kibibytes(status: &str, name: &str) -> Option<u64> {
    let rest = status.lines().find_map(|line| line.strip_prefix(name))?;
    rest.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// Raises the soft limit of open files to the hard one, for this process and for the servers that
/// it starts; returns how many files may be open now.
pub(crate) fn raise_open_files() -> Outcome<u64> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    setrlimit(Resource::Nofile, raised).doing(|| "raising the limit of open files")?;
    Ok(limit.maximum.unwrap_or(u64::MAX))
}

/// Makes sure that this process, and the servers that it starts, may hold so many connections.
pub(crate) fn open_files_for(connections: usize) -> Outcome<()> {
    let files = raise_open_files()?;
    if files < connections as u64 + OTHER_FILES {
        return cannot_run(format!(
            "{connections} connections need {OTHER_FILES} files more than that, \
             but a process may open {files} here (ulimit -Hn)"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_are_found_behind_a_nasty_program_name() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 4 0 999";
        assert_eq!(cpu_ticks(stat), Some(300));
        assert_eq!(cpu_ticks("42 (a) S 1"), None);
    }

    #[test]
    fn memory_is_read_in_bytes() {
        let status = "Name:\tx\nVmRSS:\t   2048 kB\nRssAnon:\t    1024 kB\n";
        assert_eq!(kibibytes(status, "VmRSS:"), Some(2048));
        assert_eq!(kibibytes(status, "RssFile:"), None);
    }

    #[test]
    fn this_process_has_memory_and_its_cpu_time_grows() {
        let pid = std::process::id();
        assert!(memory(pid).unwrap().rss_bytes > 0);
        let before = cpu_time(pid).unwrap();
        let mut work = 0_u64;
        while cpu_time(pid).unwrap() == before {
            work = std::hint::black_box(work.wrapping_add(1));
        }
    }
}
