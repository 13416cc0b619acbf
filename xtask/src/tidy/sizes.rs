//! How long things may be.

use super::finding::Finding;
use super::lexer::Kind;
use super::source::Source;
use super::tree::{Tree, line_count};

/// Lines of a file.
const FILE_LINES_MAX: usize = 500;
/// Lines of a file that only tests see.
const TEST_FILE_LINES_MAX: usize = 800;
/// Lines of a function, from `fn` to its closing brace.
const FN_LINES_MAX: usize = 70;
/// Lines of base/kernel, tests not counted.
const KERNEL_LINES_MAX: usize = 3_000;
/// Lines of ARCHITECTURE.md.
const ARCHITECTURE_LINES_MAX: usize = 150;
/// Lines of a domain's lib.rs, the bound itself excluded.
const FACE_LINES_MAX: usize = 99;
/// Files in which the two databases may differ.
const FORKS_MAX: usize = 6;

/// Sizes of one Rust file.
pub(crate) fn check(source: &Source<'_>, out: &mut Vec<Finding>) {
    let max = if source.test_file { TEST_FILE_LINES_MAX } else { FILE_LINES_MAX };
    file_size(source.path, source.lines, max, out);
    for (line, lines, name) in functions(source) {
        if lines > FN_LINES_MAX {
            let advice = format!("`{name}` has {lines} lines, {FN_LINES_MAX} are enough: split it");
            out.push(Finding::new(source.path, line, "fn-size", advice));
        }
    }
}

/// Sizes that need the whole tree.
pub(crate) fn check_tree(tree: &Tree, sources: &[Source<'_>], out: &mut Vec<Finding>) {
    let kernel = sources.iter().filter(|s| s.path.starts_with("base/kernel/src/") && !s.test_file);
    let lines: usize = kernel.map(|source| source.lines - source.test_lines()).sum();
    if lines > KERNEL_LINES_MAX {
        let advice = format!("the kernel has {lines} lines, at most {KERNEL_LINES_MAX}: move out");
        out.push(Finding::new("base/kernel/src/lib.rs", 1, "kernel-size", advice));
    }
    for (path, text) in tree.files() {
        let ext = path.rsplit('.').next().unwrap_or("");
        if matches!(ext, "ts" | "tsx" | "css" | "sql") && !path.contains(".gen.") {
            let test = path.contains("/e2e/") || path.contains(".test.");
            let max = if test { TEST_FILE_LINES_MAX } else { FILE_LINES_MAX };
            file_size(path, line_count(text), max, out);
        }
        if path.starts_with("domain/") && path.ends_with("/src/lib.rs") {
            file_size(path, line_count(text), FACE_LINES_MAX, out);
        }
    }
    match tree.text("ARCHITECTURE.md") {
        Some(text) => file_size("ARCHITECTURE.md", line_count(text), ARCHITECTURE_LINES_MAX, out),
        None => out.push(Finding::new("ARCHITECTURE.md", 1, "missing", "write the map")),
    }
    let forks: Vec<&str> =
        tree.files().map(|(path, _)| path).filter(|path| path.ends_with("_fork.rs")).collect();
    for path in forks.iter().skip(FORKS_MAX) {
        let advice = format!("there are {} fork files, the budget is {FORKS_MAX}", forks.len());
        out.push(Finding::new(path, 1, "fork-budget", advice));
    }
}

fn file_size(path: &str, lines: usize, max: usize, out: &mut Vec<Finding>) {
    if lines > max {
        let advice = format!("{lines} lines, {max} are enough: split it where it has a seam");
        out.push(Finding::new(path, max + 1, "file-size", advice));
    }
}

/// Every function with a body: the line of its `fn`, how many lines it takes, and its name.
fn functions<'a>(source: &Source<'a>) -> Vec<(usize, usize, &'a str)> {
    let mut found = Vec::new();
    for (index, token) in source.tokens.iter().enumerate() {
        if !token.is_word("fn") {
            continue;
        }
        let Some(name) = source.tokens.get(index + 1) else { continue };
        if name.kind != Kind::Ident && !name.is('$') {
            continue;
        }
        if let Some(open) = body(source, index + 2) {
            let end = source.tokens[source.close(open)].line;
            found.push((token.line, end + 1 - token.line, name.text));
        }
    }
    found
}

