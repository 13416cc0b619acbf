//! `cargo xtask gen`: what the server says of itself, as files.
//!
//! The server binary prints its own descriptions (`hoopoe api …`), so that they cannot differ from
//! what it does. They are committed, and `--check` compares instead of writing.

mod socket;

use std::path::Path;

use crate::web;
use crate::workspace::{Workspace, capture, run};

/// What the binary prints, and where it is kept.
const PRINTED: &[(&str, &str)] = &[
    ("openapi", "docs/protocol/openapi.gen.json"),
    ("asyncapi", "docs/protocol/asyncapi.gen.json"),
    ("errors", "docs/protocol/errors.gen.md"),
    ("limits", "docs/protocol/limits.gen.md"),
];

/// TypeScript types of REST, made from the OpenAPI description.
const TYPES: &str = "web/packages/wire/src/types.gen.ts";
/// TypeScript types of the socket, made from the AsyncAPI description.
const SOCKET_TYPES: &str = "web/packages/wire/src/socket.gen.ts";

/// Builds the server, asks it, and writes what has changed, or says what would change.
///
/// # Errors
/// When something cannot be built, printed or written, or, with `check`, when a file is stale.
pub(crate) fn command(workspace: &Workspace, check: bool) -> Result<(), String> {
    run(workspace.command("cargo").args(["build", "--quiet", "--package", "hoopoe"]))?;
    let binary = workspace.binary("hoopoe", false);
    if check {
        return match stale(workspace, &binary)? {
            lines if lines.is_empty() => Ok(()),
            lines => Err(lines.join("\n")),
        };
    }
    for (path, text) in all(workspace, &binary)? {
        let full = workspace.root.join(path);
        if std::fs::read_to_string(&full).is_ok_and(|old| old == text) {
            continue;
        }
        let dir = full.parent().unwrap_or(&workspace.root);
        std::fs::create_dir_all(dir).map_err(|e| format!("cannot make {dir:?}: {e}"))?;
        std::fs::write(&full, text).map_err(|e| format!("cannot write {path}: {e}"))?;
        println!("wrote {path}");
    }
    Ok(())
}

/// One line for each file that differs from what `binary` prints.
///
/// # Errors
/// When the binary, or the TypeScript generator, fails.
pub(crate) fn stale(workspace: &Workspace, binary: &Path) -> Result<Vec<String>, String> {
    let mut lines = Vec::new();
    for (path, text) in all(workspace, binary)? {
        let old = std::fs::read_to_string(workspace.root.join(path)).ok();
        lines.extend(difference(path, old.as_deref(), &text));
    }
    Ok(lines)
}

fn difference(path: &str, old: Option<&str>, new: &str) -> Option<String> {
    let mend = "run `cargo xtask gen` and commit what it writes";
    let Some(old) = old else { return Some(format!("{path}: missing: {mend}")) };
    if old == new {
        return None;
    }
    let same = old.lines().zip(new.lines()).take_while(|(old, new)| old == new).count();
    Some(format!("{path}:{}: stale from here on: {mend}", same + 1))
}

fn all(workspace: &Workspace, binary: &Path) -> Result<Vec<(&'static str, String)>, String> {
    let mut files = Vec::new();
    for (what, path) in PRINTED {
        let mut command = workspace.command(&binary.to_string_lossy());
        let text = capture(command.args(["api", what]))?;
        if path.ends_with(".json") {
            serde_json::from_str::<serde_json::Value>(&text)
                .map_err(|e| format!("`hoopoe api {what}` printed no JSON: {e}"))?;
        }
        if text.trim().is_empty() {
            return Err(format!("`hoopoe api {what}` printed nothing"));
        }
        files.push((*path, ended(&text)));
    }
    web::install(workspace)?;
    let rest = types(workspace, "openapi.json", &files[0].1)?;
    let socket = socket::Socket::read(&files[1].1)?;
    let schemas = types(workspace, "socket.json", &socket.as_openapi())?;
    files.push((TYPES, rest));
    files.push((SOCKET_TYPES, format!("{schemas}\n{}", socket.as_typescript())));
    Ok(files)
}

/// The types of an OpenAPI description.
fn types(workspace: &Workspace, name: &str, openapi: &str) -> Result<String, String> {
    let dir = workspace.target.join("gen");
    let input = dir.join(name);
    std::fs::create_dir_all(&dir).map_err(|e| format!("cannot make {dir:?}: {e}"))?;
    std::fs::write(&input, openapi).map_err(|e| format!("cannot write {input:?}: {e}"))?;
    let mut node = workspace.command("node");
    node.arg("node_modules/openapi-typescript/bin/cli.js").arg(&input);
    Ok(ended(&capture(node.current_dir(web::dir(workspace)))?))
}

/// A text that ends with one line feed.
fn ended(text: &str) -> String {
    format!("{}\n", text.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_file_is_named_with_the_line_and_the_cure() {
        assert_eq!(difference("a.gen.md", Some("x\ny\n"), "x\ny\n"), None);
        let said = difference("a.gen.md", Some("x\ny\n"), "x\nz\n").expect("they differ");
        assert!(said.starts_with("a.gen.md:2: stale"), "{said}");
        assert!(said.contains("cargo xtask gen"), "{said}");
        let longer = difference("a.gen.md", Some("x\n"), "x\ny\n").expect("they differ");
        assert!(longer.starts_with("a.gen.md:2:"), "{longer}");
        assert!(difference("a.gen.md", None, "x\n").is_some());
    }
}
