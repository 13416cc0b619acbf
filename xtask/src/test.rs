//! `cargo xtask test`: everything that must hold before a change lands, part by part.
//!
//! All parts that run code of the workspace share one set of Cargo features, so that it is compiled
//! once. The last line is `N passed, N failed`.

mod budget;
mod counts;
mod independent;
mod needs;
mod parts;
mod schema;
mod tally;
mod web;

use std::time::Instant;

use crate::workspace::Workspace;
use parts::Part;
use tally::Tally;

/// What was asked for.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// A part or a crate; everything when absent.
    pub(crate) part: Option<String>,
    /// More rounds.
    pub(crate) long: bool,
    /// Accept the instruction counts as they are.
    pub(crate) bless: bool,
}

/// One row of the table at the end.
struct Row {
    name: String,
    tally: Tally,
    seconds: f64,
}

/// Runs what was asked for and says how it went; `false` when something failed.
///
/// # Errors
/// When the word is neither a part nor a crate.
pub(crate) fn command(workspace: &Workspace, options: &Options) -> Result<bool, String> {
    let rows = match options.part.as_deref() {
        None => all(workspace, options, Part::ALL),
        Some("budget") => {
            vec![timed("budget", || budget::run(workspace, options.long))]
        }
        Some(word) => match Part::ALL.iter().find(|part| part.name() == word) {
            Some(part) => all(workspace, options, &[*part]),
            None => {
                let package = workspace.package(word).ok_or_else(|| {
                    let names: Vec<&str> = Part::ALL.iter().map(|part| part.name()).collect();
                    format!("`{word}` is neither a part ({}, budget) nor a crate", names.join(", "))
                })?;
                vec![timed(word, || parts::one_crate(workspace, package, options.long))]
            }
        },
    };
    Ok(report(&rows))
}

/// Runs parts in order. A failed one does not stop the others; a broken build does.
fn all(workspace: &Workspace, options: &Options, parts: &[Part]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for &part in parts {
        let built = rows.iter().any(|row| row.name == "build");
        if part.needs_build() && !built {
            let with_client = parts.contains(&Part::Browser);
            let build = timed("build", || parts::build(workspace, with_client));
            let broken = build.tally.failed > 0;
            rows.push(build);
            if broken {
                println!("the build is broken: nothing more to test");
                break;
            }
        }
        rows.push(timed(part.name(), || part.run(workspace, options)));
    }
    rows
}

fn timed(name: &str, run: impl FnOnce() -> Result<Tally, String>) -> Row {
    println!("\n== {name}");
    let began = Instant::now();
    let tally = run().unwrap_or_else(|error| {
        println!("{error}");
        Tally::FAILED
    });
    let seconds = began.elapsed().as_secs_f64();
    let (passed, failed) = (tally.passed, tally.failed);
    println!("== {name}: {passed} passed, {failed} failed in {seconds:.1} s");
    Row { name: name.to_owned(), tally, seconds }
}

fn report(rows: &[Row]) -> bool {
    let (text, good) = table(rows);
    print!("\n{text}");
    good
}

/// The table and the last line, and whether all is well.
fn table(rows: &[Row]) -> (String, bool) {
    use std::fmt::Write;
    let mut text = format!("{:<12} {:>8} {:>8} {:>9}\n", "part", "passed", "failed", "seconds");
    let (mut passed, mut failed, mut seconds) = (0, 0, 0.0);
    for Row { name, tally, seconds: took } in rows {
        let (good, bad) = (tally.passed, tally.failed);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name:<12} {good:>8} {bad:>8} {took:>9.1}");
        passed += good;
        failed += bad;
        seconds += took;
    }
    let _ = writeln!(text, "{:<12} {passed:>8} {failed:>8} {seconds:>9.1}", "all");
    let _ = writeln!(text, "{passed} passed, {failed} failed");
    (text, failed == 0 && !rows.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(passed: usize, failed: usize) -> Row {
        Row { name: "unit".to_owned(), tally: Tally::of(passed, failed), seconds: 1.25 }
    }

    #[test]
    fn the_last_line_counts_everything() {
        let (text, good) = table(&[row(3, 0), row(4, 0)]);
        assert_eq!(text.lines().last(), Some("7 passed, 0 failed"));
        assert!(good);
        let (text, good) = table(&[row(3, 0), row(4, 2)]);
        assert_eq!(text.lines().last(), Some("7 passed, 2 failed"));
        assert!(!good);
        assert!(!table(&[]).1);
    }

    #[test]
    fn a_part_that_cannot_run_has_failed() {
        assert_eq!(timed("x", || Err("no".to_owned())).tally, Tally::FAILED);
    }
}
