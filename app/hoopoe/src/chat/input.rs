//! What was typed, line by line.

use std::{io, thread};

use tokio::sync::mpsc;

/// Lines that wait; a pipe that is faster waits itself.
const LINES: usize = 16;

/// A line, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    Say(String),
    With(String),
    List,
    Help,
    Quit,
    Unknown(String),
}

/// Reads standard input to its end, on a thread of its own.
pub(super) fn lines() -> mpsc::Receiver<Line> {
    let (tell, lines) = mpsc::channel(LINES);
    thread::spawn(move || {
        for line in io::stdin().lines() {
            let Ok(line) = line else { return };
            let Some(line) = Line::parse(&line) else { continue };
            if tell.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}

impl Line {
    /// Nothing for an empty line. A text that begins with a slash is written with two.
    fn parse(line: &str) -> Option<Self> {
        let line = line.trim_end_matches(['\r', '\n']);
        if line.trim().is_empty() {
            return None;
        }
        let Some(command) = line.strip_prefix('/') else { return Some(Self::Say(line.to_owned())) };
        if command.starts_with('/') {
            return Some(Self::Say(command.to_owned()));
        }
        let (word, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
        let rest = rest.trim();
        Some(match word {
            "with" if !rest.is_empty() => Self::With(rest.to_owned()),
            "list" => Self::List,
            "help" => Self::Help,
            "quit" => Self::Quit,
            _ => Self::Unknown(format!("/{command}")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_texts_and_commands() {
        for (line, expected) in [
            ("hi", Some(Line::Say("hi".into()))),
            (" 你好，世界 ", Some(Line::Say(" 你好，世界 ".into()))),
            ("//shrug", Some(Line::Say("/shrug".into()))),
            ("", None),
            ("   ", None),
            ("/with  bob ", Some(Line::With("bob".into()))),
            ("/with 周末 爬山", Some(Line::With("周末 爬山".into()))),
            ("/with", Some(Line::Unknown("/with".into()))),
            ("/list\r", Some(Line::List)),
            ("/help", Some(Line::Help)),
            ("/quit", Some(Line::Quit)),
            ("/dance now", Some(Line::Unknown("/dance now".into()))),
        ] {
            assert_eq!(Line::parse(line), expected, "{line:?}");
        }
    }
}
