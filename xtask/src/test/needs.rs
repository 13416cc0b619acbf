//! What the tests need from the machine, installed where it is missing.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::workspace::{Workspace, capture, run, which};

/// A program that a Debian package brings.
struct Need {
    /// How it is found.
    there: fn() -> bool,
    /// Where it comes from.
    packages: &'static [&'static str],
}

const POSTGRES: Need = Need { there: has_postgres, packages: &["postgresql"] };
const VALGRIND: Need = Need { there: || which("valgrind").is_some(), packages: &["valgrind"] };
const NODE: Need = Need {
    there: || which("node").is_some() && which("npm").is_some(),
    packages: &["nodejs", "npm"],
};

const CHROMIUM: Need = Need { there: || which("chromium").is_some(), packages: &["chromium"] };

const PYTHON: Need = Need { there: has_venv, packages: &["python3", "python3-venv"] };
/// What makes requests from the OpenAPI document, and what it stands on most.
const SCHEMATHESIS: &[&str] = &["schemathesis==4.32.5", "hypothesis==6.170.17"];

/// Python, and what its virtual environments need, which Debian packs apart.
fn has_venv() -> bool {
    let mut python = Command::new("python3");
    let asked = python.args(["-c", "import venv, ensurepip"]).stderr(std::process::Stdio::null());
    asked.status().is_ok_and(|status| status.success())
}

/// PostgreSQL's server, which Debian keeps out of the search path.
fn has_postgres() -> bool {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    which("postgres").is_some()
        || versions.into_iter().any(|version| version.path().join("bin/postgres").is_file())
}

/// Installs PostgreSQL, for every test that runs on both databases.
///
/// # Errors
/// When it is missing and cannot be installed.
pub(crate) fn postgres() -> Result<(), String> {
    install(&POSTGRES)
}

/// Installs Python and, into the target directory, schemathesis; the path of its program.
///
/// # Errors
/// When they are missing and cannot be installed.
pub(crate) fn schemathesis(workspace: &Workspace) -> Result<PathBuf, String> {
    Ok(venv(workspace, "schemathesis", SCHEMATHESIS)?.join("schemathesis"))
}

/// Installs Node and npm, for the TypeScript types.
///
/// # Errors
/// When they are missing and cannot be installed.
pub(crate) fn node() -> Result<(), String> {
    install(&NODE)
}

/// Installs a browser.
///
/// # Errors
/// When it is missing and cannot be installed.
pub(crate) fn chromium() -> Result<(), String> {
    install(&CHROMIUM)
}

/// Installs Python and, into the target directory, the packages that a file of requirements pins;
/// the path of the Python that sees them.
///
/// # Errors
/// When Python or a package is missing and cannot be installed.
pub(crate) fn python(workspace: &Workspace, requirements: &Path) -> Result<PathBuf, String> {
    let wanted = std::fs::read_to_string(requirements)
        .map_err(|e| format!("cannot read {}: {e}", requirements.display()))?;
    let wanted = wanted.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    Ok(venv(workspace, "independent", &wanted.collect::<Vec<_>>())?.join("python"))
}

/// A place in `target/tools` with these packages, made anew when others are wanted; the folder of
/// its programs.
fn venv(workspace: &Workspace, name: &str, packages: &[&str]) -> Result<PathBuf, String> {
    install(&PYTHON)?;
    let home = workspace.target.join("tools").join(name);
    let (programs, stamp) = (home.join("bin"), home.join("installed.txt"));
    let wanted = packages.join("\n");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(programs);
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home))?;
    let mut pip = Command::new(programs.join("python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    run(pip.args(packages))?;
    std::fs::write(&stamp, wanted).map_err(|e| format!("cannot write {}: {e}", stamp.display()))?;
    Ok(programs)
}

/// Installs valgrind and the runner of the instruction-count benches, and returns the folder in
/// which the runner stands.
///
/// # Errors
/// When something is missing and cannot be installed.
pub(crate) fn counters(workspace: &Workspace) -> Result<PathBuf, String> {
    install(&VALGRIND)?;
    let lock = std::fs::read_to_string(workspace.root.join("Cargo.lock"))
        .map_err(|e| format!("cannot read Cargo.lock: {e}"))?;
    let wanted = locked(&lock, "gungraun")
        .ok_or_else(|| "Cargo.lock has no gungraun: bench/benches/counts.rs needs it".to_owned())?;
    let tools = workspace.target.join("tools");
    let runner = tools.join("bin/gungraun-runner");
    if has_version(&runner, wanted) {
        return Ok(tools.join("bin"));
    }
    let mut cargo = workspace.command("cargo");
    cargo.args(["install", "gungraun-runner", "--version", wanted, "--locked", "--force"]);
    cargo.arg("--debug").arg("--root").arg(&tools);
    run(&mut cargo)?;
    Ok(tools.join("bin"))
}

fn has_version(runner: &Path, wanted: &str) -> bool {
    runner.is_file()
        && capture(Command::new(runner).arg("--version"))
            .is_ok_and(|said| said.split_whitespace().last() == Some(wanted))
}

/// The version of a package in a lock file.
fn locked<'a>(lock: &'a str, name: &str) -> Option<&'a str> {
    let head = format!("name = \"{name}\"");
    let mut lines = lock.lines().skip_while(|line| *line != head);
    lines.nth(1)?.strip_prefix("version = \"")?.strip_suffix('"')
}

fn install(need: &Need) -> Result<(), String> {
    if (need.there)() {
        return Ok(());
    }
    let packages = need.packages.join(" ");
    let advice = format!("install it: `apt-get install {packages}`");
    let root = capture(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if !root || which("apt-get").is_none() {
        return Err(format!("{packages} is missing; {advice}"));
    }
    println!("installing {packages}");
    let apt = |args: &[&str]| {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").arg("--quiet").args(args);
        run(&mut command)
    };
    apt(&["update"])?;
    let mut args = vec!["install", "--yes", "--no-install-recommends"];
    args.extend(need.packages);
    apt(&args)?;
    if (need.there)() { Ok(()) } else { Err(format!("{packages} is still missing; {advice}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_tells_the_version() {
        let lock = "[[package]]\nname = \"gungraun-macros\"\nversion = \"1.0.0\"\n\n[[package]]\n\
                    name = \"gungraun\"\nversion = \"0.20.0\"\n";
        assert_eq!(locked(lock, "gungraun"), Some("0.20.0"));
        assert_eq!(locked(lock, "other"), None);
    }
}
