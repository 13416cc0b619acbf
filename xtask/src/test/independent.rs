//! The client that shares no code with us: `tests/independent/chat.py` against a real server.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::needs;
use super::tally::Tally;
use crate::workspace::{Workspace, capture};

/// Starts a server on an empty directory, makes an app and lets the client at it.
///
/// # Errors
/// When the server or Python cannot be started, or the client does not come to its last line.
pub(crate) fn run(workspace: &Workspace) -> Result<Tally, String> {
    let dir = workspace.root.join("tests/independent");
    let python = needs::python(workspace, &dir.join("requirements.txt"))?;
    let data = workspace.target.join("tmp/independent");
    match std::fs::remove_dir_all(&data) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            return Err(format!("cannot empty {}: {e}", data.display()));
        }
        _ => {}
    }
    let server = Server::start(&workspace.binary("hoopoe", false), &data)?;
    let key = server.key(&data)?;
    let mut client = Command::new(python);
    client.args(["-W", "error"]).arg(dir.join("chat.py")).arg(&server.url).arg(&key);
    let output = client
        .stderr(Stdio::inherit())
        .output()
        .map_err(|e| format!("cannot start the client: {e}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    print!("{said}");
    let tally = last_line(&said).ok_or("the client did not come to its last line")?;
    match output.status.success() == (tally.failed == 0) && tally.passed + tally.failed > 0 {
        true => Ok(tally),
        false => Err(format!("the client says {said:?} and ends with {}", output.status)),
    }
}

/// `18 passed, 0 failed`.
fn last_line(said: &str) -> Option<Tally> {
    let (passed, failed) = said.lines().last()?.split_once(" passed, ")?;
    let failed = failed.strip_suffix(" failed")?;
    Some(Tally::of(passed.parse().ok()?, failed.parse().ok()?))
}

/// A server that ends with the test.
struct Server {
    binary: std::path::PathBuf,
    process: Child,
    url: String,
}

impl Server {
    fn start(binary: &Path, data: &Path) -> Result<Self, String> {
        let mut command = Command::new(binary);
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
        let started = command.stdout(Stdio::piped()).stdin(Stdio::null()).spawn();
        let mut process = started.map_err(|e| format!("cannot start the server: {e}"))?;
        let stdout = process.stdout.take();
        let mut server = Self { binary: binary.to_owned(), process, url: String::new() };
        let mut line = String::new();
        if let Some(stdout) = stdout {
            BufReader::new(stdout)
                .read_line(&mut line)
                .map_err(|e| format!("cannot hear the server: {e}"))?;
        }
        let url = line.trim_end().strip_prefix("listening on ");
        server.url = url.ok_or_else(|| format!("the server said {line:?}"))?.to_owned();
        Ok(server)
    }

    /// The server key of a new app.
    fn key(&self, data: &Path) -> Result<String, String> {
        let mut command = Command::new(&self.binary);
        let made = capture(command.args(["app", "create", "shop", "--json", "--data"]).arg(data))?;
        let made: serde_json::Value = serde_json::from_str(&made)
            .map_err(|e| format!("`hoopoe app create` printed no JSON: {e}"))?;
        let key = made["server_key"].as_str().ok_or("`hoopoe app create` printed no key")?;
        Ok(key.to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already; what it kept is thrown away with the directory.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_is_counted_by_its_last_line() {
        assert_eq!(last_line("ok  a\n3 passed, 1 failed\n"), Some(Tally::of(3, 1)));
        for nonsense in ["", "3 passed", "3 passed, 1 failed, 2 lost", "x passed, 0 failed"] {
            assert_eq!(last_line(nonsense), None, "{nonsense}");
        }
    }
}
