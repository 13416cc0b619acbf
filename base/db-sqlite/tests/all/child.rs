//! This test binary once more, as a process of its own that can be killed, starved or lied to.

use std::{
    env,
    ffi::OsString,
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{ChildStdout, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use hoopoe_testkit::harness::{PATIENCE, fail};

/// Where the child works. Its presence tells the child that it is one.
const FOLDER: &str = "HOOPOE_CHILD_FOLDER";
/// What a child says when its part of a test is done.
const PASSED: &str = "the child has passed";

/// The folder, when this process is a child. It does not outlive its parent.
pub(crate) fn role() -> Option<PathBuf> {
    let folder = env::var_os(FOLDER)?;
    let signal = Some(rustix::process::Signal::KILL);
    rustix::process::set_parent_process_death_signal(signal).expect("Linux knows this");
    // libtest has begun a line.
    println!();
    Some(folder.into())
}

/// Says that all went well.
pub(crate) fn passed() {
    println!("{PASSED}");
}

/// A child process and what it says.
pub(crate) struct Child {
    process: std::process::Child,
    lines: Receiver<String>,
    reader: Option<JoinHandle<()>>,
}

/// What a child is started with.
pub(crate) struct Start<'a> {
    pub(crate) test: &'a str,
    pub(crate) folder: &'a Path,
    pub(crate) variables: Vec<(&'static str, OsString)>,
    /// A file that grows too large is an error, not the end of the process.
    pub(crate) survives_file_limit: bool,
}

impl Start<'_> {
    pub(crate) fn spawn(self) -> Child {
        let own = env::current_exe().expect("a path");
        let mut command = if self.survives_file_limit {
            // An ignored signal stays ignored over exec.
            let mut shell = Command::new("/bin/sh");
            shell.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"]).arg(own);
            shell
        } else {
            Command::new(own)
        };
        command.args([self.test, "--exact", "--nocapture", "--test-threads=1"]);
        command.env(FOLDER, self.folder).envs(self.variables);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("a process");
        let stdout = process.stdout.take().expect("it is piped");
        let (sender, lines) = channel();
        let reader = std::thread::spawn(move || read(stdout, &sender));
        Child { process, lines, reader: Some(reader) }
    }
}

fn read(stdout: ChildStdout, sender: &std::sync::mpsc::Sender<String>) {
    for line in BufReader::new(stdout).lines() {
        // The end of a killed child's last line may be missing.
        let Ok(line) = line else { return };
        if sender.send(line).is_err() {
            return;
        }
    }
}

impl Child {
    /// The next line; `None` at `moment`.
    pub(crate) fn line_until(&self, moment: Instant) -> Option<String> {
        let left = moment.saturating_duration_since(Instant::now());
        match self.lines.recv_timeout(left) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => fail("the child ended by itself"),
        }
    }

    /// The next line, which must come, however slow the disk is just now.
    pub(crate) fn line(&self) -> String {
        let line = self.line_until(Instant::now() + 3 * PATIENCE);
        line.unwrap_or_else(|| fail(format!("the child says nothing: {}", self.threads())))
    }

    /// What each of its threads waits for in the kernel.
    fn threads(&self) -> String {
        let folder = format!("/proc/{}/task", self.process.id());
        let tasks = fs::read_dir(folder).into_iter().flatten().flatten();
        let read = |task: &fs::DirEntry, name: &str| {
            fs::read_to_string(task.path().join(name)).unwrap_or_default().trim().to_owned()
        };
        tasks.map(|task| format!("\n{}: {}", read(&task, "comm"), read(&task, "wchan"))).collect()
    }

    /// SIGKILL. Returns what it had said by then and was not read yet; of a line that was cut off
    /// nothing.
    pub(crate) fn kill(mut self) -> Vec<String> {
        self.process.kill().expect("it is ours");
        self.process.wait().expect("it is ours");
        if let Some(reader) = self.reader.take() {
            reader.join().expect("no panic");
        }
        self.lines.try_iter().collect()
    }

    /// Waits for its own end, which must be a good one.
    pub(crate) fn finish(mut self, limit: Duration) {
        let end = Instant::now() + limit;
        let mut said = Vec::new();
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => said.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => fail(format!("not done in {limit:?}: {said:#?}")),
            }
        }
        let status: ExitStatus = self.process.wait().expect("it is ours");
        let has_passed = said.iter().any(|line| line.contains(PASSED));
        assert!(status.success() && has_passed, "{status}: {said:#?}");
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to kill.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
