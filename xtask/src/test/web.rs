//! The parts of the web half: its own checks, and real browsers against the real server.

use std::path::Path;
use std::process::Command;

use super::needs;
use super::tally::{Runner, Tally, tallied};
use crate::web;
use crate::workspace::{Workspace, run};

/// What is looked at, in this order. The client is built by it, for all parts after it.
const CHECKS: &[&[&str]] =
    &[&["npx", "--no-install", "biome", "check", "."], &["npx", "--no-install", "tsc", "-p", "."]];
/// Builds, and then the sizes of what was built.
const BUILDS: &[&[&str]] =
    &[&["npm", "run", "build", "--silent", "--workspaces", "--if-present"], SIZES];
const SIZES: &[&str] = &["node", "scripts/sizes.mjs"];

/// Formats and lints, types, unit tests, builds and sizes.
///
/// # Errors
/// When Node is missing, or what the lock file names cannot be installed.
pub(crate) fn run_part(workspace: &Workspace) -> Result<Tally, String> {
    needs::node()?;
    web::install(workspace)?;
    let mut tally = Tally::default();
    let mut add = |one: Tally| {
        tally.passed += one.passed;
        tally.failed += one.failed;
    };
    for check in CHECKS {
        add(checked(&mut command(workspace, check)));
    }
    let tests = ["npx", "--no-install", "vitest", "run"];
    add(tallied(Runner::Vitest, &mut command(workspace, &tests))?);
    for build in BUILDS {
        add(checked(&mut command(workspace, build)));
    }
    Ok(tally)
}

/// Browsers with the client of this tree, which is in the server that they are given.
///
/// # Errors
/// When Node or Chromium is missing, or what the lock file names cannot be installed.
pub(crate) fn browsers(workspace: &Workspace, long: bool) -> Result<Tally, String> {
    needs::node()?;
    needs::chromium()?;
    web::install(workspace)?;
    let tests = ["npx", "--no-install", "vitest", "run", "--config", "e2e/vitest.config.ts"];
    let mut vitest = command(workspace, &tests);
    vitest.env("HOOPOE_BIN", workspace.binary("hoopoe", false));
    if long {
        vitest.env("HOOPOE_LONG", "1");
    }
    tallied(Runner::Vitest, &mut vitest)
}

/// Runs what stands in `examples/`: each folder has a `package.json` whose script `test` shows that
/// the example works, with the server that `HOOPOE_BIN` names.
///
/// # Errors
/// When the folder cannot be read, or something is missing on the machine.
pub(crate) fn examples(workspace: &Workspace) -> Result<Tally, String> {
    let folder = workspace.root.join("examples");
    if !folder.is_dir() {
        return Ok(Tally::default());
    }
    let entries = std::fs::read_dir(&folder).map_err(|e| format!("cannot list examples: {e}"))?;
    let mut dirs: Vec<_> =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    dirs.sort();
    needs::node()?;
    needs::chromium()?;
    web::install(workspace)?;
    let mut tally = Tally::default();
    for dir in dirs {
        let mut npm = workspace.command("npm");
        npm.args(["test", "--silent"]).env("HOOPOE_BIN", workspace.binary("hoopoe", false));
        let one = match dir.join("package.json").is_file() {
            true => checked(npm.current_dir(&dir)),
            false => nobody_runs(&dir),
        };
        tally.passed += one.passed;
        tally.failed += one.failed;
    }
    Ok(tally)
}

fn nobody_runs(dir: &Path) -> Tally {
    println!("{}: no package.json with a script `test`, so nobody runs it", dir.display());
    Tally::FAILED
}

fn command(workspace: &Workspace, words: &[&str]) -> Command {
    let mut command = workspace.command(words[0]);
    command.args(&words[1..]).current_dir(web::dir(workspace));
    command
}

/// One check, which does not stop the next one.
fn checked(command: &mut Command) -> Tally {
    match run(command) {
        Ok(()) => Tally::PASSED,
        Err(error) => {
            println!("{error}");
            Tally::FAILED
        }
    }
}
