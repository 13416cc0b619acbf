//! Requests made from the OpenAPI document, right ones and wrong ones, against a real server:
//! never a 5xx, and every answer as the document says.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::needs;
use super::tally::Tally;
use crate::workspace::{Workspace, capture};

/// Calls that a run makes at least; `--long` ten times as many.
const CALLS: u64 = 20_000;
/// A round of all callers beside each other.
const ROUND_S: u64 = 45;
/// A machine that has not made them by then is too slow to say anything.
const PATIENCE: Duration = Duration::from_secs(600);
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance,negative_data_rejection,unsupported_method,\
                      allow_header_conformance";

/// Makes the calls.
///
/// # Errors
/// When something is missing, or the server does not come up.
pub(crate) fn run(workspace: &Workspace, long: bool) -> Result<Tally, String> {
    let tool = needs::schemathesis(workspace)?;
    let place = workspace.target.join("schema");
    drop(fs::remove_dir_all(&place));
    fs::create_dir_all(&place).map_err(|e| format!("{}: {e}", place.display()))?;
    let mut server = Server::start(workspace.binary("hoopoe", false), &place)?;
    let callers = server.callers()?;
    let wanted = if long { 10 * CALLS } else { CALLS };
    let (began, mut calls, mut tally) = (Instant::now(), 0, Tally::default());
    for round in 1.. {
        for report in server.round(&tool, &callers, round)? {
            calls += report.calls;
            tally.passed += report.operations;
            tally.failed += report.failures;
        }
        server.assert_alive()?;
        println!("{calls} calls in {:.0} s", began.elapsed().as_secs_f64());
        if calls >= wanted || tally.failed > 0 {
            break;
        }
        if !long && began.elapsed() > PATIENCE {
            return Err(format!("{calls} calls of {wanted} within {PATIENCE:?}"));
        }
    }
    Ok(tally)
}

/// Who calls, and the headers that say so.
type Caller = (&'static str, Vec<String>);

/// What the tool says of one caller's round.
#[derive(Debug, PartialEq, Eq)]
struct Report {
    calls: u64,
    operations: usize,
    failures: usize,
}

impl Report {
    /// From the tool's JSON; nothing when it is something else.
    fn parse(value: &Value) -> Option<Self> {
        let cases = &value["test_cases"];
        let failures = value["failures"].as_array()?.len() + value["errors"].as_array()?.len();
        let operations = usize::try_from(value["operations"]["tested"].as_u64()?).ok()?;
        Some(Self { calls: cases["generated"].as_u64()?, operations, failures })
    }
}

struct Server {
    child: Child,
    binary: PathBuf,
    place: PathBuf,
    url: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Server {
    fn start(binary: PathBuf, place: &Path) -> Result<Self, String> {
        let log = File::create(place.join("server.log")).map_err(|e| format!("no log: {e}"))?;
        let mut command = Command::new(&binary);
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(place.join("data"));
        command.env("HOOPOE__LIMITS__ENABLED", "false").stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().map_err(|e| format!("cannot start the server: {e}"))?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut line).map_err(|e| format!("no address: {e}"))?;
        }
        let url = line.trim().strip_prefix("listening on ").map(str::to_owned);
        let mut server = Self { child, binary, place: place.to_owned(), url: String::new() };
        server.url = url.ok_or_else(|| format!("the server did not come up: {}", server.log()))?;
        Ok(server)
    }

    fn log(&self) -> String {
        fs::read_to_string(self.place.join("server.log")).unwrap_or_default()
    }

    /// A panic that was caught is an answer, and a bug all the same.
    fn assert_alive(&mut self) -> Result<(), String> {
        let log = self.log();
        match self.child.try_wait() {
            Ok(None) if !log.contains("panicked at") => Ok(()),
            _ => Err(format!("the server has panicked or ended: {log}")),
        }
    }

    fn cli(&self, words: &[&str]) -> Result<Value, String> {
        let mut command = Command::new(&self.binary);
        command.args(words).args(["--json", "--data"]).arg(self.place.join("data"));
        let printed = capture(&mut command)?;
        serde_json::from_str(&printed).map_err(|e| format!("{words:?}: {e}"))
    }

    /// A person, the app's backend, and the operator.
    fn callers(&self) -> Result<Vec<Caller>, String> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let key = text(&self.cli(&["app", "create", "demo"])?["server_key"]);
        for user in ["ann", "bob"] {
            self.cli(&["user", "create", user, "--app", "demo"])?;
        }
        // It deletes whom it finds: not the one above.
        let backend = text(&self.cli(&["app", "create", "backend"])?["server_key"]);
        let admin = text(&self.cli(&["admin", "key", "create"])?["admin_key"]);
        let bearer = |key: &str| format!("Authorization: Bearer {key}");
        Ok(vec![
            ("user", vec![bearer(&key), "Hoopoe-As: ann".to_owned()]),
            ("server", vec![bearer(&backend)]),
            ("admin", vec![bearer(&admin)]),
        ])
    }

    /// One round of every caller, side by side.
    fn round(&self, tool: &Path, callers: &[Caller], round: u64) -> Result<Vec<Report>, String> {
        let mut running = Vec::new();
        for (name, headers) in callers {
            let report = self.place.join(format!("{name}.json"));
            drop(fs::remove_file(&report));
            let told = self.place.join(format!("{name}.txt"));
            let out = File::create(&told).map_err(|e| format!("{}: {e}", told.display()))?;
            let mut command = Command::new(tool);
            command.arg("run").arg(format!("{}/v1/openapi.json", self.url));
            for header in headers {
                command.args(["--header", header]);
            }
            // The socket speaks another protocol.
            command.args(["--exclude-path", "/v1/socket", "--phases", "coverage,fuzzing"]);
            command.args(["--checks", CHECKS, "--continue-on-failure", "--workers", "1"]);
            command.args(["--seed", &round.to_string(), "--max-time", &ROUND_S.to_string()]);
            command.args(["--max-examples", "200", "--report", "json", "--report-json-path"]);
            command.arg(&report).current_dir(&self.place).stdin(Stdio::null()).stdout(out);
            let child = command.spawn().map_err(|e| format!("cannot start the tool: {e}"))?;
            running.push((name, report, told, child));
        }
        let mut reports = Vec::new();
        for (name, report, told, mut child) in running {
            let status = child.wait().map_err(|e| format!("{name}: {e}"))?;
            let text = fs::read_to_string(&report).unwrap_or_default();
            let words = || fs::read_to_string(&told).unwrap_or_default();
            let parsed = serde_json::from_str(&text).ok().as_ref().and_then(Report::parse);
            let parsed = parsed.ok_or_else(|| format!("{name}: no report: {}", words()))?;
            if parsed.failures > 0 || !status.success() {
                println!("{name}: {}", words());
            }
            if parsed.failures == 0 && !status.success() {
                return Err(format!("{name}: the tool ended with {status}"));
            }
            reports.push(parsed);
        }
        Ok(reports)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_and_errors_count_alike() {
        let value = serde_json::json!({
            "operations": {"tested": 39}, "test_cases": {"generated": 4782},
            "failures": [{}], "errors": [{}, {}],
        });
        let report = Report { calls: 4_782, operations: 39, failures: 3 };
        assert_eq!(Report::parse(&value), Some(report));
        assert_eq!(Report::parse(&serde_json::json!({})), None);
    }
}
