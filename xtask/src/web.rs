//! The web half of the repository: installing what it needs, and building it.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::workspace::{Workspace, run, which};

/// A copy of the lock file, kept with what was installed from it: dates say nothing after a
/// checkout.
const STAMP: &str = "node_modules/.installed-lock.json";
/// The client, and what is made of it. The server's build script takes that into the binary.
const CLIENT: &str = "apps/client/index.html";
const BUILT: &str = "apps/client/dist/index.html";
/// What is made of sources, and is none.
const MADE: &[&str] = &["node_modules", "dist"];

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

/// Builds the client, unless it is younger than all that it is made of: the server would be linked
/// anew for nothing.
///
/// # Errors
/// When installing or building fails.
pub(crate) fn build(workspace: &Workspace) -> Result<(), String> {
    let web = dir(workspace);
    if !web.join(CLIENT).is_file() || is_fresh(&web)? {
        return Ok(());
    }
    install(workspace)?;
    run(workspace.command("npm").args(["run", "build", "--silent"]).current_dir(web))
}

/// Where the web half is.
pub(crate) fn dir(workspace: &Workspace) -> PathBuf {
    workspace.root.join("web")
}

fn is_fresh(web: &Path) -> Result<bool, String> {
    let built = std::fs::metadata(web.join(BUILT)).and_then(|built| built.modified());
    Ok(match built {
        Ok(built) => youngest(web)? < built,
        Err(_) => false,
    })
}

/// When anything below a folder changed last, what is made left out. Folders count: they change
/// when a file of them goes.
fn youngest(dir: &Path) -> Result<SystemTime, String> {
    let cannot = |e: std::io::Error| format!("cannot look at {}: {e}", dir.display());
    let mut latest = SystemTime::UNIX_EPOCH;
    for entry in std::fs::read_dir(dir).map_err(cannot)? {
        let entry = entry.map_err(cannot)?;
        if MADE.iter().any(|made| entry.file_name() == *made) {
            continue;
        }
        let meta = entry.metadata().map_err(cannot)?;
        if meta.is_dir() {
            latest = latest.max(youngest(&entry.path())?);
        }
        // Whoever builds the client puts `dist` into its folder.
        let holds_made = MADE.iter().any(|made| entry.path().join(made).is_dir());
        if !holds_made {
            latest = latest.max(meta.modified().map_err(cannot)?);
        }
    }
    Ok(latest)
}

#[cfg(test)]
mod tests {
    use std::fs::{File, create_dir_all, remove_dir_all, remove_file, write};
    use std::time::Duration;

    use super::*;

    fn date(path: &Path, second: u64) {
        let then = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
        File::open(path).and_then(|file| file.set_modified(then)).expect("dated");
    }

    fn put(web: &Path, name: &str, second: u64) {
        let path = web.join(name);
        create_dir_all(path.parent().expect("a folder")).expect("made");
        write(&path, "x").expect("written");
        date(&path, second);
    }

    #[test]
    fn a_client_is_built_again_when_something_of_it_has_changed() {
        let web = std::env::temp_dir().join(format!("xtask-web-{}", std::process::id()));
        put(&web, "package-lock.json", 100);
        put(&web, "apps/client/src/main.ts", 100);
        put(&web, "packages/ui/node_modules/x.js", 300);
        assert_eq!(is_fresh(&web), Ok(false), "never built");
        put(&web, BUILT, 200);
        for dir in ["apps/client/src", "apps/client", "apps", "packages/ui", "packages"] {
            date(&web.join(dir), 100);
        }
        assert_eq!(is_fresh(&web), Ok(true));
        date(&web.join("apps/client/src/main.ts"), 300);
        assert_eq!(is_fresh(&web), Ok(false));
        date(&web.join("apps/client/src/main.ts"), 100);
        assert_eq!(is_fresh(&web), Ok(true));
        remove_file(web.join("apps/client/src/main.ts")).expect("removed");
        assert_eq!(is_fresh(&web), Ok(false), "a file less is another client");
        remove_dir_all(&web).expect("removed");
    }
}
