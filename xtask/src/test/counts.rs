//! The part `counts`: instructions per operation, compared with `bench/counts.txt`.
//!
//! Valgrind counts instructions, so that the figures are the same on a busy machine. The table is
//! committed; `--bless` writes it anew, and its diff then shows what a change costs.

use std::collections::BTreeMap;
use std::ffi::OsString;

use serde_json::Value;

use super::needs;
use super::tally::Tally;
use crate::workspace::{Workspace, capture};

/// Where the table stands.
const TABLE: &str = "bench/counts.txt";
/// How far a count may move from the table, in percent of it.
const TOLERANCE_PERCENT: u64 = 5;

type Counts = BTreeMap<String, u64>;

/// Counts and compares, or, to `bless`, writes the table.
///
/// # Errors
/// When something that it needs is missing, or the benches do not run.
pub(crate) fn run(workspace: &Workspace, bless: bool) -> Result<Tally, String> {
    let tools = needs::counters(workspace)?;
    let mut cargo = workspace.command("cargo");
    cargo.args(["bench", "--package", "hoopoe-bench", "--bench", "counts"]);
    cargo.env("PATH", extended_path(tools.into_os_string()));
    cargo.env("GUNGRAUN_OUTPUT_FORMAT", "json");
    let counts = parse(&capture(&mut cargo)?)?;
    if counts.is_empty() {
        return Err("bench/benches/counts.rs counted nothing".to_owned());
    }
    let path = workspace.root.join(TABLE);
    if bless {
        let text: String = counts.iter().map(|(name, n)| format!("{name} {n}\n")).collect();
        std::fs::write(path, text).map_err(|e| format!("cannot write {TABLE}: {e}"))?;
        return Ok(Tally::of(counts.len(), 0));
    }
    let table = std::fs::read_to_string(path).unwrap_or_default();
    let mut tally = Tally::default();
    for (good, line) in compare(&read_table(&table), &counts) {
        println!("{line}");
        tally.passed += usize::from(good);
        tally.failed += usize::from(!good);
    }
    if tally.failed > 0 {
        println!(
            "when this is meant: `cargo xtask test counts --bless`, and say why in the commit"
        );
    }
    Ok(tally)
}

fn extended_path(tools: OsString) -> OsString {
    let mut path = tools;
    if let Some(rest) = std::env::var_os("PATH") {
        path.push(":");
        path.push(rest);
    }
    path
}

/// The instruction count of each bench, from the runner's JSON, one object a line.
fn parse(output: &str) -> Result<Counts, String> {
    let mut counts = Counts::new();
    for line in output.lines().filter(|line| line.starts_with('{')) {
        let value: Value =
            serde_json::from_str(line).map_err(|e| format!("gungraun printed no JSON: {e}"))?;
        let (name, count) = one(&value).ok_or("gungraun's JSON has another shape now")?;
        counts.insert(name, count);
    }
    Ok(counts)
}

fn one(value: &Value) -> Option<(String, u64)> {
    let mut name = value["module_path"].as_str()?.to_owned();
    if let Some(id) = value["id"].as_str() {
        name.push(':');
        name.push_str(id);
    }
    let profiles = value["profiles"].as_array()?;
    let callgrind = profiles.iter().find(|profile| profile["tool"] == "Callgrind")?;
    let count = callgrind["data"]["total"]["metrics"]["Ir"]["values"]["new"].as_u64()?;
    Some((name, count))
}

fn read_table(text: &str) -> Counts {
    let rows = text.lines().filter_map(|line| line.split_once(' '));
    rows.filter_map(|(name, n)| Some((name.to_owned(), n.trim().parse().ok()?))).collect()
}

/// A line for each bench, and whether it is as the table says.
fn compare(table: &Counts, counts: &Counts) -> Vec<(bool, String)> {
    let mut lines = Vec::new();
    for (name, &count) in counts {
        lines.push(match table.get(name) {
            None => (false, format!("{name}: {count}, and {TABLE} does not know it")),
            Some(&was) => {
                let good = count.abs_diff(was) * 100 <= was * TOLERANCE_PERCENT;
                let word = if good { "as before" } else { "moved" };
                (good, format!("{name}: {count} instructions, table {was}: {word}"))
            }
        });
    }
    for name in table.keys().filter(|name| !counts.contains_key(*name)) {
        lines.push((false, format!("{name}: in {TABLE}, but no bench counts it")));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runner_is_understood() {
        let line =
            r#"{"module_path":"counts::log::append","id":"one","profiles":[{"tool":"Callgrind",
            "data":{"total":{"metrics":{"Ir":{"values":{"new":5532}}}}}}]}"#
                .replace('\n', "");
        let counts = parse(&format!("text\n{line}\n")).expect("this is what gungraun prints");
        assert_eq!(counts.get("counts::log::append:one"), Some(&5532));
        assert!(parse("{}").is_err());
        assert!(parse("{").is_err());
    }

    #[test]
    fn five_percent_either_way_is_the_limit() {
        let table = read_table("a 1000\nb 1000\nc 1000\nd 1000\ngone 1\n");
        let counts = read_table("a 1050\nb 1051\nc 950\nd 949\nnew 1\n");
        let good: Vec<bool> = compare(&table, &counts).into_iter().map(|(good, _)| good).collect();
        assert_eq!(good, [true, false, true, false, false, false]);
    }
}
