//! Who imports whom, and what has come into the tree.

use std::collections::{HashMap, HashSet};

use super::finding::Finding;
use super::lexer::Kind;
use super::source::Source;
use super::tree::Tree;
use crate::layers::{LEAVES, refusal};
use crate::workspace::{Dependency, Package, folder};

/// Crates that may not be in the lock file at all, and why.
const BANNED: &[(&str, &str)] = &[
    ("openssl-sys", "TLS is rustls on aws-lc-rs"),
    ("native-tls", "TLS is rustls on aws-lc-rs"),
    ("chrono", "jiff is the one calendar"),
];

/// A crypto provider beside ours. Cargo writes it into the lock file because the checker of
/// certificates names it in a feature that only says what to do where it is; nothing else may.
const OTHER_PROVIDER: (&str, &str) = ("ring", "rustls-webpki");

/// Crates of which the lock file may hold one version only, and why.
const SINGLE: &[(&str, &str)] = &[
    ("libsqlite3-sys", "one SQLite in the tree"),
    ("rusqlite", "one SQLite in the tree"),
    ("reqwest", "one HTTP client in the tree"),
    ("rustls", "one TLS in the tree"),
    ("aws-lc-rs", "one crypto provider in the tree"),
];

/// Everything about dependencies.
pub(crate) fn check(
    tree: &Tree,
    packages: &[Package],
    sources: &[Source<'_>],
    out: &mut Vec<Finding>,
) {
    for package in packages {
        let manifest = format!("{}/Cargo.toml", package.dir);
        let text = tree.text(&manifest).unwrap_or("");
        let words = words_of(package, sources);
        for dependency in &package.dependencies {
            let line = line_of(text, &dependency.name);
            let mut say = |rule, advice: String| {
                out.push(Finding::new(&manifest, line, rule, advice));
            };
            if let Some(dir) = &dependency.dir
                && let Some(advice) = refusal(package.folder(), folder(dir), dependency.dev)
            {
                say("layers", advice);
            }
            if let Some(advice) = leaf(package, dependency) {
                say("leaf", advice);
            }
            let code = dependency.rename.as_ref().unwrap_or(&dependency.name).replace('-', "_");
            if !words.contains(code.as_str()) {
                say("unused", format!("nothing here names `{code}`: remove the line"));
            }
        }
    }
    lock_file(tree.text("Cargo.lock").unwrap_or(""), out);
    for (path, text) in tree.files() {
        if path.ends_with("package-lock.json")
            && let Some(index) = text.lines().position(|line| line.contains("\"resolved\": \"http"))
        {
            let advice = "a lock names no registry: omit-lockfile-registry-resolved=true in .npmrc";
            out.push(Finding::new(path, index + 1, "lock-host", advice));
        }
    }
}

/// All words in the code of a crate.
fn words_of<'a>(package: &Package, sources: &[Source<'a>]) -> HashSet<&'a str> {
    let prefix = format!("{}/", package.dir);
    let ours = sources.iter().filter(|source| source.path.starts_with(&prefix));
    ours.flat_map(|source| &source.tokens)
        .filter(|token| token.kind == Kind::Ident)
        .map(|token| token.text)
        .collect()
}

fn leaf(package: &Package, dependency: &Dependency) -> Option<String> {
    let (_, homes, instead) = LEAVES.iter().find(|(name, _, _)| *name == dependency.name)?;
    if homes.contains(&package.folder()) {
        return None;
    }
    let name = &dependency.name;
    Some(format!("`{name}` enters through {} only: {instead}", homes.join(", ")))
}

fn line_of(text: &str, name: &str) -> usize {
    let starts =
        |line: &str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['.', ' ', '=']));
    text.lines().position(starts).map_or(1, |index| index + 1)
}

