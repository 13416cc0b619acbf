//! A password from whoever starts the chat: the environment, a terminal that does not show it, or
//! the first line of a pipe.

use std::{
    env,
    io::{self, BufRead, IsTerminal, Write},
};

use hoopoe_wire::limits;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::trouble::Trouble;

/// It is no option of the command line: everybody on the machine would see it there.
const VARIABLE: &str = "HOOPOE_PASSWORD";

/// The password of this login. Ctrl-C while a terminal is asked ends the chat, with the terminal as
/// it was.
pub(super) async fn of(login: &str) -> Result<String, Trouble> {
    if let Some(given) = env::var_os(VARIABLE) {
        let not_text = |_| Trouble::usage(format!("{VARIABLE} is not text"));
        return given.into_string().map_err(not_text);
    }
    if !io::stdin().is_terminal() {
        return read();
    }
    let hidden = Hidden::begin()?;
    prompt(&format!("Password of {login}: "));
    let typed = tokio::select! {
        typed = tokio::task::spawn_blocking(read) => {
            typed.unwrap_or_else(|error| Err(Trouble::failed(error.to_string())))
        }
        Ok(()) = tokio::signal::ctrl_c() => Err(Trouble::failed("no password was given")),
    };
    drop(hidden);
    // The Enter was not shown either.
    prompt("\n");
    typed
}

/// The prompt is no part of what the chat prints.
fn prompt(words: &str) {
    let mut out = io::stderr().lock();
    drop(out.write_all(words.as_bytes()).and_then(|()| out.flush()));
}

/// The first line of standard input without its end; what stands behind it stays there.
fn read() -> Result<String, Trouble> {
    let mut line = String::new();
    // One end of a line more than a password may have bytes.
    let most = limits::PASSWORD_BYTES_MAX as u64 + 2;
    let read = io::Read::take(io::stdin().lock(), most).read_line(&mut line);
    read.map_err(|error| Trouble::failed(format!("cannot read a password: {error}")))?;
    let line = line.trim_end_matches(['\n', '\r']);
    if line.is_empty() {
        let words = "a password is needed, as the first line of the input or in";
        return Err(Trouble::usage(format!("{words} {VARIABLE}")));
    }
    Ok(line.to_owned())
}

/// While it is held, the terminal does not show what is typed.
struct Hidden(Termios);

impl Hidden {
    fn begin() -> Result<Self, Trouble> {
        let cannot = |error| Trouble::failed(format!("cannot ask for a password: {error}"));
        let shown = tcgetattr(io::stdin()).map_err(cannot)?;
        let mut hidden = shown.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &hidden).map_err(cannot)?;
        Ok(Self(shown))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // A terminal that has gone needs nothing.
        tcsetattr(io::stdin(), OptionalActions::Now, &self.0).ok();
    }
}
