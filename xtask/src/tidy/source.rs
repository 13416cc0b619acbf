//! One Rust file: its tokens, and which of them only tests see.

use std::ops::Range;

use super::lexer::{Comment, Kind, Token, lex};

/// One Rust file, taken apart.
pub(crate) struct Source<'a> {
    /// Path from the root of the repository.
    pub(crate) path: &'a str,
    /// How many lines it has.
    pub(crate) lines: usize,
    /// Its code.
    pub(crate) tokens: Vec<Token<'a>>,
    /// Its comments.
    pub(crate) comments: Vec<Comment<'a>>,
    /// Whether only tests see the whole file.
    pub(crate) test_file: bool,
    /// Token ranges that only tests see; empty for a test file.
    test_ranges: Vec<Range<usize>>,
}

impl<'a> Source<'a> {
    /// Takes a file apart.
    pub(crate) fn new(path: &'a str, text: &'a str) -> Self {
        let (tokens, comments) = lex(text);
        let mut source = Self {
            path,
            lines: super::tree::line_count(text),
            tokens,
            comments,
            test_file: is_test_path(path),
            test_ranges: Vec::new(),
        };
        source.find_tests();
        source
    }

    /// Whether only tests see the token at `index`.
    pub(crate) fn in_test(&self, index: usize) -> bool {
        self.test_file || self.test_ranges.iter().any(|range| range.contains(&index))
    }

    /// How many lines the ranges take that only tests see.
    pub(crate) fn test_lines(&self) -> usize {
        let line = |index: usize| self.tokens.get(index).map_or(self.lines, |token| token.line);
        self.test_ranges.iter().map(|r| line(r.end.saturating_sub(1)) + 1 - line(r.start)).sum()
    }

    /// The file's name.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(self.path)
    }

    /// Whether the tokens from `index` on are these words and marks.
    pub(crate) fn matches(&self, index: usize, wanted: &[&str]) -> bool {
        let Some(found) = self.tokens.get(index..index + wanted.len()) else { return false };
        found.iter().zip(wanted).all(|(token, text)| {
            matches!(token.kind, Kind::Ident | Kind::Punct) && token.text == *text
        })
    }

    /// The modules that this file declares: name, and whether only tests see it.
    pub(crate) fn modules(&self) -> impl Iterator<Item = (&'a str, bool)> {
        self.tokens.windows(3).enumerate().filter_map(|(index, three)| {
            let declares =
                three[0].is_word("mod") && three[1].kind == Kind::Ident && three[2].is(';');
            declares.then(|| (three[1].text, self.in_test(index)))
        })
    }

    /// How many examples its documentation holds that Cargo runs.
    pub(crate) fn doc_examples(&self) -> usize {
        let (mut open, mut count) = (false, 0);
        for comment in &self.comments {
            let doc = comment.text.strip_prefix("///").or_else(|| comment.text.strip_prefix("//!"));
            let Some(language) = doc.and_then(|doc| doc.trim().strip_prefix("```")) else {
                continue;
            };
            count += usize::from(!open && matches!(language, "" | "rust" | "no_run"));
            open = !open;
        }
        count
    }

    /// The index of the bracket that closes the one at `open`, or the last token's.
    pub(crate) fn close(&self, open: usize) -> usize {
        let mut depth = 0_usize;
        for (index, token) in self.tokens.iter().enumerate().skip(open) {
            if token.kind != Kind::Punct {
                continue;
            }
            match token.text {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return index;
                    }
                }
                _ => {}
            }
        }
        self.tokens.len().saturating_sub(1)
    }

    fn find_tests(&mut self) {
        let mut index = 0;
        while index < self.tokens.len() {
            let Some((inner, open)) = self.attribute(index) else {
                index += 1;
                continue;
            };
            let close = self.close(open);
            if !self.means_test(open + 1..close) {
                index = close + 1;
            } else if inner {
                self.test_file = true;
                return;
            } else {
                let end = self.item_end(close + 1);
                self.test_ranges.push(index..end + 1);
                index = end + 1;
            }
        }
    }

    /// At `#[` or `#![`: whether it is the inner form, and where the bracket opens.
    fn attribute(&self, index: usize) -> Option<(bool, usize)> {
        if self.matches(index, &["#", "["]) {
            Some((false, index + 1))
        } else if self.matches(index, &["#", "!", "["]) {
            Some((true, index + 2))
        } else {
            None
        }
    }

    /// Whether an attribute marks a test: `#[cfg(test)]`, `#[test]`, `#[tokio::test]`, `#[db_test]`.
    fn means_test(&self, range: Range<usize>) -> bool {
        let Some(inside) = self.tokens.get(range) else { return false };
        let words = || inside.iter().filter(|token| token.kind == Kind::Ident);
        if words().next().is_some_and(|word| word.text == "cfg") {
            return words().any(|word| word.text == "test") && !words().any(|w| w.text == "not");
        }
        let path = inside.iter().take_while(|token| !token.is('(') && !token.is('='));
        path.filter(|token| token.kind == Kind::Ident)
            .last()
            .is_some_and(|word| word.text == "test" || word.text.ends_with("_test"))
    }

    /// The last token of the item that starts at `index`, further attributes included.
    fn item_end(&self, mut index: usize) -> usize {
        while let Some((_, open)) = self.attribute(index) {
            index = self.close(open) + 1;
        }
        while let Some(token) = self.tokens.get(index) {
            if token.is(';') {
                return index;
            }
            if token.is('{') {
                return self.close(index);
            }
            if token.is('(') || token.is('[') {
                index = self.close(index);
            }
            index += 1;
        }
        self.tokens.len().saturating_sub(1)
    }
}

