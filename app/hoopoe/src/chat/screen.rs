//! What is printed. At a terminal the prompt is taken away before a line and put back behind it; in
//! a pipe there are only lines.

use std::io::{self, IsTerminal, Write};

const PROMPT: &str = "> ";
/// To the beginning of the line, and nothing on it.
const CLEAR: &str = "\r\x1b[2K";

pub(super) struct Screen {
    is_terminal: bool,
}

impl Screen {
    pub(super) fn new() -> Self {
        Self { is_terminal: io::stdin().is_terminal() && io::stdout().is_terminal() }
    }

    /// Whether what was typed stands there already.
    pub(super) fn echoes(&self) -> bool {
        self.is_terminal
    }

    /// Something about the chat.
    pub(super) fn note(&self, words: &str) {
        self.line(&format!("* {words}"));
    }

    /// Something that somebody said.
    pub(super) fn said(&self, who: &str, text: &str) {
        self.line(&format!("{}: {}", clean(who), clean(text)));
    }

    pub(super) fn line(&self, line: &str) {
        if self.is_terminal {
            write(&format!("{CLEAR}{line}\n{PROMPT}"));
        } else {
            write(&format!("{line}\n"));
        }
    }

    pub(super) fn prompt(&self) {
        if self.is_terminal {
            write(&format!("{CLEAR}{PROMPT}"));
        }
    }

    pub(super) fn end(&self) {
        if self.is_terminal {
            write(CLEAR);
        }
    }
}

/// A reader that has gone sees nothing any more; the input tells when it is over.
fn write(text: &str) {
    let mut out = io::stdout().lock();
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

/// A text of somebody else's as it may go to a terminal: without what moves the cursor, colours the
/// screen or turns the direction of writing.
pub(super) fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => clean.push_str("\n    "),
            '\t' => clean.push(' '),
            c if c.is_control()
                || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
            {
                clean.push('\u{fffd}');
            }
            c => clean.push(c),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_play_with_the_terminal() {
        assert_eq!(clean("你好 👋"), "你好 👋");
        assert_eq!(clean("a\nb\tc"), "a\n    b c");
        assert_eq!(
            clean("\x1b[2J\r\u{7}\u{9b}\u{202e}x"),
            "\u{fffd}[2J\u{fffd}\u{fffd}\u{fffd}\u{fffd}x"
        );
    }
}