/// Where a function's body opens; nothing when it has none.
fn body(source: &Source<'_>, mut index: usize) -> Option<usize> {
    while let Some(token) = source.tokens.get(index) {
        if token.is('{') {
            return Some(index);
        }
        if token.is(';') {
            return None;
        }
        if token.is('(') || token.is('[') {
            index = source.close(index);
        }
        index += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(path: &str, text: &str) -> Vec<(&'static str, usize)> {
        let mut out = Vec::new();
        check(&Source::new(path, text), &mut out);
        out.into_iter().map(|finding| (finding.rule, finding.line)).collect()
    }

    fn tree_rules(files: &[(&str, &str)]) -> Vec<(String, &'static str)> {
        let mut files = files.to_vec();
        if files.iter().all(|file| file.0 != "ARCHITECTURE.md") {
            files.push(("ARCHITECTURE.md", ""));
        }
        let tree = Tree::of(&files);
        let rust = tree.files().filter(|(path, _)| path.ends_with(".rs"));
        let sources: Vec<Source<'_>> = rust.map(|(path, text)| Source::new(path, text)).collect();
        let mut out = Vec::new();
        check_tree(&tree, &sources, &mut out);
        out.into_iter().map(|finding| (finding.path, finding.rule)).collect()
    }

    #[test]
    fn long_files_are_split() {
        assert_eq!(rules("a/src/b.rs", &"\n".repeat(500)), []);
        assert_eq!(rules("a/src/b.rs", &"\n".repeat(501)), [("file-size", 501)]);
        assert_eq!(rules("a/tests/b.rs", &"\n".repeat(800)), []);
        assert_eq!(rules("a/tests/b.rs", &"\n".repeat(801)), [("file-size", 801)]);
        let long = "\n".repeat(501);
        assert_eq!(tree_rules(&[("web/a.ts", &long)]), [("web/a.ts".to_owned(), "file-size")]);
        assert_eq!(tree_rules(&[("web/a.gen.ts", &long)]), []);
    }

    #[test]
    fn long_functions_are_split() {
        let text = |lines: usize| format!("\nfn a<T>(b: [u8; 2]) -> T {{{}}}", "\n".repeat(lines));
        assert_eq!(rules("a/src/b.rs", &text(69)), []);
        assert_eq!(rules("a/src/b.rs", &text(70)), [("fn-size", 2)]);
        let strings = format!("fn a() {{ \"}}\" /* }} */; '}}'; {} }}", "\n".repeat(70));
        assert_eq!(rules("a/src/b.rs", &strings), [("fn-size", 1)]);
        let none = format!("trait A {{ fn a(&self); {} }} type F = fn(u8);", "\n".repeat(90));
        assert_eq!(rules("a/src/b.rs", &none), []);
    }

    #[test]
    fn the_kernel_stays_small() {
        let half = "\n".repeat(1_501);
        let files = [("base/kernel/src/lib.rs", &*half), ("base/kernel/src/b.rs", &*half)];
        assert_eq!(tree_rules(&files), [("base/kernel/src/lib.rs".to_owned(), "kernel-size")]);
        let tests = format!("#[cfg(test)] mod t {{ {half} }}");
        let files = [("base/kernel/src/lib.rs", &*half), ("base/kernel/src/b.rs", &*tests)];
        assert_eq!(tree_rules(&files), []);
    }

    #[test]
    fn faces_maps_and_forks_stay_small() {
        let long = "\n".repeat(100);
        let face = ("domain/x/src/lib.rs", &*long);
        assert_eq!(tree_rules(&[face]), [("domain/x/src/lib.rs".to_owned(), "file-size")]);
        let long = "\n".repeat(151);
        let map = ("ARCHITECTURE.md", &*long);
        assert_eq!(tree_rules(&[map]), [("ARCHITECTURE.md".to_owned(), "file-size")]);
        let names: Vec<String> = (0..7).map(|n| format!("a/{n}_fork.rs")).collect();
        let forks: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
        assert_eq!(tree_rules(&forks), [("a/6_fork.rs".to_owned(), "fork-budget")]);
        assert_eq!(tree_rules(&forks[..6]), []);
        let mut out = Vec::new();
        check_tree(&Tree::default(), &[], &mut out);
        assert_eq!(out[0].rule, "missing");
    }
}