/// Whether a path alone says that only tests see the file.
pub(crate) fn is_test_path(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    path.starts_with("tests/")
        || path.contains("/tests/")
        || path.contains("/benches/")
        || path.contains("/examples/")
        || name == "tests.rs"
        || name.ends_with("_tests.rs")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tested(text: &str) -> Vec<(&str, bool)> {
        let source = Source::new("base/x/src/lib.rs", text);
        let found = source.tokens.iter().enumerate().filter(|(_, token)| token.text.len() == 1);
        let found = found.filter(|(_, token)| token.kind == Kind::Ident);
        found.map(|(index, token)| (token.text, source.in_test(index))).collect()
    }

    #[test]
    fn marked_items_are_tests_and_their_neighbours_are_not() {
        let text = "fn a() { b } #[cfg(test)] mod t { fn c() { d } } fn e() {}";
        assert_eq!(
            tested(text),
            [("a", false), ("b", false), ("t", true), ("c", true), ("d", true), ("e", false)]
        );
        let text = "#[tokio::test] #[ignore] async fn a(x: [u8; 2]) { b } fn c() {}";
        assert_eq!(tested(text), [("a", true), ("x", true), ("b", true), ("c", false)]);
        assert_eq!(tested("#[cfg(test)] use a::b; fn c() {}")[2], ("c", false));
        assert_eq!(tested("#[cfg(not(test))] fn a() {}"), [("a", false)]);
        assert_eq!(tested("#[db_test] async fn a() {}"), [("a", true)]);
        assert_eq!(tested("#![cfg(test)] fn a() {}"), [("a", true)]);
    }

    #[test]
    fn paths_tell_tests() {
        assert!(is_test_path("tests/system/src/lib.rs"));
        assert!(is_test_path("base/log/tests/all/main.rs"));
        assert!(is_test_path("base/log/src/append/tests.rs"));
        assert!(!is_test_path("base/testkit/src/lib.rs"));
    }

    #[test]
    fn examples_are_counted() {
        let text = "//! ```\n//! a\n//! ```\n/// ```text\n/// ```\n// ```\nfn a() {}\n\
                    /// ```no_run\n/// ```\nfn b() {}";
        assert_eq!(Source::new("a.rs", text).doc_examples(), 2);
    }

    #[test]
    fn test_lines_are_counted() {
        let source = Source::new("a.rs", "fn a() {}\n#[cfg(test)]\nmod t {\n  fn b() {}\n}\n");
        assert_eq!(source.test_lines(), 4);
        assert_eq!(source.lines, 5);
    }
}
