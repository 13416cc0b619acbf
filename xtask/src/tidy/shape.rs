//! The same rooms in every domain, a page for every crate, and no file that nobody compiles.

use std::collections::{HashMap, HashSet};

use super::finding::Finding;
use super::source::{Source, is_test_path};
use super::tree::{Tree, line_count};

/// The rooms of a domain; one that has grown may be a folder of the same name beside it.
const ROOMS: &[&str] = &["lib", "model", "store", "api", "events", "jobs"];
/// Those without which it is no domain.
const ROOMS_NEEDED: &[&str] = &["lib", "model", "store", "api"];
/// What the page of a domain says, each under a heading (or a bold word at a line's start).
const SECTIONS: &[&str] = &["purpose", "does not know", "tables", "events", "limits"];
/// Lines of a domain's README.md: one screen.
const README_LINES_MAX: usize = 60;

/// Everything about where files are.
pub(crate) fn check(tree: &Tree, sources: &[Source<'_>], out: &mut Vec<Finding>) {
    for path in crates(tree) {
        let dir = path.trim_end_matches("Cargo.toml").trim_end_matches('/');
        if dir.is_empty() {
            continue;
        }
        let readme = format!("{dir}/README.md");
        match tree.text(&readme) {
            None => out.push(Finding::new(&readme, 1, "readme", "every crate has a page")),
            Some(text) if dir.starts_with("domain/") => sections(&readme, text, out),
            Some(_) => {}
        }
        if dir.starts_with("domain/") {
            rooms(tree, dir, out);
        }
    }
    dead_files(sources, out);
}

fn crates(tree: &Tree) -> impl Iterator<Item = &str> {
    tree.files().map(|(path, _)| path).filter(|path| path.ends_with("Cargo.toml"))
}

fn sections(path: &str, text: &str, out: &mut Vec<Finding>) {
    let lines: Vec<String> = text.lines().map(str::to_lowercase).collect();
    let heads: Vec<&String> =
        lines.iter().filter(|line| line.starts_with('#') || line.starts_with("**")).collect();
    for section in SECTIONS {
        if !heads.iter().any(|head| head.contains(section)) {
            let advice = format!("say under a heading: {section}");
            out.push(Finding::new(path, 1, "readme-section", advice));
        }
    }
    if line_count(text) > README_LINES_MAX {
        let advice = format!("one screen is enough ({README_LINES_MAX} lines)");
        out.push(Finding::new(path, README_LINES_MAX + 1, "readme-section", advice));
    }
}

fn rooms(tree: &Tree, dir: &str, out: &mut Vec<Finding>) {
    for room in ROOMS_NEEDED {
        let path = format!("{dir}/src/{room}.rs");
        if !tree.has(&path) {
            out.push(Finding::new(&path, 1, "shape", "every domain has this room"));
        }
    }
    // A domain whose rows all stand in the log has no tables, and would have an empty folder.
    let has_tables = tree.below(dir).any(|(_, text)| text.contains("MigrationChain"));
    let folders = [("migrations", has_tables), ("src/service", true)];
    for (folder, _) in folders.into_iter().filter(|(_, is_needed)| *is_needed) {
        let path = format!("{dir}/{folder}");
        if !tree.has_dir(&path) {
            out.push(Finding::new(&path, 1, "shape", "every domain has this folder"));
        }
    }
    for (path, _) in tree.below(dir) {
        let inside = &path[dir.len() + 1..];
        if !is_known(inside) {
            let advice = "not a room of a domain: lib, model, store, api, events, jobs, service/*, \
                          migrations/NNNN_name.sql; tests live in tests/domains";
            out.push(Finding::new(path, 1, "shape", advice));
        }
    }
}

/// Whether a file may stand in a domain crate.
fn is_known(inside: &str) -> bool {
    if matches!(inside, "README.md" | "Cargo.toml") {
        return true;
    }
    if let Some(name) = inside.strip_prefix("migrations/") {
        let (number, rest) = name.split_at(name.len().min(4));
        return number.bytes().all(|byte| byte.is_ascii_digit())
            && rest.starts_with('_')
            && rest.ends_with(".sql");
    }
    let Some(file) = inside.strip_prefix("src/").and_then(|rest| rest.strip_suffix(".rs")) else {
        return inside.starts_with("src/") && inside.contains("/snapshots/");
    };
    match file.split_once('/') {
        Some((folder, _)) => folder == "service" || ROOMS.contains(&folder),
        None => {
            let room = file.strip_suffix("_tests").unwrap_or(file);
            room == "service" || room == "tests" || ROOMS.contains(&room) || file.ends_with("_fork")
        }
    }
}

/// Files below a `src/` that no `mod` leads to.
fn dead_files(sources: &[Source<'_>], out: &mut Vec<Finding>) {
    let by_path: HashMap<&str, &Source<'_>> = sources.iter().map(|s| (s.path, s)).collect();
    let alive = |path: &str| -> bool {
        let Some(at) = path.find("/src/") else { return true };
        let (root, inside) = path.split_at(at + "/src/".len());
        if matches!(inside, "lib.rs" | "main.rs") || inside.starts_with("bin/") {
            return true;
        }
        let stem = inside.trim_end_matches(".rs").trim_end_matches("/mod");
        let (parent, name) = stem.rsplit_once('/').map_or(("", stem), |(p, name)| (p, name));
        let parents = if parent.is_empty() {
            vec![format!("{root}lib.rs"), format!("{root}main.rs")]
        } else {
            vec![format!("{root}{parent}.rs"), format!("{root}{parent}/mod.rs")]
        };
        parents
            .iter()
            .filter_map(|parent| by_path.get(parent.as_str()))
            .any(|parent| parent.modules().any(|(module, _)| module == name))
    };
    for source in sources {
        if !alive(source.path) {
            out.push(Finding::new(source.path, 1, "dead-file", "no `mod` leads here: remove it"));
        }
    }
}

/// Files that a `#[cfg(test)] mod name;` makes tests although their path does not say so.
pub(crate) fn hidden_tests(sources: &[Source<'_>]) -> HashSet<String> {
    let mut hidden = HashSet::new();
    for source in sources {
        let stem = source.path.trim_end_matches(".rs");
        let dir = match stem.rsplit_once('/') {
            Some((dir, "lib" | "main" | "mod")) => dir,
            _ => stem,
        };
        for (name, test) in source.modules() {
            if test {
                hidden.insert(format!("{dir}/{name}.rs"));
                hidden.insert(format!("{dir}/{name}/mod.rs"));
            }
        }
    }
    hidden.retain(|path| !is_test_path(path));
    hidden
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(files: &[(&str, &str)]) -> Vec<String> {
        let tree = Tree::of(files);
        let rust = tree.files().filter(|(path, _)| path.ends_with(".rs"));
        let sources: Vec<Source<'_>> = rust.map(|(path, text)| Source::new(path, text)).collect();
        let mut out = Vec::new();
        check(&tree, &sources, &mut out);
        out.into_iter().map(|finding| format!("{} {}", finding.rule, finding.path)).collect()
    }

    const PAGE: &str =
        "# x\n## Purpose\n**Does not know** HTTP.\n## Tables\n## Events\n## Limits\n";
    const FACE: &str = "mod model; mod store; mod api; mod service; \
        pub const MIGRATIONS: MigrationChain = CHAIN;";

    fn whole() -> Vec<(&'static str, &'static str)> {
        vec![
            ("domain/x/Cargo.toml", ""),
            ("domain/x/README.md", PAGE),
            ("domain/x/migrations/0001_x.sql", ""),
            ("domain/x/src/lib.rs", FACE),
            ("domain/x/src/model.rs", ""),
            ("domain/x/src/store.rs", ""),
            ("domain/x/src/api.rs", ""),
            ("domain/x/src/service.rs", "mod send;"),
            ("domain/x/src/service/send.rs", ""),
        ]
    }

    #[test]
    fn a_whole_domain_passes() {
        assert_eq!(rules(&whole()), Vec::<String>::new());
    }

    #[test]
    fn who_has_no_tables_has_no_migrations() {
        let face = "mod model; mod store; mod api; mod service;";
        let bare = whole().into_iter().filter(|file| !file.0.contains("/migrations/"));
        let bare: Vec<_> =
            bare.map(|(path, text)| (path, if text == FACE { face } else { text })).collect();
        assert_eq!(rules(&bare), Vec::<String>::new());
    }

    #[test]
    fn each_missing_room_is_named() {
        for missing in whole() {
            if matches!(missing.0, "domain/x/Cargo.toml" | "domain/x/src/service.rs") {
                continue;
            }
            let rest: Vec<_> = whole().into_iter().filter(|file| file.0 != missing.0).collect();
            assert!(!rules(&rest).is_empty(), "{} was not missed", missing.0);
        }
    }

    #[test]
    fn foreign_rooms_are_refused() {
        for foreign in ["src/utils.rs", "src/http/x.rs", "migrations/one.sql", "tests/a.rs"] {
            let path = format!("domain/x/{foreign}");
            let mut files = whole();
            files.push((&path, ""));
            assert!(rules(&files).contains(&format!("shape {path}")), "{foreign}");
        }
        let fork = ("domain/x/migrations/0002_y.postgres.sql", "");
        assert_eq!(rules(&[whole(), vec![fork]].concat()), Vec::<String>::new());
    }

    #[test]
    fn a_page_says_all_that_it_should() {
        for section in SECTIONS {
            let page = PAGE.to_lowercase().replace(section, "other");
            let mut files = whole();
            files[1].1 = &page;
            assert_eq!(rules(&files), ["readme-section domain/x/README.md"], "{section}");
        }
        let page = format!("{PAGE}{}", "\n".repeat(60));
        let mut files = whole();
        files[1].1 = &page;
        assert_eq!(rules(&files), ["readme-section domain/x/README.md"]);
        assert_eq!(rules(&[("base/y/Cargo.toml", "")]), ["readme base/y/README.md"]);
    }

    #[test]
    fn files_that_nobody_compiles_are_found() {
        let files =
            [("base/y/src/lib.rs", "mod a;"), ("base/y/src/a.rs", ""), ("base/y/src/b.rs", "")];
        assert_eq!(rules(&files), ["dead-file base/y/src/b.rs"]);
    }

    #[test]
    fn a_module_for_tests_makes_its_file_a_test() {
        let sources = [Source::new("base/y/src/a.rs", "#[cfg(test)] mod model; mod other;")];
        let hidden = hidden_tests(&sources);
        assert!(hidden.contains("base/y/src/a/model.rs"));
        assert!(!hidden.contains("base/y/src/a/other.rs"));
    }
}
