//! `cargo xtask build` and `cargo xtask run`.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;

use crate::web;
use crate::workspace::{Workspace, run, show};

/// Builds web, then server, and returns the path of the binary.
///
/// # Errors
/// When one of them does not build.
pub(crate) fn build(workspace: &Workspace, release: bool) -> Result<PathBuf, String> {
    web::build(workspace)?;
    let mut cargo = workspace.command("cargo");
    cargo.args(["build", "--package", "hoopoe"]);
    if release {
        cargo.arg("--release");
    }
    run(&mut cargo)?;
    Ok(workspace.binary("hoopoe", release))
}

/// Builds in release mode and becomes the demo server, with whatever else was asked of it.
///
/// # Errors
/// When it does not build or start; otherwise this does not return.
pub(crate) fn demo(workspace: &Workspace, more: &[String]) -> Result<(), String> {
    let binary = build(workspace, true)?;
    let mut server = workspace.command(&binary.to_string_lossy());
    server.args(["serve", "--demo", "--data", "./data"]);
    if !more.iter().any(|arg| arg == "--listen" || arg.starts_with("--listen=")) {
        server.args(["--listen", "127.0.0.1:8080"]);
    }
    server.args(more);
    let shown = show(&server);
    Err(format!("cannot start `{shown}`: {}", server.exec()))
}
