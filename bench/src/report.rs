//! Figures, the JSON lines that carry them, and the table that people read.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Serialize;
use serde_json::Value;

use crate::goals::{self, Of};
use crate::trouble::{Doing, Outcome};

/// One measured number.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figure {
    pub(crate) bench: &'static str,
    pub(crate) figure: &'static str,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    pub(crate) params: Value,
    pub(crate) server_cpu_us_per_op: Option<f64>,
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    figure: &'a Figure,
    commit: &'a str,
}

impl Figure {
    pub(crate) fn new(
        bench: &'static str,
        figure: &'static str,
        value: f64,
        unit: &'static str,
        params: Value,
    ) -> Figure {
        Figure { bench, figure, value, unit, params, server_cpu_us_per_op: None }
    }

    /// With the server's CPU for one operation, in µs.
    pub(crate) fn server_cpu(mut self, us_per_op: f64) -> Figure {
        self.server_cpu_us_per_op = Some(us_per_op);
        self
    }
}

/// Where the JSON lines go.
pub(crate) struct Sink {
    out: Option<Box<dyn Write>>,
    path: PathBuf,
    commit: String,
}

impl Sink {
    /// Empties the file, so that a failed run leaves no old figures behind; `-` is standard output,
    /// no path is nowhere.
    pub(crate) fn open(path: Option<&Path>) -> Outcome<Sink> {
        let out: Option<Box<dyn Write>> = match path {
            None => None,
            Some(path) if path == Path::new("-") => Some(Box::new(io::stdout())),
            Some(path) => {
                let file = File::create(path).doing(|| format!("creating {}", path.display()))?;
                Some(Box::new(file))
            }
        };
        Ok(Sink { out, path: path.unwrap_or(Path::new("")).to_owned(), commit: commit() })
    }

    /// Writes the lines at once: the figures of a finished bench survive whatever comes later.
    pub(crate) fn write(&mut self, figures: &[Figure]) -> Outcome<()> {
        let Some(out) = &mut self.out else {
            return Ok(());
        };
        for figure in figures {
            let line = serde_json::to_string(&Line { figure, commit: &self.commit })
                .doing(|| format!("writing {figure:?} as JSON"))?;
            writeln!(out, "{line}").doing(|| format!("writing to {}", self.path.display()))?;
        }
        out.flush().doing(|| format!("writing to {}", self.path.display()))
    }
}

fn commit() -> String {
    let output = Command::new("git").args(["rev-parse", "--short", "HEAD"]).output();
    match output {
        Ok(output) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        }
        _ => "unknown".to_owned(),
    }
}

/// The table: one row for each figure, and one for its CPU when it has any.
pub(crate) fn table(figures: &[Figure]) -> String {
    let mut rows = vec![["figure", "value", "unit", "bar", "aim", ""].map(str::to_owned)];
    for figure in figures {
        rows.push(row(figure, Of::Value, figure.value, figure.unit));
        if let Some(cpu) = figure.server_cpu_us_per_op {
            rows.push(row(figure, Of::ServerCpu, cpu, "µs"));
        }
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: [usize; 6] = std::array::from_fn(|column| width(column).unwrap_or(0));
    let mut text = String::new();
    for row in &rows {
        let [name, value, unit, bar, aim, verdict] = row;
        let [w0, w1, w2, w3, w4, _] = widths;
        let line =
            format!("{name:w0$}  {value:>w1$} {unit:w2$}  {bar:>w3$}  {aim:>w4$}  {verdict}");
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

fn row(figure: &Figure, of: Of, value: f64, unit: &str) -> [String; 6] {
    let name = match of {
        Of::Value => format!("{}/{}", figure.bench, figure.figure),
        Of::ServerCpu => "  server CPU for each".to_owned(),
    };
    let fsync_p99_ms = figure.params["fsync_p99_ms"].as_f64();
    let goal = goals::find(figure.bench, figure.figure, of);
    let bar = goal.and_then(|goal| goal.bar.limit(fsync_p99_ms).map(|limit| (goal, limit)));
    let (bar, aim, verdict) = match bar {
        None => (String::new(), String::new(), ""),
        Some((goal, limit)) => (
            format!("{} {}", goal.bar.sign(), amount(limit)),
            goal.aim.map(amount).unwrap_or_default(),
            if goal.bar.is_met(value, limit) { "ok" } else { "short" },
        ),
    };
    [name, amount(value), unit.to_owned(), bar, aim, verdict.to_owned()]
}

/// Three significant digits, and thousands apart.
fn amount(value: f64) -> String {
    let magnitude = value.abs();
    let decimals = match magnitude {
        m if m >= 100.0 || m == 0.0 => 0,
        m if m >= 10.0 => 1,
        m if m >= 1.0 => 2,
        _ => 3,
    };
    let text = format!("{value:.decimals$}");
    if magnitude < 1000.0 {
        return text;
    }
    let mut grouped = String::new();
    for (index, digit) in text.chars().enumerate() {
        if index > 0 && (text.len() - index).is_multiple_of(3) && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_has_exactly_the_promised_fields() {
        let figure = Figure::new("direct", "messages_per_s", 50_000.5, "messages/s", json!({}));
        let line = serde_json::to_value(Line { figure: &figure, commit: "abc1234" }).unwrap();
        let expected = json!({
            "bench": "direct", "figure": "messages_per_s", "value": 50_000.5,
            "unit": "messages/s", "params": {}, "server_cpu_us_per_op": null, "commit": "abc1234",
        });
        assert_eq!(line, expected);
        let line = serde_json::to_value(Line { figure: &figure.server_cpu(12.5), commit: "x" });
        assert_eq!(line.unwrap()["server_cpu_us_per_op"], 12.5);
    }

    #[test]
    fn the_table_says_ok_and_short_and_nothing_without_a_bar() {
        let params = json!({"fsync_p99_ms": 1.0});
        let figures = [
            Figure::new("direct", "messages_per_s", 61_234.0, "messages/s", json!({}))
                .server_cpu(25.0),
            Figure::new("latency", "send_to_receive_p99_ms", 3.9, "ms", params),
            Figure::new("growth", "uniform_messages_per_s", 9000.0, "messages/s", json!({})),
        ];
        let table = table(&figures);
        let lines: Vec<&str> = table.lines().collect();
        assert!(lines[1].contains("61,234") && lines[1].ends_with("70,000  ok"), "{table}");
        assert!(lines[2].contains("≤ 20.0") && lines[2].ends_with("short"), "{table}");
        assert!(lines[3].contains("≤ 4.00") && lines[3].ends_with("ok"), "{table}");
        assert!(lines[4].ends_with("9,000 messages/s"), "{table}");
    }

    #[test]
    fn amounts_are_readable() {
        let shown = [0.0, 0.0441, 1.05, 14.04, 999.4, 1000.0, 1_234_567.8].map(amount);
        assert_eq!(shown, ["0", "0.044", "1.05", "14.0", "999", "1,000", "1,234,568"]);
    }

    #[test]
    fn an_old_file_is_emptied_and_lines_are_appended() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("figures.json");
        std::fs::write(&path, "old\n").unwrap();
        let mut sink = Sink::open(Some(&path)).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "");
        let figure = Figure::new("idle", "connects_per_s", 1.0, "connects/s", json!({}));
        sink.write(std::slice::from_ref(&figure)).unwrap();
        sink.write(&[figure]).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 2);
        let line: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert!(line["commit"].is_string());
    }
}
