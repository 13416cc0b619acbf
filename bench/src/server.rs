//! The server under test: a child process of its own for each start.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;

use crate::trouble::{Doing, Outcome, Trouble, cannot_run};

const READY: &str = "listening on ";
const READY_TIMEOUT: Duration = Duration::from_secs(120);
// The server drains within 10 s of a SIGTERM; the rest is for a slow disk.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// A running server. Dropping it kills the process; [`Server::stop`] ends it properly.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    lines: Receiver<String>,
    address: SocketAddr,
    started: Instant,
}

impl Server {
    /// Starts `program serve` on a free port, with `settings` in its environment, and waits until
    /// it says where it listens. What it writes to standard error is appended to `log`.
    pub(crate) fn start(
        program: &Path,
        data: &Path,
        log: &Path,
        settings: &[(&str, &Path)],
    ) -> Outcome<Server> {
        let log_file = File::options()
            .create(true)
            .append(true)
            .open(log)
            .doing(|| format!("opening {}", log.display()))?;
        let started = Instant::now();
        let mut child = Command::new(program)
            .arg("serve")
            .arg("--data")
            .arg(data)
            .args(["--listen", "127.0.0.1:0"])
            .env("HOOPOE__LIMITS__ENABLED", "false")
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log_file)
            .spawn()
            .doing(|| format!("starting {}", program.display()))?;
        let lines = match child.stdout.take() {
            Some(stdout) => follow(stdout),
            None => return cannot_run("the server's standard output is missing"),
        };
        let mut server = Server { child, lines, address: ([127, 0, 0, 1], 0).into(), started };
        server.address = server.wait_until_ready(log)?;
        Ok(server)
    }

    fn wait_until_ready(&mut self, log: &Path) -> Outcome<SocketAddr> {
        let deadline = Instant::now() + READY_TIMEOUT;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    if let Some(address) = listening_address(&line) {
                        return Ok(address);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    return cannot_run(format!(
                        "the server did not say where it listens within {READY_TIMEOUT:?}{}",
                        tail(log)
                    ));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    let status = self.child.wait().doing(|| "waiting for the server")?;
                    return cannot_run(format!(
                        "the server ended before it listened: {status}{}",
                        tail(log)
                    ));
                }
            }
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The moment just before the process was made.
    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    /// SIGTERM, then waits for the end, which must be exit code 0.
    pub(crate) fn stop(mut self, log: &Path) -> Outcome<()> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)
            .doing(|| "sending SIGTERM to the server")?;
        let deadline = Instant::now() + STOP_TIMEOUT;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    return cannot_run(format!(
                        "the server did not end within {STOP_TIMEOUT:?} of SIGTERM{}",
                        tail(log)
                    ));
                }
            }
        }
        let status = self.child.wait().doing(|| "waiting for the server")?;
        if !status.success() {
            return cannot_run(format!(
                "after SIGTERM the server ended with {status}{}",
                tail(log)
            ));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only when the process is gone already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Lines of the server's standard output; the channel ends when the process closes it.
fn follow(stdout: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

fn listening_address(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once(READY)?;
    let rest = rest.strip_prefix("http://").or_else(|| rest.strip_prefix("https://"))?;
    rest.split_ascii_whitespace().next()?.trim_end_matches('/').parse().ok()
}

/// The last lines of the server's log, to be put behind a message.
pub(crate) fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let shown = &lines[lines.len().saturating_sub(12)..];
    if shown.is_empty() {
        return String::new();
    }
    format!("\nthe server's last words:\n  {}", shown.join("\n  "))
}

/// What `app create --json` prints.
#[derive(Debug, Deserialize)]
pub(crate) struct App {
    /// Acts for the app in HTTP requests.
    pub(crate) server_key: String,
}

/// Makes an app by the command line, beside the running server.
pub(crate) fn create_app(program: &Path, data: &Path, name: &str) -> Outcome<App> {
    let output = Command::new(program)
        .args(["app", "create", name, "--data"])
        .arg(data)
        .arg("--json")
        .stdin(Stdio::null())
        .output()
        .doing(|| format!("running {} app create", program.display()))?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        return cannot_run(format!("app create ended with {}: {}", output.status, words.trim()));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| {
        let words = String::from_utf8_lossy(&output.stdout);
        Trouble::CannotRun(format!("app create printed {words:?}: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_from_the_line() {
        let expected = Some("127.0.0.1:41234".parse().unwrap());
        assert_eq!(listening_address("listening on http://127.0.0.1:41234"), expected);
        assert_eq!(listening_address("listening on http://127.0.0.1:41234/ (demo)"), expected);
        assert_eq!(listening_address("listening on https://127.0.0.1:41234"), expected);
        assert_eq!(listening_address("opening the database"), None);
    }

    #[test]
    fn a_program_that_ends_or_does_not_exist_is_told() {
        let home = tempfile::tempdir().unwrap();
        let log = home.path().join("log");
        let ended = Server::start(Path::new("/bin/false"), home.path(), &log, &[]).unwrap_err();
        assert!(ended.to_string().contains("ended before it listened"), "{ended}");
        let missing = Server::start(&home.path().join("none"), home.path(), &log, &[]).unwrap_err();
        assert!(missing.to_string().contains("starting"), "{missing}");
    }
}
