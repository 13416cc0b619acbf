//! `cargo xtask tidy`: the rules of the house that no compiler checks.
//!
//! One line per finding, `path:line: rule: what to do`. A rule is a function over the tree or over
//! one file, with its own tests beside it; exceptions stand in `xtask/tidy.allow`.

mod allow;
mod bans;
mod deps;
mod docs;
mod finding;
mod lexer;
mod shape;
mod sizes;
mod source;
mod tree;
mod units;
mod web;

use std::path::Path;
use std::time::Instant;

use crate::workspace::{Package, Workspace};
use finding::Finding;
use source::Source;
use tree::Tree;

/// Looks at the whole repository, prints what it finds, and returns the number of findings.
///
/// # Errors
/// When the tree cannot be read, or Cargo does not answer.
pub(crate) fn run() -> Result<usize, String> {
    let began = Instant::now();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (tree, workspace) = std::thread::scope(|scope| {
        let cargo = scope.spawn(Workspace::load);
        let tree = Tree::read(&root);
        (tree, cargo.join().unwrap_or_else(|_| Err("`cargo metadata` was lost".to_owned())))
    });
    let (tree, workspace) = (tree?, workspace?);
    let findings = check(&tree, &workspace.packages);
    for finding in &findings {
        println!("{finding}");
    }
    let (files, count, ms) = (tree.len(), findings.len(), began.elapsed().as_millis());
    println!("tidy: {files} files, {count} findings in {ms} ms");
    Ok(count)
}

/// How many examples the documentation of our crates holds that Cargo runs.
///
/// # Errors
/// When the tree cannot be read.
pub(crate) fn doc_examples(root: &Path) -> Result<usize, String> {
    let tree = Tree::read(root)?;
    let rust = tree.files().filter(|(path, _)| path.ends_with(".rs") && path.contains("/src/"));
    Ok(rust.map(|(path, text)| Source::new(path, text).doc_examples()).sum())
}

fn check(tree: &Tree, packages: &[Package]) -> Vec<Finding> {
    let rust: Vec<(&str, &str)> =
        tree.files().filter(|(path, _)| path.ends_with(".rs") && !path.contains(".gen.")).collect();
    let mut sources = take_apart(&rust);
    let hidden = shape::hidden_tests(&sources);
    for source in &mut sources {
        source.test_file |= hidden.contains(source.path);
    }
    let mut findings = Vec::new();
    for source in &sources {
        bans::check(source, &mut findings);
        sizes::check(source, &mut findings);
        units::check(source, &mut findings);
    }
    sizes::check_tree(tree, &sources, &mut findings);
    shape::check(tree, &sources, &mut findings);
    docs::check(tree, &mut findings);
    web::check(tree, &mut findings);
    deps::check(tree, packages, &sources, &mut findings);
    let mut findings = allow::apply(tree.text(allow::PATH), findings);
    findings.sort();
    findings
}

/// Lexes all files, on as many threads as there are cores.
fn take_apart<'a>(files: &[(&'a str, &'a str)]) -> Vec<Source<'a>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = files.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let workers: Vec<_> = files
            .chunks(share)
            .map(|chunk| {
                scope.spawn(move || {
                    chunk.iter().map(|(path, text)| Source::new(path, text)).collect::<Vec<_>>()
                })
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().expect("the lexer is tested not to panic"))
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_of_all_rules_come_out_in_order_and_excused_ones_do_not() {
        let tree = Tree::of(&[
            ("base/log/src/lib.rs", "mod b;\nfn a() { b.unwrap() }"),
            ("base/log/src/b.rs", "fn a() { b.unwrap() }"),
            ("base/wire/src/lib.rs", "struct A { ttl: u64 }"),
            ("xtask/tidy.allow", "entries: 1\nunwrap base/log/src/b.rs because the test says so"),
        ]);
        let found = check(&tree, &[]);
        let shown: Vec<String> =
            found.iter().filter(|f| f.rule != "missing").map(ToString::to_string).collect();
        assert_eq!(shown.len(), 2, "{shown:?}");
        assert!(shown[0].starts_with("base/log/src/lib.rs:2: unwrap: "), "{shown:?}");
        assert!(shown[1].starts_with("base/wire/src/lib.rs:1: unit: "), "{shown:?}");
    }
}
