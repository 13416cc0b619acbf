//! `cargo xtask dist`: what is handed out. The same commit, built by the same compiler, gives the
//! same archive: names in order, one time, no owner.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::build_cmd;
use crate::workspace::{Workspace, capture, run};

/// Files of the repository and their names in the archive.
const FILES: &[(&str, &str)] = &[
    ("LICENSE", "LICENSE"),
    ("README.md", "README.md"),
    ("CHANGELOG.md", "CHANGELOG.md"),
    ("app/hoopoe/dist/hoopoe.service", "hoopoe.service"),
    ("app/hoopoe/dist/hoopoe.sysusers", "hoopoe.sysusers"),
    ("app/hoopoe/dist/hoopoe.toml", "hoopoe.toml"),
];
const BINARY: &str = "hoopoe";
/// What is linked into the binary, and under which licences.
const THIRD_PARTY: &str = "THIRD-PARTY.txt";
/// Packages that ours take in when they are built, and so name as needed for that only.
const TAKEN_IN: &[&str] = &["emojibase-data"];

/// Builds, strips, packs, and looks into what was packed. Returns the path of the archive, beside
/// which stands its SHA-256.
///
/// # Errors
/// When something does not build, or a program (`strip`, `tar`, `gzip`, `sha256sum`) is missing.
pub(crate) fn dist(workspace: &Workspace) -> Result<PathBuf, String> {
    let binary = build_cmd::build(workspace, true)?;
    let said = capture(Command::new(&binary).arg("--version"))?;
    let version = said.split_whitespace().last().unwrap_or_default().to_owned();
    let name = format!("hoopoe-{version}-{}", host()?);
    let out = workspace.target.join("dist");
    let stage = out.join(&name);
    empty(&stage)?;
    run(Command::new("strip").arg("--strip-all").arg("-o").arg(stage.join(BINARY)).arg(&binary))?;
    fill(&workspace.root, &stage, &third_party(workspace)?)?;
    let archive = pack(&out, &name, commit_time(workspace))?;
    check(&archive, &name)?;
    let said = capture(Command::new(stage.join(BINARY)).arg("--version"))?;
    if said.split_whitespace().last() != Some(&version) {
        return Err(format!("the stripped binary says {said:?}"));
    }
    Ok(archive)
}

/// The machine that the compiler compiles for.
fn host() -> Result<String, String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let said = capture(Command::new(rustc).arg("-vV"))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "`rustc -vV` names no host".to_owned())
}

/// Seconds since 1970 of what is packed; 0 outside a repository.
fn commit_time(workspace: &Workspace) -> u64 {
    if let Ok(told) = std::env::var("SOURCE_DATE_EPOCH") {
        return told.parse().unwrap_or(0);
    }
    let mut git = workspace.command("git");
    let said = capture(git.args(["log", "-1", "--format=%ct"]).stderr(Stdio::null()));
    said.ok().and_then(|said| said.trim().parse().ok()).unwrap_or(0)
}

/// One line for each crate that is linked in: name, version, licence, address.
fn third_party(workspace: &Workspace) -> Result<String, String> {
    let mut cargo = workspace.command("cargo");
    cargo.args(["tree", "--package", "hoopoe", "--edges", "normal", "--prefix", "none"]);
    let said = capture(cargo.args(["--format", "{p}\t{l}\t{r}"]))?;
    let list = linked(&said);
    if list.len() < 20 {
        return Err(format!("`cargo tree` told of {} crates only", list.len()));
    }
    let lock = std::fs::read_to_string(workspace.root.join("web/package-lock.json"))
        .map_err(|e| format!("cannot read web/package-lock.json: {e}"))?;
    let lock = serde_json::from_str(&lock).map_err(|e| format!("web/package-lock.json: {e}"))?;
    Ok(format!(
        "What is linked into Hoopoe beside its own code: crate, licence, source.\n\
         SQLite, inside libsqlite3-sys, is in the public domain.\n\n{}\n\n\
         What is part of its web client: package, licence.\n\n{}\n",
        list.join("\n"),
        bundled(&lock).join("\n")
    ))
}

