//! The build budget: from an edit in a domain to its tests having run.

use std::fs::File;
use std::time::{Instant, SystemTime};

use super::parts::one_crate;
use super::tally::Tally;
use crate::workspace::Workspace;

/// The domain that is edited: the deepest one, with the most below it.
const DOMAIN: &str = "messages";
/// Seconds from the edit to the end of its tests, on two cores.
const BUDGET_SECONDS: f64 = 20.0;

/// Runs the domain's tests once to warm up, touches a file of it, and times the second run.
///
/// # Errors
/// When there is no such domain, or its tests cannot run.
pub(crate) fn run(workspace: &Workspace, long: bool) -> Result<Tally, String> {
    let package = workspace.package(DOMAIN).ok_or("there is no such domain")?;
    one_crate(workspace, package, long)?;
    let face = workspace.root.join(&package.dir).join("src/lib.rs");
    touch(&face).map_err(|e| format!("cannot touch {face:?}: {e}"))?;
    let began = Instant::now();
    let mut tally = one_crate(workspace, package, long)?;
    let seconds = began.elapsed().as_secs_f64();
    println!("budget: {seconds:.1} s from an edit in domain/{DOMAIN} to its tests having run");
    if seconds > BUDGET_SECONDS {
        println!("budget: {BUDGET_SECONDS:.0} s are allowed (on two idle cores)");
        tally.failed += 1;
    }
    Ok(tally)
}

#[expect(clippy::disallowed_methods, reason = "a file's date is the machine's, not a domain's")]
fn touch(path: &std::path::Path) -> std::io::Result<()> {
    File::options().append(true).open(path)?.set_modified(SystemTime::now())
}
