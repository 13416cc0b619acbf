//! A light tokenizer of Rust: enough to tell code from strings and comments and to match braces.
//!
//! It does not check that the code is valid (rustc does); it never panics on code that is not.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A word: identifier or keyword. Raw identifiers come without their `r#`.
    Ident,
    /// A string literal of any kind; the text is what stands between the quotes, as written.
    Str,
    /// A character or byte literal.
    Char,
    /// A lifetime or a loop label.
    Lifetime,
    /// A number.
    Number,
    /// One character of punctuation.
    Punct,
}

/// One token of code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'a> {
    /// What it is.
    pub(crate) kind: Kind,
    /// Its text; see [`Kind::Str`].
    pub(crate) text: &'a str,
    /// The line on which it starts, from 1.
    pub(crate) line: usize,
}

impl Token<'_> {
    /// Whether this is the word `word`.
    pub(crate) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Ident && self.text == word
    }

    /// Whether this is the punctuation `mark`.
    pub(crate) fn is(&self, mark: char) -> bool {
        self.kind == Kind::Punct && self.text.starts_with(mark)
    }
}

/// A comment, with its marks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Comment<'a> {
    /// Its text, from the first slash on.
    pub(crate) text: &'a str,
    /// The line on which it starts, from 1.
    pub(crate) line: usize,
}

/// Splits Rust code into tokens and comments.
pub(crate) fn lex(text: &str) -> (Vec<Token<'_>>, Vec<Comment<'_>>) {
    let mut lexer = Lexer {
        text,
        bytes: text.as_bytes(),
        at: 0,
        line: 1,
        tokens: Vec::with_capacity(text.len() / 4),
        comments: Vec::new(),
    };
    lexer.run();
    (lexer.tokens, lexer.comments)
}

struct Lexer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    line: usize,
    tokens: Vec<Token<'a>>,
    comments: Vec<Comment<'a>>,
}

const fn starts_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

const fn in_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