/// The packages of others in a lock of npm that reach a browser.
fn bundled(lock: &Value) -> Vec<String> {
    let packages = lock["packages"].as_object().into_iter().flatten();
    let mut list: Vec<String> = packages
        .filter(|(path, one)| one["link"] != true && !path.contains("node_modules/@types/"))
        .filter_map(|(path, one)| {
            let (_, name) = path.rsplit_once("node_modules/")?;
            let is_bundled = one["dev"] != true || TAKEN_IN.contains(&name);
            let word = |of: &str| one[of].as_str().unwrap_or("?").to_owned();
            is_bundled.then(|| format!("{name} {}  {}", word("version"), word("license")))
        })
        .collect();
    list.sort();
    list.dedup();
    list
}

/// The crates of others among the lines of `cargo tree`, each once.
fn linked(tree: &str) -> Vec<String> {
    let foreign = tree.lines().filter_map(|line| {
        let mut parts = line.trim_end_matches(" (*)").split('\t');
        let package = parts.next()?.trim_end_matches(" (proc-macro)");
        // Ours are shown with their folder.
        let is_ours = package.is_empty() || package.contains(" (");
        let rest: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
        (!is_ours).then(|| format!("{package}  {}", rest.join("  ")).trim_end().to_owned())
    });
    let mut list: Vec<String> = foreign.collect();
    list.sort();
    list.dedup();
    list
}

/// Puts everything beside the binary.
fn fill(root: &Path, stage: &Path, third_party: &str) -> Result<(), String> {
    for (from, to) in FILES {
        let copied = std::fs::copy(root.join(from), stage.join(to));
        copied.map_err(|e| format!("cannot copy {from}: {e}"))?;
    }
    std::fs::write(stage.join(THIRD_PARTY), third_party)
        .map_err(|e| format!("cannot write {THIRD_PARTY}: {e}"))
}

/// Makes `NAME.tar.gz` of the folder, and `NAME.tar.gz.sha256`.
fn pack(out: &Path, name: &str, time: u64) -> Result<PathBuf, String> {
    let tar = out.join(format!("{name}.tar"));
    let mut pack = Command::new("tar");
    pack.args(["--create", "--format=ustar", "--sort=name", "--owner=0", "--group=0"]);
    pack.args(["--numeric-owner", "--mode=u=rwX,go=rX"]).arg(format!("--mtime=@{time}"));
    run(pack.arg("--file").arg(&tar).arg("--directory").arg(out).arg(name))?;
    // Without the name and the time of the file that is packed.
    run(Command::new("gzip").args(["--no-name", "--force", "-9"]).arg(&tar))?;
    let archive = out.join(format!("{name}.tar.gz"));
    let file = format!("{name}.tar.gz");
    let sum = capture(Command::new("sha256sum").arg(&file).current_dir(out))?;
    std::fs::write(out.join(format!("{file}.sha256")), sum)
        .map_err(|e| format!("cannot write the sum: {e}"))?;
    Ok(archive)
}

/// Looks whether an archive holds what it must, and nothing else.
fn check(archive: &Path, name: &str) -> Result<(), String> {
    let said = capture(Command::new("tar").args(["--list", "--verbose", "--file"]).arg(archive))?;
    let mut found: Vec<(&str, &str)> = Vec::new();
    for line in said.lines() {
        let mode = line.split(' ').next().unwrap_or_default();
        let path = line.split(' ').next_back().unwrap_or_default();
        found.push((path, mode));
    }
    let mut wanted = vec![(format!("{name}/"), "drwxr-xr-x")];
    wanted.push((format!("{name}/{BINARY}"), "-rwxr-xr-x"));
    wanted.push((format!("{name}/{THIRD_PARTY}"), "-rw-r--r--"));
    wanted.extend(FILES.iter().map(|(_, to)| (format!("{name}/{to}"), "-rw-r--r--")));
    wanted.sort();
    let wanted: Vec<(&str, &str)> = wanted.iter().map(|(path, mode)| (&**path, *mode)).collect();
    let mut sorted = found.clone();
    sorted.sort_unstable();
    if sorted != wanted {
        return Err(format!("the archive holds {found:?} and not {wanted:?}"));
    }
    Ok(())
}

