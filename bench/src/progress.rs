//! What the run is doing, on standard error.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};

const COUNTED: &str = "{prefix:>8} {msg:30} [{bar:30}] {human_pos}/{human_len} {per_sec} ETA {eta}";
const TIMED: &str = "{prefix:>8} {msg:30} {spinner} {elapsed}";

/// A bar for something that is counted; its length grows as the parts become known.
pub(crate) fn counted(bench: &'static str, what: impl Into<String>) -> ProgressBar {
    phase(ProgressBar::new(0), COUNTED, bench, what.into())
}

/// A spinner for something that takes its time.
pub(crate) fn timed(bench: &'static str, what: impl Into<String>) -> ProgressBar {
    let spinner = phase(ProgressBar::new_spinner(), TIMED, bench, what.into());
    if std::io::stderr().is_terminal() {
        spinner.enable_steady_tick(Duration::from_millis(250));
    }
    spinner
}

/// A bar for something too short to be shown.
pub(crate) fn hidden() -> ProgressBar {
    ProgressBar::hidden()
}

fn phase(bar: ProgressBar, template: &str, bench: &'static str, what: String) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        // Nobody watches: one line for each phase instead of a moving bar.
        say(&format!("{bench:>8} {what}"));
    }
    let style = ProgressStyle::with_template(template)
        .expect("the templates are constants, and every bench draws them");
    bar.with_style(style.progress_chars("=> "))
        .with_prefix(bench)
        .with_message(what)
        .with_finish(ProgressFinish::AndClear)
}

/// A line on standard error; one that cannot be written is not worth a failed bench.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
