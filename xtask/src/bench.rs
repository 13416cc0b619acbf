//! `cargo xtask bench`: the load generator against a release build of the server.

use std::path::Path;

use crate::build_cmd::build;
use crate::workspace::{Workspace, run};

/// Builds both sides in release mode and measures.
///
/// # Errors
/// When something does not build, or the measurement fails.
pub(crate) fn command(
    workspace: &Workspace,
    name: Option<&str>,
    json: Option<&Path>,
) -> Result<(), String> {
    // Apart, so that the server has the very features that `cargo xtask build` gives it.
    let server = build(workspace, true)?;
    run(workspace.command("cargo").args(["build", "--release", "--package", "hoopoe-bench"]))?;
    let mut bench = workspace.command(&workspace.binary("hoopoe-bench", true).to_string_lossy());
    bench.arg("--server").arg(server);
    bench.args(name);
    if let Some(file) = json {
        let file = std::path::absolute(file).map_err(|e| format!("cannot place {file:?}: {e}"))?;
        bench.arg("--json").arg(file);
    }
    run(&mut bench)
}