fn empty(dir: &Path) -> Result<(), String> {
    match std::fs::remove_dir_all(dir) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            return Err(format!("cannot empty {}: {e}", dir.display()));
        }
        _ => {}
    }
    std::fs::create_dir_all(dir).map_err(|e| format!("cannot make {}: {e}", dir.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn staged(out: &Path, name: &str) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let stage = out.join(name);
        empty(&stage).expect("emptied");
        let binary = stage.join(BINARY);
        std::fs::write(&binary, "not really").expect("written");
        std::fs::set_permissions(&binary, std::fs::Permissions::from_mode(0o700)).expect("made so");
        fill(&root, &stage, "nothing\n").expect("the files are there");
    }

    #[test]
    fn the_same_files_give_the_same_archive_with_everything_in_it() {
        let out = std::env::temp_dir().join(format!("xtask-dist-{}", std::process::id()));
        let mut made = Vec::new();
        for _ in 0..2 {
            staged(&out, "hoopoe-1.2.3-test");
            let archive = pack(&out, "hoopoe-1.2.3-test", 1_700_000_000).expect("packed");
            check(&archive, "hoopoe-1.2.3-test").expect("whole");
            made.push(std::fs::read(&archive).expect("there"));
        }
        assert!(made[0] == made[1], "the archives differ");
        let mut sum = Command::new("sha256sum");
        sum.args(["--check", "--quiet", "hoopoe-1.2.3-test.tar.gz.sha256"]).current_dir(&out);
        run(&mut sum).expect("the sum is right");

        std::fs::write(out.join("hoopoe-1.2.3-test/more"), "x").expect("written");
        let archive = pack(&out, "hoopoe-1.2.3-test", 0).expect("packed");
        assert!(check(&archive, "hoopoe-1.2.3-test").is_err(), "what is too much is seen");
        std::fs::remove_file(out.join("hoopoe-1.2.3-test/more")).expect("removed");
        std::fs::remove_file(out.join("hoopoe-1.2.3-test/LICENSE")).expect("removed");
        let archive = pack(&out, "hoopoe-1.2.3-test", 0).expect("packed");
        assert!(check(&archive, "hoopoe-1.2.3-test").is_err(), "what is missing is seen");
        std::fs::remove_dir_all(&out).expect("removed");
    }

    #[test]
    fn packages_that_reach_a_browser_are_named() {
        let lock = serde_json::json!({"packages": {
            "node_modules/@hoopoe/sdk": {"resolved": "packages/sdk", "link": true},
            "node_modules/react": {"version": "19.3.1", "license": "MIT"},
            "node_modules/emojibase-data": {"version": "17.0.0", "license": "MIT", "dev": true},
            "node_modules/vitest": {"version": "4.1.12", "license": "MIT", "dev": true},
            "node_modules/@types/node": {"version": "20.1.0", "license": "MIT"},
            "node_modules/a/node_modules/@b/c": {"version": "1.0.0", "license": "MIT"},
        }});
        let wanted = ["@b/c 1.0.0  MIT", "emojibase-data 17.0.0  MIT", "react 19.3.1  MIT"];
        assert_eq!(bundled(&lock), wanted);
    }

    #[test]
    fn crates_of_others_are_named_once() {
        let tree = "hoopoe v0.1.0 (/x/app/hoopoe)\tApache-2.0\thttps://h\n\
                    serde v1.0.1\tMIT OR Apache-2.0\thttps://s\n\
                    serde_derive v1.0.1 (proc-macro)\tMIT\thttps://s\n\
                    serde v1.0.1\tMIT OR Apache-2.0\thttps://s (*)\n\n\
                    bare v0.1.0\tMIT\t\n";
        assert_eq!(
            linked(tree),
            [
                "bare v0.1.0  MIT",
                "serde v1.0.1  MIT OR Apache-2.0  https://s",
                "serde_derive v1.0.1  MIT  https://s",
            ]
        );
    }
}
