//! The files that tidy looks at, and how it finds them.

use std::collections::BTreeMap;
use std::path::Path;

/// Folders that hold nothing of ours.
const SKIPPED: &[&str] = &["target", "node_modules", ".git", "dist"];

/// Folders at the root that hold nothing of ours: where `cargo xtask run` keeps its data.
const SKIPPED_AT_ROOT: &[&str] = &["data"];

/// What tidy can read. Other files are counted as present, so that links to them resolve.
const READ: &[&str] = &[
    "rs", "md", "toml", "sql", "ts", "tsx", "js", "mjs", "css", "html", "json", "yml", "yaml",
    "sh", "allow", "lock", "txt", "npmrc",
];

/// The repository: path (relative, with `/`) to text; the text of a file that is not read is empty.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    files: BTreeMap<String, String>,
}

impl Tree {
    /// Reads the repository below `root`.
    ///
    /// # Errors
    /// When a folder cannot be listed, or a file not read.
    pub(crate) fn read(root: &Path) -> Result<Self, String> {
        let mut tree = Self::default();
        tree.walk(root, "")?;
        Ok(tree)
    }

    /// A repository in memory, for the tests of the rules.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let files =
            files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        Self { files }
    }

    fn walk(&mut self, dir: &Path, prefix: &str) -> Result<(), String> {
        let entries = std::fs::read_dir(dir).map_err(|e| format!("cannot list {dir:?}: {e}"))?;
        for entry in entries {
            let entry = entry.map_err(|e| format!("cannot list {dir:?}: {e}"))?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let kind = entry.file_type().map_err(|e| format!("cannot look at {name}: {e}"))?;
            let path = format!("{prefix}{name}");
            if kind.is_dir() {
                let skipped = SKIPPED.contains(&name.as_str())
                    || (prefix.is_empty() && SKIPPED_AT_ROOT.contains(&name.as_str()));
                if !skipped {
                    self.walk(&entry.path(), &format!("{path}/"))?;
                }
            } else if kind.is_file() {
                let text = if is_read(&path) {
                    // A file may vanish between the two calls: editors write by renaming.
                    std::fs::read_to_string(entry.path()).unwrap_or_default()
                } else {
                    String::new()
                };
                self.files.insert(path, text);
            }
        }
        Ok(())
    }

    /// All files, ordered by path.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }

    /// A file's text.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// Whether there is such a file or folder.
    pub(crate) fn has(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        path.is_empty() || self.files.contains_key(path) || self.has_dir(path)
    }

    /// Whether there is such a folder with a file in it.
    pub(crate) fn has_dir(&self, path: &str) -> bool {
        let prefix = format!("{path}/");
        self.files
            .range(prefix.clone()..)
            .next()
            .is_some_and(|(found, _)| found.starts_with(&prefix))
    }

    /// The files below a folder.
    pub(crate) fn below<'a>(&'a self, dir: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let prefix = format!("{dir}/");
        let start = prefix.clone();
        self.files
            .range(start..)
            .take_while(move |(path, _)| path.starts_with(&prefix))
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }
}

fn is_read(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rsplit_once('.') {
        Some((_, ext)) => READ.contains(&ext),
        None => path.starts_with(".ci/"),
    }
}

/// The number of lines of a text.
pub(crate) fn line_count(text: &str) -> usize {
    text.lines().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_known_by_their_files() {
        let tree = Tree::of(&[("a/b/c.rs", ""), ("a/d.md", "")]);
        assert!(tree.has("a"));
        assert!(tree.has("a/b/"));
        assert!(tree.has("a/d.md"));
        assert!(!tree.has("a/b/c"));
        assert_eq!(tree.below("a/b").count(), 1);
    }
}
