//! What goes to standard output: only what was asked for.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::trouble::Trouble;

/// What a command found out, for programs and for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// One JSON value.
    pub(crate) json: Value,
    /// The same to read.
    pub(crate) text: String,
    /// What is wrong all the same: it is told after the answer, and the exit code is 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) complaint: Option<String>,
}

impl Answer {
    /// An answer without a complaint.
    pub(crate) fn new(json: Value, text: impl Into<String>) -> Self {
        Self { json, text: text.into(), complaint: None }
    }

    /// Prints one of the forms.
    pub(crate) fn print(self, as_json: bool) -> Result<(), Trouble> {
        let text = if as_json { self.json.to_string() } else { self.text };
        line(&text)?;
        match self.complaint {
            Some(complaint) => Err(Trouble::failed(complaint)),
            None => Ok(()),
        }
    }
}

/// Prints text with a line end, at once. A reader that has gone is not an error.
pub(crate) fn line(text: &str) -> Result<(), Trouble> {
    let mut out = io::stdout().lock();
    let printed = writeln!(out, "{}", text.trim_end_matches('\n')).and_then(|()| out.flush());
    match printed {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Trouble::failed(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}
