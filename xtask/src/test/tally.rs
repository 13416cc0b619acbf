//! Counting what the test runners say, and passing it on.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use crate::workspace::show;

/// Who runs the tests. What the tests themselves print may look like another runner's lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Runner {
    /// `cargo nextest`.
    #[default]
    Nextest,
    /// `cargo test`.
    Cargo,
    /// `vitest run`.
    Vitest,
}

/// What one run of tests came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Tests that passed.
    pub(crate) passed: usize,
    /// Tests that did not.
    pub(crate) failed: usize,
    /// Of all, those that ran on SQLite.
    pub(crate) on_sqlite: usize,
    /// Of all, those that ran on PostgreSQL.
    pub(crate) on_postgres: usize,
    /// Whether the runner has summed up: what it says of single tests afterwards is a repeat.
    summed: bool,
}

impl Tally {
    /// One check that passed.
    pub(crate) const PASSED: Self = Self::of(1, 0);
    /// One check that failed.
    pub(crate) const FAILED: Self = Self::of(0, 1);

    /// Checks that were counted elsewhere.
    pub(crate) const fn of(passed: usize, failed: usize) -> Self {
        Self { passed, failed, on_sqlite: 0, on_postgres: 0, summed: false }
    }

    /// Takes in one line of what the runner says.
    pub(crate) fn read(&mut self, runner: Runner, line: &str) {
        let line = plain(line);
        let line = line.trim();
        let name = match runner {
            Runner::Nextest if self.summed => None,
            Runner::Nextest => {
                if let Some((_, counts)) =
                    line.strip_prefix("Summary [").and_then(|rest| rest.split_once(" run: "))
                {
                    self.count(counts.split(','));
                    self.summed = true;
                }
                nextest_name(line)
            }
            Runner::Cargo => {
                if let Some((_, counts)) =
                    line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". "))
                {
                    self.count(counts.split(';').take(2));
                }
                line.strip_prefix("test ").and_then(|rest| Some(rest.split_once(" ... ")?.0))
            }
            Runner::Vitest => {
                if let Some(counts) = line.strip_prefix("Tests  ").filter(|_| !self.summed) {
                    self.summed = counts.ends_with(')');
                    self.count(counts.split('|').filter(|_| counts.ends_with(')')));
                }
                None
            }
        };
        if let Some(name) = name {
            self.on_sqlite += usize::from(name.ends_with("::sqlite"));
            self.on_postgres += usize::from(name.ends_with("::postgres"));
        }
    }

    fn count<'a>(&mut self, parts: impl Iterator<Item = &'a str>) {
        for part in parts {
            let mut words = part.split_whitespace();
            let number = words.next().and_then(|word| word.parse::<usize>().ok()).unwrap_or(0);
            match words.next() {
                Some("passed") => self.passed += number,
                Some("skipped" | "todo") | None => {}
                Some(_) => self.failed += number,
            }
        }
    }
}

/// The name in a line of nextest that tells how one test went.
fn nextest_name(line: &str) -> Option<&str> {
    let told = ["PASS", "FAIL", "TIMEOUT", "LEAK", "SIGABRT", "SIGSEGV", "SIGKILL"];
    let rest = told.iter().find_map(|word| line.strip_prefix(word))?;
    rest.trim_start().starts_with('[').then(|| rest.rsplit(' ').next().unwrap_or(rest))
}