impl<'a> Lexer<'a> {
    fn run(&mut self) {
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'\n' => {
                    self.line += 1;
                    self.at += 1;
                }
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'/' if self.peek(1) == Some(b'/') => self.line_comment(),
                b'/' if self.peek(1) == Some(b'*') => self.block_comment(),
                b'"' => self.string(0, 1),
                b'\'' => self.quote(),
                _ if byte.is_ascii_digit() => self.number(),
                _ if starts_word(byte) => self.word(),
                _ => {
                    self.push(Kind::Punct, self.at, self.at + 1, self.line);
                    self.at += 1;
                }
            }
        }
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn push(&mut self, kind: Kind, from: usize, to: usize, line: usize) {
        let text = self.text.get(from..to).unwrap_or("");
        self.tokens.push(Token { kind, text, line });
    }

    fn newlines(&mut self, from: usize, to: usize) {
        self.line += self.bytes[from..to].iter().filter(|&&byte| byte == b'\n').count();
    }

    fn line_comment(&mut self) {
        let from = self.at;
        while self.peek(0).is_some_and(|byte| byte != b'\n') {
            self.at += 1;
        }
        self.comments.push(Comment { text: &self.text[from..self.at], line: self.line });
    }

    fn block_comment(&mut self) {
        let (from, line) = (self.at, self.line);
        let mut depth = 0_usize;
        while self.at < self.bytes.len() {
            match (self.bytes[self.at], self.peek(1)) {
                (b'/', Some(b'*')) => {
                    depth += 1;
                    self.at += 2;
                }
                (b'*', Some(b'/')) => {
                    depth -= 1;
                    self.at += 2;
                    if depth == 0 {
                        break;
                    }
                }
                _ => self.at += 1,
            }
        }
        self.newlines(from, self.at);
        self.comments.push(Comment { text: &self.text[from..self.at], line });
    }

    /// A string that opens after `open` bytes of prefix and quote; raw ones close with `hashes`.
    fn string(&mut self, hashes: usize, open: usize) {
        let raw = open > 1 && self.bytes[self.at..self.at + open].contains(&b'r');
        let (line, from) = (self.line, self.at + open);
        let mut to = from;
        while let Some(&byte) = self.bytes.get(to) {
            if byte == b'\\' && !raw {
                to += 2;
                continue;
            }
            if byte == b'"' {
                let tail = self.bytes.get(to + 1..to + 1 + hashes);
                if tail.is_some_and(|tail| tail.iter().all(|&byte| byte == b'#')) {
                    break;
                }
            }
            to += 1;
        }
        let to = to.min(self.bytes.len());
        self.newlines(from, to);
        self.push(Kind::Str, from, to, line);
        self.at = (to + 1 + hashes).min(self.bytes.len());
    }

    /// A character literal, a lifetime or a label.
    fn quote(&mut self) {
        let from = self.at;
        let rest = &self.text[from + 1..];
        let Some(first) = rest.chars().next() else {
            self.at += 1;
            return;
        };
        let width = first.len_utf8();
        if first == '\\' {
            let mut to = from + 3;
            while self.bytes.get(to).is_some_and(|&byte| byte != b'\'' && byte != b'\n') {
                to += 1;
            }
            self.at = (to + 1).min(self.bytes.len());
            self.push(Kind::Char, from, self.at, self.line);
        } else if self.bytes.get(from + 1 + width) == Some(&b'\'') {
            if first == '\n' {
                self.line += 1;
            }
            self.at = from + 2 + width;
            self.push(Kind::Char, from, self.at, self.line);
        } else {
            self.at += 1;
            while self.peek(0).is_some_and(in_word) {
                self.at += 1;
            }
            self.push(Kind::Lifetime, from, self.at, self.line);
        }
    }

    fn number(&mut self) {
        let from = self.at;
        while self.peek(0).is_some_and(in_word) {
            self.at += 1;
        }
        if self.peek(0) == Some(b'.') && self.peek(1).is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
            while self.peek(0).is_some_and(in_word) {
                self.at += 1;
            }
        }
        self.push(Kind::Number, from, self.at, self.line);
    }

    fn word(&mut self) {
        let from = self.at;
        let mut to = from;
        while self.bytes.get(to).is_some_and(|&byte| in_word(byte)) {
            to += 1;
        }
        let prefix = &self.text[from..to];
        match (prefix, self.bytes.get(to)) {
            ("b" | "c" | "r" | "br" | "cr", Some(b'"')) => {
                self.string(0, to - from + 1);
                return;
            }
            ("r" | "br" | "cr", Some(b'#')) => {
                let hashes = self.bytes[to..].iter().take_while(|&&byte| byte == b'#').count();
                if self.bytes.get(to + hashes) == Some(&b'"') {
                    self.string(hashes, to - from + hashes + 1);
                    return;
                }
                if prefix == "r" && self.bytes.get(to + 1).is_some_and(|&byte| starts_word(byte)) {
                    self.at = to + 1;
                    self.word();
                    return;
                }
            }
            ("b", Some(b'\'')) => {
                self.at = to;
                self.quote();
                return;
            }
            _ => {}
        }
        self.push(Kind::Ident, from, to, self.line);
        self.at = to;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> Vec<(Kind, &str, usize)> {
        lex(text).0.iter().map(|token| (token.kind, token.text, token.line)).collect()
    }

    #[test]
    fn words_numbers_and_marks() {
        assert_eq!(
            shape("let r#type = 1.5e3;\nx"),
            [
                (Kind::Ident, "let", 1),
                (Kind::Ident, "type", 1),
                (Kind::Punct, "=", 1),
                (Kind::Number, "1.5e3", 1),
                (Kind::Punct, ";", 1),
                (Kind::Ident, "x", 2),
            ]
        );
        assert_eq!(shape("0..9").len(), 4);
    }

    #[test]
    fn strings_hide_what_looks_like_code() {
        assert_eq!(shape(r#""a \" { // b""#), [(Kind::Str, r#"a \" { // b"#, 1)]);
        assert_eq!(shape(r##"r#"x " y"# z"##)[0], (Kind::Str, "x \" y", 1));
        assert_eq!(shape(r##"r#"x " y"# z"##)[1], (Kind::Ident, "z", 1));
        assert_eq!(shape(r#"br"\" q"#), [(Kind::Str, "\\", 1), (Kind::Ident, "q", 1)]);
        assert_eq!(shape("b\"a\" c\"b\"").len(), 2);
        assert_eq!(shape("\"a\nb\" c")[1], (Kind::Ident, "c", 2));
    }

    #[test]
    fn characters_are_not_lifetimes() {
        let kinds: Vec<Kind> =
            shape(r"'a' '\'' '\u{1F600}' b'{' '}' '好' 'a: &'static").iter().map(|t| t.0).collect();
        use Kind::{Char, Ident, Lifetime, Punct};
        assert_eq!(kinds, [Char, Char, Char, Char, Char, Char, Lifetime, Punct, Punct, Lifetime]);
        assert!(!kinds.contains(&Ident));
    }

    #[test]
    fn comments_stand_apart_and_nest() {
        let (tokens, comments) = lex("a // b {\n/* c /* d */ \n e */ f");
        assert_eq!(
            tokens.iter().map(|t| (t.text, t.line)).collect::<Vec<_>>(),
            [("a", 1), ("f", 3)]
        );
        assert_eq!(comments.len(), 2);
        assert_eq!(comments[1].line, 2);
    }

    #[test]
    fn broken_code_does_not_panic() {
        for text in ["\"open", "r#\"open", "/* open", "'", "'\\", "b'", "r#", "\\", "1.", "\"\\"] {
            let _ = lex(text);
        }
    }
}
