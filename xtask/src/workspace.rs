//! The workspace as Cargo sees it, and how xtask calls other programs in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// Where the repository is, what is in it, and where Cargo builds.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The root of the repository.
    pub(crate) root: PathBuf,
    /// Cargo's target directory.
    pub(crate) target: PathBuf,
    /// The crates of the workspace.
    pub(crate) packages: Vec<Package>,
}

/// One crate of the workspace.
#[derive(Clone, Debug, Default)]
pub(crate) struct Package {
    /// Cargo's name for it.
    pub(crate) name: String,
    /// Its folder, from the root, with `/`.
    pub(crate) dir: String,
    /// What it depends on.
    pub(crate) dependencies: Vec<Dependency>,
}

/// One line of a crate's dependencies.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dependency {
    /// The package's name.
    pub(crate) name: String,
    /// The name in code, when it is another.
    pub(crate) rename: Option<String>,
    /// Whether only tests, benches and examples see it.
    pub(crate) dev: bool,
    /// The folder, from the root, when it is one of ours.
    pub(crate) dir: Option<String>,
}

impl Package {
    /// The last part of the folder: the name in the table of layers.
    pub(crate) fn folder(&self) -> &str {
        folder(&self.dir)
    }
}

/// The last part of a path.
pub(crate) fn folder(dir: &str) -> &str {
    dir.rsplit('/').next().unwrap_or(dir)
}

impl Workspace {
    /// Asks Cargo.
    ///
    /// # Errors
    /// When Cargo does not answer, or not in the way that it should.
    pub(crate) fn load() -> Result<Self, String> {
        let mut command = cargo();
        command.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]);
        command.current_dir(env!("CARGO_MANIFEST_DIR")).stderr(Stdio::inherit());
        let output = command.output().map_err(|e| format!("cannot start cargo: {e}"))?;
        if !output.status.success() {
            return Err("`cargo metadata` failed".to_owned());
        }
        let value: Value = serde_json::from_slice(&output.stdout)
            .map_err(|e| format!("`cargo metadata` printed no JSON: {e}"))?;
        Self::parse(&value).ok_or_else(|| "`cargo metadata` printed something else".to_owned())
    }

    fn parse(value: &Value) -> Option<Self> {
        let root = PathBuf::from(value["workspace_root"].as_str()?);
        let target = PathBuf::from(value["target_directory"].as_str()?);
        let mut packages = Vec::new();
        for package in value["packages"].as_array()? {
            let manifest = Path::new(package["manifest_path"].as_str()?);
            let mut dependencies = Vec::new();
            for dependency in package["dependencies"].as_array()? {
                dependencies.push(Dependency {
                    name: dependency["name"].as_str()?.to_owned(),
                    rename: dependency["rename"].as_str().map(str::to_owned),
                    dev: dependency["kind"].as_str() == Some("dev"),
                    dir: dependency["path"].as_str().and_then(|dir| relative(&root, dir)),
                });
            }
            packages.push(Package {
                name: package["name"].as_str()?.to_owned(),
                dir: relative(&root, manifest.parent()?.to_str()?)?,
                dependencies,
            });
        }
        Some(Self { root, target, packages })
    }

    /// The crate that a word means: its folder's name, or Cargo's name for it.
    pub(crate) fn package(&self, word: &str) -> Option<&Package> {
        let named = |package: &&Package| package.name == word;
        let folded = |package: &&Package| package.folder() == word;
        self.packages.iter().find(named).or_else(|| self.packages.iter().find(folded))
    }

    /// A program that runs in the root of the repository.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = if program == "cargo" { cargo() } else { Command::new(program) };
        command.current_dir(&self.root);
        command
    }

    /// The path of a binary that Cargo has built.
    pub(crate) fn binary(&self, name: &str, release: bool) -> PathBuf {
        self.target.join(if release { "release" } else { "debug" }).join(name)
    }
}

fn relative(root: &Path, path: &str) -> Option<String> {
    let inside = Path::new(path).strip_prefix(root).ok()?;
    Some(inside.to_str()?.replace('\\', "/"))
}

/// Cargo, without what the outer Cargo told about xtask itself: a build script that watches one of
/// these variables would run again although nothing has changed.
fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let ours = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
        });
        if ours {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a program to its end, its output going where ours goes.
///
/// # Errors
/// When it cannot be started, or does not end with 0.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let shown = show(command);
    let status = command.status().map_err(|e| format!("cannot start `{shown}`: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{shown}` failed ({status})")) }
}

/// Runs a program to its end and returns what it prints on standard output.
///
/// # Errors
/// When it cannot be started, does not end with 0, or prints no text.
pub(crate) fn capture(command: &mut Command) -> Result<String, String> {
    let shown = show(command);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|e| format!("cannot start `{shown}`: {e}"))?;
    if !output.status.success() {
        return Err(format!("`{shown}` failed ({})", output.status));
    }
    String::from_utf8(output.stdout).map_err(|_| format!("`{shown}` printed no text"))
}

/// A command as a person would type it.
pub(crate) fn show(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut shown = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for arg in command.get_args() {
        shown.push(' ');
        shown.push_str(&arg.to_string_lossy());
    }
    shown
}

/// Where a program is, when it can be found.
pub(crate) fn which(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(program)).find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_read() {
        let value = serde_json::json!({
            "workspace_root": "/r", "target_directory": "/t",
            "packages": [{
                "name": "hoopoe-log", "manifest_path": "/r/base/log/Cargo.toml",
                "dependencies": [
                    {"name": "hoopoe-db", "kind": null, "path": "/r/base/db"},
                    {"name": "serde", "kind": "dev", "rename": "s"},
                ],
            }],
        });
        let workspace = Workspace::parse(&value).expect("this is what Cargo prints");
        let log = workspace.package("log").expect("found by its folder");
        assert_eq!(workspace.package("hoopoe-log").map(|p| p.dir.as_str()), Some("base/log"));
        assert_eq!(log.dependencies[0].dir.as_deref(), Some("base/db"));
        assert!(log.dependencies[1].dev);
        assert_eq!(workspace.binary("hoopoe", true), Path::new("/t/release/hoopoe"));
        assert!(workspace.package("x").is_none());
    }
}
