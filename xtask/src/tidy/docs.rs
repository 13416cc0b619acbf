//! What prose and other text may not do: dangle, promise, or name the machine it was written on.

use super::bans::promise;
use super::finding::Finding;
use super::tree::Tree;

/// Starts of paths that exist on one machine only. Split, so that this file does not break them.
const MACHINE_PATHS: &[&str] =
    &[concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/wo", "rk/"), concat!("/Us", "ers/")];

/// Pages that stand at the root of the repository.
const ROOT_PAGES: &[&str] = &[
    "README.md",
    "README.zh.md",
    "STYLE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "LICENSE",
    "deny.toml",
];

/// Runs every rule about text over the tree.
pub(crate) fn check(tree: &Tree, out: &mut Vec<Finding>) {
    for page in ROOT_PAGES {
        if !tree.has(page) {
            out.push(Finding::new(page, 1, "missing", "the repository needs this page"));
        }
    }
    for (path, text) in tree.files() {
        machine_paths(path, text, out);
        if path.ends_with(".md") {
            links(tree, path, text, out);
        }
        let ext = path.rsplit('.').next().unwrap_or("");
        if matches!(ext, "toml" | "sql" | "ts" | "tsx" | "js" | "css" | "html" | "sh" | "yml") {
            for (index, line) in text.lines().enumerate() {
                if let Some(word) = promise(line) {
                    let advice = format!("{word}: do it now, or open an issue");
                    out.push(Finding::new(path, index + 1, "promise", advice));
                }
            }
        }
    }
}

fn machine_paths(path: &str, text: &str, out: &mut Vec<Finding>) {
    if !MACHINE_PATHS.iter().any(|start| text.contains(start)) {
        return;
    }
    for (index, line) in text.lines().enumerate() {
        let named = MACHINE_PATHS.iter().any(|start| {
            line.match_indices(start).any(|(at, _)| {
                let before = line[..at].chars().next_back();
                before.is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '_' | '-' | '.' | '}'))
            })
        });
        if named {
            let advice = "this path exists on one machine only: make it relative";
            out.push(Finding::new(path, index + 1, "machine-path", advice));
        }
    }
}

fn links(tree: &Tree, path: &str, text: &str, out: &mut Vec<Finding>) {
    let mut fenced = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            continue;
        }
        if fenced {
            continue;
        }
        for target in targets(line) {
            if !resolves(tree, path, &target) {
                let advice = format!("`{target}` leads nowhere");
                out.push(Finding::new(path, index + 1, "link", advice));
            }
        }
    }
}

/// The link targets of a line: `[text](target)`, `![text](target)` and `[name]: target`.
fn targets(line: &str) -> Vec<String> {
    let mut plain = String::new();
    for (index, part) in line.split('`').enumerate() {
        plain.push_str(if index % 2 == 0 { part } else { "code" });
    }
    let mut found = Vec::new();
    let mut rest = plain.as_str();
    while let Some(at) = rest.find("](") {
        rest = &rest[at + 2..];
        let end = rest.find([')', ' ']).unwrap_or(rest.len());
        found.push(rest[..end].trim_matches(['<', '>']).to_owned());
        rest = &rest[end..];
    }
    if plain.starts_with('[')
        && let Some((_, target)) = plain.split_once("]: ")
    {
        found.push(target.trim().to_owned());
    }
    found
}

fn resolves(tree: &Tree, from: &str, target: &str) -> bool {
    let target = target.split(['#', '?']).next().unwrap_or("");
    if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
        return true;
    }
    let mut parts: Vec<&str> = if target.starts_with('/') {
        Vec::new()
    } else {
        let mut parts: Vec<&str> = from.split('/').collect();
        parts.pop();
        parts
    };
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if parts.pop().is_none() {
                    return false;
                }
            }
            _ => parts.push(part),
        }
    }
    tree.has(&parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(files: &[(&str, &str)]) -> Vec<(String, usize, &'static str)> {
        let mut all: Vec<(&str, &str)> = ROOT_PAGES.iter().map(|page| (*page, "")).collect();
        all.extend(files);
        let mut out = Vec::new();
        check(&Tree::of(&all), &mut out);
        out.into_iter().map(|f| (f.path, f.line, f.rule)).collect()
    }

    #[test]
    fn links_lead_somewhere() {
        let good = "[a](b.md) [a](../c/#x) ![i](<b.md>) [a](https://x.y/z) [a](#here) `[a](no)`\n\
                    [name]: b.md\n```\n[a](no.md)\n```\n[a](/c/d.rs \"title\")";
        let files = [("docs/a.md", good), ("docs/b.md", ""), ("c/d.rs", "")];
        assert_eq!(rules(&files), []);
        for bad in ["[a](no.md)", "[a](../../x.md)", "[name]: no.md", "x\n[a](b.md) [a](no.md)"] {
            let found = rules(&[("docs/a.md", bad), ("docs/b.md", "")]);
            assert_eq!(found.len(), 1, "{bad}");
            assert_eq!(found[0].2, "link");
        }
    }

    #[test]
    fn machines_are_not_named() {
        for start in MACHINE_PATHS {
            let text = format!("x\nsee {start}here");
            assert_eq!(rules(&[("a.rs", &text)]), [("a.rs".to_owned(), 2, "machine-path")]);
            let text = format!("see docs{start}here and ${{X}}{start}here");
            assert_eq!(rules(&[("a.rs", &text)]), []);
        }
    }

    #[test]
    fn promises_are_found_outside_rust_too() {
        assert_eq!(rules(&[("a.sql", "\n-- FIXME b")]), [("a.sql".to_owned(), 2, "promise")]);
    }

    #[test]
    fn root_pages_are_there() {
        let mut out = Vec::new();
        check(&Tree::default(), &mut out);
        assert_eq!(out.len(), ROOT_PAGES.len());
    }
}
