//! What can go wrong in a benchmark run.

use std::fmt::Display;

/// Why a bench gave no figures. Both kinds end the program with exit code 1.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    /// The bench could not be carried out: no server, no disk, a refused request, a dead line.
    #[error("could not run: {0}")]
    CannotRun(String),
    /// The server answered, but not correctly: a message lost, doubled, swapped or refused.
    #[error("incorrect: {0}")]
    Incorrect(String),
}

/// The result of every step of a bench.
pub(crate) type Outcome<T> = Result<T, Trouble>;

/// Shorthand for [`Trouble::CannotRun`].
pub(crate) fn cannot_run<T>(why: impl Into<String>) -> Outcome<T> {
    Err(Trouble::CannotRun(why.into()))
}

/// Shorthand for [`Trouble::Incorrect`].
pub(crate) fn incorrect<T>(what: impl Into<String>) -> Outcome<T> {
    Err(Trouble::Incorrect(what.into()))
}

/// Says what was being done when a library call failed.
pub(crate) trait Doing<T> {
    /// Turns the error into [`Trouble::CannotRun`] with `what` in front.
    fn doing<W: Display>(self, what: impl FnOnce() -> W) -> Outcome<T>;
}

impl<T, E: Display> Doing<T> for Result<T, E> {
    fn doing<W: Display>(self, what: impl FnOnce() -> W) -> Outcome<T> {
        self.map_err(|error| Trouble::CannotRun(format!("{}: {error}", what())))
    }
}