fn lock_file(text: &str, out: &mut Vec<Finding>) {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut package = "";
    for (index, line) in text.lines().enumerate() {
        let mut say = |advice: String| {
            out.push(Finding::new("Cargo.lock", index + 1, "lock", advice));
        };
        if let Some(source) = quoted(line, "source = ")
            && source != "registry+https://github.com/rust-lang/crates.io-index"
        {
            say(format!("`{source}` is not crates.io"));
        }
        let (provider, namer) = OTHER_PROVIDER;
        let asked =
            line.trim_start().strip_prefix('"').and_then(|rest| rest.split(['"', ' ']).next());
        if asked == Some(provider) && package != namer {
            say(format!("`{package}` wants `{provider}`: aws-lc-rs is the one crypto provider"));
        }
        let Some(name) = quoted(line, "name = ") else { continue };
        package = name;
        if let Some((_, why)) = BANNED.iter().find(|(banned, _)| *banned == name) {
            say(format!("`{name}` has come in: {why} (`cargo tree -i {name}` says how)"));
        }
        let versions = seen.entry(name).or_default();
        *versions += 1;
        if let Some((_, why)) = SINGLE.iter().find(|(single, _)| *single == name)
            && *versions > 1
        {
            say(format!("a second `{name}`: {why} (`cargo tree -d` says how)"));
        }
    }
}

fn quoted<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.strip_prefix(key)?.strip_prefix('"')?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(dir: &str, dependencies: &[(&str, Option<&str>, bool)]) -> Package {
        let dependencies = dependencies
            .iter()
            .map(|&(name, dir, dev)| Dependency {
                name: name.to_owned(),
                rename: None,
                dev,
                dir: dir.map(str::to_owned),
            })
            .collect();
        Package { name: format!("hoopoe-{}", folder(dir)), dir: dir.to_owned(), dependencies }
    }

    fn rules(package: Package, code: &str) -> Vec<(&'static str, usize)> {
        let manifest = format!("{}/Cargo.toml", package.dir);
        let path = format!("{}/src/lib.rs", package.dir);
        let tree = Tree::of(&[(&manifest, "[dependencies]\nhoopoe-messages.workspace = true")]);
        let mut out = Vec::new();
        check(&tree, &[package], &[Source::new(&path, code)], &mut out);
        out.into_iter().map(|f| (f.rule, f.line)).collect()
    }

    #[test]
    fn upward_imports_are_found() {
        let upward = ("hoopoe-messages", Some("domain/messages"), false);
        let accounts = package("domain/accounts", &[upward]);
        assert_eq!(rules(accounts, "use hoopoe_messages::A;"), [("layers", 2)]);
        let downward = ("hoopoe-accounts", Some("domain/accounts"), false);
        let messages = package("domain/messages", &[downward]);
        assert_eq!(rules(messages, "use hoopoe_accounts::A;"), []);
    }

    #[test]
    fn heavy_crates_enter_through_their_leaf() {
        let driver = ("rusqlite", None, false);
        assert_eq!(rules(package("domain/x", &[driver]), "use rusqlite;"), [("leaf", 1)]);
        assert_eq!(rules(package("base/db-sqlite", &[driver]), "use rusqlite;"), []);
    }

    #[test]
    fn unused_imports_are_found() {
        let crates = [("serde-json", None, true)];
        assert_eq!(rules(package("base/log", &crates), "use other;"), [("unused", 1)]);
        assert_eq!(rules(package("base/log", &crates), "use serde_json::Value;"), []);
    }

    #[test]
    fn the_lock_is_guarded() {
        let lock = "name = \"openssl-sys\"\nname = \"rustls\"\nname = \"rustls\"\n\
                    source = \"git+https://x.y/z\"\nname = \"bitflags\"\nname = \"bitflags\"";
        let mut out = Vec::new();
        lock_file(lock, &mut out);
        assert_eq!(out.iter().map(|f| f.line).collect::<Vec<_>>(), [1, 3, 4]);
        let lock = "name = \"rustls-webpki\"\n \"ring\",\nname = \"x\"\n \"ring 0.17\",";
        let mut out = Vec::new();
        lock_file(lock, &mut out);
        assert_eq!(out.iter().map(|f| f.line).collect::<Vec<_>>(), [4]);
        let tree = Tree::of(&[("web/package-lock.json", "{\n\"resolved\": \"https://x\"")]);
        let mut out = Vec::new();
        check(&tree, &[], &[], &mut out);
        assert_eq!((out[0].rule, out[0].line), ("lock-host", 2));
    }
}
