//! Opening many authenticated sessions, some at a time.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use serde_json::json;

use crate::load::{Driver, Engine, Io, Next, Tongue};
use crate::packed;
use crate::request::push_call;
use crate::scan::{Frame, Scanner, text};
use crate::trouble::{Outcome, Trouble, cannot_run, incorrect};

/// Handshakes under way at a time; below the accept backlog of any server.
const CONCURRENT: usize = 64;
const TIMEOUT: Duration = Duration::from_secs(30);
const START_ID: u64 = 1;

/// Opens one session for each token, on connections 0, 1, … of a fresh engine; returns how long
/// that took from the first connect to the last accepted `session.start`.
pub(crate) fn start_sessions<'a>(
    engine: &mut Engine,
    address: SocketAddr,
    tokens: impl Iterator<Item = &'a str>,
    bar: &ProgressBar,
) -> Outcome<Duration> {
    let tokens: Vec<&str> = tokens.collect();
    bar.inc_length(tokens.len() as u64);
    let started_at = Instant::now();
    let mut starter = Starter {
        address,
        started: vec![false; tokens.len()],
        tokens,
        accepted: 0,
        last_progress: started_at,
        scanner: Scanner::of(engine.tongue()),
        bar,
    };
    engine.run(&mut starter)?;
    Ok(started_at.elapsed())
}

struct Starter<'a> {
    address: SocketAddr,
    tokens: Vec<&'a str>,
    started: Vec<bool>,
    accepted: usize,
    last_progress: Instant,
    scanner: Scanner,
    bar: &'a ProgressBar,
}

impl Driver for Starter<'_> {
    fn opened(&mut self, conn: usize, io: &mut Io) -> Outcome<()> {
        let token = self.tokens[conn];
        match io.tongue() {
            Tongue::Json => {
                let params = json!({ "token": token }).to_string();
                push_call(io.out(conn), START_ID, "session.start", &params);
            }
            Tongue::MessagePack => packed::push_start(io.out(conn), START_ID, token),
        }
        Ok(())
    }

    fn frame(&mut self, conn: usize, payload: &[u8], _: &mut Io) -> Outcome<()> {
        if self.started[conn] {
            // An event of a session that others of this run do not wait for.
            return Ok(());
        }
        match self.scanner.frame(payload)? {
            Frame::Reply { id: START_ID, failed: false } => {
                self.started[conn] = true;
                self.accepted += 1;
                self.last_progress = Instant::now();
                self.bar.inc(1);
                Ok(())
            }
            Frame::Reply { .. } => {
                Err(Trouble::CannotRun(format!("session.start was refused: {}", text(payload))))
            }
            _ => incorrect(format!("the first frame is not session.start's: {}", text(payload))),
        }
    }

    fn turn(&mut self, now: Instant, io: &mut Io) -> Outcome<Next> {
        while io.len() < self.tokens.len() && io.len() - self.accepted < CONCURRENT {
            io.connect(self.address)?;
        }
        if self.accepted == self.tokens.len() {
            return Ok(Next::Done);
        }
        if now.saturating_duration_since(self.last_progress) > TIMEOUT {
            let open = self.tokens.len() - self.accepted;
            return cannot_run(format!("{open} sessions were not accepted within {TIMEOUT:?}"));
        }
        Ok(Next::Until(self.last_progress + TIMEOUT))
    }
}
