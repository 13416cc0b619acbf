//! Looks whether the data and the machine are in order.

use std::{fs, os::unix::fs::MetadataExt, path::Path, time::Duration};

use hoopoe_kernel::Fail;
use serde::Serialize;
use serde_json::json;

use crate::{
    compose::House,
    data_dir::{self, FORMAT},
    machine,
    output::Answer,
    trouble::Trouble,
};

/// Less than this is not enough to go on for long.
const FREE_BYTES_MIN: u64 = 256 * 1024 * 1024;
/// Fewer files than this are not enough for a room full of people.
const FILES_MIN: u64 = 1_024;
/// The writer keeps the write-ahead log below 64 MiB; far above it something holds an old view.
const WAL_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// How long a write may take before the database counts as stuck.
const WRITE_WAIT: Duration = Duration::from_secs(10);

#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    ok: bool,
    detail: String,
}

impl Check {
    fn new(name: &'static str, ok: bool, detail: impl Into<String>) -> Self {
        Self { name, ok, detail: detail.into() }
    }
}

/// All checks, worst not first but in a fixed order.
pub(crate) async fn examine(house: &House) -> Result<Answer, Trouble> {
    let mut checks = Vec::new();
    if let Some(data) = &house.data {
        checks.push(directory(data));
        checks.push(format(data));
        checks.push(free_space(data));
    }
    checks.push(database(house).await?);
    checks.push(writing(house).await);
    if let Some(bytes) = house.storage.wal_bytes() {
        let detail = size(bytes);
        checks.push(Check::new("write-ahead log", bytes <= WAL_BYTES_MAX, detail));
    }
    checks.push(files());
    Ok(report(&checks))
}

fn report(checks: &[Check]) -> Answer {
    let line = |check: &Check| {
        let mark = if check.ok { "ok  " } else { "BAD " };
        format!("{mark} {:<16} {}", check.name, check.detail)
    };
    let lines: Vec<String> = checks.iter().map(line).collect();
    let bad: Vec<&str> = checks.iter().filter(|check| !check.ok).map(|check| check.name).collect();
    let json = json!({"ok": bad.is_empty(), "checks": checks});
    let mut answer = Answer::new(json, lines.join("\n"));
    if !bad.is_empty() {
        answer.complaint = Some(format!("not in order: {}", bad.join(", ")));
    }
    answer
}

fn directory(data: &Path) -> Check {
    let name = "data directory";
    match fs::metadata(data) {
        Ok(metadata) => {
            let mode = metadata.mode() & 0o777;
            Check::new(name, mode & 0o077 == 0, format!("{} (mode {mode:03o})", data.display()))
        }
        Err(error) => Check::new(name, false, error.to_string()),
    }
}

fn format(data: &Path) -> Check {
    let name = "format";
    match data_dir::read_format(data) {
        Ok(Some(format)) => Check::new(name, format <= FORMAT, format.to_string()),
        Ok(None) => Check::new(name, false, "no stamp"),
        Err(trouble) => Check::new(name, false, trouble.to_string()),
    }
}

fn free_space(data: &Path) -> Check {
    let name = "free space";
    match machine::free_bytes(data) {
        Ok(bytes) => Check::new(name, bytes >= FREE_BYTES_MIN, size(bytes)),
        Err(error) => Check::new(name, false, error.to_string()),
    }
}

async fn database(house: &House) -> Result<Check, Trouble> {
    let kind = house.storage.name();
    Ok(match house.storage.check().await? {
        None => Check::new("database", true, kind),
        Some(findings) if findings.is_empty() => {
            Check::new("database", true, format!("{kind}, sound"))
        }
        Some(findings) => {
            let first = findings.first().map_or("", |finding| finding);
            let detail = format!("{kind}, {} findings: {first}", findings.len());
            Check::new("database", false, detail)
        }
    })
}

async fn writing(house: &House) -> Check {
    let name = "writing";
    match house.probe_write(WRITE_WAIT).await {
        Ok(()) => Check::new(name, true, "works"),
        Err(fail) => Check::new(name, false, words(&fail)),
    }
}

fn words(fail: &Fail) -> String {
    Trouble::from(fail.clone()).to_string()
}

fn files() -> Check {
    let limit = machine::file_limit();
    let told = |limit: Option<u64>| limit.map_or("no limit".to_owned(), |files| files.to_string());
    let detail = format!("{} (raised to {} by serve)", told(limit.soft), told(limit.hard));
    Check::new("open files", limit.hard.is_none_or(|files| files >= FILES_MIN), detail)
}

/// `1.5 GiB`.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1_024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1_024.0;
    let mut unit = 0;
    while value >= 1_024.0 && unit + 1 < UNITS.len() {
        value /= 1_024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_for_people() {
        assert_eq!(size(0), "0 B");
        assert_eq!(size(1_536), "1.5 KiB");
        assert_eq!(size(3 * 1024 * 1024 * 1024), "3.0 GiB");
        assert_eq!(size(u64::MAX), "16777216.0 TiB");
    }

    #[test]
    fn a_bad_check_is_a_complaint() {
        let good = Check::new("a", true, "x");
        assert_eq!(report(&[good]).complaint, None);
        let answer = report(&[Check::new("a", true, "x"), Check::new("b", false, "y")]);
        assert_eq!(answer.complaint.as_deref(), Some("not in order: b"));
        assert_eq!(
            (&answer.json["ok"], &answer.json["checks"][1]["ok"]),
            (&json!(false), &json!(false))
        );
        assert!(answer.text.contains("BAD  b"), "{}", answer.text);
    }
}
