//! Why a command did not do what it was asked, in one line for people.

use std::{
    fmt,
    io::{self, Write},
    process::ExitCode,
};

use hoopoe_kernel::Fail;

/// Words for standard error and an exit code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    words: String,
    code: u8,
}

impl Trouble {
    /// It was tried and did not work: exit code 1.
    pub(crate) fn failed(words: impl Into<String>) -> Self {
        Self { words: words.into(), code: 1 }
    }

    /// It was asked for in a way that cannot work: exit code 2.
    pub(crate) fn usage(words: impl Into<String>) -> Self {
        Self { words: words.into(), code: 2 }
    }

    /// The line.
    pub(crate) fn words(&self) -> &str {
        &self.words
    }

    /// Prints the line and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        // When standard error is closed there is nobody left to tell.
        drop(writeln!(io::stderr(), "hoopoe: {self}"));
        ExitCode::from(self.code)
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = self.words.lines().map(str::trim).filter(|line| !line.is_empty());
        f.write_str(lines.next().unwrap_or_default())?;
        lines.try_for_each(|line| write!(f, "; {line}"))
    }
}

impl From<Fail> for Trouble {
    fn from(fail: Fail) -> Self {
        let code = fail.code();
        if code.status >= 500 {
            return Self::failed(fail.to_string());
        }
        let problem = fail.problem(hoopoe_wire::RequestId::NONE);
        if let Some(field) = problem.errors.first() {
            let name = field.pointer.trim_start_matches('/');
            return Self::failed(format!("{name}: {}", field.detail));
        }
        match problem.detail {
            Some(detail) => Self::failed(format!("{} ({detail})", code.cause)),
            None => Self::failed(code.cause),
        }
    }
}

#[cfg(test)]
mod tests {
    use hoopoe_wire::codes;

    use super::*;

    #[test]
    fn it_is_one_line_whatever_comes() {
        assert_eq!(Trouble::failed("one\n\n  two \n").to_string(), "one; two");
        let fail = Fail::field("/name", "too_long", "at most 100 characters");
        assert_eq!(Trouble::from(fail).to_string(), "name: at most 100 characters");
        let fail = Fail::new(&codes::APP_EXISTS);
        assert_eq!(Trouble::from(fail).words(), codes::APP_EXISTS.cause);
    }
}