/// A line without colours.
fn plain(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find("\u{1b}[") {
        out.push_str(&rest[..at]);
        rest = &rest[at + 2..];
        let end = rest.find(|c: char| c.is_ascii_alphabetic()).map_or(rest.len(), |end| end + 1);
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

/// Runs a test runner, shows what it says while it says it, and counts.
///
/// A runner that fails without a failed test, or that runs no test, has failed once.
///
/// # Errors
/// When it cannot be started.
pub(crate) fn tallied(runner: Runner, command: &mut Command) -> Result<Tally, String> {
    let shown = show(command);
    println!("$ {shown}");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|e| format!("cannot start `{shown}`: {e}"))?;
    let tally = Mutex::new(Tally::default());
    std::thread::scope(|scope| {
        if let Some(pipe) = child.stdout.take() {
            scope.spawn(|| pass_on(runner, pipe, &tally));
        }
        if let Some(pipe) = child.stderr.take() {
            scope.spawn(|| pass_on(runner, pipe, &tally));
        }
    });
    let status = child.wait().map_err(|e| format!("`{shown}` was lost: {e}"))?;
    let mut tally = tally.into_inner().map_err(|_| "a reader of the output died".to_owned())?;
    if tally.passed + tally.failed == 0 {
        println!("`{shown}` ran no test ({status})");
        return Ok(Tally::FAILED);
    }
    if !status.success() && tally.failed == 0 {
        println!("`{shown}` failed ({status})");
        tally.failed = 1;
    }
    Ok(tally)
}

fn pass_on(runner: Runner, pipe: impl Read, tally: &Mutex<Tally>) {
    let mut reader = BufReader::new(pipe);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        let text = String::from_utf8_lossy(&line);
        if let Ok(mut tally) = tally.lock() {
            tally.read(runner, &text);
        }
        print!("{text}");
        line.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(runner: Runner, lines: &[&str]) -> (usize, usize) {
        let mut tally = Tally::default();
        for line in lines {
            tally.read(runner, line);
        }
        (tally.passed, tally.failed)
    }

    #[test]
    fn nextest_is_understood() {
        let nextest = |line| read(Runner::Nextest, &[line]);
        let summary = "     Summary [   0.010s] 3 tests run: 3 passed (1 slow), 2 skipped\n";
        assert_eq!(nextest(summary), (3, 0));
        let failed = "Summary [1.0s] 5/9 tests run: 1 passed, 2 failed, 1 timed out, 1 exec failed";
        assert_eq!(nextest(failed), (1, 4));
        let coloured = "\u{1b}[31;1m     Summary\u{1b}[0m [   0.1s] \u{1b}[1m1\u{1b}[0m test run: \
                        \u{1b}[1m1\u{1b}[0m \u{1b}[32;1mpassed\u{1b}[0m, \u{1b}[1m0\u{1b}[0m skipped";
        assert_eq!(nextest(coloured), (1, 0));
    }

    #[test]
    fn cargo_test_is_understood() {
        let lines = [
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out",
            "test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 7 filtered out",
        ];
        assert_eq!(read(Runner::Cargo, &lines), (7, 2));
        assert_eq!(read(Runner::Nextest, &lines), (0, 0), "nextest shows what failed tests print");
    }

    #[test]
    fn vitest_is_understood() {
        let vitest = |line: &str| read(Runner::Vitest, &[line]);
        assert_eq!(vitest("      Tests  120 passed (120)\n"), (120, 0));
        let mixed = "\u{1b}[2m      Tests \u{1b}[22m \u{1b}[1m\u{1b}[31m3 failed\u{1b}[39m\u{1b}[22m\u{1b}[2m | \
                     \u{1b}[22m\u{1b}[1m\u{1b}[32m4 passed\u{1b}[39m\u{1b}[22m | 2 skipped | 1 todo (10)";
        assert_eq!(vitest(mixed), (4, 3));
        for other in ["Test Files  2 failed | 3 passed (5)", "Tests  no tests", "Tests  2 passed"] {
            assert_eq!(vitest(other), (0, 0), "{other}");
        }
        let twice = ["Tests  1 passed (1)", "Tests  9 failed (9)"];
        assert_eq!(read(Runner::Vitest, &twice), (1, 0), "what a test prints afterwards");
    }

    #[test]
    fn legs_are_counted_once() {
        let mut tally = Tally::default();
        for line in [
            "        PASS [   0.005s] (1/3) hoopoe-log a::b::sqlite",
            "        FAIL [   0.005s] (2/3) hoopoe-log a::b::postgres",
            "   Compiling hoopoe-db-sqlite v0.1.0",
            "Summary [1.0s] 2 tests run: 1 passed, 1 failed",
            "        FAIL [   0.005s] (2/3) hoopoe-log a::b::postgres",
        ] {
            tally.read(Runner::Nextest, line);
        }
        assert_eq!((tally.on_sqlite, tally.on_postgres), (1, 1));
        tally.read(Runner::Cargo, "test a::c::sqlite ... ok");
        assert_eq!((tally.on_sqlite, tally.on_postgres), (2, 1));
    }

    fn shell(script: &str) -> Tally {
        tallied(Runner::Cargo, Command::new("sh").args(["-c", script])).expect("there is a shell")
    }

    #[test]
    fn a_run_without_tests_has_failed_and_so_has_one_that_dies() {
        let good = "echo 'test result: ok. 2 passed; 0 failed; 0 ignored'";
        assert_eq!(shell(good), Tally::of(2, 0));
        assert_eq!(shell("true"), Tally::FAILED);
        assert_eq!(shell(&format!("{good}; exit 3")).failed, 1);
    }
}
