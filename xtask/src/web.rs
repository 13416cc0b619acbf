//! The web half of the repository: installing what it needs, and building it.

use std::path::PathBuf;

use crate::workspace::{Workspace, run, which};

/// A copy of the lock file, kept with what was installed from it: dates say nothing after a
/// checkout.
const STAMP: &str = "node_modules/.installed-lock.json";

/// Installs what the lock file names, when it has changed since the last time.
///
/// # Errors
/// When npm is missing, or fails.
pub(crate) fn install(workspace: &Workspace) -> Result<(), String> {
    let web = dir(workspace);
    let lock = std::fs::read(web.join("package-lock.json"))
        .map_err(|e| format!("cannot read web/package-lock.json: {e}"))?;
    if std::fs::read(web.join(STAMP)).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    if which("npm").is_none() {
        return Err("npm is missing: install Node 20 or newer".to_owned());
    }
    run(workspace.command("npm").args(["ci", "--silent"]).current_dir(&web))?;
    std::fs::write(web.join(STAMP), lock).map_err(|e| format!("cannot write web/{STAMP}: {e}"))
}

/// Builds the web apps, when there are any.
///
/// # Errors
/// When installing or building fails.
pub(crate) fn build(workspace: &Workspace) -> Result<(), String> {
    let web = dir(workspace);
    if !web.join("apps").is_dir() {
        return Ok(());
    }
    install(workspace)?;
    run(workspace.command("npm").args(["run", "build"]).current_dir(web))
}

/// Where the web half is.
pub(crate) fn dir(workspace: &Workspace) -> PathBuf {
    workspace.root.join("web")
}
